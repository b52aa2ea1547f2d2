"""Lists of sites in whole runs: what they reject, what they repeat, and that a run verifies."""

from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from audit import runs, verify
from pipeline import runner
from stages.errors import ConfigError
from tests.conftest import Small
from tests.integration.runs import BEFORE_RULES, configured, rows, run_here, tasks_run


def _hosts(run: Path) -> dict[str, list[str]]:
    """Hosts of kept documents by tag, the most frequent first."""
    decided = {r["doc_id"]: r["outcome"] for r in rows(run, "decisions")}
    counted: dict[str, Counter[str]] = {}
    for row in rows(run, "documents", "doc_id", "url", "tag"):
        if decided[row["doc_id"]] == "keep":
            host = urlsplit(str(row["url"])).hostname or ""
            counted.setdefault(str(row["tag"]), Counter())[host] += 1
    return {tag: [host for host, _ in found.most_common()] for tag, found in counted.items()}


@pytest.fixture(scope="module")
def listed(
    small: Small, small_run: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, str, str, str]:
    """A run that reuses the small one, its language, and the hosts it denies and allows."""
    tag, hosts = max(_hosts(small_run).items(), key=lambda item: len(item[1]))
    denied, allowed = hosts[:2]
    settings = [
        *small.settings,
        f"languages.{tag}.domains.deny=[{denied}]",
        f"languages.{tag}.domains.allow=[{allowed}]",
        f"languages.{tag}.domains.exempts=[word_count]",
        f"languages.{tag}.rules.word_count.min=99999",
    ]
    output = tmp_path_factory.mktemp("listed") / "run"
    ended, events = run_here(configured(small.paths, settings), output, reuse=small_run)
    assert ended.exit_code == runner.DONE, ended.problems
    assert not tasks_run(events).keys() & BEFORE_RULES
    return output, tag, denied, allowed


def test_a_language_s_lists_deny_and_allow(listed: tuple[Path, str, str, str]) -> None:
    run, tag, denied, allowed = listed
    urls = {r["doc_id"]: str(r["url"]) for r in rows(run, "documents", "doc_id", "url")}
    seen = Counter[str | None]()
    for row in rows(run, "decisions"):
        host = urlsplit(urls[row["doc_id"]]).hostname
        expected = {denied: "deny", allowed: "allow"}.get(str(host)) if row["tag"] == tag else None
        assert row["listed"] == expected
        seen[expected] += 1
        if row["tag"] == tag:
            is_short = row["reason"] == "rule.word_count"
            assert is_short == (expected != "allow")
        if expected == "allow":
            assert row["reason"] is None or not str(row["reason"]).startswith("list.")
    assert seen["deny"]
    assert seen["allow"]


def test_a_run_with_lists_verifies(listed: tuple[Path, str, str, str]) -> None:
    checks = verify.verify(runs.Run(listed[0]))
    assert [check for check in checks if not check["ok"]] == []


def test_a_denied_document_is_rejected_by_the_list_alone(
    small: Small, small_run: Path, tmp_path: Path
) -> None:
    tag, hosts = max(_hosts(small_run).items(), key=lambda item: len(item[1]))
    settings = [*small.settings, f"languages.{tag}.domains.deny=[{hosts[0]}]"]
    output = tmp_path / "run"
    ended, _ = run_here(configured(small.paths, settings), output, reuse=small_run)
    assert ended.exit_code == runner.DONE, ended.problems
    reasons = Counter(r["reason"] for r in rows(output, "decisions") if r["listed"] == "deny")
    assert reasons["list.deny"] >= 1
    assert None not in reasons
    keepers = {r["keeper_id"] for r in rows(output, "decisions")} - {None}
    denied = {r["doc_id"] for r in rows(output, "decisions") if r["listed"] == "deny"}
    assert not keepers & denied
    assert all(check["ok"] for check in verify.verify(runs.Run(output)))


def test_a_block_list_blocks_at_the_gate_and_a_bad_one_ends_the_run(
    small: Small, small_run: Path, tmp_path: Path
) -> None:
    tag, hosts = max(_hosts(small_run).items(), key=lambda item: len(item[1]))
    listing = tmp_path / "list.txt"
    listing.write_text(f"# ours\n{hosts[0]}\n")
    settings = [*small.settings, f"gate.block_list={listing}"]
    output = tmp_path / "run"
    ended, events = run_here(configured(small.paths, settings), output, reuse=small_run)
    assert ended.exit_code == runner.DONE, ended.problems
    assert tasks_run(events)["prepare"] == 1, "the robots table is adopted"
    blocked = [r for r in rows(output, "records") if r["reason"] == "gate.block_list"]
    assert blocked
    assert {urlsplit(str(r["url"])).hostname for r in blocked} == {hosts[0]}
    assert hosts[0] not in _hosts(output).get(tag, [])
    assert all(check["ok"] for check in verify.verify(runs.Run(output)))
    listing.write_text("good.example\nno domain\n")
    with pytest.raises(ConfigError, match=r"list\.txt:2: 'no domain' is no domain"):
        run_here(configured(small.paths, settings), tmp_path / "other")
