"""Records by what is true of them."""

from pathlib import Path

import numpy as np
import pytest

from audit import fates, search, views
from audit.fates import Fates
from audit.runs import Run
from audit.search import Question
from audit.views import Views
from stages.errors import ConfigError
from tests.unit.audit.conftest import A, B, C, D, E, F, G

Desk = tuple[Run, Views, Fates]


@pytest.fixture(scope="module")
def desk(pristine: Path, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    run = Run(pristine)
    return run, views.opened(run, folder=tmp_path_factory.mktemp("views")), fates.read(run)


def found(desk: Desk, **question: object) -> set[str]:
    answer = search.search(*desk, Question(**question))  # type: ignore[arg-type]
    return set(desk[2].doc_ids(answer.rows))


def test_by_fate(desk: Desk) -> None:
    assert found(desk, outcome="keep") == {A, C, E, G}
    assert found(desk, reason="rule.word_count") == {B}
    assert found(desk, reason="dedup") == {D, F}
    assert found(desk, reason="rule", outcome="keep") == set()
    assert len(found(desk, outcome="quarantine")) == 1
    assert found(desk, language="fin_Latn") == {A, B, E}
    assert found(desk, language="fin_Latn", outcome="reject") == {B}


def test_by_host_and_domain(desk: Desk) -> None:
    assert found(desk, host="a.example") == {A}
    assert found(desk, host="*.example", outcome="keep") == {A, C, E, G}
    assert found(desk, domain="example", language="fin_Latn") == {A, B, E}
    assert found(desk, domain=".example", outcome="keep") == {A, C, E, G}
    assert found(desk, host="nowhere.example") == set()
    assert found(desk, host="a.example", domain="org") == set()


def test_by_a_signal(desk: Desk) -> None:
    run, made, _ = desk
    view = made.language("fin_Latn")
    values = dict(
        zip(
            view.doc_ids(np.arange(view.documents)), view.values["word_count"].tolist(), strict=True
        )
    )
    assert values[B] == min(values.values()) < max(values.values())
    asked = {"language": "fin_Latn", "signal": "word_count"}
    assert found(desk, **asked, high=values[B]) == {B}
    assert found(desk, **asked, low=values[B] + 0.5) == {
        doc_id for doc_id, value in values.items() if value > values[B]
    }
    assert found(desk, **asked) == {A, B, E}
    assert run.rules[0] == "word_count"


def test_by_words_of_the_text(desk: Desk) -> None:
    answer = search.search(*desk, Question(language="fin_Latn", text="HYVÄÄ"))
    assert desk[2].doc_ids(answer.rows) == [A]
    assert "Hyvää päivää <EMAIL>" in next(iter(answer.snippets.values()))
    assert answer.note == ("Looked into 3 texts of 3 records, those of 2 of 2 archive files.")
    hostile = search.search(*desk, Question(language="eng_Latn", text="desrever"))
    shown = search.described(desk[0], desk[2], hostile.rows.tolist(), hostile.snippets)
    assert "⟨U+202E⟩" in shown[0]["snippet"]
    assert "\u202e" not in shown[0]["snippet"]


@pytest.mark.parametrize(
    ("question", "problem"),
    [
        ({"language": "mlt_Latn"}, "no page of this run is in"),
        ({"outcome": "lost"}, "is none of"),
        ({"reason": "rule.nothing"}, "no record of this run has the reason"),
        ({"language": "fin_Latn", "signal": "nothing"}, "there is no signal"),
        ({"signal": "word_count"}, "is of one language: name it"),
        ({"text": "a"}, "is of one language: name it"),
        ({"language": "fin_Latn", "text": "a" * 201}, "more than 200 characters"),
    ],
)
def test_what_cannot_be_asked(desk: Desk, question: dict[str, str], problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        search.search(*desk, Question(**question))  # type: ignore[arg-type]


def test_files_are_looked_into_until_there_are_enough(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "MAX_TEXTS", 1)
    answer = search.search(*desk, Question(language="fin_Latn", text="i"))
    assert answer.note.startswith("Looked into 1 texts of 3 records, those of 1 of 2 archive files")
    assert answer.rows.size == 1


def test_rows_are_described_in_their_order(desk: Desk) -> None:
    run, _, known = desk
    rows = [*range(len(known))][::-1]
    shown = search.described(run, known, rows, {})
    assert [row["doc_id"] for row in shown] == known.doc_ids(np.array(rows))
    by_id = {row["doc_id"]: row for row in shown}
    assert by_id[A]["fate"] == "kept"
    assert by_id[A]["url"] == "https://a.example/fin_Latn"
    assert by_id[D]["outcome"] == "reject"


def test_texts_that_were_pruned_are_said_to_be(folder: Path, tmp_path: Path) -> None:
    for path in (folder / "documents").iterdir():
        path.unlink()
    run = Run(folder)
    answer = search.search(
        run,
        views.opened(run, folder=tmp_path / "views"),
        fates.read(run),
        Question(language="fin_Latn", text="a"),
    )
    assert answer.note == (
        "Looked into 0 texts of 3 records, those of 2 of 2 archive files. "
        "The texts of 3 were pruned."
    )
