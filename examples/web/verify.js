// Asks for a phone and a code. Talks to its own server (server.mjs), which has the key; reads the code out of the SMS
// where the browser can (WebOTP: Chrome on Android), and else waits for the person.

const $ = (id) => document.getElementById(id);
const say = (text) => { $("message").textContent = text; };

/** What to tell the person, by the problem's code. */
const WORDS = {
  "phone-invalid": () => "This is not a mobile number.",
  "already-verified": () => "You have verified this number before.",
  "code-incorrect": ({ checks_left: left }) => `That is not the code. ${left} tries left.`,
  "code-malformed": () => "Enter the digits of the SMS.",
  "resend-too-soon": ({ wait }) => `An SMS went out a moment ago. Try again in ${wait} s.`,
  "rate-limited": ({ wait }) => `Too many SMS. Try again in ${wait} s.`,
};

async function post(path, body) {
  try {
    const response = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    const answer = await response.json();
    if (response.ok) return { answer };
    return { problem: { ...answer, wait: response.headers.get("Retry-After") } };
  } catch {
    return { problem: { detail: "No answer. Try again." } };
  }
}

function refuse(problem, field) {
  say(WORDS[problem.code]?.(problem) ?? problem.detail);
  $(field).focus();
  $(field).select();
}

/** Fills the code in when the SMS comes. It ends with `@our.host #code`, which the service writes for our origin. */
async function readSms(signal) {
  if (!("OTPCredential" in window)) return;
  try {
    const credential = await navigator.credentials.get({ otp: { transport: ["sms"] }, signal });
    if (credential?.code) {
      $("code").value = credential.code;
      $("code-form").requestSubmit();
    }
  } catch {
    // Refused, or no SMS in time: the person types.
  }
}

let reading;

$("phone-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  say("Sending…");
  // Waits before the SMS is asked for, so that none comes too early.
  reading?.abort();
  reading = new AbortController();
  readSms(reading.signal);
  const { answer, problem } = await post("/phone", { phone: $("phone").value });
  if (problem) return refuse(problem, "phone");
  $("phone-form").hidden = true;
  $("code-form").hidden = false;
  say(`A code is on its way to ${answer.phone}.`);
  $("code").focus();
});

$("code-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  reading?.abort();
  say("Checking…");
  const { answer, problem } = await post("/code", { code: $("code").value });
  if (problem) return refuse(problem, "code");
  $("code-form").hidden = true;
  say(`Verified: ${answer.phone}`);
});
