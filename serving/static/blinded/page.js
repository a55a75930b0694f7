// A page on which somebody reads blinded: a picture, an own call, its findings and their boxes.

import { Findings } from "../reading/findings.js";
import { Picker } from "../reading/picker.js";
import { Beside } from "../viewer/beside.js";
import { Lightbox } from "../viewer/lightbox.js";

const page = document.querySelector("main.adjudication");
const form = page.querySelector(".repform");
if (form) begin();

function begin() {
  const findings = new Findings(form);
  const picker = new Picker(form, findings);
  const box = new Lightbox(page);
  const beside = new Beside(box, [...page.querySelectorAll(".vp.further")]);
  const submit = () => box.press(".repform .sign .primary");
  const own = { n: () => call("no_finding"), m: () => call("has_finding"), f: () => picker.field.focus(), p: () => beside.turn() };
  for (const digit of [1, 2, 3, 4, 5, 6, 7, 8]) own[digit] = () => picker.usual(digit);
  picker.addEventListener("picked", ({ detail }) => take(findings, detail));
  picker.addEventListener("free", ({ detail }) => note(detail));
  form.addEventListener("submit", (event) => picker.askFor(event));
  box.tools.on({ prior: own.p });
  box.begin(own, { held: "alt+", always: { "ctrl+enter": submit } });
  document.querySelector(".hints").hidden = false;
}

function call(label) {
  form.querySelector(`[name=label][value=${label}]`).click();
}

/** Take a finding, or take it back. */
function take(findings, code) {
  call("has_finding");
  if (findings.has(code)) findings.remove(findings.of(code));
  else findings.add(code);
}

/** What no finding matches goes into the comment. */
function note(text) {
  const field = form.querySelector("textarea");
  field.value = [field.value.trim(), text].filter(Boolean).join("\n");
}
