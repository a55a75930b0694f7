// Feedback that could not be sent waits in this browser, with the key that makes sending it again harmless.

const PLACE = "overread.waiting";
const FIRST = 5000; // ms until the next try; doubled up to LAST while the line stays away
const LAST = 60000;

/** Presses of one person, in the order they were made; tells "changed", "sent" and "refused". */
export class Queue extends EventTarget {
  constructor(person, csrf) {
    super();
    Object.assign(this, { person, csrf, pause: FIRST, isSending: false });
    addEventListener("online", () => this.send());
    addEventListener("storage", ({ key }) => key === PLACE && this.changed());
  }

  get waiting() {
    return all().filter(({ by }) => by === this.person);
  }

  /** Keep a press; a second one like the last of its study is the other half of a double click. */
  put(press) {
    const last = this.waiting.filter(({ path }) => path === press.path).pop();
    if (last && said(last) === said(press)) return;
    keep([...all(), { ...press, by: this.person }]);
    this.changed();
    this.later();
  }

  async send() {
    if (this.isSending) return;
    this.isSending = true;
    clearTimeout(this.timer);
    try {
      for (const press of this.waiting) {
        const outcome = await this.outcome(press);
        if (outcome === "waiting") return this.later();
        keep(all().filter(({ key }) => key !== press.key));
        this.pause = FIRST;
        this.changed();
        this.dispatchEvent(new CustomEvent(outcome, { detail: press }));
      }
    } finally {
      this.isSending = false;
    }
  }

  /** Send one press: "sent", "refused" for good, or "waiting" for the line, the server or a session. */
  async outcome({ path, fields }) {
    const body = new URLSearchParams(fields);
    body.set("csrf_token", this.csrf); // a later sign-in has another one
    try {
      const answer = await fetch(path, { method: "POST", body });
      if (answer.ok) return new URL(answer.url).pathname === "/login" ? "waiting" : "sent";
      return [401, 403, 429].includes(answer.status) || answer.status >= 500 ? "waiting" : "refused";
    } catch {
      return "waiting";
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
}

/** Return a new key; `crypto.randomUUID` would ask for HTTPS. */
export function newKey() {
  const bytes = [...crypto.getRandomValues(new Uint8Array(16))];
  return bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function all() {
  return JSON.parse(localStorage.getItem(PLACE) ?? "[]");
}

function keep(presses) {
  localStorage.setItem(PLACE, JSON.stringify(presses));
}

function said({ fields }) {
  return JSON.stringify(fields.filter(([name]) => !["key", "csrf_token"].includes(name)));
}
