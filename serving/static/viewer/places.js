// G, then a letter: from any page to another one that its reader may open.

import { typing, wanted } from "./keys.js";

const PAUSE = 1500; // ms in which the second key is awaited
const places = document.querySelector("#places").dataset;
let until = 0;

document.addEventListener("keydown", lead, { capture: true }); // before the page's own keys

function lead(event) {
  const { key, target, ctrlKey, altKey, metaKey, timeStamp } = event;
  if (typing(target) || !wanted() || ctrlKey || altKey || metaKey) return;
  if (timeStamp < until) {
    until = 0;
    event.stopImmediatePropagation();
    event.preventDefault();
    const address = places[key.toLowerCase()];
    if (address) location.assign(address);
  } else if (key.toLowerCase() === "g") {
    until = timeStamp + PAUSE;
    event.preventDefault();
  }
}
