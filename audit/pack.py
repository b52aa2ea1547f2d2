"""A calibration as files: `configs/languages/<tag>.yaml`, its page and its plots."""

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from audit.calibrate import Calibration
from audit.pack_quality import Quality
from audit.thresholds import RECIPES, Side, Threshold
from filters.catalog import BY_NAME
from langid.tags import BY_TAG

PAGES: Final = "docs/calibration"

_COMPOSED: Final = "composed"
_BINS: Final = 24


def pack_yaml(
    found: Calibration,
    reference: str,
    *,
    kept: Mapping[str, str] | None = None,
    phrases: Mapping[str, Any] | None = None,
) -> str:
    """The language pack as YAML; only what differs from configs/base.yaml.

    `kept` are rules that calibration does not set (signal to YAML text), taken over as they are;
    `phrases` the boilerplate phrases (source and words) of the pack that is replaced.
    """
    language = BY_TAG[found.tag]
    page = f"{PAGES}/{found.tag}.md"
    lines = [
        f"# {language.name} ({found.tag}): only what differs from configs/base.yaml.",
        f"# Written by weir calibrate; {page} has the plots and what it was tested on.",
        f"tag: {found.tag}",
        f"name: {language.name}",
        f"autonym: {language.autonym}",
        "calibration:",
        f"  reference: {_quoted(reference)}",
        f"  documents: {found.documents}",
        f"  held_out: {found.held_out}",
        f"  characters: {found.characters}",
        f"  digest: {_quoted(found.digest)}",
        f"  trust: {found.trust}",
        f"  clamped: [{', '.join(found.clamped)}]",
    ]
    near = ", ".join(found.words.neighbours)
    lines += _word_list(
        "stop_words",
        f"{page}: words from {100 * found.words.cut:g} % of the words",
        found.words.stop,
    )
    if found.words.affinity:
        lines += _word_list(
            "affinity_words", f"{page}: affinity .85 against {near}", found.words.affinity
        )
    if found.words.neighbour:
        lines += _word_list("neighbour_words", f"{page}: words of {near}", found.words.neighbour)
    if phrases:
        listed = ", ".join(_quoted(phrase) for phrase in phrases["words"])
        lines += ["boilerplate_phrases:", f"  source: {_quoted(phrases['source'])}"]
        lines.append(f"  words: [{listed}]")
    rules = _rules(found.rules.values(), page)
    for name, text in (kept or {}).items():
        rules.setdefault(name, text)
    if rules:
        lines += ["rules:", *(f"  {name}: {text}" for name, text in rules.items())]
    else:
        lines.append("rules: {}")
    return "\n".join(lines) + "\n"


def _rules(thresholds: Iterable[Threshold], page: str) -> dict[str, str]:
    by_signal: dict[str, dict[Side, Threshold]] = {}
    for threshold in thresholds:
        by_signal.setdefault(threshold.signal, {})[threshold.side] = threshold
    ordered = [r.signal for r in RECIPES] + sorted(by_signal)
    made = {}
    for name in dict.fromkeys(ordered):
        sides = by_signal.get(name)
        if sides:
            bounds = ", ".join(f"{s.value}: {t.value:g}" for s, t in sorted(sides.items()))
            origins = dict.fromkeys(t.origin for t in sides.values())
            clamped = ", clamped" if any(t.clamped for t in sides.values()) else ""
            source = f"{'; '.join(origins)}{clamped}; {page}"
            made[name] = f"{{{bounds}, source: {_quoted(source)}}}"
    return made


def _word_list(key: str, source: str, words: Sequence[str]) -> list[str]:
    wrapped = textwrap.wrap(" ".join(words), 96, break_long_words=False, break_on_hyphens=False)
    return [
        f"{key}:",
        f"  source: {_quoted(source)}",
        "  words: >-",
        *(f"    {w}" for w in wrapped),
    ]


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def page_markdown(
    found: Calibration,
    reference: str,
    quality: Quality | None,
    base: Mapping[tuple[str, Side], float],
) -> str:
    """The calibration page: what it rests on, each threshold, and how it did on held-out text."""
    language = BY_TAG[found.tag]
    near = ", ".join(found.words.neighbours) or "no language"
    lines = [
        f"# {language.name} (`{found.tag}`): calibration",
        "",
        f"Reference: {reference}.",
        (
            f"{found.documents:,} documents ({found.characters:,} characters) to calibrate on, "
            f"{found.held_out:,} held out; digest `{found.digest}`."
        ),
        "",
        _trust(found),
        "",
        "| rule | bound | without a pack | found by | rejects of the reference |",
        "|---|---|---|---|---|",
    ]
    for (name, side), threshold in found.rules.items():
        default = base.get((name, side))
        column = found.values.get(name)
        lines.append(
            f"| `{name}` | {side.value} {threshold.value:g} "
            f"| {'none' if default is None else f'{default:g}'} "
            f"| {threshold.origin}{' (clamped)' if threshold.clamped else ''} "
            f"| {_percent(_beyond(column, side, threshold.value))} |"
        )
    lines += [
        "",
        f"All rules together reject {found.rejected:.1%} of the documents that they were found on.",
        "",
        (
            f"Stop words: {len(found.words.stop)}, from {100 * found.words.cut:g} % of all words. "
            f"Affinity words: {len(found.words.affinity)}; neighbour words: "
            f"{len(found.words.neighbour)}, against {near}."
        ),
        "",
        f"![histograms]({found.tag}.svg)",
        "",
        "Each plot: a signal's values over the calibration documents; the red line is the bound.",
    ]
    if quality:
        lines += [
            "",
            (
                f"Held-out documents that pass: **{quality.passed:.1%}** of {quality.held_out}. "
                "Texts that it must reject (made of these by `audit/negatives.py`):"
            ),
            "",
            "| kind | rejected |",
            "|---|---|",
            *(f"| {kind} | {share:.0%} |" for kind, share in quality.rejected.items()),
            *(f"| text in {tag} | {share:.0%} |" for tag, share in quality.by_neighbour.items()),
        ]
        if quality.first_failed:
            worst = sorted(quality.first_failed.items(), key=lambda pair: -pair[1])[:3]
            said = ", ".join(f"`{name}` {share:.1%}" for name, share in worst)
            lines += ["", f"What rejects held-out documents first: {said}."]
    return "\n".join(lines) + "\n"


def _trust(found: Calibration) -> str:
    if found.trust == "calibrated":
        return (
            f"Trust: calibrated. {found.whole:,} documents are whole pages, so that bounds on "
            "lines, lengths and repetition are the language's own. They are manuals and help "
            "pages: a team with an encyclopaedia or a national corpus should run "
            "`weir calibrate` on it."
        )
    parts = (
        "composed of sentence-like interface messages"
        if not found.whole
        else f"composed of sentence-like interface messages, but for {found.whole} whole pages"
    )
    return (
        f"Trust: word lists, and thresholds on words, come from this language; bounds on lines, "
        f"lengths and repetition are inherited from its family. The documents are {parts}: they "
        "say what its words are, not what its pages look like. Held-out shares below are over such "
        "documents. A team with real documents should run `weir calibrate` on them."
    )


def plots_svg(found: Calibration) -> str:
    """Histograms of the calibrated signals as one small SVG, three plots a row."""
    names = list(dict.fromkeys(name for name, _ in found.rules if name in found.values))
    width, height, columns = 250, 110, 3
    rows = -(-max(len(names), 1) // columns)
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width * columns}" '
            f'height="{height * rows}" font-family="sans-serif" font-size="10">'
        )
    ]
    for place, name in enumerate(names):
        left, top = width * (place % columns), height * (place // columns)
        bounds = [t.value for (signal, _), t in found.rules.items() if signal == name]
        parts.append(f'<g transform="translate({left},{top})">')
        parts += _histogram(found.values[name], bounds, name)
        parts.append("</g>")
    return "\n".join([*parts, "</svg>", ""])


def _histogram(column: NDArray[np.float64], bounds: Sequence[float], name: str) -> list[str]:
    known = column[~np.isnan(column)]
    title = f'<text x="8" y="12">{name}</text>'
    if not known.size:
        return [title]
    # The outermost hundredth would leave the rest in one bar.
    low = min(float(np.quantile(known, 0.005)), *bounds)
    high = max(float(np.quantile(known, 0.995)), *bounds)
    if high <= low:
        low, high = low - 0.5, low + 0.5
    counts, _ = np.histogram(known.clip(low, high), _BINS, (low, high))
    scale, bar = 70 / counts.max(), 230 / _BINS
    path = "".join(
        f"M{8 + place * bar:.1f} 88v-{count * scale:.1f}h{bar - 1:.1f}v{count * scale:.1f}z"
        for place, count in enumerate(counts.tolist())
        if count
    )
    lines = "".join(
        f'<path d="M{8 + 230 * (bound - low) / (high - low):.1f} 16v72" stroke="#c00"/>'
        for bound in bounds
    )
    return [
        title,
        f'<path d="{path}" fill="#69a"/>{lines}<path d="M8 88h230" stroke="#888"/>',
        (
            f'<text x="8" y="100">{low:.3g}</text>'
            f'<text x="238" y="100" text-anchor="end">{high:.3g}</text>'
        ),
    ]


def write_page(
    folder: Path,
    found: Calibration,
    reference: str,
    quality: Quality | None,
    base: Mapping[tuple[str, Side], float],
) -> None:
    """Write `<tag>.md` and `<tag>.svg` into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    text = page_markdown(found, reference, quality, base)
    (folder / f"{found.tag}.md").write_text(text, encoding="utf-8")
    (folder / f"{found.tag}.svg").write_text(plots_svg(found), encoding="utf-8")


def described(found: Calibration) -> str:
    """What the reference is, in a phrase, from the documents' sources."""
    whole = [source for source in found.sources if source != _COMPOSED]
    parts = []
    if whole:
        parts.append(f"{found.whole:,} whole documents of Debian's {', '.join(whole)}")
    if _COMPOSED in found.sources:
        parts.append("documents composed of sentence-like interface messages")
    return " and ".join(parts)


def _beyond(column: NDArray[np.float64] | None, side: Side, bound: float) -> float | None:
    if column is None or not column.size:
        return None
    with np.errstate(invalid="ignore"):
        return float(np.mean(column < bound if side is Side.MIN else column > bound))


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"


def check_signals() -> None:
    """Raise ValueError if a recipe names a signal that the catalog does not have."""
    unknown = sorted({recipe.signal for recipe in RECIPES} - set(BY_NAME))
    if unknown:
        raise ValueError(f"audit/thresholds.py: unknown signals {unknown}")
