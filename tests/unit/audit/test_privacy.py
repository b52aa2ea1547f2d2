"""The evaluation of redaction: check digits of published examples, labels that fit, scores."""

import itertools
from random import Random as Chance

import phonenumbers
import pytest
from stdnum import bitcoin, iban, luhn

from audit.privacy import digits, gold, identities, negatives, score, values
from audit.privacy.gold import Document, Gold
from audit.privacy.score import Found


def chance(seed: int) -> Chance:
    return Chance(seed)  # noqa: S311 - the same every time


TEXTS = {"eng": ["The mill stands where the brook leaves the wood, and turns in wet weather only."]}


@pytest.mark.parametrize(
    ("made", "number"),
    [
        # Deutsche Rentenversicherung's, gematik's, Russia's Pension Fund's and the EU's examples.
        (digits.de_pension_check, "65170839J003"),
        (digits.de_health_check, "A000500015"),
        (digits.ru_snils_check, "11223344595"),
        (digits.hu_tax_check, "8071592153"),
        (digits.icao_check, "L01X00T471"),
    ],
)
def test_check_digits_are_those_of_published_numbers(made: object, number: str) -> None:
    size = 2 if made is digits.ru_snils_check else 1
    assert made(number[:-size]) == number[-size:]  # type: ignore[operator]


@pytest.mark.parametrize(
    "row", identities.identities(), ids=lambda row: f"{row.country}-{row.name}"
)
def test_an_identity_fills_each_of_its_shapes(row: identities.Identity) -> None:
    number = row.make(chance(1))
    assert {shape.count("#") for shape in row.shapes} == {len(number)}
    assert row.written(chance(2)) == row.written(chance(2))
    assert row.labels
    assert all(row.labels)


def test_every_country_has_a_language_and_every_language_a_name() -> None:
    assert all(gold.languages_of(country) for country in gold.COUNTRIES)
    assert len(gold.carriers()) >= 30
    named = {country for words in gold.carriers().values() for country in words["of"]}
    assert named <= {*gold.COUNTRIES, "US"}


@pytest.mark.parametrize("country", gold.COUNTRIES)
def test_telephones_and_accounts_are_the_country_s(country: str) -> None:
    for seed in range(20):
        phone = values.phone(chance(seed), country)
        parsed = phonenumbers.parse(phone.text, country)
        assert phonenumbers.is_possible_number(parsed), phone.form
        account = values.account(chance(seed), country)
        if account is not None:
            assert iban.compact(account.text)[:2] == country
            assert iban.is_valid(account.text)


def test_cards_wallets_and_addresses_are_valid() -> None:
    for seed in range(100):
        assert luhn.is_valid("".join(filter(str.isdigit, values.card(chance(seed)).text)))
        wallet = values.wallet(chance(seed))
        assert wallet.form == "ethereum" or bitcoin.is_valid(wallet.text), wallet.form


def test_labels_are_where_the_values_are() -> None:
    documents = list(gold.documents(TEXTS, 3))
    assert documents == list(gold.documents(TEXTS, 3))
    assert len(documents) == 3 * len(gold.COUNTRIES)
    kinds = set()
    for document in documents:
        for one, other in itertools.pairwise(sorted(document.spans)):
            assert one.end <= other.start
        for span in document.spans:
            value = document.text[span.start : span.end]
            assert value == value.strip()
            assert value
            assert span.kind != "EMAIL" or "@" in value
            kinds.add(span.kind)
    assert {"PHONE", "IBAN", "EMAIL", "NATIONAL_ID", "TAX_ID"} <= kinds


def test_negatives_are_of_every_kind_and_language() -> None:
    texts = dict.fromkeys(gold.carriers(), TEXTS["eng"])
    documents = list(negatives.documents(texts, 27))
    assert len(negatives.kinds()) >= 40
    assert {d.spans[0].form for d in documents} == set(negatives.kinds())
    assert len({d.language for d in documents}) >= 20
    for document in documents:
        string = document.text[document.spans[0].start : document.spans[0].end]
        assert string
        assert not set("·¤‡¿{") & (set(string) - set("{")), string


def _document(text: str, *spans: tuple[int, int, str]) -> Document:
    labels = tuple(Gold(*span, country="PL", form="f", label="label") for span in spans)
    return Document(text, "pol", None, labels, ("page text 123",))


@pytest.mark.parametrize(
    ("found", "counts"),
    [
        ([Found(4, 15, "PHONE")], (1, 1, 0)),
        ([Found(0, 20, "PHONE")], (1, 0, 0)),
        ([Found(4, 12, "PHONE")], (0, 0, 0)),  # the last digits are left
        ([Found(4, 9, "PHONE"), Found(9, 15, "PHONE")], (1, 0, 0)),
        ([], (0, 0, 0)),
        ([Found(16, 19, "PHONE")], (0, 0, 1)),
    ],
)
def test_a_label_is_found_if_all_its_digits_are(
    found: list[Found], counts: tuple[int, int, int]
) -> None:
    made = score.score([_document("tel 123 456 789 123", (4, 15, "PHONE"))], [found], {})
    tally = made.kinds["PHONE"]
    assert (tally.found, tally.exact, tally.false) == counts
    assert tally.labelled == 1
    assert made.leaking == 1 - counts[0]


def test_what_the_page_had_before_is_not_false() -> None:
    document = _document("page text 123")
    known = {"page text 123": frozenset({"123"})}
    assert score.score([document], [[Found(10, 13, "PHONE")]], known).kinds == {}
    assert score.score([document], [[Found(10, 13, "PHONE")]], {}).kinds["PHONE"].false == 1


def test_scores_are_shares_of_what_was_counted() -> None:
    tally = score.Tally(labelled=10, found=8, exact=8, right_kind=8, redacted=10, false=2)
    made = tally.as_dict()
    assert made["recall"] == made["precision"] == pytest.approx(0.8)
    assert made["f2"] == pytest.approx(0.8)
    assert score.Tally().as_dict()["recall"] is None
    assert score.Tally(labelled=1).as_dict()["precision"] is None
