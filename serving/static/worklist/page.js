// The worklist: its keys, and what comes while it is open. It never moves by itself.

import { bindKeys, help } from "../viewer/keys.js";
import { Arrivals } from "./arrivals.js";
import { assign } from "./assign.js";
import { Line } from "./line.js";
import { Rows } from "./rows.js";

const list = document.querySelector("main.list");
const bar = document.querySelector("#arrivals");
const rows = new Rows(list);
const arrivals = new Arrivals(bar, rows);
const line = new Line(bar.dataset.place);

rows.begin();
list.addEventListener("htmx:afterSettle", () => {
  rows.begin();
  arrivals.again();
});
list.addEventListener("click", ({ target }) => {
  const button = target.closest("button.take");
  if (button === null) return;
  rows.take(button.closest("tr"));
  assign(rows, arrivals);
});
line.addEventListener("news", ({ detail }) => arrivals.take(detail));
line.addEventListener("locks", ({ detail }) => arrivals.lock(detail));
line.addEventListener("found", () => arrivals.live(true));
line.addEventListener("lost", () => arrivals.live(false));

const button = bar.querySelector("[data-act=help]");
button.hidden = false;
button.addEventListener("click", help);
bindKeys({
  j: () => rows.move(1), k: () => rows.move(-1), n: () => rows.nextUnread(), p: () => rows.openWithPrior(), a: () => assign(rows, arrivals), enter: () => rows.open(),
  ".": () => arrivals.load(), "/": () => search(), "[": () => follow("prev"), "]": () => follow("next"), "?": help,
});

function search() {
  const field = document.querySelector("#q");
  field.focus();
  field.select();
}

function follow(rel) {
  const link = list.querySelector(`.pager [rel=${rel}]`);
  link?.click();
  return link !== null;
}
