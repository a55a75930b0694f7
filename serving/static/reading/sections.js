// The findings text: the normal sentences as one block, or one field a section; what is sent is one text.

/** Reads the text of a form, shows it in its parts, and writes back what is typed into them. */
export class Sections {
  constructor(form) {
    this.form = form;
    this.place = form.querySelector(".sections");
    this.text = form.elements.findings_text;
    this.impression = form.elements.impression;
    this.parts = [...this.place.querySelectorAll("textarea")];
    this.form.classList.add("sectioned");
    this.place.addEventListener("input", () => this.write());
    this.place.addEventListener("click", ({ target }) => this.press(target.closest("button")));
    form.addEventListener("filled", () => this.read());
    form.addEventListener("change", ({ target }) => target.name === "label" && this.labelled());
    this.read();
  }

  get label() {
    return this.form.elements.label.value;
  }

  /** Say whether everything is as the normal text has it. */
  get isNormal() {
    const asIs = ({ value, dataset }) => value.trim() === dataset.normal;
    return this.isWhole || (this.normal !== "" && this.mode === "parts" && this.parts.every(asIs));
  }

  /** Say whether the text is the normal one, unsplit; there is none while it is switched off. */
  get isWhole() {
    return this.normal !== "" && this.text.value === this.normal;
  }

  get normal() {
    return this.place.dataset.normal;
  }

  read() {
    const said = this.isWhole ? this.parts.map(({ dataset }) => dataset.normal) : this.split(this.text.value);
    this.parts.forEach((part, at) => { part.value = said?.[at] ?? ""; });
    if (said === null) this.show("whole");
    else this.show(this.isWhole && this.label !== "has_finding" ? "block" : "parts");
  }

  show(mode) {
    this.mode = mode;
    this.place.hidden = mode === "whole";
    this.place.querySelector(".block").hidden = mode !== "block";
    this.place.querySelector(".parts").hidden = mode !== "parts";
    this.form.querySelector(".whole").hidden = mode !== "whole";
    const rest = this.place.querySelector("[data-act=rest]");
    if (rest) rest.hidden = this.parts.every(({ value, dataset }) => value || !dataset.normal);
  }

  write() {
    const said = this.parts.filter(({ value }) => value.trim());
    this.text.value = said.map(({ dataset, value }) => `${dataset.name}${this.colon}${value.trim()}`).join("\n");
    this.show("parts");
  }

  get colon() {
    return this.place.dataset.colon;
  }

  /** Return what a text says in each section; null where it is not written in sections. */
  split(text) {
    const said = this.parts.map(() => []);
    let at = null;
    for (const line of text ? text.split("\n") : []) {
      const next = this.parts.findIndex(({ dataset }) => line.startsWith(dataset.name + this.colon));
      if (next >= 0) at = next;
      if (at === null) return null;
      said[at].push(next >= 0 ? line.slice(this.parts[at].dataset.name.length + this.colon.length) : line);
    }
    return said.map((lines) => lines.join("\n"));
  }

  press(button) {
    if (!button) return;
    if (button.dataset.section) this.edit(Number(button.dataset.section));
    if (button.dataset.act !== "rest") return;
    for (const part of this.parts) part.value ||= part.dataset.normal;
    this.tell();
  }

  /** Split the block, and go on at one of its sentences. */
  edit(at) {
    this.show("parts");
    this.parts[at].focus();
  }

  /** Add to what fits no section, or to the end of a text without sections. */
  append(words) {
    const other = this.mode === "whole" ? this.text : this.parts[this.parts.length - 1];
    if (this.mode === "block") this.show("parts");
    other.value = [other.value, words].filter(Boolean).join("\n");
    other.dispatchEvent(new Event("input", { bubbles: true }));
    other.focus();
  }

  /** A finding opens the sections and leaves the impression to the reader; none fills what is still empty. */
  labelled() {
    const { impression } = this;
    if (this.label === "has_finding") {
      if (this.mode === "block") this.show("parts");
      if (this.isNormal && impression.value === impression.dataset.normal) impression.value = "";
    } else if (this.normal && (this.isNormal || !this.text.value)) {
      this.text.value = this.normal;
      impression.value ||= impression.dataset.normal;
      this.read();
    }
  }

  tell() {
    this.parts[0].dispatchEvent(new Event("input", { bubbles: true }));
  }
}
