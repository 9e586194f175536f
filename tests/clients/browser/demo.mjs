// The demo page: the whole walk on a phone, and again by keyboard alone.

import assert from "node:assert/strict";
import {
  DESK_SIZED, PHONE_SIZED, anyPhone, codeSentTo, enter, fits, focusIsOn, given, inBrowser, isAccessible, pageOf, picture,
  shows, tabTo,
} from "./world.mjs";

const url = given("VERIFY_URL");

async function onAPhone(browser) {
  const page = await pageOf(browser, PHONE_SIZED, { expected: [422] });
  await page.goto(url, { waitUntil: "networkidle0" });
  await shows(page, "#account", /ram/);
  await fits(page);
  await isAccessible(page, "the first step");
  await picture(page, "demo-phone-1-start");

  await page.type("#phone", "123");
  await page.tap("#phone-step button");
  await shows(page, "#phone-error", /short code/);
  await focusIsOn(page, "#phone");
  await isAccessible(page, "a refused number");
  await picture(page, "demo-phone-2-refused");

  const phone = anyPhone();
  await enter(page, "#phone", phone);
  await page.tap("#phone-step button");
  await focusIsOn(page, "#code");
  await shows(page, "#messages li", /\d{6}/);
  assert.equal(await page.$eval("#code", (input) => input.autocomplete), "one-time-code");
  await fits(page);
  await isAccessible(page, "the second step");
  await picture(page, "demo-phone-3-code", true);

  await page.type("#code", "000000");
  await page.tap("#code-step button[type=submit]");
  await shows(page, "#code-error", /4 tries left/);
  await isAccessible(page, "a wrong code");
  await picture(page, "demo-phone-4-wrong");

  await enter(page, "#code", await codeSentTo(phone));
  await page.tap("#code-step button[type=submit]");
  await focusIsOn(page, "#done");
  await shows(page, "#done-step", /\+97798•••••/);
  await fits(page);
  await isAccessible(page, "the last step");
  await picture(page, "demo-phone-5-done", true);
  page.wasGood(url);
}

async function byKeyboard(browser) {
  const page = await pageOf(browser, DESK_SIZED, { colors: "dark" });
  await page.goto(url, { waitUntil: "networkidle0" });
  await shows(page, "#account", /ram/);
  const phone = anyPhone();
  await tabTo(page, "#phone");
  await page.keyboard.type(phone);
  await page.keyboard.press("Enter");
  await focusIsOn(page, "#code");
  await picture(page, "demo-desk-dark");
  await isAccessible(page, "the second step in the dark");

  // Away and back: another number, and then this one.
  await tabTo(page, "#cancel");
  await page.keyboard.press("Enter");
  await focusIsOn(page, "#phone");
  const other = anyPhone();
  await page.keyboard.type(other);
  await page.keyboard.press("Enter");
  await focusIsOn(page, "#code");
  await page.keyboard.type(await codeSentTo(other));
  await page.keyboard.press("Enter");
  await focusIsOn(page, "#done");
  await tabTo(page, "#again");
  await isAccessible(page, "the last step in the dark");
  page.wasGood(url);
}

await inBrowser(async (browser) => {
  await Promise.all([onAPhone(browser), byKeyboard(browser)]);
});
console.log("the demo page: arrived");
