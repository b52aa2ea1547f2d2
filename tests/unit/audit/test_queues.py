"""Queues and curves over 5,000 made-up documents, written as a view of the small run is."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from audit import judged, language_view, views
from audit.places import host_key
from audit.runs import Run
from audit.sample import mixed
from audit.tuning import Session
from filters import rules
from filters.rules import Bound
from filters.text import mix
from stages.errors import ConfigError

SIZE = 5000
WORDS = {"word_count": Bound("word_count", 60, 900)}
OTHER = {"mean_word_length": Bound("mean_word_length", 4, 8)}
RARE = {"ellipsis_to_word_ratio": Bound("ellipsis_to_word_ratio", None, 0.02)}


def columns(run: Run, names: tuple[str, ...]) -> dict[str, NDArray[Any]]:
    rng = np.random.default_rng(5)
    values = {name: np.full(SIZE, np.nan, np.float32) for name in names}
    values["word_count"] = np.round(rng.lognormal(5, 1, SIZE)).astype(np.float32)
    values["mean_word_length"] = rng.normal(6, 1.5, SIZE).astype(np.float32)
    values["ellipsis_to_word_ratio"] = np.where(
        rng.random(SIZE) < 0.8, 0, rng.exponential(0.1, SIZE)
    ).astype(np.float32)
    values["quality_score"] = rng.random(SIZE, np.float32)
    for name in ("word_count", "quality_score"):
        values[name][rng.random(SIZE) < 0.02] = np.nan
    compiled = judged.compiled(run, "fin_Latn", names)
    stacked = np.column_stack([values[name] for name in names])
    masks, _ = rules.judge(compiled, stacked, np.zeros(SIZE, np.int64))
    removed = rng.random(SIZE) < 0.1
    head = mix(np.arange(SIZE, dtype=np.uint64) + np.uint64(1))
    return {
        "masks": masks,
        "removed": removed.view(np.uint8),
        "kept": ((masks == 0) & ~removed).view(np.uint8),
        "reason": np.zeros(SIZE, np.uint16),
        **{language_view.SIGNAL + name: values[name] for name in names},
        language_view.WEIGHT + "characters": rng.integers(0, 9_000, SIZE),
        language_view.WEIGHT + "tokens": rng.integers(0, 9_000, SIZE),
        "host": np.where(np.arange(SIZE) % 50, host_key("a.example"), host_key("b.example")),
        "head": head,
        "tail": mix(head),
        "shard": np.zeros(SIZE, np.uint32),
        "row": np.arange(SIZE, dtype=np.uint32),
    }


@pytest.fixture(scope="module")
def session(pristine: Path, tmp_path_factory: pytest.TempPathFactory) -> Session:
    run = Run(pristine)
    made = views.opened(run, folder=tmp_path_factory.mktemp("views"))
    names = language_view.signal_names(run)
    path = made.folder / "languages" / "fin_Latn.arrow"
    with language_view.Columns(path) as on_disk:
        held = columns(run, names)
        for start in range(0, SIZE, 1234):
            on_disk.add({name: column[start : start + 1234] for name, column in held.items()})
        notes = language_view.Notes("fin_Latn", SIZE, names, ("",), run.rules)
        on_disk.commit(np.lexsort((held["tail"], held["head"])), made.stamp, notes)
    return Session(run, made, "fin_Latn")


def state(
    session: Session, moved: dict[str, Bound]
) -> tuple[NDArray[np.uint64], NDArray[np.bool_]]:
    """Masks and what is kept, judged anew."""
    names = session.view.names
    compiled = rules.compile_rules(names, {"fin_Latn": {**session.bounds, **moved}})
    stacked = np.column_stack([session.view.values[name] for name in names])
    masks, _ = rules.judge(compiled, stacked, np.zeros(SIZE, np.int64))
    return masks, (masks == 0) & ~session.view.removed


def rows(session: Session, items: list[dict[str, Any]]) -> list[int]:
    found = session.view.rows([item["doc_id"] for item in items])
    assert None not in found
    return [row for row in found if row is not None]


@pytest.mark.parametrize("moved", [{}, WORDS, OTHER, {**WORDS, **OTHER, **RARE}])
@pytest.mark.parametrize("name", ["word_count", "mean_word_length", "ellipsis_to_word_ratio"])
def test_the_margin_is_the_nearest_that_pass_all_others(
    session: Session, name: str, moved: dict[str, Bound]
) -> None:
    masks, _ = state(session, moved)
    bit = np.uint64(1) << np.uint64(session.view.names.index(name))
    bound = moved.get(name, session.bounds[name])
    values = session.view.values[name].astype(float)
    ends = [float(np.float32(end)) for end in (bound.min, bound.max) if end is not None]
    away = np.min([np.abs(values - end) for end in ends], axis=0)
    is_free = ((masks & ~bit) == 0) & ~session.view.removed & ~np.isnan(values)
    nearest = np.sort(away[is_free])[:40]
    items = session.queue("margin", moved, name)
    found = rows(session, items)
    assert len(set(found)) == 40
    assert is_free[found].all()
    assert away[found].tolist() == pytest.approx(nearest.tolist(), rel=1e-5, abs=1e-6)
    assert away[found].max() <= nearest[-1] * (1 + 1e-5) + 1e-6
    distances = [item["distance"] for item in items]
    assert distances == sorted(distances)
    assert {item["outcome"] for item in items} <= {"keep", "reject"}


def test_random_queues_are_of_their_kind_and_all_come(session: Session) -> None:
    masks, kept = state(session, WORDS)
    removed = session.view.removed
    bit = np.uint64(1) << np.uint64(session.view.names.index("word_count"))
    kinds = {
        "random_kept": kept,
        "random_dropped": (masks != 0) & ~removed,
        "only": (masks == bit) & ~removed,
    }
    for kind, expected in kinds.items():
        total = int(expected.sum())
        assert total > 100
        found: list[int] = []
        seen: list[str] = []
        while items := session.queue(kind, WORDS, "word_count", n=999, skip=seen):
            found += rows(session, items)
            seen += [item["doc_id"] for item in items]
            assert items[0]["inclusion_probability"] == pytest.approx(len(found) / total)
        assert sorted(found) == np.flatnonzero(expected).tolist(), kind


def test_a_random_queue_is_by_smallest_key(session: Session) -> None:
    _, kept = state(session, {})
    for seed in (1, 2, 2**70, -3):
        keys = mixed(session.view.columns["head"], seed)
        expected = sorted(np.flatnonzero(kept).tolist(), key=lambda row: int(keys[row]))[:30]
        assert rows(session, session.queue("random_kept", {}, n=30, seed=seed)) == expected
    some = {tuple(rows(session, session.queue("random_kept", {}, n=5, seed=s))) for s in range(20)}
    assert len(some) == 20


def test_flips_and_hosts_and_disagreements(session: Session) -> None:
    before, after = state(session, {})[1], state(session, WORDS)[1]
    items = session.queue("flips", WORDS, n=1000)
    assert sorted(rows(session, items)) == np.flatnonzero(before != after).tolist()
    assert sum(session.counts(WORDS)["flips"].values()) == len(items)
    lost = [row for row in rows(session, items) if before[row]]
    values = session.view.values["word_count"][lost]
    away = np.minimum(np.abs(values - 60) / 60, np.abs(values - 900) / 900)
    assert np.all(np.diff(away) >= -1e-6), "nearest first"
    of_host = session.queue("host", {}, n=1000, host="B.Example.")
    assert len(of_host) == SIZE // 50
    first, second = session.queue("disagreement", {}, "quality_score", n=2)
    scores = session.view.values["quality_score"]
    masks, kept = state(session, {})
    rejected = (masks != 0) & ~session.view.removed
    assert first["value"] == float(np.nanmax(scores[rejected]))
    assert second["value"] == float(np.nanmin(scores[kept]))
    assert (first["outcome"], second["outcome"]) == ("reject", "keep")
    for kind in ("host", "search"):
        with pytest.raises(ConfigError, match="needs"):
            session.queue(kind, {})
    with pytest.raises(ConfigError, match="between 1 and"):
        session.queue("random_kept", {}, n=0)


@pytest.mark.parametrize("name", ["word_count", "mean_word_length", "ellipsis_to_word_ratio"])
@pytest.mark.parametrize("moved", [{}, WORDS, {**OTHER, **RARE}])
def test_curves_foretell_counts(session: Session, name: str, moved: dict[str, Bound]) -> None:
    """Under bounds on edges, in every measure, whatever else has moved."""
    curve = session.curve(name, moved)
    edges = np.array(curve["edges"])
    assert 2 < len(edges) <= 1025
    assert (np.diff(edges) > 0).all()
    values = session.view.values[name]
    known = values[~np.isnan(values)]
    expected, _ = np.histogram(known.astype(float), np.append(edges[:-1], np.inf))
    assert curve["every"]["documents"] == expected.tolist()
    assert curve["nulls"]["every"]["documents"] == SIZE - known.size
    signal_low = {"word_count": 0, "mean_word_length": 0, "ellipsis_to_word_ratio": 0}[name]
    for edge in edges[1:-1:97].tolist():
        if edge < signal_low:
            continue
        found = session.counts({**moved, name: Bound(name, min=edge)})["measures"]
        for measure in ("documents", "characters", "tokens"):
            rest = np.array(curve["rest"][measure])
            kept = rest[edges[:-1] >= edge].sum() + curve["nulls"]["rest"][measure]
            assert kept == found[measure]["kept"], (edge, measure)
    assert curve["total"]["documents"] == SIZE


def test_the_runs_bounds_lie_on_edges(session: Session) -> None:
    edges = session.curve("word_count", {})["edges"]
    assert 50.0 in edges
    assert max(edges) > session.view.values["word_count"][0]
    low, high = (session.bounds["word_count"].min, session.bounds["word_count"].max)
    assert low == 50
    assert high == 100_000


def test_counts_after_many_moves_are_those_of_the_last(session: Session) -> None:
    """Each state is reached from another one; numbers are those of judging anew."""
    rng = np.random.default_rng(11)
    for _ in range(60):
        moved: dict[str, Bound] = {}
        for known in (WORDS, OTHER, RARE):
            ((name, bound),) = known.items()
            if rng.random() < 0.6:
                scale = float(rng.uniform(0.5, 1.5))
                low, high = (None if e is None else e * scale for e in (bound.min, bound.max))
                moved[name] = Bound(name, low, high)
        masks, kept = state(session, moved)
        found = session.counts(moved)
        assert found["measures"]["documents"]["kept"] == int(kept.sum())
        assert found["measures"]["tokens"]["kept"] == int(
            session.view.weights["tokens"][kept].sum()
        )
        effect = rules.attribution(masks, len(session.view.names))
        for at, name in enumerate(session.view.names):
            assert found["rules"][name]["documents"] == {
                "first": effect.first[at],
                "any": effect.any[at],
                "only": effect.only[at],
            }
        before = session.view.kept
        assert found["flips"] == {
            "lost": int((before & ~kept).sum()),
            "gained": int((kept & ~before).sum()),
        }
