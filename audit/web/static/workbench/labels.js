// Labels on their way to the disk: the server says when each is there. While it is gone they wait in
// this browser, in order, and are sent when it is back; a label sent twice is there once.

import { Refusal, onConnection, post } from "./api.js";
import { session, state } from "./state.js";

const listeners = new Set();
let isFlushing = false;

/** Hear how many labels wait. @param {(waiting: number) => void} listener */
export const onWaiting = (listener) => listeners.add(listener);

const key = () => `weir.labels.${session.run_digest}.${state.lang}`;

/** Whether the server has looked at it and said no; a new server, or one that failed, has not. */
const isFinal = (error) => error instanceof Refusal && [400, 404, 409, 413].includes(error.status);

/** @returns {{path: string, body: any}[]} */
function waiting() {
  try {
    return JSON.parse(localStorage.getItem(key()) ?? "[]");
  } catch {
    return [];
  }
}

function keep(entries) {
  if (entries.length) localStorage.setItem(key(), JSON.stringify(entries));
  else localStorage.removeItem(key());
  for (const listener of listeners) listener(entries.length);
}

/** 16 hexadecimal digits by chance. */
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The label, once it is on the server's disk, or in this browser's store while the server is gone. */
export const give = (body) => send({ path: "/api/label", body });

/** Take a label back. A label that still waits is forgotten. */
export async function retract(id) {
  const entries = waiting();
  if (entries.some((entry) => entry.body.id === id)) {
    keep(entries.filter((entry) => entry.body.id !== id));
    return;
  }
  await send({ path: "/api/undo", body: { lang: state.lang, id } });
}

async function send(entry) {
  const entries = waiting();
  if (entries.length) {
    keep([...entries, entry]);
    await flush();
    return;
  }
  try {
    await post(entry.path, entry.body);
  } catch (error) {
    if (isFinal(error)) throw error;
    keep([...waiting(), entry]);
  }
}

/** Send what waits, oldest first. */
export async function flush() {
  if (isFlushing) return;
  isFlushing = true;
  try {
    for (let entries = waiting(); entries.length; entries = waiting()) {
      try {
        await post(entries[0].path, entries[0].body);
      } catch (error) {
        if (!isFinal(error)) return;
        keep(waiting().slice(1)); // refused for good: the next ones must not wait for it
        throw error;
      }
      keep(waiting().slice(1));
    }
  } finally {
    isFlushing = false;
  }
}

onConnection((isLost) => {
  if (!isLost && session) flush();
});
