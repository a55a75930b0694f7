// The element <overread-feedback>: what one reader is shown of the study that is open in a foreign page.

import { newKey, Queue } from "../feedback/queue.js";
import { Face } from "./face.js";
import { Session } from "./fhircast.js";
import { Hook } from "./hook.js";
import { feedbackOf, isPassing, pageOf, Server } from "./server.js";
import { AGAIN, fieldsOf, trouble, viewOf } from "./views.js";

const LANGUAGES = ["zh", "en"];
const FOLLOWED = ["hub", "topic", "hub-token", "context"];

export class FeedbackCard extends HTMLElement {
  static observedAttributes = ["token", "study", "accession", "lang", ...FOLLOWED];

  view = { kind: "loading" };
  note = ""; // key of the words on what was done last

  constructor() {
    super();
    this.attachShadow({ mode: "open" });
    this.onLine = () => (this.view.kind === "no_line" ? this.load() : this.draw());
  }

  connectedCallback() {
    for (const name of ["online", "offline"]) addEventListener(name, this.onLine);
    this.signIn();
    this.follow();
  }

  disconnectedCallback() {
    for (const name of ["online", "offline"]) removeEventListener(name, this.onLine);
    for (const timer of [this.retry, this.tick]) clearTimeout(timer);
    this.turn = null;
    this.leader?.end();
  }

  attributeChangedCallback(name) {
    if (!this.isConnected || !this.server) return; // what stands in the page's source comes before connecting
    if (name === "token") this.signIn();
    else if (name === "study") this.turnTo();
    else if (FOLLOWED.includes(name)) this.follow();
    else this.draw();
  }

  /** Show a study; `accession` is what the foreign page calls it, and is only shown. */
  open(uid, accession = "") {
    this.setAttribute("accession", accession);
    this.setAttribute("study", uid);
  }

  get uid() {
    return this.getAttribute("study") ?? "";
  }

  get language() {
    const wanted = this.getAttribute("lang") || this.reader?.language || document.documentElement.lang;
    return LANGUAGES.find((each) => wanted.startsWith(each)) ?? LANGUAGES[0];
  }

  signIn() {
    this.server = new Server(this.getAttribute("token"));
    this.reader = null; // until the server says who: nobody's press goes out under another's name
    this.load();
  }

  /** Follow a FHIRcast session, or what is told to the server, or nobody: then the page says what is open. */
  follow() {
    this.leader?.end();
    const [hub, topic, token, context] = FOLLOWED.map((name) => this.getAttribute(name));
    this.leader = null;
    if (hub && topic) this.leader = new Session({ hub, topic, token }, this);
    else if (context === "overread") this.leader = new Hook(this);
    this.draw();
  }

  turnTo() {
    this.note = "";
    this.view = { kind: this.uid ? "loading" : "idle" };
    this.draw();
    this.load();
  }

  /** Look again at the study that is open; of two looks at once the later one counts. */
  async load() {
    clearTimeout(this.retry);
    const turn = (this.turn = {});
    const view = await this.look();
    if (turn !== this.turn) return;
    this.view = view;
    this.draw();
    if (AGAIN[view.kind]) this.retry = setTimeout(() => this.load(), AGAIN[view.kind]);
    if (view.kind === "ended") this.tell("overread-signed-out", {});
  }

  async look() {
    const { server, uid } = this;
    if (!server.token) return { kind: "ended" };
    if (!this.reader) {
      const { status, said } = await server.me();
      if (status !== 200) return trouble(status, said);
      if (server === this.server) this.knows(said);
    }
    if (!uid) return { kind: "idle" };
    const { status, said } = await server.card(uid);
    return viewOf(status, said);
  }

  knows(me) {
    this.reader = me;
    if (this.queue?.person !== me.name) {
      this.queue = new Queue(me.name, (press) => this.deliver(press), "overread.widget.waiting");
      for (const kind of ["changed", "sent", "refused"]) this.queue.addEventListener(kind, (told) => this.heard(told));
    }
    this.queue.send();
  }

  async deliver(press) {
    if (press.by !== this.reader?.name) return "waiting";
    const { status, said } = await this.server.give(press);
    if (status === 401) this.load();
    if (status === 201) return "sent";
    return isPassing(status, said) ? "waiting" : "refused";
  }

  heard({ type, detail }) {
    if (type === "sent") this.tell("overread-feedback", { key: detail.key });
    if (detail?.path === feedbackOf(this.uid)) {
      this.note = type === "refused" ? "widget.refused" : "";
      if (type === "sent") this.view = { ...this.view, own: { feedback: Object.fromEntries(detail.fields) }, undoUntil: 0 };
      this.load();
    }
    this.draw();
  }

  async press(verdict) {
    const { prediction } = this.view;
    if (!prediction || !this.reader || this.word.own === verdict) return;
    this.note = "";
    this.queue.put({ path: feedbackOf(this.uid), key: newKey(), fields: fieldsOf(verdict, prediction.label) });
    const sending = this.queue.send();
    this.draw();
    await sending;
    this.draw();
  }

  async undo() {
    const { uid, view } = this;
    const { status } = await this.server.takeBack(uid, view.own.feedback.id);
    if (uid !== this.uid) return;
    this.note = { 204: "widget.undone", 0: "queue.no_line" }[status] ?? "";
    this.load();
  }

  /** What this reader says of the study: pressed and on its way, or recorded, with the seconds to undo. */
  get word() {
    const onItsWay = this.queue?.waiting.filter(({ path }) => path === feedbackOf(this.uid)).pop();
    if (onItsWay) return { own: onItsWay.fields[0][1], isSending: this.queue.isSending, seconds: 0 };
    const { own, undoUntil } = this.view;
    if (!own) return { own: null, seconds: 0 };
    const seconds = Math.max(Math.ceil((undoUntil - performance.now()) / 1000), 0);
    return { own: own.feedback.verdict, feedback: own.feedback, seconds };
  }

  draw() {
    clearTimeout(this.tick);
    if (this.face?.language !== this.language) this.face = new Face(this.shadowRoot, this.language, this);
    const { view, word, note, uid } = this;
    this.face.draw({
      view,
      word,
      note,
      waiting: this.queue?.isSending ? 0 : (this.queue?.waiting.length ?? 0),
      isLost: this.leader?.isLost ?? false,
      maySpeak: this.reader?.may.includes("give-feedback") ?? false,
      name: uid && (this.getAttribute("accession") || uid),
      href: uid && pageOf(uid),
    });
    if (word.seconds) this.tick = setTimeout(() => this.draw(), 1000);
  }

  tell(kind, detail) {
    this.dispatchEvent(new CustomEvent(kind, { detail, bubbles: true, composed: true }));
  }
}
