/* One stream of events keeps a page true: parts marked data-live="inspection rework" are read again when such a thing
   happened. A lost line is shown, heals by itself and goes on where it was. */
"use strict";

{
class Stream {
  constructor(after) {
    this.nouns = new Set();
    this.source = new EventSource(`/live?after=${after}`);
    this.source.addEventListener("ready", () => this.say(""));
    this.source.addEventListener("happened", (event) => {
      this.say("");
      this.happened(JSON.parse(event.data));
    });
    this.source.addEventListener("over", () => this.over());
    this.source.onerror = () => {
      this.say("No connection. Nothing is lost; trying again.");
      // A station that answers with a problem ends the stream for good: then somebody must sign in, or wait.
      if (this.source.readyState === EventSource.CLOSED) setTimeout(() => location.reload(), 5000);
    };
  }

  say(words) {
    const line = document.querySelector("[data-line]");
    if (line.textContent !== words) line.textContent = words;
    line.hidden = !words;
    document.documentElement.dataset.connection = words ? "lost" : "live";
  }

  over() {
    this.source.close();
    location.assign(`/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`);
  }

  happened({ action, subject }) {
    document.dispatchEvent(new CustomEvent("loupebox:happened", { detail: { action, subject } }));
    this.nouns.add(action.split(".")[0]);
    clearTimeout(this.soon);
    this.soon = setTimeout(() => this.refresh(), 150);
  }

  parts() {
    return [...document.querySelectorAll("[data-live]")].filter((part) =>
      part.dataset.live.split(" ").some((noun) => this.nouns.has(noun)));
  }

  /* What somebody is busy with is left alone until they are not. */
  async refresh() {
    const parts = this.parts();
    if (!parts.length) return this.nouns.clear();
    if (parts.some(busy)) {
      this.soon = setTimeout(() => this.refresh(), 1000);
      return;
    }
    this.nouns.clear();
    try {
      const answer = await fetch(location.href, { headers: { "Loupebox-By-Itself": "yes", Accept: "text/html" } });
      if (answer.redirected && new URL(answer.url).pathname === "/sign-in") return this.over();
      if (answer.ok) swap(await answer.text(), parts.filter((part) => !busy(part)));
    } catch { /* the stream says that the line is lost, and comes back with what was missed */ }
  }
}

function busy(part) {
  if (part.hasAttribute("aria-busy")) return true;
  return [...part.querySelectorAll("input:not([type=hidden]), textarea, select")].some((field) =>
    field.type === "radio" || field.type === "checkbox" ? field.checked !== field.defaultChecked
      : field.tagName === "SELECT" ? ![...field.options].every((o) => o.selected === o.defaultSelected || !field.selectedIndex)
        : field.value !== field.defaultValue);
}

/* What a part says; each reading of a page gives its forms new keys. */
function told(part) {
  return part.outerHTML.replace(/ data-key="\w*"/g, "");
}

/* Put the parts of another page in the place of ours, each found by its id; the focus stays where it was. */
function swap(html, parts) {
  const page = new DOMParser().parseFromString(html, "text/html");
  for (const part of parts) {
    const fresh = page.getElementById(part.id);
    if (!fresh || told(fresh) === told(part)) continue;
    const focus = part.contains(document.activeElement) ? document.activeElement.id : "";
    part.replaceWith(fresh);
    if (focus) document.getElementById(focus)?.focus();
    document.dispatchEvent(new CustomEvent("loupebox:swapped", { detail: { part: fresh } }));
  }
}

const happenedBefore = document.querySelector("meta[name=live]");
if (happenedBefore) new Stream(happenedBefore.content);
}
