from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audit import stats
from audit.papers import holdings as counting
from audit.papers.evidence import SME_MOST, Evidence, listed, pointer
from audit.papers.suffixes import ADDRESS, NO_NAME
from audit.runs import Run
from langid import tags
from stages.errors import ConfigError, IntegrityError
from tests.unit.audit import conftest as small

URLS = [
    "https://a.shop.example.co.uk/1",
    "https://b.example.co.uk/2",
    "http://192.0.2.7/3",
    "https://<IP>/4",
    "https://blog.de/5",
    "https://other.at/6",
]


@pytest.fixture(scope="module")
def sited(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small run and German pages of several sites, one of them with placeholders."""
    pages = [
        small._page(
            f"u{at}", "deu_Latn", "ä" * (at + 1) + " <PHONE>", url=url, pii={"PHONE": 1 + at}
        )
        for at, url in enumerate(URLS)
    ]
    return small.built(tmp_path_factory.mktemp("papers") / "small", small.relaxed(), [pages])


def rows_of(folder: Path) -> list[dict[str, Any]]:
    """Every row of the corpus, read by another way than the one under test."""
    files = sorted(folder.glob("corpus/*/*.parquet"))
    return [row for file in files for row in pq.ParquetFile(file).read().to_pylist()]


def test_sums_are_those_of_the_rows(sited: Path) -> None:
    found, rows = Evidence(Run(sited)).tree(), rows_of(sited)
    assert found["corpus"]["documents"] == len(rows) == 10
    assert found["corpus"]["text_bytes"] == sum(len(row["text"].encode()) for row in rows)
    assert found["corpus"]["words"] == sum(row["n_words"] for row in rows)
    assert found["corpus"]["tokens"] is None
    for tag in ("fin_Latn", "eng_Latn", "deu_Latn"):
        own = [row for row in rows if row["tag"] == tag]
        assert found["languages"][tag]["documents"] == len(own)
        assert found["languages"][tag]["text_bytes"] == sum(len(r["text"].encode()) for r in own)
    kinds: Counter[str] = Counter()
    for row in rows:
        kinds.update(dict(row["pii_counts"]))
    counted = {kind: n for kind, n in found["personal_data"]["in_corpus"].items() if n}
    assert counted == dict(kinds)
    dates = sorted(row["date"] for row in rows)
    assert (found["crawl"]["first_kept"], found["crawl"]["last_kept"]) == (dates[0], dates[-1])


def test_domains_are_ranked_by_bytes_and_sum_to_the_corpus(sited: Path) -> None:
    seen = Evidence(Run(sited))
    table = seen.held.domains.to_pylist()
    assert table == sorted(table, key=lambda row: (-row["text_bytes"], row["domain"]))
    by_name = {row["domain"]: row for row in table}
    assert by_name["example.co.uk"]["documents"] == 2
    assert seen.held.nameless.keys() == {ADDRESS, NO_NAME}
    assert not by_name.keys() & {ADDRESS, NO_NAME}
    found = seen.at("/domains")
    for unit in ("documents", "text_bytes"):
        both = found["all"][unit] + found["without_domain"][unit]
        assert both == seen.at("/corpus")[unit]
        assert sum(part[unit] for part in seen.at("/top_level_domains").values()) == both
        assert sum(part[unit] for part in seen.at("/countries").values()) == both
        kinds = seen.at("/site_kinds").values()
        assert sum(part[unit] for part in kinds) == found["all"][unit]


def test_countries_and_varieties_follow_the_host(sited: Path) -> None:
    seen = Evidence(Run(sited))
    hosts = [urlsplit(url).hostname or "" for url in URLS]
    german = seen.at("/varieties/deu_Latn")
    assert german["at"]["documents"] == sum(host.endswith(".at") for host in hosts) == 1
    assert german["de"]["documents"] == 1
    assert sum(part["documents"] for part in german.values()) == len(URLS)
    assert seen.at("/countries/GB/documents") == 2
    assert seen.at("/countries/AT/documents") == 1


def test_every_official_language_is_named_at_zero(run: Run) -> None:
    found = Evidence(run).at("/languages")
    assert list(found)[:24] == list(tags.EU24)
    assert found["mlt_Latn"]["documents"] == found["mlt_Latn"]["text_bytes"] == 0
    assert found["fin_Latn"]["documents"] == 2


@pytest.mark.parametrize(
    ("count", "top", "sme"),
    [(0, 0, 0), (1, 1, 1), (10, 1, 1), (11, 2, 1), (20, 2, 1), (21, 3, 2), (20_000, 2_000, 1_000)],
)
def test_lists_are_the_top_tenth_and_the_lower_of_two(count: int, top: int, sme: int) -> None:
    assert listed(count) == {"all": count, "top10pct": top, "sme": sme}
    assert listed(10**6)["sme"] == SME_MOST


def test_counting_in_parts_changes_nothing(sited: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = counting.holdings(Run(sited))
    monkeypatch.setattr(counting, "MERGE_ROWS", 1)
    monkeypatch.setattr("audit.runs.BATCH_ROWS", 1)
    parts = counting.holdings(Run(sited))
    assert parts.domains.equals(whole.domains)
    assert parts == whole or (parts.pii, parts.languages) == (whole.pii, whole.languages)


def test_slices_of_maps_are_counted_once() -> None:
    counts = pa.array([[("A", 1)], [("B", 2), ("A", 3)], []], pa.map_(pa.string(), pa.int32()))
    assert counting._kinds(counts.slice(1)) == {"B": 2, "A": 3}
    assert counting._kinds(counts.slice(2)) == {}


def test_a_corpus_that_the_ledger_contradicts_has_no_paper(
    folder: Path, rewrite: Callable[..., None]
) -> None:
    (file,) = folder.glob("corpus/fin_Latn/*.parquet")
    rewrite(folder, str(file.relative_to(folder)), lambda rows: rows.pop())
    with pytest.raises(IntegrityError, match=r"holds 1 documents in fin_Latn.*keeps 2.*verify"):
        Evidence(Run(folder)).at("/corpus")


def test_what_needs_no_corpus_does_not_read_it(folder: Path) -> None:
    for file in folder.glob("corpus/*/*.parquet"):
        file.unlink()
    seen = Evidence(Run(folder))
    assert seen.at("/rights/rejected/rights.robots") == 1
    assert seen.at("/rejected") == stats.stats(seen.run)["totals"]["rejected"]


def test_names_are_pointers(run: Run) -> None:
    seen = Evidence(run)
    assert pointer("a/b", "c~d", "e.f") == "/a~1b/c~0d/e.f"
    assert seen.at("/varieties") == seen.tree()["varieties"]
    for wrong in ("corpus", "/corpse", "/corpus/nothing", "/corpus/documents/1", "/", ""):
        with pytest.raises(ConfigError, match="--at"):
            seen.at(wrong)
