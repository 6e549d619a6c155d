/* The pages work without this file; it adds zoom, keys and a remembered name. */
"use strict";

/* Names: typed once, filled in on every later form of this browser. */
for (const field of document.querySelectorAll("input[data-remember]")) {
  const key = "loupebox." + field.dataset.remember;
  if (!field.value) field.value = localStorage.getItem(key) ?? "";
  field.form.addEventListener("submit", () => localStorage.setItem(key, field.value.trim()));
}

/* One press, one action: a second press of the same button would meet its own first. */
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post" || form.dataset.key) return;
  for (const button of form.querySelectorAll("button")) button.disabled = true;
});
addEventListener("pageshow", () => {
  for (const button of document.querySelectorAll("form[method=post] button")) button.disabled = false;
});

/* Decisions by number key. */
for (const choice of document.querySelectorAll("input[data-key]")) {
  addEventListener("keydown", (event) => {
    if (typing(event) || event.key !== choice.dataset.key) return;
    choice.checked = true;
    choice.focus();
  });
}

function typing(event) {
  return event.ctrlKey || event.altKey || event.metaKey
    || event.target.matches?.("input:not([type=radio]):not([type=checkbox]), select, textarea");
}

class Viewer {
  /* Views are `svg.plate` elements in pixels of their frame; zooming changes only their viewBox, so overlays stay exact. */
  constructor(root) {
    this.root = root;
    root.viewer = this;
    this.tiles = new Map();
    this.stage = root.querySelector(".stage");
    this.plates = [...root.querySelectorAll("svg.plate")];
    this.frames = [...root.querySelectorAll("[data-frame]")];
    this.full = new Map(this.plates.map((p) => [p, p.getAttribute("viewBox").split(" ").map(Number)]));
    this.box = new Map([...this.full].map(([p, box]) => [p, [...box]]));
    this.root.classList.add("live");
    this.listen();
    this.show(this.frames.find((f) => f.hasAttribute("aria-current")) ?? this.frames[0]);
    new ResizeObserver(() => this.draw()).observe(this.stage);
  }

  get plate() { return this.plates.find((p) => p.dataset.view === this.current.dataset.view); }

  show(frame) {
    this.current = frame;
    for (const other of this.frames) {
      if (other === frame) other.setAttribute("aria-current", "true");
      else other.removeAttribute("aria-current");
    }
    for (const plate of this.plates) plate.toggleAttribute("hidden", plate !== this.plate);
    for (const row of this.root.querySelectorAll("[data-lights-of]")) row.hidden = row.dataset.lightsOf !== frame.dataset.view;
    for (const button of this.root.querySelectorAll("[data-view-button]")) {
      button.toggleAttribute("aria-current", button.dataset.viewButton === frame.dataset.view);
    }
    const image = this.plate.querySelector("image");
    if (image.getAttribute("href") !== frame.dataset.src) image.setAttribute("href", frame.dataset.src);
    this.root.querySelector(".caption").textContent = frame.dataset.title;
    this.draw();
  }

  step(by, withinView) {
    const view = this.current.dataset.view;
    if (withinView) {
      const lights = this.frames.filter((f) => f.dataset.view === view);
      this.show(lights[(lights.indexOf(this.current) + by + lights.length) % lights.length]);
    } else {
      const views = [...new Set(this.frames.map((f) => f.dataset.view))];
      this.go(views[(views.indexOf(view) + by + views.length) % views.length]);
    }
  }

  go(view, light) {
    const frames = this.frames.filter((f) => f.dataset.view === view);
    this.show(frames.find((f) => f.dataset.light === light) ?? frames[0]);
  }

  zoom(factor, at) {
    const box = this.box.get(this.plate), full = this.full.get(this.plate);
    const width = Math.min(full[2], Math.max(24, box[2] / factor));
    const scale = width / box[2];
    const [x, y] = at ?? [box[0] + box[2] / 2, box[1] + box[3] / 2];
    this.place([x - (x - box[0]) * scale, y - (y - box[1]) * scale, width, box[3] * scale]);
  }

  place([x, y, w, h]) {
    const full = this.full.get(this.plate);
    const inside = (at, size, start, length) => Math.min(Math.max(at, start), start + length - size);
    this.box.set(this.plate, [inside(x, w, full[0], full[2]), inside(y, h, full[1], full[3]), w, h]);
    this.draw();
  }

  /* Where the finding lies in the middle of a fifth of the frame, or more where it is larger. */
  focus(x, y, w, h) {
    const full = this.full.get(this.plate);
    const width = Math.min(full[2], Math.max(full[2] / 5, 3 * w, 3 * h * full[2] / full[3]));
    const height = width * full[3] / full[2];
    this.place([x + w / 2 - width / 2, y + h / 2 - height / 2, width, height]);
    this.root.scrollIntoView({ block: "nearest" });
  }

  draw() {
    const plate = this.plate, box = this.box.get(plate);
    plate.setAttribute("viewBox", box.map((v) => +v.toFixed(3)).join(" "));
    const unit = Math.max(box[2] / (this.stage.clientWidth || 1), box[3] / (this.stage.clientHeight || 1));
    plate.style.setProperty("--unit", unit);
    plate.querySelector("image").classList.toggle("close", unit < 0.5);
    this.showTiles(plate, box, unit);
    this.root.querySelector("[data-zoom]").textContent = `${Math.round(100 / unit)} %`;
  }

  showTiles(plate, box, unit) {
    if (typeof Tiles === "undefined" || !this.frames.some((f) => f.dataset.tiles && f.dataset.view === plate.dataset.view)) return;
    if (!this.tiles.has(plate)) this.tiles.set(plate, new Tiles(plate));
    this.tiles.get(plate).show(this.current.dataset.tiles, box, unit);
  }

  at(event) {
    const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(this.plate.getScreenCTM().inverse());
    return [point.x, point.y];
  }

  listen() {
    const act = {
      in: () => this.zoom(1.6),
      out: () => this.zoom(1 / 1.6),
      fit: () => this.place(this.full.get(this.plate)),
      overlay: () => {
        const bare = this.root.classList.toggle("bare");
        for (const plate of this.plates) plate.classList.toggle("bare", bare);
        this.root.querySelector("[data-act=overlay]").setAttribute("aria-pressed", String(!bare));
      },
    };
    this.root.addEventListener("click", (event) => {
      const button = event.target.closest("[data-act]"), frame = event.target.closest("[data-frame]");
      const view = event.target.closest("[data-view-button]"), tone = event.target.closest("[data-tone]");
      if (!(button || frame || view || tone)) return;
      event.preventDefault();
      if (button) act[button.dataset.act]();
      else if (frame) this.show(frame);
      else if (view) this.go(view.dataset.viewButton);
      else this.tone(tone);
    });
    const keys = {
      ArrowRight: () => this.step(1, true), ArrowLeft: () => this.step(-1, true),
      ArrowDown: () => this.step(1, false), ArrowUp: () => this.step(-1, false), v: () => this.step(1, false),
      "+": act.in, "=": act.in, "-": act.out, "0": act.fit, o: act.overlay,
    };
    addEventListener("keydown", (event) => {
      if (typing(event) || event.target.matches?.("input") || !(event.key in keys)) return;
      // Up and down scroll the page, unless the picture itself has the focus.
      if (/Up|Down/.test(event.key) && !this.root.contains(event.target)) return;
      event.preventDefault();
      keys[event.key]();
    });
    for (const link of document.querySelectorAll("[data-goto]")) {
      link.addEventListener("click", (event) => {
        event.preventDefault();
        const { goto: view, light, box } = link.dataset;
        this.go(view, light);
        this.focus(...box.split(" ").map(Number));
      });
    }
    this.stage.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.zoom(Math.exp(-event.deltaY / 400), this.at(event));
    }, { passive: false });
    this.stage.addEventListener("dblclick", (event) => this.zoom(2.5, this.at(event)));
    this.drag();
  }

  /* One pointer pans, two pinch. */
  drag() {
    const held = new Map();
    let spread = 0;
    this.stage.addEventListener("pointerdown", (event) => {
      if (this.root.hasAttribute("data-drawing")) return;
      this.stage.setPointerCapture(event.pointerId);
      held.set(event.pointerId, [event.clientX, event.clientY]);
      spread = 0;
    });
    this.stage.addEventListener("pointermove", (event) => {
      const before = held.get(event.pointerId);
      if (!before) return;
      held.set(event.pointerId, [event.clientX, event.clientY]);
      if (held.size === 1) {
        const box = this.box.get(this.plate), unit = +this.plate.style.getPropertyValue("--unit");
        this.place([box[0] - (event.clientX - before[0]) * unit, box[1] - (event.clientY - before[1]) * unit, box[2], box[3]]);
      } else if (held.size === 2) {
        const [a, b] = [...held.values()];
        const now = Math.hypot(a[0] - b[0], a[1] - b[1]);
        if (spread) this.zoom(now / spread, this.at({ clientX: (a[0] + b[0]) / 2, clientY: (a[1] + b[1]) / 2 }));
        spread = now;
      }
    });
    for (const name of ["pointerup", "pointercancel"]) {
      this.stage.addEventListener(name, (event) => { held.delete(event.pointerId); spread = 0; });
    }
  }

  /* Sensors record light linearly and screens show it by a power law; this only changes the showing. */
  tone(button) {
    for (const other of this.root.querySelectorAll("[data-tone]")) other.setAttribute("aria-pressed", String(other === button));
    for (const image of this.root.querySelectorAll("image")) image.setAttribute("filter", button.dataset.tone);
  }
}

for (const root of document.querySelectorAll("[data-viewer]")) new Viewer(root);
