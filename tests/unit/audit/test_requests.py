"""Requests: what may be asked, what a request is known by, and what a target is."""

from pathlib import Path
from typing import Any

import pytest

from audit import requests
from stages.errors import ConfigError

ID = "0123456789abcdef" * 2


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({}, "takedown"),
        ({"urls": ["https:///x"]}, "--url"),
        ({"urls": [""]}, "--url"),
        ({"names": ["fi"]}, "--domain"),
        ({"names": ["a.example/x"]}, "--domain"),
        ({"doc_ids": ["12"]}, "--doc-id"),
        ({"text_files": [Path("no/such/file")]}, "--text-file"),
        ({"doc_ids": [ID], "kind": "other"}, "--kind"),
        ({"doc_ids": [ID], "reason_class": "Two Words"}, "--reason-class"),
        ({"doc_ids": [ID], "request_id": "../x"}, "--request-id"),
        ({"doc_ids": [ID], "request_id": "a.proof"}, "--request-id"),
    ],
)
def test_a_wrong_request_names_its_option(given: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigError) as raised:
        requests.request(**given)
    assert raised.value.where == named


def test_errors_tell_no_address_and_no_text(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as raised:
        requests.request(urls=["https:///secret"])
    assert "secret" not in str(raised.value)
    (tmp_path / "text").write_bytes(b"\xff secret")
    with pytest.raises(ConfigError) as raised:
        requests.request(text_files=[tmp_path / "text"])
    assert "\xff" not in str(raised.value)


def test_a_text_without_words_or_too_long_is_refused(tmp_path: Path) -> None:
    for content in (b" ... ", b"x" * (requests.MAX_TEXT_BYTES + 1)):
        (tmp_path / "text").write_bytes(content)
        with pytest.raises(ConfigError):
            requests.request(text_files=[tmp_path / "text"])


def test_kind_and_reason_class_follow_from_what_is_named(tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("some words", encoding="utf-8")
    cases: list[tuple[dict[str, Any], str, str, bool]] = [
        ({"urls": ["a.example/x"]}, "source", "source", False),
        ({"names": ["a.example"]}, "source", "source", False),
        ({"doc_ids": [ID]}, "person", "erasure", True),
        ({"text_files": [text]}, "person", "erasure", True),
        ({"urls": ["a.example"], "kind": "person"}, "person", "erasure", True),
        ({"doc_ids": [ID], "kind": "rights"}, "rights", "rights", False),
    ]
    for given, kind, reason_class, propagates in cases:
        made = requests.request(**given)
        assert (made.kind, made.reason_class, made.propagates) == (kind, reason_class, propagates)


def test_the_same_request_has_the_same_name(tmp_path: Path) -> None:
    one = requests.request(urls=["https://www.a.example/x/", "b.example"])
    other = requests.request(urls=["http://b.example/", "http://a.example/x#y"])
    assert one.name("key") == other.name("key")
    assert one.name("key") != one.name("another key")
    assert one.name("key") != requests.request(urls=["a.example/x"]).name("key")
    assert one.name("key").startswith("source-")
    assert requests.request(urls=["a.example"], request_id="mine").name("key") == "mine"
    person = requests.request(urls=["a.example"], kind="person")
    assert person.name("key") != requests.request(urls=["a.example"]).name("key")
