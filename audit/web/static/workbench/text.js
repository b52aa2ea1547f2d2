// A page's text as text nodes, with marks that split none of them.

import { count, make } from "./dom.js";

const JOINERS = { "\u200c": "⟨ZWNJ⟩", "\u200d": "⟨ZWJ⟩" };
const TOKENS = /⟨(?:U\+[0-9A-F]{4,6}|ZWN?J)⟩|[\u2400-\u2421]/gu;
const REDACTED = /<(?:SECRET|CARD|IBAN|NATIONAL_ID|TAX_ID|EMAIL|PHONE|WALLET|MAC|IP|NAME)>/g;
const MOST = 500;

export const hasJoiners = (page) => page.parts.some((part) => /[\u200c\u200d]/.test(part.text));

/**
 * The excerpt's elements: one text node a part, and signs for what is left out between them.
 * @param {any} page @param {boolean} withJoiners
 */
export function excerpt(page, withJoiners) {
  const made = [];
  for (const part of page.parts) {
    if (part.gap) made.push(make("p", { class: "gap small muted", text: `${count(part.gap)} characters left out` }));
    const text = withJoiners ? part.text.replace(/[\u200c\u200d]/g, (sign) => JOINERS[sign]) : part.text;
    made.push(make("div", { class: "text", lang: page.code, dir: "auto", text }));
  }
  return made;
}

/**
 * Mark what was searched, control signs and redactions by the Custom Highlight API: no node is split,
 * so letters join and run as they did. Returns how often the words were found.
 * @param {HTMLElement} place @param {string} searched
 */
export function mark(place, searched) {
  if (!("highlights" in CSS)) return 0;
  const found = { match: [], token: [], redacted: [] };
  const sought = searched.trim().toLowerCase();
  for (const element of place.querySelectorAll(".text")) {
    const node = element.firstChild;
    if (!(node instanceof Text)) continue;
    const text = node.data;
    const span = (kind, from, length) => {
      if (found[kind].length >= MOST) return;
      const range = document.createRange();
      range.setStart(node, from);
      range.setEnd(node, Math.min(text.length, from + length));
      found[kind].push(range);
    };
    for (const one of text.matchAll(TOKENS)) span("token", one.index, one[0].length);
    for (const one of text.matchAll(REDACTED)) span("redacted", one.index, one[0].length);
    if (sought) {
      const lower = text.toLowerCase();
      // Letters whose small form is longer would shift every place after them.
      const where = lower.length === text.length ? lower : text;
      for (let at = where.indexOf(sought); at >= 0 && found.match.length < MOST; at = where.indexOf(sought, at + sought.length)) {
        span("match", at, sought.length);
      }
    }
  }
  for (const [kind, ranges] of Object.entries(found)) CSS.highlights.set(`weir-${kind}`, new Highlight(...ranges));
  return found.match.length;
}
