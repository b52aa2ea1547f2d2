// The rules: what each costs, and controls for the one that is open.

import { get, latest } from "./api.js";
import { Curve, HEIGHT, WIDTH, axisWords, paint, stretch } from "./curve.js";
import { bounded, byId, count, draw, make, percent, quiet, value, words } from "./dom.js";
import { boundsOf, move, moves, query, ruleOf, runBounds, session, state } from "./state.js";

const askCurve = latest();

/** @type {Curve|null} The distribution of the open rule, under the other rules' bounds. */
let curve = null;
let askedFor = "";
/** @type {{value: number, kind: string}|null} */
let guess = null;
/** @type {(isLast?: boolean) => void} */
let changed = () => {};
/** Whether rules that reject nothing are listed as well. */
let withQuiet = false;

/** @param {(isLast?: boolean) => void} onChange Called after each move, and at its end. */
export function prepare(onChange) {
  changed = onChange;
  byId("show-quiet").addEventListener("click", () => {
    withQuiet = !withQuiet;
    hush();
  });
}

/** Show what rejects something, was moved, or is open; the rest on demand. */
function hush() {
  let quietOnes = 0;
  for (const place of document.querySelectorAll("#rule-list > li[data-rule]")) {
    const item = /** @type {any} */ (place);
    const isQuiet = item.dataset.any === "0" && !state.moved.has(item.dataset.rule) && item.dataset.rule !== state.rule;
    quietOnes += Number(isQuiet);
    item.hidden = isQuiet && !withQuiet;
  }
  const others = /** @type {any} */ (document.querySelector("#rule-list > .others"));
  if (others) others.hidden = !withQuiet && !others.querySelector(`li[data-rule="${CSS.escape(state.rule)}"], li.moved`);
  const button = byId("show-quiet");
  button.setAttribute("aria-pressed", String(withQuiet));
  button.textContent = withQuiet ? "Hide what rejects nothing" : `Show ${count(quietOnes)} rules that reject nothing`;
}

export const openCurve = () => (curve && curve.name === state.rule ? curve : null);

/** Draw the list anew: for another language. */
export function list() {
  curve = null;
  askedFor = "";
  const rules = [...session.rules].filter((rule) => rule.is_declared || rule.what_if);
  if (!ruleOf(state.rule)) {
    const tried = rules.filter((rule) => rule.what_if && rule.counts.any > 0);
    tried.sort((a, b) => b.counts.only - a.counts.only);
    const [moved] = state.moved.keys();
    state.rule = moved ?? (tried[0] ?? rules[0])?.name ?? "";
  }
  const [mine, others] = [rules.filter((r) => r.is_declared), rules.filter((r) => !r.is_declared)];
  byId("rule-list").replaceChildren(
    ...mine.map(row),
    ...(others.length
      ? [make("li", { class: "others" }, make("details", {},
          make("summary", { text: `${others.length} measured signals without a rule` }),
          make("ol", {}, ...others.map(row))))]
      : []),
  );
  if (others.some((rule) => rule.name === state.rule)) {
    /** @type {any} */ (document.querySelector("#rule-list .others details")).open = true;
  }
  byId("queue-rule").replaceChildren(...rules.map((rule) => make("option", { value: rule.name, text: words(rule.name) })));
  open(state.rule);
  numbers(Object.fromEntries(session.rules.map((rule) => [rule.name, { documents: rule.counts }])), session.documents);
  rowOf(state.rule)?.scrollIntoView({ block: "nearest" });
}

function row(rule) {
  const panel = make("div", { class: "panel", id: `panel-${rule.name}`, hidden: true });
  const button = make("button", {
    type: "button", class: "rule", "aria-expanded": "false", "aria-controls": panel.id,
    on: { click: () => open(state.rule === rule.name && !panel.hidden ? "" : rule.name, true) },
  },
    make("span", { class: "name", text: words(rule.name) }),
    make("span", { class: "bound" }),
    ...["first", "any", "only"].map((kind) =>
      make("span", { class: `share ${kind}` }, make("span", { class: "hidden", text: `${kind} ` }), make("span", { class: "n" }))),
  );
  const made = make("li", { "data-rule": rule.name, class: rule.what_if ? null : "fixed" }, button, panel);
  return made;
}

const rowOf = (name) => document.querySelector(`li[data-rule="${CSS.escape(name)}"]`);

/** Open one rule's controls; the empty name closes all. */
function open(name, byHand = false) {
  for (const panel of document.querySelectorAll("#rule-list .panel")) {
    /** @type {any} */ (panel).hidden = true;
    panel.replaceChildren();
    panel.previousElementSibling?.setAttribute("aria-expanded", "false");
  }
  state.rule = name;
  curve = null;
  askedFor = "";
  guess = null;
  const place = rowOf(name);
  if (place) {
    const panel = /** @type {any} */ (place.querySelector(".panel"));
    place.querySelector("button.rule")?.setAttribute("aria-expanded", "true");
    panel.hidden = false;
    panel.append(...controls(ruleOf(name)));
    refresh();
  }
  if (byHand) changed();
}

function controls(rule) {
  const parts = [make("p", { class: "description small", text: rule.description })];
  if (!rule.what_if) return [...parts, make("p", { class: "why-not small", text: `Cannot be moved: ${rule.why_not}` })];
  const svg = draw("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", class: "histogram", role: "img", "aria-label": `Distribution of ${words(rule.name)}` });
  parts.push(make("figure", {}, svg, make("figcaption", { class: "small muted axis", text: "Loading the distribution …" }),
    make("ul", { class: "key small muted" },
      ...[["in", "pass every rule"], ["out", "fail only this"], ["every", "fail others, or are copies"]].map(([kind, meaning]) =>
        make("li", {}, make("span", { class: `swatch ${kind}` }), meaning)))));
  const sides = ["min", "max"].filter((side) => boundsOf(rule.name)[side] !== null || runBounds(rule.name)[side] !== null);
  for (const side of sides.length ? sides : ["min", "max"]) parts.push(control(rule, side));
  const other = sides.length === 1 ? (sides[0] === "min" ? "max" : "min") : null;
  const buttons = make("p", { class: "buttons" },
    make("button", { type: "button", class: "reset", text: "Reset", on: { click: () => set(rule.name, runBounds(rule.name)) } }),
    other && make("button", { type: "button", text: other === "min" ? "Add a lower bound" : "Add an upper bound", on: { click: (event) => {
      const button = event.currentTarget;
      button.closest("p").before(control(rule, other));
      button.remove();
      refreshControls();
    } } }),
    suggestion(rule),
  );
  parts.push(buttons);
  if (rule.source) parts.push(make("p", { class: "small muted source", text: `Run's bound: ${bounded(rule)}, from ${rule.source}` }));
  return parts;
}

function control(rule, side) {
  const id = `${rule.name}-${side}`;
  const direction = side === "min" ? "at least" : "at most";
  const what = `${words(rule.name)}: keep ${direction}`;
  const range = make("input", { type: "range", id: `${id}-range`, min: 0, max: 1000, step: 1, "aria-label": what, on: {
    input: (event) => {
      if (!curve) return;
      set(rule.name, { ...boundsOf(rule.name), [side]: curve.rounded(curve.at(event.target.value / curve.steps)) }, event.target);
    },
    change: () => changed(true), // let go: nothing to wait for
  } });
  const number = make("input", { type: "number", id: `${id}-number`, step: "any", inputmode: "decimal",
    min: rule.low, max: rule.high, "aria-label": `${what}, ${rule.unit}`, on: {
      input: (event) => {
        const given = event.target.value;
        const ok = given !== "" && Number.isFinite(Number(given)) && event.target.checkValidity();
        event.target.setAttribute("aria-invalid", String(!ok));
        if (ok) set(rule.name, { ...boundsOf(rule.name), [side]: Number(given) }, event.target);
      },
      change: () => refreshControls(),
    } });
  const on = make("input", { type: "checkbox", id: `${id}-on`, on: { change: (event) => {
    const back = runBounds(rule.name)[side] ?? (curve ? curve.rounded(side === "min" ? curve.axis.from : curve.axis.to) : rule.low);
    set(rule.name, { ...boundsOf(rule.name), [side]: event.target.checked ? back : null }, event.target);
  } } });
  return make("div", { class: "control", "data-side": side },
    make("label", { class: "check", for: on.id }, on, ` ${direction}`), range,
    make("span", { class: "value" }, number, make("span", { class: "unit small muted", text: rule.unit })));
}

/** "The same share as in …": a dashed line and a button, never taken by itself. */
function suggestion(rule) {
  const select = make("select", { "aria-label": `Suggest a bound of ${words(rule.name)} that rejects the same share as in`, on: { change: () => suggest(rule, select, take) } },
    make("option", { value: "", text: "Suggest as in …" }),
    ...session.languages.filter((one) => one.tag !== state.lang).map((one) => make("option", { value: one.tag, text: one.name })));
  const take = make("button", { type: "button", class: "take", hidden: true });
  return session.languages.length > 1 ? make("span", { class: "suggest" }, select, " ", take) : null;
}

async function suggest(rule, select, take) {
  guess = null;
  take.hidden = true;
  const tag = select.value;
  if (tag && curve) {
    const found = await get(`/api/shares?${new URLSearchParams({ lang: tag, name: rule.name })}`);
    const now = boundsOf(rule.name);
    const side = now.min !== null ? "min" : "max";
    if (found.share === null || !curve) {
      take.textContent = `${found.name} has no such rule`;
      take.disabled = true;
    } else {
      const at = curve.cutting(side, found.share);
      guess = { value: at, kind: "guess" };
      take.textContent = `Use ${value(at)} (${percent(found.share)} as in ${found.name})`;
      take.disabled = false;
      take.onclick = () => {
        guess = null;
        take.hidden = true;
        select.value = "";
        set(rule.name, { ...boundsOf(rule.name), [side]: at });
      };
    }
    take.hidden = false;
  }
  repaint();
}

/** Move a rule's bounds; `by` is the control that moved, which keeps what was typed. */
export function set(name, bounds, by = null) {
  move(name, bounds);
  refreshControls(by);
  repaint();
  changed();
}

/** Nudge the open rule's bound by a hundredth of its slider, at least a step. @param {1|-1} way */
export function nudge(way) {
  const steps = way * Math.max(1, Math.round((curve?.steps ?? 0) / 100));
  const rule = ruleOf(state.rule);
  if (!rule?.what_if || !curve) return;
  const now = boundsOf(rule.name);
  const side = now.max !== null ? "max" : now.min !== null ? "min" : null;
  if (!side) return;
  let place = curve.place(now[side]) + steps / curve.steps;
  let moved = curve.rounded(curve.at(place));
  // A step that rounding swallows is none.
  for (let more = 0; moved === now[side] && more < 50; more += 1) {
    place += Math.sign(steps) / curve.steps;
    moved = curve.rounded(curve.at(place));
  }
  set(rule.name, { ...now, [side]: moved });
}

/** Ask for the open rule's distribution, if other rules' bounds have moved since. */
export async function refresh() {
  const rule = ruleOf(state.rule);
  if (!rule?.what_if) return;
  const others = Object.entries(moves()).filter(([key]) => !key.startsWith(`${rule.name}.`));
  const key = JSON.stringify([state.lang, rule.name, others]);
  if (key === askedFor) return;
  askedFor = key;
  const found = await askCurve(`/api/curve?${query({ name: rule.name })}`).catch((error) => {
    askedFor = "";
    throw error;
  });
  if (!found || found.name !== state.rule) return;
  const before = curve;
  curve = new Curve(found);
  const [now, run] = [boundsOf(rule.name), runBounds(rule.name)];
  stretch(curve, [now.min, now.max, run.min, run.max]);
  if (before?.name === curve.name) curve.axis = before.axis; // the axis stays under the pointer
  refreshControls();
  repaint();
}

function refreshControls(by = null) {
  const rule = ruleOf(state.rule);
  const place = rule && rowOf(rule.name);
  if (!place) return;
  const now = boundsOf(rule.name);
  for (const side of ["min", "max"]) {
    const [range, number, on] = ["range", "number", "on"].map((kind) => byId(`${rule.name}-${side}-${kind}`));
    if (!range) continue;
    const bound = now[side];
    on.checked = bound !== null;
    range.disabled = bound === null || !curve;
    number.disabled = bound === null;
    if (bound === null) {
      number.value = "";
      continue;
    }
    if (curve) range.max = String(curve.steps);
    if (by !== range && curve) range.value = String(Math.round(curve.place(bound) * curve.steps));
    if (by !== number) number.value = String(bound);
    if (by !== number) number.setAttribute("aria-invalid", "false");
    range.setAttribute("aria-valuetext", `${side === "min" ? "at least" : "at most"} ${value(bound)} ${rule.unit}`);
  }
  const reset = place.querySelector(".reset");
  if (reset) /** @type {any} */ (reset).disabled = !state.moved.has(rule.name);
}

function repaint() {
  const place = rowOf(state.rule);
  const svg = /** @type {any} */ (place?.querySelector(".histogram"));
  if (!svg || !curve) return;
  const [now, run] = [boundsOf(state.rule), runBounds(state.rule)];
  const lines = [];
  for (const side of ["min", "max"]) {
    if (run[side] !== null && run[side] !== now[side]) lines.push({ value: run[side], kind: "run" });
    if (now[side] !== null) lines.push({ value: now[side], kind: "bound" });
  }
  if (guess) lines.push(guess);
  paint(svg, curve, now, lines);
  place.querySelector(".axis").textContent = axisWords(curve);
}

const describe = quiet((svg, text) => svg.setAttribute("aria-label", text), 500);

/**
 * Numbers of every rule. @param {Record<string, {documents: {first: number, any: number, only: number}}>} counts
 * @param {number} total
 */
export function numbers(counts, total) {
  for (const place of document.querySelectorAll("li[data-rule]")) {
    const name = /** @type {any} */ (place).dataset.rule;
    place.classList.toggle("moved", state.moved.has(name));
    const bound = place.querySelector(".bound");
    if (bound) bound.textContent = bounded(boundsOf(name));
    const found = counts[name]?.documents;
    if (!found) continue;
    /** @type {any} */ (place).dataset.any = String(found.any);
    for (const kind of ["first", "any", "only"]) {
      const cell = place.querySelector(`.${kind} .n`);
      if (cell) cell.textContent = found[kind] ? percent(found[kind] / total) : "0";
    }
    const svg = place.querySelector(".histogram");
    if (svg) {
      describe(svg, `Distribution of ${words(name)}: keeps ${bounded(boundsOf(name))}; ${count(found.any)} of ${count(total)} documents fail it, ${count(found.only)} of them only it`);
    }
  }
  hush();
}
