"""What `weir redact` does with a line, broken and hostile ones included."""

import io
import json
import sys
from typing import Any

import jsonschema
import pytest

from filters.spans import KINDS
from pipeline import answer_schemas, cli, redaction
from stages.errors import ConfigError

MAIL = "mari@example.org"


@pytest.fixture(scope="module")
def redactor() -> redaction.Redactor:
    return redaction.Redactor()


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("plain", "plain"),
        ('"a\\nstring"', "a\nstring"),
        ('{"text": "of an object", "id": 7}', "of an object"),
        ('{"text": 7}', '{"text": 7}'),
        ('{"text": "broken', '{"text": "broken'),
        ('["a", "list"]', '["a", "list"]'),
        ('{"a":' * 100_000, '{"a":' * 100_000),
        ('{"n": ' + "9" * 5000 + "}", '{"n": ' + "9" * 5000 + "}"),
        ("", ""),
    ],
    ids=range(9),
)
def test_a_line_is_a_text(line: str, text: str) -> None:
    assert redaction.parsed(line) == redaction.Line(text)


def test_an_object_may_say_more_and_only_as_strings() -> None:
    line = redaction.parsed('{"text": "a", "language": "pl", "url": "https://example.pl/"}')
    assert line == redaction.Line("a", "pl", "https://example.pl/")
    assert redaction.parsed('{"text": "a", "language": 3, "url": null}') == redaction.Line("a")


@pytest.mark.parametrize(
    ("url", "tld"),
    [
        ("https://www.example.at/a?b", "at"),
        ("http://192.0.2.7/", None),
        ("https://пример.бг/", "xn--90ae"),
        ("http://[broken", None),
        ("no url", None),
        (None, None),
    ],
)
def test_a_host_says_its_top_level_domain(url: str | None, tld: str | None) -> None:
    assert redaction.host_tld(url) == tld


@pytest.mark.parametrize(
    ("line", "language"),
    [
        (redaction.Line("123456", "pl"), "pol"),
        (redaction.Line("123456", "Polish"), "pol"),
        (redaction.Line("123456"), None),
        (redaction.Line("Mój numer to 22 123 45 67, proszę dzwonić jutro rano."), "pol"),
        (redaction.Line("Mój numer telefonu podam później, proszę dzwonić."), None),
        (redaction.Line("Soittakaa huomenna numeroon 09 123 4567", "no such tongue"), "fin"),
    ],
)
def test_language_is_said_or_found_where_numbers_need_it(
    redactor: redaction.Redactor, line: redaction.Line, language: str | None
) -> None:
    assert redactor.language_of(line) == language


def test_the_line_s_language_goes_before_that_of_all_lines() -> None:
    polish = redaction.Redactor("pl")
    assert polish.language_of(redaction.Line("a")) == "pol"
    assert polish.language_of(redaction.Line("a", "fi")) == "fin"
    with pytest.raises(ConfigError, match="--language"):
        redaction.Redactor("no such tongue")


@pytest.mark.parametrize(
    "text",
    [
        f"😀 an {MAIL}, bitte",
        f"é {MAIL} \ud800 half",
        f"line one\r\nline two {MAIL}\u2028three",
        f"{MAIL} <EMAIL> {MAIL}",
        f"\ufeff{MAIL}",
    ],
)
def test_offsets_are_code_points_of_the_given_text(redactor: redaction.Redactor, text: str) -> None:
    line = redaction.printed(redactor(json.dumps({"text": text})))
    made = json.loads(line.encode())
    jsonschema.validate(made, json.loads(answer_schemas.printed("redact")))
    assert [text[s["start"] : s["end"]] for s in made["spans"]] == [MAIL] * text.count(MAIL)
    rebuilt, position = "", 0
    for span in made["spans"]:
        rebuilt += text[position : span["start"]] + f"<{span['type']}>"
        position = span["end"]
    assert made["text"] == rebuilt + text[position:]
    assert MAIL not in made["text"]
    assert {span["type"] for span in made["spans"]} <= set(KINDS)


def _fed(
    lines: bytes, arguments: list[str], monkeypatch: Any, capsys: pytest.CaptureFixture[str]
) -> list[str]:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(lines)))
    assert cli.main(["redact", *arguments]) == 0
    return capsys.readouterr().out.splitlines()


def test_every_line_is_answered_by_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [
        MAIL.encode(),
        b"\xff\xfe " + MAIL.encode() + b"\r",
        b"",
        b'{"text": "broken',
        b"\x00\x1b[31m " + MAIL.encode(),
        b"a" * 10_000_000 + b" " + MAIL.encode(),
        b'"\\ud83d ' + MAIL.encode() + b'"',
    ]
    made = [json.loads(line) for line in _fed(b"\n".join(lines), ["--jsonl"], monkeypatch, capsys)]
    assert [len(each["spans"]) for each in made] == [1, 1, 0, 0, 1, 1, 1]
    assert made[1]["text"] == "\ufffd\ufffd <EMAIL>"
    assert made[6]["text"] == "\ud83d <EMAIL>"


def test_plain_output_is_one_line_of_text(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    line = json.dumps(f"to {MAIL}\nor \x1b[31mred \ud800").encode()
    assert _fed(line, ["--language", "fi"], monkeypatch, capsys) == [
        "to <EMAIL> or \ufffd[31mred \ufffd"
    ]
