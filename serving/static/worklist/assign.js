// A: the current study is mine to read; again, it is anybody's. What another has is taken by a second press.

const csrf = document.querySelector("[name=csrf_token]").value;
let asked = null; // the row that somebody else has and whose key was pressed once

export function assign(rows, arrivals) {
  const row = rows.current;
  if (row?.dataset.had === undefined) return false;
  const { uid, had, mine } = row.dataset;
  if (had && !mine && asked !== uid) {
    asked = uid;
    arrivals.say("other", had);
    return true;
  }
  asked = null;
  give(uid, had, mine ? "" : "me").then((given) => {
    arrivals.say(given ? (mine ? "free" : "mine") : "failed");
    return arrivals.renew(uid);
  });
  return true;
}

async function give(uid, had, to) {
  const body = new URLSearchParams({ csrf_token: csrf, had, to });
  const answer = await fetch(`/studies/${uid}/assignment`, { method: "POST", body }).catch(() => null);
  return answer?.status === 204;
}
