// What the reading page writes: its report saves itself, its feedback outlives a broken line, its lock stands.

import { bindPresses } from "../feedback/press.js";
import { Draft } from "./draft.js";
import { Findings } from "./findings.js";
import { Kept } from "./kept.js";
import { Lock } from "./lock.js";
import { Picker } from "./picker.js";
import { Sections } from "./sections.js";
import { bindWarnings } from "./warnings.js";

const page = document.querySelector("main.reading");
const form = page.querySelector(".repform");
const addendum = page.querySelector("#addendum");
const lock = document.querySelector("#lock[data-beat]");

bindPresses(page);
if (form) write();
if (addendum) takeOver();
if (lock) new Lock(lock).begin();

function write() {
  const sections = new Sections(form);
  const findings = new Findings(form);
  const picker = new Picker(form, findings);
  const abnormal = form.querySelector("[name=label][value=has_finding]");
  const open = () => {
    abnormal.checked = true;
    abnormal.dispatchEvent(new Event("change", { bubbles: true }));
  };
  picker.addEventListener("picked", ({ detail }) => {
    open();
    if (!findings.has(detail)) findings.add(detail);
  });
  picker.addEventListener("free", ({ detail }) => {
    open();
    sections.append(detail);
  });
  form.addEventListener("submit", (event) => {
    if (event.submitter?.value.startsWith("sign")) picker.askFor(event);
  });
  new Draft(form).begin();
  bindWarnings(page, form, sections);
}

/** A draft that came too late for the signature goes on as the draft of an addendum. */
function takeOver() {
  const { uid, person } = addendum.form.dataset;
  const kept = new Kept(person, uid);
  const before = kept.get();
  const isRefused = addendum.form.querySelector("[role=alert]") !== null; // another signature was first
  if (before?.submitted && !isRefused) kept.clear();
  else if (before && !addendum.value) addendum.value = textOf(before.fields);
  addendum.form.addEventListener("submit", () => kept.clear());
}

function textOf(fields) {
  const typed = Object.fromEntries(fields);
  return [typed.findings_text, typed.impression].filter(Boolean).join("\n");
}
