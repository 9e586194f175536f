// What a journey stands on: the service that the test started, and the simulated phones behind it.

import assert from "node:assert/strict";

/** A setting that the test gives. */
export function given(name: string): string {
  const value = process.env[name];
  assert.ok(value, `${name} is not set; the test sets it`);
  return value;
}

/** A mobile number of Nepal that no other journey has. */
export function anyPhone(): string {
  return `984${Math.floor(Math.random() * 1e7).toString().padStart(7, "0")}`;
}

/** The SMS to this phone (as people of Nepal write it), from the inbox of the demo. */
export async function inboxOf(phone: string): Promise<{ text: string }[]> {
  const inbox = await fetch(`${given("VERIFY_URL")}/inbox?to=%2B977${phone}`);
  return (await inbox.json()) as { text: string }[];
}

/** The code of the last of them. */
export async function codeSentTo(phone: string): Promise<string> {
  const code = (await inboxOf(phone)).at(-1)?.text.match(/\d{6,10}/)?.[0];
  assert.ok(code, "an SMS with a code came");
  return code;
}

/** A code of the same length that is not this one. */
export function wrong(code: string): string {
  return (code[0] === "0" ? "1" : "0") + code.slice(1);
}
