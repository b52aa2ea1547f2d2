"""A corpus's dataset card, as the Hugging Face Hub reads it: README.md beside `corpus/`."""

from typing import Any

import yaml

from audit.papers import statements
from audit.papers.evidence import Evidence
from audit.papers.forms import NOTICE, Field, check, identity
from audit.papers.markdown import rendered
from audit.papers.provider import Answers
from filters.catalog import BY_NAME
from langid import tags
from stages import schema

TOP_RULES = 10
_SIZES = ("n<1K", "1K<n<10K", "10K<n<100K", "100K<n<1M", "1M<n<10M", "10M<n<100M", "100M<n<1B")
_LARGE = ("1B<n<10B", "10B<n<100B", "100B<n<1T", "n>1T")


def size_category(documents: int) -> str:
    """The Hub's class of a number of rows."""
    bounds = [10**power for power in range(3, 13)]
    return (*_SIZES, *_LARGE)[sum(documents >= bound for bound in bounds)]


def front_matter(seen: Evidence, answers: Answers) -> str:
    """The card's metadata as YAML: languages, licence, size, a configuration for each language."""
    held = sorted(seen.held.languages)
    known = [tags.BY_TAG[tag] for tag in held if tag in tags.BY_TAG]
    codes = dict.fromkeys(language.iso639_1 or language.iso639_3 for language in known)
    licence = answers.get("dataset.licence")
    is_known = licence in LICENCES
    data: Field = {
        "pretty_name": _line(answers.get("dataset.name", seen.run.name)),
        "language": list(codes),
        "license": licence if is_known else "other",
        **({} if is_known else {"license_name": _line(licence)}),
        "size_categories": [size_category(seen.at("/corpus/documents"))],
        "task_categories": ["text-generation"],
        "multilinguality": ["multilingual" if len(held) > 1 else "monolingual"],
        "source_datasets": ["original"],
        "annotations_creators": ["no-annotation"],
        "tags": ["web-crawl", "common-crawl", "europe", "weir", "croissant"],
        "configs": [
            _config("all", "*", is_default=True),
            *(_config(tag, tag) for tag in held),
        ],
    }
    return str(yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=1000))


LICENCES = ("odc-by", "cc-by-4.0", "cc0-1.0", "cc-by-sa-4.0", "cc-by-nc-4.0", "odbl", "pddl")
"""Licences of compilations by the Hub's names; any other is `other` with its own name."""


def _line(text: str) -> str:
    """Text on one line: no line of it ends the metadata."""
    return " ".join(text.split())


def _config(name: str, folder: str, is_default: bool = False) -> Field:
    files = [{"split": "train", "path": f"corpus/{folder}/*.parquet"}]
    made: Field = {"config_name": name, "data_files": files}
    return {**made, "default": True} if is_default else made


def card(seen: Evidence, answers: Answers) -> str:
    """The card as Markdown, with its metadata before it."""
    values = {
        **said(seen, answers),
        "columns": [
            {"name": column.name, "meaning": column.meaning.replace("`", "")}
            for column in schema.TABLES["corpus"].columns
        ],
        "signals": [
            {"name": signal.name, "meaning": signal.description.replace("`", "")}
            for signal in BY_NAME.values()
        ],
        "rules": top_rules(seen),
    }
    return f"---\n{front_matter(seen, answers)}---\n\n{rendered('card.md.j2', **values)}"


def said(seen: Evidence, answers: Answers) -> dict[str, Any]:
    """What cards and datasheets have in common."""
    return {
        "name": answers.get("dataset.name", seen.run.name),
        "notice": NOTICE,
        "made_from": identity(seen),
        "figures": seen.tree(),
        "languages": [
            {
                "name": tags.BY_TAG[tag].name if tag in tags.BY_TAG else tag,
                "tag": tag,
                "check": check("languages", tag),
                **sums,
            }
            for tag, sums in seen.at("/languages").items()
        ],
        "snapshots": [
            {
                "name": statements.dataset_name(snapshot),
                "link": statements.snapshot_link(snapshot),
                "check": check("crawl", "snapshots", snapshot),
                **sums,
            }
            for snapshot, sums in seen.at("/crawl/snapshots").items()
        ],
        "protocols": statements.protocols(seen),
        "other_rights": statements.other_rights(seen),
        "statements": statements,
        "selection": statements.selection(seen),
        "content": statements.content(seen),
        "raw_data": statements.raw_data(seen),
        "policy": statements.policy(seen),
        "energy": statements.energy(seen),
        "illegal": statements.illegal(seen),
        "duplicates": statements.duplicates(seen),
        "asked": {
            name: answers.get(f"dataset.{name}")
            for name in ("licence", "creator", "contact", "url", "purpose")
        },
        "version": answers.get("dataset.version", "0.0.0"),
        "published": answers.get(
            "dataset.date_published", str(seen.run.book.get("finished_at", ""))[:10]
        ),
        "maintenance": answers.get("dataset.maintenance", statements.MAINTENANCE),
    }


def top_rules(seen: Evidence) -> list[Field]:
    """The reasons for which most pages were rejected."""
    rejected = seen.found["totals"]["rejected"]
    order = sorted(rejected, key=lambda reason: (-rejected[reason], reason))
    return [
        {"reason": reason, "documents": rejected[reason], "check": check("rejected", reason)}
        for reason in order[:TOP_RULES]
    ]
