// A report's text as it was typed, kept in this window until the server has it: one place a person and study.

export class Kept {
  constructor(person, uid) {
    this.place = `overread.draft.${person}.${uid}`;
  }

  get() {
    return JSON.parse(sessionStorage.getItem(this.place));
  }

  put(draft) {
    sessionStorage.setItem(this.place, JSON.stringify(draft));
  }

  clear() {
    sessionStorage.removeItem(this.place);
  }
}

const OURS = ["csrf_token", "etag", "list"];

/** Return a form's fields as they are typed, in order. */
export function fieldsOf(form) {
  return [...new FormData(form)].filter(([name]) => !OURS.includes(name));
}

/** Put fields back into a form, with as many lines for findings as they need. */
export function fill(form, fields) {
  const lines = form.querySelector(".slots");
  for (let n = fields.filter(([name]) => name === "code").length - lines.children.length; n > 0; n -= 1) {
    lines.append(lines.lastElementChild.cloneNode(true));
  }
  const seen = {};
  for (const [name, value] of fields) {
    const named = [...form.querySelectorAll(`[name="${CSS.escape(name)}"]`)];
    if (named[0]?.type === "radio") named.forEach((each) => { each.checked = each.value === value; });
    else {
      seen[name] = (seen[name] ?? -1) + 1;
      if (named[seen[name]]) named[seen[name]].value = value;
    }
  }
  form.dispatchEvent(new Event("filled"));
}

/** Return a form as the interface takes a draft; null while no class is chosen. */
export function reportOf(form) {
  const { label, language, findings_text, impression } = form.elements;
  if (!label.value) return null;
  const findings = label.value === "has_finding" ? [...form.querySelectorAll(".slot")].map(findingOf) : [];
  const isNamed = ({ code }, at) => code && findings.findIndex((other) => other.code === code) === at;
  return {
    status: "draft", language: language.value, label: label.value, findings: findings.filter(isNamed),
    text: { findings: findings_text.value, impression: impression.value },
  };
}

/** Say whether two reports say the same, as after a save whose answer was lost. */
export function isSame(one, other) {
  return spelled(one) === spelled(other);
}

function spelled({ label, language, text, findings }) {
  const lines = findings.map(
    ({ code, side, zone, severity, box }) => [code, side ?? "", zone ?? "", severity ?? "", box ?? []],
  );
  return JSON.stringify([label, language, text.findings, text.impression, lines]);
}

function findingOf(slot) {
  const said = [...slot.querySelectorAll("[name]")].filter(({ value }) => value);
  const meant = ({ name, value }) => [name, name === "box" ? value.split(",").map(Number) : value];
  return Object.fromEntries(said.map(meant));
}
