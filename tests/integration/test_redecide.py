"""A threshold changes on a real run: what is done again, what is read for it, what was foretold."""

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audit import stats
from audit.runs import Run
from audit.tune import Trial, tune
from pipeline import cli
from tests.integration.runs import committed, configured, run_here, tasks_run

if TYPE_CHECKING:
    from tests.conftest import Small, Snapshot

RULE = "word_count.min=120"
READABLE = {"doc_id", "tag", "n_words", "date", "n_chars", "payload_bytes", "n_tokens", "rights"}
"""All that deciding may read of `documents`."""


def spoil(path: Path, columns: frozenset[str]) -> None:
    """Overwrite all columns of a Parquet file but these."""
    with pq.ParquetFile(path) as file:
        groups = [file.metadata.row_group(at) for at in range(file.metadata.num_row_groups)]
    with path.open("r+b") as stream:
        for group in groups:
            for chunk in (group.column(at) for at in range(group.num_columns)):
                if chunk.path_in_schema.partition(".")[0] in columns:
                    continue
                start = chunk.data_page_offset
                if chunk.dictionary_page_offset is not None:
                    start = min(start, chunk.dictionary_page_offset)
                stream.seek(start)
                stream.write(b"\xff" * chunk.total_compressed_size)


@pytest.fixture(scope="module")
def redecided(
    small: "Small", small_run: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, int]]:
    """The small run under another threshold, and the tasks that were performed for it."""
    run = tmp_path_factory.mktemp("redecided") / "run"
    resolved = configured(small.paths, [*small.settings, f"language.rules.{RULE}"])
    ended, events = run_here(resolved, run, reuse=small_run)
    assert ended.exit_code == 0, ended.problems
    return run, tasks_run(events)


def test_only_decisions_and_what_follows_are_done_again(
    redecided: tuple[Path, dict[str, int]],
) -> None:
    assert set(redecided[1]) == {"judge", "resolve", "decide", "publish", "compact"}


def test_deciding_reads_no_text(small: "Small", small_run: Path, tmp_path: Path) -> None:
    """Every other column of the documents is destroyed: whoever read one of them would fail."""
    old = shutil.copytree(small_run, tmp_path / "old")
    documents = sorted((old / "documents").glob("*.parquet"))
    for path in documents:
        spoil(path, frozenset(READABLE))
        with pytest.raises((OSError, pa.ArrowException)):
            pq.read_table(path, columns=["text"], partitioning=None)
    resolved = configured(small.paths, [*small.settings, f"language.rules.{RULE}"])
    with pytest.raises((OSError, pa.ArrowException)):
        run_here(resolved, tmp_path / "new", reuse=old)  # ends where publishing reads text
    for step in ("judge", "decide"):
        assert len(committed(tmp_path / "new", step)) == len(small.warcs)
    assert committed(tmp_path / "new", "publish") == []


def test_what_tune_foretold_is_what_the_run_counts(
    small_run: Path, redecided: tuple[Path, dict[str, int]]
) -> None:
    old, new = Run(small_run), stats.stats(Run(redecided[0]))
    flips = 0
    for tag, account in new["languages"].items():
        rejected = {
            kind: sum(n for r, n in account["rejected"].items() if r.startswith(f"{kind}."))
            for kind in ("rule", "dedup")
        }
        if not account["kept"] + sum(rejected.values()):
            continue  # no document of it was judged
        told = tune(old, Trial(tag, (RULE,)))
        after = told["measures"]["documents"]["after"]
        assert after["passed"] == account["kept"] + rejected["dedup"], tag
        assert told["measures"]["documents"]["total"] - after["passed"] == rejected["rule"], tag
        foretold = {
            rule["rule"]: {
                **rule["after"]["documents"],
                **{name: rule["after"][name] for name in ("characters", "words")},
            }
            for rule in told["rules"]
            if rule["after"]["documents"]["any"]
        }
        assert foretold == new["rules"].get(tag, {}), tag
        flips += told["flips"]["lost"]
    assert flips > 0, "the rule must bite"


def test_a_rule_that_rejects_a_language_raises_an_alarm(
    snapshot: "Snapshot", sample_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    words = ["run", "sample", "--input", str(snapshot.paths), "--output", str(run), "--json"]
    rule = "languages.deu_Latn.rules.word_count"
    more = ["--set", f"{rule}.min=9000", "--reuse", str(sample_run), "--progress", "none"]
    assert cli.main([*words, *more]) == 0, "an alarm stops nothing"
    (warning,) = json.loads(capsys.readouterr().out)["warnings"]
    assert warning.startswith("alarm: rule word_count rejects ")
    assert "in deu_Latn" in warning
    assert cli.main(["status", str(run)]) == 0
    assert warning in capsys.readouterr().out
    assert cli.main(["report", str(run)]) == 0
    page = (run / "report" / "index.html").read_text(encoding="utf-8")
    assert "Alarm: a rule rejects nearly all of a language." in page
    command = warning.rpartition("with: weir ")[2].split()
    capsys.readouterr()
    assert cli.main([*command, "--json"]) == 0, "the command that the alarm names"
    told = json.loads(capsys.readouterr().out)["data"]
    assert told["flips"]["gained"] > 10
    assert cli.main(["status", str(sample_run)]) == 0
    assert "alarm" not in capsys.readouterr().out
