"""A language pack out of reference text: word lists, thresholds, and what they rest on.

Word lists come first (`lexicon`), then the signals of the reference documents with them, then the
thresholds (`thresholds`). Half of the documents, chosen by hash, is held out and not read here.

Word lists fit the documents that they were counted on better than any other, so the signals of
small references are measured crosswise: with lists out of the other documents.
"""

import gzip
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final

import numpy as np

from audit import lexicon, thresholds
from audit.lexicon import Usage
from audit.reference_text import Document
from audit.thresholds import MIN_DOCUMENTS, Rules, Side, Values
from filters.catalog import measure_all
from filters.text import Lexicon, TextView
from langid.confusables import mates
from langid.tags import BY_TAG
from pipeline import config

ENGLISH: Final = "eng_Latn"

MIN_WORDS: Final = 2_000
"""Words of reference text at least; word lists out of fewer are chance."""

MIN_CALIBRATION_DOCUMENTS: Final = 20

_MAX_DOCUMENTS: Final = 1_000  # quantiles do not move any more, and a language takes seconds
_MAX_FURTHER: Final = 400  # composed ones, beside whole ones
_FOLDS: Final = 4
_CROSS_BELOW: Final = 400  # documents; from here on word lists do not know the single document

_FOLDER: Final = "calibration"
_STATISTICS: Final = "english.json"
_MEDIANS: Final = "medians.json"
_FREQUENCIES: Final = "frequencies.json.gz"

# Rules on what another stage measured, or that no reference text can say anything about.
_NOT_MEASURED: Final = frozenset({"language_confidence"})


@dataclass(frozen=True)
class Words:
    """The word lists of a pack, and the frequency that stop words were cut at."""

    stop: tuple[str, ...]
    cut: float
    affinity: tuple[str, ...]
    neighbour: tuple[str, ...]
    neighbours: tuple[str, ...]
    """Tags that the last two lists are drawn against."""

    def lexicon(self, phrases: Iterable[str] = ()) -> Lexicon:
        """As `TextView` takes them."""
        return Lexicon(
            frozenset(self.stop),
            frozenset(self.affinity),
            frozenset(self.neighbour),
            frozenset(phrases),
        )


@dataclass(frozen=True)
class Calibration:
    """All that a pack and its page say."""

    tag: str
    words: Words
    rules: Rules
    rejected: float
    """Share of the calibration documents that the rules, with the base, reject."""
    values: Values
    documents: int
    whole: int
    held_out: int
    characters: int
    sources: tuple[str, ...]
    digest: str
    trust: str

    @property
    def clamped(self) -> tuple[str, ...]:
        """Signals whose derived bound was beyond its clamp."""
        return tuple(sorted({t.signal for t in self.rules.values() if t.clamped}))


Usages = Mapping[str, Usage]


def calibrate(
    tag: str,
    documents: Sequence[Document],
    pieces: Sequence[tuple[str, str]],
    others: Usages,
    *,
    english: thresholds.English | None = None,
    medians: thresholds.Medians | None = None,
    are_manuals: bool = False,
) -> Calibration:
    """Calibrate a language on documents; their held-out half is counted, not read.

    `pieces` are `(source, text)` pairs that words are counted in, none of them of a held-out
    document; `others` is the usage of words of other languages. `english` and `medians` default to
    the stored ones; `are_manuals` as in `thresholds.fit`. ValueError if there is too little text
    for word lists.
    """
    free = [d for d in documents if not d.is_held_out]
    whole = sum(document.is_whole for document in documents)
    are_whole = whole >= MIN_DOCUMENTS
    chosen = [d for d in free if d.is_whole or not are_whole][:_MAX_DOCUMENTS]
    further = [d for d in free if are_whole and not d.is_whole][:_MAX_FURTHER]
    own = lexicon.usage(pieces)
    if own.total < MIN_WORDS or len(chosen) < MIN_CALIBRATION_DOCUMENTS:
        raise ValueError(
            f"{len(chosen)} documents with {own.total:,} words to calibrate on; at least "
            f"{MIN_CALIBRATION_DOCUMENTS} with {MIN_WORDS:,} are needed"
        )
    found = words(tag, own, others)
    if len(chosen) < _CROSS_BELOW:
        values = _crosswise(tag, chosen, pieces, others, found)
    else:
        values = measure([d.text for d in chosen], found.lexicon())
    more = measure([d.text for d in further], found.lexicon())
    rules, rejected = thresholds.fit(
        values,
        {name: np.concatenate([column, more[name]]) for name, column in values.items()}
        if more
        else values,
        english if english is not None else stored_english(),
        base_bounds(),
        are_whole=are_whole,
        family=BY_TAG[tag].family,
        family_medians=medians if medians is not None else stored_medians(),
        are_manuals=are_manuals,
    )
    return Calibration(
        tag=tag,
        words=found,
        rules={key: thresholds.rounded(threshold) for key, threshold in rules.items()},
        rejected=rejected,
        values=values,
        documents=len(chosen) + len(further),
        whole=whole,
        held_out=sum(d.is_held_out for d in documents),
        characters=sum(len(document.text) for document in (*chosen, *further)),
        sources=tuple(sorted({d.source.partition("/")[0] for d in documents})),
        digest=digest(documents),
        trust="calibrated" if are_whole else "inherited",
    )


def words(tag: str, own: Usage, others: Usages) -> Words:
    """The word lists of a language, drawn against its neighbours among `others`."""
    script = tag[-4:]
    stop, cut = lexicon.stop_words(
        own, [other for name, other in sorted(others.items()) if name[-4:] == script != tag]
    )
    near = neighbours(tag, others)
    usages = [others[name] for name in near]
    return Words(
        stop,
        cut,
        lexicon.affinity_words(own, usages),
        # Pages of every language quote English, and so do all that are about computers.
        lexicon.neighbour_words(own, [others[name] for name in near if name in mates(tag)]),
        near,
    )


def neighbours(tag: str, known: Iterable[str]) -> tuple[str, ...]:
    """Known languages of its confusable group in its script, and English if that is in Latin."""
    script, available = tag[-4:], set(known) - {tag}
    near = [name for name in mates(tag) if name in available and name[-4:] == script]
    if script == "Latn" and ENGLISH in available and ENGLISH not in near:
        near.append(ENGLISH)
    return tuple(near)


def measure(texts: Iterable[str], lexicon_: Lexicon) -> dict[str, Any]:
    """Every signal of every text: name to an array, NaN for null."""
    rows = [measure_all(TextView(text, lexicon_)) for text in texts]
    names = rows[0] if rows else ()
    return {
        name: np.array([np.nan if row[name] is None else row[name] for row in rows], np.float64)
        for name in names
    }


def _crosswise(
    tag: str,
    documents: Sequence[Document],
    pieces: Sequence[tuple[str, str]],
    others: Usages,
    found: Words,
) -> dict[str, Any]:
    """Signals of each quarter of the documents, with word lists out of what it does not hold."""
    parts: list[dict[str, Any]] = []
    order: list[int] = []
    for fold in range(_FOLDS):
        places = [place for place in range(len(documents)) if place % _FOLDS == fold]
        own = {line for place in places for line in documents[place].text.splitlines()}
        texts = {documents[place].text for place in places}
        rest = [piece for piece in pieces if piece[1] not in own and piece[1] not in texts]
        usage = lexicon.usage(rest)
        strange = words(tag, usage, others) if usage.total >= MIN_WORDS / 2 else found
        parts.append(measure([documents[place].text for place in places], strange.lexicon()))
        order += places
    back = np.argsort(order)
    return {name: np.concatenate([part[name] for part in parts])[back] for name in parts[0]}


def digest(documents: Iterable[Document]) -> str:
    """BLAKE2b of the documents' digests in order of themselves, 64 bits in hexadecimal."""
    digests = sorted(document.digest for document in documents)
    return hashlib.blake2b("\n".join(digests).encode(), digest_size=8).hexdigest()


def base_bounds() -> dict[tuple[str, Side], float]:
    """The bounds of configs/base.yaml on what a text alone gives."""
    return bounds_of(config.base_language())


def bounds_of(language: config.Language) -> dict[tuple[str, Side], float]:
    """A language's bounds on what a text alone gives."""
    return {
        (name, side): float(bound)
        for name, rule in language.rules.items()
        if rule is not None and name not in _NOT_MEASURED
        for side in Side
        if (bound := getattr(rule, side.value)) is not None
    }


# What a calibration needs to know of other languages: numbers and words, built by
# `audit.build_packs`, so that a machine without their texts can calibrate one.


@cache
def stored_english() -> dict[str, dict[str, float]]:
    """Statistics of English reference documents (`thresholds.statistics`)."""
    found: dict[str, dict[str, float]] = json.loads(_stored(_STATISTICS))["signals"]
    return found


@cache
def stored_medians() -> dict[str, dict[str, float]]:
    """Family to medians of its calibrated languages (`thresholds.medians`)."""
    found: dict[str, dict[str, float]] = json.loads(_stored(_MEDIANS))
    return found


@cache
def stored_usages() -> dict[str, Usage]:
    """The most frequent words of every language that a pack was built for."""
    table = json.loads(gzip.decompress(_stored(_FREQUENCIES)))
    return {tag: lexicon.unpacked(row) for tag, row in table.items()}


def store(folder: Path, english: Any, medians: thresholds.Medians, usages: Usages) -> None:
    """Write the three files; the same input gives the same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, value in ((_STATISTICS, english), (_MEDIANS, medians)):
        text = json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False)
        (folder / name).write_text(text + "\n", encoding="utf-8")
    packed = {tag: lexicon.packed(usage) for tag, usage in sorted(usages.items())}
    data = json.dumps(packed, ensure_ascii=False, separators=(",", ":")).encode()
    (folder / _FREQUENCIES).write_bytes(gzip.compress(data, 9, mtime=0))


def _stored(name: str) -> bytes:
    return resources.files("audit").joinpath(_FOLDER, name).read_bytes()
