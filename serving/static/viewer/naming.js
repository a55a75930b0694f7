// Which finding a box is of: boxes are kept in the page's forms, and sent with them.

import { written } from "./boxes.js";

/** Keep boxes in the forms of a page; forms that are swapped in later are found again. */
export class Naming {
  constructor(boxes, page) {
    this.boxes = boxes;
    this.page = page;
    boxes.addEventListener("added", ({ detail }) => this.added(detail));
    boxes.addEventListener("changed", ({ detail }) => this.put(detail));
    boxes.addEventListener("removed", ({ detail }) => this.removed(detail));
    page.addEventListener("change", ({ target }) => this.chosen(target));
    page.addEventListener("unnamed", ({ target }) => boxes.remove(boxes.all.find((one) => one.slot === target) ?? null));
  }

  /** Draw what the report holds already. */
  begin() {
    for (const slot of this.page.querySelectorAll(".slot")) {
      const field = slot.querySelector("[name=box]");
      if (field?.value) {
        const box = this.boxes.add(field.value.split(",").map(Number));
        box.slot = slot;
        this.name(box);
      }
    }
  }

  added(box) {
    const detail = this.page.querySelector("form.detail .pick");
    if (detail !== null) {
      detail.closest("details").open = true;
      const bare = [...detail.querySelectorAll("[name=code]:checked")].filter(({ value }) => !this.of(value));
      if (bare.length === 1) this.give(box, bare[0].value, nameOf(bare[0]));
      return;
    }
    const slots = [...this.page.querySelectorAll(".repform .slot")];
    const free = slots.find((slot) => !slot.querySelector("[name=box]").value && !this.boxes.all.some((one) => one.slot === slot));
    if (free === undefined) return;
    box.slot = free;
    const abnormal = this.page.querySelector(".repform [name=label][value=has_finding]");
    if (abnormal !== null) abnormal.checked = true;
    this.put(box);
    if (!free.querySelector("[name=code]").value) this.page.querySelector("#picker").focus();
  }

  /** Take a finding that was chosen while a box waits for its name. */
  chosen(target) {
    if (target.name !== "code") return;
    const slot = target.closest(".slot");
    if (slot !== null) {
      for (const box of this.boxes.all.filter((one) => one.slot === slot)) this.name(box);
      return;
    }
    if (target.type === "checkbox" && !target.checked) {
      for (const box of this.boxes.all.filter((one) => one.code === target.value)) this.give(box, "", "");
      return;
    }
    const waiting = this.boxes.all.filter((one) => !one.code && !one.slot);
    if (waiting.length && target.value && !this.of(target.value)) {
      this.give(waiting[waiting.length - 1], target.value, nameOf(target));
    }
  }

  of(code) {
    return this.boxes.all.find((one) => one.code === code);
  }

  give(box, code, name) {
    this.forget(box);
    box.code = code;
    this.boxes.name(box, name);
    this.put(box);
  }

  put(box) {
    if (box.slot) write(box.slot.querySelector("[name=box]"), written(box));
    const form = this.page.querySelector("form.detail");
    if (!box.code || form === null) return;
    const field = form.querySelector(`[name="box.${CSS.escape(box.code)}"]`) ?? document.createElement("input");
    Object.assign(field, { type: "hidden", name: `box.${box.code}`, value: written(box) });
    form.append(field);
  }

  name(box) {
    const select = box.slot.querySelector("[name=code]");
    this.boxes.name(box, select.value ? select.selectedOptions[0].textContent : "");
  }

  removed(box) {
    if (box.slot) write(box.slot.querySelector("[name=box]"), "");
    this.forget(box);
  }

  forget({ code }) {
    if (code) this.page.querySelector(`form.detail [name="box.${CSS.escape(code)}"]`)?.remove();
  }
}

function nameOf(field) {
  return field.tagName === "SELECT" ? field.selectedOptions[0].textContent : field.closest("label").querySelector("span").textContent;
}

/** Write a field as a person would, so that the draft saves itself. */
function write(field, value) {
  field.value = value;
  field.dispatchEvent(new Event("input", { bubbles: true }));
}
