// Feedback that could not be sent waits in this browser, with the key that makes sending it again harmless.

const FIRST = 5000; // ms until the next try; doubled up to LAST while the line stays away
const LAST = 60000;

/**
 * Presses of one person, in the order they were made; tells "changed", and of each what became of it.
 * `deliver` sends one and says "sent", "refused" for good, or "waiting" for the line, the server or a session.
 */
export class Queue extends EventTarget {
  constructor(person, deliver, place = "overread.waiting") {
    super();
    Object.assign(this, { person, deliver, place, pause: FIRST, isSending: false });
    addEventListener("online", () => this.send());
    addEventListener("storage", ({ key }) => key === place && this.changed());
  }

  get waiting() {
    return this.all().filter(({ by }) => by === this.person);
  }

  /** Keep a press; a second one like the last of its study is the other half of a double click. */
  put(press) {
    const last = this.waiting.filter(({ path }) => path === press.path).pop();
    if (last && said(last) === said(press)) return;
    this.keep([...this.all(), { ...press, by: this.person }]);
    this.changed();
    this.later();
  }

  /** Take back what still waits at an address; what is on its way is shown once it is recorded. */
  drop(path) {
    this.keep(this.all().filter((press) => press.by !== this.person || press.path !== path));
    this.changed();
  }

  async send() {
    if (this.isSending) return;
    this.isSending = true;
    clearTimeout(this.timer);
    try {
      for (let press = this.waiting[0]; press; press = this.waiting[0]) {
        const outcome = await this.deliver(press);
        if (outcome === "waiting") return this.later();
        this.keep(this.all().filter(({ key }) => key !== press.key));
        this.pause = FIRST;
        this.changed();
        this.dispatchEvent(new CustomEvent(outcome, { detail: press }));
      }
    } finally {
      this.isSending = false;
    }
  }

  later() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.send(), this.pause);
    this.pause = Math.min(this.pause * 2, LAST);
  }

  changed() {
    this.dispatchEvent(new Event("changed"));
  }

  all() {
    return JSON.parse(localStorage.getItem(this.place) ?? "[]");
  }

  keep(presses) {
    localStorage.setItem(this.place, JSON.stringify(presses));
  }
}

/** Return a new key; `crypto.randomUUID` would ask for HTTPS. */
export function newKey() {
  const bytes = [...crypto.getRandomValues(new Uint8Array(16))];
  return bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function said({ fields }) {
  return JSON.stringify(fields.filter(([name]) => !["key", "csrf_token"].includes(name)));
}
