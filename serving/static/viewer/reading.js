// The reading page's picture: the film before beside it, and keys for the feedback and the report.

import { typing, wanted } from "./keys.js";
import { Lightbox } from "./lightbox.js";
import { bindPointer } from "./pointer.js";
import { Viewport } from "./viewport.js";

const page = document.querySelector("main.reading");
const [main, prior] = [".vp.current", ".vp.prior"].map((name) => page.querySelector(name));
if (main?.dataset.pixels) begin();

function begin() {
  const box = new Lightbox(page);
  const other = prior && besides(box);
  const turn = () => other?.toggle();
  const sign = () => box.press(".repform [name=act][value=sign-next]");
  const own = {
    y: () => box.press(".fb .yes"), d: () => box.press(".fb .no"), u: () => box.press("#fb-band [data-act=unsay], #fb-band .toast button"),
    n: () => box.press(".fb [value=no_finding]"), m: () => box.press(".fb [value=has_finding]"),
    f: () => name(page),
    p: turn,
  };
  const isAsked = new URLSearchParams(location.search).has("prior");
  if (other && isAsked) box.viewport.addEventListener("ready", turn, { once: true });
  box.begin(own, { always: { "ctrl+enter": sign, "alt+h": () => box.heat?.next() } });
  box.tools.on({ prior: turn });
  page.addEventListener("keydown", (event) => tick(event));
}

/** Go to where a finding is named: the feedback's list while it is open, or the report's, shown with no finding too. */
function name(page) {
  const field = page.querySelector("[open] > form.detail [name=code]") ?? page.querySelector("#picker");
  field?.closest(".repform")?.classList.add("picking");
  field?.focus();
}

/** Digits belong to the list that has the focus: there they take the usual misses. */
function tick(event) {
  const list = event.target.closest("form.detail .pick");
  const usual = list?.querySelectorAll("input")[event.key - 1];
  if (!usual || !wanted() || typing(event.target) || event.ctrlKey || event.altKey || event.metaKey) return;
  usual.click();
  event.stopPropagation();
}

/** Show the study before beside this one, at the same place. */
function besides({ viewport, hand, tools }) {
  const other = new Viewport(prior);
  bindPointer(other, { ...hand, boxes: null });
  const linked = () => other.ready && !prior.hidden && other.follow(viewport);
  viewport.addEventListener("drawn", linked);
  other.addEventListener("ready", linked);
  return {
    toggle() {
      prior.hidden = !prior.hidden;
      page.classList.toggle("besides", !prior.hidden);
      tools.button("prior").setAttribute("aria-pressed", !prior.hidden);
      for (const image of prior.querySelectorAll("img[data-src]")) image.src = image.dataset.src;
      if (!other.ready) other.load().catch(() => undefined);
    },
  };
}
