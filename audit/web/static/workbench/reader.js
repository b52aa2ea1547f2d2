// The reader: one document of a queue at a time, its text and, unless it is read blind, its verdict.

import { Lost, get, latest } from "./api.js";
import { byId, count, make, value, words } from "./dom.js";
import { side } from "./effect.js";
import * as labels from "./labels.js";
import { shownKey } from "./keys.js";
import { moves, query, remember, session, state } from "./state.js";
import { excerpt, hasJoiners, mark } from "./text.js";

const BATCH = 40;
const askQueue = latest();

/** @type {any[]} Items of the queue, each with the label that it was given here. */
let items = [];
let at = 0;
let isBusy = false;
let withJoiners = false;
let asked = 0;
/** @type {Map<string, Promise<any>>} */
const pages = new Map();
/** @type {any[]} Items in the order in which they were labelled, for undoing. */
let given = [];
/** @type {() => void} */
let labelled = () => {};
/** @type {(error: any) => void} */
let failed = () => {};

/** @param {{onLabel: () => void, onError: (error: any) => void}} listeners */
export function prepare(listeners) {
  labelled = listeners.onLabel;
  failed = listeners.onError;
  byId("queue-form").addEventListener("submit", (event) => { event.preventDefault(); choose(); });
  byId("queue").addEventListener("change", () => { follow(); choose(); });
  byId("queue-rule").addEventListener("change", choose);
  byId("queue-host").addEventListener("change", choose);
  byId("queue-text").addEventListener("change", choose);
  byId("blind").addEventListener("change", () => { state.blind = byId("blind").checked; verdict(); });
  byId("show-whole").addEventListener("click", whole);
  byId("show-joiners").addEventListener("click", joiners);
  byId("copy-url").addEventListener("click", () => navigator.clipboard?.writeText(byId("document-url").textContent));
  const [verdicts, walk] = [document.querySelector("#labelling .verdicts"), byId("walk")];
  for (const [place, action, act, name] of [
    [walk, "previous", previous, "Previous"], [walk, "next", next, "Next"],
    [verdicts, "keep", () => label("keep"), "Keep"], [verdicts, "drop", () => label("drop"), "Drop"],
    [verdicts, "skip", () => label("skip"), "Skip"], [verdicts, "undo", undo, "Undo"],
    [verdicts, "reveal", reveal, "Reveal"],
  ]) {
    place.append(make("button", { type: "button", "data-action": action, on: { click: act } }, `${name} `, make("kbd", {})));
  }
  keysChanged();
}

/** The keys as the buttons show them. */
export function keysChanged() {
  for (const one of document.querySelectorAll("#reader [data-action]")) {
    one.querySelector("kbd").textContent = shownKey(/** @type {any} */ (one).dataset.action);
  }
}

/** For another language. */
export function restart() {
  pages.clear();
  given = [];
  byId("queue").value = state.queue;
  follow();
  byId("queue-host").value = state.host;
  const kinds = session.reasons.map((reason, n) => make("label", { class: "reason" },
    make("input", { type: "checkbox", value: reason.key, on: { change: which } }), make("kbd", { text: n + 1 }), ` ${reason.label}`));
  const other = make("label", { class: "reason", id: "which", hidden: true }, "which? ",
    make("select", { id: "which-language" }, make("option", { value: "", text: "not known" }),
      ...session.every_language.filter((one) => one.tag !== state.lang).map((one) => make("option", { value: one.tag, text: one.name }))));
  byId("reasons").replaceChildren(make("legend", { text: "What is wrong with it" }), kinds[0], other, ...kinds.slice(1));
  byId("labelling").toggleAttribute("inert", session.read_only);
  return fill();
}

/** Ask which language it is instead, where it is another. */
function which() {
  const box = byId("reasons").querySelector("input[value=wrong_language]");
  byId("which").hidden = !box.checked;
  if (!box.checked) byId("which-language").value = "";
}

/** Show a queue, chosen elsewhere. @param {string} kind */
export function show(kind) {
  byId("queue").value = kind;
  follow();
  choose();
}

/** The queues of one rule are of the open one, until another is chosen. */
function follow() {
  if (state.rule) byId("queue-rule").value = state.rule;
}

/** Another rule was opened. */
export function ruleOpened() {
  if (!state.rule || byId("queue-rule").value === state.rule) return;
  follow();
  if (["margin", "only"].includes(state.queue)) fill();
}

function choose() {
  state.queue = byId("queue").value;
  state.host = byId("queue-host").value.trim();
  state.search = byId("queue-text").value;
  remember();
  fill();
}

function fields() {
  const needs = { rule: ["margin", "only"], host: ["host"], text: ["search"] };
  for (const [name, kinds] of Object.entries(needs)) byId(`queue-${name}-label`).hidden = !kinds.includes(state.queue);
}

const isWaiting = () => (state.queue === "host" && !state.host) || (state.queue === "search" && !state.search.trim());

/** Ask for the queue's first documents. */
export async function fill() {
  fields();
  asked += 1;
  items = [];
  at = 0;
  if (isWaiting()) return empty(state.queue === "host" ? "Name a host, as in www.example.fi." : "Say what to search for.");
  byId("position").textContent = "…";
  await more();
  return paint();
}

async function more() {
  const mine = asked;
  const options = {
    kind: state.queue, n: BATCH,
    name: ["margin", "only"].includes(state.queue) ? byId("queue-rule").value || state.rule : null,
    host: state.queue === "host" ? state.host : null,
    text: state.queue === "search" ? state.search : null,
  };
  try {
    const found = await askQueue(`/api/queue?${query(options)}`);
    if (!found || mine !== asked) return;
    const known = new Set(items.map((item) => item.doc_id));
    items.push(...found.filter((item) => !known.has(item.doc_id)));
  } catch (error) {
    failed(error);
  }
}

/** The text of a document; the next one is asked for while this one is read. */
function page(item, isWhole = false) {
  const key = `${state.lang} ${item.doc_id}${isWhole ? " whole" : ""}`;
  if (!pages.has(key)) {
    const text = ["search"].includes(state.queue) ? state.search.trim() : null;
    const asking = get(`/api/page?${new URLSearchParams({ lang: state.lang, doc: item.doc_id, ...(isWhole ? { whole: "1" } : {}), ...(text ? { text } : {}) })}`);
    asking.catch(() => pages.delete(key));
    pages.set(key, asking);
    if (pages.size > 200) pages.delete(pages.keys().next().value);
  }
  return pages.get(key);
}

const current = () => items[at];

/** @param {string} action @returns {any} */
const button = (action) => document.querySelector(`#reader [data-action="${action}"]`);

function empty(text) {
  byId("document").hidden = true;
  byId("labelling").hidden = true;
  byId("position").textContent = "";
  const place = byId("empty");
  place.hidden = false;
  place.replaceChildren(make("p", { text }));
}

async function paint(isWhole = false) {
  const item = current();
  if (!item) return empty(items.length ? "That was the last one of this queue." : emptyWords());
  let found;
  try {
    found = await page(item, isWhole);
  } catch (error) {
    if (item === current()) empty(error instanceof Lost ? "The server does not answer; this page comes when it is back." : error.message);
    return failed(error);
  }
  if (item !== current()) return undefined;
  byId("empty").hidden = true;
  byId("document").hidden = false;
  byId("labelling").hidden = false;
  const title = byId("document-title");
  title.textContent = found.title || "Without a title";
  title.lang = found.code;
  title.dir = "auto";
  byId("document-url").textContent = found.url ?? "";
  const text = byId("document-text");
  text.replaceChildren(...(found.why_not ? [make("p", { class: "muted", text: `${found.why_not}.` })] : excerpt(found, withJoiners)));
  if (isWhole && found.is_cut) text.append(make("p", { class: "gap small muted", text: "the rest is not shown" }));
  const matches = mark(text, state.queue === "search" ? state.search : "");
  byId("matches").textContent = state.queue === "search" ? `${matches} match${matches === 1 ? "" : "es"} in what is shown` : "";
  byId("show-whole").hidden = found.is_whole;
  byId("show-whole").textContent = `Show all ${count(found.chars)} characters`;
  byId("show-joiners").hidden = !hasJoiners(found);
  byId("position").textContent = `${count(at + 1)} of ${count(items.length)}`;
  byId("document").scrollTop = 0;
  for (const box of byId("reasons").querySelectorAll("input")) box.checked = item.label?.reasons.includes(box.value) ?? false;
  which();
  if (item.label?.language) byId("which-language").value = item.label.language;
  for (const name of ["keep", "drop", "skip"]) {
    document.querySelector(`[data-action="${name}"]`).setAttribute("aria-pressed", String(item.label?.verdict === name));
  }
  button("undo").disabled = given.length === 0;
  button("reveal").disabled = isShown(item);
  button("previous").disabled = at === 0;
  verdict();
  const after = items[at + 1];
  if (after) page(after).catch(() => {});
  return undefined;
}

function emptyWords() {
  return {
    flips: Object.keys(moves()).length ? "No document changes sides." : "No bound has moved, so no document changes sides.",
    only: "No document fails this rule alone.",
    margin: "No document is decided by this rule alone.",
    search: "No document has these words.",
    host: "No document of this host.",
  }[state.queue] ?? "Nothing is left in this queue.";
}

const isShown = (item) => !state.blind || item.isRevealed || Boolean(item.label);

/** The verdict's part of the page. Blind, it is not there at all: the server has not even been asked. */
export async function verdict() {
  const place = byId("verdict");
  const item = current();
  if (!item || !isShown(item)) {
    place.replaceChildren(...(item ? [make("p", { class: "small muted", text: `Read blind: the verdict comes with your label, or with ${shownKey("reveal")}.` })] : []));
    return;
  }
  let found;
  try {
    found = await get(`/api/verdict?${query({ doc: item.doc_id })}`);
  } catch (error) {
    place.replaceChildren(make("p", { class: "small muted", text: "The verdict is not known while the server does not answer." }));
    return failed(error);
  }
  if (item !== current() || !isShown(item)) return;
  const failing = found.signals.filter((signal) => signal.failed);
  const signal = (one) => make("tr", { class: one.failed ? "failed" : null }, make("th", { scope: "row", text: words(one.name) }),
    make("td", { class: "n", text: value(one.value) }), make("td", { class: "small muted", text: limits(one) }));
  place.replaceChildren(
    make("p", { class: `outcome ${found.verdict}` }, make("strong", { text: side(found.verdict) }),
      found.verdict === found.outcome ? "" : ` (in the run: ${side(found.outcome)})`,
      ...failing.map((one) => make("span", { class: "why", text: `${words(one.name)} ${value(one.value)}, ${limits(one)}` })),
      ...(failing.length || found.verdict === "keep" ? [] : [make("span", { class: "why", text: found.reason ?? "" })])),
    make("details", {}, make("summary", { class: "small", text: "All signals" }),
      make("table", { class: "signals" }, make("tbody", {}, ...found.signals.map(signal)))),
  );
}

function limits({ min, max }) {
  if (min === null && max === null) return "no bound";
  if (min === null) return `at most ${value(max)}`;
  return max === null ? `at least ${value(min)}` : `${value(min)} to ${value(max)}`;
}

/** @param {"keep"|"drop"|"skip"} said */
export async function label(said) {
  const item = current();
  if (!item || isBusy || session.read_only) return;
  isBusy = true;
  const reasons = said === "drop" ? [...byId("reasons").querySelectorAll("input:checked")].map((box) => box.value) : [];
  const body = {
    lang: state.lang, id: labels.newId(), time: new Date().toISOString(), doc_id: item.doc_id, verdict: said, reasons,
    queue: item.queue, inclusion_probability: item.inclusion_probability, frame: item.frame, rule: item.rule,
    is_blind: !isShown(item), moved: moves(), language: reasons.includes("wrong_language") ? byId("which-language").value || null : null,
  };
  try {
    await labels.give(body);
    item.label = { id: body.id, verdict: said, reasons, language: body.language };
    given.push(item);
    labelled();
    await step(1);
  } catch (error) {
    failed(error);
  } finally {
    isBusy = false;
  }
}

export async function undo() {
  const item = given.pop();
  if (!item || isBusy) return;
  isBusy = true;
  try {
    await labels.retract(item.label.id);
    item.label = null;
    labelled();
    if (!items.includes(item)) items.splice(at, 0, item);
    at = items.indexOf(item);
    await paint();
  } catch (error) {
    given.push(item);
    failed(error);
  } finally {
    isBusy = false;
  }
}

async function step(by) {
  const to = at + by;
  if (to < 0) return;
  if (to >= items.length - 1 && by > 0 && items.length >= BATCH) await more();
  at = Math.min(to, items.length);
  await paint();
}

export const next = () => step(1);
export const previous = () => step(-1);

export function reveal() {
  const item = current();
  if (item && !isBusy) {
    item.isRevealed = true;
    button("reveal").disabled = true;
    verdict();
  }
}

export const whole = () => paint(true);

function joiners() {
  withJoiners = !withJoiners;
  byId("show-joiners").setAttribute("aria-pressed", String(withJoiners));
  paint();
}

/** Toggle what is wrong. @param {number} digit */
export function reason(digit) {
  const box = byId("reasons").querySelectorAll("input[type=checkbox]")[digit - 1];
  if (!box || !current()) return;
  box.checked = !box.checked;
  which();
}

export function search() {
  if (state.queue !== "search") show("search");
  byId("queue-text").focus();
}
