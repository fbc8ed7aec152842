{# What is asked only of some is shown to them; what is not asked is not sent. #}
const asking = document.querySelector("main form"), some = [...document.querySelectorAll("[data-only-if]")];
function ask() {
  for (const field of some) {
    const [name, ...codes] = field.dataset.onlyIf.split(" ");
    const given = [...asking.querySelectorAll(`[name="${name}"]:checked:enabled, select[name="${name}"]:enabled`)].map((one) => one.value);
    const asked = codes.some((code) => given.includes(code));
    field.hidden = !asked;
    for (const input of field.querySelectorAll("input, textarea, select")) input.disabled = !asked;
  }
}
asking.addEventListener("input", ask);
addEventListener("pageshow", ask);
