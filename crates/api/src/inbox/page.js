// The demo page: asks for a phone, sends a code, checks it, and shows the inbox of the simulated phone. It keeps its
// state in memory only and decides nothing; what may be done, and when, is the service's to say. As a module this is
// strict and has no globals.

const ANSWER_MS_MAX = 35_000; // The service itself gives up after 30 seconds.
const POLL_MS = 1_000;
const TICK_MS = 500;

/** Refusals after which the code is of no more use: the person is led back to the phone. */
const ENDS = new Set([
  "verification-expired", "verification-canceled", "verification-not-found", "too-many-checks", "phone-taken",
  "destination-unsupported",
]);

/** Refusals that say that what is in a field is wrong. */
const FAULTS = {
  phone: new Set(["phone-invalid", "destination-unsupported", "already-verified", "phone-taken"]),
  code: new Set(["code-incorrect", "code-malformed"]),
};

const PHONE_FAULTS = {
  "empty": "Enter a phone number.",
  "too-long": "This is too long. Enter one number and nothing else.",
  "invalid-character": "Use only digits, spaces, dashes and one + at the start.",
  "wrong-length": "This number has too few or too many digits. A mobile number of Nepal has 10, such as 98XXXXXXXX.",
  "unsupported-country": "Codes are not sent to this country. Enter another number.",
  "unallocated-prefix": "No mobile number begins like this. Look for a mistyped digit.",
  "defunct-operator": "This operator has closed down. Enter another number.",
  "not-mobile": "This is not a mobile number. Enter one that receives SMS.",
  "short-code": "This is a short code. Enter a full mobile number.",
};

/** What to tell the person, by the problem's code. */
const WORDS = {
  "no-answer": () => "The service did not answer. Check that it is running, then try again.",
  "phone-invalid": ({ reason }) => PHONE_FAULTS[reason] ?? "This is not a phone number. Look for a mistyped digit.",
  "already-verified": () => "This account has verified this number before. Nothing is left to do.",
  "destination-unsupported": () => "No SMS can be sent to this number. Enter another one.",
  "resend-too-soon": ({ wait }) => `An SMS went to this number a moment ago. Send again in ${wait}.`,
  "sends-used-up": ({ wait }) =>
    `The code has been sent as often as it may be. Use the newest SMS, or start again in ${wait}.`,
  "rate-limited": ({ wait }) => `Too many SMS in a short time. Try again in ${wait}.`,
  "gateway-refused": () => "The SMS gateway did not take the SMS. Nothing was sent. Try again later.",
  "gateway-unavailable": ({ wait }) => `The SMS gateway does not answer. Nothing was sent. Try again in ${wait}.`,
  "temporarily-unavailable": ({ wait }) => `The service is busy. Try again in ${wait}.`,
  "code-incorrect": ({ checks_left: left }) => left === 0
    ? "That was not the code, and no tries are left. Start again later."
    : `That is not the code. Look at the newest SMS. ${count(left, "try", "tries")} left.`,
  "code-malformed": () => "Enter the digits of the SMS. This did not cost a try.",
  "too-many-checks": ({ wait }) => `Too many wrong codes. Start again in ${wait}.`,
  "verification-expired": () => "The code has expired. Press Send for a new one.",
  "verification-canceled": () => "This was canceled. Press Send for a new code.",
  "verification-not-found": () => "The service does not know this code any more. Press Send for a new one.",
  "phone-taken": () => "The code is right, but another account holds this number. Enter another one.",
  "unauthenticated": () => "The demo has started anew. Try again.",
};

const state = { busy: false, verification: null, account: null };

const $ = (id) => document.getElementById(id);

/**
 * The service's time. The person's clock may be wrong, so only its pace is used. What the service sent as its time was
 * never later than now; so the greatest offset is the nearest, and a countdown never ends early.
 */
const clock = {
  offset: -Infinity,
  learn(...times) {
    const offsets = times.map((time) => Date.parse(time ?? "") - performance.now());
    this.offset = Math.max(this.offset, ...offsets.filter(Number.isFinite));
  },
  secondsUntil(time) {
    const left = Date.parse(time) - performance.now() - this.offset;
    return Number.isFinite(left) ? Math.max(0, Math.ceil(left / 1000)) : 0;
  },
};

const count = (number, one, many) => `${number} ${number === 1 ? one : many}`;

function inWords(seconds) {
  if (!Number.isFinite(seconds)) return "a while";
  if (seconds < 60) return `${seconds} s`;
  if (seconds >= 3600) return count(Math.ceil(seconds / 3600), "hour", "hours");
  const rest = seconds % 60;
  return `${Math.floor(seconds / 60)} min${rest ? ` ${rest} s` : ""}`;
}

/** Fetches JSON. Whatever keeps an answer away is `null`: to the person it is all the same. */
async function fetchJson(path, options = {}) {
  try {
    const response = await fetch(path, { ...options, signal: AbortSignal.timeout(ANSWER_MS_MAX) });
    const body = await response.json();
    clock.learn(response.headers.get("Date"), body.created_at);
    return { response, body };
  } catch {
    return null;
  }
}

async function account() {
  if (!state.account) {
    const answer = await fetchJson("/demo/account");
    if (answer?.response.ok) state.account = answer.body;
    $("account").textContent = state.account?.username ?? "…";
  }
  return state.account;
}

/** Asks the API: gives `{ verification }` or `{ problem }`. */
async function ask(method, path, fields) {
  const caller = await account();
  if (!caller) return { problem: { code: "no-answer" } };
  const headers = { Authorization: `Bearer ${caller.user_token}` };
  if (fields) headers["Content-Type"] = "application/json";
  const answer = await fetchJson(path, { method, headers, body: fields && JSON.stringify(fields) });
  if (!answer) return { problem: { code: "no-answer" } };
  const { response, body } = answer;
  if (response.ok) return { verification: body };
  // The demo makes its token when it starts; the next try fetches the new one.
  if (response.status === 401) state.account = null;
  return { problem: { ...body, wait: inWords(Number.parseInt(response.headers.get("Retry-After"), 10)) } };
}

function pathOf(part = "") {
  return `/v1/verifications/${encodeURIComponent(state.verification.id)}${part}`;
}

const say = (text) => write($("status"), text);

/** Writes only what differs: a screen reader need not hear of the rest. */
function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function show(step) {
  for (const name of ["phone", "code", "done"]) $(`${name}-step`).hidden = name !== step;
}

function clearErrors() {
  for (const field of ["phone", "code"]) {
    $(`${field}-error`).textContent = "";
    $(field).removeAttribute("aria-invalid");
  }
}

function refuse(step, problem) {
  say("");
  learnFrom(problem);
  const ended = ENDS.has(problem.code) || (problem.code === "code-incorrect" && problem.checks_left === 0);
  const field = ended ? "phone" : step;
  show(field);
  const words = WORDS[problem.code];
  $(`${field}-error`).textContent = words ? words(problem) : `Something went wrong: ${problem.title ?? problem.code}.`;
  const faulty = FAULTS[field].has(problem.code);
  if (faulty) $(field).setAttribute("aria-invalid", "true");
  $(field).focus();
  if (faulty) $(field).select();
}

/** A problem about a live verification says how it stands. */
function learnFrom(problem) {
  for (const name of ["expires_at", "resend_at", "sends_left", "checks_left"]) {
    if (state.verification && problem[name] !== undefined) state.verification[name] = problem[name];
  }
}

function tick() {
  for (const button of document.querySelectorAll("button")) button.disabled = state.busy;
  if (!state.verification) return;
  const { resend_at: resendAt, expires_at: expiresAt, sends_left: sends, checks_left: checks } = state.verification;
  const wait = clock.secondsUntil(resendAt);
  const life = clock.secondsUntil(expiresAt);
  $("resend").disabled = state.busy || wait > 0 || sends === 0;
  write($("resend"), sends === 0 ? "No more SMS" : wait > 0 ? `Send again in ${inWords(wait)}` : "Send again");
  const expiry = life > 0 ? `Good for ${inWords(life)}` : "The code has expired";
  write($("left"), `${expiry} · ${count(checks, "try", "tries")} · ${sends} more SMS`);
}

/** Does one thing at a time; no button works meanwhile. */
async function act(saying, work) {
  if (state.busy) return;
  state.busy = true;
  clearErrors();
  say(saying);
  tick();
  try {
    await work();
  } finally {
    state.busy = false;
    tick();
  }
}

function sent(verification) {
  state.verification = verification;
  const sure = verification.delivery === "sent";
  say(`Code ${sure ? "sent" : "on its way"} to ${verification.phone}.`);
  write($("code-hint"), `The ${verification.code_length} digits of the SMS.`);
  show("code");
  $("code").focus();
}

async function start() {
  const { verification, problem } = await ask("POST", "/v1/verifications", { phone: $("phone").value });
  if (problem) {
    const live = problem.code === "resend-too-soon" && (await liveUntil(problem.expires_at));
    if (!live) return refuse("phone", problem);
    $("code").value = "";
    sent(live);
    return say("A code was sent to this number a moment ago. It is still good: type it here.");
  }
  $("code").value = "";
  sent(verification);
}

/** The live verification that ends then: whoever reloads the page can go on with the code that was sent. */
async function liveUntil(expiresAt) {
  if (!expiresAt) return undefined;
  const { verification: page } = await ask("GET", "/v1/verifications?status=pending&limit=20");
  return page?.items.find((item) => item.expires_at === expiresAt);
}

async function check() {
  const { verification, problem } = await ask("POST", pathOf("/checks"), { code: $("code").value });
  if (problem) return refuse("code", problem);
  say("");
  $("done-phone").textContent = verification.phone;
  $("done-account").textContent = verification.account ?? state.account.username;
  show("done");
  $("done").focus();
}

async function resend() {
  const { verification, problem } = await ask("POST", pathOf("/resends"));
  if (problem) return refuse("code", problem);
  sent(verification);
}

async function cancel() {
  const { problem } = await ask("DELETE", pathOf());
  // Only when nothing was answered is it still to be canceled; any refusal says that it is over anyway.
  if (problem?.code === "no-answer") return refuse("code", problem);
  startOver("Enter another number.");
}

function startOver(saying) {
  state.verification = null;
  say(saying);
  show("phone");
  $("phone").focus();
  $("phone").select();
}

function messageItem(message) {
  const item = $("message").content.cloneNode(true);
  const time = item.querySelector("time");
  item.querySelector(".from").textContent = message.from;
  item.querySelector(".to").textContent = message.to;
  item.querySelector(".text").textContent = message.text;
  time.dateTime = message.at;
  time.textContent = new Date(message.at).toLocaleTimeString([], { timeStyle: "short" });
  return item;
}

/** Shows the inbox, newest first, whenever it has changed. */
const inbox = {
  seen: null,
  polling: false,
  async poll() {
    if (this.polling || document.hidden) return;
    this.polling = true;
    const answer = await fetchJson("/inbox");
    this.polling = false;
    if (answer?.response.ok) this.show(answer.body);
    else write($("inbox-state"), "No answer. Trying again.");
  },
  show(messages) {
    write($("inbox-state"), messages.length === 0 ? "No SMS yet." : `${messages.length} SMS`);
    const text = JSON.stringify(messages);
    if (text === this.seen) return;
    // What was there when the page opened is no news.
    const isNews = this.seen !== null && messages.length > 0;
    this.seen = text;
    $("messages").replaceChildren(...messages.map(messageItem).reverse());
    $("messages").hidden = messages.length === 0;
    $("messages").scrollTop = 0;
    if (!isNews) return;
    $("messages").firstElementChild.classList.add("new");
    $("news").textContent = `New SMS from ${messages.at(-1).from}, ${messages.length} in the inbox.`;
  },
};

function onSubmit(id, saying, work) {
  $(id).addEventListener("submit", (event) => {
    event.preventDefault();
    act(saying, work);
  });
}

onSubmit("phone-step", "Sending…", start);
onSubmit("code-step", "Checking…", check);
$("resend").addEventListener("click", () => act("Sending again…", resend));
$("cancel").addEventListener("click", () => act("Canceling…", cancel));
$("again").addEventListener("click", () => {
  $("phone").value = "";
  startOver("");
});
document.addEventListener("visibilitychange", () => inbox.poll());
setInterval(() => inbox.poll(), POLL_MS);
setInterval(tick, TICK_MS);
account();
inbox.poll();
