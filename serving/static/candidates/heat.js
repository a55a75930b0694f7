// The heat over many films at once: off, its outline, or filled.

import { MODES, outline } from "../viewer/heat.js";

export class Heats {
  /** Take the part of the page that holds them; pictures that come later follow the same mode. */
  constructor(place, buttons) {
    this.place = place;
    this.buttons = buttons;
    this.drawn = new WeakMap();
    place.addEventListener("load", ({ target }) => this.follow(target), true);
    buttons.hidden = false;
    buttons.addEventListener("click", ({ target }) => target.value && this.set(target.value));
  }

  next() {
    this.set(MODES[(MODES.indexOf(this.place.dataset.heat) + 1) % MODES.length]);
  }

  set(mode) {
    this.place.dataset.heat = mode;
    for (const button of this.buttons.children) button.setAttribute("aria-pressed", button.value === mode);
    for (const image of this.place.querySelectorAll("img.heat")) this.follow(image);
  }

  follow(image) {
    if (!image.matches("img.heat") || !image.complete || !image.naturalWidth) return;
    const drawn = this.drawn.get(image) ?? { fill: image.src };
    this.drawn.set(image, drawn);
    const outlined = this.place.dataset.heat === "contour";
    const wanted = outlined ? (drawn.contour ??= outline(image)) : drawn.fill;
    if (image.src !== wanted) image.src = wanted;
  }
}
