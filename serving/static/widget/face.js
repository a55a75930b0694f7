// How the card looks: built once, so that nothing moves under the mouse and no focus is lost.

import { element, gauge, icon } from "./elements.js";
import { STYLE, WORDS } from "./furnishing.js";

const SHEET = new CSSStyleSheet();
SHEET.replaceSync(STYLE);
const LONGEST = 20; // characters of a name
const ICONS = { excluded: "slash", quarantined: "held", blinded: "slash", call_first: "slash", ended: "slash", forbidden: "slash" };

export class Face {
  constructor(root, language, card) {
    this.language = language;
    this.words = WORDS[language];
    this.name = element("span", { class: "mono hint name" });
    this.line = element("span", { class: "live", role: "status" }, element("i"), element("span"));
    this.call = element("div", { class: "call" });
    this.more = element("div", { class: "more" });
    this.yes = this.button("agree", "yes", "tick", card);
    this.no = this.button("disagree", "no", "cross", card);
    this.pair = element("div", { class: "fb" }, this.yes, this.no);
    this.said = element("span", { class: "grow", role: "status" });
    this.back = element("button", { class: "btn sm", type: "button" }, icon("undo", "s"), element("span"));
    this.back.addEventListener("click", () => this.takeBack(card));
    this.toast = element("div", { class: "said" }, this.said, this.back);
    this.link = element("a", { target: "_blank", rel: "noopener" }, this.t("widget.open"), " ", icon("out", "s"));
    root.adoptedStyleSheets = [SHEET];
    root.replaceChildren(this.frame());
  }

  frame() {
    const brand = element("b", { class: "brand" }, icon("mark", "l"), "Overread");
    const head = element("header", {}, brand, this.name, this.line);
    this.foot = element("footer");
    const body = element("div", { class: "body" }, this.call, this.more, this.pair, this.toast, this.foot);
    const lang = { zh: "zh-CN", en: "en" }[this.language];
    return element("section", { class: "card", lang, "aria-label": this.t("widget.label") }, head, body);
  }

  button(verdict, look, sign, card) {
    const made = element("button", { class: `btn ${look}`, type: "button" }, icon(sign), this.t(`verdict.${verdict}`));
    made.addEventListener("click", () => card.press(verdict));
    return made;
  }

  takeBack(card) {
    this.yes.focus({ preventScroll: true }); // the button that has focus goes
    this.back.hidden = true; // until it is drawn again: once is enough
    card.undo();
  }

  /** Return the words of a key with facts put in. */
  t(key, facts = {}) {
    return (this.words[key] ?? key).replace(/\{(\w+)\}/g, (_whole, name) => facts[name]);
  }

  draw(shown) {
    const { view, name, href, maySpeak } = shown;
    put(this.name, name.length > LONGEST ? `…${name.slice(1 - LONGEST)}` : name); // UIDs differ at their ends
    this.name.title = name;
    this.drawLine(shown);
    if (view !== this.drawn) this.drawView(view);
    this.pair.classList.toggle("silent", !maySpeak);
    this.drawWord(shown);
    this.link.hidden = !href || ["unknown", "ended", "forbidden"].includes(view.kind);
    if (href) this.link.href = href;
  }

  drawView(view) {
    const answered = view.kind === "result";
    this.drawn = view;
    this.call.replaceChildren(...(answered ? this.answer(view) : this.state(view)));
    this.more.replaceChildren(...(answered ? [this.near(view) ?? this.made(view)] : this.what(view)));
    this.pair.hidden = this.toast.hidden = !answered;
    this.foot.replaceChildren(...(answered && view.near !== null ? [this.made(view)] : []), this.link);
  }

  drawLine({ view, waiting, isLost }) {
    const away = { ended: "widget.signed_out", no_line: "live.off", busy: "live.off", forbidden: "widget.signed_out" };
    let key = away[view.kind] ?? (navigator.onLine ? "widget.live" : "live.off");
    if (isLost && key === "widget.live") key = "widget.lost";
    const words = waiting ? this.t("widget.kept", { n: waiting }) : this.t(key);
    put(this.line.lastElementChild, view.kind === "loading" ? this.t("widget.loading") : words);
    this.line.classList.toggle("off", waiting > 0 || key !== "widget.live");
  }

  answer({ prediction: { label, probability, threshold } }) {
    const look = label === "has_finding" ? "finding" : "clear";
    const facts = { probability: decimal(probability), threshold: decimal(threshold) };
    const bar = gauge(probability, threshold, this.t("reading.meter", facts));
    const meter = element("span", { class: `meter ${look}` }, bar, element("b", {}, facts.probability));
    return [element("span", { class: `big ${look}` }, icon(look, "l"), this.t(`label.${label}`)), meter];
  }

  /** Return by how little the threshold is missed; null where it is not little. */
  near({ near, prediction: { label } }) {
    if (near === null) return null;
    const side = label === "has_finding" ? "reading.near_above" : "reading.near_below";
    return element("span", { class: "badge unsure" }, icon("near", "s"), this.t(side, { by: decimal(near) }));
  }

  made({ prediction: { model, threshold } }) {
    const facts = { version: model.version, threshold: decimal(threshold) };
    return element("span", { class: "hint" }, this.t("reading.model", facts));
  }

  state({ kind }) {
    const key = { waiting: "label.waiting", excluded: "label.not_scored", quarantined: "state.quarantined" }[kind];
    const look = kind === "quarantined" ? "bad" : "sub";
    return [element("span", { class: `big ${look}` }, icon(ICONS[kind] ?? "clock", "l"), this.t(key ?? `widget.${kind}`))];
  }

  what({ kind, reasons = [] }) {
    const text = kind === "loading" ? "" : this.t(`widget.${kind}_do`);
    const why = reasons.map((reason) => element("li", {}, element("code", {}, reason.code), " ", this.why(reason)));
    return [element("p", { class: "sub" }, text), element("ul", { class: "reasons" }, ...why)];
  }

  why({ code }) {
    const rule = `rule.${code.split("_", 1)[0]}`;
    if (rule in this.words) return this.t("reading.not_met", { rule: this.t(rule) });
    return this.words[`set_aside.${code}`] ?? this.t("reading.set_aside_by_system");
  }

  drawWord({ word, note, waiting, maySpeak }) {
    for (const [button, verdict] of [[this.yes, "agree"], [this.no, "disagree"]]) {
      button.classList.toggle("on", word.own === verdict);
      button.setAttribute("aria-pressed", word.own === verdict);
    }
    put(this.said, maySpeak ? this.spoken(word, note, waiting) : this.t("widget.not_yours"));
    this.toast.classList.toggle("on", word.own !== null);
    this.back.hidden = word.seconds === 0;
    put(this.back.lastElementChild, this.t("widget.undo", { seconds: word.seconds }));
    this.toast.style.setProperty("--left", `${(word.seconds / 60) * 100}%`);
  }

  spoken({ own, feedback, isSending }, note, waiting) {
    if (note) return this.t(note);
    if (own === null) return this.t("widget.hint");
    if (isSending) return this.t("widget.sending");
    if (!feedback) return waiting === 1 ? this.t("queue.one") : this.t("queue.many", { n: waiting });
    const parts = [`verdict.${feedback.verdict}`, feedback.kind && `kind.${feedback.kind}`].filter(Boolean);
    return this.t("widget.recorded", { what: parts.map((key) => this.t(key)).join(this.t("list.comma")) });
  }
}

function decimal(number) {
  return number.toFixed(2);
}

/** Change words only where they differ, so that a screen reader is not told them again. */
function put(place, words) {
  if (place.textContent !== words) place.textContent = words;
}
