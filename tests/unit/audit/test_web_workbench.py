"""The workbench's answers on the small run: A and E are Finnish and kept, B has ten words."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from audit.gates import Pinned
from audit.prune import prune
from audit.runs import Run
from audit.web import server, workbench
from audit.web.bench import Bench, Options
from tests.unit.audit.conftest import A, B, E

TAG = "fin_Latn"
WRITES = {"Origin": "http://127.0.0.1", "X-Weir": "1"}


class Client:
    """A browser's questions to a workbench."""

    def __init__(self, bench: Bench) -> None:
        door = server.new_door()
        app = server.application(workbench.routes(bench, TAG), door, "Workbench")
        self.client = TestClient(app, "http://127.0.0.1", cookies={door.cookie: door.token})

    def get(self, what: str, code: int = 200, **query: str) -> Any:
        found = self.client.get(f"/api/{what}", params={"lang": TAG, **query})
        assert found.status_code == code, found.text
        return found.json()

    def post(self, what: str, code: int = 200, **body: Any) -> Any:
        found = self.client.post(f"/api/{what}", json={"lang": TAG, **body}, headers=WRITES)
        assert found.status_code == code, found.text
        return found.json()

    def opened(self) -> dict[str, Any]:
        for _ in range(600):
            found = self.get("open")
            if found["state"] == "ready":
                return dict(found)
            time.sleep(0.05)
        raise AssertionError("the language never came")


@pytest.fixture
def options(tmp_path: Path) -> Options:
    return Options(
        tmp_path / "labels", tmp_path / "fin_Latn.yaml", annotator="ana",
        decisions=tmp_path / "decisions",
    )  # fmt: skip


@pytest.fixture
def client(folder: Path, options: Options) -> Iterator[Client]:
    bench = Bench(Run(folder), options)
    made = Client(bench)
    made.opened()
    yield made
    bench.close()


def test_what_the_page_is_told(client: Client) -> None:
    found = client.opened()
    assert (found["documents"], found["is_whole"], found["read_only"]) == (3, True, False)
    assert [one["tag"] for one in found["languages"]] == ["eng_Latn", TAG]
    assert found["code"] == "fi-Latn"
    assert len(found["reasons"]) == 8
    assert found["warnings"] == []
    assert "<select" in client.client.get("/").text


def test_moves_are_counted(client: Client) -> None:
    moved = {"t.word_count.min": "10"}
    assert client.get("counts", **moved)["flips"] == {"lost": 0, "gained": 1}
    assert client.get("counts", **{"t.word_count.min": "off"})["flips"]["gained"] == 1
    assert sum(client.get("curve", name="word_count")["every"]["documents"]) == 3
    said = client.get("counts", 400, **{"t.word_cuont.min": "10"})
    assert "did you mean word_count" in said["error"]
    assert (
        "outside the signal's range"
        in client.get("counts", 400, **{"t.word_count.min": "-1"})["error"]
    )


def test_a_page_and_its_verdict_are_two_answers(client: Client) -> None:
    page = client.get("page", doc=B)
    assert set(page) == {
        "doc_id", "title", "url", "code", "parts", "chars", "is_whole", "is_cut", "why_not",
    }  # fmt: skip
    assert page["parts"] == [{"text": "Liian lyhyt.", "gap": 0}]
    assert client.get("verdict", doc=B)["verdict"] == "reject"
    assert client.get("verdict", doc=B, **{"t.word_count.min": "10"})["verdict"] == "keep"
    for item in client.get("queue", kind="random"):
        assert set(item) == {"doc_id", "queue", "inclusion_probability", "frame", "rule"}


def test_the_mixed_queue_says_what_each_document_was_drawn_from(client: Client) -> None:
    found = {one["doc_id"]: one for one in client.get("queue", kind="random", n="40")}
    assert set(found) == {A, B, E}
    assert found[B]["queue"] == "random_dropped"
    assert (found[A]["queue"], found[A]["frame"], found[B]["frame"]) == ("random_kept", 2, 1)


def label(client: Client, doc_id: str, verdict: str, code: int = 200, **more: Any) -> Any:
    given = {"queue": "random_kept", "inclusion_probability": 1.0, "is_blind": True, **more}
    return client.post("label", code, doc_id=doc_id, verdict=verdict, **given)


def test_labels_go_to_the_file_and_out_of_the_queue(client: Client, options: Options) -> None:
    made = label(client, A, "keep", id="0123456789abcdef")
    assert label(client, A, "keep", id="0123456789abcdef") == made  # sent twice, there once
    (line,) = (options.labels / f"{TAG}.jsonl").read_text().splitlines()
    stored = json.loads(line)
    assert (stored["annotator"], stored["is_blind"], stored["doc_id"]) == ("ana", True, A)
    before = stored["config_digest"]
    assert A not in {one["doc_id"] for one in client.get("queue", kind="random")}
    label(client, B, "drop", moved={"word_count.min": "10"})
    last = json.loads((options.labels / f"{TAG}.jsonl").read_text().splitlines()[-1])
    assert last["config_digest"] != before
    quality = client.get("quality")
    assert quality["documents"] == 2
    assert quality["tuning"]["precision"]["value"] is None
    client.post("undo", id=made["id"])
    assert client.get("quality")["documents"] == 1
    assert "no label" in client.post("undo", 400, id="x")["error"]


def test_labels_that_the_bounds_contradict_come_up_again(client: Client) -> None:
    kept, dropped = (
        [one["doc_id"] for one in client.get("queue", kind=kind)]
        for kind in ("random_kept", "random_dropped")
    )
    label(client, kept[0], "drop", queue="random_kept", inclusion_probability=0.5, frame=4)
    label(client, kept[1], "keep", queue="random_kept", inclusion_probability=0.5, frame=4)
    label(client, dropped[0], "keep", queue="margin", rule="word_count")
    found = client.get("queue", kind="disagreement")
    assert [one["doc_id"] for one in found] == sorted([kept[0], dropped[0]])
    by_id = {one["doc_id"]: one for one in found}
    again = by_id[kept[0]]
    assert (again["queue"], again["inclusion_probability"], again["frame"]) == (
        "random_kept",
        0.5,
        4,
    )
    assert by_id[dropped[0]]["rule"] == "word_count"
    label(client, kept[0], "keep", queue="random_kept", inclusion_probability=0.5, frame=4)
    label(client, dropped[0], "drop", queue="margin", rule="word_count")
    assert "no label contradicts" in client.get("queue", 400, kind="disagreement")["error"]


@pytest.mark.parametrize(
    ("more", "where"),
    [
        ({"verdict": "maybe"}, "verdict"),
        ({"doc_id": "0" * 32}, "doc_id"),
        ({"time": "now"}, "time"),
        ({"reasons": 5}, "reasons"),
        ({"reasons": {"adult": 1}}, "reasons"),
        ({"inclusion_probability": "much"}, "inclusion_probability"),
        ({"inclusion_probability": [[]], "reasons": []}, "inclusion_probability"),
        ({"inclusion_probability": {"a": 1}}, "inclusion_probability"),
        ({"inclusion_probability": 10**400}, "inclusion_probability"),
        ({"frame": 10**400}, "frame"),
    ],
)
def test_labels_without_sense_are_refused(
    client: Client, options: Options, more: dict[str, Any], where: str
) -> None:
    given = {"doc_id": A, "verdict": "keep", "queue": "margin", **more}
    assert where in client.post("label", 400, **given)["error"]
    assert (options.labels / f"{TAG}.jsonl").read_text() == ""


def test_saving_and_a_file_that_changed(client: Client, options: Options) -> None:
    moved = {"word_count.min": "10"}
    shown = client.get("proposal", **{"t.word_count.min": "10"})
    assert "+  word_count: {min: 10" in shown["difference"]
    given = {"moved": moved, "token": shown["token"], "author": "ana"}
    assert "rationale" in client.post("save", 400, **given, rationale="short")["error"]
    given["rationale"] = "One short page read: it is fine."
    assert options.pack is not None
    options.pack.write_text("tag: fin_Latn\n")
    assert "changed on disk" in client.post("save", 409, **given)["error"]
    options.pack.unlink()
    made = client.post("save", **given)
    assert options.pack.read_text().startswith("tag: fin_Latn")
    record = json.loads(Path(made["decision"]).read_text())
    assert record["counts"]["documents"] == {
        "total": 3, "passed": 3, "kept": 3, "before_kept": 2,
    }  # fmt: skip
    assert record["labels_digest"] is None
    assert "--reuse" in made["command"]


def test_a_difference_shows_what_is_there(client: Client, options: Options) -> None:
    """A comment of a stranger's pack must not turn its line around before it is saved."""
    assert options.pack is not None
    options.pack.parent.mkdir(parents=True, exist_ok=True)
    text = f"tag: {TAG}\nrules:\n  word_count: {{min: 5}}  # \u202e}}001 :nim\n"
    options.pack.write_text(text)
    shown = client.get("proposal", **{"t.word_count.min": "10"})
    assert "⟨U+202E⟩" in shown["difference"]
    assert "\u202e" not in shown["difference"] + shown["path"]


def test_questions_change_nothing(client: Client, folder: Path, options: Options) -> None:
    """Check 38: what is asked with GET leaves every file as it was."""
    label(client, A, "keep")

    def state() -> dict[str, bytes]:
        files = [path for root in (folder, options.labels) for path in root.rglob("*")]
        return {str(path): path.read_bytes() for path in files if path.is_file()}

    before = state()
    for what in ("open", "counts", "queue", "quality"):
        client.get(what)
    client.get("curve", name="word_count")
    client.get("page", doc=A)
    client.get("verdict", doc=A)
    client.get("shares", name="word_count")
    client.get("proposal", **{"t.word_count.min": "10"})
    assert state() == before


def test_the_share_that_another_language_loses(client: Client) -> None:
    assert client.get("shares", name="word_count") == {"name": "Finnish", "share": 1 / 3}
    assert client.get("shares", name="bogus")["share"] is None


def test_a_language_that_is_not_there(client: Client) -> None:
    assert "weir stats" in client.get("open", 400, lang="zzz_Zzzz")["error"]
    assert "reload" in client.get("counts", 400, lang="eng_Latn")["error"]


def test_pinned_pages_and_those_that_are_not_here(folder: Path, options: Options) -> None:
    pins = (
        Pinned(doc_id=B, outcome="keep", why="a good page"),
        Pinned(url="https://a.example/fin_Latn", outcome="keep", why="another"),
        Pinned(doc_id="f" * 32, outcome="reject", why="of another run"),
    )
    bench = Bench(Run(folder), Options(options.labels, pins=pins))
    client = Client(bench)
    assert "1 pinned pages" in client.opened()["warnings"][0]
    found = client.get("counts", **{"t.word_count.min": "10"})["pinned"]
    assert [(one["doc_id"], one["from"], one["to"]) for one in found] == [
        (B, "reject", "keep"),
        (A, "keep", "keep"),
    ]
    bench.close()


def test_reading_only(folder: Path, options: Options) -> None:
    bench = Bench(Run(folder), Options(options.labels, options.pack, read_only=True))
    client = Client(bench)
    assert client.opened()["read_only"]
    assert "reading only" in label(client, A, "keep", 400)["error"]
    shown = client.get("proposal", **{"t.word_count.min": "10"})
    moved = {"word_count.min": "10"}
    said = client.post(
        "save", 400, moved=moved, token=shown["token"], author="a", rationale="ten letters"
    )
    assert "--read-only" in said["error"]
    assert not options.labels.exists()


def test_a_pruned_run_has_no_texts_and_says_so(folder: Path, options: Options) -> None:
    prune(Run(folder), keep=())
    bench = Bench(Run(folder), options)
    client = Client(bench)
    client.opened()
    assert client.get("counts")["measures"].keys() == {"documents"}
    page = client.get("page", doc=A)
    assert "pruned" in page["why_not"]
    assert page["parts"] == [{"text": "", "gap": 0}]
    bench.close()
