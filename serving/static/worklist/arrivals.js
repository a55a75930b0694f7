// The bar above the list: how many studies have come, and whether the line to the server stands; rows in view follow.

/** Counts arrivals that the list does not show, and puts new states into rows that it does. */
export class Arrivals {
  constructor(bar, rows) {
    this.rows = rows;
    this.link = bar.querySelector("a");
    this.dot = bar.querySelector(".live");
    this.uids = new Set();
    this.link.addEventListener("click", (event) => {
      event.preventDefault();
      this.load();
    });
  }

  take({ arrived, states, missed }) {
    for (const uid of arrived) this.uids.add(uid);
    for (const [uid, state] of Object.entries(states)) this.restate(this.rows.of(uid), state);
    this.missed ||= missed;
    this.show();
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
    address.searchParams.delete("cursor");
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
