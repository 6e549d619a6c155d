/* A queue that several people look at: it shows itself anew when it has changed, says when there is no connection, and
   sends each press until it is answered, under one key, so that it is done once. Without this file the forms still work. */
"use strict";

const POLL_MS = 3000;
const PATIENCE_MS = 8000;
const KEPT = "loupebox.pressed";

class Live {
  constructor(bar) {
    this.bar = bar;
    this.say = bar.dataset;
    this.edition = Number(bar.dataset.edition);
    this.pending = this.kept();
    this.button = bar.querySelector("button");
    this.button.addEventListener("click", () => this.refresh());
    this.listen();
    this.count();
    if (this.pending) this.send();
    this.poll();
  }

  /* A press outlives the page, but not the person: what one pressed is never sent as another. */
  kept() {
    const pressed = JSON.parse(localStorage.getItem(KEPT) ?? "null");
    return pressed?.who === this.say.who ? pressed : null;
  }

  keep(pressed) {
    this.pending = pressed;
    if (pressed) localStorage.setItem(KEPT, JSON.stringify(pressed));
    else localStorage.removeItem(KEPT);
  }

  tell(words, tone, button = false) {
    this.bar.hidden = !words;
    this.bar.dataset.tone = tone ?? "";
    this.bar.querySelector("span").textContent = words ?? "";
    this.button.hidden = !button;
  }

  listen() {
    document.addEventListener("submit", (event) => {
      const form = event.target.closest("[data-once]");
      if (!form || this.pending) return;
      event.preventDefault();
      const body = {};
      for (const field of form.querySelectorAll("[data-json]")) {
        if (field.value === "") continue;
        const number = field.type === "number" || field.name === "priority";
        const path = field.dataset.json.split("."), last = path.pop();
        path.reduce((at, step) => (at[step] ??= {}), body)[last] = number ? Number(field.value) : field.value;
      }
      this.keep({ url: form.dataset.once, body, who: this.say.who, key: newKey() });
      this.send();
    });
  }

  async send() {
    const { url, body, key } = this.pending;
    for (let wait_ms = 500; ; wait_ms = Math.min(2 * wait_ms, 5000)) {
      try {
        const answer = await fetch(url, {
          method: "POST", body: JSON.stringify(body), signal: AbortSignal.timeout(PATIENCE_MS),
          headers: { "Content-Type": "application/json", "Idempotency-Key": key },
        });
        if (answer.status >= 500) throw new Error(answer.statusText);
        if (answer.status === 401) return location.reload();
        this.keep(null);
        await this.refresh();
        if (answer.status === 409) this.tell(this.say.sayFirst, "warn");
        else if (!answer.ok) this.tell(`${this.say.sayRefused} ${(await answer.json()).detail}`, "warn");
        return;
      } catch {
        this.tell(this.say.saySending, "lost");
        await new Promise((done) => setTimeout(done, wait_ms));
      }
    }
  }

  async poll() {
    for (;;) {
      await new Promise((done) => setTimeout(done, POLL_MS));
      if (document.hidden || this.pending) continue;
      try {
        const answer = await fetch("/api/v1/rework-edition", { signal: AbortSignal.timeout(PATIENCE_MS) });
        if (answer.status === 401) return location.reload();
        if (!answer.ok) throw new Error(answer.statusText);
        const { edition } = await answer.json();
        const healed = this.bar.dataset.tone === "lost";
        if (edition !== this.edition && this.typing()) this.tell(this.say.sayChanged, "changed", true);
        else if (edition !== this.edition) await this.refresh();
        else if (healed) this.tell();
      } catch {
        this.tell(this.say.sayLost, "lost");
      }
    }
  }

  /* What somebody is writing is never taken away under the fingers. */
  typing() {
    const fields = document.querySelectorAll("[data-fresh] :is(input:not([type=hidden]), select)");
    return [...fields].some((field) => field === document.activeElement || (field.dataset.touched && field.value));
  }

  async refresh() {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (!answer.ok) return location.reload();
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.querySelector("[data-fresh]");
    if (!fresh) return location.reload();
    for (const part of ["[data-fresh]", ".head", ".nav"]) {
      const [old, now] = [document.querySelector(part), page.querySelector(part)];
      if (old && now) old.replaceWith(document.adoptNode(now));
    }
    this.edition = Number(page.querySelector(".live").dataset.edition);
    this.tell();
    this.count();
  }

  /* Minutes since an order was taken run on, until somebody writes others. */
  count() {
    for (const field of document.querySelectorAll("[data-fresh] input:not([type=hidden])")) {
      field.addEventListener("input", () => { field.dataset.touched = "yes"; });
      if (field.name !== "minutes" || field.value === "") continue;
      const begun = Date.now() - 60000 * Number(field.value);
      setInterval(() => {
        if (!field.dataset.touched) field.value = Math.round((Date.now() - begun) / 60000);
      }, 30000);
    }
  }
}

/* `crypto.randomUUID` is missing where a station is reached without TLS. */
function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

const bar = document.querySelector(".live");
if (bar) new Live(bar);
