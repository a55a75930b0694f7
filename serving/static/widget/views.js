// From what the server said to what is shown, and from a press to what is sent.

const OTHER = { has_finding: "no_finding", no_finding: "has_finding" };
const KIND = { has_finding: "false_alarm", no_finding: "missed_finding" }; // what a disagreement most likely means
const HIDDEN = { blinded: "blinded", "own-call-first": "call_first" };
const SET_ASIDE = ["excluded", "quarantined"];

/** After how many ms a view is looked at again by itself. */
export const AGAIN = { waiting: 3000, unknown: 10000, no_line: 5000, busy: 10000, blinded: 15000, call_first: 5000 };

export function viewOf(status, said) {
  if (status !== 200) return trouble(status, said);
  const kind = SET_ASIDE.includes(said.state) ? said.state : said.prediction ? "result" : "waiting";
  const undoUntil = performance.now() + (said.own?.undo_seconds ?? 0) * 1000;
  return { kind, ...said, undoUntil };
}

export function trouble(status, said) {
  if (status === 403) return { kind: HIDDEN[said.code] ?? "forbidden" };
  return { kind: { 0: "no_line", 401: "ended", 404: "unknown" }[status] ?? "busy" };
}

/** The verdict comes first: `FeedbackCard.word` reads it there. */
export function fieldsOf(verdict, label) {
  if (verdict === "agree") return [["verdict", verdict], ["label", label]];
  return [["verdict", verdict], ["label", OTHER[label]], ["kind", KIND[label]]];
}
