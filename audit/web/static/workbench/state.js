// What is looked at, and the address that says so: a colleague who opens it sees the same.

/** @typedef {{min: number|null, max: number|null}} Bounds */

export const QUEUES = [
  "random", "margin", "only", "random_kept", "random_dropped", "flips", "disagreement", "host", "search",
];

export const state = {
  lang: "",
  /** @type {Map<string, Bounds>} Bounds that differ from the run's. */
  moved: new Map(),
  /** The rule whose controls are open. */
  rule: "",
  queue: "random",
  host: "",
  /** Not in the address: text of pages stays out of it. */
  search: "",
  blind: true,
};

/** @type {any} What the server said of the language: rules, sizes, names. */
export let session = null;

/** @param {any} opened */
export function setSession(opened) {
  session = opened;
  for (const name of state.moved.keys()) if (!ruleOf(name)) state.moved.delete(name);
}

/** @param {string} name @returns {any} */
export const ruleOf = (name) => session?.rules.find((rule) => rule.name === name) ?? null;

/** Bounds of the run. @param {string} name @returns {Bounds} */
export const runBounds = (name) => {
  const rule = ruleOf(name);
  return { min: rule.min, max: rule.max };
};

/** Bounds as they are now. @param {string} name @returns {Bounds} */
export const boundsOf = (name) => state.moved.get(name) ?? runBounds(name);

/** @param {string} name @param {Bounds} bounds */
export function move(name, bounds) {
  const run = runBounds(name);
  if (bounds.min === run.min && bounds.max === run.max) state.moved.delete(name);
  else state.moved.set(name, bounds);
}

/** Query of the server: language and moved bounds. */
export function query(more = {}) {
  const made = new URLSearchParams({ lang: state.lang });
  for (const [key, value] of Object.entries(moves())) made.set(`t.${key}`, value);
  for (const [key, value] of Object.entries(more)) {
    if (value !== null && value !== undefined && value !== "") made.set(key, String(value));
  }
  return made.toString();
}

/** Moved bounds, flat: {"word_count.min": "30", "x.max": "off"}. */
export function moves() {
  const made = {};
  for (const [name, bounds] of state.moved) {
    const run = runBounds(name);
    for (const side of ["min", "max"]) {
      if (bounds[side] !== run[side]) made[`${name}.${side}`] = bounds[side] === null ? "off" : String(bounds[side]);
    }
  }
  return made;
}

/** Put the state into the address, without a step in the history. */
export function remember() {
  const made = new URLSearchParams({ lang: state.lang });
  for (const [key, value] of Object.entries(moves())) made.set(`t.${key}`, value);
  if (state.rule) made.set("rule", state.rule);
  if (state.queue !== "random") made.set("q", state.queue);
  if (state.queue === "host" && state.host) made.set("host", state.host);
  history.replaceState(null, "", `${location.pathname}?${made}`);
}

/** The moved bounds that an address names, once the language's rules are known. */
export function recall() {
  const given = new URLSearchParams(location.search);
  state.queue = QUEUES.includes(given.get("q") ?? "") ? String(given.get("q")) : "random";
  state.host = given.get("host") ?? "";
  state.moved.clear();
  for (const [key, text] of given) {
    const found = /^t\.(.+)\.(min|max)$/.exec(key);
    const rule = found && ruleOf(found[1]);
    const number = text === "off" ? null : Number(text);
    if (!rule?.what_if || (number !== null && !Number.isFinite(number)) || text === "") continue;
    move(rule.name, { ...boundsOf(rule.name), [found[2]]: number });
  }
  const chosen = given.get("rule") ?? "";
  if (ruleOf(chosen)) state.rule = chosen;
}
