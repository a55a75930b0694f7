// What every page does with the picture it is about: tools, boxes, heat, keys and their help.

import { Boxes } from "./boxes.js";
import { Heat } from "./heat.js";
import { bindKeys, help } from "./keys.js";
import { Naming } from "./naming.js";
import { bindPointer, BOX } from "./pointer.js";
import { Toolbar } from "./toolbar.js";
import { Viewport } from "./viewport.js";

const PRESETS = [1, 2, 3, 4, 5];

/** The current picture of a page. Without it every form posts and the images are images. */
export class Lightbox {
  constructor(page) {
    this.page = page;
    this.viewport = new Viewport(page.querySelector(".vp.current"));
    this.boxes = new Boxes(this.viewport);
    this.naming = new Naming(this.boxes, page);
    this.tools = new Toolbar(page);
    this.heat = heatOf(page);
    this.isSpaceHeld = false;
    this.hand = { tool: () => this.tools.tool, spaceHeld: () => this.isSpaceHeld };
    bindPointer(this.viewport, { ...this.hand, boxes: this.boxes });
  }

  /** Bind the keys that every picture has and a page's `own`; presets are on digits `held` with "", or "alt+". */
  begin(own, { held = "", always = {} } = {}) {
    const { page, viewport } = this;
    const acts = this.acts();
    const presets = Object.fromEntries(PRESETS.map((digit) => [`${held}${digit}`, () => viewport.preset(digit - 1)]));
    bindKeys({ ...acts, ...presets, ...own }, always);
    document.addEventListener("keyup", ({ key }) => { if (key === " ") this.isSpaceHeld = false; });
    this.tools.on({ invert: acts.i, fit: acts[0], reset: acts.r, heat: acts.h, help });
    this.heat?.addEventListener("changed", () => this.tools.press("heat", this.heat.mode !== "off"));
    this.tools.press("heat", this.heat?.mode === "fill");
    viewport.addEventListener("drawn", () => this.tell());
    viewport.addEventListener("ready", () => this.marked());
    viewport.load().then(() => page.classList.add("ready")).catch(() => page.classList.add("plain"));
  }

  acts() {
    const { boxes, heat, tools, viewport } = this;
    const taken = [];
    boxes.addEventListener("removed", ({ detail }) => taken.push(detail));
    return {
      w: () => tools.choose("window"), v: () => tools.choose("pan"), z: () => tools.choose("zoom"),
      b: () => (tools.button(BOX) ? tools.choose(tools.tool === BOX ? "window" : BOX) : false),
      i: () => viewport.invert(), 0: () => viewport.fit(), r: () => viewport.reset(), h: () => heat?.next(),
      delete: () => boxes.remove(), backspace: () => boxes.remove(),
      "ctrl+z": () => (taken.length ? boxes.restore(taken.pop()) : false),
      escape: () => (tools.tool === BOX ? tools.choose("window") : false),
      "?": help, " ": ({ target }) => this.hold(target),
    };
  }

  /** Hold the picture by the space bar, unless it presses a button. */
  hold(target) {
    if (target.closest("button, input, a, summary")) return false;
    this.isSpaceHeld = true;
    return true;
  }

  /** Draw the boxes that the page holds: one's own in its forms, and those that it only shows. */
  marked() {
    if (this.tools.button(BOX)) this.naming.begin(); // without it they are about another film
    for (const { dataset } of this.page.querySelectorAll("[data-box]")) {
      this.boxes.show(dataset.box.split(",").map(Number), dataset.name);
    }
  }

  tell() {
    const place = this.page.querySelector("[data-says=window]");
    if (place === null) return;
    const { view, window: { center, width } } = this.viewport;
    place.textContent = `W ${Math.round(width)} / C ${Math.round(center)} · ${Math.round(view.scale * 100)} %`;
  }

  /** Press a button of the page; false where there is none to press. */
  press(selector) {
    const button = this.page.querySelector(selector);
    if (button === null || button.disabled) return false;
    button.click();
    return true;
  }
}

function heatOf(page) {
  const image = page.querySelector(".vp.current .heat");
  if (image === null) return null;
  const heat = new Heat(image, page.querySelector("#heat"));
  const slider = page.querySelector("#heat-opacity");
  slider.hidden = false;
  slider.addEventListener("input", () => heat.opacity(slider.value / 100));
  return heat;
}
