// Drives the machine's Firefox, which Playwright cannot: node typed_answers.mjs ADDRESS FIREFOX
//
// Prints a line of JSON for each time at which what was typed must be there: { when, typed }. At a line `lose` or `find`
// whoever runs it loses or finds the connection, and answers with a line.
import { createInterface } from "node:readline/promises";
import puppeteer from "puppeteer-core";

const [address, executablePath] = process.argv.slice(2);
const asked = createInterface({ input: process.stdin });
const answers = asked[Symbol.asyncIterator]();
const tell = async (what) => { console.log(what); await answers.next(); };

const browser = await puppeteer.launch({ browser: "firefox", executablePath, headless: true, acceptInsecureCerts: true });
const page = await browser.newPage();

/** Puppeteer waits in vain for a page that Firefox takes from its cache: look until it is there. */
async function until(look, ...given) {
  for (const end = Date.now() + 20_000; Date.now() < end;) {
    const found = await page.evaluate(look, ...given).catch(() => false);
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`at ${page.url()}: ${look} never came true`);
}
const soon = (act, ...given) => page.evaluate(`setTimeout(${act}, 0, ...${JSON.stringify(given)})`);
const goTo = async (path) => {
  await soon((to) => { location.href = to; }, address + path);
  await until((to) => location.href === to && document.readyState === "complete", address + path);
};
const back = async (when) => {
  await soon(() => history.back());
  const typed = await until(() => document.readyState === "complete"
    && document.querySelector("[name=hotel]") && [...new FormData(document.querySelector("main form"))]);
  console.log(JSON.stringify({ when, typed: Object.fromEntries(typed) }));
};
const press = () => soon(() => document.querySelector("main form button").click());
const type = async (name, text) => {
  await page.evaluate((one) => { document.querySelector(`[name=${one}]`).value = ""; }, name);
  await page.type(`[name=${name}]`, text);
};
const lost = async (when) => {
  await tell("lose");
  await press();
  await until(() => document.documentURI.startsWith("about:neterror"));
  await tell("find");
  await back(when);
};

await page.goto(`${address}/register`);
await goTo("/register/open");
for (const name of ["family_name", "hotel", "fax", "signature"]) await type(name, "Typed");
await goTo("/register");
await back("away and back");
await lost("the connection was lost");
await press();
await until(() => document.querySelector(".summary") !== null);
await type("hotel", "Corrected");
await goTo("/register");
await back("away and back from what was wrong");
await lost("the connection was lost with what was wrong");
await browser.close();
asked.close();
