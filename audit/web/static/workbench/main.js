// The workbench: opens a language, and puts controls, numbers and reader together.

import { Refusal, get, isLost, latest, onConnection } from "./api.js";
import { byId, count, make, quiet } from "./dom.js";
import * as effect from "./effect.js";
import * as keys from "./keys.js";
import * as labels from "./labels.js";
import * as reader from "./reader.js";
import * as rules from "./rules.js";
import * as saving from "./save.js";
import { query, recall, remember, session, setSession, state } from "./state.js";

const askCounts = latest();
const askQuality = latest();

/** One line above the bench; the empty text takes it away. */
function banner(kind, text, next = "") {
  const place = byId("banners");
  place.querySelector(`[data-kind="${kind}"]`)?.remove();
  if (text) {
    place.append(make("div", { class: `banner ${kind}`, "data-kind": kind }, make("p", {}, text, next ? ` ${next}` : ""),
      kind === "error" ? make("button", { type: "button", text: "Dismiss", on: { click: () => banner("error", "") } }) : null));
  }
}

function failed(error) {
  if (error instanceof Refusal) banner("error", error.message, error.next);
  else if (!isLost()) throw error;
}

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

async function open(tag) {
  state.lang = tag;
  byId("bench").hidden = true;
  byId("loading").hidden = false;
  byId("loading-bar").hidden = false;
  document.body.dataset.state = "loading";
  try {
    for (;;) {
      const found = await get(`/api/open?${new URLSearchParams({ lang: tag })}`);
      if (state.lang !== tag) return;
      if (found.state === "ready") {
        setSession(found);
        break;
      }
      const bar = byId("loading-bar");
      byId("loading-what").textContent = `Reading the signals of ${found.name} …`;
      if (found.total) {
        bar.max = found.total;
        bar.value = found.done;
      }
      byId("loading-next").textContent = found.total ? `${count(found.done)} of ${count(found.total)} parts` : "";
      await pause(200);
    }
  } catch (error) {
    if (!(error instanceof Refusal)) {
      await pause(1000);
      return open(tag);
    }
    byId("loading-what").textContent = "This language cannot be opened";
    byId("loading-next").textContent = [error.message, error.next].filter(Boolean).join(" ");
    byId("loading-bar").hidden = true;
    document.body.dataset.state = "failed";
    return;
  }
  asked = shown = "";
  recall();
  rules.list();
  byId("loading").hidden = true;
  byId("bench").hidden = false;
  byId("size").textContent = `${count(session.total)} documents`;
  byId("language").value = tag;
  banner("notes", session.warnings.join(" "));
  banner("error", "");
  for (const place of ["rule-list", "measures"]) byId(place).dataset.lang = tag;
  await Promise.all([settle(), reader.restart()]);
  labels.flush().catch(failed);
  document.body.dataset.state = "ready";
}

/** What was asked last, and has been answered or will be. */
let asked = "";
let isAsking = false;
/** What the numbers on the page are of. */
let shown = "";

/** Exact counts, and all that follows from them. */
async function settle() {
  remember();
  buttons();
  const path = `/api/counts?${query()}`;
  if (path === asked && (shown === path || isAsking)) {
    if (shown === path) effect.show(effect.lastCounts()); // back where it was: only the mark is old
    return;
  }
  asked = path;
  isAsking = true;
  try {
    const found = await askCounts(path).finally(() => { if (asked === path) isAsking = false; });
    if (!found || path !== `/api/counts?${query()}`) return; // bounds have moved on meanwhile
    shown = path;
    effect.show(found);
    banner("error", "");
    rules.refresh().catch(failed);
    judge();
    reader.verdict();
  } catch (error) {
    asked = "";
    failed(error);
  }
}

const settleSoon = quiet(settle, 80);

const judge = quiet(async () => {
  try {
    const found = await askQuality(`/api/quality?${query()}`);
    if (found) effect.quality(found);
  } catch (error) {
    failed(error);
  }
}, 250);

function buttons() {
  byId("save").disabled = state.moved.size === 0 || session.read_only_files;
  byId("reset-all").disabled = state.moved.size === 0;
}

function changed(isLast = false) {
  reader.ruleOpened();
  effect.estimate();
  if (isLast) settle();
  else settleSoon();
}

rules.prepare(changed);
reader.prepare({ onLabel: judge, onError: failed });
keys.onKeys(reader.keysChanged);
keys.listen(byId("reader"), {
  keep: () => reader.label("keep"), drop: () => reader.label("drop"), skip: () => reader.label("skip"),
  undo: reader.undo, next: reader.next, previous: reader.previous, reveal: reader.reveal, whole: reader.whole,
  lower: () => rules.nudge(-1), raise: () => rules.nudge(1), search: reader.search, help: keys.help,
}, reader.reason);

byId("language").addEventListener("change", (event) => {
  state.moved.clear();
  history.replaceState(null, "", `?${new URLSearchParams({ lang: event.target.value })}`);
  open(event.target.value);
});
byId("reset-all").addEventListener("click", () => {
  state.moved.clear();
  rules.list();
  settle();
});
byId("read-flips").addEventListener("click", () => {
  reader.show("flips");
  byId("document").focus();
});
byId("save").addEventListener("click", () => saving.open(() => {}));
byId("help").addEventListener("click", keys.help);

let waiting = 0;
function connection() {
  const kept = waiting ? ` ${count(waiting)} label${waiting === 1 ? " waits" : "s wait"} in this browser.` : "";
  // What waits belongs to this address, port included.
  const again = location.port ? ` If it has ended, start it again with --port ${location.port} and open the address that it prints.` : "";
  if (isLost()) banner("lost", `The server does not answer.${again} Labels are kept here meanwhile.${kept}`);
  else banner("lost", waiting ? `Not all labels are with the server yet.${kept}${again}` : "");
}
onConnection((lost) => {
  connection();
  if (!lost && session) settleSoon();
});
labels.onWaiting((n) => {
  waiting = n;
  connection();
});

open(new URLSearchParams(location.search).get("lang") || byId("language").value);
