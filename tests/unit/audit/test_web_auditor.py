"""The audit view over HTTP: every screen, its files, its errors, and what it leaves alone."""

import gzip
import hashlib
import html
import io
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from starlette.testclient import TestClient

from audit import prune, sample, stats, views
from audit.report import write_report
from audit.runs import Run
from audit.web import auditor, server
from audit.web.desk import Desk
from audit.web.server import Door
from stages import schema
from stages.errors import ConfigError
from tests.unit.audit import conftest, many_pages
from tests.unit.audit.conftest import HOSTILE, A, B, C, D

TOKEN = "t" * 43
ORIGIN = "http://127.0.0.1:8000"
WRITES = {"Origin": ORIGIN, "X-Weir": "1"}
SCREENS = [path for path, _ in auditor.SCREENS]
Visits = Callable[..., TestClient]


@pytest.fixture
def visit(tmp_path: Path) -> Visits:
    """Somebody who entered a server on some runs."""

    def make(*folders: Path, allows_raw: bool = False) -> TestClient:
        desk = Desk(folders, tmp_path / "state", allows_raw=allows_raw)
        app = auditor.application(desk, Door(TOKEN))
        client = TestClient(app, base_url=ORIGIN, raise_server_exceptions=False)
        assert client.post("/enter", json={"token": TOKEN}, headers=WRITES).status_code == 200
        return client

    return make


@pytest.fixture
def one(visit: Visits, folder: Path) -> TestClient:
    return visit(folder)


@pytest.fixture
def two(visit: Visits, folder: Path, tmp_path: Path) -> TestClient:
    return visit(folder, Path(shutil.copytree(folder, tmp_path / "other")))


def text_of(page: str) -> str:
    """What a page says, without its tags."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page)).split())


def digests(folder: Path) -> dict[str, str]:
    """Every file of a run but its journal and views."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.relative_to(folder).parts[0] not in ("journal", "views")
    }


@pytest.mark.parametrize("path", SCREENS)
def test_every_screen_is_shown(one: TestClient, two: TestClient, path: str) -> None:
    for client in (one, two):
        answer = client.get(path)
        assert answer.status_code == 200
        assert answer.text.count("<h1") == 1
        assert re.search(rf'href="{path}"[^>]* aria-current="page"', answer.text)
        for name, value in server.HEADERS.items():
            assert answer.headers.get_list(name) == [value]


@pytest.mark.parametrize("path", [*SCREENS, "/numbers.csv", "/numbers.parquet", "/numbers.json"])
def test_nothing_is_shown_without_the_token(folder: Path, tmp_path: Path, path: str) -> None:
    desk = Desk([folder], tmp_path / "state")
    stranger = TestClient(auditor.application(desk, Door(TOKEN)), base_url=ORIGIN)
    answer = stranger.get(path)
    assert answer.status_code == 401
    assert "sample" not in answer.text
    assert stranger.post("/api/original", json={}, headers=WRITES).status_code == 401
    assert stranger.get(path, headers={"Host": "attacker.example"}).status_code == 400


ASKED = [
    "/?q=https://a.example/fin_Latn",
    f"/?q={B}",
    "/?q=*.example",
    "/?q=https://nowhere.example",
    "/search?outcome=keep",
    "/search?language=fin_Latn&text=sivu",
    "/search?language=fin_Latn&signal=word_count&low=1&high=50",
    "/numbers?metric=documents&hides_small=1&from=10",
    "/numbers.csv?step=decide",
    "/numbers.parquet",
    "/numbers.json",
    "/sample?draw=1&n=5&seed=7&language=fin_Latn",
    "/compare",
    "/compare?language=fin_Latn&from=kept&to=kept",
    "/fairness?by=length&rule=word_count&language=fin_Latn",
    "/fairness?by=domain",
    "/personal-data",
]


def test_asking_changes_nothing(two: TestClient, folder: Path) -> None:
    before = digests(folder)
    for path in ASKED:
        assert two.get(path).status_code == 200, path
    assert digests(folder) == before


def test_questions_are_logged_without_their_content(two: TestClient, folder: Path) -> None:
    for path in ASKED:
        two.get(path)
    log = (folder / "journal" / "audit.jsonl").read_text()
    entries = [json.loads(line) for line in log.splitlines()]
    assert {one["what"] for one in entries} == {"trace", "search", "sample", "numbers", "compare"}
    assert ["language", "text"] in [one["fields"] for one in entries]
    for word in ("sivu", "nowhere", "a.example", B, "fin_Latn"):
        assert word not in log
    shown = text_of(two.get("/personal-data").text)
    assert "language, text" in shown


HOSTILE_VALUES = [
    "<script>alert(1)</script>",
    '" onmouseover="alert(1)',
    "{{ 7 * 7 }}",
    "../../../etc/passwd",
    "'; DROP TABLE x; --",
    "\x00\u202e\ud7ff",
    "-1",
    "9" * 400,
    "nan",
    "1e999",
    "x" * 20_000,
    "*.",
    "*",
    "://",
    "https://[::1",
    "%",
    "urn:",
]
NAMES = {
    "/": ["q", "run"],
    "/search": ["host", "domain", "language", "outcome", "reason", "signal", "text", "from", "run"],
    "/numbers": ["step", "metric", "language", "label", "from", "run", "histograms"],
    "/numbers.csv": ["step", "metric", "run"],
    "/sample": ["language", "outcome", "reason", "n", "seed", "run"],
    "/compare": ["run", "other", "language", "from", "to", "seed"],
    "/fairness": ["by", "rule", "language", "run"],
    "/personal-data": ["run"],
}


@pytest.mark.parametrize("path", NAMES)
def test_hostile_values_are_answered_in_words(two: TestClient, path: str) -> None:
    for name in NAMES[path]:
        for value in HOSTILE_VALUES:
            more = {"draw": "1"} if path == "/sample" else {}
            if path == "/search" and name in ("signal", "text"):
                more = {"language": "fin_Latn"}
            answer = two.get(path, params={name: value, **more})
            assert answer.status_code in (200, 400), (name, value[:40], answer.status_code)
            assert "<script>alert" not in answer.text
            assert 'onmouseover="' not in answer.text
            assert " 49 " not in text_of(answer.text)
            typed = re.sub(r'value="[^"]*"', "", answer.text)  # a form gives back what was typed
            assert "\u202e" not in typed, (name, path)


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("/?run=2", "is none of 0 to 1"),
        ("/search?language=mlt_Latn", "no page of this run is in"),
        ("/search?language=fin_Latn&signal=word_count&low=x", "is no number"),
        ("/search?text=x", "is of one language: name it"),
        ("/sample?draw=1&reason=rule.word_cuont", "did you mean"),
        ("/sample?draw=1&n=501", "is no whole number from 0 to 500"),
        ("/sample?draw=1&n=0", "is not between 1 and"),
        ("/compare?language=mlt_Latn", "see what there is with"),
        ("/compare?from=nothing&to=kept", "what became of no record"),
        ("/fairness?rule=nothing", "is no rule of this run"),
        ("/fairness?by=shoe", "is none of"),
    ],
)
def test_mistakes_are_named(two: TestClient, path: str, problem: str) -> None:
    answer = two.get(path)
    assert answer.status_code == 400
    assert problem in text_of(answer.text)


# Trace


def test_languages_that_lost_every_page_are_none_that_keep_some(
    visit: Visits, tmp_path: Path
) -> None:
    """The report counts languages of kept pages, and so does the first screen."""
    kept, rejected = many_pages.pages(1, 2, 4)
    assert not kept["failed"]
    run = Run(conftest.built(tmp_path / "lost", conftest.relaxed(), [[rejected]]))
    tags = {tag for tag, one in stats.stats(run)["languages"].items() if one["kept"]}
    assert rejected["tag"] not in tags
    assert rejected["tag"] in views.opened(run).tags
    shown = text_of(visit(run.path).get("/").text)
    assert f"in {len(tags)} languages" in shown
    assert f", in {len(tags)} languages" in text_of(write_report(run).read_text("utf-8"))


def test_a_kept_page_is_traced_to_its_file(one: TestClient) -> None:
    shown = text_of(one.get("/?q=https://a.example/fin_Latn").text)
    assert "Kept passed every gate and rule" in shown
    assert "00000.warc.gz" in shown
    assert "corpus/fin_Latn/fin_Latn-00000.parquet" in shown
    assert "EMAIL 1 replaced" in shown
    assert f"Record {A}" in shown


def test_a_rejected_page_names_its_rule(one: TestClient) -> None:
    shown = text_of(one.get(f"/?q={B}").text)
    assert "Rejected" in shown
    assert "word count 10 at least 50, at most 100,000 words failed first" in shown
    assert "Corpus not reached" in shown


def test_a_duplicate_leads_to_its_keeper(one: TestClient) -> None:
    page = one.get(f"/?q={D}").text
    keeper = re.search(rf'<a href="(/\?q={C}[^"]*)">', page)
    assert keeper
    assert "Kept" in text_of(one.get(html.unescape(keeper[1])).text)


def test_evidence_names_the_run_and_the_command(one: TestClient, folder: Path) -> None:
    shown = text_of(one.get(f"/?q={A}").text)
    assert Run(folder).digest in shown
    assert f"weir trace {folder} {A}" in shown


def test_what_was_not_seen_says_where_and_how_it_was_looked_for(two: TestClient) -> None:
    shown = text_of(two.get("/?q=https://nowhere.example/x").text)
    assert "Not seen No record of these runs has any of these forms" in shown
    assert "http://www.nowhere.example/x/ 0 0" in shown
    assert shown.count("CC-TEST-01") >= 2


def test_a_domain_lists_its_records(one: TestClient) -> None:
    page = one.get("/?q=*.example").text
    assert "11 records" in text_of(page)
    assert page.count("https://") >= 7


def test_a_domain_of_a_very_large_run_lists_fewer(
    one: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("audit.web.auditor.MAX_RECORDS", 5)
    monkeypatch.setattr("audit.web.desk.MAX_RECORDS", 5)
    monkeypatch.setattr("audit.web.auditor.FEW_LISTED", 3)
    page = one.get("/?q=*.example").text
    assert "11 records" in text_of(page)
    assert page.count('<th scope="row">') == 3
    refused = one.get("/search?outcome=keep")
    assert refused.status_code == 400
    assert "trace an address instead" in text_of(refused.text)


def test_hostile_text_is_shown_and_does_nothing(one: TestClient) -> None:
    for path in (f"/?q={C}", "/sample?draw=1&n=20", "/search?language=eng_Latn&text=alert"):
        page = one.get(path).text
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
        assert "<script>alert" not in page
        assert "␛[31mred" in page
        acting = {chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x1B, 7)}
        assert acting & set(HOSTILE)
        assert not acting & set(page)


# Sample, numbers


def test_a_sample_is_that_of_the_command(one: TestClient, folder: Path) -> None:
    shown = text_of(one.get("/sample?draw=1&n=3&seed=42&language=fin_Latn&outcome=keep").text)
    drawn = sample.sample(Run(folder), "fin_Latn", "keep", None, 3, 42)
    assert drawn["sha256"] in shown
    assert drawn["command"] in shown
    for page in drawn["documents"]:
        assert page["doc_id"] in shown


def test_files_hold_what_the_page_sums(one: TestClient, folder: Path) -> None:
    query = "?metric=documents.&language=fin_Latn&hides_small="
    page = text_of(one.get(f"/numbers{query}").text)
    csv = one.get(f"/numbers.csv{query}")
    assert csv.headers["content-disposition"].startswith('attachment; filename="weir-numbers-')
    table = pq.read_table(io.BytesIO(one.get(f"/numbers.parquet{query}").content))
    assert table.schema.remove_metadata().equals(schema.COUNTS.schema)
    lines = [line.split(",") for line in csv.text.splitlines()[1:]]
    rows = one.get(f"/numbers.json{query}").json()["rows"]
    assert len(lines) == len(rows) == table.num_rows > 5
    for metric in sorted({row[1] for row in rows}):
        total = sum(row[-1] for row in rows if row[1] == metric)
        count = sum(row[1] == metric for row in rows)
        assert total == sum(int(line[-1]) for line in lines if line[-3] == metric)
        assert re.search(rf"{re.escape(metric)} .*? {count:,} {total:,}", page)
    assert Run(folder).digest == one.get(f"/numbers.json{query}").json()["run"]["digest"]


def test_small_counts_are_in_no_file(one: TestClient) -> None:
    rows = one.get("/numbers.json?hides_small=1").json()["rows"]
    assert all(row[-1] >= 10 or row[-1] == 0 for row in rows)
    assert "left out" in text_of(one.get("/numbers?hides_small=1").text)


# Compare


def test_one_run_says_how_to_compare(one: TestClient, folder: Path) -> None:
    assert f"weir audit {folder} RUN_B" in text_of(one.get("/compare").text)


def test_a_changed_decision_is_in_its_cell(
    visit: Visits, folder: Path, tmp_path: Path, rewrite: Callable[..., None]
) -> None:
    other = Path(shutil.copytree(folder, tmp_path / "other"))

    def reject(rows: list[dict[str, Any]]) -> None:
        for row in rows:
            if row["doc_id"] == A:
                row.update(outcome="reject", reason="rule.sentence_count")

    rewrite(other, Run(other).shards[0].decisions.path, reject)
    client = visit(folder, other)
    page = client.get("/compare").text
    assert "1 page lost, 0 gained" in text_of(page)
    address = re.search(r'href="(/compare\?[^"]*from=kept[^"]*)"', page)
    assert address
    shown = client.get(html.unescape(address[1]).partition("#")[0]).text
    assert "Were kept, are rule.sentence_count" in text_of(shown)
    assert A in shown
    assert B not in shown.partition('id="pages"')[2]


def test_runs_over_other_archives_say_so(
    visit: Visits, folder: Path, tmp_path: Path, rewrite: Callable[..., None]
) -> None:
    """Two snapshots share no place in an archive, so no doc_id."""
    other = Path(shutil.copytree(folder, tmp_path / "other"))

    def rename(rows: list[dict[str, Any]]) -> None:
        for row in rows:
            row["doc_id"] = row["doc_id"][::-1]

    for shard in Run(other).shards:
        for output in (shard.records, shard.decisions):
            rewrite(other, output.path, rename)
    shown = text_of(visit(folder, other).get("/compare").text)
    assert "No record is in both runs" in shown
    assert "0 records in both runs, 11 only before, 11 only after" in shown


# Fairness


@pytest.mark.parametrize(
    "query", ["", "?by=length", "?by=length&rule=word_count", "?rule=word_count"]
)
def test_marks_lie_where_the_axis_says(one: TestClient, query: str) -> None:
    page = one.get(f"/fairness{query}").text
    ticks = [int(tick) for tick in re.findall(r"<span>(\d+)%</span>", page)]
    width = ticks[-1] - ticks[0]
    rows = re.findall(
        r'"range" d="M([\d.]+) 8H([\d.]+)".*?"dot" d="M([\d.]+) 8h0".*?'
        r'num">([\d.]+)%<.*?num">([\d.]+) to ([\d.]+)<',
        page,
        re.DOTALL,
    )
    assert len(rows) == 2
    for low, high, dot, share, said_low, said_high in rows:
        for place, said in ((low, said_low), (high, said_high), (dot, share)):
            assert float(place) == pytest.approx(1000 * (float(said) - ticks[0]) / width, abs=1.2)


# Personal data


def asked(client: TestClient, **given: Any) -> Any:
    return client.post("/api/original", json=given, headers=WRITES)


WHY = "asked by the data protection officer"


def test_originals_are_refused_without_the_flag(one: TestClient, folder: Path) -> None:
    answer = asked(one, doc_id=A, why=WHY)
    assert answer.status_code == 403
    assert "--allow-raw" in answer.json()["error"]
    assert "<form data-original" not in one.get(f"/?q={A}").text
    assert "original" not in (folder / "journal" / "audit.jsonl").read_text()


@pytest.fixture
def archived(folder: Path, tmp_path: Path, rewrite_book: Callable[..., None]) -> Path:
    """The run with a readable archive in which A's record is."""
    record = b"WARC/1.0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n<p>ann@private.example</p>"
    stored = gzip.compress(record).ljust(900, b"\0")
    (tmp_path / "w.gz").write_bytes(b"\0" * 3000 + stored)
    inputs = [{"name": "00000.warc.gz", "uri": str(tmp_path / "w.gz"), "identity": "1"}]
    rewrite_book(folder, inputs=inputs)
    return folder


def test_an_original_is_shown_with_a_reason_and_logged(visit: Visits, archived: Path) -> None:
    client = visit(archived, allows_raw=True)
    assert "ann@private" not in client.get(f"/?q={A}").text
    assert asked(client, doc_id=A, why="because").status_code == 400
    assert asked(client, doc_id="0" * 32, why=WHY).status_code == 400
    assert asked(client, doc_id="../x", why=WHY).status_code == 400
    log = archived / "journal" / "audit.jsonl"
    assert '"original"' not in log.read_text()
    answer = asked(client, doc_id=A, why=WHY)
    assert "ann@private.example" in answer.json()["text"]
    entry = json.loads(log.read_text().splitlines()[-1])
    assert (entry["what"], entry["doc_id"], entry["why"]) == ("original", A, WHY)
    assert "ann@private" not in log.read_text()
    assert WHY in text_of(client.get("/personal-data").text)


def test_an_archive_that_is_gone_is_named(visit: Visits, folder: Path) -> None:
    answer = asked(visit(folder, allows_raw=True), doc_id=A, why=WHY)
    assert answer.status_code == 409
    assert "no such file" in answer.json()["error"]


def test_originals_need_our_own_page(visit: Visits, archived: Path) -> None:
    client = visit(archived, allows_raw=True)
    body = {"doc_id": A, "why": WHY}
    foreign = client.post(
        "/api/original", json=body, headers={"Origin": "https://attacker.example"}
    )
    assert foreign.status_code == 403
    assert client.get("/api/original", params=body).status_code == 405


# Runs that are not as they should be


def test_a_run_under_way_is_not_opened(
    visit: Visits, folder: Path, rewrite_book: Callable[..., None]
) -> None:
    rewrite_book(folder, finished_at=None)
    with pytest.raises(ConfigError, match="is not finished"):
        visit(folder)


def test_a_pruned_run_says_what_it_lacks(visit: Visits, folder: Path) -> None:
    prune.prune(Run(folder), ())
    client = visit(folder)
    for path in [*SCREENS, f"/?q={A}", "/fairness?by=length", "/sample?draw=1"]:
        answer = client.get(path)
        assert answer.status_code == 200, path
        assert "files of this run were pruned" in text_of(answer.text)
    assert "need the documents of the run" in text_of(client.get("/fairness?by=length").text)
    assert "The text was pruned" in text_of(client.get("/sample?draw=1").text)


def test_books_that_do_not_balance_are_said_on_every_page(
    visit: Visits, folder: Path, rewrite: Callable[..., None]
) -> None:
    def lose(rows: list[dict[str, Any]]) -> None:
        row = next(row for row in rows if row["metric"] == "documents.kept")
        row["count"] += 1

    rewrite(folder, "statistics/counts.parquet", lose, signed=False)
    client = visit(folder)
    for path in SCREENS:
        assert "The books do not balance" in text_of(client.get(path).text)


def test_an_older_schema_is_named(
    visit: Visits, folder: Path, rewrite_book: Callable[..., None]
) -> None:
    rewrite_book(folder, lambda book: book["config"].update(of_an_older_version=1))
    answer = visit(folder).get(f"/?q={A}")
    assert answer.status_code == 409
    assert "of_an_older_version" in text_of(answer.text)


def test_missing_statistics_are_named(visit: Visits, folder: Path) -> None:
    (folder / "statistics" / "counts.parquet").unlink()
    answer = visit(folder).get("/numbers")
    assert answer.status_code == 409
    assert "run the same command again to write it" in text_of(answer.text)


def test_where_nothing_can_be_written_views_and_log_lie_elsewhere(
    visit: Visits, folder: Path, tmp_path: Path
) -> None:
    (folder / "views").write_text("not a folder")
    (folder / "journal" / "audit.jsonl").mkdir()
    client = visit(folder)
    page = text_of(client.get(f"/?q={A}").text)
    assert "nothing can be written there" in page
    assert str(tmp_path / "state") in page
    assert client.get("/search?outcome=keep").status_code == 200
    assert list((tmp_path / "state").iterdir())
