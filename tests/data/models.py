"""Tiny models of our own making: a classifier, a tokenizer and an n-gram model."""

import hashlib
from pathlib import Path

import fasttext
import pytest

from filters import quality
from filters.text import TextView

GOOD = "Der Garten am Haus ist groß und alt und die Bäume tragen im Herbst viele Äpfel"
BAD = "billig kaufen jetzt klick hier angebot rabatt gratis sofort bestellen"

ARPA = """\\data\\
ngram 1=5
ngram 2=3

\\1-grams:
-2.0\t<unk>
0\t<s>\t-0.5
-1.5\t</s>
-1.2\tder\t-0.4
-1.4\thund\t-0.4

\\2-grams:
-1.0\t<s> der
-0.3\tder hund
-0.5\thund </s>

\\end\\
"""
"""Made up by hand: log10 probabilities of `der hund` are -1.0, -0.3, and -0.5 of the end."""


def digest_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_classifier(path: Path) -> str:
    """A fastText classifier of two classes; its SHA-256."""
    listing = path.with_suffix(".txt")
    lines = []
    for label, text in ((quality.POSITIVE, GOOD), (quality.NEGATIVE, BAD)):
        words = quality.prepare(TextView(text)).split()
        lines += [f"{quality.LABEL}{label} {' '.join(words[n % 3 : n % 3 + 5])}" for n in range(60)]
    listing.write_text("\n".join(lines) + "\n", encoding="utf-8")
    model = fasttext.train_supervised(
        str(listing), dim=4, epoch=20, lr=0.5, thread=1, seed=1, verbose=0, bucket=100
    )
    model.save_model(str(path))
    return digest_of(path)


def write_tokenizer(path: Path) -> str:
    """A BPE tokenizer with one merge; its SHA-256."""
    tokenizers = pytest.importorskip("tokenizers", reason="the extra weir-corpus[tokenizers]")
    vocabulary = {"[UNK]": 0, "a": 1, "b": 2, "ab": 3, " ": 4}
    pairs = tokenizers.models.BPE(vocab=vocabulary, merges=[("a", "b")], unk_token="[UNK]")  # noqa: S106
    made = tokenizers.Tokenizer(pairs)
    made.enable_truncation(max_length=10)
    made.save(str(path))
    return digest_of(path)
