"""The docs against the product: commands parse, files exist, generated pages are fresh."""

import json
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline import cli
from tests.commands import parser_of, verbs

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").glob("**/*.md")),
]
LINKED = [*PAGES, ROOT / "CHANGELOG.md", *sorted((ROOT / "policy").glob("*.md"))]
UsageError = cli.UsageError
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`(weir [^`]+)`")
PLACEHOLDERS = {"VERB", "..."}


def found(words: list[str]) -> tuple[Any, list[str]]:
    """The command that the words name, and the words after its verb."""
    try:
        return parser_of(words)
    except KeyError:
        pytest.fail(f"no such command: {' '.join(words)!r}")


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def shell_commands(text: str) -> Iterator[str]:
    """Every `weir` command of the fenced shell blocks, also behind pipes and in quotes."""
    for language, body in FENCE.findall(text):
        if language not in ("sh", "console", "bash"):
            continue
        for line in body.replace("\\\n", " ").splitlines():
            if language == "console" and not line.startswith("$ "):
                continue
            bare = re.sub(r"(^|\s)#.*$", "", line).removeprefix("$ ")
            quoted = re.findall(r'"(weir [^"]+)"', bare)
            for part in quoted or bare.split("|"):
                if part.strip().startswith("weir "):
                    yield part.strip()


def inline_commands(text: str) -> Iterator[str]:
    for command in INLINE.findall(FENCE.sub("", text)):
        if not PLACEHOLDERS & set(command.split()):
            yield command


def cases(kind: Any) -> list[Any]:
    return [
        pytest.param(command, id=f"{path.name}: {command}")
        for path in PAGES
        for command in dict.fromkeys(kind(text_of(path)))
    ]


@pytest.mark.parametrize("command", cases(shell_commands))
def test_a_shown_command_parses(command: str) -> None:
    words = shlex.split(command.partition(">")[0])[1:]
    parser, arguments = found(words)
    try:
        parser.make_context("weir", arguments)
    except UsageError as error:
        pytest.fail(f"{command}: {error.format_message()}")


@pytest.mark.parametrize("command", cases(inline_commands))
def test_a_mentioned_command_and_its_options_exist(command: str) -> None:
    words = shlex.split(command.partition(">")[0])[1:]
    if words in (["..."], ["config"]):
        return
    parser, arguments = found(words)
    known = {option for parameter in parser.params for option in parameter.opts} | {"--help"}
    given = {word.partition("=")[0] for word in arguments if word.startswith("--")}
    assert given <= known, f"{command}: {given - known}"


def test_the_tests_above_see_commands() -> None:
    readme = text_of(ROOT / "README.md")
    assert len(list(shell_commands(readme))) >= 10
    assert len(list(inline_commands(readme))) >= 10
    assert list(shell_commands('```sh\nsbatch --wrap "weir run /x"\n```')) == ["weir run /x"]
    parser, arguments = found(["stats", "RUN", "--colour"])
    with pytest.raises(UsageError):
        parser.make_context("weir", arguments)


@pytest.mark.parametrize("verb", list(verbs()), ids=" ".join)
def test_every_verb_is_documented(verb: tuple[str, ...]) -> None:
    named = f"`weir {' '.join(verb)}"
    pages = (ROOT / "README.md", ROOT / "docs" / "running.md")
    assert any(re.search(re.escape(named) + r"[ `]", text_of(page)) for page in pages), named


@pytest.mark.parametrize("path", LINKED, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_to_files_resolve(path: Path) -> None:
    text = FENCE.sub("", text_of(path))
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
        if not target.startswith(("https://", "http://")):
            assert (path.parent / target).exists(), f"{path.name}: {target}"


NAMED_PATH = re.compile(
    r"`((?:pipeline|stages|langid|filters|audit|configs|samples|docs|tests|benchmarks|policy)/"
    r"[\w./-]+)`"
)


@pytest.mark.parametrize("path", LINKED, ids=lambda p: str(p.relative_to(ROOT)))
def test_files_named_in_code_marks_exist(path: Path) -> None:
    for name in NAMED_PATH.findall(text_of(path)):
        assert (ROOT / name).exists(), f"{path.name}: {name}"


def test_the_data_format_page_is_fresh(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["schema", "--markdown"]) == 0
    assert capsys.readouterr().out == text_of(ROOT / "docs" / "data-format.md"), (
        "docs/data-format.md is out of date: weir schema --markdown > docs/data-format.md"
    )


def test_readme_shows_the_make_targets_and_no_others() -> None:
    makefile = text_of(ROOT / "Makefile")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    pages = "\n".join(text_of(page) for page in PAGES)
    shown = set(re.findall(r"(?:`|^)make ([a-z-]+)\b", pages, re.MULTILINE))
    assert {"demo", "test", "check", "bench"} <= set(
        re.findall(r"`?make ([a-z]+)\b", text_of(ROOT / "README.md"))
    )
    assert shown <= targets, shown - targets


def test_the_numbers_of_the_readme_are_those_of_the_sample() -> None:
    lines = text_of(ROOT / "samples" / "truth.jsonl").splitlines()
    truth = [json.loads(line) for line in lines]
    readme = text_of(ROOT / "README.md")

    def shown(label: str) -> int:
        match = re.search(rf"^{re.escape(label)} +(-?[\d,]+)", readme, re.MULTILINE)
        assert match is not None, label
        return int(match[1].replace(",", ""))

    def lost(kind: str) -> int:
        return -sum((row["reason"] or "").startswith(f"{kind}.") for row in truth)

    assert shown("read") == len(truth)
    assert shown("kept") == sum(row["outcome"] == "keep" for row in truth)
    assert shown("- unreadable") == lost("read")
    assert shown("- gate") == lost("gate")
    assert shown("- rights reserved") == lost("rights")
    assert shown("- no main text") == lost("extract")
    assert shown("- language") == lost("identify")
    assert shown("- quality rules") == lost("rule")
    assert shown("- duplicates") == lost("dedup")
    assert f"snapshot of {len(truth)} invented pages" in readme
    kept_tags = {row["tag"] for row in truth if row["outcome"] == "keep"}
    assert f"in {len(kept_tags)} languages\n" in readme


def test_the_traced_page_of_the_readme_is_in_the_sample() -> None:
    traced = re.search(
        r"\$ weir trace runs/demo (\S+)\n\S+\n  REJECT because (\S+):",
        text_of(ROOT / "README.md"),
    )
    assert traced is not None
    lines = text_of(ROOT / "samples" / "truth.jsonl").splitlines()
    rows = [row for row in map(json.loads, lines) if row["url"] == traced[1]]
    assert [(row["outcome"], row["reason"]) for row in rows] == [("reject", traced[2])]


def test_readme_says_what_it_makes_before_the_first_link() -> None:
    before = text_of(ROOT / "README.md").partition("](")[0]
    assert "make demo" in before
    assert "make test" in before
    assert len(before.splitlines()) <= 70, "one screen before the first link"


def test_readme_has_the_exit_codes_of_the_command_line() -> None:
    readme = text_of(ROOT / "README.md")
    for code in ("0", "1", "2", "3", "4", "130, 143"):
        assert f"\n| {code} | " in readme


def test_every_dependency_has_its_reason_and_licence() -> None:
    project = tomllib.loads(text_of(ROOT / "pyproject.toml"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    rows = re.findall(
        r"^\| ([\w.-]+) \| ([^|]+) \| ([^|]+) \|",
        text_of(ROOT / "docs" / "dependencies.md"),
        re.MULTILINE,
    )
    documented = {name: (licence, reason) for name, licence, reason in rows}
    names = {re.split(r"[<>=\[]", line)[0] for line in wanted}
    assert names == documented.keys() - {"package"}
    assert all(licence.strip() and reason.strip() for licence, reason in documented.values())


def test_an_upper_bound_has_its_reason() -> None:
    dependencies = tomllib.loads(text_of(ROOT / "pyproject.toml"))["project"]["dependencies"]
    page = text_of(ROOT / "docs" / "dependencies.md")
    for line in dependencies:
        name, bound = re.split(r"[<>=\[]", line)[0], re.search(r"<([\d.]+)", line)
        if bound:
            row = re.search(rf"^\| {re.escape(name)} \|.*\| ([\d.]+): \S.* \|$", page, re.MULTILINE)
            assert row is not None, f"{name} has no reason for <{bound[1]}"
            assert row[1] == bound[1], name


def test_decisions_are_numbered_in_order_and_have_all_parts() -> None:
    records = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [int(path.name[:4]) for path in records] == list(range(1, len(records) + 1))
    for path in records:
        text = text_of(path)
        assert text.startswith(f"# {path.name[:4]} "), path.name
        for part in ("**Context.**", "**Decision.**", "**Options refused", "**Consequence.**"):
            assert part in text, f"{path.name} has no {part}"


def test_the_checklist_names_tests_that_are_there() -> None:
    """docs/ux.md says which test holds what; paths are below tests/."""
    page = text_of(ROOT / "docs" / "ux.md")
    named = re.findall(
        r"`((?:browser|unit|e2e|integration)/[\w/]+\.py)`(?:[^|`]*?)(?:(test_\w+)|[|`])", page
    )
    assert len(named) >= 50
    for file, test in named:
        source = text_of(ROOT / "tests" / file)
        assert f"def {test}(" in source if test else "def test_" in source, f"{file} {test}"
    promised = re.findall(r"^\| (\d+)(?: to (\d+))? \|", page, re.MULTILINE)
    numbers = [n for first, last in promised for n in range(int(first), int(last or first) + 1)]
    assert numbers == list(range(1, 51))
