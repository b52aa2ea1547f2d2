"""What programs are told of a run's progress."""

import json

import pytest
from jsonschema import validate

from pipeline import answer_schemas, display
from pipeline.executor import End
from pipeline.manifest import Books, Manifest, Output
from pipeline.runner import Event


def made(rows: int, rejected: int, quarantined: int) -> Manifest:
    books = Books(rows, rows - rejected - quarantined, rejected, quarantined)
    outputs = (Output("records", "p", rows, 1000, "0" * 64),)
    return Manifest("extract", "k", "t", (), outputs, books, (), {"wall_s": 2.5})


EVENTS = (
    Event("step", "extract", 0, 3),
    Event("task", "extract", 1, 3, "a", made(10, 2, 1), (End.MADE,)),
    Event("task", "extract", 2, 3, "b", made(10, 0, 0), (End.OUT_OF_MEMORY, End.MADE)),
    Event("error", "extract", 2, 3, "c: cannot be read", None, (End.UNREADABLE,)),
    Event("step", "band", 0, 1),
    Event("done", "", 0, 0),
)


def test_each_line_is_an_object_of_the_schema(capsys: pytest.CaptureFixture[str]) -> None:
    with display.listener("json") as show:
        for event in EVENTS:
            show(event)
    out, err = capsys.readouterr()
    assert not out
    lines = [json.loads(line) for line in err.splitlines()]
    assert len(lines) == len(EVENTS)
    for line in lines:
        validate(line, answer_schemas.PROGRESS)
    last = lines[3]
    assert last["attempts"] == {"made": 2, "out_of_memory": 1, "unreadable": 1}
    assert last["records"] == {"read": 20, "kept": 17, "rejected": 2, "quarantined": 1}
    assert (last["bytes"], last["task_s"], last["pages"]) == (2000, 5.0, 20)
    assert lines[4]["attempts"] == {}, "a step begins with nothing"
    assert lines[4]["records"]["read"] == 0
