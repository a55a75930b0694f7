// The draft of a report saves itself; whatever cannot be saved stays in this window, and says so.

import { Kept, fieldsOf, fill, isSame, reportOf } from "./kept.js";

const PAUSE = 800; // ms after the last input
const FIRST = 5000; // ms until the next try; doubled up to LAST while the line stays away
const LAST = 60000;

export class Draft {
  constructor(form) {
    const { uid, person } = form.dataset;
    Object.assign(this, { form, kept: new Kept(person, uid), again: FIRST });
    this.address = `/api/v1/studies/${uid}/report`;
    this.place = form.querySelector("[data-says=draft]");
    this.stale = `/studies/${uid}/report/kept`;
    form.addEventListener("input", () => this.touched());
    form.addEventListener("submit", (event) => this.submit(event));
    for (const link of form.querySelectorAll("a[href*='?report=']")) {
      link.addEventListener("click", (event) => this.startAgain(event, link));
    }
    addEventListener("online", () => this.save());
    addEventListener("pagehide", () => this.flush());
    document.addEventListener("visibilitychange", () => document.hidden && this.save());
  }

  /** Take up what an earlier visit could not save, and what the server has just refused. */
  begin() {
    const before = this.kept.get();
    if (this.form.querySelector("[role=alert]")) {
      this.isWaiting = this.form.querySelector(".kept") !== null;
      this.bindChoice();
      return this.touched();
    }
    if (before === null) return undefined;
    if (said(before.fields) === said(fieldsOf(this.form))) return this.kept.clear();
    fill(this.form, before.fields);
    this.say(this.place.dataset.restored);
    if (before.etag === this.etag.value) return this.touched();
    this.isDirty = true;
    return this.conflict();
  }

  get etag() {
    return this.form.elements.etag;
  }

  touched() {
    this.isDirty = true;
    this.keep();
    this.later(PAUSE);
  }

  /** Keep what is typed with the version it builds on: none while the reader has not chosen between two. */
  keep(more = {}) {
    this.kept.put({ etag: this.isWaiting ? "" : this.etag.value, fields: fieldsOf(this.form), ...more });
  }

  later(pause) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), pause);
  }

  /** Save now; a save on its way is waited for, for its answer names the version to build on. */
  async save() {
    clearTimeout(this.timer);
    await this.saving;
    if (!this.isDirty || this.isWaiting) return;
    const report = reportOf(this.form);
    if (report === null) return this.say(this.place.dataset.choose);
    const long = [...this.form.elements].find(({ maxLength, value }) => maxLength > 0 && value.length > maxLength);
    if (long) return this.say(filled(this.place.dataset.long, { n: long.value.length, most: long.maxLength }));
    this.saving = this.send(report, said(fieldsOf(this.form)));
    await this.saving;
  }

  async send(report, sent) {
    this.say(this.place.dataset.saving);
    const answer = await this.put(report).catch(() => null);
    if (answer?.ok) return this.saved(answer, await answer.json(), sent);
    const problem = answer === null ? {} : await answer.json().catch(() => ({}));
    const { dataset } = this.place;
    if (problem.code === "already-signed" || answer?.status === 412) return this.compare(report, sent);
    if ([401, 403].includes(answer?.status)) return this.say(dataset.signedOut, { signIn: true });
    if (answer !== null && answer.status < 500 && answer.status !== 429) {
      return this.say(filled(dataset.refused, { why: problem.detail }));
    }
    this.later(this.again);
    this.again = Math.min(this.again * 2, LAST);
    return this.say(dataset.offline);
  }

  put(report, more = {}) {
    const headers = {
      "Content-Type": "application/json",
      "If-Match": this.etag.value,
      "X-CSRF-Token": this.form.elements.csrf_token.value,
    };
    return fetch(this.address, { method: "PUT", headers, body: JSON.stringify(report), ...more });
  }

  saved(answer, { version }, sent) {
    this.etag.value = answer.headers.get("ETag");
    this.again = FIRST;
    keepAddress();
    this.isDirty = said(fieldsOf(this.form)) !== sent;
    if (this.isDirty) this.touched();
    else this.kept.clear();
    this.say(filled(this.place.dataset.saved, { at: clock(new Date()), n: version }));
  }

  /** Find out whether the other version is one's own, whose answer was lost with the line or the page. */
  async compare(report, sent) {
    const answer = await fetch(this.address).catch(() => null);
    const theirs = answer?.ok ? await answer.json() : null;
    const isOurs = theirs !== null && theirs.status === "draft" && isSame(report, theirs);
    return isOurs ? this.saved(answer, theirs, sent) : this.conflict();
  }

  /** Show what is kept on the server beside what was typed; nothing is saved until the reader has chosen. */
  async conflict() {
    this.isWaiting = true;
    this.say(this.place.dataset.mine);
    const typed = new URLSearchParams(new FormData(this.form));
    const answer = await fetch(this.stale, { method: "POST", body: typed }).catch(() => null);
    if (!answer?.ok || answer.redirected) {
      setTimeout(() => this.conflict(), LAST);
      return;
    }
    const shown = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector(".kept");
    this.form.querySelector(".kept")?.remove();
    this.form.querySelector(".rep").prepend(shown);
    this.bindChoice();
    shown.scrollIntoView({ block: "nearest" });
  }

  bindChoice() {
    const shown = this.form.querySelector(".kept");
    const mine = shown?.querySelector("[data-choice=mine]");
    if (mine) {
      mine.hidden = false;
      mine.addEventListener("click", () => {
        this.etag.value = shown.dataset.etag;
        this.isWaiting = false;
        shown.remove();
        this.touched();
      });
    }
    shown?.querySelector("[data-choice=theirs]").addEventListener("click", () => {
      this.isDirty = false;
      if (mine) this.kept.clear(); // of a signed report it goes on as the draft of an addendum
    });
  }

  async submit(event) {
    clearTimeout(this.timer);
    if (this.isSure) return;
    event.preventDefault();
    await this.saving;
    await new Promise((done) => setTimeout(done)); // a form that is still told of its submission takes no other
    this.isSure = true;
    this.isDirty = false;
    this.keep({ submitted: true });
    this.form.requestSubmit(event.submitter);
  }

  async startAgain(event, link) {
    event.preventDefault();
    await this.save();
    this.isDirty = false;
    this.kept.clear();
    location.assign(link.href);
  }

  /** Send the last words of a page that is left; the next visit compares them with what stays in this window. */
  flush() {
    const report = reportOf(this.form);
    if (!this.isDirty || this.isWaiting || report === null) return;
    this.put(report, { keepalive: true }).catch(() => undefined);
  }

  say(words, { signIn = false } = {}) {
    this.place.textContent = words;
    this.form.querySelector("[data-says=sign-in]").hidden = !signIn;
  }
}

/** Take what began the text again out of the address: loaded once more, the page shows what was saved. */
function keepAddress() {
  const address = new URL(location.href);
  address.searchParams.delete("report");
  if (address.href !== location.href) history.replaceState(history.state, "", address);
}

function filled(words, facts) {
  return words.replace(/\{(\w+)\}/g, (_, name) => facts[name]);
}

function clock(now) {
  return now.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" }); // 14:36 in both languages
}

function said(fields) {
  return JSON.stringify(fields);
}
