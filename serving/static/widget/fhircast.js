// A FHIRcast subscriber (STU2, STU3): which study its session has open, told over the hub's WebSocket.

const EVENTS = ["ImagingStudy-open", "ImagingStudy-close", "DiagnosticReport-open", "DiagnosticReport-close"];
const UID = /^urn:oid:([0-9.]{1,64})$/;
const AGAIN = 5000; // ms until a lost hub is asked again
const EARLY = 0.8; // of a lease, when it is renewed
const LONGEST = 2 ** 31 - 1; // ms that a timer takes

export class Session {
  isLost = true; // until the line stands

  /** `card` is opened at what the hub tells; a study that the hub cannot name by its UID is none. */
  constructor({ hub, topic, token }, card) {
    Object.assign(this, { hub, topic, token, card });
    this.subscribe();
  }

  end() {
    this.isOver = true;
    clearTimeout(this.timer);
    this.socket?.close();
  }

  async subscribe() {
    try {
      const { "hub.channel.endpoint": endpoint } = await this.ask({});
      if (this.isOver) return;
      this.socket = new WebSocket(endpoint);
      this.socket.addEventListener("open", () => this.found());
      this.socket.addEventListener("message", ({ data }) => this.heard(JSON.parse(data), endpoint));
      this.socket.addEventListener("close", () => this.lost());
    } catch {
      this.lost();
    }
  }

  /** Ask the hub for the events; with the endpoint of a subscription, to renew that. */
  async ask(more) {
    const asked = { "hub.mode": "subscribe", "hub.channel.type": "websocket", "hub.topic": this.topic };
    const body = new URLSearchParams({ ...asked, "hub.events": EVENTS, "subscriber.name": "Overread", ...more });
    const headers = this.token ? { Authorization: `Bearer ${this.token}` } : {};
    const answer = await fetch(this.hub, { method: "POST", headers, body, credentials: "omit" });
    if (!answer.ok) throw new Error(`the hub answered ${answer.status}`);
    return answer.json();
  }

  heard(said, endpoint) {
    const lease = Number(said["hub.lease_seconds"]);
    if (lease > 0) this.later(Math.min(lease * 1000 * EARLY, LONGEST), () => this.renew(endpoint));
    if (said["hub.mode"] === "denied") this.socket.close();
    if (!said.event) return;
    this.socket.send(JSON.stringify({ id: said.id, status: "200" }));
    this.follow(said.event);
  }

  follow({ "hub.event": name, context }) {
    if (!EVENTS.some((each) => each.toLowerCase() === name.toLowerCase())) return;
    const study = context.map(({ resource }) => resource).find((each) => each?.resourceType === "ImagingStudy");
    const uid = (study?.identifier ?? []).map(({ value }) => UID.exec(value)?.[1]).find(Boolean) ?? "";
    const isOpen = name.toLowerCase().endsWith("-open");
    if (isOpen) this.card.open(uid);
    else if (!uid || uid === this.card.uid) this.card.open("");
  }

  renew(endpoint) {
    this.ask({ "hub.channel.endpoint": endpoint }).catch(() => this.socket.close());
  }

  found() {
    this.isLost = false;
    this.card.draw();
  }

  lost() {
    if (this.isOver) return;
    this.isLost = true;
    this.card.draw();
    this.later(AGAIN, () => this.subscribe());
  }

  later(pause, act) {
    clearTimeout(this.timer);
    this.timer = setTimeout(act, pause);
  }
}
