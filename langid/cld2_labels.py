"""What Common Crawl's index says of a page's language, and what choosing pages by it loses.

The index has up to three labels of CLD2, as ISO 639-3 codes, the most of the page first. Of
languages that CLD2 does not know it says nothing, or a neighbour's name. How often which labels
are given to pages of a language is measured: `cld2_recall.csv`, made by
`python -m benchmarks.cld2_recall`.
"""

import csv
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib import resources

from langid import tags
from langid.models import Cld2
from langid.script import dominant_script

_MACRO: Mapping[str, str] = {
    "ekk": "est",
    "lvs": "lav",
    "als": "sqi",
    "azj": "aze",
    "nob": "nor",
    "ydd": "yid",
    "kmr": "kur",
}
"""Codes under which the index has languages whose own code is another one."""

_NOT_INDEXED = ("cnr",)
"""CLD2 says `sr-ME`, for which the index has no code."""

SMALL_GAIN = 0.01
"""What a label must add to the recall for `neighbours` to name it."""


@cache
def _labels() -> dict[str, str]:
    found = {}
    for language in tags.EUROPEAN:
        if language.tag in tags.known_to("cld2") and language.iso639_3 not in _NOT_INDEXED:
            found[language.tag] = _MACRO.get(language.iso639_3, language.iso639_3)
    return found


def label_of(tag: str) -> str | None:
    """The index's label for a language; None if CLD2 does not know it."""
    return _labels().get(tag)


def index_code(label: str, script: str) -> str | None:
    """The index's code for a label of CLD2 on a text in `script`; None for one that it has not."""
    code = tags.from_model("cld2", label, script).partition("_")[0]
    return None if code in {"und", "zxx", *_NOT_INDEXED} else _MACRO.get(code, code)


def given(text: str) -> tuple[str, ...]:
    """What the index would say of a page with this text, as far as it is known."""
    found = Cld2.details(text, best_effort=False)
    codes = (index_code(label, dominant_script(text)) for _, label, share, _ in found if share)
    return tuple(dict.fromkeys(code for code in codes if code))


def labels_of(names: Iterable[str]) -> tuple[str, ...]:
    """Labels for languages, each given in any spelling that `tags.normalise` takes, in order.

    A label of the index that is no language of ours, or a macrolanguage's (`nor`, `lav`), stands
    for itself. Raises ValueError for a language that the index does not label.
    """
    found = []
    for name in names:
        if name in _codes():
            found.append(name)
            continue
        tag = tags.normalise(name)
        label = label_of(tag)
        if label is None:
            near = [label for label, _ in neighbours(tag, ())][:3]
            hint = f", or its neighbours' labels: {', '.join(near)}" if near else ""
            raise ValueError(
                f"the index labels no page {name!r} ({tag}): CLD2 does not know the language; "
                f"choose by tlds or domains{hint}"
            )
        found.append(label)
    return tuple(dict.fromkeys(found))


def tags_of(names: Iterable[str]) -> list[str]:
    """Tags of the languages among names that `labels_of` takes; a label has all it stands for."""
    found = []
    for name in names:
        mine = [tag for tag, label in _labels().items() if label == name]
        if not mine and name not in _codes():
            mine = [tags.normalise(name)]
        found += mine
    return list(dict.fromkeys(found))


@cache
def _codes() -> frozenset[str]:
    given_once = (code for of in recorded().values() for codes in of for code in codes)
    return frozenset([*_labels().values(), *given_once])


@cache
def recorded() -> dict[str, dict[tuple[str, ...], int]]:
    """Pages by language and by the labels that CLD2 gave them, most of the page first."""
    text = resources.files("langid").joinpath("cld2_recall.csv").read_text("utf-8")
    found: dict[str, dict[tuple[str, ...], int]] = {}
    for row in csv.DictReader(line for line in text.splitlines() if not line.startswith("#")):
        labels = tuple(filter(None, row["labels"].split(" ")))
        found.setdefault(row["tag"], {})[labels] = int(row["texts"])
    return found


def recall(tag: str, labels: Sequence[str]) -> tuple[int, int]:
    """Of the texts of a language that were tried: how many have any of the labels, and all.

    (0, 0) for a language of which there are none.
    """
    seen, wanted = recorded().get(tag, {}), set(labels)
    return sum(n for given, n in seen.items() if wanted & set(given)), sum(seen.values())


def neighbours(tag: str, labels: Sequence[str]) -> list[tuple[str, float]]:
    """Labels that would find more pages of a language, and by how much the recall would grow."""
    seen, wanted = recorded().get(tag, {}), set(labels)
    more = Counter[str]()
    for given, count in seen.items():
        if not wanted & set(given):
            more.update(dict.fromkeys(given, count))
    every = sum(seen.values())
    return [(label, n / every) for label, n in more.most_common() if n >= SMALL_GAIN * every]
