"""The public summary of training content (Regulation (EU) 2024/1689, Article 53(1)(d)).

Fields carry the numbers of the Commission's template (C(2025) 5235 of 24 July 2025, adopted anew as
C(2025) 8311 on 5 December 2025). The provider of a model files the summary; this is the part of it
that a corpus can answer. Shape: `ai_act.schema.json` beside this file.
"""

from collections.abc import Mapping
from typing import Any

from audit.papers import statements
from audit.papers.evidence import SME_MOST, Evidence
from audit.papers.forms import (
    NOTICE,
    Field,
    asked,
    check,
    empty,
    field,
    figure,
    identity,
    rows,
    table,
)
from audit.papers.provider import Answers
from langid import tags

SCHEMA_VERSION = 1
BILLION = 10**9
TEMPLATE = {
    "title": "Template for the Public Summary of Training Content for general-purpose AI models",
    "legal_basis": "Regulation (EU) 2024/1689, Article 53(1)(d)",
    "reference": "C(2025) 5235 final; C(2025) 8311 final",
}
SHOWN = ("documents", "text_bytes")
FILES = {"top10pct": "domains_top10pct.csv", "sme": "domains_sme.csv", "all": "domains.csv"}
"""Lists of domains beside the summary."""


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
                *_size(seen, answers),
            ),
            _section("2.1", "Publicly available datasets", *_public(seen, answers)),
            _section(
                "2.2",
                "Private non-publicly available datasets obtained from third parties",
                *_private(answers),
            ),
            _section(
                "2.3", "Data crawled and scraped from online sources", *_crawled(seen, answers)
            ),
            *_others(answers),
            _section(
                "3.1",
                "Respect of reservation of rights from the text and data mining "
                "exception or limitation",
                *_rights(seen, answers),
            ),
            _section("3.2", "Removal of illegal content", *_illegal(seen, answers)),
            _section("3.3", "Other information", *_further(seen, answers)),
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


def _size(seen: Evidence, answers: Answers) -> list[Field]:
    languages = seen.at("/languages")
    names = {tag: tags.BY_TAG[tag].name if tag in tags.BY_TAG else tag for tag in languages}
    union = {tag: languages[tag] for tag in tags.EU24}
    others = {tag: sums for tag, sums in languages.items() if tag not in union}
    columns = ("language", "documents", "text_bytes", "words")
    missing = [names[tag] for tag, sums in union.items() if not sums["documents"]]
    without = f" Without a document: {', '.join(missing)}." if missing else " All 24 are present."
    return [
        field("1.3.modality", "Modality", "Text. No images, audio or video."),
        asked(answers, "1.3.other_modalities", "Other modalities of the model's training data"),
        field(
            "1.3.size",
            "Training data size",
            size_bin(seen.at("/corpus")),
            [
                figure(seen, "documents", "documents", "corpus", "documents"),
                figure(seen, "text", "bytes of UTF-8", "corpus", "text_bytes"),
                figure(seen, "characters", "code points", "corpus", "characters"),
                figure(seen, "words", "words of the segmenter", "corpus", "words"),
                figure(seen, "tokens", statements.tokenizer(seen), "corpus", "tokens"),
            ],
        ),
        field("1.3.content", "Types of content", statements.content(seen)),
        field(
            "1.3.latest",
            "Latest date of data acquisition (MM/YYYY)",
            month(seen.at("/crawl/last_kept")),
            [figure(seen, "latest fetch of a kept page", "time", "crawl", "last_kept")],
        ),
        asked(answers, "1.3.continuous", "Whether data are acquired after that date"),
        field(
            "1.3.languages",
            "Linguistic characteristics",
            f"{seen.at('/corpus/languages')} languages, identified by model and not by declaration."
            f" The 24 official languages of the Union come first.{without}",
            [figure(seen, "languages", "languages", "corpus", "languages")],
            [
                table(
                    "Official languages of the Union",
                    columns,
                    rows(union, "language", "languages", names=names),
                ),
                table(
                    "Other languages", columns, rows(others, "language", "languages", names=names)
                ),
            ],
        ),
        field(
            "1.3.other",
            "Other characteristics: countries and varieties",
            "Countries are those of country-code domains, which say where a site is registered and"
            " not where its author is from. Varieties are told apart by top-level domain, or by"
            " written standard where a language has two. Nothing is known of the people who wrote.",
            [],
            [
                table(
                    "Countries by domain",
                    ("country", *SHOWN),
                    rows(seen.at("/countries"), "country", "countries"),
                ),
                *(
                    table(
                        f"Varieties of {_named(tag)}",
                        ("variety", *SHOWN),
                        rows(part, "variety", "varieties", tag),
                    )
                    for tag, part in seen.at("/varieties").items()
                ),
            ],
        ),
    ]


def _named(tag: str) -> str:
    first = tag.partition("/")[0]
    return {"nno_Latn": "Norwegian", "srp_Cyrl": "Serbian"}.get(first, tags.BY_TAG[first].name)


def size_bin(corpus: Mapping[str, Any]) -> str:
    """The template's class of size in tokens, as far as it follows from what was counted.

    A token of a model over bytes is a byte at least, and nearly every word is a token at least; so
    bytes bound the tokens from above, and words from below.
    """
    low = high = corpus["tokens"]
    how = "counted with the tokenizer that the run names"
    if low is None:
        low, high = corpus["words"], corpus["text_bytes"]
        how = "no tokenizer was named: tokens lie between the words and the bytes below"
    classes = [_class(count) for count in (low, high)]
    if classes[0] == classes[1]:
        return f"{classes[0]} ({how})"
    return f"{classes[0]} or {classes[1]}: name a tokenizer in the configuration to know ({how})"


def _class(tokens: int) -> str:
    if tokens < BILLION:
        return "Less than 1 billion tokens"
    return "1 billion to 10 trillion tokens" if tokens <= 10**13 else "More than 10 trillion tokens"


def month(time: str | None) -> str:
    """MM/YYYY of a time."""
    return f"{time[5:7]}/{time[:4]}" if time else "no page was kept"


def _public(seen: Evidence, answers: Answers) -> list[Field]:
    snapshots = seen.at("/crawl/snapshots")
    listed = [
        {
            "dataset": statements.dataset_name(snapshot),
            "link": statements.snapshot_link(snapshot),
            **sums,
            "check": check("crawl", "snapshots", snapshot),
        }
        for snapshot, sums in snapshots.items()
    ]
    return [
        field(
            "2.1.used",
            "Publicly available datasets compiled by third parties",
            "Yes. Web archives that others crawled count here, not under 2.3.",
        ),
        field("2.1.modalities", "Modalities", "Text"),
        field(
            "2.1.large",
            "List of large publicly available datasets",
            statements.selection(seen),
            [
                figure(seen, "files of the archive that were read", "files", "crawl", "warc_files"),
                figure(seen, "responses read", "responses", "crawl", "responses"),
                figure(seen, "documents kept", "documents", "crawl", "kept"),
                figure(seen, "responses rejected", "responses", "crawl", "rejected"),
                figure(seen, "records set aside unread", "records", "crawl", "quarantined"),
                figure(seen, "first fetch of a kept page", "time", "crawl", "first_kept"),
                figure(seen, "last fetch of a kept page", "time", "crawl", "last_kept"),
            ],
            [table("Datasets", ("dataset", "link", *SHOWN), listed)],
        ),
        asked(
            answers,
            "2.1.other",
            "General description of other publicly available datasets",
            "None in this corpus.",
        ),
    ]


def _private(answers: Answers) -> list[Field]:
    none = "No. This corpus holds none."
    return [
        asked(answers, "2.2.licensed", "Datasets commercially licensed by rightsholders", none),
        asked(answers, "2.2.private", "Private datasets obtained from other third parties", none),
    ]


def _crawled(seen: Evidence, answers: Answers) -> list[Field]:
    first, last = (month(seen.at(f"/crawl/{end}_kept")) for end in ("first", "last"))
    volunteered = "Given voluntarily: the crawler was another's. "
    return [
        asked(
            answers,
            "2.3.used",
            "Crawlers used by the provider or on its behalf",
            "No crawler was run for this corpus; it was made from an archive (2.1).",
        ),
        field("2.3.crawler", "Crawler name and identifier", volunteered + statements.crawler(seen)),
        field("2.3.purpose", "Purposes of the crawler", volunteered + statements.CRAWLER_PURPOSE),
        field("2.3.behaviour", "Behaviour of the crawler", statements.CRAWLER_BEHAVIOUR),
        field(
            "2.3.period",
            "Period of data collection (MM/YYYY to MM/YYYY)",
            f"{first} to {last}",
            [
                figure(seen, "first fetch of a kept page", "time", "crawl", "first_kept"),
                figure(seen, "last fetch of a kept page", "time", "crawl", "last_kept"),
            ],
        ),
        field(
            "2.3.sources",
            "Types of content and of online sources",
            statements.content(seen) + " Top-level domains are below; languages, countries and"
            " varieties are under 1.3.",
            [],
            [
                table(
                    "Top-level domains",
                    ("domain", *SHOWN),
                    rows(seen.at("/top_level_domains"), "domain", "top_level_domains"),
                )
            ],
        ),
        field("2.3.modalities", "Modalities", "Text"),
        field(
            "2.3.domains",
            "Most relevant domain names",
            "Registrable domains by the Public Suffix List, ranked by the bytes of text that were"
            " kept, ties by name. domains_top10pct.csv: the top 10 %; domains_sme.csv: for"
            f" small and medium-sized enterprises, the top 5 % or {SME_MOST:,}, whichever is lower;"
            " domains.csv: all of them. Hosts that are numbers are counted, not listed.",
            [
                *(
                    figure(seen, f"{what} in {file}", unit, "domains", name, key)
                    for name, file in FILES.items()
                    for what, unit, key in (
                        ("domains", "domains", "domains"),
                        ("text of the domains", "bytes of UTF-8", "text_bytes"),
                    )
                ),
                figure(
                    seen,
                    "documents without a domain name",
                    "documents",
                    "domains",
                    "without_domain",
                    "documents",
                ),
                figure(
                    seen,
                    "version of the Public Suffix List",
                    "version",
                    "domains",
                    "public_suffix_list",
                    "version",
                ),
            ],
        ),
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


def _rights(seen: Evidence, answers: Answers) -> list[Field]:
    first, last = seen.at("/rights/robots_first"), seen.at("/rights/robots_last")
    dated = f" The files were fetched from {first[:10]} to {last[:10]}." if first and last else ""
    return [
        asked(answers, "3.1.signatory", "Signatory of the Code of Practice"),
        field(
            "3.1.measures",
            "Measures before and during data collection to respect reservations of rights",
            statements.RESERVATIONS + " " + statements.CRAWLER_BEHAVIOUR + dated,
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
            ],
            [
                table(
                    "Protocols",
                    ("protocol", "channel", "heeded", "count"),
                    statements.protocols(seen),
                ),
                table(
                    "Other reasons of rights", ("reason", "count"), statements.other_rights(seen)
                ),
                table(
                    "robots.txt by state, hosts",
                    ("state", "count"),
                    rows(seen.at("/rights/robots_hosts"), "state", "rights", "robots_hosts"),
                ),
            ],
        ),
        asked(answers, "3.1.policy", "Link to the copyright policy"),
    ]


def _illegal(seen: Evidence, answers: Answers) -> list[Field]:
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


def _further(seen: Evidence, answers: Answers) -> list[Field]:
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
