import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from audit.papers import croissant, provider, writing
from audit.papers.evidence import Evidence
from audit.runs import Run
from stages import schema

RAI = {
    "dataCollection",
    "dataCollectionType",
    "dataCollectionRawData",
    "dataCollectionTimeframe",
    "dataCollectionMissingData",
    "dataPreprocessingProtocol",
    "dataManipulationProtocol",
    "dataBiases",
    "dataLimitations",
    "dataUseCases",
    "dataSocialImpact",
    "personalSensitiveInformation",
    "dataReleaseMaintenancePlan",
}
WANTED = {
    "@context",
    "@type",
    "conformsTo",
    "description",
    "license",
    "name",
    "url",
    "creator",
    "datePublished",
    "distribution",
}
"""Required by the specification 1.1, dataset-level information."""


@pytest.fixture
def made(run: Run) -> dict[str, Any]:
    return croissant.description(Evidence(run), provider.Answers())


def nodes(value: Any) -> Iterator[dict[str, Any]]:
    """Every object in a document."""
    waiting = [value]
    while waiting:
        found = waiting.pop()
        if isinstance(found, dict):
            yield found
            waiting += found.values()
        elif isinstance(found, list):
            waiting += found


def test_it_has_what_the_specifications_require(made: dict[str, Any]) -> None:
    assert made.keys() >= WANTED
    assert made["@type"] == "sc:Dataset"
    assert set(made["conformsTo"]) == set(croissant.CONFORMS_TO)
    assert {key.removeprefix("rai:") for key in made if key.startswith("rai:")} == RAI
    assert "dataDataManipulationProtocol" not in json.dumps(made)
    assert made["prov:wasDerivedFrom"]
    assert made["prov:wasGeneratedBy"]


def test_every_prefix_is_declared(made: dict[str, Any]) -> None:
    declared = made["@context"].keys()
    used = {
        text.partition(":")[0]
        for node in nodes({key: value for key, value in made.items() if key != "@context"})
        for text in [*node, node.get("@type", ""), node.get("dataType", "")]
        if isinstance(text, str) and ":" in text
    }
    assert used <= declared
    assert {"sc", "cr", "rai", "prov", "odrl"} <= used


def test_names_are_one_and_references_lead_somewhere(made: dict[str, Any]) -> None:
    own = [node["@id"] for node in nodes(made) if "@id" in node and "@type" in node]
    assert max(Counter(own).values()) == 1
    references = [node["@id"] for node in nodes(made) if set(node) == {"@id"}]
    local = [name for name in references if not name.startswith("odrl:")]
    assert local
    assert set(local) <= set(own)


def test_every_file_is_there_with_its_digest(run: Run, made: dict[str, Any]) -> None:
    files = {node["contentUrl"]: node for node in nodes(made) if "contentUrl" in node}
    on_disk = {str(path.relative_to(run.path)) for path in run.path.glob("corpus/*/*.parquet")}
    assert files.keys() == on_disk
    for name, node in files.items():
        data = (run.path / name).read_bytes()
        assert node["sha256"] == hashlib.sha256(data).hexdigest()
        assert node["contentSize"] == f"{len(data)} B"
    sets = {node["includes"] for node in nodes(made["distribution"]) if "includes" in node}
    assert sets == {"corpus/*/*.parquet", "corpus/eng_Latn/*.parquet", "corpus/fin_Latn/*.parquet"}
    given = provider.Answers({"dataset.files": "https://data.example.org/v1/"})
    published = croissant.description(Evidence(run), given)
    addresses = [node["contentUrl"] for node in nodes(published) if "contentUrl" in node]
    assert all(address.startswith("https://data.example.org/v1/corpus/") for address in addresses)


def test_every_column_is_a_field(made: dict[str, Any]) -> None:
    (records,) = made["recordSet"]
    fields = {field["name"]: field for field in records["field"]}
    columns = schema.TABLES["corpus"].columns
    assert list(fields) == [column.name for column in columns]
    leaves = [node for node in nodes(records) if node.get("@type") == "cr:Field"]
    assert all(("subField" in leaf) != ("dataType" in leaf) for leaf in leaves)
    assert {leaf["source"]["extract"]["column"] for leaf in leaves} == set(fields)
    assert fields["offset"]["dataType"] == "sc:Integer"
    assert fields["language_score"]["dataType"] == "sc:Float"
    assert fields["url"]["dataType"] == "sc:URL"


def test_the_reference_implementation_reads_the_rows(run: Run, tmp_path: Path) -> None:
    """`make croissant` runs this where mlcroissant is installed; it is no dependency of ours."""
    mlcroissant = pytest.importorskip("mlcroissant")
    shutil.copytree(run.path / "corpus", tmp_path / "corpus")
    writing.write(run, "croissant", provider.Answers(), tmp_path)
    dataset = mlcroissant.Dataset(str(tmp_path / "croissant.json"))
    assert dataset.metadata.ctx.issues.report() == ""
    assert len(list(dataset.records("documents"))) == 4
