// Pictures beside the one a page is about, at the same place: the film before, or a study's other films.

import { bindPointer } from "./pointer.js";
import { Viewport } from "./viewport.js";

/** Shows one of some hidden frames at a time; each is fetched when it is first shown. */
export class Beside {
  constructor(box, frames) {
    this.box = box;
    this.others = frames.map((frame) => this.bound(frame));
    this.fetched = new Set();
    this.at = -1;
  }

  bound(frame) {
    const { hand, viewport } = this.box;
    const other = new Viewport(frame);
    bindPointer(other, { ...hand, boxes: null });
    const linked = () => other.ready && !frame.hidden && other.follow(viewport);
    viewport.addEventListener("drawn", linked);
    other.addEventListener("ready", linked);
    return other;
  }

  /** Show the next, and after the last none. */
  turn() {
    this.at = this.at + 1 < this.others.length ? this.at + 1 : -1;
    const shown = this.others[this.at];
    for (const other of this.others) other.frame.hidden = other !== shown;
    this.box.page.classList.toggle("besides", shown !== undefined);
    this.box.tools.press("prior", shown !== undefined);
    if (shown && !this.fetched.has(shown)) this.fetch(shown);
  }

  fetch(other) {
    this.fetched.add(other);
    for (const image of other.frame.querySelectorAll("img[data-src]")) image.src = image.dataset.src;
    other.load().catch(() => undefined);
  }
}
