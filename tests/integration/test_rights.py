"""Reservations in whole runs: every channel, stricter policies and newer files by --reuse."""

import shutil
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from audit import runs, timeline, trace, verify, views
from pipeline import config, runner
from tests.data import reserving
from tests.integration.runs import configured, digests, rows, run_here, tasks_run

Found = dict[str, tuple[str, str | None]]


def _configured(archives: tuple[Path, Path], *settings: str) -> config.Resolved:
    return configured([archives[0]], [f"robots=['{archives[1]}']", *settings])


def _fates(run: Path) -> Found:
    """Host -> outcome and reason, decisions before records."""
    decided = {r["doc_id"]: r for r in rows(run, "decisions", "doc_id", "outcome", "reason")}
    found: Found = {}
    for row in rows(run, "records", "doc_id", "url", "outcome", "reason"):
        last = decided.get(row["doc_id"], row)
        host = (urlsplit(str(row["url"])).hostname or "").partition(".")[0]
        found[host] = str(last["outcome"]), last["reason"]  # type: ignore[assignment]
    return found


def _reserved(run: Path) -> dict[str, str]:
    return {
        host: reason
        for host, (_, reason) in _fates(run).items()
        if reason and reason.startswith("rights.")
    }


def _told(run: Path, host: str, views_folder: Path) -> dict[str, tuple[str, str]]:
    """Each step of a host's page in the audit view: its state, and its note."""
    opened = runs.Run(run)
    ledger = views.opened(opened, folder=views_folder).ledger
    (place,) = ledger.find(reserving.url(host))
    steps = timeline.timeline(opened, place, ledger)["steps"]
    return {step["key"]: (step["state"], step["note"]) for step in steps}


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return reserving.write(tmp_path_factory.mktemp("reserving"))


@pytest.fixture(scope="module")
def standard(archives: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("standard") / "run"
    ended, _ = run_here(_configured(archives), run)
    assert ended.exit_code == runner.DONE, ended.problems
    return run


@pytest.fixture(scope="module")
def beside(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Settings that name newer robots.txt, files of sites and a list of domains."""
    folder = tmp_path_factory.mktemp("beside")
    latest = [
        ("later", 200, reserving.NO_TRAINING),
        ("was", 200, ""),
        ("plain", 503, ""),
    ]
    (folder / "optouts.txt").write_text("listed.example\n", encoding="utf-8")
    return [
        reserving.write_latest(folder / "latest.parquet", latest),
        reserving.write_side(folder / "side.parquet"),
        f"rights.optout_domains={folder / 'optouts.txt'}",
    ]


def _again(
    archives: tuple[Path, Path], old: Path, new: Path, *settings: str
) -> tuple[dict[str, int], list[str]]:
    """A run that reuses another; tasks performed, and what it said."""
    ended, events = run_here(_configured(archives, *settings), new, reuse=old)
    assert ended.exit_code == runner.DONE, ended.problems
    return tasks_run(events), [event.message for event in events if event.kind == "error"]


def test_the_gate_heeds_every_channel_of_the_snapshot(standard: Path) -> None:
    assert _reserved(standard) == reserving.AT_GATE
    kept = {host for host, (outcome, _) in _fates(standard).items() if outcome == "keep"}
    assert kept >= set(reserving.HOSTS) - set(reserving.AT_GATE) - {"later"}
    assert len(kept & {"later", reserving.COPY}) == 1, "one of the two copies"
    by_host = {str(r["url"]).split("/")[2]: r["rights"] for r in rows(standard, "records")}
    licence = by_host["licensed.example"]["licence"]  # type: ignore[index]
    assert (licence["code"], licence["version"]) == ("CC-BY-NC", "4.0")
    assert all(check["ok"] for check in verify.verify(runs.Run(standard)))


def test_a_stricter_policy_reads_no_archive_again(
    archives: tuple[Path, Path], standard: Path, tmp_path: Path
) -> None:
    run = tmp_path / "strict"
    performed, said = _again(archives, standard, run, "rights.policy=strict")
    assert set(performed) == {"judge", "resolve", "decide", "publish", "compact"}
    assert said == []
    assert _reserved(run) == reserving.AT_GATE | reserving.STRICT
    assert digests(run, "records", "documents") == digests(standard, "records", "documents")
    corpus = {str(r["url"]): r["rights"] for r in rows(run, "corpus")}
    assert {r["policy"] for r in corpus.values()} == {"strict"}  # type: ignore[index]
    (record,) = trace.trace(runs.Run(run), reserving.url("words"))["records"]
    assert record["reason"] == "rights.natural_language"
    assert record["rights"]["decided_by"] == ["natural_language"]
    told = _told(run, "words", tmp_path / "views")
    assert told["rights"] == ("stopped here", "Strict: robots.txt reserves rights in words.")
    assert (told["extract"][0], told["rules"][0]) == ("passed", "not reached")
    was = _told(standard, "words", tmp_path / "old views")["rights"]
    assert was == ("passed", "Reserved, by a channel that this run does not heed.")
    assert all(check["ok"] for check in verify.verify(runs.Run(run)))
    fresh = tmp_path / "fresh"
    ended, _ = run_here(_configured(archives, "rights.policy=strict"), fresh)
    assert ended.exit_code == runner.DONE, ended.problems
    for folder in ("decisions", "corpus"):
        assert digests(run, folder) == digests(fresh, folder), "as if it had been so from the start"


def test_newer_files_are_judged_before_keepers_are_chosen(
    archives: tuple[Path, Path], standard: Path, beside: list[str], tmp_path: Path
) -> None:
    run = tmp_path / "run"
    performed, said = _again(archives, standard, run, *beside)
    assert performed.pop("prepare") == performed.pop("collate") + 1 == 3, "what was given"
    assert set(performed) == {"judge", "resolve", "decide", "publish", "compact"}
    assert said == []
    fates = _fates(run)
    assert _reserved(run) == reserving.AT_GATE | reserving.BESIDE
    assert fates[reserving.COPY] == ("keep", None), "no longer a copy of a page that is out"
    assert fates["free"] == ("keep", None), "the page's own statement overrides the file's"
    assert fates["plain"] == ("keep", None), "neither 503 nor a soft 404 reserves by itself"
    (record,) = trace.trace(runs.Run(run), reserving.url("later"))["records"]
    assert record["rights"]["robots"]["source"] == "latest"
    assert record["rights"]["robots"]["agent"] == "gptbot"
    kept = {str(r["url"]): r["rights"] for r in rows(run, "corpus")}
    assert kept[reserving.url("plain")]["reserved_by"] == [  # type: ignore[index]
        "robots_unreachable",
        "unreadable",
    ]
    assert all(check["ok"] for check in verify.verify(runs.Run(run)))


@pytest.mark.parametrize(
    ("mode", "gone", "back"),
    [("at_crawl", set(), set()), ("latest", {"later"}, {"was"}), ("union", {"later"}, set())],
)
def test_modes_choose_between_the_two_files(
    archives: tuple[Path, Path],
    standard: Path,
    beside: list[str],
    tmp_path: Path,
    mode: str,
    gone: set[str],
    back: set[str],
) -> None:
    run = tmp_path / "run"
    settings = [beside[0], f"rights.robots_mode={mode}"]
    performed, said = _again(archives, standard, run, *settings)
    assert set(_reserved(run)) == set(reserving.AT_GATE) - back | gone
    is_laxer = mode == "latest"
    assert ("extract" in performed) == is_laxer, "what the gate rejected must be read again"
    assert ["cannot be brought back" in text for text in said] == [True] * is_laxer


def test_what_was_extracted_under_no_policy_serves_every_other(
    archives: tuple[Path, Path], standard: Path, tmp_path: Path
) -> None:
    lax = tmp_path / "lax"
    ended, _ = run_here(_configured(archives, "rights.policy=none"), lax)
    assert ended.exit_code == runner.DONE, ended.problems
    assert _reserved(lax) == {}
    performed, said = _again(archives, lax, tmp_path / "run")
    assert "extract" not in performed
    assert said == []
    assert _reserved(tmp_path / "run") == reserving.AT_GATE
    kept = [{r["url"] for r in rows(run, "corpus", "url")} for run in (standard, tmp_path / "run")]
    assert kept[0] == kept[1]
    resumed, events = run_here(_configured(archives), tmp_path / "run")
    assert (resumed.exit_code, tasks_run(events)) == (runner.DONE, {})


def test_tables_made_again_have_the_same_bytes(
    archives: tuple[Path, Path], standard: Path, tmp_path: Path
) -> None:
    run = shutil.copytree(standard, tmp_path / "run")
    tables = ("site_files", "site_contents", "records", "decisions", "corpus")
    for table in tables[:2]:
        shutil.rmtree(run / table)
    for manifest in (run / "manifests" / "collate").glob("*.json"):
        manifest.unlink()
    ended, events = run_here(_configured(archives), run)
    assert (ended.exit_code, tasks_run(events)) == (runner.DONE, {"collate": 1})
    assert digests(run, *tables) == digests(standard, *tables)
