// The bar above the list: how many studies have come, and whether the line to the server stands; rows in view follow.

const AT_ONCE = 50;

/** Counts arrivals that the list does not show, and puts new states into rows that it does. */
export class Arrivals {
  constructor(bar, rows) {
    this.rows = rows;
    this.link = bar.querySelector("a");
    this.dot = bar.querySelector(".live");
    this.word = bar.querySelector(".word");
    this.seen = new Set(); // came, or came into the filtered state, while the list is open
    this.uids = new Set(); // those that the list with its filters would show
    this.link.addEventListener("click", (event) => {
      event.preventDefault();
      this.load();
    });
  }

  async take({ arrived, states, assigned, missed }) {
    const state = new URLSearchParams(location.search).get("state");
    const changed = Object.entries(states);
    for (const [uid, now] of changed) this.restate(this.rows.of(uid), now);
    const come = new Set([...arrived, ...changed.filter(([, now]) => now === state).map(([uid]) => uid), ...this.seen]);
    const told = new Set([...arrived, ...changed.map(([uid]) => uid), ...assigned]);
    for (const uid of come) this.seen.add(uid);
    await this.look([...told].filter((uid) => come.has(uid) || this.rows.has(uid)));
    this.missed ||= missed;
    this.show();
  }

  /** Show a row as it stands now, also where the list with its filters has it no more. */
  async renew(uid) {
    const row = (await asked([uid], { mine: "" }))?.get(uid);
    if (row && this.rows.has(uid)) this.rows.renew(row);
  }

  /** Say once what became of the current study; `name` is which of the words. */
  say(name, who = "") {
    this.word.textContent = this.word.dataset[name].replace("{who}", who);
  }

  /** Count again what has come: the list has other filters now. */
  async again() {
    await this.look([...this.seen]);
    this.show();
  }

  /** Ask which studies the list with its filters has, and as what; without an answer all of them count. */
  async look(uids) {
    for (let at = 0; at < uids.length; at += AT_ONCE) {
      const some = uids.slice(at, at + AT_ONCE);
      const found = await asked(some);
      for (const uid of some) {
        const row = found?.get(uid);
        if (row && this.rows.has(uid)) this.rows.renew(row);
        if (row || found === null) this.uids.add(uid);
        else this.uids.delete(uid);
      }
    }
  }

  show() {
    const count = [...this.uids].filter((uid) => !this.rows.has(uid)).length;
    const { one, many, missed } = this.link.dataset;
    const words = count === 1 ? one : many.replace("{n}", count);
    this.link.hidden = !this.missed && count === 0;
    this.link.textContent = this.missed ? missed : words;
  }

  /** Load the first page with the filters of the address, which are the only ones there are. */
  load() {
    if (this.link.hidden) return false;
    const address = new URL(location.href);
    for (const name of ["cursor", "before", "ended"]) address.searchParams.delete(name);
    location.assign(address);
    return true;
  }

  live(isLive) {
    this.dot.hidden = false;
    this.dot.classList.toggle("off", !isLive);
    this.dot.lastElementChild.textContent = isLive ? this.dot.dataset.live : this.dot.dataset.off;
  }

  /** Show who reads which study now; every other row is free. */
  lock(locks) {
    const { content, dataset } = document.querySelector("#locked");
    for (const row of this.rows.all) {
      const place = row.querySelector(".standing");
      place.querySelector(".lock")?.remove();
      const [who, since] = locks[row.dataset.uid] ?? [];
      if (!who) continue;
      const badge = content.firstElementChild.cloneNode(true);
      badge.title = dataset.says.replace("{who}", who).replace("{since}", since);
      badge.lastElementChild.textContent = who;
      place.append(badge);
    }
  }

  restate(row, state) {
    const badge = document.querySelector(`#state-${CSS.escape(state)}`);
    if (row === null || badge === null) return;
    row.querySelector(".standing .badge").replaceWith(badge.content.cloneNode(true));
    if (state !== "predicted") delete row.dataset.unread;
  }
}

/** Return by UID the rows that the list with its filters has of some studies; null without an answer. */
async function asked(uids, changes = {}) {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) query.set(name, value);
  query.delete("cursor");
  for (const uid of uids) query.append("uid", uid);
  const answer = await fetch(`/worklist/rows?${query}`).catch(() => null);
  if (!answer?.ok || answer.redirected) return null;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  return new Map([...page.querySelectorAll("tr[data-uid]")].map((row) => [row.dataset.uid, row]));
}
