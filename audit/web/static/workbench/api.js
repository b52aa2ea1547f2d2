// Asking the server. It may be gone for a while: then `isLost` is said once, and again when it is back.

const listeners = new Set();
let lost = false;

/** Hear when the connection is lost (true) or back (false). @param {(isLost: boolean) => void} listener */
export const onConnection = (listener) => listeners.add(listener);

export const isLost = () => lost;

/** What the server refused, in its words. */
export class Refusal extends Error {
  /** @param {number} status @param {string} what @param {string} next */
  constructor(status, what, next) {
    super(what);
    this.status = status;
    this.next = next;
  }
}

/** The server does not answer. */
export class Lost extends Error {}

/** @param {string} path @param {{signal?: AbortSignal}} [options] */
export const get = (path, options = {}) => ask(path, { signal: options.signal });

/** @param {string} path @param {any} body */
export const post = (path, body) =>
  ask(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Weir": "1" },
    body: JSON.stringify(body),
  });

async function ask(path, options) {
  let answer;
  try {
    answer = await fetch(path, options);
  } catch (error) {
    if (options.signal?.aborted) throw error;
    setLost(true);
    throw new Lost("The server does not answer.");
  }
  setLost(false);
  const found = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refusal(answer.status, found.error ?? `Status ${answer.status}`, found.next ?? "");
  return found;
}

function setLost(is) {
  if (is === lost) return;
  lost = is;
  for (const listener of listeners) listener(is);
  if (is) probe();
}

/** Ask now and then whether the server is back. */
function probe() {
  setTimeout(() => {
    if (lost) get("/api/alive").catch(() => lost && probe());
  }, 1500);
}

/** Only the last of many questions of a kind is of interest: the ones before are given up. */
export function latest() {
  let controller = new AbortController();
  return (path) => {
    controller.abort();
    controller = new AbortController();
    const mine = controller;
    return get(path, { signal: mine.signal }).then((found) => (mine.signal.aborted ? null : found), (error) => {
      if (mine.signal.aborted) return null;
      throw error;
    });
  };
}
