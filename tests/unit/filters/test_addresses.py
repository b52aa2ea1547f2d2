from __future__ import annotations

import pytest

from filters.addresses import host_tld, redact_url

CHANGED = [
    ("https://x.example/?email=jane%40example.org", "https://x.example/?email=<EMAIL>"),
    ("https://x.example/?tel=030-1234567&a=1", "https://x.example/?tel=<PHONE>&a=1"),
    ("https://x.example/?api_key=a1b2c3d4e5#top", "https://x.example/?api_key=<SECRET>#top"),
    (
        "https://x.example/p;jsessionid=0A1B2C3D4E?x=1",
        "https://x.example/p;jsessionid=<SECRET>?x=1",
    ),
    ("https://x.example/#access_token=1234abcd5678", "https://x.example/#access_token=<SECRET>"),
    ("https://x.example/ghp_" + "Ab3" * 12, "https://x.example/<SECRET>"),
    ("https://x.example/DE89370400440532013000", "https://x.example/<IBAN>"),
    ("https://203.0.113.7/91.198.174.193", "https://203.0.113.7/<IP>"),
]
KEPT = [
    "https://x.example/article/12345678",
    "https://x.example/2024/05/12/030-1234567-gewinner",
    "https://x.example/p/4006381333931.html",
    "https://x.example/?id=0301234567&page=2",
    "https://x.example/?session=morning&token=none&mail=1",
    "https://x.example/?tel=home&email=yes",
    "https://x.example/88010112345",
    "https://x.example/?to=https%3A%2F%2Fy.example%2F%40jane.doe%2Fpost",
    "https://x.example/00:1b:44:11:3a:b7",
    "https://8.8.8.8:8080/dns",
]


@pytest.mark.parametrize(("url", "expected"), CHANGED)
def test_personal_data_and_keys_are_replaced(url: str, expected: str) -> None:
    assert redact_url(url) == expected
    assert redact_url(expected) == expected


@pytest.mark.parametrize("url", KEPT)
def test_numbers_of_articles_stay(url: str) -> None:
    assert redact_url(url) == url


@pytest.mark.parametrize(
    ("url", "tld"),
    [
        ("https://www.example.AT/x.de", "at"),
        ("http://user@пример.рф:8080/", "рф"),
        ("https://x.example.", "example"),
        ("http://192.0.2.1/", None),
        ("http://[2001:db8::1]/", None),
        ("about:blank", None),
        ("", None),
    ],
)
def test_top_level_domain(url: str, tld: str | None) -> None:
    assert host_tld(url) == tld
