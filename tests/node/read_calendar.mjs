// The calendar entry on standard input, as ical.js and node-ical read it: start, end (seconds since 1970, or year, month
// and day), title and place; then what tells an update or a cancellation: method, UID, sequence, status and stamp.
import { readFileSync } from "node:fs";
import ICAL from "ical.js";
import nodeIcal from "node-ical";

const text = readFileSync(0, "utf-8");
const calendar = new ICAL.Component(ICAL.parse(text));
const event = new ICAL.Event(calendar.getFirstSubcomponent("vevent"));
const read = nodeIcal.sync.parseICS(text);
const entry = Object.values(read).find((one) => one.type === "VEVENT");
const byIcal = (time) => (time.isDate ? [time.year, time.month, time.day] : time.toUnixTime());
const byNode = (time) =>
  time.dateOnly ? [time.getFullYear(), time.getMonth() + 1, time.getDate()] : time.getTime() / 1000;
const stamp = event.component.getFirstPropertyValue("dtstamp").toUnixTime();
const status = event.component.getFirstPropertyValue("status");
console.log(
  JSON.stringify({
    "ical.js": [
      ...[byIcal(event.startDate), byIcal(event.endDate), event.summary, event.location],
      ...[calendar.getFirstPropertyValue("method"), event.uid, event.sequence, status, stamp],
    ],
    "node-ical": [
      ...[byNode(entry.start), byNode(entry.end), entry.summary.val, entry.location.val],
      ...[entry.method, entry.uid, Number(entry.sequence), entry.status, entry.dtstamp.getTime() / 1000],
    ],
  }),
);
