/* The station's keys, its pedal, its sounds, and forms that are sent once however bad the line is. Every action is a form
   or a link of the page that the server made: this file adds no action of its own. */
"use strict";

const PEDALS = new Set([" ", "PageDown", "PageUp", "Insert", "Pause", "ScrollLock", "F13", "F14", "F15", "F16"]);
const station = () => document.getElementById("station");
const work = () => document.getElementById("work");

/* A scanner types a code and ends it with Enter, faster than anybody; a key alone is a key. */
const scanner = { text: "", at: 0 };

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
  const inField = event.target.matches?.("input, select, textarea, summary") && event.key !== "Escape";
  if (inField) return;
  if (event.key === "Escape") return document.activeElement?.blur();
  const now = event.timeStamp;
  if (event.key.length === 1 && event.key !== " ") {
    scanner.text = now - scanner.at < 90 ? scanner.text + event.key : event.key;
    scanner.at = now;
    const letter = event.key;
    setTimeout(() => { if (scanner.text === letter && scanner.at === now) pressed(letter); }, 120);
    return;
  }
  if (event.key === "Enter" && scanner.text.length > 2 && now - scanner.at < 200) {
    event.preventDefault();
    scanned(scanner.text);
    scanner.text = "";
    return;
  }
  if (event.target.matches?.("a, button") && (event.key === "Enter" || event.key === " ")) return; // presses what has the focus
  if (pressed(event.key)) event.preventDefault();
});

function scanned(code) {
  const field = document.querySelector("[data-scan] input[name=code]");
  if (!field) return;
  field.value = code;
  field.form.requestSubmit();
}

/* A key that some element of the page names, or the pedal. */
function pressed(key) {
  const named = [...document.querySelectorAll("[data-hot]")].find((e) => e.dataset.hot.toLowerCase() === key.toLowerCase());
  const mode = work()?.dataset.mode;
  const pedal = document.querySelector("form[data-pedal]");
  if (named) named.click();
  else if (mode === "review" ? key === "3" : PEDALS.has(key) || key === "Enter" || key === "b") pedal?.requestSubmit();
  else return false;
  return true;
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.dataset.key || !station()) return;
  event.preventDefault();
  if (station().hasAttribute("aria-busy")) return;
  send(form);
});

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-go]");
  if (event.target.closest?.("[data-print]")) return print();
  if (!link || !station()) return;
  event.preventDefault();
  if (!station().hasAttribute("aria-busy")) show(link.href);
});

async function show(address) {
  busyWith("");
  try {
    const answer = await fetch(address, { headers: { Accept: "text/html" } });
    await shown(answer);
  } catch {
    location.assign(address);
  }
}

/* Sent until it is answered, always with the same key: what the station has heard already it does not do again. */
async function send(form) {
  const body = new URLSearchParams(new FormData(form));
  const headers = { "Idempotency-Key": form.dataset.key, Accept: "application/json" };
  busyWith(form.matches("[data-pedal]") ? "Inspecting" : "");
  for (let pause = 300; ; pause = Math.min(pause * 2, 4000)) {
    try {
      const answer = await fetch(form.action, { method: "POST", body, headers: { ...headers } });
      line("");
      if (!answer.ok) form.dataset.key = freshKey(); // it was answered: what is sent next is another question
      return await shown(answer);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      line("No connection. Nothing is lost: your action is sent again until it is heard.");
      await new Promise((go) => setTimeout(go, pause));
    }
  }
}

function freshKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function shown(answer) {
  const path = new URL(answer.url).pathname;
  if (answer.status === 401 || path === "/sign-in") {
    location.assign(`/sign-in?next=${encodeURIComponent(location.pathname)}`);
    return;
  }
  const text = await answer.text();
  station().removeAttribute("aria-busy");
  work().classList.remove("inspecting");
  if (!answer.ok) return refused(answer, text);
  const fresh = new DOMParser().parseFromString(text, "text/html").getElementById("station");
  if (!fresh) return location.assign(answer.url);
  const before = work().dataset.inspection;
  station().replaceWith(fresh);
  history.replaceState(null, "", answer.url);
  if (work().dataset.inspection !== before) announce();
}

function refused(answer, text) {
  const told = work().querySelector(".failed-send");
  let words = text;
  try { words = JSON.parse(text).detail; } catch { words = answer.statusText; }
  told.textContent = words;
  told.hidden = false;
  beep([[160, 0.25]]);
}

function busyWith(words) {
  station().setAttribute("aria-busy", "true");
  if (words) work().classList.add("inspecting");
}

function line(words) {
  const shown = document.querySelector("[data-line]");
  shown.textContent = words;
  shown.hidden = !words;
}

/* When the new verdict can be seen: two frames later it is on the glass. */
function announce() {
  const { outcome, ended, inspection } = work().dataset;
  requestAnimationFrame(() => requestAnimationFrame(() => {
    Object.assign(document.body.dataset, { seenInspection: inspection, seenAfterMs: String(Date.now() - Number(ended)) });
    document.dispatchEvent(new CustomEvent("loupebox:verdict", { detail: { outcome, inspection } }));
  }));
  beep({ PASS: [[880, 0.09]], REVIEW: [[660, 0.12], [660, 0.12]], FAIL: [[220, 0.35]], REFUSED: [[330, 0.1], [247, 0.2]] }[outcome] ?? []);
}

let sound;
function beep(tones) {
  sound ??= new AudioContext();
  let at = sound.currentTime + 0.01;
  for (const [hertz, seconds] of tones) {
    const tone = sound.createOscillator(), volume = sound.createGain();
    tone.frequency.value = hertz;
    volume.gain.setValueAtTime(0.12, at);
    volume.gain.exponentialRampToValueAtTime(0.001, at + seconds);
    tone.connect(volume).connect(sound.destination);
    tone.start(at);
    tone.stop(at + seconds);
    at += seconds + 0.06;
  }
}

/* A piece that somebody hands in elsewhere is announced here too. */
document.addEventListener("loupebox:swapped", (event) => {
  if (event.detail.part.id === "station" && work()?.dataset.inspection !== lastHeard) announce();
  lastHeard = work()?.dataset.inspection;
});
let lastHeard = work()?.dataset.inspection;
document.addEventListener("loupebox:verdict", () => { lastHeard = work()?.dataset.inspection; });
