// The feedback buttons of the reading page: a press shows at once, and waits here where it cannot be sent.

import { isUndo, queue, waitingWords } from "./corner.js";
import { newKey } from "./queue.js";

const ANSWERED = 'id="fb-band"'; // a recorded press and a refused one; no sign-in page, no busy server

/** Watch the forms of a page that htmx sends. */
export function bindPresses(page) {
  const band = () => page.querySelector("#fb-band");
  let hadFocus = false;
  page.addEventListener("htmx:beforeRequest", ({ detail }) => press(detail));
  page.addEventListener("htmx:sendError", ({ detail }) => undelivered(detail));
  page.addEventListener("htmx:beforeSwap", ({ detail }) => {
    detail.shouldSwap = detail.xhr.responseText.includes(ANSWERED);
    detail.isError = !detail.shouldSwap;
    if (!detail.shouldSwap) undelivered(detail);
    hadFocus = band().contains(document.activeElement);
  });
  page.addEventListener("htmx:afterSettle", () => {
    if (hadFocus && document.activeElement === document.body) (band().querySelector(".fb [aria-pressed=true]") ?? band()).focus();
    hadFocus = false; // what had it is gone, such as an undo
  });
  for (const name of ["sent", "late"]) {
    queue.addEventListener(name, ({ detail }) => detail.path.startsWith(location.pathname) && refresh());
  }
  const mine = queue.waiting.find(({ path }) => path.startsWith(location.pathname));
  if (mine) waits(mine.path);

  function undelivered({ elt, requestConfig }) {
    const { path, verb } = requestConfig;
    if (verb !== "post") return; // what only looks is asked again by itself
    const key = elt.querySelector("[name=key]") ?? { value: newKey() }; // an undo is harmless to repeat
    queue.put({ path, key: key.value, fields: [...requestConfig.formData.entries()] });
    key.value = newKey(); // what is pressed next is another word
    waits(path);
  }

  /** Say what waits; a word that was not sent yet can be taken back, and then neither word nor undo is. */
  function waits(path) {
    if (isUndo(path)) return say(page.dataset.undoWaits);
    say(waitingWords());
    const button = Object.assign(document.createElement("button"), { type: "button", className: "btn sm" });
    button.dataset.act = "unsay";
    button.textContent = page.dataset.unsay;
    button.addEventListener("click", () => {
      queue.drop(path);
      unpress();
      say(page.dataset.unsaid);
    });
    return page.querySelector("#fb-band [data-says=feedback]")?.append(" ", button);
  }

  function unpress() {
    for (const each of page.querySelectorAll(".fb button")) mark(each, each.dataset.was === "true");
  }

  function say(words) {
    const places = page.querySelectorAll("#fb-band [data-says=feedback]");
    for (const place of places) place.textContent = words;
  }
}

function press({ elt, requestConfig }) {
  const button = requestConfig.triggeringEvent?.submitter;
  if (!button || !elt.matches(".fb")) return;
  for (const each of elt.querySelectorAll("button")) {
    each.dataset.was ??= each.getAttribute("aria-pressed"); // as the server has it
    mark(each, each === button);
  }
}

function mark(button, isOn) {
  button.classList.toggle("on", isOn);
  button.setAttribute("aria-pressed", isOn);
}

function refresh() {
  htmx.ajax("GET", location.pathname, { target: "#fb-band", select: "#fb-band", swap: "outerHTML" });
}
