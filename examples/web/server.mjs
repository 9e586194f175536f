// The server of the page: keeps the key, knows who is logged in, and hands two calls on. Node 18, no packages.
//
//   VERIFY_URL=http://127.0.0.1:8080 VERIFY_KEY=svk_... node server.mjs [PORT]
//
// For WebOTP, set VERIFY_ORIGIN to where the page is served (https://shop.example), and add it to the service's
// `application.origins`: the SMS then ends with `@shop.example #123456`.

import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";

const { VERIFY_URL, VERIFY_KEY, VERIFY_ORIGIN } = process.env;
const FILES = { "/": "index.html", "/verify.js": "verify.js", "/verify.css": "verify.css" };
const TYPES = { html: "text/html; charset=utf-8", js: "text/javascript", css: "text/css" };

/** Whose verification is under way, by session cookie. Yours is in your session store, with the account logged in. */
const sessions = new Map();

function sessionOf(request, response) {
  const known = request.headers.cookie?.match(/session=([0-9a-f-]+)/)?.[1];
  if (sessions.has(known)) return sessions.get(known);
  const id = randomUUID();
  const session = { account: `visitor-${id}` };
  sessions.set(id, session);
  response.setHeader("Set-Cookie", `session=${id}; HttpOnly; SameSite=Strict; Path=/`);
  return session;
}

async function verify(path, body) {
  return fetch(`${VERIFY_URL}${path}`, {
    method: "POST",
    headers: { Authorization: `Bearer ${VERIFY_KEY}`, "Content-Type": "application/json" },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(35_000),
  });
}

async function bodyOf(request) {
  let text = "";
  for await (const chunk of request) {
    text += chunk;
    if (text.length > 4096) throw new Error("too large");
  }
  return JSON.parse(text);
}

/** Hands the service's answer on. The page needs no more of a verification than the masked phone. */
async function handOn(answer, response) {
  const body = await answer.json();
  const wait = answer.headers.get("Retry-After");
  if (wait) response.setHeader("Retry-After", wait);
  response.writeHead(answer.status, { "Content-Type": "application/json" });
  response.end(JSON.stringify(answer.ok ? { phone: body.phone } : body));
  return body;
}

async function serve(request, response) {
  const session = sessionOf(request, response);
  if (request.method === "POST" && request.url === "/phone") {
    const { phone } = await bodyOf(request);
    const origin = VERIFY_ORIGIN ? { origin: VERIFY_ORIGIN } : {};
    // The account is the session's, never one that the page names.
    const answer = await verify("/v1/verifications", { phone, account: session.account, ...origin });
    const body = await handOn(answer, response);
    if (answer.ok) session.verification = body.id;
  } else if (request.method === "POST" && request.url === "/code" && session.verification) {
    const { code } = await bodyOf(request);
    await handOn(await verify(`/v1/verifications/${session.verification}/checks`, { code }), response);
  } else if (request.method === "GET" && FILES[request.url]) {
    const file = FILES[request.url];
    const type = TYPES[file.split(".").at(-1)];
    response.writeHead(200, { "Content-Type": type, "Content-Security-Policy": "default-src 'self'; img-src data:" });
    response.end(await readFile(new URL(file, import.meta.url)));
  } else {
    response.writeHead(404).end();
  }
}

const server = createServer((request, response) => {
  serve(request, response).catch(() => {
    if (!response.headersSent) response.writeHead(502, { "Content-Type": "application/json" });
    response.end('{"detail":"Something went wrong. Try again."}');
  });
});
server.listen(Number(process.argv[2] ?? 8000), "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${server.address().port}/`);
});
