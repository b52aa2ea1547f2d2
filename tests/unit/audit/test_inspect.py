"""Pages in the terminal: whatever a page holds, the terminal is as it was afterwards."""

import os
import re
import signal
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from audit import inspect
from audit.runs import Run
from audit.sample import pages, sample
from tests.terminals import Terminal
from tests.unit.audit.conftest import C, doc_id

OURS = re.compile(r"\x1b\[(\?1049[hl]|\?7[hl]|H|K|J|1m|0m)")


def foot(text: str) -> bool:
    return bool(re.search(r"q quit(  \([\d,]+ lines below\))?$", text))


@pytest.mark.parametrize("end", ["q", "\x04", signal.SIGINT, signal.SIGTERM])
def test_the_terminal_is_as_it_was_whatever_the_page_holds(
    folder: Path, end: str | signal.Signals
) -> None:
    words = ["inspect", str(folder), "--language", "eng_Latn", "--outcome", "keep"]
    terminal = Terminal(words)
    first = terminal.until(foot)
    terminal.press("n")
    second = terminal.until(foot)
    assert not terminal.is_as_before(), "keys are read one by one"
    if isinstance(end, str):
        terminal.press(end)
    else:
        terminal.process.send_signal(end)
    code = terminal.end()
    assert code == (0 if isinstance(end, str) else 128 + end)
    assert terminal.is_as_before()
    assert "1 of 2" in first
    assert "2 of 2" in second
    assert "⟨U+202E⟩" in terminal.said
    assert "␛[31m" in terminal.said
    left = OURS.sub("", terminal.said)
    assert not set(left) & {"\x1b", "\x07", "\x9b", "\u202e", "\u2066"}
    assert terminal.said.count(inspect.ENTER) == terminal.said.count(inspect.LEAVE) == 1
    assert terminal.said.rindex(inspect.LEAVE) > terminal.said.rindex(inspect.BELOW)


@pytest.mark.parametrize("env", [{"TERM": "dumb"}, {"TERM": "xterm", "NO_COLOR": "1"}])
def test_a_dumb_terminal_gets_lines_and_no_colour_no_style(
    folder: Path, env: dict[str, str]
) -> None:
    terminal = Terminal(["inspect", str(folder), "--language", "fi"], (60, 24), **env)
    if env["TERM"] == "dumb":
        assert terminal.end() == 0
        assert "\x1b" not in terminal.said
        shown = [line.rstrip("\r") for line in terminal.said.split("\n")]
        assert max(map(len, shown)) <= 60
    else:
        terminal.until(foot)
        terminal.press("q")
        assert terminal.end() == 0
        assert inspect.BOLD not in terminal.said


@pytest.mark.parametrize("width", [40, 60, 80])
def test_no_line_is_wider_than_the_screen(run: Run, width: int) -> None:
    found = sample(run)["documents"]
    wide = {**found[0], "excerpt": "漢字" * 90 + " " + "x" * 300 + "\tb\r\n\u2028c", "title": None}
    for page in [*found, wide]:
        shown = inspect.lines(page, "1 of 1", width)
        assert all(cell_len(line) <= width for line in shown)
        assert not {"\r", "\x1b", "\t", "\n"} & set("".join(shown))


def test_lines_say_outcome_and_why(run: Run) -> None:
    by_id = {page["doc_id"]: page for page in sample(run)["documents"]}
    short = inspect.lines(by_id[doc_id("B")], "3 of 9", 80)
    assert short[0].startswith("3 of 9  REJECT  rule.word_count  fin_Latn")
    because = " ".join(part.strip() for part in short[1:6])
    assert re.search(r"because +\S.*; word count 10, at least 50 wanted", because)
    record = "\n".join(inspect.lines(by_id[doc_id("s")], "1 of 1", 80))
    assert "No text is stored" in record
    assert "at byte" in record
    hostile = "\n".join(inspect.lines(by_id[C], "1 of 1", 80))
    assert "<script>alert(1)</script>" in hostile


def test_the_whole_text_is_there(run: Run) -> None:
    chosen = [(0, C, 0)]
    whole, part = pages(run, chosen, 10_000)[0], pages(run, chosen, 20)[0]
    assert "characters in all" not in "\n".join(inspect.lines(whole, "", 80))
    assert "characters in all" in inspect.lines(part, "", 80)[-1]


@pytest.mark.parametrize(
    ("action", "start", "end"),
    [
        ("next", (0, 5), (1, 0)),
        ("next", (2, 0), (2, 0)),
        ("previous", (0, 3), (0, 0)),
        ("page down", (0, 0), (0, 10)),
        ("page down", (0, 15), (0, 20)),
        ("page down", (0, 20), (1, 0)),
        ("page up", (1, 4), (1, 0)),
        ("down", (0, 20), (0, 20)),
        ("up", (0, 20), (0, 19)),
        ("", (1, 7), (1, 7)),
    ],
)
def test_keys_move(action: str, start: tuple[int, int], end: tuple[int, int]) -> None:
    assert inspect.moved(inspect.Place(*start), action, 3, 30, 10) == inspect.Place(*end)


@pytest.mark.parametrize(
    ("sent", "wanted"),
    [("n", "next"), ("\x1b[C", "next"), ("\x1b[6~", "page down"), ("\x1b[A", "up"), ("é", None)],
)
def test_arrow_keys_are_one_key(sent: str, wanted: Any) -> None:
    reading, writing = os.pipe()
    os.write(writing, sent.encode())
    try:
        assert inspect.KEYS.get(inspect.key(reading)) == wanted
    finally:
        os.close(reading)
        os.close(writing)
