import copy
from pathlib import Path

import pytest

from audit import exports
from audit.runs import Run
from audit.stats import TIDY, counts, imbalances, labels, stats, summarise, tidy, total
from pipeline import cli
from stages.errors import IntegrityError
from tests.unit.audit.conftest import PAGES


def test_totals(run: Run) -> None:
    found = stats(run)
    totals = found["totals"]
    assert (totals["read"], totals["kept"]) == (11, 4)
    assert totals["rejected"] == {
        "dedup.exact_text": 1,
        "dedup.near_duplicate": 1,
        "gate.language": 1,
        "gate.status": 1,
        "rights.robots": 1,
        "rule.word_count": 1,
    }
    assert totals["quarantined"] == {"read.damaged": 1}
    texts = [len(page["text"]) for pages in PAGES for page in pages]
    assert totals["characters"]["read"] == sum(texts)
    assert totals["bytes"]["quarantined"]["read.damaged"] > 0


def test_languages_have_the_shape_of_totals_and_sum_to_them(run: Run) -> None:
    found = stats(run)
    assert set(found["languages"]) == {"eng_Latn", "fin_Latn", "jpn_Jpan", "und_Zyyy"}
    finnish = found["languages"]["fin_Latn"]
    assert set(finnish) == set(found["totals"])
    assert (finnish["read"], finnish["kept"]) == (3, 2)
    assert finnish["rejected"] == {"rule.word_count": 1}
    for unit in ("characters", "bytes"):
        parts = [account[unit]["read"] for account in found["languages"].values()]
        assert sum(parts) == found["totals"][unit]["read"]
    assert imbalances(found) == []


def test_rules_and_personal_data(run: Run) -> None:
    found = stats(run)
    effect = {"fin_Latn": {"word_count": dict.fromkeys(("first", "any", "only"), 1)}}
    characters = dict.fromkeys(("first", "any", "only"), len("Liian lyhyt."))
    words = dict.fromkeys(("first", "any", "only"), 10)
    effect["fin_Latn"]["word_count"] |= {"characters": characters, "words": words}
    assert found["rules"] == effect
    assert found["pii"] == {"fin_Latn": {"EMAIL": 1}}


@pytest.mark.parametrize("unit", ["documents", "characters", "bytes"])
def test_imbalance_is_named_in_every_unit(run: Run, unit: str) -> None:
    found = copy.deepcopy(stats(run))
    account = found["languages"]["fin_Latn"]
    place = account if unit == "documents" else account[unit]
    place["kept"] += 1
    assert any(fault.startswith("fin_Latn: ") and unit in fault for fault in imbalances(found))
    place["read"] += 1
    assert any("languages sum to" in fault for fault in imbalances(found))


def test_labels_and_total_sum_over_languages(run: Run) -> None:
    table = counts(run)
    assert labels(table, "cluster", "clusters.size") == {"2": 2}
    assert total(table, "extract", "documents.extracted") == 7
    assert total(table, "extract", "no.such.metric") == 0


def test_nothing_read_balances() -> None:
    found = summarise({})
    assert found["totals"]["read"] == 0
    assert imbalances(found) == []


def test_statistics_that_cannot_be_read(folder: Path) -> None:
    path = folder / "statistics" / "counts.parquet"
    path.write_bytes(b"PAR1 no")
    with pytest.raises(IntegrityError, match="cannot be read"):
        stats(Run(folder))
    path.write_bytes(next(folder.glob("records/*.parquet")).read_bytes())
    with pytest.raises(IntegrityError, match="schema"):
        stats(Run(folder))
    path.unlink()
    with pytest.raises(IntegrityError, match="is missing"):
        stats(Run(folder))


def test_tidy_rows_sum_to_the_totals(run: Run) -> None:
    found = stats(run)
    table = tidy(run, found)
    sums: dict[tuple[str, str | None, str], int] = {}
    for row in table.to_pylist():
        key = (row["metric"], row["label"], row["unit"])
        sums[key] = sums.get(key, 0) + row["count"]
    totals = found["totals"]
    assert table.schema == TIDY
    assert sums["read", None, "documents"] == totals["read"]
    assert sums["kept", None, "characters"] == totals["characters"]["kept"]
    for reason, count in totals["rejected"].items():
        assert sums["rejected", reason, "documents"] == count
    assert sums["quarantined", "read.damaged", "bytes"] > 0
    assert sums["rule.first", "word_count", "documents"] == 1
    assert sums["pii", "EMAIL", "spans"] == sum(
        kinds.get("EMAIL", 0) for kinds in found["pii"].values()
    )


def test_tidy_rows_of_no_language(run: Run) -> None:
    none = {**stats(run), "languages": {}}
    assert exports.as_csv(tidy(run, none)).startswith(b"run,snapshot,language,metric")
    assert tidy(run, none).num_rows == 0


@pytest.mark.parametrize("form", ["csv", "json", "parquet"])
def test_the_command_prints_rows(
    folder: Path, form: str, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert cli.main(["stats", str(folder), "--language", "fi", "--format", form]) == 0
    out, err = capfdbinary.readouterr()
    run = Run(folder)
    found = stats(run)
    wanted = tidy(run, {**found, "languages": {"fin_Latn": found["languages"]["fin_Latn"]}})
    assert out == exports.BY_FORMAT[form](wanted)
    assert err == b""
    assert wanted.num_rows > 10
