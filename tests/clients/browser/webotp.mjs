// The example page with WebOTP: by keyboard where the browser cannot read SMS, and by itself where it can.

import assert from "node:assert/strict";
import {
  PHONE_SIZED, anyPhone, codeSentTo, fits, focusIsOn, given, inBrowser, isAccessible, pageOf, picture, shows, tabTo,
} from "./world.mjs";

const page_url = given("PAGE_URL");
const origin = new URL(page_url).origin;

async function byKeyboard(browser) {
  const page = await pageOf(browser, PHONE_SIZED, { expected: [422] });
  await page.goto(page_url, { waitUntil: "networkidle0" });
  await isAccessible(page, "the example's first step");
  const phone = anyPhone();
  await tabTo(page, "#phone");
  await page.keyboard.type(phone);
  await page.keyboard.press("Enter");
  await focusIsOn(page, "#code");
  assert.equal(await page.$eval("#code", (input) => input.autocomplete), "one-time-code");
  await fits(page);
  await isAccessible(page, "the example's second step");
  await picture(page, "webotp-1-code");
  await page.keyboard.type("000000");
  await page.keyboard.press("Enter");
  await shows(page, "#message", /4 tries left/);
  // The wrong code is selected: typing replaces it.
  await page.keyboard.type(await codeSentTo(phone));
  await page.keyboard.press("Enter");
  await shows(page, "#message", /Verified: \+97798/);
  await isAccessible(page, "the example's end");
  await picture(page, "webotp-2-done");
  page.wasGood(origin);
}

/** A browser that reads SMS, as Chrome on Android does: here the SMS comes from the test. */
async function byItself(browser) {
  const page = await pageOf(browser, PHONE_SIZED);
  const phone = anyPhone();
  await page.exposeFunction("smsCode", async () => {
    for (let tries = 0; tries < 500; tries += 1) {
      const code = await codeSentTo(phone).catch(() => undefined);
      if (code) return code;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return undefined;
  });
  await page.evaluateOnNewDocument(() => {
    globalThis.OTPCredential = class {};
    navigator.credentials.get = async ({ otp }) => {
      if (otp.transport[0] !== "sms") throw new TypeError("sms is the only transport");
      return { code: await globalThis.smsCode() };
    };
  });
  await page.goto(page_url, { waitUntil: "networkidle0" });
  await page.type("#phone", phone);
  await page.tap("#phone-form button");
  await shows(page, "#message", /Verified: \+97798/);
  page.wasGood(origin);
}

await inBrowser(async (browser) => {
  // One after the other: of two pages one is behind, and a browser may take its time with what is tapped there.
  await byKeyboard(browser);
  await byItself(browser);
});
console.log("the example with WebOTP: arrived");
