"""The public summary of training content (Regulation (EU) 2024/1689, Article 53(1)(d)).

Fields carry the numbers of the Commission's template (C(2025) 5235 of 24 July 2025, adopted anew as
C(2025) 8311 on 5 December 2025). The provider of a model files the summary; this is the part of it
that a corpus can answer. Shape: `ai_act.schema.json` beside this file.
"""

from audit.papers import ai_act_data as data
from audit.papers import ai_act_measures as measures
from audit.papers.evidence import Evidence
from audit.papers.forms import (
    NOTICE,
    Field,
    asked,
    field,
    identity,
)
from audit.papers.provider import Answers

SCHEMA_VERSION = 1
TEMPLATE = {
    "title": "Template for the Public Summary of Training Content for general-purpose AI models",
    "legal_basis": "Regulation (EU) 2024/1689, Article 53(1)(d)",
    "reference": "C(2025) 5235 final; C(2025) 8311 final",
}


def summary(seen: Evidence, answers: Answers) -> Field:
    """The summary as data."""
    return {
        "schema_version": SCHEMA_VERSION,
        "paper": "ai-act",
        "notice": NOTICE,
        "template": TEMPLATE,
        "made_from": identity(seen),
        "how_to_check": (
            "Put the folder of the run for RUN. weir verify RUN says whether its files are those"
            " of the digest; each figure's own command counts it again."
        ),
        "sections": [
            _head(seen, answers),
            _section(
                "1.1",
                "Provider identification",
                asked(answers, "1.1.provider", "Provider name and contact details"),
                asked(
                    answers,
                    "1.1.representative",
                    "Authorised representative name and contact details",
                ),
            ),
            _section(
                "1.2",
                "Model identification",
                asked(answers, "1.2.model", "Versioned model name(s)"),
                asked(answers, "1.2.dependencies", "Model dependencies"),
                asked(answers, "1.2.placed", "Date of placement of the model on the Union market"),
            ),
            _section(
                "1.3",
                "Modalities, overall training data size and other characteristics",
                *data.size(seen, answers),
            ),
            _section("2.1", "Publicly available datasets", *data.public_datasets(seen, answers)),
            _section(
                "2.2",
                "Private non-publicly available datasets obtained from third parties",
                *_private(answers),
            ),
            _section(
                "2.3",
                "Data crawled and scraped from online sources",
                *data.crawled(seen, answers),
            ),
            *_others(answers),
            _section(
                "3.1",
                "Respect of reservation of rights from the text and data mining "
                "exception or limitation",
                *measures.rights(seen, answers),
            ),
            _section("3.2", "Removal of illegal content", *measures.illegal_content(seen, answers)),
            _section("3.3", "Other information", *measures.further(seen, answers)),
        ],
    }


def _section(number: str, title: str, *fields: Field) -> Field:
    return {"number": number, "title": title, "fields": list(fields)}


def _head(seen: Evidence, answers: Answers) -> Field:
    finished = str(seen.run.book.get("finished_at", ""))[:10]
    updated = "/".join(reversed([finished[2:4], finished[5:7], finished[8:10]]))
    return _section(
        "0",
        "Version of the summary",
        {**asked(answers, "dataset.version", "Version of the summary"), "id": "0.version"},
        {**asked(answers, "dataset.previous", "Links to previous versions"), "id": "0.previous"},
        field("0.updated", "Last update (DD/MM/YY)", updated),
    )


def _private(answers: Answers) -> list[Field]:
    none = "No. This corpus holds none."
    return [
        asked(answers, "2.2.licensed", "Datasets commercially licensed by rightsholders", none),
        asked(answers, "2.2.private", "Private datasets obtained from other third parties", none),
    ]


def _others(answers: Answers) -> list[Field]:
    why = "pages of a public archive only"
    return [
        _section(
            "2.4",
            "User data",
            asked(
                answers,
                "2.4.user_data",
                "Data collected from users",
                f"Not applicable to this corpus: {why}.",
            ),
        ),
        _section(
            "2.5",
            "Synthetic data",
            asked(
                answers,
                "2.5.synthetic",
                "Synthetic data made for training",
                f"Not applicable to this corpus: {why}, none of them made for it. Pages that"
                " machines wrote or translated are on the web, and are not told apart.",
            ),
        ),
        _section(
            "2.6",
            "Other sources of data",
            asked(answers, "2.6.other", "Other sources", f"Not applicable to this corpus: {why}."),
        ),
    ]
