// Swagger UI at /docs/: authorise, start, read the code, check, and see the answers.

import assert from "node:assert/strict";
import {
  DESK_SIZED, PHONE_SIZED, anyPhone, codeSentTo, enter, fits, given, inBrowser, isAccessible, pageOf, picture,
} from "./world.mjs";

const url = given("VERIFY_URL");

/**
 * What Swagger UI (5.32, vendored as it is released) does in its markup, which neither the document nor what we
 * put beside it (crates/api/src/docs/swagger.*) can mend; what is not listed here fails. People who are kept out by it have the document itself, generated clients, curl,
 * and the demo page.
 */
const UPSTREAM = {
  // The path of an operation is a link within the button that opens it.
  "nested-interactive": ["opblock-summary-control"],
};

const operation = (path, method) => `.opblock-${method}:has([data-path="${path}"])`;

/** Opens an operation, fills it in, executes it, and gives the status that the page shows. */
async function execute(page, block, { body, parameters = {} }) {
  await page.locator(`${block} .opblock-summary-control`).click();
  await page.waitForSelector(`${block} .execute`);
  for (const [name, value] of Object.entries(parameters)) {
    await enter(page, `${block} tr[data-param-name="${name}"] input`, value);
  }
  await enter(page, `${block} textarea.body-param__text`, JSON.stringify(body));
  await page.locator(`${block} .execute`).click();
  const status = `${block} .live-responses-table .response-col_status`;
  await page.waitForSelector(`${block} .live-responses-table .response .response-col_description pre`);
  return (await page.$$eval(status, (cells) => cells.at(-1).textContent)).trim();
}

/** Authorises, starts, reads the code, checks, and sees the answers. */
async function walk(browser, viewport, name) {
  const page = await pageOf(browser, viewport);
  await page.goto(`${url}/docs/`, { waitUntil: "networkidle0" });
  await page.waitForSelector(operation("/v1/verifications", "post"));
  await fits(page);
  await isAccessible(page, "Swagger UI", UPSTREAM);
  await picture(page, `swagger-${name}-1-list`);

  await page.locator(".btn.authorize").click();
  await enter(page, ".auth-container input", given("VERIFY_TOKEN"));
  await isAccessible(page, "Swagger UI's dialog", UPSTREAM);
  await picture(page, `swagger-${name}-2-authorize`);
  await page.locator(".auth-btn-wrapper .authorize").click();
  await page.locator(".auth-btn-wrapper .btn-done").click();

  const phone = anyPhone();
  const start = operation("/v1/verifications", "post");
  assert.equal(await execute(page, start, { body: { phone } }), "201");
  const answer = await page.$eval(`${start} .live-responses-table .response-col_description pre`, (pre) => pre.textContent);
  const { id, status } = JSON.parse(answer);
  assert.equal(status, "pending");
  await fits(page);
  await isAccessible(page, "Swagger UI's operation", UPSTREAM);
  await page.$eval(start, (block) => block.scrollIntoView());
  await picture(page, `swagger-${name}-3-start`);
  await page.$eval(`${start} .live-responses-table`, (table) => table.scrollIntoView());
  await picture(page, `swagger-${name}-4-started`);
  await page.locator(`${start} .opblock-summary-control`).click();

  const check = operation("/v1/verifications/{id}/checks", "post");
  const filled = { parameters: { id }, body: { code: await codeSentTo(phone) } };
  assert.equal(await execute(page, check, filled), "200");
  const shown = await page.$eval(`${check} .live-responses-table`, (table) => table.textContent);
  assert.match(shown, /"status": "approved"/);
  await page.$eval(`${check} .live-responses-table`, (table) => table.scrollIntoView());
  await picture(page, `swagger-${name}-5-checked`);
  page.wasGood(url);
}

await inBrowser(async (browser) => {
  await Promise.all([walk(browser, DESK_SIZED, "desk"), walk(browser, PHONE_SIZED, "phone")]);
});
console.log("Swagger UI: arrived");
