// One flip at full size, both models side by side.

export class Film {
  /** Take the dialog in which it is shown. */
  constructor(dialog, step) {
    this.dialog = dialog;
    for (const [act, by] of [["back", -1], ["next", 1]]) {
      dialog.querySelector(`[data-act=${act}]`).addEventListener("click", () => step(by));
    }
  }

  get open() {
    return this.dialog.open;
  }

  show(tile) {
    const [what, film] = ["what", "film"].map((part) => this.dialog.querySelector(`[data-part=${part}]`));
    what.replaceChildren(...[...tile.querySelector(".meta").children].map((line) => line.cloneNode(true)));
    film.replaceChildren(...[...tile.querySelectorAll(".pair")].map(plain));
    if (!this.open) this.dialog.showModal();
  }
}

/** Return a copy of a tile's pictures at full size that leads nowhere. */
function plain(pair) {
  const copy = document.createElement("div");
  copy.className = pair.className;
  copy.append(...[...pair.children].map((part) => part.cloneNode(true)));
  for (const image of copy.querySelectorAll("img")) {
    image.loading = "eager";
    image.src = image.dataset.full;
  }
  return copy;
}
