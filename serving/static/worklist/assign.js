// A: the current study is mine to read; again, it is anybody's. What another has is taken by a second press.

const csrf = document.querySelector("[name=csrf_token]").value;
let warned = null; // whose study it was when the key was pressed once

export function assign(rows, arrivals) {
  const row = rows.current;
  if (row?.dataset.had === undefined) return false;
  const { uid, had, mine } = row.dataset;
  const theirs = `${uid} ${had}`;
  if (had && !mine && warned !== theirs) {
    warned = theirs;
    arrivals.say("other", had);
    return true;
  }
  warned = null;
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
