// The review: sections and flips by key, what was looked at, and the printed record. No key signs.

import { bindKeys, help, wanted } from "../viewer/keys.js";
import { Film } from "./film.js";
import { Heats } from "./heat.js";
import { Seen } from "./seen.js";
import { Tiles } from "./tiles.js";

const flips = document.querySelector("#flips");
const acts = { "?": help };
for (const link of document.querySelectorAll("[data-key]")) acts[link.dataset.key] = () => link.click();
if (flips.querySelector(".tiles")) begin();
bindKeys(acts);

const button = document.querySelector("[data-act=help]");
button.hidden = false;
button.addEventListener("click", help);
if (new URLSearchParams(location.search).has("print")) printRecord();

function begin() {
  const tiles = new Tiles(flips);
  const heats = new Heats(flips, flips.querySelector("[data-part=heat]"));
  const form = flips.querySelector("[data-part=seen]");
  const seen = form && new Seen(form);
  const dialog = flips.querySelector("dialog");
  const film = new Film(dialog, (by) => step(by));
  seen?.watch(tiles.all);

  Object.assign(acts, { j: () => step(1), k: () => step(-1), h: () => heats.next(), enter: () => open(focused()) });
  dialog.addEventListener("close", () => tiles.chosen.focus());
  dialog.addEventListener("keydown", (event) => {
    const act = { j: acts.j, k: acts.k, h: acts.h, arrowright: acts.j, arrowleft: acts.k }[event.key.toLowerCase()];
    if (act && wanted()) act();
  });
  for (const tile of tiles.all) {
    tile.querySelector("a.pair").addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      open(tiles.choose(tile));
    });
  }
  const asked = tiles.all.find((tile) => `#${tile.id}` === location.hash);
  if (asked) tiles.choose(asked);

  function step(by) {
    const tile = tiles.move(by);
    if (film.open && tile instanceof Element) open(tile);
    return tile !== false;
  }

  function focused() {
    return document.activeElement.matches("#flips .tiles .tile") ? document.activeElement : null;
  }

  function open(tile) {
    if (tile === null) return false;
    film.show(tile);
    seen?.mark(tile);
    return true;
  }
}

/** Print the record once every picture is there. */
async function printRecord() {
  const images = [...document.querySelectorAll("img")];
  for (const image of images) image.loading = "eager";
  await Promise.allSettled(images.map((image) => image.decode()));
  window.print();
}
