// The flips, one after the other.

export class Tiles {
  /** Take the part of the page that holds them; further ones are behind its link. */
  constructor(place) {
    this.place = place;
    this.all = [...place.querySelectorAll(".tiles .tile")];
  }

  get chosen() {
    return this.all.find((tile) => tile.ariaCurrent === "true") ?? null;
  }

  /** Choose the next or the one before; past the last one, go on to those that are not shown yet. */
  move(by) {
    const at = this.chosen ? this.all.indexOf(this.chosen) + by : 0;
    if (at >= this.all.length) return this.beyond();
    return at < 0 ? false : this.choose(this.all[at]);
  }

  choose(tile) {
    if (this.chosen) this.chosen.ariaCurrent = null;
    tile.ariaCurrent = "true";
    tile.focus({ preventScroll: true });
    tile.scrollIntoView({ block: "center" });
    return tile;
  }

  beyond() {
    const more = this.place.querySelector("[data-part=more]");
    if (more === null) return false;
    const number = Number(this.all.at(-1).id.replace("flip-", ""));
    location.assign(`${more.search}#flip-${number + 1}`);
    return true;
  }
}
