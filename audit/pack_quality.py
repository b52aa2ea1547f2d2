"""How well a language pack does: what it keeps of held-out text, and what it rejects.

Judged by the rules as a run would compile them, on what the text alone gives: confidence in the
language, which would help with neighbours, is left out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from audit import negatives
from audit.calibrate import measure
from filters import rules
from filters.text import Lexicon

MAX_HELD_OUT: Final = 300
MAX_NEGATIVES: Final = 80
"""Documents of each kind at most: the share is then known to two or three points."""


@dataclass(frozen=True)
class Quality:
    """Shares of texts: held-out ones that pass, negatives that are rejected, by kind."""

    held_out: int
    passed: float
    rejected: Mapping[str, float]
    """Kind of negative to share; `neighbours` is over texts of all of them but English, where there
    are others."""
    by_neighbour: Mapping[str, float]
    first_failed: Mapping[str, float]
    """Rule to the share of held-out texts that it is the first to reject."""


class Judge:
    """A pack's rules and words, as a run would use them."""

    def __init__(
        self, tag: str, order: Sequence[str], bounds: Mapping[str, rules.Bound], lexicon: Lexicon
    ) -> None:
        self._rules = rules.compile_rules(order, {tag: bounds})
        self._lexicon = lexicon

    def first_failed(self, texts: Sequence[str]) -> NDArray[np.int16]:
        """Index of the first rule that each text fails, or -1; null never fails."""
        if not texts or not self._rules.rules:
            return np.full(len(texts), -1, np.int16)
        found = measure(texts, self._lexicon)
        nulls = np.full(len(texts), np.nan)
        values = np.column_stack([found.get(name, nulls) for name in self._rules.rules])
        return rules.judge(self._rules, values, np.zeros(len(texts), np.int64))[1]

    @property
    def names(self) -> tuple[str, ...]:
        """Rules in declared order."""
        return self._rules.rules


def assess(
    judge: Judge,
    stop_words: Sequence[str],
    held_out: Sequence[str],
    neighbours: Mapping[str, Sequence[str]],
) -> Quality:
    """Quality on held-out texts, on negatives made of them, and on texts of neighbours by tag."""
    texts = held_out[:MAX_HELD_OUT]
    first = judge.first_failed(texts)
    rejected = {
        kind: _share(
            judge.first_failed(
                [negatives.make(kind, text, stop_words) for text in texts[:MAX_NEGATIVES]]
            )
        )
        for kind in negatives.KINDS
    }
    by_neighbour = {
        tag: _share(judge.first_failed(list(pages[:MAX_NEGATIVES])))
        for tag, pages in neighbours.items()
        if pages
    }
    close = {t: share for t, share in by_neighbour.items() if t != "eng_Latn"} or by_neighbour
    if close:
        rejected["neighbours"] = float(np.mean(list(close.values())))
    failed = first[first >= 0]
    return Quality(
        held_out=len(texts),
        passed=1 - _share(first),
        rejected=rejected,
        by_neighbour=by_neighbour,
        first_failed={
            judge.names[rule]: float(np.count_nonzero(failed == rule) / len(texts))
            for rule in sorted(set(failed.tolist()))
        },
    )


def _share(first: NDArray[np.int16]) -> float:
    return float(np.mean(first >= 0)) if first.size else float("nan")
