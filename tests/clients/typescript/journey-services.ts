// What an application's other services use: accounts, calls that are made twice, proofs, events, and what webhooks tell.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createLocalJWKSet, jwtVerify } from "jose";
import createClient from "openapi-fetch";
import { Webhook, WebhookVerificationError } from "standardwebhooks";
import type { paths } from "./verify-api.js";
import { anyPhone, codeSentTo, given, inboxOf } from "./world.js";

const client = (credential: string) =>
  createClient<paths>({ baseUrl: given("VERIFY_URL"), headers: { Authorization: `Bearer ${credential}` } });

const api = client(given("VERIFY_KEY"));
const admin = client(given("VERIFY_ADMIN_KEY"));

async function accountsAreKept() {
  const names = ["jaya", "kiran", "lila"];
  for (const username of names) {
    const made = await api.POST("/v1/accounts", { body: { username } });
    assert.equal(made.response.status, 201, JSON.stringify(made.error));
    const again = await api.POST("/v1/accounts", { body: { username } });
    assert.equal(again.response.status, 200, "it is there already");
    assert.deepEqual(again.data, made.data);
    const found = await api.GET("/v1/accounts/{id}", { params: { path: { id: made.data?.id ?? "" } } });
    assert.deepEqual(found.data, made.data);
  }
  const seen: string[] = [];
  let cursor: string | undefined;
  do {
    const query = cursor === undefined ? { limit: 2 } : { limit: 2, cursor };
    const { data, error } = await api.GET("/v1/accounts", { params: { query } });
    assert.ok(data && data.items.length <= 2, JSON.stringify(error));
    seen.push(...data.items.map(({ username }) => username));
    cursor = data.next;
  } while (cursor !== undefined);
  assert.deepEqual(names.filter((name) => seen.includes(name)), names, "every page was read");
  assert.equal(new Set(seen).size, seen.length, "nothing comes twice");
}

async function aCallThatIsMadeTwiceIsDoneOnce() {
  const phone = anyPhone();
  const start = (account: string) =>
    api.POST("/v1/verifications", {
      params: { header: { "Idempotency-Key": `order-${phone}` } },
      body: { account, phone },
    });
  const [first, second] = [await start("jaya"), await start("jaya")];
  assert.deepEqual([first.response.status, second.response.status], [201, 201]);
  assert.deepEqual(second.data, first.data, "the same answer");
  assert.equal(second.response.headers.get("Idempotency-Replayed"), "true");
  assert.equal((await inboxOf(phone)).length, 1, "one SMS");
  assert.equal((await start("kiran")).error?.code, "idempotency-key-reused");
}

async function anApprovalIsBelievedElsewhere() {
  const phone = anyPhone();
  const started = await api.POST("/v1/verifications", { body: { account: "lila", phone } });
  assert.ok(started.data, JSON.stringify(started.error));
  const params = { path: { id: started.data.id } };
  const code = await codeSentTo(phone);
  const checked = await api.POST("/v1/verifications/{id}/checks", { params, body: { code } });
  const proof = checked.data?.proof;
  assert.ok(proof, JSON.stringify(checked.error));

  // The keys are asked for once and kept; from here on nobody asks the service.
  const published = await client("").GET("/.well-known/jwks.json");
  assert.ok(published.data);
  const keys = createLocalJWKSet(published.data);
  const expected = { issuer: given("VERIFY_URL"), audience: "default", typ: "phone-proof+jwt", algorithms: ["EdDSA"] };
  const { payload } = await jwtVerify(proof, keys, expected);
  assert.deepEqual([payload.sub, payload.jti, payload["method"]], ["lila", started.data.id, "sms"]);
  const [head, , signature] = proof.split(".");
  const forged = Buffer.from(JSON.stringify({ ...payload, sub: "jaya" })).toString("base64url");
  await assert.rejects(jwtVerify(`${head}.${forged}.${signature}`, keys, expected), /signature/);

  const query = { kind: "verification.approved", account: "lila" };
  const events = await admin.GET("/v1/admin/events", { params: { query } });
  const approved = events.data?.items.find(({ verification }) => verification === started.data.id);
  assert.ok(approved?.at, JSON.stringify(events.error));
  assert.equal((await admin.GET("/v1/admin/events/{id}", { params: { path: { id: approved.id } } })).data?.type, approved.type);
}

/** What came to the receiver that the test runs, as it came. */
type Message = { headers: Record<string, string>; body: string };

function whatWebhooksTellIsBelieved() {
  const webhook = new Webhook(given("WEBHOOK_SECRET"));
  const messages = JSON.parse(readFileSync(given("WEBHOOK_MESSAGES"), "utf8")) as Message[];
  const kinds = messages.map(({ headers, body }) => {
    const told = webhook.verify(body, headers) as { type: string; data: { application: string } };
    assert.equal(told.data.application, "default");
    assert.throws(() => webhook.verify(`${body} `, headers), WebhookVerificationError);
    return told.type;
  });
  assert.ok(kinds.includes("verification.approved"));
}

if (process.argv[2] === "webhooks") {
  whatWebhooksTellIsBelieved();
} else {
  await accountsAreKept();
  await aCallThatIsMadeTwiceIsDoneOnce();
  await anApprovalIsBelievedElsewhere();
}
console.log("services: arrived");
