// What the moves do: keep-rates at once from the open rule's curve, exact ones when the server answers.

import { byId, count, make, percent, points, quiet } from "./dom.js";
import { boundsOf, session, state } from "./state.js";
import { numbers, openCurve } from "./rules.js";

const NAMES = { documents: "documents", characters: "characters", words: "words", tokens: "tokens" };
/** @type {any} The server's last counts. */
let exact = null;

export const lastCounts = () => exact;

const settle = quiet((text) => { byId("settled").textContent = text; }, 600);

/** While a bound moves: the keep-rate by prefix sums, marked as about right. */
export function estimate() {
  const curve = openCurve();
  badge("≈", "About: exact counts follow");
  if (!curve || !exact) return;
  const bounds = boundsOf(state.rule);
  const rates = {};
  for (const [measure, found] of Object.entries(exact.measures)) {
    if (!(measure in curve.sums.rest)) return;
    rates[measure] = { ...found, kept: curve.inside("rest", measure, bounds) };
  }
  table(rates);
  const failing = curve.total("every", "documents") - curve.inside("every", "documents", bounds);
  const only = curve.total("rest", "documents") - curve.inside("rest", "documents", bounds);
  const before = exact.rules[state.rule]?.documents ?? { first: 0 };
  const guessed = { first: Math.min(before.first, failing), any: failing, only };
  numbers({ ...exact.rules, [state.rule]: { documents: guessed } }, exact.measures.documents.total);
}

/** @param {any} counts Exact ones, of the documents held. */
export function show(counts) {
  exact = counts;
  table(counts.measures);
  const documents = counts.measures.documents;
  numbers(counts.rules, documents.total);
  byId("lost").textContent = count(counts.flips.lost);
  byId("gained").textContent = count(counts.flips.gained);
  byId("read-flips").disabled = counts.flips.lost + counts.flips.gained === 0;
  if (counts.is_exact) badge("exact", `Counted in all ${count(documents.total)} documents`);
  else badge(`± ${counts.interval.toFixed(2)}`, "Counted exactly in a simple random sample: 95 % interval in points");
  const interval = byId("interval");
  interval.hidden = counts.is_exact;
  interval.textContent = counts.is_exact ? "" :
    `In a random sample of ${count(documents.total)} of ${count(session.total)} documents; the keep-rate is right to ± ${counts.interval.toFixed(2)} points (95 %).`;
  pinned(counts.pinned);
  const rate = documents.kept / documents.total;
  settle(`${percent(rate)} of documents kept, ${points((documents.kept - documents.before_kept) / documents.total)} points; ${count(counts.flips.lost)} lost, ${count(counts.flips.gained)} gained.`);
}

function badge(text, title) {
  const place = byId("exactness");
  place.textContent = text;
  place.title = title;
  place.dataset.state = text === "exact" ? "exact" : "about";
}

function table(measures) {
  const { kept, total } = measures.documents;
  byId("keep-rate").textContent = total ? percent(kept / total) : "–";
  byId("keep-words").textContent = total ? `of ${count(total)} documents kept` : "no documents";
  const body = byId("measures");
  for (const [measure, found] of Object.entries(measures)) {
    let row = body.querySelector(`[data-measure="${measure}"]`);
    if (!row) {
      row = make("tr", { "data-measure": measure }, make("th", { scope: "row", text: NAMES[measure] ?? measure }),
        make("td", { class: "before" }), make("td", { class: "now" }), make("td", { class: "change" }));
      body.append(row);
    }
    const [before, now, change] = row.querySelectorAll("td");
    const all = found.total;
    before.textContent = all ? percent(found.before_kept / all) : "–";
    now.textContent = all ? percent(found.kept / all) : "–";
    change.textContent = all ? points((found.kept - found.before_kept) / all) : "–";
    change.dataset.sign = String(Math.sign(Math.round(found.kept - found.before_kept)));
  }
  for (const row of body.querySelectorAll("tr")) if (!(row.dataset.measure in measures)) row.remove();
}

/** Reference pages that flip, first; then those that are not where somebody wants them. */
function pinned(pages) {
  const place = byId("pinned");
  if (!pages.length) {
    place.replaceChildren(make("p", { class: "muted small", text: "None are pinned. Name pages that must stay with --gates FILE." }));
    return;
  }
  const flips = pages.filter((page) => page.from !== page.to);
  const wrong = pages.filter((page) => page.from === page.to && page.to !== page.wanted);
  const line = flips.length
    ? `${count(flips.length)} of ${count(pages.length)} change${flips.length === 1 ? "s" : ""} sides`
    : `None of ${count(pages.length)} changes sides${wrong.length ? `; ${count(wrong.length)} not as wanted` : ""}.`;
  place.replaceChildren(
    make("p", { class: flips.length ? "alert" : "small", text: line }),
    make("ul", { class: "pages" }, ...[...flips, ...wrong].slice(0, 50).map((page) =>
      make("li", { class: page.to === page.wanted ? "good" : "bad" },
        make("bdi", { class: "url", text: page.url ?? page.doc_id }),
        make("span", { class: "small", text: page.from === page.to ? `is ${side(page.to)}, wanted ${side(page.wanted)}` : `${side(page.from)} → ${side(page.to)}, wanted ${side(page.wanted)}` }),
        make("span", { class: "small muted", text: page.why })))),
  );
}

/** keep -> kept */
export const side = (outcome) => (outcome === "keep" ? "kept" : "rejected");

/** @param {any} found Precision and recall of labels. */
export function quality(found) {
  const place = byId("quality");
  if (!found.documents) {
    place.replaceChildren(make("p", { class: "muted small", text: "None yet. Label pages in the reader: precision and recall of these bounds follow from a hundred on." }));
    return;
  }
  const cell = (share) => share.value === null
    ? make("td", { class: "few small muted", text: `≈ ${count(share.needed)} more` })
    : make("td", {}, make("span", { class: "n", text: percent(share.value, 0) }), " ", make("span", { class: "small muted", text: `${percent(share.low, 0)} – ${percent(share.high, 0)}` }));
  const labelled = (n, what) => `${count(n)} ${what}`;
  const row = (name, part) => make("tr", {}, make("th", { scope: "row", text: name }), cell(part.precision), cell(part.recall));
  place.replaceChildren(
    make("table", { class: "quality" },
      make("thead", {}, make("tr", {}, make("td"), make("th", { scope: "col", text: "precision" }), make("th", { scope: "col", text: "recall" }))),
      make("tbody", {}, row(labelled(found.tuning.labels, "to tune by"), found.tuning), row(labelled(found.held_out.labels, "held out"), found.held_out))),
    make("p", { class: "muted small", text: `${count(found.documents)} documents labelled${found.agreement === null ? "" : `; agreement of two people, α ${found.agreement.toFixed(2)}`}. Precision: share of what is kept that is good. Weighted by how each page came up; 95 % intervals. Under a hundred labels’ worth there is no number, but how many more it takes.` }),
  );
}
