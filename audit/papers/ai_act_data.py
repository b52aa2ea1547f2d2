"""The training summary on the data: size, languages, sources, domains (1.3, 2.1, 2.3)."""

from collections.abc import Mapping
from typing import Any

from audit.papers import statements
from audit.papers.evidence import SME_MOST, Evidence
from audit.papers.forms import Field, asked, check, field, figure, rows, table
from audit.papers.provider import Answers
from langid import tags

BILLION = 10**9
SHOWN = ("documents", "text_bytes")
FILES = {"top10pct": "domains_top10pct.csv", "sme": "domains_sme.csv", "all": "domains.csv"}
"""Lists of domains beside the summary."""


def size(seen: Evidence, answers: Answers) -> list[Field]:
    """Section 1.3: size, kinds of content, languages, countries and varieties."""
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
            " written standard where a language has two; those without a document are not listed."
            " Nothing is known of the people who wrote.",
            [],
            [
                table(
                    "Countries by domain",
                    ("country", *SHOWN),
                    rows(seen.at("/countries"), "country", "countries"),
                ),
                table(
                    "Varieties by domain or tag",
                    ("language", "variety", *SHOWN),
                    [
                        {"language": _named(name), **row}
                        for name, part in seen.at("/varieties").items()
                        for row in rows(part, "variety", "varieties", name)
                        if row["documents"]
                    ],
                ),
            ],
        ),
    ]


def _named(name: str) -> str:
    return tags.BY_TAG[name].name if name in tags.BY_TAG else name


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


def public_datasets(seen: Evidence, answers: Answers) -> list[Field]:
    """Section 2.1: the snapshots, and how a part of them was chosen."""
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


def crawled(seen: Evidence, answers: Answers) -> list[Field]:
    """Section 2.3, voluntary where another crawled: behaviour, period, kinds of sites, domains."""
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
            statements.content(seen)
            + " Sites are told apart by name as far as names tell. Languages,"
            " countries and varieties are under 1.3.",
            [],
            [
                table(
                    "Kinds of sites",
                    ("kind", "domains", *SHOWN),
                    rows(seen.at("/site_kinds"), "kind", "site_kinds"),
                ),
                table(
                    "Top-level domains",
                    ("domain", *SHOWN),
                    rows(seen.at("/top_level_domains"), "domain", "top_level_domains"),
                ),
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
