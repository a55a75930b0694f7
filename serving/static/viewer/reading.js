// The reading page's picture: the film before beside it, and keys for the feedback and the report.

import { Beside } from "./beside.js";
import { typing, wanted } from "./keys.js";
import { Lightbox } from "./lightbox.js";

const page = document.querySelector("main.reading");
if (page.querySelector(".vp.current")?.dataset.pixels) begin();

function begin() {
  const box = new Lightbox(page);
  const before = [...page.querySelectorAll(".vp.prior")];
  const beside = new Beside(box, before);
  const turn = () => beside.turn();
  const sign = () => box.press(".repform [name=act][value=sign-next]");
  const own = {
    y: () => box.press(".fb .yes"), d: () => box.press(".fb .no"), u: () => box.press("#fb-band [data-act=unsay], #fb-band .toast button"),
    n: () => box.press(".fb [value=no_finding]"), m: () => box.press(".fb [value=has_finding]"),
    f: () => name(page),
    p: turn,
  };
  const isAsked = new URLSearchParams(location.search).has("prior");
  if (before.length && isAsked) box.viewport.addEventListener("ready", turn, { once: true });
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
