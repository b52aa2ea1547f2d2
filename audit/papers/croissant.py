"""A corpus described in Croissant 1.1 with its RAI vocabulary, as JSON-LD of our own making.

The description belongs into the folder that holds `corpus/`, as it is published. Sources: Croissant
Format Specification 1.1 (2026-01-29), Croissant RAI 1.0 (2024-03-06), W3C PROV-O and ODRL.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa

from audit.papers import statements
from audit.papers.evidence import Evidence
from audit.papers.forms import NOTICE, Field, identity
from audit.papers.provider import Answers
from audit.phrases import plain
from filters.catalog import BY_NAME
from langid import tags
from stages import schema

CONFORMS_TO = ("http://mlcommons.org/croissant/1.1", "http://mlcommons.org/croissant/RAI/1.0")
PARQUET = "application/x-parquet"
ALL = "corpus"
"""Name of the set of all files."""
RECORDS = "documents"
"""Name of the records in them."""

_OWN = (
    "annotation arrayShape citeAs column containedIn equivalentProperty excludes extract field"
    " fileProperty fileObject fileSet format includes isArray isLiveDataset jsonPath key md5"
    " parentField path recordSet references regex readLines repeated replace samplingRate sdVersion"
    " separator source subField transform unArchive value"
)
_ARRAY = {"isArray": True, "arrayShape": "-1"}
CONTEXT: Mapping[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "prov": "http://www.w3.org/ns/prov#",
    "odrl": "http://www.w3.org/ns/odrl/2/",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "description": {"@container": "@language"},
    "name": {"@container": "@language"},
    **{name: f"cr:{name}" for name in _OWN.split()},
}
"""The specification's appendix 1, with the prefixes of PROV-O and ODRL."""


def description(seen: Evidence, answers: Answers) -> Field:
    """The JSON-LD document."""
    name = answers.get("dataset.name", seen.run.name)
    made = identity(seen)
    finished = made["finished_at"][:10]
    snapshots = list(seen.at("/crawl/snapshots"))
    return {
        "@context": dict(CONTEXT),
        "@type": "sc:Dataset",
        "conformsTo": list(CONFORMS_TO),
        "name": name,
        "description": (
            f"Main text of {seen.at('/corpus/documents'):,} web pages in"
            f" {seen.at('/corpus/languages')} languages, from {', '.join(snapshots) or 'no page'};"
            f" {seen.at('/corpus/text_bytes'):,} bytes of UTF-8. {NOTICE}"
        ),
        "url": answers.get("dataset.url"),
        "license": answers.get("dataset.licence"),
        "creator": {"@type": "Organization", "name": answers.get("dataset.creator")},
        "datePublished": answers.get("dataset.date_published", finished),
        "dateCreated": finished,
        "version": answers.get("dataset.version", "0.0.0"),
        "inLanguage": [_bcp47(tag) for tag in seen.held.languages],
        "keywords": ["text", "web crawl", "multilingual", "Europe", "language model pre-training"],
        "isLiveDataset": False,
        "citeAs": f"{name}, run {made['run']}, SHA-256 {made['run_digest']}",
        "usageInfo": _usage(answers),
        **_rai(seen, answers),
        "prov:wasDerivedFrom": [
            {
                "@id": statements.snapshot_link(snapshot) or f"urn:weir:snapshot:{snapshot}",
                "@type": "prov:Entity",
                "prov:label": statements.dataset_name(snapshot),
            }
            for snapshot in snapshots
        ],
        "prov:wasGeneratedBy": _activities(seen),
        "distribution": [*_sets(seen), *_files(seen, answers)],
        "recordSet": [_records()],
    }


def _bcp47(tag: str) -> str:
    known = tags.BY_TAG.get(tag)
    code = (known.iso639_1 or known.iso639_3) if known else tag[:3]
    return f"{code}-{tag[4:]}"


def _usage(answers: Answers) -> Field:
    """What users are asked to do, as an ODRL offer; permissions are those of the licence."""
    return {
        "@type": ["CreativeWork", "odrl:Offer"],
        "name": "Use the latest version",
        "text": (
            "Documents are taken out at the request of those whom they concern. Use the latest"
            f" version, and delete earlier ones. Requests: {answers.get('dataset.contact')}"
        ),
        "odrl:duty": [
            {
                "@type": "odrl:Duty",
                "odrl:action": {"@id": "odrl:delete"},
                "name": "Delete earlier versions when there is a later one",
            }
        ],
    }


def _rai(seen: Evidence, answers: Answers) -> Field:
    """The RAI vocabulary: one text a property."""
    found = seen.at("/crawl")
    kinds = seen.at("/personal_data/in_corpus")
    masked = ", ".join(f"{kind} {count:,}" for kind, count in kinds.items()) or "none"
    return {
        "rai:dataCollection": statements.selection(seen),
        "rai:dataCollectionType": ["Web Scraping"],
        "rai:dataCollectionRawData": statements.raw_data(seen),
        "rai:dataCollectionTimeframe": [
            end for end in (found["first_kept"], found["last_kept"]) if end
        ],
        "rai:dataCollectionMissingData": statements.MISSING,
        "rai:dataPreprocessingProtocol": [statements.content(seen), statements.duplicates(seen)],
        "rai:dataManipulationProtocol": [statements.PERSONAL_DATA, statements.RESERVATIONS],
        "rai:dataBiases": list(statements.BIASES),
        "rai:dataLimitations": list(statements.LIMITATIONS),
        "rai:dataUseCases": list(statements.USES),
        "rai:dataSocialImpact": statements.SOCIAL_IMPACT,
        "rai:personalSensitiveInformation": [
            statements.PERSONAL_DATA,
            f"Placeholders in the corpus: {masked}.",
            statements.SENSITIVE,
        ],
        "rai:dataReleaseMaintenancePlan": answers.get(
            "dataset.maintenance", statements.MAINTENANCE
        ),
    }


def _activities(seen: Evidence) -> list[Field]:
    """Each step that ran, by its software; inputs and outputs are in the run's manifests."""
    made = identity(seen)
    agent = {
        "@type": "prov:SoftwareAgent",
        "prov:label": f"{made['software']} {made['software_version']}",
    }
    return [
        {
            "@type": "prov:Activity",
            "@id": f"urn:weir:{made['run_digest']}:{step}",
            "prov:label": f"step {step}: {len(keys)} tasks",
            "prov:wasAssociatedWith": agent,
        }
        for step, keys in seen.run.tasks.items()
        if keys
    ]


def _sets(seen: Evidence) -> list[Field]:
    """All files, and those of each language."""
    of_all = {
        "@type": "cr:FileSet",
        "@id": ALL,
        "name": ALL,
        "description": "Every language's files, beside this description",
        "encodingFormat": PARQUET,
        "includes": "corpus/*/*.parquet",
    }
    return [of_all] + [
        {
            "@type": "cr:FileSet",
            "@id": f"{ALL}-{tag}",
            "name": f"{ALL}-{tag}",
            "description": f"Files in {tags.BY_TAG[tag].name if tag in tags.BY_TAG else tag}",
            "encodingFormat": PARQUET,
            "includes": f"corpus/{tag}/*.parquet",
        }
        for tag in sorted(seen.run.corpus())
        if any(output.rows for output in seen.run.corpus()[tag])
    ]


def _files(seen: Evidence, answers: Answers) -> list[Field]:
    base = answers.given.get("dataset.files", "")
    base = f"{base.rstrip('/')}/" if base else ""
    return [
        {
            "@type": "cr:FileObject",
            "@id": output.path,
            "name": output.path.rpartition("/")[2],
            "contentUrl": f"{base}{output.path}",
            "contentSize": f"{output.bytes} B",
            "encodingFormat": PARQUET,
            "sha256": output.sha256,
        }
        for _, outputs in sorted(seen.run.corpus().items())
        for output in outputs
    ]


def _records() -> Field:
    table = schema.TABLES["corpus"]
    return {
        "@type": "cr:RecordSet",
        "@id": RECORDS,
        "name": RECORDS,
        "description": table.meaning,
        "key": {"@id": f"{RECORDS}/doc_id"},
        "field": [
            _column(f"{RECORDS}/{column.name}", column.name, column.type, column.meaning)
            for column in table.columns
        ],
    }


def _column(key: str, name: str, kind: pa.DataType, meaning: str, *within: str) -> Field:
    """A column, or what it is made of, as a field; `within` is the way down from the column."""
    column, *path = (*within, name)
    made: Field = {
        "@type": "cr:Field",
        "@id": key,
        "name": name,
        "description": meaning,
        "source": _source(column, ".".join(path)),
    }
    if pa.types.is_struct(kind):
        parts = [
            _column(f"{key}/{part.name}", part.name, part.type, _meaning(part.name), *within, name)
            for part in kind
        ]
        return {**made, "subField": parts}
    if pa.types.is_map(kind):
        return {**made, **_ARRAY, "subField": list(_pairs(key, name, kind))}
    if pa.types.is_list(kind):
        return {**made, **_ARRAY, "dataType": "sc:Text"}
    return {**made, "dataType": _kind(kind, name)}


def _meaning(name: str) -> str:
    """What a part of a struct is: a signal's description, or its name in words."""
    known = BY_NAME.get(name)
    return known.description if known else plain(name)


def _pairs(key: str, column: str, kind: pa.MapType) -> Iterator[Field]:
    """Key and value of a map's entries, which readers of Parquet give as pairs."""
    for at, (name, part) in enumerate((("key", kind.key_type), ("value", kind.item_type))):
        yield {
            "@type": "cr:Field",
            "@id": f"{key}/{name}",
            "name": name,
            "description": f"{name} of an entry",
            "source": _source(column, f"[{at}]"),
            "dataType": _kind(part, name),
        }


def _source(column: str, path: str = "") -> Field:
    made: Field = {"fileSet": {"@id": ALL}, "extract": {"column": column}}
    return {**made, "transform": {"jsonPath": path}} if path else made


def _kind(kind: pa.DataType, name: str) -> str:
    """schema.org's class of a column's values."""
    if pa.types.is_boolean(kind):
        return "sc:Boolean"
    if pa.types.is_integer(kind):
        return "sc:Integer"
    if pa.types.is_floating(kind):
        return "sc:Float"
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return "sc:DateTime"
    return "sc:URL" if name == "url" else "sc:Text"
