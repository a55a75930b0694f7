// The corner of every page says what waits to be sent, and sends it wherever its reader goes on.

import { Queue } from "./queue.js";

const here = new URL(document.querySelector("#language [name=back]").value, location.href);
if (here.pathname !== location.pathname) history.replaceState(history.state, "", here); // a form was refused: its page is meant
const place = document.querySelector("#waiting");
const csrf = document.querySelector("[name=csrf_token]").value;
export const queue = new Queue(place.dataset.person, deliver);

/** Say whether an address takes feedback back. */
export function isUndo(path) {
  return path.endsWith("/undo");
}

/** Return how many presses wait, in words. */
export function waitingWords() {
  const count = queue.waiting.length;
  return count === 1 ? place.dataset.one : place.dataset.many.replace("{n}", count);
}

queue.addEventListener("changed", () => show(queue.waiting.length ? waitingWords() : ""));
queue.addEventListener("sent", () => queue.waiting.length === 0 && show(place.dataset.sent, "on"));
queue.addEventListener("late", () => show(place.dataset.late));
queue.addEventListener("refused", () => show(place.dataset.refused));
document.querySelector("[aria-invalid=true]")?.focus(); // of a refused form, also where its address leads past it
if (queue.waiting.length) {
  queue.changed();
  queue.send();
}

async function deliver({ path, fields }) {
  const body = new URLSearchParams(fields);
  body.set("csrf_token", csrf); // a later sign-in has another one
  try {
    const answer = await fetch(path, { method: "POST", body });
    if (answer.ok) return new URL(answer.url).pathname === "/login" ? "waiting" : "sent";
    if ([401, 403, 429].includes(answer.status) || answer.status >= 500) return "waiting";
    return isUndo(path) && answer.status === 409 ? "late" : "refused";
  } catch {
    return "waiting";
  }
}

function show(words, on = "off") {
  place.hidden = !words;
  place.classList.toggle("off", on === "off");
  place.lastElementChild.textContent = words;
}
