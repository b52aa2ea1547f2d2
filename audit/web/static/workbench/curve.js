// A signal's distribution in bins, from which a keep-rate follows at once while a bound is dragged.

import { draw, value as shown } from "./dom.js";

export const WIDTH = 512;
export const HEIGHT = 72;
const COLUMNS = 128;
const STEPS = 1000;
const SKEWED = 3;
const TAIL = 0.999;
const FAR = 20;

export class Curve {
  /** @param {any} given The server's answer: edges, sums of every document and of the rest, nulls. */
  constructor(given) {
    this.name = given.name;
    this.given = given;
    const last = given.edges[given.edges.length - 1];
    // Bins that were not needed are repeated at the end.
    let used = given.edges.indexOf(last);
    if (used < 1) used = 1;
    this.edges = given.edges.slice(0, used + 1);
    this.bins = used;
    this.isDiscrete = used < given.edges.length - 1;
    this.isWhole = this.edges.slice(0, used).every(Number.isInteger);
    this.sums = { every: {}, rest: {} };
    for (const side of ["every", "rest"]) {
      for (const [measure, bins] of Object.entries(given[side])) this.sums[side][measure] = prefix(bins, used);
    }
    this.axis = axisOf(this);
  }

  /** Steps of a slider along the axis: whole numbers, where there are few. */
  get steps() {
    const { from, to, isLog } = this.axis;
    return this.isWhole && !isLog && to - from <= STEPS ? Math.max(1, Math.round(to - from)) : STEPS;
  }

  /** Columns of the histogram: one a number, where there are few. */
  get columns() {
    return this.steps < COLUMNS ? this.steps + 1 : COLUMNS;
  }

  /** About how much lies below a value. */
  below(side, measure, value) {
    const sums = this.sums[side][measure];
    if (value <= this.edges[0]) return 0;
    if (value >= this.edges[this.bins]) return sums[this.bins];
    let low = 0;
    let high = this.bins;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.edges[middle] <= value) low = middle;
      else high = middle;
    }
    const share = this.isDiscrete
      ? Number(value > this.edges[low])
      : (value - this.edges[low]) / (this.edges[low + 1] - this.edges[low]);
    return sums[low] + share * (sums[low + 1] - sums[low]);
  }

  /** About how much lies within inclusive bounds; what has no value always does. */
  inside(side, measure, { min, max }) {
    const from = min === null ? 0 : this.below(side, measure, min);
    const end = max === null ? Infinity : max + Math.abs(max) * 2e-7 + 1e-12;
    const to = this.below(side, measure, end);
    return this.given.nulls[side][measure] + Math.max(0, to - from);
  }

  /** Everything, what has no value included. */
  total(side, measure) {
    return this.given.nulls[side][measure] + this.sums[side][measure][this.bins];
  }

  /** The bound that rejects about this share of all documents. @param {"min"|"max"} side */
  cutting(side, share) {
    const sums = this.sums.every.documents;
    const wanted = share * this.total("every", "documents");
    let at = 0;
    if (side === "min") {
      while (at < this.bins - 1 && sums[at + 1] <= wanted) at += 1;
    } else {
      at = this.bins - 1;
      while (at > 0 && sums[this.bins] - sums[at] <= wanted) at -= 1;
    }
    return this.outside(side, this.edges[at]);
  }

  /** A bound as somebody would write it that rejects no more than the value itself would. */
  outside(side, value) {
    const near = this.rounded(value);
    if (side === "min" ? near <= value : near >= value) return near;
    const unit = this.isWhole ? 1 : 10 ** (Math.floor(Math.log10(Math.abs(value) || 1)) - 2);
    return this.rounded(near + (side === "min" ? -unit : unit));
  }

  /** A value as somebody would write it: whole where all are, else three digits that say something. */
  rounded(value) {
    return this.isWhole ? Math.round(value) : Number(value.toPrecision(3));
  }

  /** Place of a value on the axis, 0 to 1. */
  place(value) {
    const { from, to, scaled } = this.axis;
    const place = (scaled(value) - scaled(from)) / (scaled(to) - scaled(from) || 1);
    return Math.min(1, Math.max(0, place));
  }

  /** Value at a place of the axis. */
  at(place) {
    const { from, to, scaled, unscaled } = this.axis;
    return unscaled(scaled(from) + place * (scaled(to) - scaled(from)));
  }
}

function prefix(bins, used) {
  const sums = new Float64Array(used + 1);
  for (let at = 0; at < used; at += 1) sums[at + 1] = sums[at] + bins[at];
  return sums;
}

/** From the smallest value to where a thousandth is left; logarithmic where a long tail demands it. */
function axisOf(curve) {
  const bins = curve.given.every.documents;
  const sums = curve.sums.every.documents;
  const n = sums[curve.bins] || 1;
  let mean = 0;
  for (let at = 0; at < curve.bins; at += 1) mean += (bins[at] * curve.edges[at]) / n;
  let [second, third] = [0, 0];
  for (let at = 0; at < curve.bins; at += 1) {
    const away = curve.edges[at] - mean;
    second += (bins[at] * away ** 2) / n;
    third += (bins[at] * away ** 3) / n;
  }
  const skew = second > 0 ? third / second ** 1.5 : 0;
  const from = curve.edges[0];
  let at = curve.bins - 1;
  while (at > 1 && sums[at] >= TAIL * n) at -= 1;
  const end = curve.edges[at + 1] > from ? curve.edges[at + 1] : from + 1;
  const isLog = skew > SKEWED && from >= 0 && end > 20;
  const same = (v) => v;
  return {
    from,
    to: end,
    isLog,
    scaled: isLog ? Math.log1p : same,
    unscaled: isLog ? Math.expm1 : same,
    clipped: n - sums[at + 1],
  };
}

/**
 * The axis stretched so that bounds lie on it; logarithmic where one lies so far out that the
 * values would be a line.
 * @param {Curve} curve @param {(number|null)[]} bounds
 */
export function stretch(curve, bounds) {
  const { axis } = curve;
  const known = bounds.filter((one) => one !== null);
  const spread = axis.to - axis.from;
  axis.from = Math.min(axis.from, ...known);
  axis.to = Math.max(axis.to, ...known);
  if (axis.from >= 0 && axis.to > FAR && axis.to - axis.from > FAR * spread) {
    Object.assign(axis, { isLog: true, scaled: Math.log1p, unscaled: Math.expm1 });
  }
}

/** Heights of the columns: every document, and those that only this rule may reject. */
function columns(curve) {
  const n = curve.columns;
  const made = { every: new Float64Array(n), rest: new Float64Array(n) };
  const last = curve.axis.to;
  for (const side of ["every", "rest"]) {
    const bins = curve.given[side].documents;
    for (let at = 0; at < curve.bins; at += 1) {
      if (curve.edges[at] > last) break;
      made[side][column(curve, curve.edges[at])] += bins[at];
    }
  }
  return made;
}

/** Column of a value. */
function column(curve, value) {
  const n = curve.columns;
  // Columns of whole numbers stand around them; the others begin at their edge.
  const place = curve.place(value) * (n <= curve.steps ? n : curve.steps);
  return Math.min(n - 1, n <= curve.steps ? Math.floor(place) : Math.round(place));
}

/**
 * The histogram with its lines. Lines are `{value, kind}`; kinds: bound, run, guess.
 * @param {SVGElement} svg @param {Curve} curve @param {{min: number|null, max: number|null}} bounds
 * @param {{value: number, kind: string}[]} lines
 */
export function paint(svg, curve, bounds, lines) {
  const made = columns(curve);
  const top = Math.max(1, ...made.every);
  // The square root keeps small columns visible beside the tall one that most signals have.
  const height = (n) => (n > 0 ? Math.max(1.5, Math.sqrt(n / top) * (HEIGHT - 4)) : 0);
  const n = curve.columns;
  const isEach = n > curve.steps;
  const step = isEach ? WIDTH / curve.steps : WIDTH / n;
  const wide = Math.min(step * (isEach ? 0.6 : 1) - (isEach ? 0 : 0.8), 14);
  const path = (heights, test) => {
    let text = "";
    for (let at = 0; at < n; at += 1) {
      const high = height(heights[at]);
      if (high && test(at)) {
        const x = isEach ? at * step - wide / 2 : at * step;
        text += `M${x.toFixed(1)} ${HEIGHT}v${(-high).toFixed(1)}h${wide.toFixed(1)}V${HEIGHT}z`;
      }
    }
    return text;
  };
  const low = bounds.min === null ? -Infinity : column(curve, bounds.min);
  const high = bounds.max === null ? Infinity : column(curve, bounds.max);
  const isIn = (at) => at >= low && at <= high;
  svg.replaceChildren(
    draw("path", { class: "every", d: path(made.every, () => true) }),
    draw("path", { class: "rest in", d: path(made.rest, isIn) }),
    draw("path", { class: "rest out", d: path(made.rest, (at) => !isIn(at)) }),
    draw("path", { class: "floor", d: `M0 ${HEIGHT}H${WIDTH}` }),
    ...lines.map(({ value, kind }) => {
      const x = (curve.place(value) * WIDTH).toFixed(1);
      return draw("path", { class: `line ${kind}`, d: `M${x} 0V${HEIGHT}` });
    }),
  );
}

/** What the axis is, in words. @param {Curve} curve */
export function axisWords(curve) {
  const { from, to, isLog, clipped } = curve.axis;
  const nulls = curve.given.nulls.every.documents;
  return [
    `${shown(curve.rounded(from))} to ${shown(curve.rounded(to))}${isLog ? ", logarithmic" : ""}`,
    ...(clipped > 0 ? [`${shown(clipped)} above`] : []),
    ...(nulls > 0 ? [`${shown(nulls)} without a value, which never fail`] : []),
  ].join(" · ");
}
