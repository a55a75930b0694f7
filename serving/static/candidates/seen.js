// Which flips a reviewer has looked at: in view for two seconds with its pictures there, or opened.

const LOOK = 2000; // milliseconds
const GATHER = 500;
const MOST = 200; // in one request
const WHOLE = 0.8; // of a tile, to be in view

export class Seen {
  /** Take the form that tells the server; its answer is how many flips were seen, in words. */
  constructor(form) {
    this.form = form;
    this.looks = new Map();
    this.waiting = new Set();
    form.querySelector("[data-part=by-hand]").hidden = true;
    addEventListener("pagehide", () => this.send());
  }

  watch(tiles) {
    const seen = (entries) => entries.forEach(({ target, intersectionRatio }) => this.inView(target, intersectionRatio >= WHOLE));
    const watcher = new IntersectionObserver(seen, { threshold: [0, WHOLE] });
    for (const tile of tiles) if (!tile.matches(".seen")) watcher.observe(tile);
  }

  inView(tile, whole) {
    clearTimeout(this.looks.get(tile));
    if (whole) this.looks.set(tile, setTimeout(() => this.looked(tile), LOOK));
  }

  looked(tile) {
    const there = [...tile.querySelectorAll("img")].every((image) => image.complete && image.naturalWidth);
    if (there && document.visibilityState === "visible") this.mark(tile);
    else this.inView(tile, true);
  }

  mark(tile) {
    if (tile.matches(".seen") || this.waiting.has(tile)) return;
    this.waiting.add(tile);
    clearTimeout(this.soon);
    this.soon = setTimeout(() => this.send(), GATHER);
  }

  /** Tell the server; what it does not take is told again with the next one. */
  async send() {
    const tiles = [...this.waiting].slice(0, MOST);
    if (!tiles.length) return;
    const fields = [["csrf_token", this.form.csrf_token.value], ...tiles.map((tile) => ["study", tile.dataset.study])];
    const sent = { method: "POST", body: new URLSearchParams(fields), headers: { "HX-Request": "true" }, keepalive: true };
    const answer = await fetch(this.form.action, sent).catch(() => null);
    if (!answer?.ok || answer.redirected) return;
    const words = await answer.text();
    for (const tile of tiles) this.waiting.delete(tile);
    for (const tile of tiles) tile.classList.add("seen");
    for (const place of document.querySelectorAll("[data-says=seen]")) place.textContent = words;
    if (this.waiting.size) this.send();
  }
}
