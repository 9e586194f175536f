// Verifies a phone in a terminal: node verify.js PHONE. Needs VERIFY_URL, and in VERIFY_KEY a key of the application.
// The types are generated: see docs/sdks.md.

import { createInterface } from "node:readline";
import createClient from "openapi-fetch";
import type { components, paths } from "./verify-api.js";

type Problem = components["schemas"]["Problem"];

const [phone] = process.argv.slice(2);
const { VERIFY_URL: baseUrl, VERIFY_KEY: key } = process.env;
if (!phone || !baseUrl || !key) throw new Error("usage: VERIFY_URL=... VERIFY_KEY=... node verify.js PHONE");

const api = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${key}` } });

/** What to tell the person. Codes are stable, texts are not; new codes may come, so there is a default. */
function words(problem: Problem, response: Response): string {
  const wait = `${response.headers.get("Retry-After")} s`;
  switch (problem.code) {
    case "phone-invalid":
      return "This is not a mobile number.";
    case "code-incorrect":
    case "code-malformed":
      return `That is not the code. ${problem.checks_left ?? "Some"} tries left.`;
    case "resend-too-soon":
    case "rate-limited":
      return `Too many SMS; try again in ${wait}.`;
    default:
      return problem.detail;
  }
}

const started = await api.POST("/v1/verifications", { body: { phone } });
if (started.error) {
  console.error(words(started.error, started.response));
  process.exit(1);
}
console.log(`A code is on its way to ${started.data.phone}.`);

const path = { id: started.data.id };
for await (const line of createInterface({ input: process.stdin })) {
  const { data, error, response } = await api.POST("/v1/verifications/{id}/checks", {
    params: { path },
    body: { code: line.trim() },
  });
  if (data) {
    console.log(`Verified: ${data.phone}`);
    process.exit(0);
  }
  console.error(words(error, response));
  // 422: it was not the code, and may be tried again. Anything else ends the verification.
  if (response.status !== 422) break;
}
process.exit(1);
