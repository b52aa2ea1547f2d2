"""Print what is missed in generated texts, and what is redacted in hard negatives, with context.

    python -m audit.privacy.show [KIND] [--subjects 30] [--negatives 200] [--limit 60]

For those who write detectors. All of it is invented: the page text is that of our samples.
"""

import argparse
import sys
from collections import Counter

from audit.privacy import evaluate, negatives, pages
from audit.privacy.gold import Document

_AROUND = 40


def main() -> None:
    """Print misses of a kind (of every kind without one), then false redactions."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", nargs="?")
    parser.add_argument("--subjects", type=int, default=30)
    parser.add_argument("--negatives", type=int, default=200)
    parser.add_argument("--limit", type=int, default=60)
    given = parser.parse_args()
    texts = pages.paragraphs()
    documents = evaluate.generated(texts, given.subjects)
    made = evaluate.scored(documents, evaluate.ours)
    for kind, tally in sorted(made.kinds.items()):
        _say(f"{kind:16} {tally.found:,} of {tally.labelled:,} found, {tally.false:,} false")
    missed = [(n, g) for n, g in made.missed if given.kind in (None, g.kind)]
    for (kind, form), count in Counter((g.kind, g.form) for _, g in missed).most_common():
        _say(f"missed {count:5} {kind} {form}")
    for number, gold in missed[: given.limit]:
        _say(f"{gold.kind} {gold.form} {gold.label} {_context(documents[number], *gold[:2])}")
    for number, found in made.false[: given.limit]:
        _say(f"false {found.kind} {_context(documents[number], found.start, found.end)}")
    hard = list(negatives.documents(texts, given.negatives))
    for document, spans in zip(hard, evaluate.ours(hard), strict=True):
        string = document.spans[0]
        touching = [s for s in spans if s.start < string.end and string.start < s.end]
        if touching and given.kind in (None, touching[0].kind):
            _say(f"hard {string.form}: {touching[0].kind} {_context(document, *string[:2])}")


def _context(document: Document, start: int, end: int) -> str:
    shown = document.text[max(0, start - _AROUND) : end + _AROUND]
    return f"[{document.language} {document.host_tld}] {shown!r}"


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()
