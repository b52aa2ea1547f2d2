"""How well languages are told apart: the numbers of `docs/languages.md`.

    python -m langid.evaluate langid_dev.parquet

measures a file with the columns text, lang (ISO 639-3), script and source, and prints JSON, of
which `langid/page.py` makes the page and `scores.csv`, which `weir languages` prints.
Nothing is fitted here: the labelled rows decide no number of the identifier.
"""

import argparse
import json
import random
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from statistics import fmean
from typing import Any

import numpy as np

from langid import noise_samples
from langid.calibrate import calibration_error
from langid.confusables import are_confusable
from langid.identify import GATE_MIN_EUROPEAN, Identification, gate, identify
from langid.models import DEFAULT_MODELS, Identifier, load
from langid.script import dominant_script
from langid.tags import NOT_LANGUAGE, UNDETERMINED, from_model, is_european

SENTENCES, PARAGRAPHS = "lingua-sentences", "udhr"
TREEBANKS, ITALY = "ud-dev", "itdi2022-dev"

# What ISO 639-3 separates and the macrolanguage hbs unites; "merged" scores count it as one.
_MERGED = dict.fromkeys(("bos", "hrv", "srp", "cnr", "svm"), "hbs")

_JOINED = 5  # sentences to a document: some 550 characters, a short page
_SEED = 1
_NOISE = 2_000
_BANDS = (40, 80, 160, 320)  # characters; the bands between are what a line, a teaser, a page are
_GATE_MIN_CHARS = 200  # visible text of nearly every page worth extracting


@dataclass(frozen=True)
class Example:
    """A labelled text, which no message shows."""

    text: str = field(repr=False)
    tag: str
    source: str


@dataclass(frozen=True)
class Score:
    """One language's row: `texts` truly in it, `predicted` to be, and `correct` in both.

    `precision`, `recall` and `f1` are None where they divide by zero.
    """

    label: str
    texts: int
    predicted: int
    correct: int
    precision: float | None
    recall: float | None
    f1: float | None


def score(true: Iterable[str], predicted: Iterable[str]) -> tuple[Score, ...]:
    """Precision, recall and F1 by label, in order of label."""
    pairs = Counter(zip(true, predicted, strict=True))
    texts, guesses = Counter[str](), Counter[str]()
    for (label, guess), count in pairs.items():
        texts[label] += count
        guesses[guess] += count
    rows = []
    for label in sorted(texts | guesses):
        correct, both = pairs[label, label], texts[label] + guesses[label]
        rows.append(
            Score(
                label=label,
                texts=texts[label],
                predicted=guesses[label],
                correct=correct,
                precision=correct / guesses[label] if guesses[label] else None,
                recall=correct / texts[label] if texts[label] else None,
                f1=2 * correct / both if texts[label] else None,
            )
        )
    return tuple(rows)


def macro_f1(true: Sequence[str], predicted: Sequence[str], *, merged: bool) -> float:
    """Mean F1 over the languages (ISO 639-3 parts of the tags) that are true of some text."""
    label = _merged_language if merged else _language
    rows = score(map(label, true), map(label, predicted))
    return fmean(row.f1 for row in rows if row.f1 is not None)


def _language(tag: str) -> str:
    return tag.partition("_")[0]


def _merged_language(tag: str) -> str:
    return _MERGED.get(_language(tag), _language(tag))


def reference_tag(code: str, text: str) -> str:
    """The tag of a text in the language with this ISO 639-3 code, in the script that it is in.

    Not European if the language is not configured in that script (Bosnian in Cyrillic), or if the
    text has no letters.
    """
    script = dominant_script(text)
    return f"{from_model('weir', code, script).partition('_')[0]}_{script}"


def join(examples: Iterable[Example], size: int = _JOINED) -> list[Example]:
    """Documents of `size` texts of one source and language, shuffled; what is left over is dropped.

    Texts are joined by language, not by tag, as a page has it; the tag is the first text's.
    """
    texts: dict[tuple[str, str], list[Example]] = defaultdict(list)
    for example in examples:
        texts[example.source, _language(example.tag)].append(example)
    documents = []
    for (source, language), group in texts.items():
        random.Random(f"{_SEED} {language}").shuffle(group)  # noqa: S311
        documents += [
            Example(
                " ".join(example.text for example in group[start : start + size]),
                group[start].tag,
                f"{source}, joined",
            )
            for start in range(0, len(group) - size + 1, size)
        ]
    return documents


def noise() -> list[str]:
    """Strings that are no language, of every kind that `noise_samples` makes for testing."""
    each = -(-_NOISE // len(noise_samples.KINDS))
    made = [
        text
        for kind in noise_samples.KINDS
        for text in noise_samples.generate(kind, _SEED, each, split="test")
    ]
    return made[:_NOISE]


def is_noise(found: Identification) -> bool:
    """Whether a text was called no language, or none that can be told."""
    return found.tag in {NOT_LANGUAGE, UNDETERMINED}


def table(examples: Sequence[Example], found: Sequence[Identification]) -> dict[str, float]:
    """The headline numbers, for the sources that are present."""
    by_source: dict[str, tuple[list[str], list[str]]] = defaultdict(lambda: ([], []))
    for example, identification in zip(examples, found, strict=True):
        true, predicted = by_source[example.source]
        true.append(example.tag)
        predicted.append(identification.tag)
    numbers: dict[str, float] = {}
    for source, (true, predicted) in sorted(by_source.items()):
        if "non-european" in source:
            continue
        numbers[f"{source}: macro-F1, merged"] = macro_f1(true, predicted, merged=True)
        numbers[f"{source}: macro-F1, strict"] = macro_f1(true, predicted, merged=False)
    documents = by_source.get(f"{SENTENCES}, joined")
    if documents:
        numbers["BCMS documents: macro-F1 over bos, hrv, srp"] = bcms_f1(*documents)
    return numbers


def bcms_f1(true: Sequence[str], predicted: Sequence[str]) -> float:
    """Mean F1 of Bosnian, Croatian and Serbian over the texts in one of the three."""
    pairs = [
        (_language(a), _language(b))
        for a, b in zip(true, predicted, strict=True)
        if _language(a) in {"bos", "hrv", "srp"}
    ]
    rows = score((a for a, _ in pairs), (b for _, b in pairs))
    return fmean(row.f1 for row in rows if row.f1 is not None)


def flows(
    examples: Sequence[Example], found: Sequence[Identification]
) -> list[tuple[str, str, int]]:
    """True tag, predicted tag and count of every confusion, most frequent first."""
    pairs = Counter(
        (example.tag, identification.tag)
        for example, identification in zip(examples, found, strict=True)
        if example.tag != identification.tag
    )
    return [(true, guess, count) for (true, guess), count in pairs.most_common()]


def by_length(
    examples: Sequence[Example], found: Sequence[Identification]
) -> dict[str, dict[str, float]]:
    """Accuracy (tag, group) in European languages by band of characters."""
    bands: dict[str, list[tuple[bool, bool]]] = defaultdict(list)
    for example, identification in zip(examples, found, strict=True):
        if is_european(example.tag):
            size = sum(len(example.text) >= bound for bound in _BANDS)
            low = _BANDS[size - 1] if size else 0
            name = f"{low} to {_BANDS[size] - 1}" if size < len(_BANDS) else f"{low} and more"
            same = example.tag == identification.tag
            bands[name].append((same, are_confusable(example.tag, identification.tag)))
    return {
        name: {
            "texts": len(rows),
            "tag": fmean(tag for tag, _ in rows),
            "group": fmean(group for _, group in rows),
        }
        for name, rows in sorted(bands.items(), key=lambda pair: int(pair[0].split()[0]))
    }


def check_gate(examples: Sequence[Example], models: Sequence[Identifier]) -> dict[str, int]:
    """How many European and other texts of 200 characters or more the gate rejects.

    `rejected_TAG` counts the European ones by tag.
    """
    counts = Counter[str]()
    for example in examples:
        if len(example.text) >= _GATE_MIN_CHARS:
            kind = "european" if is_european(example.tag) else "other"
            counts[kind] += 1
            if gate(example.text, models)[1] < GATE_MIN_EUROPEAN:
                counts[f"{kind}_rejected"] += 1
                if kind == "european":
                    counts[f"rejected_{example.tag}"] += 1
    return dict(counts)


def calibration(
    examples: Sequence[Example], found: Sequence[Identification]
) -> dict[str, float | list[tuple[float, float, int]]]:
    """Expected calibration error over European texts, and (mean score, accuracy, texts) by bin."""
    rows = [
        (identification.score, example.tag == identification.tag)
        for example, identification in zip(examples, found, strict=True)
        if is_european(example.tag) and not is_noise(identification)
    ]
    bins: dict[int, list[tuple[float, bool]]] = defaultdict(list)
    for value, right in rows:
        bins[min(int(value * 10), 9)].append((value, right))
    curve = [
        (fmean(value for value, _ in group), fmean(right for _, right in group), len(group))
        for _, group in sorted(bins.items())
    ]
    error = calibration_error(
        np.array([value for value, _ in rows]),
        np.array([right for _, right in rows]),
        np.ones(len(rows)),
    )
    return {"error": error, "curve": curve}


def read(path: str) -> list[Example]:
    """Labelled rows of a Parquet file with the columns text, lang and source."""
    import pyarrow.parquet as pq  # noqa: PLC0415  # langid is free of Arrow but for this command

    rows = pq.read_table(path, columns=["text", "lang", "source"]).to_pylist()
    return [Example(r["text"], reference_tag(r["lang"], r["text"]), r["source"]) for r in rows]


def measure(examples: Sequence[Example], names: Sequence[str]) -> dict[str, Any]:
    """Everything that this module measures, of the named models together."""
    models = load(names)
    documents = join(example for example in examples if "word-pairs" not in example.source)
    everything = [*examples, *documents]
    found = [identify(example.text, models) for example in everything]
    strings = noise()
    noisy = [is_noise(identify(text, models)) for text in strings]
    singles = found[: len(examples)]
    real = [
        is_noise(identification)
        for example, identification in zip(examples, singles, strict=True)
        if is_european(example.tag)
    ]
    return {
        "models": list(names),
        "table": table(everything, found),
        "noise": {"found": fmean(noisy), "real_text_called_noise": fmean(real)},
        "gate": check_gate([e for e in everything if "non-european" not in e.source], models)
        | {
            f"outside, {key}": value
            for key, value in check_gate(
                [e for e in examples if "non-european" in e.source], models
            ).items()
        },
        "lengths": by_length(examples, singles),
        "flows": flows(everything, found)[:60],
        "calibration": calibration(everything, found),
        "languages": languages(everything, found),
    }


def languages(
    examples: Sequence[Example], found: Sequence[Identification]
) -> dict[str, dict[str, Any]]:
    """By European tag: scores over all labelled texts but word pairs, and F1 by source.

    `mistaken_for` is the tag that its texts are most often given wrongly, None if none is.
    """
    pairs = [
        (e.source, e.tag, f.tag)
        for e, f in zip(examples, found, strict=True)
        if "word-pairs" not in e.source
    ]
    wrong: dict[str, Counter[str]] = defaultdict(Counter)
    for _, true, guess in pairs:
        if true != guess:
            wrong[true][guess] += 1
    rows: dict[str, dict[str, Any]] = {}
    for row in score((true for _, true, _ in pairs), (guess for _, _, guess in pairs)):
        if is_european(row.label) and row.texts:
            false = row.predicted - row.correct
            mistakes = wrong[row.label].most_common(1)
            rows[row.label] = asdict(row) | {
                "false_positive_rate": false / max(len(pairs) - row.texts, 1),
                "mistaken_for": mistakes[0][0] if mistakes else None,
                "sources": {},
            }
    for source in sorted({source for source, _, _ in pairs}):
        of_source = [(true, guess) for other, true, guess in pairs if other == source]
        for row in score((true for true, _ in of_source), (guess for _, guess in of_source)):
            if row.label in rows and row.texts and row.f1 is not None:
                rows[row.label]["sources"][source] = row.f1
    return rows


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what `identify` makes of a Parquet file of labelled texts, as JSON."""
    parser = argparse.ArgumentParser(prog="python -m langid.evaluate", description=main.__doc__)
    parser.add_argument("parquet", help="file with the columns text, lang, script and source")
    parser.add_argument("--models", nargs="+", default=list(DEFAULT_MODELS))
    options = parser.parse_args(arguments)
    made = measure(read(options.parquet), options.models)
    json.dump(made, sys.stdout, ensure_ascii=False, indent=1)
    sys.stdout.write("\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
