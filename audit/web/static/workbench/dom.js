// Elements and numbers. Text from outside only ever becomes a text node.

/** The element of an id. @param {string} id @returns {any} */
export const byId = (id) => document.getElementById(id);

/**
 * A new element. `class`, `text`, `on` (listeners by event) are special; the rest are attributes,
 * of which false and null are left out.
 * @param {string} name @param {Record<string, any>} [with_] @param {...(Node|string|null)} children
 */
export function make(name, with_ = {}, ...children) {
  const made = document.createElement(name);
  fill(made, with_);
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/** The same in SVG. @param {string} name @param {Record<string, any>} [with_] @param {...Node} children */
export function draw(name, with_ = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  fill(made, with_);
  made.append(...children);
  return made;
}

function fill(made, with_) {
  for (const [key, value] of Object.entries(with_)) {
    if (key === "text") made.textContent = value;
    else if (key === "class") made.setAttribute("class", value);
    else if (key === "on") {
      for (const [event, listener] of Object.entries(value)) made.addEventListener(event, listener);
    } else if (value === true) made.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(key, String(value));
  }
}

const whole = new Intl.NumberFormat("en");

/** 4120 -> 4,120 @param {number} n */
export const count = (n) => whole.format(Math.round(n));

/** .6344 -> 63.4 % @param {number|null} share */
export function percent(share, digits = 1) {
  if (share === null || !Number.isFinite(share)) return "–";
  const shown = (100 * share).toFixed(digits);
  // What is not all and not nothing must not read so.
  if (share > 0 && Number(shown) === 0) return `<${(10 ** -digits).toFixed(digits)} %`;
  if (share < 1 && Number(shown) === 100) return `>${(100 - 10 ** -digits).toFixed(digits)} %`;
  return `${shown} %`;
}

/** A difference of shares in points, signed. @param {number} difference */
export function points(difference) {
  const shown = (100 * Math.abs(difference)).toFixed(1);
  if (shown === "0.0") return difference === 0 ? "0" : difference < 0 ? "−<0.1" : "+<0.1";
  return `${difference < 0 ? "−" : "+"}${shown}`;
}

/** A signal's value as people write it: at most four digits that say something. @param {number|null} v */
export function value(v) {
  if (v === null || v === undefined || Number.isNaN(v)) return "none";
  if (Number.isInteger(v) && Math.abs(v) < 1e9) return count(v);
  return String(Number(v.toPrecision(4)));
}

/** word_count -> word count @param {string} name */
export const words = (name) => name.replaceAll("_", " ");

/** Bounds in words: "50 to 100,000", "at most 0.3", "off". @param {{min: number|null, max: number|null}} bounds */
export function bounded({ min, max }) {
  if (min === null && max === null) return "off";
  if (min === null) return `≤ ${value(max)}`;
  return max === null ? `≥ ${value(min)}` : `${value(min)} – ${value(max)}`;
}

/** Calls late, once it has been quiet for a while. @param {(...args: any[]) => void} work @param {number} ms */
export function quiet(work, ms) {
  let timer = 0;
  return (...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => work(...args), ms);
  };
}
