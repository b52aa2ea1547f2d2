"""How well personal data is found, as the numbers of `docs/personal-data-results.md`.

    python -m audit.privacy.evaluate --labelled pii_dev.parquet --pages bulk_dev.warc.gz

prints JSON: recall, precision, F2 and leaks on labelled sets and on our generated texts, false
redactions in hard negatives, and what share of real pages is redacted. No text is printed. A set
whose file is missing is left out, and said so on stderr.
"""

import argparse
import hashlib
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pyarrow.parquet as pq

from audit.privacy import gold, negatives, pages, score
from audit.privacy.gold import Document, Gold
from audit.privacy.score import Found
from filters import pii
from langid import tags

Detect = Callable[[Sequence[Document]], list[list[Found]]]
"""Redactions of each document, in order, sorted and apart."""

SUBJECTS: Final = 300
"""Subjects a country: so many instances of each kind that it has."""
NEGATIVES_OF_EACH: Final = 500
UNSEEN_OF_EACH: Final = 5

KINDS: Final = {
    "NATIONAL_ID": "NATIONAL_ID",
    "US_SSN": "NATIONAL_ID",
    "US_DRIVER_LICENSE": "NATIONAL_ID",
    "COMPANY_ID": "TAX_ID",
    "PHONE": "PHONE",
    "PHONE_NUMBER": "PHONE",
    "EMAIL": "EMAIL",
    "EMAIL_ADDRESS": "EMAIL",
    "IBAN_CODE": "IBAN",
    "ACCOUNT_ID": "IBAN",
    "CREDIT_CARD": "CARD",
    "IP_ADDRESS": "IP",
}
"""Labels of third-party sets that name what we redact; a redaction of any other label is false."""


def ours(documents: Sequence[Document]) -> list[list[Found]]:
    """What `filters.pii` redacts, told the document's language and host."""
    return [
        [Found(s.start, s.end, s.kind) for s in pii.find(d.text, d.language, d.host_tld)]
        for d in documents
    ]


def labelled(path: Path) -> dict[str, list[Document]]:
    """Sets of a Parquet file with the columns source, language, text and spans, by source."""
    found: dict[str, list[Document]] = {}
    for row in pq.read_table(path).to_pylist():
        language = tags.normalise(row["language"]).partition("_")[0]
        spans = tuple(
            Gold(s["start"], s["end"], KINDS[s["label"]], None, s["label"], "")
            for s in row["spans"]
            if s["label"] in KINDS
        )
        document = Document(row["text"], language, None, spans, (), row["source"])
        found.setdefault(row["source"], []).append(document)
    return found


def of_paragraphs(documents: Iterable[Document], detect: Detect) -> dict[str, frozenset[str]]:
    """The strings that are redacted in each paragraph of page text by itself."""
    alone = {
        paragraph: Document(paragraph, document.language, document.host_tld, ())
        for document in documents
        for paragraph in document.paragraphs
    }
    found = detect(list(alone.values())) if alone else []
    return {
        paragraph: frozenset(paragraph[each.start : each.end] for each in spans)
        for paragraph, spans in zip(alone, found, strict=True)
    }


def scored(
    documents: Sequence[Document], detect: Detect, kinds: frozenset[str] | None = None
) -> score.Scores:
    """Scores of a detector on labelled texts."""
    return score.score(documents, detect(documents), of_paragraphs(documents, detect), kinds)


def false_redactions(documents: Sequence[Document], detect: Detect) -> dict[str, Any]:
    """Of hard negatives, how many had some of their string redacted, by kind of string."""
    found: Counter[str] = Counter()
    by_kind: Counter[str] = Counter()
    for document, spans in zip(documents, detect(documents), strict=True):
        string = document.spans[0]
        touching = [s for s in spans if s.start < string.end and string.start < s.end]
        if touching:
            found[string.form] += 1
            by_kind[touching[0].kind] += 1
    total = sum(found.values())
    return {
        "strings": len(documents),
        "kinds": len({d.spans[0].form for d in documents}),
        "languages": len({d.language for d in documents}),
        "false": total,
        "per_10000": total / len(documents) * 10_000,
        "by_string": dict(sorted(found.items())),
        "by_redaction": dict(sorted(by_kind.items())),
    }


def damage(real: Sequence[pages.Page]) -> dict[str, Any]:
    """Characters redacted for a million of real pages, by kind and language."""
    characters: Counter[str] = Counter()
    redacted: Counter[tuple[str, str]] = Counter()
    spans: Counter[str] = Counter()
    touched = 0
    for page in real:
        characters[page.language] += len(page.text)
        found = pii.find(page.text, page.language, page.host_tld)
        touched += bool(found)
        for span in found:
            spans[span.kind] += 1
            redacted[page.language, span.kind] += span.end - span.start
    whole = sum(characters.values())
    by_kind: Counter[str] = Counter()
    by_language: Counter[str] = Counter()
    for (language, kind), count in redacted.items():
        by_kind[kind] += count
        by_language[language] += count
    return {
        "pages": len(real),
        "pages_redacted": touched,
        "characters": whole,
        "redactions": dict(sorted(spans.items())),
        "redacted_per_million": sum(by_kind.values()) / whole * 1e6,
        "by_kind": {kind: count / whole * 1e6 for kind, count in sorted(by_kind.items())},
        "by_language": {
            language: by_language[language] / count * 1e6
            for language, count in characters.most_common(25)
        },
    }


def digest(documents: Iterable[Document]) -> str:
    """SHA-256 over texts and labels."""
    made = hashlib.sha256()
    for document in documents:
        labels = [list(span) for span in document.spans]
        made.update(json.dumps([document.text, labels]).encode())
    return made.hexdigest()


def generated(texts: Mapping[str, Sequence[str]], subjects: int = SUBJECTS) -> list[Document]:
    """The generator's documents, of every country."""
    return list(gold.documents(texts, subjects))


def main() -> None:
    """Print the measurements as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--labelled", type=Path, help="Parquet: source, language, text, spans")
    parser.add_argument("--pages", type=Path, help="WARC file of real pages")
    parser.add_argument("--subjects", type=int, default=SUBJECTS)
    parser.add_argument("--negatives", type=int, default=NEGATIVES_OF_EACH)
    given = parser.parse_args()
    real: list[pages.Page] = []
    if given.pages and given.pages.is_file():
        _say(f"extracting {given.pages.name}")
        real = list(pages.real(given.pages))
    else:
        _say("no real pages: generated texts are of our samples alone")
    texts = pages.paragraphs(real)
    made: dict[str, Any] = {"sets": {}, "subjects": given.subjects}
    sets = {"generated": generated(texts, given.subjects)}
    if given.labelled and given.labelled.is_file():
        sets |= labelled(given.labelled)
    else:
        _say("no third-party labels")
    for name, documents in sets.items():
        _say(f"scoring {name}")
        began = time.process_time()
        found = scored(documents, ours).as_dict()
        found |= {"documents": len(documents), "sha256": digest(documents)}
        made["sets"][name] = found
        _say(f"{name}: {time.process_time() - began:.0f} s")
    hard = list(negatives.documents(texts, given.negatives))
    made["negatives"] = false_redactions(hard, ours)
    unseen = list(gold.unseen_documents(texts, UNSEEN_OF_EACH))
    found = scored(unseen, ours).as_dict()
    named = list(negatives.unseen_documents(texts, UNSEEN_OF_EACH))
    made["unseen"] = {
        "labels": {**found, "documents": len(unseen), "sha256": digest(unseen)},
        "names": false_redactions(named, ours),
    }
    made["real"] = damage(real) if real else None
    json.dump(made, sys.stdout, indent=1)


def _say(what: str) -> None:
    sys.stderr.write(f"{what}\n")


if __name__ == "__main__":
    main()
