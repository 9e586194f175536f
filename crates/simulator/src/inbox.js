"use strict";

// Asks for the inbox every second and adds what is new. Items already shown are left alone, so that a screen reader
// announces each SMS once. A query such as ?to=9841234567 is passed on.
const inbox = "../inbox" + location.search;
const list = document.getElementById("messages");
const state = document.getElementById("state");
const template = document.getElementById("message");
let shown = [];

function item(sms) {
  const node = template.content.cloneNode(true);
  node.querySelector(".from").textContent = sms.from;
  node.querySelector(".to").textContent = sms.to;
  node.querySelector(".text").textContent = sms.text;
  const time = node.querySelector("time");
  time.dateTime = sms.at;
  time.textContent = new Date(sms.at).toLocaleTimeString();
  return node;
}

function show(received) {
  const keys = received.map((sms) => JSON.stringify(sms));
  // The oldest may be gone: drop from the front until what is shown is the beginning of what was received.
  while (shown.some((key, i) => key !== keys[i])) {
    shown.shift();
    list.firstElementChild.remove();
  }
  const added = received.slice(shown.length);
  const atEnd = window.innerHeight + window.scrollY >= document.documentElement.scrollHeight - 8;
  list.append(...added.map(item));
  shown = keys;
  if (added.length > 0 && atEnd) {
    list.lastElementChild.scrollIntoView({ block: "end" });
  }
  say(received.length === 0 ? "No messages yet" : received.length + (received.length === 1 ? " message" : " messages"));
}

// Only on a change: the same words again would be announced again.
function say(words) {
  if (state.textContent !== words) {
    state.textContent = words;
  }
}

async function ask() {
  const answer = await fetch(inbox, { cache: "no-store", signal: AbortSignal.timeout(5000) });
  const body = await answer.json();
  if (!answer.ok) {
    throw new Error(body.error);
  }
  show(body);
}

async function poll() {
  try {
    await ask();
  } catch (error) {
    say("The simulator does not answer: " + error.message);
  }
  setTimeout(poll, 1000);
}

document.getElementById("clear").addEventListener("click", async () => {
  try {
    await fetch("../inbox", { method: "DELETE" });
    await ask();
  } catch (error) {
    say("The simulator does not answer: " + error.message);
  }
});

poll();
