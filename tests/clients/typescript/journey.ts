// The whole way with a client of openapi-typescript and openapi-fetch.

import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import type { components, paths } from "./verify-api.js";
import { anyPhone, codeSentTo, given, wrong } from "./world.js";

type Problem = components["schemas"]["Problem"];
type Verification = components["schemas"]["Verification"];

/** What every answer of the client looks like to us. */
type Answer = { data?: Verification; error?: Problem; response: Response };

const client = (credential: string) =>
  createClient<paths>({ baseUrl: given("VERIFY_URL"), headers: { Authorization: `Bearer ${credential}` } });

const api = client(given("VERIFY_KEY"));

function succeeded({ data, error, response }: Answer, status: number): Verification {
  assert.equal(response.status, status, JSON.stringify(error));
  assert.ok(data);
  return data;
}

function refused({ data, error, response }: Answer, status: number, code: string): Problem {
  assert.deepEqual([response.status, error?.code], [status, code], JSON.stringify(data ?? error));
  assert.equal(response.headers.get("content-type"), "application/problem+json");
  assert.ok(error);
  return error;
}

const start = (account: string, phone: string) => api.POST("/v1/verifications", { body: { account, phone } });
const check = (id: string, code: string) =>
  api.POST("/v1/verifications/{id}/checks", { params: { path: { id } }, body: { code } });
const cancel = (id: string) => api.DELETE("/v1/verifications/{id}", { params: { path: { id } } });

async function aPhoneIsProved(): Promise<Verification> {
  const phone = anyPhone();
  const begun = succeeded(await start("asha", phone), 201);
  assert.equal(begun.status, "pending");
  assert.equal(begun.account, "asha");

  const code = await codeSentTo(phone);
  const left = refused(await check(begun.id, wrong(code)), 422, "code-incorrect").checks_left;
  assert.equal(left, begun.checks_left - 1);
  const approved = succeeded(await check(begun.id, code), 200);
  assert.equal(approved.status, "approved");
  assert.ok(approved.approved_at);
  assert.deepEqual(succeeded(await check(begun.id, code), 200), approved, "a double submit changes nothing");

  refused(await start("asha", phone), 403, "already-verified");
  refused(await cancel(begun.id), 409, "verification-approved");
  return approved;
}

async function aPhoneIsProvedWithoutTheId() {
  const phone = anyPhone();
  succeeded(await start("bina", phone), 201);
  const body = { account: "bina", phone, code: await codeSentTo(phone) };
  const approved = succeeded(await api.POST("/v1/verifications/checks", { body }), 200);
  assert.equal(approved.account, "bina");
}

async function aVerificationIsCanceled() {
  const phone = anyPhone();
  const { id } = succeeded(await start("chandra", phone), 201);
  assert.equal(succeeded(await cancel(id), 200).status, "canceled");
  refused(await check(id, await codeSentTo(phone)), 410, "verification-canceled");
}

async function aLimitSaysWhenToComeBack() {
  const phone = anyPhone();
  const { id } = succeeded(await start("dipa", phone), 201);
  const resend = await api.POST("/v1/verifications/{id}/resends", { params: { path: { id } } });
  for (const answer of [await start("dipa", phone), resend]) {
    const problem = refused(answer, 429, "resend-too-soon");
    const wait = Number(answer.response.headers.get("Retry-After"));
    assert.ok(wait >= 1 && wait <= 60, `Retry-After: ${wait}`);
    assert.ok(problem.resend_at, "the answer says how the live one stands");
  }
}

/** As an application would: it branches on `code`, and on nothing else. */
function words(problem: Problem): string {
  switch (problem.code) {
    case "phone-invalid":
      return `no phone: ${problem.reason}`;
    case "unauthenticated":
      return "no credential";
    case "verification-not-found":
      return "not ours";
    default:
      return problem.title;
  }
}

async function problemsAreToldApart(stranger: string) {
  const invalid = refused(await start("asha", "98412345"), 422, "phone-invalid");
  assert.equal(words(invalid), "no phone: wrong-length");

  const nobody = await client("svk_nobody").POST("/v1/verifications", { body: { phone: anyPhone() } });
  assert.equal(words(refused(nobody, 401, "unauthenticated")), "no credential");

  const foreign = await client(given("VERIFY_TOKEN")).GET("/v1/verifications/{id}", {
    params: { path: { id: stranger } },
  });
  assert.equal(words(refused(foreign, 404, "verification-not-found")), "not ours");

  // @ts-expect-error: the types know that a start needs a phone; the service says which field is missing.
  const empty = refused(await api.POST("/v1/verifications", { body: { account: "asha" } }), 422, "body-invalid");
  assert.deepEqual(empty.errors?.map((error) => error.pointer), ["#/phone"]);
}

async function anAccountIsLookedAfter() {
  const phone = anyPhone();
  succeeded(await start("farida", phone), 201);
  const proof = { account: "farida", phone, code: await codeSentTo(phone) };
  succeeded(await api.POST("/v1/verifications/checks", { body: proof }), 200);

  const found = await api.GET("/v1/accounts", { params: { query: { username: "farida" } } });
  const account = found.data?.items[0];
  assert.ok(account?.phone_verified_at, JSON.stringify(found.error));
  const path = { id: account.id };

  const issued = await api.POST("/v1/accounts/{id}/tokens", { params: { path }, body: { name: "phone", expires_in_days: 1 } });
  assert.ok(issued.data, JSON.stringify(issued.error));
  const own = await client(issued.data.secret).GET("/v1/account");
  assert.equal(own.data?.username, "farida", "the token acts for its account");
  const revoked = await api.DELETE("/v1/accounts/{id}/tokens/{token_id}", {
    params: { path: { ...path, token_id: issued.data.id } },
  });
  assert.ok(revoked.data?.revoked_at);

  const unlinked = await api.DELETE("/v1/accounts/{id}/phone", { params: { path } });
  assert.equal(unlinked.data?.phone, undefined);
}

async function anApplicationIsAdministered() {
  const forbidden = await api.GET("/v1/admin/keys");
  assert.equal(forbidden.error?.code, "scope-missing");
  const admin = client(given("VERIFY_ADMIN_KEY"));
  const issued = await admin.POST("/v1/admin/keys", { body: { scope: "verify", name: "spare" } });
  assert.ok(issued.data, JSON.stringify(issued.error));
  const spare = client(issued.data.secret);
  assert.equal((await spare.GET("/v1/verifications")).response.status, 200);
  const path = { id: issued.data.id };
  assert.ok((await admin.DELETE("/v1/admin/keys/{id}", { params: { path } })).data?.revoked_at);
  const keys = await admin.GET("/v1/admin/keys");
  assert.ok(keys.data?.items.some(({ id, revoked_at }) => id === path.id && revoked_at));
}

async function pagesLeadToTheEnd(known: string) {
  const seen: string[] = [];
  let cursor: string | undefined;
  do {
    const query = cursor === undefined ? { limit: 2 } : { limit: 2, cursor };
    const { data, error } = await api.GET("/v1/verifications", { params: { query } });
    assert.ok(data, JSON.stringify(error));
    assert.ok(data.items.length <= 2);
    seen.push(...data.items.map(({ id }) => id));
    cursor = data.next;
  } while (cursor !== undefined);
  assert.ok(seen.length >= 4 && seen.includes(known), "every page was read");
  assert.equal(new Set(seen).size, seen.length, "nothing comes twice");
}

const proved = await aPhoneIsProved();
await aPhoneIsProvedWithoutTheId();
await aVerificationIsCanceled();
await aLimitSaysWhenToComeBack();
await problemsAreToldApart(proved.id);
await pagesLeadToTheEnd(proved.id);
await anAccountIsLookedAfter();
await anApplicationIsAdministered();
console.log("openapi-fetch: arrived");
