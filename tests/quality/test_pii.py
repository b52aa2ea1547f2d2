"""Floors of redaction: on generated texts always, on third-party texts where they are present.

A floor is a score with the digest of the texts that it was measured on. To pin anew after the texts
changed, enter the digest and the scores that the test prints; a floor is lowered only with a
changelog line. docs/personal-data-results.md has the same over many more texts.
"""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from audit.privacy import evaluate, negatives, pages
from audit.privacy.gold import Document
from audit.privacy.score import Tally

LABELLED = Path(__file__).parents[3] / "shared" / "data" / "pii_dev.parquet"
LABELLED_SHA256 = "e8a02d5d886e53f5fcc202bed1f2cbd8a6f163949cde0e5bc4d54f60dfb648ed"

SUBJECTS = 8
GENERATED_SHA256 = "8b5daa9c221b1d74a60fef4bc27e7d213a7657faed7c28ead25dfb1e48b9d655"
NEGATIVES_OF_EACH = 40
NEGATIVES_SHA256 = "e36bab0f79b61b7094875ec1545eafd2fb64659439f225980f69fe6dd97b577c"

# Recall and precision by kind, measured on 2026-11-22 and cut to two digits.
FLOORS = {
    "CARD": (1.0, 1.0),
    "EMAIL": (1.0, 1.0),
    "EMAIL (hidden)": (1.0, 0.0),
    "IBAN": (1.0, 1.0),
    "IP": (1.0, 1.0),
    "MAC": (1.0, 1.0),
    "NATIONAL_ID": (1.0, 1.0),
    "PHONE": (0.99, 1.0),
    "SECRET": (1.0, 1.0),
    "TAX_ID": (1.0, 1.0),
    "WALLET": (1.0, 1.0),
}
# Of 1,880 strings.
MAX_FALSE = 0

DIRECT = ("EMAIL", "PHONE", "IBAN", "CARD", "NATIONAL_ID", "TAX_ID", "IP")
MIN_THIRD_PARTY = 0.99


@pytest.fixture(scope="module")
def texts() -> Mapping[str, Sequence[str]]:
    return pages.paragraphs()


def _scored(documents: Sequence[Document]) -> dict[str, Tally]:
    return dict(evaluate.scored(documents, evaluate.ours).kinds)


def test_generated_texts_are_redacted(texts: Mapping[str, Sequence[str]]) -> None:
    documents = evaluate.generated(texts, SUBJECTS)
    assert evaluate.digest(documents) == GENERATED_SHA256, "texts changed: measure the floors anew"
    kinds = _scored(documents)
    measured = {
        kind: (tally.as_dict()["recall"], tally.as_dict()["precision"])
        for kind, tally in kinds.items()
    }
    below = {
        kind: measured[kind]
        for kind, (recall, precision) in FLOORS.items()
        if measured[kind][0] < recall or (measured[kind][1] or 0) < precision
    }
    assert not below, f"measured {measured}"


def test_hard_negatives_stay(texts: Mapping[str, Sequence[str]]) -> None:
    documents = list(negatives.documents(texts, NEGATIVES_OF_EACH))
    assert evaluate.digest(documents) == NEGATIVES_SHA256, "texts changed: measure the floor anew"
    found = evaluate.false_redactions(documents, evaluate.ours)
    assert found["false"] <= MAX_FALSE, found


def test_third_party_texts_are_redacted() -> None:
    if not LABELLED.is_file():
        pytest.skip(f"NOT RUN: {LABELLED} is missing, so recall on third-party texts is unchecked")
    assert hashlib.sha256(LABELLED.read_bytes()).hexdigest() == LABELLED_SHA256
    for source, documents in evaluate.labelled(LABELLED).items():
        kinds = _scored(documents)
        for kind in DIRECT:
            if kind in kinds and kinds[kind].labelled:
                made = kinds[kind].as_dict()
                assert made["recall"] >= MIN_THIRD_PARTY, (source, kind, made)
                assert made["precision"] >= MIN_THIRD_PARTY, (source, kind, made)
