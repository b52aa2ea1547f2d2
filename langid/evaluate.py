"""How often identification is right: precision and recall by tag, and the fit of the calibration.

`python -m langid.evaluate PARQUET` prints JSON for a file with the columns text, lang (ISO 639-3),
script and source. Tags that no model knows are counted apart: their recall is zero by construction,
and which neighbour they fall to is what matters.
"""

import argparse
import hashlib
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field

import numpy as np

from langid.calibrate import CALIBRATION, calibration_error, fit, observe
from langid.confusables import are_confusable
from langid.identify import GATE_MIN_EUROPEAN, Identification, gate, identify
from langid.models import Identifier, load
from langid.script import dominant_script, letter_counts
from langid.tags import from_model, is_european

_JOINED = 5  # sentences to a document: some 550 characters, a short page

_GATE_MIN_CHARS = 200  # visible text of nearly every page worth extracting


@dataclass(frozen=True)
class TagScore:
    """One tag's row: `texts` truly in it, `predicted` to be, and `correct` in both.

    `precision`, `recall` and `f1` are None where they divide by zero.
    """

    tag: str
    texts: int
    predicted: int
    correct: int
    precision: float | None
    recall: float | None
    f1: float | None


@dataclass(frozen=True)
class Example:
    """A labelled text, which no message shows."""

    text: str = field(repr=False)
    tag: str
    source: str


def evaluate(
    texts: Iterable[str], tags: Iterable[str], models: Sequence[Identifier]
) -> tuple[TagScore, ...]:
    """Precision, recall and F1 of `identify`; a row for every tag that is true or predicted."""
    return score_tags(tags, (identify(text, models).tag for text in texts))


def score_tags(true: Iterable[str], predicted: Iterable[str]) -> tuple[TagScore, ...]:
    """Precision, recall and F1 by tag, in order of tag."""
    pairs = Counter(zip(true, predicted, strict=True))
    texts, guesses = Counter[str](), Counter[str]()
    for (tag, guess), count in pairs.items():
        texts[tag] += count
        guesses[guess] += count
    rows = []
    for tag in sorted(texts | guesses):
        correct, both = pairs[tag, tag], texts[tag] + guesses[tag]
        rows.append(
            TagScore(
                tag=tag,
                texts=texts[tag],
                predicted=guesses[tag],
                correct=correct,
                precision=correct / guesses[tag] if guesses[tag] else None,
                recall=correct / texts[tag] if texts[tag] else None,
                f1=2 * correct / both if texts[tag] else None,
            )
        )
    return tuple(rows)


def reference_tag(code: str, text: str) -> str:
    """The tag of a text in the language with this ISO 639-3 code, in the script that it is in.

    Not European if the language is not configured in that script (Bosnian in Cyrillic), or if the
    text has no letters.
    """
    script = dominant_script(text)
    return f"{from_model('weir', code, script).partition('_')[0]}_{script}"


def join(examples: Iterable[Example], size: int = _JOINED) -> list[Example]:
    """Documents of `size` consecutive texts of one source and tag; what is left over is dropped."""
    texts: dict[tuple[str, str], list[str]] = defaultdict(list)
    for example in examples:
        texts[example.source, example.tag].append(example.text)
    return [
        Example(" ".join(group[start : start + size]), tag, f"{source}, joined")
        for (source, tag), group in texts.items()
        for start in range(0, len(group) - size + 1, size)
    ]


def known_tags(examples: Iterable[Example], models: Sequence[Identifier]) -> set[str]:
    """Every tag that some model could give a text in one of the examples' scripts."""
    by_script = {dominant_script(example.text): example.text for example in examples}
    return {tag for text in by_script.values() for model in models for tag in model.scores(text)}


def summarise(
    examples: Sequence[Example], found: Sequence[Identification], known: set[str]
) -> dict[str, dict[str, float | int]]:
    """By source, for European tags: right tags, right groups, and the mean score."""
    by_source: dict[str, list[tuple[Example, Identification]]] = defaultdict(list)
    for example, identification in zip(examples, found, strict=True):
        if is_european(example.tag):
            by_source[example.source].append((example, identification))
    summary: dict[str, dict[str, float | int]] = {}
    for source, pairs in sorted(by_source.items()):
        knowable = [(e, i) for e, i in pairs if e.tag in known]
        count = max(len(knowable), 1)
        summary[source] = {
            "texts": len(pairs),
            "texts_in_known_languages": len(knowable),
            "tag_right": sum(e.tag == i.tag for e, i in knowable) / count,
            "group_right": sum(are_confusable(e.tag, i.tag) for e, i in knowable) / count,
            "mean_score": sum(i.score for _, i in knowable) / count,
        }
    return summary


def check_gate(examples: Sequence[Example], models: Sequence[Identifier]) -> dict[str, int]:
    """How many European and other texts of 200 characters or more the gate rejects."""
    counts = Counter[str]()
    for example in examples:
        if len(example.text) >= _GATE_MIN_CHARS:
            kind = "european" if is_european(example.tag) else "other"
            counts[kind] += 1
            counts[f"{kind}_rejected"] += gate(example.text, models)[1] < GATE_MIN_EUROPEAN
    return dict(counts)


def fit_calibration(
    examples: Sequence[Example], found: Sequence[Identification], known: set[str]
) -> dict[str, object]:
    """The mapping fitted to all texts, and its error where it was fitted to one half.

    Texts in European languages that some model knows, every language with the same weight.
    """
    rows = [
        (example, identification)
        for example, identification in zip(examples, found, strict=True)
        if is_european(example.tag) and example.tag in known and identification.top
    ]
    sizes = Counter(example.tag for example, _ in rows)
    letters = [int(letter_counts(example.text)[1:].max()) for example, _ in rows]
    observed = np.array(
        [observe(found.top[0][1], seen) for (_, found), seen in zip(rows, letters, strict=True)]
    )
    correct = np.array([example.tag == found.tag for example, found in rows])
    weights = np.array([1.0 / sizes[example.tag] for example, _ in rows])
    half = np.array([_digest(example.text) % 2 == 0 for example, _ in rows])
    mapping = fit(observed[half], correct[half], weights[half])
    held_out = np.array(
        [
            mapping.score(found.top[0][1], seen)
            for (_, found), seen in zip(rows, letters, strict=True)
        ]
    )
    shipped = np.array([found.score for _, found in rows])
    return {
        "fit": asdict(fit(observed, correct, weights)),
        "shipped": asdict(CALIBRATION),
        "error_held_out": calibration_error(held_out[~half], correct[~half], weights[~half]),
        "error_shipped": calibration_error(shipped, correct, weights),
    }


def _digest(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "ignore"), digest_size=8).digest())


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what `identify` makes of a Parquet file of labelled texts, as JSON."""
    import pyarrow.parquet as pq  # noqa: PLC0415  # langid is free of Arrow but for this command

    parser = argparse.ArgumentParser(prog="python -m langid.evaluate", description=main.__doc__)
    parser.add_argument("parquet", help="file with the columns text, lang, script and source")
    parser.add_argument("--models", nargs="+", default=["py3langid", "cld2"])
    parser.add_argument("--fit", action="store_true", help="also fit the calibration")
    options = parser.parse_args(arguments)
    rows = pq.read_table(options.parquet, columns=["text", "lang", "source"]).to_pylist()
    examples = [
        Example(row["text"], reference_tag(row["lang"], row["text"]), row["source"]) for row in rows
    ]
    examples += join(example for example in examples if "word-pairs" not in example.source)
    models = load(options.models)
    found = [identify(example.text, models) for example in examples]
    known = known_tags(examples, models)
    report: dict[str, object] = {
        "models": options.models,
        "sources": summarise(examples, found, known),
        "gate": check_gate([e for e in examples if not e.source.endswith("joined")], models),
        "tags": [
            asdict(row)
            for row in score_tags((e.tag for e in examples), (i.tag for i in found))
            if is_european(row.tag)
        ],
    }
    if options.fit:
        report["calibration"] = fit_calibration(examples, found, known)
    json.dump(report, sys.stdout, ensure_ascii=False, indent=1)
    sys.stdout.write("\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
