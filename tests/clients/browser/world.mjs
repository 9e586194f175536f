// A browser as a person has one, and what no page may do: complain in its console, fail to load a part, load anything
// from elsewhere, or be hard to use (axe).

import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import puppeteer from "puppeteer-core";

export const PHONE_SIZED = { width: 360, height: 740, isMobile: true, hasTouch: true, deviceScaleFactor: 2 };
export const DESK_SIZED = { width: 1280, height: 900 };

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** A setting that the test gives. */
export function given(name) {
  assert.ok(process.env[name], `${name} is not set; the test sets it`);
  return process.env[name];
}

/** A mobile number of Nepal that no other journey has. */
export const anyPhone = () => `980${Math.floor(Math.random() * 1e7).toString().padStart(7, "0")}`;

/** The code of the last SMS to this phone, from the inbox of the demo. */
export async function codeSentTo(phone) {
  const answer = await fetch(`${given("VERIFY_URL")}/inbox?to=%2B977${phone}`);
  const code = (await answer.json()).at(-1)?.text.match(/\d{6,10}/)?.[0];
  assert.ok(code, "an SMS with a code came");
  return code;
}

/** Runs a journey in a browser of its own; whatever its page has to complain of at the end fails it. */
export async function inBrowser(journey) {
  const browser = await puppeteer.launch({
    executablePath: given("BROWSER"),
    // Root has no sandbox, and containers little shared memory.
    args: ["--no-sandbox", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking"],
  });
  try {
    await journey(browser);
  } finally {
    await browser.close();
  }
}

/** A page that keeps account of what it does wrong. `expected` are statuses that it is made to meet. */
export async function pageOf(browser, viewport, { expected = [], colors = "light" } = {}) {
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  await page.setViewport(viewport);
  await page.emulateMediaFeatures([
    { name: "prefers-color-scheme", value: colors },
    { name: "prefers-reduced-motion", value: "reduce" },
  ]);
  const faults = [];
  const loaded = new Set();
  page.on("pageerror", (error) => faults.push(`error: ${error.message}`));
  page.on("console", (message) => {
    if (!["error", "warn"].includes(message.type())) return;
    // Chromium notes each refused call in the console; those are looked at by their status, below.
    if (message.text().startsWith("Failed to load resource")) return;
    faults.push(`${message.type()}: ${message.text()}`);
  });
  page.on("requestfailed", (request) => faults.push(`failed: ${request.url()} ${request.failure()?.errorText}`));
  page.on("request", (request) => {
    if (!request.url().startsWith("data:")) loaded.add(new URL(request.url()).origin);
  });
  page.on("response", (response) => {
    const status = response.status();
    if (status >= 400 && !expected.includes(status)) faults.push(`${status}: ${response.url()}`);
  });
  page.wasGood = (origin) => {
    assert.deepEqual(faults, [], "the page has nothing to complain of");
    assert.deepEqual([...loaded], [origin], "everything comes from the service");
  };
  return page;
}

/** Fails on what axe calls serious or critical. `excepted` are rules that are not ours to keep, by id. */
export async function isAccessible(page, what, excepted = {}) {
  // By the debugger, since the page's policy runs no script of others.
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  const serious = violations.filter(({ impact }) => ["serious", "critical"].includes(impact));
  const told = serious.map(({ id, nodes }) => ({ id, nodes: nodes.map(({ html, target }) => `${target} ${html}`) }));
  const ours = told.filter(({ id, nodes }) => !nodes.every((node) => excepted[id]?.some((part) => node.includes(part))));
  assert.deepEqual(ours, [], `${what}: no serious fault of accessibility`);
}

/** Nothing hangs over the edge: nobody has to scroll sideways. */
export async function fits(page) {
  const [inner, outer] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.ok(inner <= outer, `${inner} px of page in ${outer} px of window`);
}

/** Keeps a picture, to be looked at. */
export async function picture(page, name, whole = false) {
  const directory = given("SCREENSHOTS");
  mkdirSync(directory, { recursive: true });
  await page.screenshot({ path: join(directory, `${name}.png`), fullPage: whole });
}

/** Types this in the place of what is in a field. */
export async function enter(page, selector, text) {
  await (await page.waitForSelector(selector, { visible: true })).focus();
  await page.keyboard.down("Control");
  await page.keyboard.press("a");
  await page.keyboard.up("Control");
  await page.keyboard.type(text);
}

/** Goes on by Tab until what has the focus fits this selector, as a person without a mouse does. */
export async function tabTo(page, selector) {
  for (let steps = 0; steps < 30; steps += 1) {
    if (await page.evaluate((selector) => document.activeElement?.matches(selector), selector)) return;
    await page.keyboard.press("Tab");
  }
  assert.fail(`${selector} is not reached by Tab`);
}

/** Waits until what has the focus fits this selector: a step that moves a person on moves the focus too. */
export const focusIsOn = (page, selector) =>
  page.waitForFunction((selector) => document.activeElement?.matches(selector), { polling: 50 }, selector);

/** Waits until an element shows a text that this pattern finds. */
export const shows = (page, selector, pattern) =>
  page.waitForFunction(
    (selector, source) => {
      const found = document.querySelector(selector);
      return found?.checkVisibility() && new RegExp(source).test(found.textContent);
    },
    { polling: 50 },
    selector,
    pattern.source,
  );
