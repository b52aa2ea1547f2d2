"""What the workbench counts is what the pipeline counts, to the document."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray

from audit import stats, views
from audit.runs import Run
from audit.tune import Trial, tune
from audit.tuning import Session
from filters import rules
from filters.catalog import BY_NAME
from filters.rules import Bound
from tests.integration.runs import configured, run_here

if TYPE_CHECKING:
    from tests.conftest import Small

CONFIGURATIONS = 200
STATES = ("first", "any", "only")


@dataclass
class Truth:
    """One language as its files say, read here without what is tested."""

    tag: str
    values: NDArray[np.float64]
    amounts: dict[str, NDArray[np.int64]]
    removed: NDArray[np.bool_]
    kept: NDArray[np.bool_]

    def counts(self, order: tuple[str, ...], bounds: dict[str, Bound]) -> dict[str, Any]:
        """Totals and attribution by measure, from the pipeline's own judgement."""
        compiled = rules.compile_rules(order, {self.tag: bounds})
        language = np.zeros(len(self.values), np.int64)
        masks, first = rules.judge(compiled, self.values, language)
        kept = (first == -1) & ~self.removed
        found: dict[str, Any] = {
            "flips": {
                "lost": int((self.kept & ~kept).sum()),
                "gained": int((kept & ~self.kept).sum()),
            }
        }
        for measure, amounts in self.amounts.items():
            effect = rules.attribution(masks, len(order), amounts)
            found[measure] = {
                "total": int(amounts.sum()),
                "passed": int(amounts[first == -1].sum()),
                "kept": int(amounts[kept].sum()),
                "before_kept": int(amounts[self.kept].sum()),
                **{state: getattr(effect, state).tolist() for state in STATES},
            }
        return found


def truths(path: Path, order: tuple[str, ...]) -> Iterator[Truth]:
    """Every language of a run, from its Parquet files."""

    def table(name: str) -> pa.Table:
        files = sorted((path / name).glob("*.parquet"))
        return pa.concat_tables([pq.read_table(file, partitioning=None) for file in files])

    signals, documents, decisions = (table(name) for name in ("signals", "documents", "decisions"))
    tags = np.array(decisions.column("tag").to_pylist())
    for tag in sorted(set(tags)):
        mine = pa.array(np.flatnonzero(tags == tag))
        columns = [signals.column(name).take(mine) for name in order]
        rows = decisions.take(mine)
        reasons = [reason or "" for reason in rows.column("reason").to_pylist()]
        facts = documents.take(mine)
        yield Truth(
            tag,
            np.column_stack([np.asarray(one.to_numpy(), np.float64) for one in columns]),
            {
                "documents": np.ones(len(mine), np.int64),
                "characters": facts.column("n_chars").to_numpy(),
                "words": facts.column("n_words").to_numpy(),
            },
            np.array([reason.startswith(("dedup.", "list.")) for reason in reasons]),
            np.array(rows.column("outcome").to_pylist()) == "keep",
        )


def random_bounds(truth: Truth, session: Session, rng: np.random.Generator) -> dict[str, Bound]:
    """Up to eight rules with other bounds: quantiles, stored values themselves, or none."""
    tried = [rule["name"] for rule in session.rules if rule["what_if"]]
    moved = {}
    for name in rng.choice(tried, int(rng.integers(1, 9)), replace=False).tolist():
        column = session.view.values[name]
        known = column[~np.isnan(column)].astype(float)
        ends = sorted(rng.choice(known, 2).tolist())  # inclusive bounds: often met exactly
        low, high = (None if rng.random() < 0.4 else end for end in ends)
        signal = BY_NAME[name]
        moved[name] = Bound(
            name,
            None if low is None else max(signal.low, low),
            None if high is None else min(signal.high, high),
        )
    return moved


@pytest.fixture(scope="module")
def told(sample_run: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Session]:
    """A session for every language of the sample."""
    run = Run(sample_run)
    made = views.opened(run, folder=tmp_path_factory.mktemp("views"))
    return {tag: Session(run, made, tag) for tag in made.tags}


def test_counts_are_the_pipelines_for_200_random_configurations(
    sample_run: Path, told: dict[str, Session]
) -> None:
    """Kept, passed, flips, and first, any and only of each rule, in every measure."""
    rng = np.random.default_rng(13)
    names = {tag: session.view.names for tag, session in told.items()}
    known = {
        tag: truth for tag, truth in _known(sample_run, names).items() if len(truth.values) > 5
    }
    sizes = {tag: len(truth.values) for tag, truth in known.items()}
    flipped = 0
    for number in range(CONFIGURATIONS):
        tag = sorted(known)[number % len(known)]
        session, truth = told[tag], known[tag]
        moved = random_bounds(truth, session, rng)
        found = session.counts(moved)
        expected = truth.counts(session.view.names, {**session.bounds, **moved})
        assert found["flips"] == expected["flips"], (tag, moved)
        assert found["is_exact"]
        for measure, sums in found["measures"].items():
            said = {**sums, **{s: _of(found, measure, s) for s in STATES}}
            assert said == expected[measure], (tag, moved, measure)
        flipped += sum(found["flips"].values())
    assert flipped > CONFIGURATIONS, "configurations must bite"
    assert len(sizes) > 20


def _of(found: dict[str, Any], measure: str, state: str) -> list[int]:
    return [counts[measure][state] for counts in found["rules"].values()]


def _known(path: Path, names: dict[str, tuple[str, ...]]) -> dict[str, Truth]:
    found = {}
    for order in set(names.values()):
        for truth in truths(path, order):
            if names.get(truth.tag) == order:
                found[truth.tag] = truth
    return found


def test_the_terminal_says_the_same(sample_run: Path, told: dict[str, Session]) -> None:
    run = Run(sample_run)
    for tag, session in sorted(told.items())[:12]:
        found = session.counts({"word_count": Bound("word_count", 120, 100_000)})
        said = tune(run, Trial(tag, ("word_count.min=120", "word_count.max=100000")))
        assert found["flips"] == {side: said["flips"][side] for side in ("lost", "gained")}
        for rule in said["rules"]:
            assert found["rules"][rule["rule"]] == rule["after"], tag


@pytest.mark.parametrize(
    "settings",
    [
        ("word_count.min=150",),
        ("sentence_count.min=12", "duplicate_line_fraction.max=0.05"),
        ("word_count.min=20", "alphabetic_word_fraction.min=0.95", "sentence_count.min=8"),
    ],
)
def test_a_real_run_decides_as_foretold(
    small: "Small", small_run: Path, tmp_path: Path, settings: tuple[str, ...]
) -> None:
    """Where deduplication removed nothing in either run, what is kept is foretold as well."""
    old = Run(small_run)
    rules_set = [f"language.rules.{setting}" for setting in settings]
    resolved = configured(small.paths, [*small.settings, *rules_set])
    ended, _ = run_here(resolved, tmp_path / "run", reuse=small_run)
    assert ended.exit_code == 0, ended.problems
    new = Run(tmp_path / "run")
    account, before = stats.stats(new), stats.stats(old)["languages"]
    made, flips, compared = views.opened(old, folder=tmp_path / "views"), 0, 0
    for tag in made.tags:
        session, bounds = Session(old, made, tag), new.bounds(tag)
        moved = {
            name: bounds.get(name, Bound(name))
            for name in old.rules
            if bounds.get(name) != session.bounds.get(name)
        }
        found, real = session.counts(moved), account["languages"][tag]
        rejected = {
            kind: sum(n for r, n in real["rejected"].items() if r.startswith(f"{kind}."))
            for kind in ("rule", "dedup")
        }
        passed = found["measures"]["documents"]["passed"]
        assert passed == real["kept"] + rejected["dedup"], tag
        is_plain = not rejected["dedup"] and not any(
            reason.startswith("dedup.") for reason in before[tag]["rejected"]
        )
        if is_plain:
            compared += 1
            assert found["measures"]["documents"]["kept"] == real["kept"], tag
            assert found["measures"]["characters"]["kept"] == real["characters"]["kept"], tag
        foretold = {
            name: {**counts["documents"], **{m: counts[m] for m in ("characters", "words")}}
            for name, counts in found["rules"].items()
            if counts["documents"]["any"]
        }
        assert foretold == account["rules"].get(tag, {}), tag
        flips += sum(found["flips"].values())
    assert flips > 0
    assert compared > 1
