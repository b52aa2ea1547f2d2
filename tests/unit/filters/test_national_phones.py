from __future__ import annotations

import phonenumbers
import pytest

from filters import countries, numbering, phone_words
from filters.phone_words import Said, said_of
from filters.pii import find, redact

# Drama numbers where a country sets some aside, else the examples of the numbering plan.
FOUND = [
    ("deu", "Tel. (030) 123 456", "Tel. <PHONE>"),
    ("deu", "Mobil: 0664/123 45 67.", "Mobil: <PHONE>."),
    ("deu", "Telefon (Mo-Fr 9-17 Uhr): 030 123456", "Telefon (Mo-Fr 9-17 Uhr): <PHONE>"),
    ("deu", "Tel.: 030/12345-0, Fax: 030/12345-99", "Tel.: <PHONE>, Fax: <PHONE>"),
    ("fra", "Tél. 01 99 00 12 34 / 06 39 98 12 34", "Tél. <PHONE> / <PHONE>"),
    ("fra", "06 39 98 12 34", "<PHONE>"),
    ("pol", "tel. 91 123 45 67", "tel. <PHONE>"),
    ("ces", "mobil 602 123 456", "mobil <PHONE>"),
    ("ell", "Τηλέφωνο επικοινωνίας: 210 1234567", "Τηλέφωνο επικοινωνίας: <PHONE>"),
    ("rus", "8 (495) 123-45-67", "<PHONE>"),
    ("eng", "020 7946 0958", "<PHONE>"),
    ("eng", "Call 202-555-0123 today", "Call <PHONE> today"),
    ("eng", "Fax: 202-555-0123x4587", "Fax: <PHONE>"),
    ("eng", "202-555-0123-Office", "<PHONE>-Office"),
    ("swe", "070-174 06 05", "<PHONE>"),
    ("hun", "06-30/123-4567", "<PHONE>"),
    ("spa", "Llámanos al 912 345 678", "Llámanos al <PHONE>"),
    ("nob", "Ring oss på 22 33 44 55", "Ring oss på <PHONE>"),
    ("fin", "puh. 040 123 4567", "puh. <PHONE>"),
    ("xxx", "Phone: 12-34-567", "Phone: <PHONE>"),
    ("eng", "☎ 123456", "☎ <PHONE>"),
    ("deu", "Tel. ０３０ １２３４５６", "Tel. <PHONE>"),
    ("deu", "Tel. 030\u00a0123\u2011456", "Tel. <PHONE>"),
]
LEFT_ALONE = [
    ("deu", "31.01.2022 - 12.05.2024"),
    ("deu", "Ein Handy mit 128 GB und 1 200 000 Stück"),
    ("deu", "Smartphone seit 2012-08 und 2022-23"),
    ("eng", "The population reached 1 234 567 in 2012."),
    ("eng", "phone model, version 2.0.1 of 10.28.2025"),
    ("eng", "51 Franklin Street, Boston, MA 02110-1301"),
    ("eng", "four bytes with UTF-32 (00 00 09 15)"),
    ("eng", "during the 2022-23 and 2023-24 school years"),
    ("eng", "ISBN 978-0-306-40615-7, 1-56592-224-7"),
    ("eng", "fax order no. 1234567"),
    ("pol", "W roku 2012 sprzedano 602 123 456 sztuk"),
    ("fra", "prix : 012 345 678 €"),
    ("eng", "call 100 000 people"),
    ("eng", "the office is at 17031 2202 Road"),
    ("cat", "Truqueu, 132 000 parlants"),
    ("fra", "Cham, (arabe) | 132 000 |"),
    ("nob", "192.168.0.0/24 og 192.168.1.0/24"),
    ("eng", "0.75703329861022517346"),
    ("eng", "permutations 012 021 102 120 201 210"),
]
WORDS = {
    "als": "Tel", "bul": "тел.", "cat": "Telèfon", "ces": "telefon", "cym": "Ffôn", "dan": "Tlf.",
    "deu": "Telefonnummer", "ekk": "telefon", "ell": "τηλ.", "eng": "phone", "fin": "puhelin",
    "fra": "téléphone", "gle": "Guthán", "hrv": "mobitel", "hun": "telefonszám", "isl": "Sími",
    "ita": "cellulare", "kat": "ტელ", "lit": "tel.", "lvs": "tālrunis", "mkd": "тел.",
    "mlt": "Telefon", "nld": "telefoonnummer", "nob": "mobiltelefon", "pol": "kom.",
    "por": "telemóvel", "ron": "telefon", "rus": "телефон", "slk": "mobil", "slv": "GSM",
    "spa": "teléfono", "srp": "телефон", "swe": "mobilnummer", "tur": "Telefon", "ukr": "тел.",
    "hye": "հեռ.",
}  # fmt: skip


@pytest.mark.parametrize(("language", "text", "expected"), FOUND)
def test_found(language: str, text: str, expected: str) -> None:
    assert redact(text, language)[0] == expected


@pytest.mark.parametrize(("language", "text"), LEFT_ALONE)
def test_left_alone(language: str, text: str) -> None:
    assert redact(text, language) == (text, [])


def examples(country: str) -> list[str]:
    """The numbering plan's examples of a country, as they are written there."""
    kinds = (phonenumbers.PhoneNumberType.FIXED_LINE, phonenumbers.PhoneNumberType.MOBILE)
    national = phonenumbers.PhoneNumberFormat.NATIONAL
    found = [phonenumbers.example_number_for_type(country, kind) for kind in kinds]
    return [phonenumbers.format_number(number, national) for number in found if number]


@pytest.mark.parametrize("country", countries.COUNTRIES)
def test_after_a_word_every_country_and_separator_is_found(country: str) -> None:
    assert examples(country)
    for number in examples(country):
        for mark in (" ", "-", ".", "/", "\u00a0", ""):
            written = number.replace(" ", mark, 1) if mark == "/" else number.replace(" ", mark)
            for word in ("Tel. ", "telefon: ", "GSM "):
                tld = country.lower()
                assert redact(f"{word}{written}, x", None, tld)[0] == f"{word}<PHONE>, x", written


@pytest.mark.parametrize("country", countries.COUNTRIES)
def test_a_trunk_prefix_and_native_groups_need_no_word(country: str) -> None:
    plan = numbering.plan(country)
    assert plan is not None
    for number in examples(country):
        if number.startswith(("0", "(0")) and " " in number and country not in {"SM", "VA"}:
            assert redact(f"Abc {number} xyz", None, country.lower())[0] == "Abc <PHONE> xyz"


@pytest.mark.parametrize("language", WORDS)
def test_words_of_each_language(language: str) -> None:
    text = f"{WORDS[language]}: 1234567"
    assert said_of(text, len(text) - 7, len(text)) == Said.LABELLED


def test_a_word_says_more_the_nearer_it_is() -> None:
    def said(before: str) -> Said:
        return said_of(before + "1234567", len(before), len(before) + 7)

    assert said("Tel. ") > said("telephone is now ") > said("call me on ") > said("") == Said.NONE
    assert said("phone with 64 parts, and ") == Said.WEAK
    assert said("phone and IBAN ") == Said.NONE
    assert said("format ") == said("UTF ") == Said.NONE
    assert phone_words.is_other("ISBN 1234567", 5)


def test_the_country_is_that_of_the_page() -> None:
    (span,) = find("020 7946 0958", "eng", "uk")
    assert (span.country, span.context) == ("GB", False)
    (span,) = find("Tel. 02079460123", "eng", "uk")
    assert (span.country, span.context) == ("GB", True)
    assert find("030 1234567", "fra", "fr") == []


@pytest.mark.parametrize(
    ("digits", "region"),
    [("493012345678", "DE"), ("4930", None), ("12025550123", "US"), ("390612345678", "IT"),
     ("3906", None), ("9991234567", None), ("4920170300", "DE"), ("49030123456", "DE")],
)  # fmt: skip
def test_international_numbers_have_a_plan(digits: str, region: str | None) -> None:
    found = numbering.of_international(digits)
    assert (found and found[0].region) == region


@pytest.mark.parametrize(
    "text",
    [
        "Kundennummer: 0171 2345678",
        "member no. 020 7946 0958",
        "(0 18 21 32 41 59",
        "zabudol na telefón. (10.12.11.19)",
        "fader: Lorenzo, f.\n14 862 023",
    ],
)
def test_numbers_of_other_names_stay(text: str) -> None:
    assert redact(text, "deu")[0] == text
