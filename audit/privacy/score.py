"""Recall, precision, F2 and leaks of a detector on labelled texts, by kind, country and form.

A labelled range is found if what was redacted covers every digit of it (every letter and digit,
where it has fewer than four digits), and found exactly if one redaction has its bounds. National
and tax numbers count as found whichever of the two they were called: both are removed.
A redaction that touches no label is false, unless the page text alone had the same string redacted.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from audit.precision import wilson
from audit.privacy.gold import Document, Gold


class Found(NamedTuple):
    """One redaction."""

    start: int
    end: int
    kind: str


_ALIKE = {"TAX_ID": "NATIONAL_ID", "EMAIL (hidden)": "EMAIL"}
_FEW_DIGITS = 4


def alike(kind: str) -> str:
    """The kind that a kind is held against."""
    return _ALIKE.get(kind, kind)


@dataclass
class Tally:
    """Counts of one kind, country or form."""

    labelled: int = 0
    found: int = 0
    exact: int = 0
    right_kind: int = 0
    redacted: int = 0
    false: int = 0

    def as_dict(self) -> dict[str, Any]:
        """The counts with recall, precision and F2; null where they divide by zero."""
        recall = self.found / self.labelled if self.labelled else None
        precision = 1 - self.false / self.redacted if self.redacted else None
        both = 4 * (precision or 0) + (recall or 0)
        return {
            "labelled": self.labelled,
            "found": self.found,
            "exact": self.exact,
            "right_kind": self.right_kind,
            "redacted": self.redacted,
            "false": self.false,
            "recall": recall,
            "recall_95": wilson(self.found, self.labelled) if self.labelled else None,
            "precision": precision,
            "f2": 5 * (precision or 0) * (recall or 0) / both if both else None,
        }


@dataclass
class Scores:
    """What was counted over documents."""

    kinds: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    countries: dict[tuple[str, str], Tally] = field(default_factory=lambda: defaultdict(Tally))
    forms: dict[tuple[str, str, str], Tally] = field(default_factory=lambda: defaultdict(Tally))
    subjects: int = 0
    leaking: int = 0
    false: list[tuple[int, Found]] = field(default_factory=list)
    missed: list[tuple[int, Gold]] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON; no text of any document."""
        return {
            "kinds": {kind: tally.as_dict() for kind, tally in sorted(self.kinds.items())},
            "countries": {
                f"{kind} {country}": tally.as_dict()
                for (kind, country), tally in sorted(self.countries.items())
            },
            "forms": {
                " | ".join(key): tally.as_dict() for key, tally in sorted(self.forms.items())
            },
            "subjects": self.subjects,
            "leaking": self.leaking,
            "leak_rate": self.leaking / self.subjects if self.subjects else None,
        }


def score(
    documents: Sequence[Document],
    redactions: Iterable[Sequence[Found]],
    of_pages: Mapping[str, frozenset[str]],
    kinds: frozenset[str] | None = None,
) -> Scores:
    """Scores of one detector: its redactions of each document, in order.

    `of_pages` gives the strings that it redacts in a paragraph by itself. With `kinds`, labels of
    other kinds do not count, but a redaction that touches them is not false.
    """
    made = Scores()
    for number, (document, found) in enumerate(zip(documents, redactions, strict=True)):
        made.subjects += 1
        leaks = False
        for gold in document.spans:
            if kinds is None or alike(gold.kind) in kinds:
                leaks |= not _count(made, number, gold, document.text, found)
        made.leaking += leaks
        known = frozenset().union(*(of_pages.get(p, frozenset()) for p in document.paragraphs))
        for each in found:
            touched = [g for g in document.spans if g.start < each.end and each.start < g.end]
            if not touched and document.text[each.start : each.end] in known:
                continue
            tally = made.kinds[each.kind]
            tally.redacted += 1
            if not touched:
                tally.false += 1
                made.false.append((number, each))
    return made


def _count(made: Scores, number: int, gold: Gold, text: str, found: Sequence[Found]) -> bool:
    touching = [f for f in found if f.start < gold.end and gold.start < f.end]
    is_found = is_covered(text, gold, touching)
    is_exact = any((f.start, f.end) == (gold.start, gold.end) for f in touching)
    is_right = any(alike(f.kind) == alike(gold.kind) for f in touching)
    for tally in _tallies(made, gold):
        tally.labelled += 1
        tally.found += is_found
        tally.exact += is_exact
        tally.right_kind += is_found and is_right
    if not is_found:
        made.missed.append((number, gold))
    return is_found


def _tallies(made: Scores, gold: Gold) -> Iterator[Tally]:
    yield made.kinds[gold.kind]
    yield made.forms[gold.kind, gold.form, gold.label]
    if gold.country:
        yield made.countries[gold.kind, gold.country]


def is_covered(text: str, gold: Gold, found: Sequence[Found]) -> bool:
    """Whether every digit (or letter, where there are few digits) of the label is redacted."""
    value = text[gold.start : gold.end]
    by_digits = sum(map(str.isdigit, value)) >= _FEW_DIGITS and "@" not in value
    wanted = str.isdigit if by_digits else str.isalnum
    places = [gold.start + i for i, character in enumerate(value) if wanted(character)]
    return all(any(f.start <= place < f.end for f in found) for place in places)


def counted(found: Iterable[Sequence[Found]]) -> Counter[str]:
    """Redactions by kind."""
    return Counter(each.kind for one in found for each in one)
