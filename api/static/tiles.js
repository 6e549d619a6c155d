/* Deep zoom of a large frame: tiles of the part that is seen, as fine as the screen can show, over the whole frame made
   small. They lie in the frame's own pixels, so the marks above them stay exact. */
"use strict";

class Tiles {
  static SIZE = 512;

  constructor(plate) {
    this.plate = plate;
    this.group = document.createElementNS("http://www.w3.org/2000/svg", "g");
    plate.querySelector("image").after(this.group);
    [, , this.width, this.height] = plate.getAttribute("viewBox").split(" ").map(Number);
  }

  /* `unit` is how many pixels of the frame one of the screen covers. */
  show(address, [x, y, width, height], unit) {
    if (address !== this.address) this.group.replaceChildren();
    this.address = address;
    if (!address) return;
    const level = Math.max(0, Math.floor(Math.log2(unit / devicePixelRatio)));
    const size = Tiles.SIZE * 2 ** level;
    const first = (at) => Math.max(0, Math.floor((at + 0.5) / size));
    const last = (end, side) => Math.min(Math.ceil(side / size) - 1, Math.floor((end + 0.5) / size));
    const wanted = new Map();
    for (let row = first(y); row <= last(y + height, this.height); row++) {
      for (let column = first(x); column <= last(x + width, this.width); column++) {
        wanted.set(`${level}/${column}/${row}`, [column * size, row * size]);
      }
    }
    const there = new Map([...this.group.children].map((tile) => [tile.dataset.place, tile]));
    for (const [place, [left, top]] of wanted) {
      if (!there.has(place)) this.add(place, left, top, size);
    }
    this.wanted = new Set(wanted.keys());
    this.tidy();
  }

  add(place, left, top, size) {
    const tile = document.createElementNS("http://www.w3.org/2000/svg", "image");
    const box = { x: left - 0.5, y: top - 0.5, width: Math.min(size, this.width - left), height: Math.min(size, this.height - top) };
    for (const [name, value] of Object.entries(box)) tile.setAttribute(name, value);
    tile.setAttribute("preserveAspectRatio", "none");
    tile.setAttribute("filter", this.plate.querySelector("image").getAttribute("filter"));
    tile.dataset.place = place;
    for (const end of ["load", "error"]) {
      tile.addEventListener(end, () => { tile.dataset.done = end; this.tidy(); });
    }
    tile.setAttribute("href", `${this.address}/${place}.png`);
    this.group.append(tile);
  }

  /* Coarser tiles stay until the finer ones are there: nothing flickers. */
  tidy() {
    const tiles = [...this.group.children];
    const ready = tiles.filter((tile) => this.wanted.has(tile.dataset.place)).every((tile) => tile.dataset.done);
    this.plate.dataset.tiles = ready ? "ready" : "loading";
    if (!ready) return;
    for (const tile of tiles) if (!this.wanted.has(tile.dataset.place)) tile.remove();
  }
}
