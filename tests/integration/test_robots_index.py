"""robots.txt of an index-guided run: those of its sites, and what they say is what it was."""

from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from audit import status, verify
from audit.runs import Run
from pipeline import config, forecast, planning
from samples import archive, cc_index
from stages.errors import ConfigError
from tests.conftest import SMALL_SETTINGS, Small
from tests.data.extracting import SHORT
from tests.integration.runs import run_here, tasks_run

CRAWL = archive.SNAPSHOT
LANGUAGES = "cc_index.languages=[deu, fin]"


def rows_of(root: Path, subset: str) -> list[dict[str, Any]]:
    paths = sorted(p for p in root.rglob("*.warc.gz") if p.parent.name == subset)
    return [row for p in paths for row in cc_index.rows(p, p.relative_to(root).as_posix())]


@pytest.fixture(scope="module")
def robots(small: Small) -> list[dict[str, Any]]:
    """Rows of the index's subset `robotstxt` of the small snapshot."""
    return rows_of(small.root, "robotstxt")


@pytest.fixture(scope="module")
def pages(small: Small) -> list[dict[str, Any]]:
    return rows_of(small.root, "warc")


def indexed(root: Path, pages: list[dict[str, Any]], robots: list[dict[str, Any]]) -> Path:
    cc_index.write(root, CRAWL, pages, files=2, row_group_rows=20)
    if robots:
        cc_index.write(root, CRAWL, robots, files=2, row_group_rows=20, subset="robotstxt")
    return root / cc_index.FOLDER


def asked(small: Small, index: Path, *settings: str) -> config.Resolved:
    places = (f"cc_index.path={index}", f"cc_index.crawl={CRAWL}", f"base_uri={small.root}")
    fixed = ("source=cc-index", "inputs=[]", *places, SHORT, *SMALL_SETTINGS)
    return config.load("sample", [*fixed, *settings])


@pytest.fixture(scope="module")
def index(
    pages: list[dict[str, Any]],
    robots: list[dict[str, Any]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    return indexed(tmp_path_factory.mktemp("index"), pages, robots)


@pytest.fixture(scope="module")
def guided(small: Small, index: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("guided") / "run"
    ended, _ = run_here(asked(small, index, LANGUAGES), output)
    assert ended.exit_code == 0, ended.problems
    return output


def rights(run: Path) -> dict[str, Any]:
    """What each page's robots.txt was, and what became of the page."""
    found: dict[str, Any] = {}
    for path in sorted((run / "records").glob("*.parquet")):
        for row in pq.read_table(path).to_pylist():
            found[row["doc_id"]] = (row["outcome"], row["reason"], row["rights"])
    return found


def counts(run: Path) -> Counter[str]:
    found: Counter[str] = Counter()
    for row in pq.read_table(run / "statistics" / "counts.parquet").to_pylist():
        found[row["metric"]] += row["count"]
    return found


def rows_with(pages: list[dict[str, Any]], labels: set[str]) -> list[dict[str, Any]]:
    """Rows that the fixture's question selects."""
    return [
        row
        for row in pages
        if row["fetch_status"] == 200
        and row["content_mime_detected"] in ("text/html", "application/xhtml+xml")
        and not row["content_truncated"]
        and labels & set((row["content_languages"] or "").split(","))
    ]


def test_every_page_has_the_rights_that_all_robots_files_give_it(
    small: Small, small_run: Path, index: Path, guided: Path, tmp_path: Path
) -> None:
    whole, few = rights(small_run), rights(guided)
    assert few
    assert all(few[key] == whole[key] for key in few)
    ended, _ = run_here(asked(small, index), tmp_path / "run")
    assert ended.exit_code == 0, ended.problems
    mine = rights(tmp_path / "run")
    assert len(mine) > len(few)
    assert all(mine[key] == whole[key] for key in mine)
    statuses = {r["robots"]["status"] for _, _, r in mine.values() if r and r["robots"]}
    assert "rules" in statuses


def test_only_the_files_of_selected_sites_are_read(
    guided: Path, robots: list[dict[str, Any]]
) -> None:
    found = counts(guided)
    assert found["robots.indexed"] == len(robots)
    assert 0 < found["robots.selected"] < len(robots) / 2
    lengths = sorted(row["warc_record_length"] for row in robots)
    assert found["robots.records_bytes"] < 2 * sum(lengths[-found["robots.selected"] :])
    wrong = [check for check in verify.verify(Run(guided)) if not check["ok"]]
    assert not wrong, wrong
    told = next(s for s in status.status(Run(guided))["steps"] if s["step"] == "prepare")
    assert told["done"] == told["total"]


def test_running_it_again_has_nothing_to_do(guided: Path, small: Small, index: Path) -> None:
    ended, events = run_here(asked(small, index, LANGUAGES), guided)
    assert (ended.exit_code, tasks_run(events)) == (0, {})


def test_a_redirect_to_a_host_outside_the_selection_is_followed(
    guided: Path, robots: list[dict[str, Any]], pages: list[dict[str, Any]]
) -> None:
    hosts = {row["url_host_name"] for row in pages}
    leads = {row["url"]: row["fetch_redirect"] for row in robots if row["fetch_redirect"]}
    outside = [to for to in leads.values() if to.split("/")[2] not in hosts]
    assert outside, "the sample has no redirect to a host without pages"


def test_an_index_that_lies_about_a_robots_file_leaves_it_unknown(
    small: Small,
    pages: list[dict[str, Any]],
    robots: list[dict[str, Any]],
    tmp_path: Path,
) -> None:
    bad = [{**row, "content_digest": "A" * 32} for row in robots]
    bad[0] = {**robots[0], "warc_filename": "../../etc/passwd.warc.gz"}
    bad[1] = {**robots[1], "warc_record_offset": -5}
    run = tmp_path / "run"
    ended, _ = run_here(asked(small, indexed(tmp_path, pages, bad), LANGUAGES), run)
    assert ended.exit_code == 0, ended.problems
    found = counts(run)
    assert found["robots_index.refused"] == found["robots.selected"] + 2
    assert found["robots.files"] == 0
    statuses = {r["robots"]["status"] for _, _, r in rights(run).values() if r and r["robots"]}
    assert statuses == {"unknown"}


@pytest.mark.parametrize(
    ("settings", "with_robots"), [(["cc_index.robots_subset=null"], True), ([], False)]
)
def test_without_the_subset_all_archives_are_read(
    small: Small,
    pages: list[dict[str, Any]],
    robots: list[dict[str, Any]],
    tmp_path: Path,
    settings: list[str],
    with_robots: bool,
) -> None:
    index = indexed(tmp_path, pages, robots if with_robots else [])
    (small.root / "crawl-data" / CRAWL).joinpath("robotstxt.paths.gz").stat()
    made = planning.make_plan(asked(small, index, LANGUAGES, *settings))
    assert made.guide is not None
    assert (len(made.robots), made.guide.robots) == (1, ())


def test_robots_files_that_are_named_are_read_whole(small: Small, index: Path) -> None:
    made = planning.make_plan(asked(small, index, LANGUAGES, "robots=[]"))
    assert made.guide is not None
    assert (made.robots, made.guide.robots) == ((), ())


def test_an_index_that_does_not_say_where_redirects_lead_is_refused(
    small: Small, index: Path, robots: list[dict[str, Any]], tmp_path: Path
) -> None:
    old = indexed(tmp_path, robots, robots)
    for path in old.rglob("subset=robotstxt/*.parquet"):
        table = pq.read_table(path, partitioning=None)
        pq.write_table(table.drop_columns(["fetch_redirect"]), path)
    with pytest.raises(ConfigError, match=r"fetch_redirect.*robots_subset=null"):
        run_here(asked(small, old), tmp_path / "run")
    with pytest.raises(ConfigError, match="robots_subset"):
        forecast.plan(asked(small, old), forecast.Wanted(probe=0))


def test_a_plan_says_what_robots_files_cost(
    small: Small,
    index: Path,
    pages: list[dict[str, Any]],
    robots: list[dict[str, Any]],
    guided: Path,
) -> None:
    wanted = forecast.Wanted(probe=0)
    found = forecast.plan(asked(small, index, LANGUAGES), wanted)["selection"]["robots"]
    assert found["rows"] == len(robots)
    assert found["files"] == 2
    sites = {r["url_host_name"] for r in rows_with(pages, {"deu", "fin"})}
    assert found["sites"] == len(sites)
    assert 0 < found["index_bytes"] < counts(guided)["robots.index_bytes"], "and the footers"
