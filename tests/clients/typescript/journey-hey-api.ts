// The short way with a client of @hey-api/openapi-ts: a function for each operation.

import assert from "node:assert/strict";
import { client } from "./hey-api/client.gen.js";
import { checkVerification, startVerification } from "./hey-api/sdk.gen.js";
import { anyPhone, codeSentTo, given, wrong } from "./world.js";

client.setConfig({ baseUrl: given("VERIFY_URL"), auth: given("VERIFY_KEY") });

const phone = anyPhone();
const begun = await startVerification({ body: { account: "esha", phone } });
assert.ok(begun.data, JSON.stringify(begun.error));
assert.equal(begun.response.status, 201);

const again = await startVerification({ body: { account: "esha", phone } });
assert.equal(again.error?.code, "resend-too-soon");
assert.ok(Number(again.response.headers.get("Retry-After")) >= 1);

const path = { id: begun.data.id };
const code = await codeSentTo(phone);
const refused = await checkVerification({ path, body: { code: wrong(code) } });
assert.equal(refused.error?.code, "code-incorrect");
const approved = await checkVerification({ path, body: { code } });
assert.equal(approved.data?.status, "approved");
console.log("hey-api: arrived");
