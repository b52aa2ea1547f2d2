// Single keys of the reader. They act only while the reader has the focus, can be changed, and can be
// switched off (WCAG 2.1.4).

import { byId, make } from "./dom.js";

const STORE = "weir.keys";
const ACTIONS = {
  keep: ["a", "Keep"],
  drop: ["x", "Drop"],
  skip: [" ", "Skip"],
  undo: ["z", "Undo the last label"],
  next: ["j", "Next document"],
  previous: ["k", "Previous document"],
  reveal: ["u", "Reveal the verdict"],
  whole: ["t", "Show the whole text"],
  lower: ["[", "Nudge the open rule's bound down"],
  raise: ["]", "Nudge it up"],
  search: ["/", "Search"],
  help: ["?", "This help"],
};

/** @type {{isOn: boolean, keys: Record<string, string>}} */
const settings = { isOn: true, keys: {} };
const listeners = new Set();

try {
  const stored = JSON.parse(localStorage.getItem(STORE) ?? "{}");
  settings.isOn = stored.isOn !== false;
  for (const [action, key] of Object.entries(stored.keys ?? {})) {
    if (action in ACTIONS && typeof key === "string" && [...key].length === 1) settings.keys[action] = key;
  }
} catch { /* a store that cannot be read is an empty one */ }

/** @param {string} action */
export const keyOf = (action) => settings.keys[action] ?? ACTIONS[action][0];

/** How a key is written. @param {string} action */
export const shownKey = (action) => (keyOf(action) === " " ? "Space" : keyOf(action).toUpperCase());

export const areOn = () => settings.isOn;

/** Hear when keys have changed. @param {() => void} listener */
export const onKeys = (listener) => listeners.add(listener);

function save() {
  localStorage.setItem(STORE, JSON.stringify(settings));
  for (const listener of listeners) listener();
}

/** The key of an event; a Greek or Cyrillic keyboard's letter by its place. @param {KeyboardEvent} event */
function pressed(event) {
  const { key, code } = event;
  if (/^Key[A-Z]$/.test(code) && !/^[\x00-\x7f]$/.test(key)) return code.slice(3).toLowerCase();
  return key.toLowerCase();
}

/**
 * Act on keys within a place.
 * @param {HTMLElement} place @param {Record<string, () => void>} actions @param {(n: number) => void} onDigit
 */
export function listen(place, actions, onDigit) {
  place.addEventListener("keydown", (event) => {
    if (!settings.isOn || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const target = /** @type {HTMLElement} */ (event.target);
    if (target.matches("input:not([type=checkbox]), textarea, select, [contenteditable]")) return;
    const key = pressed(event);
    if ((key === " " || key === "enter") && target.matches("button, input, summary, a")) return;
    if (/^[1-8]$/.test(key)) {
      event.preventDefault();
      onDigit(Number(key));
      return;
    }
    const action = Object.keys(ACTIONS).find((one) => keyOf(one) === key);
    if (!action || (event.repeat && !["lower", "raise", "next", "previous"].includes(action))) return;
    event.preventDefault();
    actions[action]?.();
  });
}

/** Fill the dialog that lists the keys and changes them. */
export function help() {
  const dialog = byId("help-dialog");
  const problem = make("p", { role: "status", class: "small" });
  const on = make("input", { type: "checkbox", on: { change: () => { settings.isOn = on.checked; save(); } } });
  on.checked = settings.isOn;
  const rows = Object.entries(ACTIONS).map(([action, [, name]]) => {
    const field = make("input", { type: "text", size: 5, maxlength: 5, autocomplete: "off", "aria-label": `Key: ${name}`, on: {
      focus: () => field.select(),
      keydown: (event) => {
        if (event.key === "Tab" || event.key === "Escape" || event.key === "Enter") return;
        event.preventDefault();
        const key = pressed(event);
        if ([...key].length !== 1 || /^[1-8]$/.test(key)) return;
        const other = Object.keys(ACTIONS).find((one) => one !== action && keyOf(one) === key);
        problem.textContent = other ? `${key} is the key of “${ACTIONS[other][1]}”.` : "";
        if (other) return;
        settings.keys[action] = key;
        field.value = shownKey(action);
        save();
      },
    } });
    field.value = shownKey(action);
    return make("tr", {}, make("th", { scope: "row", text: name }), make("td", {}, field));
  });
  dialog.replaceChildren(
    make("h2", { id: "help-title", text: "Keys and help" }),
    make("p", { text: "Keys act while the reader has the focus: click into it, or press Tab until it has a frame. To change one, put the cursor into its field and press another." }),
    make("p", {}, make("label", { class: "check" }, on, " Use single keys")),
    make("table", { class: "keys" }, make("tbody", {}, ...rows,
      make("tr", {}, make("th", { scope: "row", text: "What is wrong, 1 to 8" }), make("td", { text: "1 – 8" })))),
    problem,
    make("h3", { text: "How to tune a rule" }),
    make("ol", { class: "small" },
      make("li", { text: "Open the rule whose “only” is largest: that is what it alone costs." }),
      make("li", { text: "Read its margin: pages nearest the bound, which pass every other rule." }),
      make("li", { text: "Move the bound, and read what changes sides. The run itself changes nothing." }),
      make("li", { text: "Label pages drawn at random, blind, until precision and recall are known well enough." }),
      make("li", { text: "Save: the difference is shown first, and a record says why." })),
    make("p", { class: "buttons" },
      make("button", { type: "button", text: "Default keys", on: { click: () => { settings.keys = {}; settings.isOn = true; save(); help(); } } }), " ",
      make("button", { type: "button", class: "primary", text: "Close", on: { click: () => dialog.close() } })),
  );
  if (!dialog.open) dialog.showModal();
}
