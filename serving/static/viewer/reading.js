// The reading page: its pictures, tools and keys. Without this every form posts and the images are images.

import { Boxes } from "./boxes.js";
import { Heat } from "./heat.js";
import { bindKeys, help } from "./keys.js";
import { Naming } from "./naming.js";
import { bindPointer, BOX } from "./pointer.js";
import { Viewport } from "./viewport.js";

const page = document.querySelector("main.reading");
const [main, prior] = [".vp.current", ".vp.prior"].map((name) => page.querySelector(name));
if (main?.dataset.pixels) begin();

function begin() {
  const viewport = new Viewport(main);
  const boxes = new Boxes(viewport);
  const naming = new Naming(boxes, page);
  const tools = toolbar();
  const held = { space: false };
  const hand = { tool: () => tools.tool, spaceHeld: () => held.space };
  bindPointer(viewport, { ...hand, boxes });
  const heat = heatOf(viewport);
  viewport.addEventListener("drawn", () => tell(viewport));
  viewport.addEventListener("ready", () => naming.begin());
  viewport.load().then(() => page.classList.add("ready")).catch(() => page.classList.add("plain"));
  const other = prior && besides(viewport, hand);
  if (other && new URLSearchParams(location.search).has("prior")) viewport.addEventListener("ready", () => other.toggle(), { once: true });
  const taken = [];
  boxes.addEventListener("removed", ({ detail }) => taken.push(detail));

  const acts = {
    w: () => tools.choose("window"), v: () => tools.choose("pan"), z: () => tools.choose("zoom"),
    b: () => tools.choose(tools.tool === BOX ? "window" : BOX),
    i: () => viewport.invert(), 0: () => viewport.fit(), r: () => viewport.reset(),
    h: () => heat?.next(), p: () => other?.toggle(),
    delete: () => boxes.remove(), backspace: () => boxes.remove(),
    "ctrl+z": () => (taken.length ? boxes.restore(taken.pop()) : false),
    y: () => press(".fb .yes"), d: () => press(".fb .no"), u: () => press("#fb-band [data-act=unsay], #fb-band .toast button"),
    n: () => press(".fb [value=no_finding]"), m: () => press(".fb [value=has_finding]"),
    f: () => (page.querySelector("form.detail [name=code]") ?? page.querySelector("#picker"))?.focus(),
    "?": help, " ": () => { held.space = true; },
    escape: () => tools.tool === BOX ? tools.choose("window") : false,
  };
  for (const number of [1, 2, 3, 4, 5]) acts[number] = () => viewport.preset(number - 1);
  const sign = () => press(".repform [name=act][value=sign-next]");
  bindKeys(acts, { "ctrl+enter": sign, "alt+h": acts.h });
  document.addEventListener("keyup", ({ key }) => { if (key === " ") held.space = false; });
  tools.on({ invert: acts.i, fit: acts[0], reset: acts.r, heat: acts.h, prior: acts.p, help: acts["?"] });
  heat?.addEventListener("changed", () => tools.press("heat", heat.mode !== "off"));
  tools.press("heat", heat?.mode === "fill");
}

function toolbar() {
  const bar = page.querySelector(".tools");
  bar.hidden = false;
  const buttons = (name) => bar.querySelector(`[data-tool="${name}"], [data-act="${name}"]`);
  const made = {
    tool: "window",
    choose(name) {
      made.tool = name;
      for (const button of bar.querySelectorAll("[data-tool]")) made.press(button.dataset.tool, button.dataset.tool === name);
      page.dataset.tool = name;
    },
    press(name, on) {
      const button = buttons(name);
      button?.classList.toggle("on", on);
      button?.setAttribute("aria-pressed", on);
    },
    on(acts) {
      for (const [name, act] of Object.entries(acts)) buttons(name)?.addEventListener("click", act);
    },
  };
  for (const button of bar.querySelectorAll("[data-tool]")) {
    button.addEventListener("click", () => made.choose(button.dataset.tool));
  }
  made.choose("window");
  return made;
}

function heatOf(viewport) {
  const image = viewport.figure.querySelector(".heat");
  if (image === null) return null;
  const heat = new Heat(image, page.querySelector("#heat"));
  const slider = page.querySelector("#heat-opacity");
  slider.hidden = false;
  slider.addEventListener("input", () => heat.opacity(slider.value / 100));
  return heat;
}

/** Show the study before beside this one, at the same place. */
function besides(viewport, hand) {
  const other = new Viewport(prior);
  bindPointer(other, { ...hand, boxes: null });
  const linked = () => other.ready && !prior.hidden && other.follow(viewport);
  viewport.addEventListener("drawn", linked);
  other.addEventListener("ready", linked);
  return {
    toggle() {
      prior.hidden = !prior.hidden;
      page.classList.toggle("besides", !prior.hidden);
      page.querySelector('[data-act="prior"]').setAttribute("aria-pressed", !prior.hidden);
      for (const image of prior.querySelectorAll("img[data-src]")) image.src = image.dataset.src;
      if (!other.ready) other.load().catch(() => undefined);
    },
  };
}

function tell(viewport) {
  const place = page.querySelector("[data-says=window]");
  if (place === null) return;
  const { center, width } = viewport.window;
  place.textContent = `W ${Math.round(width)} / C ${Math.round(center)} · ${Math.round(viewport.view.scale * 100)} %`;
}

function press(selector) {
  const button = page.querySelector(selector);
  if (button === null || button.disabled) return false;
  button.click();
  return true;
}
