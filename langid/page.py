"""Write docs/languages.md and `langid/scores.csv` from what `langid.evaluate` measured.

    python -m langid.page docs/languages.md MEASURED.json [MORE.json ...]

renews what stands below the line `MARK` of the page. The first measurement is of the default models
and decides `scores.csv`; the others, of the same texts with more, fewer or other models, stand
beside it in the first table.
"""

import csv
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from langid.confusables import evidence
from langid.tags import BY_TAG, EUROPEAN, Language, score_of

FIELDS = ("tag", "texts", "precision", "recall", "f1", "false_positive_rate", "mistaken_for")

MARK = "<!-- Below: python -m langid.page. Edit above. -->"

_RELIABLE, _GOOD, _FEW = 0.95, 0.8, 20


def expectation(language: Language, row: Mapping[str, str] | None, characters: int) -> str:
    """What a user can expect of a language, in a few words; `row` is its row of `scores.csv`."""
    if language.group == "hbs":
        return "the group hbs is reliable; which member is a posterior (`language_posterior`)"
    if row is not None and int(row["texts"]) >= _FEW:
        f1, other = float(row["f1"] or 0), row["mistaken_for"]
        word = "reliable" if f1 >= _RELIABLE else "good" if f1 >= _GOOD else "weak"
        name = BY_TAG[other].name if other in BY_TAG else other
        return f"{word}; else mostly {name}" if other and f1 < _RELIABLE else word
    if characters:
        return f"not measured; learned from {characters // 1000:,} thousand characters"
    table = evidence().get(language.group)
    if table and any(language.tag in entry.speaks_for for entry in table.entries):
        return "not measured; known by a few words alone, else a neighbour's tag"
    return "not identified: a neighbour's tag"


def training_characters() -> dict[str, int]:
    """Characters of text that our model learned from, by tag, out of its card."""
    card = resources.files("langid").joinpath("weir.md").read_text("utf-8")
    found = re.findall(r"^\| ([a-z]{3}_[A-Z][a-z]{3}) \| (\d+) \|", card, re.MULTILINE)
    return {tag: int(count) for tag, count in found}


def write_scores(measured: Mapping[str, Any], path: Path) -> None:
    """`scores.csv`, a row a language that the measured texts have."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, FIELDS, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        for tag, row in sorted(measured["languages"].items()):
            numbers = {k: f"{v:.5f}" if isinstance(v, float) else v for k, v in row.items()}
            writer.writerow(numbers | {"tag": tag, "mistaken_for": row["mistaken_for"] or ""})


def page(runs: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Lines of docs/languages.md below its introduction."""
    yield "## The table"
    yield ""
    names = [" + ".join(map(_model_name, run["models"])) for run in runs]
    yield "| what | " + " | ".join(names) + " |"
    yield "|---|" + "---:|" * len(names)
    for key in runs[0]["table"]:
        yield f"| {key} | " + " | ".join(f"{run['table'][key]:.3f}" for run in runs) + " |"
    for key, label in (
        ("found", "strings that are no language, called so"),
        ("real_text_called_noise", "real text in European languages called no language"),
    ):
        yield f"| {label} | " + " | ".join(f"{run['noise'][key]:.4f}" for run in runs) + " |"
    errors = " | ".join(f"{run['calibration']['error']:.3f}" for run in runs)
    yield f"| expected calibration error of `language_score` | {errors} |"
    yield ""
    yield from _lengths(runs[0])
    yield from _gate(runs[0])
    yield from _flows(runs[0])
    yield from _languages(runs[0])


def _model_name(name: str) -> str:
    """Without the path of a file: a variant of ours was built to be compared."""
    kind, colon, _ = name.partition(":")
    return f"{kind} (variant)" if colon else kind


def _lengths(run: Mapping[str, Any]) -> Iterator[str]:
    yield "## By length"
    yield ""
    yield "| characters | texts | tag right | tag or its group right |"
    yield "|---|---:|---:|---:|"
    for band, row in run["lengths"].items():
        yield f"| {band} | {row['texts']} | {row['tag']:.3f} | {row['group']:.3f} |"
    yield ""


def _gate(run: Mapping[str, Any]) -> Iterator[str]:
    gate = run["gate"]
    wrongly = {k.removeprefix("rejected_"): v for k, v in gate.items() if k.startswith("rejected_")}
    yield "## The language gate"
    yield ""
    yield (
        f"Of {gate['european']:,} European texts of 200 characters or more it rejects "
        f"{gate.get('european_rejected', 0)}"
        + (": " + ", ".join(f"{t} {n}" for t, n in sorted(wrongly.items())) if wrongly else "")
        + f". Of {gate.get('outside, other', 0):,} in other languages it rejects "
        f"{gate.get('outside, other_rejected', 0)}."
    )
    yield ""


def _flows(run: Mapping[str, Any]) -> Iterator[str]:
    yield "## The most frequent confusions"
    yield ""
    yield "| true | given | texts |"
    yield "|---|---|---:|"
    for true, guess, count in run["flows"][:40]:
        yield f"| {true} | {guess} | {count} |"
    yield ""


def _languages(run: Mapping[str, Any]) -> Iterator[str]:
    characters = training_characters()
    sources = sorted({source for row in run["languages"].values() for source in row["sources"]})
    yield "## Every language"
    yield ""
    yield (
        "F1 by source (all texts of the source, in languages of Europe and of elsewhere, compete); "
        "then over all. `learned` is the text of our model in thousands of characters."
    )
    yield ""
    yield "| tag | name | " + " | ".join(sources) + " | all | learned | what to expect |"
    yield "|---|---|" + "---:|" * (len(sources) + 2) + "---|"
    for language in EUROPEAN:
        row = run["languages"].get(language.tag)
        by_source = row["sources"] if row else {}
        cells = [f"{by_source[s]:.2f}" if s in by_source else "" for s in sources]
        overall = f"{row['f1']:.2f}" if row else ""
        learned = characters.get(language.tag, 0)
        words = expectation(language, score_of(language.tag), learned)
        yield (
            f"| {language.tag} | {language.name} | "
            + " | ".join(cells)
            + f" | {overall} | {learned // 1000 if learned else ''} | {words} |"
        )


def main(arguments: Sequence[str]) -> int:
    """Renew both from the measurements named."""
    if len(arguments) < 2:
        sys.stderr.write("name the page, and a JSON file that python -m langid.evaluate printed\n")
        return 2
    target, *names = map(Path, arguments)
    runs = [json.loads(name.read_text("utf-8")) for name in names]
    write_scores(runs[0], Path(__file__).parent / "scores.csv")
    kept = target.read_text("utf-8").partition(MARK)[0].rstrip()
    target.write_text("\n".join([kept, "", MARK, "", *page(runs)]) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
