// The feedback buttons of the reading page: a press shows at once, and waits here where it cannot be sent.

import { queue, waitingWords } from "./corner.js";
import { newKey } from "./queue.js";

const ANSWERED = 'id="fb-band"'; // a recorded press and a refused one; no sign-in page, no busy server

/** Watch the forms of a page that htmx sends; `noLine` is said where a press cannot wait. */
export function bindPresses(page, noLine) {
  page.addEventListener("htmx:beforeRequest", ({ detail }) => press(detail));
  page.addEventListener("htmx:sendError", ({ detail }) => undelivered(detail));
  page.addEventListener("htmx:beforeSwap", ({ detail }) => {
    detail.shouldSwap = detail.xhr.responseText.includes(ANSWERED);
    detail.isError = !detail.shouldSwap;
    if (!detail.shouldSwap) undelivered(detail);
  });
  queue.addEventListener("sent", ({ detail }) => detail.path.startsWith(location.pathname) && refresh());
  if (queue.waiting.some(({ path }) => path.startsWith(location.pathname))) say(waitingWords());

  function undelivered({ elt, requestConfig }) {
    const key = elt.querySelector("[name=key]");
    if (key === null) return say(noLine);
    const fields = [...requestConfig.formData.entries()];
    queue.put({ path: requestConfig.path, key: key.value, fields });
    key.value = newKey(); // what is pressed next is another word
    return say(waitingWords());
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
    each.classList.toggle("on", each === button);
    each.setAttribute("aria-pressed", each === button);
  }
}

function refresh() {
  htmx.ajax("GET", location.pathname, { target: "#fb-band", select: "#fb-band", swap: "outerHTML" });
}
