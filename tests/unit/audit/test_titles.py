import pytest

from audit import report, stats
from audit.report import Options
from audit.runs import Run
from audit.titles import titles


@pytest.fixture
def values(run: Run) -> dict:
    table = stats.counts(run)
    return report.context(run, table, stats.summarise(table), Options())


def test_titles_are_findings(values: dict) -> None:
    said = titles(values)
    assert said["waterfall"].startswith("Of 11 pages read, 4 remain; most are lost to")
    assert said["rules"] == "Word count costs most by itself: 1 page is lost to it alone"
    assert said["together"] == "100.0% of the documents that fail a rule fail only one: 1 of 1"
    assert said["copies"] == "2 pages removed as copies, 28.6% of extracted documents"
    assert said["sites"] == "2 sites of 4 hold half of the kept words; the largest has 28.6%"
    assert said["domains"] == ".example has 100.0% of the kept words, of 1 top-level domain"
    assert said["personal"] == "143 placeholders for 1,000 documents, most often EMAIL"
    assert said["rights"] == "1 page reserved by publishers, 100.0% of them through robots"
    assert "estimated; nothing was measured" in said["energy"]
    assert all(said.values())


def test_titles_of_what_is_not_known(values: dict) -> None:
    unknown = {**values, "sites": None, "flows": None, "languages": []}
    unknown["energy"] = {"method": "unknown"}
    unknown["throughput"] = {"pages_per_s_core": None}
    unknown["pii"] = {"kinds": []}
    said = titles(unknown)
    assert said["energy"] == "Energy: unknown, for the manifests hold no timings"
    assert said["throughput"] == "The manifests hold no timings"
    assert said["sites"] == "No kept words"
    assert said["personal"] == "No personal data was found"
