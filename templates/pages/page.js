{# Times in the reader's own zone, where that is not the event's; the page says all without this. #}
for (const time of document.querySelectorAll("time[data-zone]")) {
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone, at = new Date(time.dateTime);
  if (own && own !== time.dataset.zone && at.getTimezoneOffset()) {
    const said = at.toLocaleString({{ (spoken.tag ~ "-u-nu-latn") | tojson }}, { dateStyle: "long", timeStyle: "short", hourCycle: "h23" });
    time.append(` (${ {{- _("where you are: %(time)s", time="@") | tojson }}.replace("@", said)})`);
  }
}
document.querySelector("[data-focus]")?.focus();
{# One press of the button is enough; where no answer comes, or the reader stopped waiting, another is right too. #}
const form = document.querySelector("main form"), status = form?.querySelector("[role=status]");
let sending = false;
const ready = (said) => { sending = false; if (status) status.textContent = said; };
form?.addEventListener("submit", (event) => {
  if (sending) return event.preventDefault();
  ready({{ _("Sending…") | tojson }});
  sending = true;
  setTimeout(ready, 5000, {{ _("No answer yet. You can press the button again: sending twice is safe.") | tojson }});
});
const made = (name, said, more) => Object.assign(document.createElement(name), { textContent: said, ...more });
{# Another language, without losing what was typed. #}
for (const link of form ? document.querySelectorAll("nav.languages a") : []) link.addEventListener("click", (event) => {
  if (![...new FormData(form)].some(([name, said]) => said && name !== "shown_at")) return;
  event.preventDefault();
  const button = made("button", "", { hidden: true, formAction: `${link.href}?change` });
  form.append(button);
  form.requestSubmit(button);
  button.remove();
});
{# What was answered, to be checked before it is signed. #}
const check = form?.querySelector(".check");
if (check) form.querySelector(".second").remove();
function row(field) {
  const name = field.querySelector("legend, .name"), input = field.querySelector("input, textarea, select");
  const ticked = (one) => one.parentElement.contains(name) ? {{ _("Yes") | tojson }} : one.parentElement.textContent.trim();
  const chosen = [...field.querySelectorAll("input:checked")].map(ticked);
  const listed = input.selectedOptions?.[0].textContent;
  const said = (/radio|checkbox/.test(input.type) ? chosen.join("; ") : listed ?? input.value).trim();
  const missing = !said && !name.querySelector(".must");
  const change = made("a", said ? {{ pgettext("this answer", "Change") | tojson }} : {{ pgettext("an answer", "Add") | tojson }}, { href: `#${input.id}` });
  change.append(made("span", ` ${name.firstChild.textContent}`, { className: "hidden" }));
  const line = made("div"), last = made("dd");
  last.append(change);
  line.append(
    made("dt", name.firstChild.textContent),
    made("dd", said || (missing ? {{ _("Not filled in yet") | tojson }} : "–"), { className: missing ? "error" : "lines", dir: "auto" }),
    last,
  );
  return [said, line];
}
function list() {
  if (!check) return;
  const rows = [...form.querySelectorAll(".field:not([hidden])")].filter((one) => check.compareDocumentPosition(one) & 2).map(row);
  const lines = made("dl");
  lines.append(...rows.map(([, line]) => line));
  check.replaceChildren(...(rows.some(([said]) => said) ? [made("h2", form.elements.signature ? {{ _("Check your answers before you sign") | tojson }} : {{ _("Check your answers") | tojson }}), lines] : []));
}
form?.addEventListener("input", list);
addEventListener("pageshow", () => { ready(""); list(); });
