from __future__ import annotations

import pytest

from filters.pii import redact


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hardware ethernet 00:1b:44:11:3a:b7;", "hardware ethernet <MAC>;"),
        ("00-1B-44-11-3A-B7", "<MAC>"),
        ("MAC: 00:11:22:33:44:55", "MAC: <MAC>"),
        ("Wi-Fi address 001b.4411.3ab7", "Wi-Fi address <MAC>"),
        ("nameserver 91.198.174.192,91.198.174.193", "nameserver <IP>,<IP>"),
        ("at 2001:4860:4860:0:0:0:0:8888.", "at <IP>."),
    ],
)
def test_addresses_of_machines(text: str, expected: str) -> None:
    assert redact(text)[0] == expected


@pytest.mark.parametrize(
    "text",
    ["00:11:22:33:44:55", "ff:ff:ff:ff:ff:ff", "0a-1b-2c-3d", "1a.2b.3c.4d", "1234.5678.9012"],
)
def test_what_names_no_machine(text: str) -> None:
    assert redact(text) == (text, [])
