// One row is the current one: J and K move it, Enter opens it, and it is found again on coming back.

const LAST = "overread.row";

/** The rows of the list as they are now; the list may be swapped for another at any time. */
export class Rows {
  constructor(list) {
    this.list = list;
    list.addEventListener("focusin", ({ target }) => this.take(target.closest("tr[data-uid]")));
  }

  get all() {
    return [...this.list.querySelectorAll("tr[data-uid]")];
  }

  get current() {
    return this.list.querySelector('tr[aria-selected="true"]');
  }

  has(uid) {
    return this.of(uid) !== null;
  }

  of(uid) {
    return this.list.querySelector(`tr[data-uid="${CSS.escape(uid)}"]`);
  }

  /** Make a grid of what is a plain table without script, and take up where the reader was. */
  begin() {
    this.list.querySelector("table.studies")?.setAttribute("role", "grid");
    const last = sessionStorage.getItem(LAST);
    this.mark((last && this.of(last)) || this.all[0]);
    if (last && this.has(last)) this.focus(this.current);
  }

  move(by) {
    const rows = this.all;
    const at = rows.indexOf(this.current);
    const isEntering = !this.list.contains(document.activeElement); // the first press shows where one is
    return this.focus(rows[isEntering ? Math.max(at, 0) : at + by]);
  }

  nextUnread() {
    const rows = this.all;
    const at = rows.indexOf(this.current);
    return this.focus([...rows.slice(at + 1), ...rows.slice(0, at)].find((row) => "unread" in row.dataset));
  }

  open() {
    const current = this.current;
    if (current === null || document.activeElement !== document.body) return false; // a focused link opens itself
    current.querySelector("a.open").click();
    return true;
  }

  openWithPrior() {
    const { current } = this;
    if (current === null) return false;
    const address = new URL(current.querySelector("a.open").href);
    address.searchParams.set("prior", "1");
    location.assign(address);
    return true;
  }

  /** Put what a row says now in its place; its link, which may have the focus, and its lock stay as they are. */
  renew(fresh) {
    const row = this.of(fresh.dataset.uid);
    row.className = fresh.className;
    for (const name of ["unread", "had", "mine"]) {
      if (name in fresh.dataset) row.dataset[name] = fresh.dataset[name];
      else delete row.dataset[name];
    }
    [...row.cells].forEach((cell, at) => {
      if (!cell.querySelector("a.open, .lock")) cell.replaceWith(fresh.cells[at].cloneNode(true));
    });
  }

  focus(row) {
    row?.querySelector("a.open").focus();
    return row !== undefined;
  }

  mark(row) {
    if (!row) return;
    for (const each of this.all) {
      each.setAttribute("aria-selected", each === row);
      each.querySelector("a.open").tabIndex = each === row ? 0 : -1;
    }
  }

  take(row) {
    this.mark(row);
    if (row) sessionStorage.setItem(LAST, row.dataset.uid);
  }
}
