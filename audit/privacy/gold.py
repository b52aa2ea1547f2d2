"""Labelled texts: invented persons' data put into real page text, in every language and country.

A document is of one subject, who has a telephone, an account, a mail address and the numbers of one
country, and at times more. They stand in sentences, in lines, or in a table, most behind a label of
the document's language; without one only where a detector need not see one. Same seed, same texts.
"""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from random import Random
from typing import Any, Final, NamedTuple

import yaml

from audit.privacy import values
from audit.privacy.identities import Identity, identities

COUNTRIES: Final = (
    "AT", "BE", "BG", "HR", "CY", "CZ", "DK", "EE", "FI", "FR", "DE", "GR", "HU", "IE", "IT",
    "LV", "LT", "LU", "MT", "NL", "PL", "PT", "RO", "SK", "SI", "ES", "SE", "NO", "IS", "LI",
    "CH", "GB", "AL", "BA", "ME", "RS", "MK", "XK", "MD", "UA", "BY", "TR", "RU", "AD", "MC",
    "SM", "VA", "GI", "FO", "GL", "GE", "AZ", "AM",
)  # fmt: skip
"""The countries of specification 3.4."""

RARE: Final = ("EMAIL (hidden)", "CARD", "IP", "MAC", "WALLET", "SECRET")
"""What has no country: in one document of `_RARE_ONE_IN` each."""
_RARE_ONE_IN: Final = 10
_UNLABELLED: Final = 0.25
_MAX_PARAGRAPH: Final = 400
_ENGLISH_LABELS: Final = {
    "IP": ("IP address", "IP"),
    "MAC": ("MAC address", "MAC"),
    "WALLET": ("Bitcoin", "Wallet", "ETH", "BTC"),
    "SECRET": ("Token", "API key", "Key"),
}
_TOP_LEVEL: Final = {"GB": "uk"}
CODES: Final = {"est": "ekk", "lav": "lvs", "sqi": "als"}
"""Codes that a run identifies, where the tables here have the macrolanguage's."""


class Gold(NamedTuple):
    """One labelled range of a document."""

    start: int
    end: int
    kind: str
    country: str | None
    form: str
    label: str
    """What stood before it: "label", "sentence" or "none"."""


@dataclass(frozen=True)
class Document:
    """A labelled text, which no message shows."""

    text: str = field(repr=False)
    language: str | None
    """ISO 639-3."""
    host_tld: str | None
    spans: tuple[Gold, ...]
    paragraphs: tuple[str, ...] = field(repr=False, default=())
    """The page text in it."""
    source: str = "generated"


@cache
def carriers() -> dict[str, dict[str, Any]]:
    """What stands around a value, by language."""
    table = resources.files("audit.privacy").joinpath("carriers.yaml").read_text("utf-8")
    loaded: dict[str, dict[str, Any]] = yaml.safe_load(table)
    return loaded


def languages_of(country: str) -> list[str]:
    """The languages in which numbers of a country are written."""
    return [language for language, words in carriers().items() if country in words["of"]]


@cache
def unseen() -> dict[str, Any]:
    """Labels that no detector was written with: see the head of `unseen.yaml`."""
    table = resources.files("audit.privacy").joinpath("unseen.yaml").read_text("utf-8")
    loaded: dict[str, Any] = yaml.safe_load(table)
    return loaded


def documents(
    texts: Mapping[str, Sequence[str]],
    subjects: int,
    countries: Iterable[str] = COUNTRIES,
    seed: str = "gold",
) -> Iterator[Document]:
    """So many documents a country; `texts` are paragraphs of pages by language (ISO 639-3)."""
    for country in countries:
        for number in range(subjects):
            chance = Random(f"{seed}/{country}/{number}")  # noqa: S311 - the same every time
            yield _document(chance, country, texts)


def unseen_documents(
    texts: Mapping[str, Sequence[str]], of_each: int, seed: str = "unseen"
) -> Iterator[Document]:
    """So many documents for each label of `unseen.yaml`, with that value alone between page texts.

    A telephone or an account is of a country in which the label's language is written.
    """
    numbers = {f"{row.country} {row.name}": row for row in identities()}
    for kind in ("phone", "iban", "identities"):
        table = unseen()[kind]
        for key, labels in table.items():
            for label, number in itertools.product(labels, range(of_each)):
                chance = Random(f"{seed}/{kind}/{key}/{label}/{number}")  # noqa: S311 - the same every time
                country = key[:2] if kind == "identities" else None
                country = country or chance.choice(carriers()[key]["of"])
                language = chance.choice(languages_of(country)) if key not in carriers() else key
                frame = chance.choice((*_LINES, *carriers()[language]["say"]))
                if kind == "identities":
                    row = numbers[key]
                    value, of = row.written(chance), row.kind
                else:
                    of = kind.upper()
                    made = values.Of[of](chance, country)
                    if made is None or "+" in made.text:
                        continue
                    value = made.text
                piece = _framed(frame, label, value, (of, country, f"{key} {label}", "unseen"))
                yield _between(chance, country, language, [piece], texts)


class _Piece(NamedTuple):
    before: str
    value: str
    after: str
    gold: tuple[str, str | None, str, str]


def _document(chance: Random, country: str, texts: Mapping[str, Sequence[str]]) -> Document:
    language = chance.choice(languages_of(country))
    pieces = [piece for piece in _pieces(chance, country, language) if piece]
    chance.shuffle(pieces)
    return _between(chance, country, language, pieces, texts)


def _between(
    chance: Random,
    country: str,
    language: str,
    pieces: Sequence[_Piece],
    texts: Mapping[str, Sequence[str]],
) -> Document:
    """The pieces in page text, as lines or in the run of it."""
    known = texts.get(language) or [p for each in sorted(texts) for p in texts[each][:20]]
    paragraphs = [p[:_MAX_PARAGRAPH] for p in chance.choices(known, k=3)]
    parts: list[str | _Piece] = []
    if chance.random() < 0.5:
        parts += [paragraphs[0], "\n"]
        for piece in pieces:
            parts += [piece, "\n"]
        parts += [paragraphs[1], "\n", paragraphs[2]]
    else:
        for number, piece in enumerate(pieces):
            parts += [paragraphs[number % 3], chance.choice(("\n", " ")), piece]
            parts += [chance.choice(("\n", " "))]
    text, spans = "", []
    for part in parts:
        if isinstance(part, str):
            text += part
            continue
        kind, where, form, label = part.gold
        start = len(text) + len(part.before)
        spans.append(Gold(start, start + len(part.value), kind, where, form, label))
        text += part.before + part.value + part.after
    tld = _TOP_LEVEL.get(country, country.lower()) if chance.random() < 0.5 else None
    code = CODES.get(language, language)
    return Document(text, code, tld, tuple(spans), tuple(paragraphs))


def _pieces(chance: Random, country: str, language: str) -> Iterator[_Piece | None]:
    words = carriers()[language]
    for kind, name in (("PHONE", "phone"), ("IBAN", "iban"), ("EMAIL", "mail")):
        value = values.Of[kind](chance, country)
        if value:
            yield _contact(chance, kind, value, country, words, words[name])
    for kind in RARE:
        if chance.randrange(_RARE_ONE_IN) == 0:
            value = values.Of[kind](chance, country)
            labels = _ENGLISH_LABELS.get(kind) or words["mail" if "EMAIL" in kind else "card"]
            if value:
                yield _contact(chance, kind, value, None, words, labels)
    for kind in ("NATIONAL_ID", "TAX_ID"):
        rows = [row for row in identities() if (row.country, row.kind) == (country, kind)]
        if rows:
            yield _identity(chance, chance.choice(rows), words)


_LINES: Final = ("{label}: {value}", "{label} {value}", "{label}:{value}", "{label} | {value}",
                 "- {label}: {value}", "{label}\t{value}", "({label} {value})",
                 "{label} - {value}")  # fmt: skip
_BARE: Final = ("{value}", "- {value}", "({value})", "| {value} |", "{value},")


def _contact(
    chance: Random,
    kind: str,
    value: values.Value,
    country: str | None,
    words: Mapping[str, Any],
    labels: Sequence[str],
) -> _Piece:
    can_be_said = {"PHONE": "call", "EMAIL": "write", "EMAIL (hidden)": "write"}.get(kind)
    if can_be_said and chance.random() < 0.3 and (kind != "PHONE" or "run" not in value.form):
        frame, how, label = chance.choice(words[can_be_said]), "sentence", ""
    elif not value.needs_label and chance.random() < _UNLABELLED:
        frame, how, label = chance.choice(_BARE), "none", ""
    else:
        label, how = chance.choice(labels), "label"
        frame = chance.choice((*_LINES, *words["say"]))
        if kind == "IP":
            frame = frame.replace("}:{", "}: {")  # a colon is part of an address
    if kind == "WALLET":
        label = {"e": "ETH"}.get(value.form[0], label if label != "ETH" else "BTC")
    return _framed(frame, label, value.text, (kind, country, value.form, how))


def _identity(chance: Random, row: Identity, words: Mapping[str, Any]) -> _Piece:
    if row.is_free and chance.random() < _UNLABELLED:
        frame, label, how = chance.choice(_BARE), "", "none"
    else:
        frame, how = chance.choice((*_LINES, *words["say"])), "label"
        label = chance.choice(row.labels)
    return _framed(
        frame, label, row.written(chance), (row.kind, row.country, f"{row.country} {row.name}", how)
    )


def _framed(frame: str, label: str, value: str, gold: tuple[str, str | None, str, str]) -> _Piece:
    before, _, after = frame.replace("{label}", label).partition("{value}")
    return _Piece(before, value, after, gold)
