from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum import iban, luhn

from filters.addresses import redact_url
from filters.detectors import DETECTORS
from filters.pii import count_literals, find, redact
from filters.spans import ALL, KINDS, Span
from tests.strategies import texts

# Reserved or invented values: example domains, drama numbers, test cards, sample accounts.
FOUND = [
    ("Ask jane.doe@example.org, or (max@müller.example).", "Ask <EMAIL>, or (<EMAIL>)."),
    ("mailto:info@firma.example?subject=x", "mailto:<EMAIL>?subject=x"),
    ("'o’neil@site.example'", "'<EMAIL>'"),
    ("user@πάράδειγμα.ελ!", "<EMAIL>!"),
    ("почта@пример.рф, info@xn--e1afmkfd.xn--p1ai.", "<EMAIL>, <EMAIL>."),
    ("See a.b+c@example.co.uk.Next one", "See <EMAIL>.Next one"),
    ("name (at) example (dot) org.", "<EMAIL>."),
    ("name[at]example.org", "<EMAIL>"),
    ("Tel. +49 (0)30 1234567.", "Tel. <PHONE>."),
    ("Tel.+49 30 1234567", "Tel.<PHONE>"),
    ("Telefon+49 30 1234567/Fax", "Telefon<PHONE>/Fax"),
    ("(+49) 30 1234567", "<PHONE>"),
    ("(+49 30 1234567)", "(<PHONE>)"),
    ("0049 30 1234567 am 12.05.2024", "<PHONE> am 12.05.2024"),
    ("+49 30 1234567 12.05.2024 10:30", "<PHONE> 12.05.2024 10:30"),
    ("+33 1 99 00 12 34, +44 20 7946 0958", "<PHONE>, <PHONE>"),
    ("+49301234567,+49301234568", "<PHONE>,<PHONE>"),
    ("registrar +1.2025550123", "registrar <PHONE>"),
    ("＋358 40 123 4567", "<PHONE>"),
    ("IBAN DE89 3704 0044 0532 0130 00.", "IBAN <IBAN>."),
    ("DE89370400440532013000, GB29 NWBK 6016 1331 9268 19 BIC", "<IBAN>, <IBAN> BIC"),
    ("NO93 8601 1117 947", "<IBAN>"),
    ("4111 1111 1111 1111, 4111-1111-1111-1111", "<CARD>, <CARD>"),
    ("5555555555554444 12/25", "<CARD> 12/25"),
    ("3782 822463 10005", "<CARD>"),
    ("from 91.198.174.192.", "from <IP>."),
    ("91.198.174.192-91.198.174.200", "<IP>-<IP>"),
    ("[2001:4860:4860::8888]:443", "[<IP>]:443"),
]

LEFT_ALONE = [
    "version 1.2.3.4", "Version 91.198.174.19", "wersja: 91.198.174.19", "§ 12.1.1.2",
    "§ 112.45.1.2",
    "Kapitel 112.45.1.2", "Chrome/91.198.174.19", "v91.198.174.19", "91.198.174.19.5",
    "91.198.174.019",
    "192.168.0.1 10.0.0.1 127.0.0.1 192.0.2.1", "999.999.999.999",
    "am 12.05.2024 um 10:30", "2024-05-12", "+2024-05-12", "2024-05-12T10:00:00+0200",
    "UTC+02:00", "00:12:45",
    "ISBN 978-3-16-148410-0", "9783161484100", "10.1000/182", "doi:10.1038/s41586-020-2649-2",
    "€ 1.299,00", "+ 2.500.000 Euro", "+12 345 678 EUR", "1 000 000 000 000",
    "10 000 000 00 12 34 56 78",
    "+48.208174, +16.373819", "52.5200, 13.4050", "3:2 (1:0)", "21:25, 25:23", "+1 -2 +3",
    "PN 4711-0815-1234-5678", "9999 9999 9999 9999 9999", "4111 1111 1111 1112",
    "4111 1111 1111 1111 1111", "0000 0000 0000 0000", "0034567890123", "2.00 123456789",
    "a::b", "dead::beef", "12:30:15", "2001:db8::1", "fe80::1", "std::vector",
    "logo@2x.png", "@media print", "lodash@4.17.21", "@name", "a @ b", "look (at) this",
    "DE89 3704 0044 0532 0130 01", "XX89 3704 0044 0532 0130 00", "AB12 CD34 EF56",
    "<EMAIL> <PHONE> <IBAN> <CARD> <IP>",
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), FOUND)
def test_found(text: str, expected: str) -> None:
    assert redact(text)[0] == expected


@pytest.mark.parametrize("text", LEFT_ALONE)
def test_left_alone(text: str) -> None:
    assert redact(text) == (text, [])


def test_spans_are_in_the_redacted_text() -> None:
    text, spans = redact("a@example.org and +49 30 1234567!")
    assert [text[span.start : span.end] for span in spans] == ["<EMAIL>", "<PHONE>"]
    assert spans[0] == Span(0, 7, "EMAIL", "email")


def test_find_gives_places_in_the_original() -> None:
    text = "x a@example.org y"
    assert [text[span.start : span.end] for span in find(text)] == ["a@example.org"]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from([text for text, _ in FOUND] + ["\u00ad", " x ", "\u2060"])))
def test_both_offsets_tell_of_the_same_places(pieces: list[str]) -> None:
    text = " ".join(pieces)
    redacted, placed = redact(text)
    rebuilt, position = "", 0
    for found, placeholder in zip(find(text), placed, strict=True):
        assert (found.kind, found.detector) == (placeholder.kind, placeholder.detector)
        rebuilt += text[position : found.start]
        assert len(rebuilt) == placeholder.start
        rebuilt += f"<{found.kind}>"
        position = found.end
    assert rebuilt + text[position:] == redacted


def test_a_placeholder_is_no_word_for_what_follows() -> None:
    for kind in KINDS:
        assert redact(f"<{kind}> 1234567, 0123456789") == (f"<{kind}> 1234567, 0123456789", [])


def test_far_from_what_was_redacted_nothing_new_is_found() -> None:
    """Later passes look around placeholders alone, and see there what the whole text shows."""
    filler = "Nothing to see here. " * 60
    text = filler + "jane@example.org. " + filler + "+49 30 12345678. " + filler
    redacted, spans = redact(text)
    assert [span.kind for span in spans] == ["EMAIL", "PHONE"]
    assert redact(redacted) == (redacted, [])


def test_only_the_kinds_asked_for() -> None:
    text = "a@example.org +49 30 1234567"
    assert redact(text, kinds=frozenset({"PHONE"}))[0] == "a@example.org <PHONE>"
    assert redact(text, kinds=frozenset())[0] == text


def test_the_longest_span_wins() -> None:
    text = "DE89 3704 0044 0532 0130 00"
    assert [span.kind for span in find(text)] == ["IBAN"]
    assert [span.kind for span in find("+420 123 456 789 4111 1111 1111 1111")] == ["PHONE", "CARD"]


def test_every_iban_of_the_registry() -> None:
    """Every country's length is known, grouped and in one piece."""
    for number in (
        "AT611904300234573201", "BE71096123456769", "BG80BNBG96611020345678",
        "CH9300762011623852957",
        "CY17002001280000001200527600", "CZ6508000000192000145399", "DK5000400440116243",
        "EE382200221020145685", "ES9121000418450200051332", "FI2112345600000785",
        "FR1420041010050500013M02606", "GR1601101250000000012300695", "HR1210010051863000160",
        "HU42117730161111101800000000", "IE29AIBK93115212345678", "IT60X0542811101000000123456",
        "LT121000011101001000", "LU280019400644750000", "LV80BANK0000435195001",
        "MT84MALT011000012345MTLCAST001S", "NL91ABNA0417164300", "PL61109010140000071219812874",
        "PT50000201231234567890154", "RO49AAAA1B31007593840000", "SE4550000000058398257466",
        "SI56263300012039086", "SK3112000000198742637541", "UA213223130000026007233566001",
    ):  # fmt: skip
        assert iban.is_valid(number), number
        assert redact(f"({number})")[0] == "(<IBAN>)", number
        assert redact(f"x {iban.format(number)} y")[0] == "x <IBAN> y", number


def test_cards_need_the_check_digit() -> None:
    base = "411111111111111"
    valid = base + luhn.calc_check_digit(base)
    hits = [redact(base + digit)[0] for digit in "0123456789"]
    assert hits.count("<CARD>") == 1
    assert redact(valid)[0] == "<CARD>"


def test_spans_and_errors_hold_no_values() -> None:
    assert "example" not in repr(find("a@example.org"))


def test_literals_are_counted() -> None:
    assert count_literals("<EMAIL> <EMAIL> <IP> <OTHER>") == {"EMAIL": 2, "IP": 1}
    assert count_literals("") == {}


def test_the_table_is_sound() -> None:
    assert {kind for detector in DETECTORS for kind in detector.kinds} == ALL == set(KINDS)
    assert len({detector.name for detector in DETECTORS}) == len(DETECTORS)


URLS = [
    ("http://user:secret@host.example/x", "http://host.example/x"),
    ("http://a@b@host.example/", "http://host.example/"),
    ("//user@host.example/", "//host.example/"),
    ("http:\\\\user@host.example\\x", "http:\\\\host.example\\x"),
    ("https://x.example/u/jane%40example.org?m=a%2540b.example&t=%2B49301234567#q",
     "https://x.example/u/<EMAIL>?m=<EMAIL>&t=<PHONE>#q"),
    ("mailto:jane@example.org", "mailto:<EMAIL>"),
    ("https://91.198.174.192/91.198.174.193", "https://91.198.174.192/<IP>"),
    ("https://x.example/?iban=DE89+3704+0044+0532+0130+00", "https://x.example/?iban=<IBAN>"),
    ("https://x.example/tel/0049-30-1234567", "https://x.example/tel/<PHONE>"),
    ("http://x.example/%D0%BF/2024/05/12/p-1", "http://x.example/%D0%BF/2024/05/12/p-1"),
    ("http://[::1", "http://[::1"),
    ("%%%@\ud800", "%%%@\ud800"),
    ("http://x/%ff%fe%4", "http://x/%ff%fe%4"),
    ("", ""),
]  # fmt: skip


@pytest.mark.parametrize(("url", "expected"), URLS)
def test_redact_url(url: str, expected: str) -> None:
    assert redact_url(url) == expected
    assert redact_url(expected) == expected


OF_EVERY_KIND = [
    "Tel. 030 123456", "06 12 34 56 78", "Fax", "PESEL 44051401458", "NIP 1234563218",
    "eth wallet", "0x" + "ab" * 20, "1BoatSLRHtKNngkdXEeobR76b53LETtpyT", "00:1b:44:11:3a:b7",
    "ghp_" + "Ab3" * 12, "-----BEGIN PRIVATE KEY-----", "IBAN", "card", "\u00ad", "\uff11", "(at)",
    "name (at) x (dot) org",
    "61 1090 1014 0000 0712 1981 2874", "12345678", "call", "<PHONE>", "<IBAN>", "NIF",
]  # fmt: skip

_fragments = st.lists(
    st.sampled_from(
        [text for text, _ in FOUND] + LEFT_ALONE + OF_EVERY_KIND
        + ["@", "+", "00", "-", " ", ",", "\n", "<",
        ">", "%40", "/"]
    ),
    max_size=6,
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(
    _fragments,
    texts(max_pieces=4),
    st.sampled_from(["", " ", "\n"]),
    st.sampled_from([None, "deu", "pol", "eng", "fra"]),
)
def test_redaction_is_idempotent(
    fragments: list[str], text: str, between: str, language: str | None
) -> None:
    redacted, spans = redact(between.join([*fragments, text]), language)
    assert redact(redacted, language) == (redacted, [])
    assert redact(redacted) == (redacted, [])
    assert all(redacted[s.start : s.end] == f"<{s.kind}>" for s in spans)
    assert all(a.end <= b.start for a, b in itertools.pairwise(spans))


@settings(max_examples=100, deadline=None)
@given(_fragments, st.sampled_from(["", "http://", "//u@", "mailto:", "https://x/?a="]))
def test_url_redaction_is_idempotent(fragments: list[str], start: str) -> None:
    once = redact_url(start + "".join(fragments))
    assert redact_url(once) == once
