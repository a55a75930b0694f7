// Tells the server that this study is being read here, and shows who reads it; leaving the page ends it.

/** Keep the lock of a page's study for as long as the page is open. */
export class Lock {
  constructor(place) {
    this.place = place;
    this.shown = place.innerHTML;
    this.address = `${location.pathname}/lock`;
    addEventListener("pagehide", () => this.leave());
    addEventListener("pageshow", ({ persisted }) => persisted && this.begin());
    document.addEventListener("visibilitychange", () => document.hidden || this.beat());
  }

  begin() {
    this.timer = setInterval(() => this.beat(), this.place.dataset.beat * 1000);
    return this.beat();
  }

  /** Say that the page is open; without an answer what was shown stands. */
  async beat() {
    const answer = await fetch(this.address, { method: "POST", body: this.body }).catch(() => null);
    if (!answer?.ok || answer.redirected) return;
    const says = await answer.text();
    if (says === this.shown) return; // whoever is about to press its button keeps it
    this.place.innerHTML = this.shown = says;
    htmx.process(this.place);
  }

  leave() {
    clearInterval(this.timer);
    navigator.sendBeacon(`${this.address}/leave`, this.body);
  }

  get body() {
    const { page, csrf } = this.place.dataset;
    return new URLSearchParams({ csrf_token: csrf, page });
  }
}
