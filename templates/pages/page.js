// Times in the reader's own zone, where that is not the event's; the page says all without this.
for (const time of document.querySelectorAll("time[datetime][data-zone]")) {
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (own && own !== time.dataset.zone && new Date(time.dateTime).getTimezoneOffset() !== 0) {
    const shown = new Date(time.dateTime).toLocaleString("en-GB", { dateStyle: "long", timeStyle: "short" });
    time.append(`; where you are: ${shown}`);
  }
}
document.querySelector("[data-focus]")?.focus();
// One press of the button is enough; where no answer comes, or the reader stopped waiting, another is right too.
const form = document.querySelector("form");
const enable = () => { const button = form?.querySelector("button"); if (button) button.disabled = false; };
form?.addEventListener("submit", () => { form.querySelector("button").disabled = true; setTimeout(enable, 5000); });
addEventListener("pageshow", enable);
