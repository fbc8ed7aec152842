// The start, end, title and place of the calendar entry on standard input, as ical.js and node-ical read them: times as
// seconds since 1970, or dates as year, month and day.
import { readFileSync } from "node:fs";
import ICAL from "ical.js";
import nodeIcal from "node-ical";

const text = readFileSync(0, "utf-8");
const event = new ICAL.Event(new ICAL.Component(ICAL.parse(text)).getFirstSubcomponent("vevent"));
const entry = Object.values(nodeIcal.sync.parseICS(text)).find((one) => one.type === "VEVENT");
const byIcal = (time) => (time.isDate ? [time.year, time.month, time.day] : time.toUnixTime());
const byNode = (time) =>
  time.dateOnly ? [time.getFullYear(), time.getMonth() + 1, time.getDate()] : time.getTime() / 1000;
console.log(
  JSON.stringify({
    "ical.js": [byIcal(event.startDate), byIcal(event.endDate), event.summary, event.location],
    "node-ical": [byNode(entry.start), byNode(entry.end), entry.summary.val, entry.location.val],
  }),
);
