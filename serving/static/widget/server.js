// The calls of the widget: what comes back is a status and what was said; status 0 is a lost line.

const BASE = new URL("../../", import.meta.url); // where this script came from is the server
const PATIENCE = 15000; // ms

export class Server {
  constructor(token) {
    this.token = token;
  }

  me() {
    return this.ask("GET", "api/v1/me");
  }

  card(uid) {
    return this.ask("GET", `api/v1/studies/${encodeURIComponent(uid)}/card`);
  }

  context() {
    return this.ask("GET", "api/v1/context");
  }

  give({ path, key, fields }) {
    return this.ask("POST", path, { key, body: JSON.stringify(Object.fromEntries(fields)) });
  }

  takeBack(uid, id) {
    return this.ask("DELETE", `${feedbackOf(uid)}/${encodeURIComponent(id)}`);
  }

  async ask(method, path, { key, body } = {}) {
    const headers = { Authorization: `Bearer ${this.token}` };
    if (body) Object.assign(headers, { "Content-Type": "application/json", "Idempotency-Key": key });
    try {
      const signal = AbortSignal.timeout(PATIENCE);
      const answer = await fetch(new URL(path, BASE), { method, headers, body, signal, credentials: "omit" });
      return { status: answer.status, said: answer.status === 204 ? null : await answer.json() };
    } catch {
      return { status: 0, said: null };
    }
  }
}

export function feedbackOf(uid) {
  return `api/v1/studies/${encodeURIComponent(uid)}/feedback`;
}

export function pageOf(uid) {
  return new URL(`studies/${encodeURIComponent(uid)}`, BASE).href;
}

/** Say whether a call may succeed later as it is: the line, the server, a session, a setting. */
export function isPassing(status, said) {
  return [0, 401, 429].includes(status) || status >= 500 || (status === 403 && !["blinded", "own-call-first"].includes(said.code));
}
