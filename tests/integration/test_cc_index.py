"""Index-guided runs: the records that an index names, as a run of everything reads them."""

import json
import random
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audit import selected, status, verify
from audit.runs import Run
from benchmarks import bench_index
from pipeline import config, forecast, planning, runner
from samples import archive, cc_index
from stages.errors import ConfigError
from tests.conftest import SMALL_SETTINGS, Small
from tests.data.archives import response
from tests.data.extracting import SHORT
from tests.integration.runs import run_here, tasks_run

CRAWL = archive.SNAPSHOT


@pytest.fixture(scope="module")
def rows(small: Small) -> list[dict[str, Any]]:
    """Rows of an index of the small snapshot."""
    names = [path.relative_to(small.root).as_posix() for path in small.warcs]
    return [
        row
        for path, name in zip(small.warcs, names, strict=True)
        for row in cc_index.rows(path, name)
    ]


@pytest.fixture(scope="module")
def index(rows: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("index")
    cc_index.write(root, CRAWL, rows, files=2, row_group_rows=20)
    return root / cc_index.FOLDER


def asked(small: Small, index: Path | str, *settings: str) -> config.Resolved:
    places = (f"cc_index.path={index}", f"cc_index.crawl={CRAWL}", f"base_uri={small.root}")
    fixed = ("source=cc-index", "inputs=[]", *places, SHORT, *SMALL_SETTINGS)
    return config.load("sample", [*fixed, *settings])


def table(run: Path, name: str) -> dict[str, dict[str, Any]]:
    paths = sorted((run / name).glob("*.parquet"))
    found = pa.concat_tables([pq.read_table(path) for path in paths])
    return {
        row["doc_id"]: row
        for row in found.drop_columns([c for c in ["row"] if c in found.column_names]).to_pylist()
    }


@pytest.fixture(scope="module")
def guided(small: Small, index: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("guided") / "run"
    ended, _ = run_here(asked(small, index, "cc_index.languages=[deu, fin]"), output)
    assert ended.exit_code == 0, ended.problems
    return output


def test_documents_are_those_of_a_run_of_everything(guided: Path, small_run: Path) -> None:
    for name in ("records", "documents", "signals", "signatures"):
        mine, whole = table(guided, name), table(small_run, name)
        assert mine, name
        assert all(mine[key] == whole[key] for key in mine), name
    tags = {row["tag"] for row in table(guided, "documents").values()}
    assert {"deu_Latn", "fin_Latn"} <= tags


def test_one_row_for_each_selected_record_and_the_books_balance(
    guided: Path, rows: list[dict[str, Any]]
) -> None:
    wanted = [
        row
        for row in rows
        if row["fetch_status"] == 200
        and row["content_mime_detected"] in ("text/html", "application/xhtml+xml")
        and not row["content_truncated"]
        and {"deu", "fin"} & set((row["content_languages"] or "").split(","))
    ]
    assert len(table(guided, "records")) == len(wanted)
    found = selected.summary(Run(guided))
    assert found is not None
    assert found["rows"] == len(rows)
    assert found["selected"] == len(wanted)
    assert sum(found["rejected"].values()) == len(rows) - len(wanted)
    assert found["refused"] == {}
    assert status.status(Run(guided))["selection"] == found
    assert "languages deu fin" in selected.sentence(found)
    book = json.loads((guided / "run.json").read_text("utf-8"))
    assert book["config"]["cc_index"]["languages"] == ["deu", "fin"]
    wrong = [check for check in verify.verify(Run(guided)) if not check["ok"]]
    assert not wrong, wrong


def test_running_it_again_has_nothing_to_do(guided: Path, small: Small, index: Path) -> None:
    ended, events = run_here(asked(small, index, "cc_index.languages=[deu, fin]"), guided)
    assert (ended.exit_code, tasks_run(events)) == (0, {})


def test_a_plan_says_exactly_what_a_small_index_selects(
    small: Small, index: Path, guided: Path
) -> None:
    wanted = forecast.Wanted(probe=0)
    found = forecast.plan(asked(small, index, "cc_index.languages=[deu, fin]"), wanted)["selection"]
    records = table(guided, "records").values()
    counts = {
        row["metric"]: row["count"]
        for row in pq.read_table(guided / "statistics" / "counts.parquet")
        .group_by("metric")
        .aggregate([("count", "sum")])
        .rename_columns(["metric", "count"])
        .to_pylist()
    }
    assert found["is_exact"]
    assert found["selected"] == len(records)
    assert found["wanted_bytes"] == sum(row["length"] for row in records)
    assert found["read_bytes"] == counts["ranges.bytes"]
    assert found["warc_files"] == len({row["warc"] for row in records})
    assert found["requests"] == counts["ranges.requests"]
    assert {row["tag"] for row in found["languages"]} == {"deu_Latn", "fin_Latn"}


def damaged(
    rows: Sequence[dict[str, Any]], changes: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Some rows, the first of them with these changes."""
    mine = [
        dict(row)
        for row in rows
        if row["content_mime_detected"] == "text/html"
        and not row["content_truncated"]
        and row["fetch_status"] == 200
    ][: len(changes) + 3]
    for row, change in zip(mine[: len(changes)], changes, strict=True):
        row.update(change)
    return mine


def test_rows_that_lie_are_refused_or_set_aside_and_never_read_as_something_else(
    small: Small, rows: list[dict[str, Any]], small_run: Path, tmp_path: Path
) -> None:
    changes = [
        {"warc_filename": "../../outside.warc.gz"},
        {"warc_record_length": -1},
        {"url": "https://elsewhere.example/"},
        {"content_digest": "A" * 32},
    ]
    mine = damaged(rows, changes)
    cc_index.write(tmp_path, CRAWL, mine, files=1)
    output = tmp_path / "run"
    whole = asked(
        small, tmp_path / cc_index.FOLDER, "limits.max_quarantined_fraction=1", "cc_index.status=[]"
    )
    ended, _ = run_here(whole, output)
    assert ended.exit_code == 0, ended.problems
    found = selected.summary(Run(output))
    assert found is not None
    assert found["refused"] == {"filename": 1, "length": 1}
    assert found["rows"] == found["selected"] + 2 + sum(found["rejected"].values())
    records, before = table(output, "records"), table(small_run, "records")
    aside = [key for key, row in records.items() if row["reason"] == "read.not_promised"]
    assert len(aside) == 2
    assert all(records[key]["url"] == "" and not records[key]["payload_bytes"] for key in aside)
    assert all(records[key] == before[key] for key in records if key not in aside)


def test_one_record_in_a_hundred_takes_less_than_three_hundredths_of_the_bytes(
    tmp_path: Path,
) -> None:
    count, draw = 1500, random.Random(7)  # noqa: S311 - sizes of pages
    path = tmp_path / "a.warc.gz"
    with path.open("wb") as stream:
        for n in range(count):
            words = " ".join(str(draw.random()) for _ in range(draw.randint(20, 800)))
            record = response(n, f"<html><p>{words}".encode())
            for kind in ("request", "response", "metadata"):
                other = archive.record(kind, [], b"GET / HTTP/1.1\r\n\r\n")
                stream.write(archive.member(record if kind == "response" else other, 1))
    every = list(cc_index.rows(path, "warc/a.warc.gz"))
    assert len(every) == count
    with bench_index.served(path) as uri:
        cost = bench_index.guided(uri, bench_index.drawn(every, 0.01))
    assert (cost["records"], cost["not_promised"]) == (count // 100, 0)
    assert cost["wanted_bytes"] <= cost["bytes"] < 0.03 * path.stat().st_size, "sent by the server"
    assert cost["requests"] <= count // 100 + 1


def test_another_question_is_another_run_and_what_lies_outside_is_never_read(
    small: Small, index: Path, guided: Path
) -> None:
    other = asked(small, index, "cc_index.languages=[fin]")
    with pytest.raises(ConfigError, match=r"cc_index\.languages"):
        run_here(other, guided)
    assert (
        planning.make_plan(other).guide
        != planning.make_plan(asked(small, index, "cc_index.languages=[deu]")).guide
    )


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("cc_index.crawl=CC-MAIN-1999-01", "no index files of crawl=CC-MAIN-1999-01"),
        ("cc_index.path=null", r"cc_index\.path"),
        ("cc_index.languages=[sme]", "tlds or domains"),
        ("cc_index.languages=[klingon]", "unknown European language"),
        ("cc_index.match=some", r"cc_index\.match"),
        ("cc_index.tlds=[a b]", r"cc_index\.tlds"),
        ("cc_index.nothing=1", r"cc_index\.nothing"),
        ("inputs=[a.warc.gz]", "source cc-index finds its WARC files"),
        ("cc_index=null", "must be a mapping"),
    ],
)
def test_a_question_that_cannot_be_asked_is_refused_by_its_key(
    small: Small, index: Path, setting: str, said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        planning.make_plan(asked(small, index, setting))


def test_one_copy_of_a_payload_and_a_warning(
    small: Small, rows: list[dict[str, Any]], tmp_path: Path
) -> None:
    cc_index.write(tmp_path, CRAWL, rows, files=2)
    resolved = asked(small, tmp_path / cc_index.FOLDER, "cc_index.one_per_digest=true", "limit=1")
    data = forecast.plan(resolved, forecast.Wanted(probe=0))
    assert any("stand for one that is free" in line for line in forecast.plan_text(data))
    made = runner.Runner(resolved, runner.Options(tmp_path / "run", workers=1))
    made.start()
    found = selected.summary(Run(tmp_path / "run", unfinished=True))
    assert found is not None
    html = [
        row["content_digest"]
        for row in rows
        if row["content_mime_detected"] == "text/html"
        and not row["content_truncated"]
        and row["fetch_status"] == 200
    ]
    assert found["rejected"]["digest"] == len(html) - len(set(html)) > 0


def test_a_file_that_is_cut_is_named_and_the_run_goes_on_once_it_is_mended(
    small: Small, index: Path, tmp_path: Path
) -> None:
    root = tmp_path / cc_index.FOLDER
    shutil.copytree(index, root)
    part = sorted(root.rglob("*.parquet"))[0]
    whole = part.read_bytes()
    part.write_bytes(whole[:-100])
    settings = asked(small, root, "cc_index.languages=[fin]")
    ended, _ = run_here(settings, tmp_path / "run")
    assert ended.exit_code == runner.PARTIAL
    assert any(part.name in problem and "Parquet" in problem for problem in ended.problems)
    part.write_bytes(whole)
    ended, _ = run_here(settings, tmp_path / "run")
    assert ended.exit_code == 0, ended.problems
