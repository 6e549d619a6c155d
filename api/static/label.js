/* Report a miss: draw a box on the frame, name it, done. With keys alone what the zoomed view shows is the box. */
"use strict";

{
  const root = document.querySelector("[data-viewer]");
  const form = document.querySelector("form[data-label]");
  const toggle = document.querySelector("[data-draw]");
  const stage = root?.querySelector(".stage");
  let rect, start;

  const draw = (on) => {
    root.toggleAttribute("data-drawing", on);
    toggle.setAttribute("aria-pressed", String(on));
    form.hidden = true;
    rect?.remove();
    rect = undefined;
  };

  const place = ([x, y, width, height]) => {
    const plate = root.viewer.plate;
    rect ??= plate.appendChild(document.createElementNS("http://www.w3.org/2000/svg", "rect"));
    rect.setAttribute("class", "drawn");
    const values = { x, y, width, height };
    for (const [name, value] of Object.entries(values)) {
      rect.setAttribute(name, value);
      form.elements[`${name}_px`].value = value.toFixed(1);
    }
  };

  const ask = () => {
    form.elements.view.value = root.viewer.current.dataset.view;
    form.elements.light.value = root.viewer.current.dataset.light;
    form.hidden = false;
    form.elements.name.focus();
  };

  if (root && form) {
    toggle.addEventListener("click", () => draw(!root.hasAttribute("data-drawing")));
    addEventListener("keydown", (event) => {
      if (typing(event)) return;
      if (event.key === "m") draw(!root.hasAttribute("data-drawing"));
      else if (event.key === "Escape") draw(false);
      else if (event.key === "Enter" && root.hasAttribute("data-drawing") && form.hidden && !event.target.matches("a, button")) {
        event.preventDefault();
        place(root.viewer.box.get(root.viewer.plate));
        ask();
      }
    });
    stage.addEventListener("pointerdown", (event) => {
      if (!root.hasAttribute("data-drawing")) return;
      stage.setPointerCapture(event.pointerId);
      start = root.viewer.at(event);
    });
    stage.addEventListener("pointermove", (event) => {
      if (!start) return;
      const [x, y] = root.viewer.at(event);
      place([Math.min(x, start[0]), Math.min(y, start[1]), Math.abs(x - start[0]), Math.abs(y - start[1])]);
    });
    stage.addEventListener("pointerup", () => {
      if (start && rect) ask();
      start = undefined;
    });
  }
}
