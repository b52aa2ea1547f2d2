"""The training summary on measures: rights, illegal content, personal data (3.1 to 3.3)."""

from audit.papers import statements
from audit.papers.evidence import Evidence
from audit.papers.forms import Field, asked, empty, field, figure, rows, table
from audit.papers.provider import Answers


def rights(seen: Evidence, answers: Answers) -> list[Field]:
    """Section 3.1: protocols that were honoured, each with its count."""
    first, last = seen.at("/rights/robots_first"), seen.at("/rights/robots_last")
    dated = (
        f" The archive's robots.txt files were fetched from {first[:10]} to {last[:10]}."
        if first and last
        else ""
    )
    return [
        asked(answers, "3.1.signatory", "Signatory of the Code of Practice"),
        field(
            "3.1.measures",
            "Measures before and during data collection to respect reservations of rights",
            f"{statements.RESERVATIONS} {statements.policy(seen)}{dated}"
            f" {statements.CRAWLER_BEHAVIOUR}",
            [
                figure(
                    seen,
                    "WARC files of robots.txt that were read",
                    "files",
                    "crawl",
                    "robots_files",
                ),
                figure(seen, "first robots.txt", "time", "rights", "robots_first"),
                figure(seen, "last robots.txt", "time", "rights", "robots_last"),
                figure(
                    seen,
                    "pages whose robots.txt can be read in two ways",
                    "pages",
                    "rights",
                    "robots_ambiguous",
                ),
                figure(seen, "version of the policy", "version", "rights", "policy_version"),
            ],
            [
                table(
                    "Protocols",
                    ("protocol", "channel", "heeded", "count"),
                    statements.protocols(seen),
                ),
                table(
                    "Pages that a channel reserves, heeded or not (one may be by several)",
                    ("channel", "count"),
                    rows(seen.at("/rights/reserved"), "channel", "rights", "reserved"),
                ),
                table(
                    "Other reasons of rights", ("reason", "count"), statements.other_rights(seen)
                ),
                table(
                    "robots.txt files of the archive by state",
                    ("state", "count"),
                    rows(seen.at("/rights/robots_files"), "state", "rights", "robots_files"),
                ),
            ],
        ),
        asked(answers, "3.1.policy", "Link to the copyright policy"),
    ]


def illegal_content(seen: Evidence, answers: Answers) -> list[Field]:
    """Section 3.2: lists of sites, with their digests."""
    return [
        field(
            "3.2.measures",
            "Measures to avoid or remove illegal content",
            statements.illegal(seen),
            [
                figure(
                    seen,
                    "entries of the block list",
                    "domains and addresses",
                    "illegal_content",
                    "block_list_entries",
                )
            ],
            [
                table(
                    "Pages rejected",
                    ("reason", "count"),
                    rows(
                        seen.at("/illegal_content/rejected"),
                        "reason",
                        "illegal_content",
                        "rejected",
                    ),
                )
            ],
        ),
        asked(answers, "3.2.further", "Further measures of the provider"),
    ]


def further(seen: Evidence, answers: Answers) -> list[Field]:
    """Section 3.3: personal data, erasure, duplicates."""
    kept, read = (seen.at(f"/personal_data/in_{where}") for where in ("corpus", "all_documents"))
    return [
        field(
            "3.3.personal_data",
            "Personal data",
            statements.PERSONAL_DATA,
            [],
            [
                table(
                    "Placeholders in kept texts",
                    ("kind", "count"),
                    rows(kept, "kind", "personal_data", "in_corpus"),
                ),
                table(
                    "Placeholders in all extracted texts",
                    ("kind", "count"),
                    rows(read, "kind", "personal_data", "in_all_documents"),
                ),
                table(
                    "Pages rejected as lists of people",
                    ("reason", "count"),
                    rows(seen.at("/personal_data/rejected"), "reason", "personal_data", "rejected"),
                ),
            ],
        ),
        {
            **asked(answers, "dataset.contact", "Requests for erasure and reservations"),
            "id": "3.3.contact",
        },
        field(
            "3.3.duplicates",
            "Duplicates, against memorising",
            statements.duplicates(seen),
            [figure(seen, "pairs that were verified", "pairs", "duplicates", "pairs_verified")],
            [
                table(
                    "Documents removed",
                    ("reason", "count"),
                    rows(seen.at("/duplicates/rejected"), "reason", "duplicates", "rejected"),
                )
            ],
        ),
        empty(
            "3.3.synthetic_detection",
            "Detection of machine-written text",
            "no detector is part of the pipeline.",
        ),
        asked(answers, "3.3.other", "Anything else", "Nothing further."),
    ]
