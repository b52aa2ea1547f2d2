"""The workbench's engine on the small run: A and E are Finnish and kept, B has ten words."""

import dataclasses
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from audit import language_view, views
from audit.prune import prune
from audit.runs import Run
from audit.tune import Trial, tune
from audit.tuning import Session
from filters.rules import Bound
from stages.errors import ConfigError, IntegrityError
from tests.unit.audit.conftest import A, B, C, D, E, F, G

LOWER = {"word_count": Bound("word_count", 10, 100_000)}
HIGHER = {"word_count": Bound("word_count", 101, 100_000)}


@pytest.fixture
def session(run: Run, tmp_path: Path) -> Session:
    return Session(run, views.opened(run, folder=tmp_path / "views"), "fin_Latn")


def opened(path: Path, tag: str = "fin_Latn", **more: Any) -> Session:
    run = Run(path)
    return Session(run, views.opened(run), tag, **more)


def test_counts_are_those_of_the_terminal(run: Run, session: Session) -> None:
    for moved, setting in ((LOWER, "word_count.min=10"), (HIGHER, "word_count.min=101"), ({}, "")):
        found = session.counts(moved)
        trial = Trial("fin_Latn", (setting,) if setting else ())
        said = tune(run, trial)
        for measure, sides in said["measures"].items():
            assert found["measures"][measure] == {
                "total": sides["total"],
                "passed": sides["after"]["passed"],
                "kept": sides["after"]["kept"],
                "before_kept": sides["before"]["kept"],
            }
        for effect in said["rules"]:
            assert found["rules"][effect["rule"]] == effect["after"]
        assert found["flips"] == {side: said["flips"][side] for side in ("lost", "gained")}
        assert found["assumption"] == said["assumption"]
        json.dumps(found)
    assert session.counts({})["flips"] == {"lost": 0, "gained": 0}
    assert (found["is_exact"], found["interval"]) == (True, None)


def test_rules_and_why_one_cannot_be_tried(session: Session) -> None:
    by_name = {rule["name"]: rule for rule in session.rules}
    words = by_name["word_count"]
    assert (words["min"], words["max"], words["what_if"]) == (50, 100_000, True)
    assert words["counts"] == {"first": 1, "any": 1, "only": 1}
    assert words["low"] == 0
    assert words["high"] is None
    assert len(words["source"]) >= 10
    unmeasured = [rule for rule in session.rules if not rule["what_if"]]
    assert unmeasured
    name = unmeasured[0]["name"]
    assert "null in all 3 documents" in unmeasured[0]["why_not"]
    with pytest.raises(ConfigError, match="null in all 3 documents"):
        session.counts({name: Bound(name, 0.5)})
    json.dumps(session.rules)


@pytest.mark.parametrize(
    ("moved", "message"),
    [
        ({"word_cuont": Bound("word_cuont", 3)}, "did you mean word_count"),
        ({"word_count": Bound("word_count", -1)}, "outside the signal's range"),
        ({"word_count": Bound("word_count", 3, 2)}, "min 3 is above max 2"),
    ],
)
def test_bounds_without_sense(session: Session, moved: dict[str, Bound], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        session.counts(moved)


def test_a_curve_foretells_every_count(session: Session) -> None:
    found = session.curve("word_count", {})
    edges = np.array(found["edges"])
    assert (np.diff(edges) > 0).all()
    assert sum(found["every"]["documents"]) == 3
    for bound in (10, 50, 100):
        kept = sum(np.array(found["rest"]["documents"])[edges[:-1] >= bound])
        moved = {"word_count": Bound("word_count", bound, 100_000)}
        assert (
            kept + found["nulls"]["rest"]["documents"]
            == (session.counts(moved)["measures"]["documents"]["kept"])
        )
    json.dumps(found)


def test_queues(run: Run, session: Session) -> None:
    def ids(kind: str, moved: dict[str, Bound] | None = None, **more: Any) -> list[str]:
        return [one["doc_id"] for one in session.queue(kind, moved or {}, **more)]

    assert ids("margin", name="word_count") in ([B, A, E], [B, E, A]), "40 away, then 50"
    assert ids("margin", name="word_count", n=1) == [B]
    assert ids("margin", name="word_count", skip=[B]) in ([A, E], [E, A])
    assert ids("only", name="word_count") == [B]
    assert sorted(ids("random_kept")) == sorted([A, E])
    assert ids("random_dropped") == [B]
    assert ids("flips") == []
    assert ids("flips", LOWER) == [B]
    assert sorted(ids("flips", HIGHER)) == sorted([A, E])
    assert ids("search", text="TOINEN sivu") == [E]
    assert ids("host", host="nowhere.example") == []
    (one,) = session.queue("only", {}, "word_count")
    assert (one["value"], one["distance"], one["outcome"]) == (10, 40, "reject")
    half = session.queue("random_kept", {}, n=1)
    assert half[0]["inclusion_probability"] == 0.5
    rest = session.queue("random_kept", {}, n=1, skip=[half[0]["doc_id"]])
    assert rest[0]["inclusion_probability"] == 1
    assert rest[0]["doc_id"] != half[0]["doc_id"]
    with pytest.raises(
        ConfigError,
        match="no label contradicts the bounds, and no document in fin_Latn has a quality_score",
    ):
        session.queue("disagreement", {})
    for kind, message in (("nearest", "unknown kind"), ("margin", "needs the name of a rule")):
        with pytest.raises(ConfigError, match=message):
            session.queue(kind, {})


def test_removed_documents_stay_removed(run: Run, tmp_path: Path) -> None:
    session = Session(run, views.opened(run, folder=tmp_path / "views"), "eng_Latn")
    higher = session.counts(HIGHER)
    assert higher["measures"]["documents"] == {
        "total": 4,
        "passed": 1,
        "kept": 1,
        "before_kept": 2,
    }
    shown = [one["doc_id"] for one in session.queue("margin", {}, "word_count")]
    assert sorted(shown) == sorted([C, G])
    assert session.page(D, {})["verdict"] == "reject"
    assert not {D, F} & {one["doc_id"] for one in session.queue("random_dropped", HIGHER)}


def test_a_page(session: Session) -> None:
    found = session.page(B, {})
    assert (found["outcome"], found["verdict"], found["failed"]) == (
        "reject",
        "reject",
        ["word_count"],
    )
    assert found["text"] == "Liian lyhyt."
    assert found["language"] == "fin"
    moved = session.page(B, LOWER)
    assert (moved["outcome"], moved["verdict"], moved["failed"]) == ("reject", "keep", [])
    (words,) = [one for one in moved["signals"] if one["name"] == "word_count"]
    assert (words["value"], words["min"], words["max"]) == (10, 10, 100_000)
    json.dumps(found)
    with pytest.raises(ConfigError, match="no document"):
        session.page(C, {})


def test_hostile_text_is_made_visible(run: Run, tmp_path: Path) -> None:
    session = Session(run, views.opened(run, folder=tmp_path / "views"), "eng_Latn")
    found = session.page(C, {})
    shown = found["text"] + found["title"]
    assert not {"\u202e", "\x1b", "\x9b", "\r"} & set(shown)
    assert "⟨U+202E⟩" in shown


def test_pinned_documents_flip_by_name(folder: Path) -> None:
    pinned = [
        {"doc_id": A, "wanted": "keep", "why": "a good page"},
        {"doc_id": B, "wanted": "reject", "why": "too short"},
        {"doc_id": C, "wanted": "keep", "why": "of another language"},
    ]
    session = opened(folder, pinned=pinned)
    assert session.unknown == (C,)
    good, bad = session.counts(HIGHER)["pinned"]
    assert (good["doc_id"], good["why"], good["from"], good["to"]) == (
        A,
        "a good page",
        "keep",
        "reject",
    )
    assert (bad["from"], bad["to"], bad["wanted"]) == ("reject", "reject", "reject")
    assert session.counts(LOWER)["pinned"][1]["to"] == "keep"


def test_a_pruned_run_counts_documents_and_has_no_text(folder: Path) -> None:
    prune(Run(folder), ())
    session = opened(folder)
    assert list(session.counts(LOWER)["measures"]) == ["documents"]
    page = session.page(B, {})
    assert page["text"] is None
    assert "pruned" in page["text_why_not"]
    with pytest.raises(ConfigError, match="pruned"):
        session.queue("search", {}, text="sivu")


def test_decisions_that_do_not_follow_from_the_rules(
    folder: Path, rewrite: Callable[..., None]
) -> None:
    rewrite(folder, "signals/00001.parquet", lambda rows: rows[1].update(word_count=1.0))
    with pytest.raises(IntegrityError, match=r"do not follow.*weir verify"):
        opened(folder)


def test_a_run_without_signals_says_what_to_do(folder: Path) -> None:
    (folder / "signals" / "00000.parquet").unlink()
    with pytest.raises(IntegrityError, match=r"is missing; without its signals.*weir run CONFIG"):
        opened(folder)


def test_a_run_of_an_older_schema_says_what_to_do(folder: Path) -> None:
    path = folder / "signals" / "00000.parquet"
    table = pq.read_table(path, partitioning=None).drop_columns(["word_count"])
    pq.write_table(table, path)
    with pytest.raises(IntegrityError, match=r"schema lacks word_count; .*weir run CONFIG"):
        opened(folder)


def test_a_language_without_documents(run: Run, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no document in mlt_Latn"):
        Session(run, views.opened(run, folder=tmp_path / "views"), "mlt_Latn")


def test_a_sample_says_how_sure_it_is(run: Run, tmp_path: Path) -> None:
    """Two of three documents are held: those of the smallest doc_ids."""
    made = views.opened(run, folder=tmp_path / "views")
    path = tmp_path / "views" / "languages" / "fin_Latn.arrow"
    language_view.write(run, "fin_Latn", path, made.stamp, limit=2)
    session = Session(run, made, "fin_Latn", [{"doc_id": max(A, B, E)}])
    assert (session.documents, session.total, session.is_whole) == (2, 3, False)
    assert session.view.doc_ids([0, 1]) == sorted([A, B, E])[:2]
    found = session.counts({})
    rate = found["measures"]["documents"]["kept"] / 2
    assert found["interval"] == pytest.approx(
        100 * 1.959964 * (rate * (1 - rate) / 2 * (1 - 2 / 3)) ** 0.5
    )
    assert [one["doc_id"] for one in found["pinned"]] == [max(A, B, E)]
    assert session.page(max(A, B, E), {})["doc_id"] == max(A, B, E)


def test_many_at_a_time(session: Session) -> None:
    wrong: list[Any] = []

    def ask(moved: dict[str, Bound], kept: int) -> None:
        for _ in range(50):
            found = session.counts(moved)["measures"]["documents"]["kept"]
            if found != kept:
                wrong.append((moved, found))

    cases = [({}, 2), (LOWER, 3), (HIGHER, 0)]
    threads = [threading.Thread(target=ask, args=case) for case in cases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_stale_view_is_made_again(folder: Path) -> None:
    made = opened(folder)
    stamp = made.views.stamp
    path = folder / "views" / "languages" / "fin_Latn.arrow"
    before = path.stat().st_mtime_ns
    assert opened(folder).view.documents == 3
    assert path.stat().st_mtime_ns == before, "nothing changed, so nothing is made"
    prune(Run(folder), ())
    again = opened(folder)
    assert again.views.stamp != stamp
    assert again.view.weights == {}


def test_views_are_frozen(session: Session) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        session.view.total = 4  # type: ignore[misc]
    with pytest.raises(ValueError, match="read-only"):
        session.view.masks[0] = 1
