"""Papers of the sample run: each figure again by its command, and against samples/truth.jsonl."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import jsonschema
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pytest

from audit.papers import provider, writing
from audit.papers.evidence import Evidence
from audit.runs import Run
from samples import build

TRUTH = build.truth()
SCHEMA = Path(writing.__file__).with_name("ai_act.schema.json")


@pytest.fixture(scope="module")
def papers(sample_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with every paper of the sample run."""
    folder = tmp_path_factory.mktemp("papers")
    for paper in writing.PAPERS:
        writing.write(Run(sample_run), paper, provider.Answers(), folder)
    return folder


@pytest.fixture(scope="module")
def fields(papers: Path) -> dict[str, dict[str, Any]]:
    made = json.loads((papers / "ai_act_summary.json").read_text(encoding="utf-8"))
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(made)
    return {field["id"]: field for section in made["sections"] for field in section["fields"]}


def test_every_figure_is_there_again(sample_run: Path, fields: dict[str, dict[str, Any]]) -> None:
    again, checked = Evidence(Run(sample_run)), 0
    for field in fields.values():
        pairs = [(figure, figure["value"]) for figure in field["figures"]]
        rows = [row for table in field["tables"] for row in table["rows"]]
        for figure, value in pairs:
            assert again.at(place(figure)) == value, figure
        for row in rows:
            found = again.at(place(row))
            known = found if isinstance(found, dict) else {"count": found}
            assert {key: row[key] for key in known if key in row} != {}, row
            assert all(row[key] == known[key] for key in known if key in row), row
        checked += len(pairs) + len(rows)
    assert checked > 150


def place(figure: dict[str, Any]) -> str:
    return str(figure["check"]).partition(" --at ")[2].strip("'")


def test_figures_are_those_of_the_truth(
    sample_run: Path, fields: dict[str, dict[str, Any]]
) -> None:
    kept = Counter(row["tag"] for row in TRUTH if row["outcome"] == "keep")
    union, others = (table["rows"] for table in fields["1.3.languages"]["tables"])
    named = {place(row).rpartition("/")[2]: row["documents"] for row in [*union, *others]}
    assert {tag: count for tag, count in named.items() if count} == dict(kept)
    reserved = Counter(row["reason"] for row in TRUTH if (row["reason"] or "")[:7] == "rights.")
    protocols = fields["3.1.measures"]["tables"][0]["rows"]
    counted = {f"rights.{row['channel']}": row["count"] for row in protocols if row["count"]}
    assert counted == dict(reserved)
    texts = ds.dataset(sample_run / "corpus", format="parquet").to_table(columns=["text"])["text"]
    sizes = {figure["name"]: figure["value"] for figure in fields["1.3.size"]["figures"]}
    assert sizes["text"] == pc.sum(pc.binary_length(texts)).as_py()
    assert sizes["documents"] == len(texts) == sum(kept.values())


def test_nothing_personal_and_no_path_is_in_a_paper(sample_run: Path, papers: Path) -> None:
    for path in papers.iterdir():
        text = path.read_text(encoding="utf-8")
        assert str(sample_run) not in text
        assert "@" not in text.replace('"@', "").replace("@id", "").replace("@type", ""), path.name
