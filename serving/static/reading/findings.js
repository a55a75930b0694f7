// The findings of a report as cards: what, which side, which zone, how grave. The fields behind them are sent.

const SAID = ["side", "zone", "severity"];

/** The lines in which a form names findings; one is always empty, for the next finding or box. */
export class Findings {
  constructor(form) {
    this.form = form;
    this.lines = form.querySelector(".slots");
    this.card = form.querySelector("#finding-card");
    this.lines.classList.add("cards");
    this.lines.addEventListener("click", ({ target }) => this.press(target.closest("button")));
    this.lines.addEventListener("change", () => this.show());
    this.lines.addEventListener("input", () => this.show());
    form.addEventListener("filled", () => this.show());
    this.show();
  }

  get all() {
    return [...this.lines.querySelectorAll(".slot")];
  }

  has(code) {
    return this.of(code) !== undefined;
  }

  of(code) {
    return this.all.find((line) => codeOf(line).value === code);
  }

  /** Name a finding, first of all in the line whose box waits for its name. */
  add(code) {
    const free = this.all.filter((line) => !codeOf(line).value);
    const line = free.find((each) => each.querySelector("[name=box]").value) ?? free[0];
    codeOf(line).value = code;
    tell(codeOf(line), "input", "change");
    line.querySelector("[data-says=side] button").focus();
  }

  remove(line) {
    line.dispatchEvent(new Event("unnamed", { bubbles: true })); // its box goes with it
    for (const field of line.querySelectorAll("[name]")) field.value = "";
    tell(codeOf(line), "input", "change");
  }

  press(button) {
    const line = button?.closest(".slot");
    if (!line) return;
    if (button.dataset.act === "remove") this.remove(line);
    if (!button.dataset.value) return;
    const field = line.querySelector(`[name=${button.parentElement.dataset.says}]`);
    field.value = field.value === button.dataset.value ? "" : button.dataset.value;
    tell(field, "input");
  }

  show() {
    if (!this.all.some((line) => !codeOf(line).value)) this.lines.append(this.fresh());
    for (const line of this.all) this.showLine(line);
  }

  fresh() {
    const line = this.lines.lastElementChild.cloneNode(true);
    for (const field of line.querySelectorAll("[name]")) field.value = "";
    return line;
  }

  showLine(line) {
    if (line.querySelector(".head") === null) this.dress(line);
    const code = codeOf(line);
    line.classList.toggle("named", code.value !== "");
    line.querySelector(".head b").textContent = code.selectedOptions[0].textContent;
    line.querySelector(".head .mono").textContent = this.standard(code.value);
    line.querySelector(".boxed").hidden = line.querySelector("[name=box]").value === "";
    for (const button of line.querySelectorAll("[data-value]")) {
      button.setAttribute("aria-pressed", button.dataset.value === line.querySelector(`[name=${button.parentElement.dataset.says}]`).value);
    }
  }

  /** Return the standard code of a finding, as the picker has it; ours where there is none. */
  standard(code) {
    return this.form.querySelector(`#pick-${code || "free"} .standard`)?.textContent ?? code;
  }

  dress(line) {
    line.append(this.card.content.cloneNode(true));
    for (const name of SAID) {
      const field = line.querySelector(`[name=${name}]`);
      const group = document.createElement("span");
      Object.assign(group, { className: "seg", role: "group", ariaLabel: field.getAttribute("aria-label") });
      group.dataset.says = name;
      group.append(...[...field.options].filter(({ value }) => value).map(choice));
      line.lastElementChild.append(group);
    }
  }
}

function codeOf(line) {
  return line.querySelector("[name=code]");
}

function choice({ value, textContent }) {
  const button = document.createElement("button");
  Object.assign(button, { type: "button", textContent });
  button.dataset.value = value;
  return button;
}

/** Tell of a field as if a person had changed it, so that the draft saves itself and boxes take its name. */
function tell(field, ...events) {
  for (const name of events) field.dispatchEvent(new Event(name, { bubbles: true }));
}
