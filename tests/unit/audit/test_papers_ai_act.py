import copy
import json
import shlex
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from audit.papers import ai_act, ai_act_data, provider
from audit.papers.evidence import Evidence
from audit.papers.forms import NONE
from audit.runs import Run
from filters.rights import CHANNELS, POLICIES
from langid import tags
from pipeline import cli

SCHEMA: dict[str, Any] = json.loads(
    resources.files("audit.papers").joinpath("ai_act.schema.json").read_text("utf-8")
)
VALID = jsonschema.Draft202012Validator(SCHEMA)


@pytest.fixture
def made(run: Run) -> dict[str, Any]:
    return ai_act.summary(Evidence(run), provider.Answers())


def fields(made: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {field["id"]: field for section in made["sections"] for field in section["fields"]}


def checked(made: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Every printed command with what it should print: a number, or an object of numbers."""
    for field in fields(made).values():
        for figure in field["figures"]:
            yield figure["check"], figure["value"]
        for table in field["tables"]:
            for row in table["rows"]:
                numbers = {k: v for k, v in row.items() if isinstance(v, int) and v is not True}
                yield row["check"], {k: v for k, v in numbers.items() if v is not False}


def test_it_is_of_its_schema(made: dict[str, Any]) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    VALID.validate(made)
    assert "not legal advice" in made["notice"]


def test_the_worked_example_of_the_docs_is_of_the_schema() -> None:
    page = Path(__file__).parents[3] / "docs" / "papers" / "ai_act_summary.json"
    VALID.validate(json.loads(page.read_text(encoding="utf-8")))


def test_the_schema_wants_every_field_of_the_template(made: dict[str, Any]) -> None:
    numbers = [section["number"] for section in made["sections"]]
    template = ["1.1", "1.2", "1.3", "2.1", "2.2", "2.3", "2.4", "2.5", "2.6", "3.1", "3.2", "3.3"]
    assert numbers == ["0", *template]
    for at, section in enumerate(made["sections"]):
        for place in range(len(section["fields"])):
            less = copy.deepcopy(made)
            del less["sections"][at]["fields"][place]
            assert not VALID.is_valid(less), section["fields"][place]["id"]
    wrong = copy.deepcopy(made)
    wrong["sections"][3]["fields"][2]["figures"][0]["check"] = "rm -r RUN"
    assert not VALID.is_valid(wrong)


def test_each_figure_is_counted_again_by_its_command(
    run: Run, made: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    commands = dict.fromkeys(command for command, _ in checked(made))
    printed = {}
    for command in commands:
        words = [str(run.path) if word == "RUN" else word for word in shlex.split(command)]
        assert cli.main(words[1:]) == 0, command
        printed[command] = json.loads(capsys.readouterr().out)
    assert len(commands) > 60
    for command, value in checked(made):
        found = printed[command]
        if not isinstance(value, dict):
            assert found == value, command
        elif isinstance(found, dict):
            assert {key: found[key] for key in value} == value, command
        else:
            assert {"count": found} == value, command


def test_every_official_language_is_named(made: dict[str, Any]) -> None:
    union, others = fields(made)["1.3.languages"]["tables"]
    assert [row["language"] for row in union["rows"]] == [tags.BY_TAG[t].name for t in tags.EU24]
    assert sum(row["documents"] == 0 for row in union["rows"]) == 22
    assert others["rows"] == []
    assert "Maltese" in fields(made)["1.3.languages"]["text"]


def test_every_channel_has_its_count(made: dict[str, Any]) -> None:
    protocols = fields(made)["3.1.measures"]["tables"][0]["rows"]
    assert [row["channel"] for row in protocols] == list(CHANNELS)
    assert {row["channel"]: row["count"] for row in protocols}["robots"] == 1
    heeded = {row["channel"] for row in protocols if row["heeded"]}
    assert heeded == set(POLICIES["standard"])


def test_only_a_person_is_asked_what_only_a_person_knows(run: Run, made: dict[str, Any]) -> None:
    open_fields = {
        key for key, field in fields(made).items() if field["text"].startswith("TO_BE_FILLED")
    }
    assert open_fields >= {"1.1.provider", "1.2.model", "3.1.signatory", "3.1.policy"}
    assert all(fields(made)[key]["by"] == "provider" for key in open_fields)
    for key in ("2.4.user_data", "2.5.synthetic", "2.6.other"):
        assert fields(made)[key]["by"] == NONE
        assert fields(made)[key]["text"].startswith("Not applicable")
    given = {key: f"Answer to {key}." for key in provider.ASKED}
    answers = provider.Answers(given)
    whole = ai_act.summary(Evidence(run), answers)
    VALID.validate(whole)
    assert answers.open == {}
    assert "TO_BE_FILLED" not in json.dumps(whole)
    assert fields(whole)["2.5.synthetic"]["text"] == "Answer to 2.5.synthetic."


@pytest.mark.parametrize(
    ("words", "size", "tokens", "wanted"),
    [
        (10, 100, None, "Less than 1 billion"),
        (10**8, 10**9, None, "Less than 1 billion tokens or 1 billion to 10 trillion"),
        (10**9, 10**13, None, "1 billion to 10 trillion tokens (no tokenizer"),
        (10**12, 10**14, None, "1 billion to 10 trillion tokens or More than 10 trillion"),
        (1, 10**10, 10**9, "1 billion to 10 trillion tokens (counted"),
        (1, 10**14, 10**13 + 1, "More than 10 trillion"),
    ],
)
def test_the_class_of_size_follows_from_what_was_counted(
    words: int, size: int, tokens: int | None, wanted: str
) -> None:
    found = ai_act_data.size_bin({"words": words, "text_bytes": size, "tokens": tokens})
    assert found.startswith(wanted)


def test_the_month_of_a_time() -> None:
    assert ai_act_data.month("2024-02-29T10:00:00Z") == "02/2024"
    assert ai_act_data.month(None) == "no page was kept"


def test_no_place_on_this_machine_is_told(run: Run, made: dict[str, Any]) -> None:
    assert str(run.path) not in json.dumps(made)
    assert str(Path.home()) not in json.dumps(made)
