// The line to the server: what has come and what has changed, told in order from a place in its record.

const QUIET = 5000; // ms without a line before it is called lost: a short break is nobody's concern
const AGAIN = 10000; // ms until a refused line is tried again
const SILENCE = 12000; // ms: the server beats every 5 s, and a line may die without a word

/** Tells "news", "locks", "lost" and "found"; closed while nobody looks, for a browser has few lines to one server. */
export class Line extends EventTarget {
  constructor(place) {
    super();
    this.place = Number(place);
    document.addEventListener("visibilitychange", () => (document.hidden ? this.close() : this.open()));
    addEventListener("offline", () => this.cut());
    addEventListener("online", () => this.open());
    addEventListener("pagehide", () => this.close());
    addEventListener("pageshow", ({ persisted }) => persisted && this.open());
    this.open();
  }

  open() {
    if (document.hidden || (this.source && this.source.readyState !== EventSource.CLOSED)) return;
    this.source = new EventSource(`/events?after=${this.place}`);
    this.source.addEventListener("open", () => this.found());
    this.source.addEventListener("error", () => this.broken());
    this.source.addEventListener("beat", () => this.heard());
    this.source.addEventListener("locks", ({ data }) => {
      this.heard();
      this.dispatchEvent(new CustomEvent("locks", { detail: JSON.parse(data) }));
    });
    this.source.addEventListener("news", ({ lastEventId, data }) => {
      this.heard();
      this.place = Number(lastEventId);
      this.dispatchEvent(new CustomEvent("news", { detail: JSON.parse(data) }));
    });
  }

  close() {
    for (const timer of [this.losing, this.trying, this.waiting]) clearTimeout(timer);
    this.losing = undefined;
    this.source?.close();
  }

  cut() {
    if (!this.source) return;
    this.source.close();
    this.broken();
  }

  heard() {
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => {
      this.cut();
      this.open();
    }, SILENCE);
  }

  found() {
    this.heard();
    clearTimeout(this.losing);
    this.losing = undefined;
    this.dispatchEvent(new Event("found"));
  }

  broken() {
    clearTimeout(this.waiting);
    this.losing ??= setTimeout(() => this.dispatchEvent(new Event("lost")), QUIET);
    if (this.source.readyState !== EventSource.CLOSED) return; // the browser comes again by itself
    clearTimeout(this.trying);
    this.trying = setTimeout(() => this.open(), AGAIN);
  }
}
