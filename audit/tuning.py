"""One language of a run held in memory, so that a threshold can be moved and its effect seen.

Answers are plain data. Counts are exact for the documents held; `weir tune --set` gives the same.
"""

import math
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from audit import curves, judged, moves, pages, queues
from audit.curves import Bins
from audit.runs import Run
from audit.views import Views
from filters import rules, whatif
from filters.catalog import PEER, find
from filters.rules import Bound
from filters.whatif import Population, Standing, Tally
from stages import schema
from stages.errors import ConfigError

HELD_BINS: Final = 4
"""Signals whose bins are held: 2 bytes a document each."""
Z: Final = 1.959964
"""Standard deviations on either side that hold 95 % of a normal distribution."""


@dataclass(frozen=True, slots=True)
class Pinned:
    """A reference document: what should become of it, and why; its values under the run's rules."""

    doc_id: str
    url: str | None
    why: str
    wanted: str
    removed: bool
    values: NDArray[np.float32]


class Session:
    """One language of a run in the workbench; may be asked by several threads at a time.

    `pinned` are reference documents as mappings of `doc_id`, `wanted` (keep or reject) and `why`;
    those that the run never read are in `unknown`. ConfigError for a language without documents.
    """

    def __init__(
        self, run: Run, views: Views, tag: str, pinned: Sequence[Mapping[str, Any]] = ()
    ) -> None:
        self.run, self.views, self.tag = run, views, tag
        self.view = views.language(tag)
        self.bounds = {n: b for n, b in run.bounds(tag).items() if n in self.view.names}
        compiled = rules.compile_rules(self.view.names, {tag: self.bounds})
        values = [self.view.values[name] for name in self.view.names]
        self.population = Population(
            compiled, tag, values, self.view.weights, self.view.removed, masks=self.view.masks
        )
        self._standing = Standing(self.population)
        self._lock = threading.Lock()
        self._held_bins: dict[int, Bins] = {}
        self.pinned, self.unknown = self._pinned(pinned)
        self._prepare()

    def _prepare(self) -> None:
        """Compile what questions need, so that the first of them need not wait for it."""
        self._standing.prepare()
        name = next((one for one in self.view.names if self.why_not(one) is None), None)
        if name is not None:
            self.curve(name, {})
            self.queue("margin", {}, name, n=1)

    # What is held

    @property
    def documents(self) -> int:
        """Documents held in memory."""
        return self.view.documents

    @property
    def total(self) -> int:
        """Documents of the language in the run."""
        return self.view.total

    @property
    def is_whole(self) -> bool:
        """Whether every document is held; else they are a simple random sample."""
        return self.documents == self.total

    @cached_property
    def rules(self) -> list[dict[str, Any]]:
        """Every rule with its facts, the run's bounds and counts (`moves` may name them).

        `what_if` is false where a rule cannot be tried, and `why_not` says why. Infinite ends of a
        signal's range are null.
        """
        tallies = self.population.tallies()[whatif.DOCUMENTS]
        return [self._rule(at, name, tallies) for at, name in enumerate(self.view.names)]

    def _rule(self, at: int, name: str, tally: Tally) -> dict[str, Any]:
        signal, bound = find(name), self.bounds.get(name)
        if signal is None:
            raise KeyError(name)
        why_not = self.why_not(name)
        return {
            "name": name,
            "description": signal.description,
            "unit": signal.unit,
            "low": _finite(signal.low),
            "high": _finite(signal.high),
            "min": bound.min if bound else None,
            "max": bound.max if bound else None,
            "source": self._source(name),
            "is_declared": name in self.run.rules,
            "measured": self.view.measured.get(name, 0),
            "what_if": why_not is None,
            "why_not": why_not,
            "counts": tally.touched(at),
        }

    def _source(self, name: str) -> str | None:
        settings = self.run.settings
        pack = settings.languages.get(self.tag, settings.language)
        rule = pack.rules.get(name)
        return rule.source if rule else None

    def why_not(self, name: str) -> str | None:
        """Why a rule cannot be tried; None if it can."""
        if self.view.measured.get(name):
            return None
        count = f"all {self.documents:,} documents in {self.tag}"
        if name.startswith(PEER):
            return f"this filter gave no verdict: it is null in {count}"
        return f"not measured: null in {count}; `weir config explain {name}` says what it needs"

    # Moving

    def counts(self, moved: Mapping[str, Bound]) -> dict[str, Any]:
        """What moved bounds do, in documents, characters, words and tokens where counted.

        `measures`: total, passed, kept, before_kept; `rules`: first, any, only by measure; `flips`
        against the run: lost, gained; `pinned`: reference documents with their outcome in the run
        and now; `interval`: half of the keep-rate's 95 % interval in points, null for the whole.
        ConfigError for a rule that cannot be moved, or bounds that make no sense.
        """
        self.check(moved)
        before = self._before
        with self._lock:
            self._standing.move(moved)
            after = self._standing.tallies()
            lost, gained = self._standing.flips.tolist()
            limits = self._standing.low.copy(), self._standing.high.copy()
        return {
            "measures": {name: _measure(after[name], before[name]) for name in after},
            "rules": {
                name: {measure: tally.touched(at) for measure, tally in after.items()}
                for at, name in enumerate(self.view.names)
            },
            "flips": {"lost": lost, "gained": gained},
            "pinned": [self._standing_of(one, limits) for one in self.pinned],
            "is_exact": self.is_whole,
            "interval": self._interval(after[whatif.DOCUMENTS]),
            "assumption": judged.ASSUMPTION,
        }

    @cached_property
    def _before(self) -> dict[str, Tally]:
        return self.population.tallies()

    def check(self, moved: Mapping[str, Bound]) -> None:
        """ConfigError for a rule that cannot be moved, or bounds that make no sense."""
        for name, bound in moved.items():
            if name not in self.view.names:
                hint = moves.near(name, self.view.names)
                raise ConfigError(name, f"is no rule that can be tried in {self.tag}", hint)
            if why_not := self.why_not(name):
                raise ConfigError(name, why_not, "leave it as it is")
            moves.check(name, bound)

    def _interval(self, tally: Tally) -> float | None:
        """Half of the 95 % interval of the keep-rate, in percentage points; None for the whole."""
        if self.is_whole:
            return None
        rate, share = tally.kept / tally.total, tally.total / self.total
        return 100 * Z * math.sqrt(rate * (1 - rate) / tally.total * (1 - share))

    def curve(self, name: str, moved: Mapping[str, Bound]) -> dict[str, Any]:
        """How documents lie along one signal, for dragging its bounds without asking again.

        Bin k of `edges` holds edges[k] <= value < edges[k + 1]. `every` holds the sums of each bin
        over all documents, `rest` over those that only this rule could reject, by measure; `nulls`
        the same of documents without a value, which never fail. What is kept under bounds on edges
        is the sum of `rest` between them, and that of nulls; the run's bounds lie on edges, others
        need not. ConfigError as from `counts`.
        """
        self.check({**moved, name: moved.get(name, self.bounds.get(name, Bound(name)))})
        with self._lock:
            bins = self._bins(self.view.names.index(name))
            self._standing.move(moved)
            every, rest = bins.sums(self._standing)
        names = self.population.measures
        sides = {"every": every, "rest": rest}
        return {
            "name": name,
            "edges": bins.edges.astype(float).tolist(),
            **{
                side: {measure: sums[:-1, k].tolist() for k, measure in enumerate(names)}
                for side, sums in sides.items()
            },
            "nulls": {
                side: {measure: int(sums[-1, k]) for k, measure in enumerate(names)}
                for side, sums in sides.items()
            },
            "total": {name: tally.total for name, tally in self._before.items()},
        }

    def _bins(self, at: int) -> Bins:
        """Bins of a rule's signal, of which the last few asked for are held."""
        made = self._held_bins.pop(at, None) or curves.bins(self.population, at)
        self._held_bins[at] = made
        while len(self._held_bins) > HELD_BINS:
            self._held_bins.pop(next(iter(self._held_bins)))
        return made

    # Pages

    def queue(
        self,
        kind: str,
        moved: Mapping[str, Bound],
        name: str | None = None,
        n: int = 40,
        seed: int = 7,
        skip: Sequence[str] = (),
        host: str | None = None,
        text: str | None = None,
    ) -> list[dict[str, Any]]:
        """Documents to look at: `doc_id`, `value`, `distance`, `inclusion_probability`, `outcome`.

        `value` and `distance` (to the nearer bound) are of the rule that is asked about, null
        without one; `outcome` is that under the moved bounds. The kinds are `queues.KINDS`.
        Documents in `skip` are passed over. ConfigError for an unknown kind, a kind that needs a
        rule, a host or a text where none is given, and as from `counts`.
        """
        self.check(moved)
        asked = queues.Asked(kind, name, n, seed, tuple(skip), host, text)
        at = queues.check(self, asked)
        with self._lock:
            self._standing.move(moved)
            return queues.chosen(self, self._standing, asked, at)

    def page(self, doc_id: str, moved: Mapping[str, Bound]) -> dict[str, Any]:
        """One document: title, text, languages, signals beside their bounds, verdict under `moved`.

        ConfigError for a document that is not of this language in this run.
        """
        self.check(moved)
        return pages.page(self, doc_id, moved)

    # Reference documents

    def _pinned(
        self, given: Sequence[Mapping[str, Any]]
    ) -> tuple[tuple[Pinned, ...], tuple[str, ...]]:
        found, unknown = [], []
        for one in given:
            doc_id = str(one["doc_id"]).lower()
            values = pages.values(self, doc_id)
            if values is None:
                unknown.append(doc_id)
                continue
            url, (row, removed) = pages.url(self, doc_id), values
            wanted, why = str(one.get("wanted", schema.KEEP)), str(one.get("why", ""))
            found.append(Pinned(doc_id, url, why, wanted, removed, row))
        return tuple(found), tuple(unknown)

    def _standing_of(self, one: Pinned, limits: tuple[Any, Any]) -> dict[str, Any]:
        sides = ((self.population.low, self.population.high), limits)
        was, now = (_outcome(one.values, one.removed, *side) for side in sides)
        return {
            "doc_id": one.doc_id,
            "url": one.url,
            "why": one.why,
            "wanted": one.wanted,
            "from": was,
            "to": now,
        }


def _outcome(values: NDArray[np.float32], removed: bool, low: Any, high: Any) -> str:
    return schema.REJECT if removed or rules.fails(values, low, high).any() else schema.KEEP


def _measure(after: Tally, before: Tally) -> dict[str, int]:
    return {
        "total": after.total,
        "passed": after.passed,
        "kept": after.kept,
        "before_kept": before.kept,
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
