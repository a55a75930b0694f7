// Finds a finding by pinyin initials, Chinese, English or code; the usual misses stand on the digits.

const GAPS = /[\s\-_/()（）]+/g;

/** A field with a list; tells "picked" with a code, and "free" with a text that no finding has. */
export class Picker extends EventTarget {
  constructor(form, findings) {
    super();
    Object.assign(this, { form, findings, active: null });
    this.place = form.querySelector(".picker");
    this.field = form.querySelector("#picker");
    this.list = form.querySelector("#picker-list");
    this.options = [...this.list.querySelectorAll("[data-code]")];
    this.free = this.list.querySelector(".free");
    this.place.hidden = false;
    this.stays = this.place.dataset.stays !== undefined; // the usual misses can be seen all the time
    this.place.addEventListener("input", (event) => {
      event.stopPropagation(); // what is searched for is no part of the report
      this.open();
    });
    this.field.addEventListener("focus", () => this.open());
    this.field.addEventListener("blur", () => this.close());
    this.field.addEventListener("keydown", (event) => this.key(event));
    this.list.addEventListener("mousedown", (event) => {
      event.preventDefault(); // the field keeps the focus
      this.take(event.target.closest("[role=option]"));
    });
    if (!this.stays) return;
    form.addEventListener("change", () => this.close());
    this.show();
  }

  /** Ask for the name of a box before it is sent: without a finding it would be lost. */
  askFor(event) {
    const isUnnamed = (line) => line.querySelector("[name=box]").value && !line.querySelector("[name=code]").value;
    const isAbnormal = this.form.querySelector("[name=label][value=has_finding]").checked;
    if (!isAbnormal || ![...this.form.querySelectorAll(".slot")].some(isUnnamed)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    this.field.setCustomValidity(this.place.dataset.nameless);
    this.field.reportValidity();
    this.field.setCustomValidity("");
  }

  get typed() {
    return this.field.value.trim();
  }

  get shown() {
    return [...this.list.children].filter(({ hidden, role }) => !hidden && role === "option");
  }

  open() {
    this.form.classList.add("picking");
    this.show();
    this.list.scrollIntoView({ block: "nearest" });
  }

  show() {
    this.list.hidden = false;
    this.field.setAttribute("aria-expanded", "true");
    const found = this.found();
    for (const option of this.options) {
      option.hidden = !found.includes(option);
      option.setAttribute("aria-selected", this.findings.has(option.dataset.code));
    }
    this.list.prepend(...found);
    if (this.free) this.offer(found.length === 0);
    this.point(this.typed ? this.shown[0] : null);
  }

  /** Offer what was typed as it stands. */
  offer(wanted) {
    this.free.hidden = !wanted;
    const words = this.free.lastElementChild;
    words.textContent = words.dataset.words.replace("{text}", () => this.typed);
  }

  close() {
    this.form.classList.remove("picking");
    this.field.value = "";
    if (this.stays) return this.show();
    this.list.hidden = true;
    this.field.setAttribute("aria-expanded", "false");
    return this.point(null);
  }

  /** Return what matches, that which begins so first; without a word the usual misses. */
  found() {
    const word = this.typed.toLowerCase().replace(GAPS, "");
    if (!word) return this.options.filter(({ dataset }) => dataset.usual).sort(byDigit);
    const ranked = this.options.map((option) => [rank(option.dataset, word), option]);
    return ranked.filter(([place]) => place < Infinity).sort(([one], [other]) => one - other).map(([, option]) => option);
  }

  key(event) {
    const { key } = event;
    if (event.isComposing || event.ctrlKey || event.altKey || event.metaKey) return;
    const usual = this.typed ? undefined : this.shown.find(({ dataset }) => dataset.usual === key);
    if (usual) this.take(usual);
    else if (key === "Enter") this.take(this.active);
    else if (key === "ArrowDown" || key === "ArrowUp") this.move(key === "ArrowDown" ? 1 : -1);
    else if (key === "Escape") this.field.blur();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  move(by) {
    const { shown } = this;
    const at = shown.indexOf(this.active);
    this.point(shown[(at + by + shown.length + (at < 0 && by < 0)) % shown.length]);
  }

  point(option) {
    this.active?.classList.remove("on");
    this.active = option;
    option?.classList.add("on");
    option?.scrollIntoView({ block: "nearest" });
    if (option) this.field.setAttribute("aria-activedescendant", option.id);
    else this.field.removeAttribute("aria-activedescendant");
  }

  /** Take the usual miss that stands on a digit. */
  usual(digit) {
    this.take(this.options.find(({ dataset }) => dataset.usual === `${digit}`));
  }

  take(option) {
    if (!option) return;
    const { code } = option.dataset;
    const detail = code ?? this.typed;
    this.field.blur();
    this.dispatchEvent(new CustomEvent(code ? "picked" : "free", { detail }));
  }
}

function byDigit(one, other) {
  return one.dataset.usual - other.dataset.usual;
}

/** Return how well a finding matches, 0 best: how its initials or a word of it begin, then what they hold. */
function rank({ initials, words }, word) {
  const text = words.toLowerCase();
  if (initials.startsWith(word)) return 0;
  if (text.split(" ").some((each) => each.replace(GAPS, "").startsWith(word))) return 1;
  if (initials.includes(word)) return 2;
  return text.replace(GAPS, "").includes(word) ? 3 : Infinity;
}
