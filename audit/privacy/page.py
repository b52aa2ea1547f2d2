"""Write docs/personal-data-results.md from what was measured.

    python -m audit.privacy.page docs/personal-data-results.md build/pii.json [build/pii-peers.json]

renews what stands below the line `MARK` of the page; the judged sample is read from
`judgements.csv`.
"""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from audit.privacy import judge
from audit.privacy.gold import COUNTRIES

MARK = "<!-- Below: python -m audit.privacy.page. Edit above. -->"
DIRECT = ("EMAIL", "PHONE", "IBAN", "CARD", "NATIONAL_ID")
"""Kinds for which the issue sets targets."""
RECALL, PRECISION, MAX_FALSE, JUDGED = 0.98, 0.97, 1.0, 0.95
_WEAK_FORM = 0.98
_MIN_FORM = 20


def page(measured: Mapping[str, Any], peers: Mapping[str, Any] | None) -> Iterator[str]:
    """Lines of the page below its introduction."""
    yield from _targets(measured)
    for name, scores in measured["sets"].items():
        yield from _set(name, scores)
    yield from _unseen(measured["unseen"])
    yield from _countries(measured["sets"]["generated"])
    yield from _forms(measured["sets"]["generated"])
    yield from _negatives(measured["negatives"])
    if measured.get("real"):
        yield from _real(measured["real"])
    yield from _judged(measured.get("real"))
    if peers:
        yield from _peers(peers)


def _targets(measured: Mapping[str, Any]) -> Iterator[str]:
    yield "## Targets"
    yield ""
    yield "| what | target | measured | |"
    yield "|---|---:|---:|---|"
    for name, scores in measured["sets"].items():
        for kind in DIRECT:
            found = scores["kinds"].get(kind)
            if found and found["labelled"]:
                yield _target(f"{name}: recall of {kind}", RECALL, found["recall"])
                yield _target(f"{name}: precision of {kind}", PRECISION, found["precision"])
    hard = measured["negatives"]
    met = _met(hard["per_10000"] < MAX_FALSE)
    what = f"false redactions for 10,000 hard negatives (of {hard['strings']:,})"
    yield f"| {what} | < {MAX_FALSE:.0f} | {hard['per_10000']:.1f} | {met} |"
    rows = judge.read()
    if rows:
        made = judge.precision(rows, (measured.get("real") or {}).get("redactions", {}))
        yield _target(f"real pages: precision of {len(rows)} judged", JUDGED, made["precision"])
    yield ""


def _target(what: str, target: float, value: float | None) -> str:
    return f"| {what} | {target} | {_share(value)} | {_met((value or 0) >= target)} |"


def _met(is_met: bool) -> str:
    return "met" if is_met else "**missed**"


def _share(value: float | None, digits: int = 4) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _set(name: str, scores: Mapping[str, Any]) -> Iterator[str]:
    yield f"## {name}"
    yield ""
    yield (
        f"{scores['documents']:,} documents, SHA-256 `{scores['sha256'][:16]}`. Of "
        f"{scores['subjects']:,} subjects {scores['leaking']:,} leak at least one value "
        f"({_share(scores['leak_rate'])})."
    )
    yield ""
    head = "| kind | labelled | found | recall | 95 % | exact bounds | right kind | false | "
    yield f"{head}precision | F2 |"
    yield "|---|" + "---:|" * 9
    for kind, found in scores["kinds"].items():
        low_high = "-".join(_share(v, 3) for v in found["recall_95"] or ()) or "-"
        yield (
            f"| {kind} | {found['labelled']:,} | {found['found']:,} | {_share(found['recall'])} "
            f"| {low_high} | {found['exact']:,} | {found['right_kind']:,} | {found['false']:,} "
            f"| {_share(found['precision'])} | {_share(found['f2'], 3)} |"
        )
    yield ""


def _unseen(unseen: Mapping[str, Any]) -> Iterator[str]:
    found, names = unseen["labels"], unseen["names"]
    yield "## Labels and names that no detector was written with"
    yield ""
    yield (
        f"{found['documents']:,} values behind labels of `audit/privacy/unseen.yaml` (telephones "
        "without a country's code); among the words are some that only a person understands."
    )
    yield ""
    yield "| kind | labelled | found | recall |"
    yield "|---|---:|---:|---:|"
    for kind, tally in found["kinds"].items():
        if tally["labelled"]:
            recall = _share(tally["recall"], 3)
            yield f"| {kind} | {tally['labelled']:,} | {tally['found']:,} | {recall} |"
    yield ""
    yield (
        f"Of {names['strings']:,} numbers that are nobody's, behind names of the same file and in "
        f"shapes that telephones have too, {names['false']:,} were redacted "
        f"({names['per_10000']:.0f} for 10,000): "
        + ", ".join(f"{kind} {count:,}" for kind, count in names["by_redaction"].items())
        + ". By shape (a dot is a digit): "
        + ", ".join(f"`{shape}` {count}" for shape, count in names["by_string"].items())
        + "."
    )
    yield ""


def _countries(scores: Mapping[str, Any]) -> Iterator[str]:
    kinds = ("PHONE", "IBAN", "EMAIL", "NATIONAL_ID", "TAX_ID")
    yield "## Recall by country"
    yield ""
    some = next(iter(scores["countries"].values()))["labelled"]
    yield f"On the generated set; {some:,} of each kind. A dash: the country has none that we know."
    yield ""
    yield "| country | " + " | ".join(kinds) + " |"
    yield "|---|" + "---:|" * len(kinds)
    for country in COUNTRIES:
        cells = []
        for kind in kinds:
            found = scores["countries"].get(f"{kind} {country}")
            value = _share(found["recall"] if found else None, 3)
            cells.append(f"**{value}**" if found and found["recall"] < RECALL else value)
        yield f"| {country} | " + " | ".join(cells) + " |"
    yield ""


def _forms(scores: Mapping[str, Any]) -> Iterator[str]:
    weak = [
        (found["recall"], name, found)
        for name, found in scores["forms"].items()
        if found["labelled"] >= _MIN_FORM and found["recall"] < _WEAK_FORM
    ]
    yield f"## Ways of writing with a recall below {_WEAK_FORM}"
    yield ""
    yield (
        "`label`: a word names the value; `sentence`: a verb does; `none`: it stands alone. "
        f"Forms with fewer than {_MIN_FORM} instances are left out."
    )
    yield ""
    yield "| kind, form, and what stands before it | labelled | found | recall |"
    yield "|---|---:|---:|---:|"
    for recall, name, found in sorted(weak, key=lambda each: each[:2]):
        shown = name.replace(" | ", ", ")
        yield f"| {shown} | {found['labelled']:,} | {found['found']:,} | {recall:.3f} |"
    if not weak:
        yield "| none | | | |"
    yield ""


def _negatives(hard: Mapping[str, Any]) -> Iterator[str]:
    yield "## Hard negatives"
    yield ""
    yield (
        f"{hard['strings']:,} strings of {hard['kinds']} kinds between page texts of "
        f"{hard['languages']} languages: {hard['false']} were redacted, {hard['per_10000']:.1f} "
        "for 10,000."
    )
    yield ""
    if hard["false"]:
        yield "| kind of string | redacted |"
        yield "|---|---:|"
        for kind, count in sorted(hard["by_string"].items(), key=lambda item: -item[1]):
            yield f"| {kind} | {count} |"
        yield ""


def _real(real: Mapping[str, Any]) -> Iterator[str]:
    yield "## Real pages"
    yield ""
    yield (
        f"{real['pages']:,} pages with {real['characters'] / 1e6:.1f} million characters: "
        f"{real['pages_redacted']:,} pages have a redaction, and "
        f"{real['redacted_per_million']:,.0f} characters of a million are redacted."
    )
    yield ""
    yield "| kind | redactions | characters of a million |"
    yield "|---|---:|---:|"
    for kind, count in real["redactions"].items():
        yield f"| {kind} | {count:,} | {real['by_kind'].get(kind, 0):,.1f} |"
    yield ""
    yield "| language (the 25 with most text) | characters of a million |"
    yield "|---|---:|"
    for language, value in real["by_language"].items():
        yield f"| {language} | {value:,.0f} |"
    yield ""


def _judged(real: Mapping[str, Any] | None) -> Iterator[str]:
    rows = judge.read()
    if not rows:
        return
    made = judge.precision(rows, (real or {}).get("redactions", {}))
    low, high = made["precision_95"]
    yield "## Redactions on real pages, judged by reading"
    yield ""
    yield (
        f"{made['judged']} redactions, drawn by hash, of every kind as many as there are up to an "
        f"equal share: {made['right']} are right, {_share(made['precision'], 3)} "
        f"(95 %: {low:.3f}-{high:.3f})."
    )
    if made["weighted"] is not None:
        yield f"Weighted by how often each kind occurs: {_share(made['weighted'], 3)}."
    yield ""
    yield "| kind | judged | right | precision | 95 % |"
    yield "|---|---:|---:|---:|---:|"
    for kind, one in made["by_kind"].items():
        low, high = one["precision_95"]
        shown = f"{_share(one['precision'], 3)} | {low:.3f}-{high:.3f}"
        yield f"| {kind} | {one['judged']} | {one['right']} | {shown} |"
    yield ""
    if made["errors"]:
        yield "| wrong: what it was | count |"
        yield "|---|---:|"
        for error, count in made["errors"].items():
            yield f"| {error} | {count} |"
        yield ""


def _peers(peers: Mapping[str, Any]) -> Iterator[str]:
    programs = peers["programs"]
    yield "## Beside other programs"
    yield ""
    yield "Speed is on these texts, which hold little but personal data; ordinary text is faster."
    yield ""
    for name, one in programs.items():
        took = one["took"]
        yield (
            f"* {name} ({took['version']}): {one['mb_per_s']:,.2f} MB of text a CPU second; "
            f"{one['negatives']['false']:,} of {one['negatives']['strings']:,} hard negatives "
            "redacted"
        )
    yield ""
    yield (
        "| set, kind | labelled | "
        + " | ".join(f"{n}: recall | precision" for n in programs)
        + " |"
    )
    yield "|---|---:|" + "---:|---:|" * len(programs)
    first = next(iter(programs.values()))
    for title, scores in first["sets"].items():
        for kind, counted in scores["kinds"].items():
            if not counted["labelled"]:
                continue
            cells = []
            for one in programs.values():
                found = one["sets"][title]["kinds"].get(kind, {})
                cells += [_share(found.get("recall"), 3), _share(found.get("precision"), 3)]
            yield f"| {title}, {kind} | {counted['labelled']:,} | " + " | ".join(cells) + " |"
    yield ""


def write(path: Path, lines: Sequence[str]) -> None:
    """Renew the page below its mark; ValueError if it has none."""
    head, mark, _ = path.read_text(encoding="utf-8").partition(MARK)
    if not mark:
        raise ValueError(f"{path} has no line {MARK}")
    path.write_text(f"{head}{mark}\n\n" + "\n".join(lines).rstrip() + "\n", encoding="utf-8")


def main() -> None:
    """Renew the page."""
    target, measured, *more = (Path(word) for word in sys.argv[1:])
    peers = json.loads(more[0].read_text(encoding="utf-8")) if more else None
    lines = list(page(json.loads(measured.read_text(encoding="utf-8")), peers))
    write(target, lines)


if __name__ == "__main__":
    main()
