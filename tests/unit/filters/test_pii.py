from __future__ import annotations

import itertools
import time

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
    assert {kind for detector in DETECTORS for kind in detector.kinds} <= ALL == set(KINDS)
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


_fragments = st.lists(
    st.sampled_from(
        [text for text, _ in FOUND] + LEFT_ALONE + ["@", "+", "00", "-", " ", ",", "\n", "<",
        ">", "%40", "/"]
    ),
    max_size=6,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(_fragments, texts(max_pieces=4))
def test_redaction_is_idempotent(fragments: list[str], text: str) -> None:
    redacted, spans = redact("".join(fragments) + text)
    assert redact(redacted) == (redacted, [])
    assert all(redacted[s.start : s.end] == f"<{s.kind}>" for s in spans)
    assert all(a.end <= b.start for a, b in itertools.pairwise(spans))


@settings(max_examples=100, deadline=None)
@given(_fragments, st.sampled_from(["", "http://", "//u@", "mailto:", "https://x/?a="]))
def test_url_redaction_is_idempotent(fragments: list[str], start: str) -> None:
    once = redact_url(start + "".join(fragments))
    assert redact_url(once) == once


HOSTILE = [
    "a@" + "a-" * 16_000, "a." * 16_000, "0" * 100_000, "(" * 50_000, "1 " * 50_000,
    "a@b.cc" * 5_000,
    "AB12 " * 10_000, "DE89 3704 " * 5_000, "+1 " * 30_000, "+49 30 123" * 4_000,
    "+49 30 12345678" * 3_000,
    "91.198.174." * 5_000, "2001:" * 10_000, "@" * 20_000, "a(at)" * 10_000, "00" * 30_000,
    "4111 " * 20_000,
    "<PHONE>+49 30 1234567" * 2_000, "%2540" * 5_000,
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: text[:12])
def test_hostile_texts_take_linear_time(text: str) -> None:
    """The bound is some ten times what is measured; a quadratic pattern would need minutes."""
    started = time.thread_time()
    find(text)
    redact_url("http://x/" + text[:4096])
    assert time.thread_time() - started < 2.0
