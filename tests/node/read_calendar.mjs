// The start and end of the calendar entry on standard input, in seconds since 1970, as ical.js and node-ical read them.
import { readFileSync } from "node:fs";
import ICAL from "ical.js";
import nodeIcal from "node-ical";

const text = readFileSync(0, "utf-8");
const event = new ICAL.Event(new ICAL.Component(ICAL.parse(text)).getFirstSubcomponent("vevent"));
const entry = Object.values(nodeIcal.sync.parseICS(text)).find((one) => one.type === "VEVENT");
console.log(
  JSON.stringify({
    "ical.js": [event.startDate.toUnixTime(), event.endDate.toUnixTime()],
    "node-ical": [entry.start.getTime() / 1000, entry.end.getTime() / 1000],
  }),
);
