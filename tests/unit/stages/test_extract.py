"""Stage extract: markup to text by way of the guard."""

import pyarrow as pa

from stages import base, extract
from tests.data.archives import Inline, Scripted, tools

GOOD = (
    "<html><body><article>"
    + "<p>Myllyn vesi nousee taas keväällä.</p>" * 3
    + "</article></body></html>"
)
BATCH = pa.record_batch(
    {
        "html": pa.array([GOOD, "<html></html>"], type=pa.large_string()),
        "main_text": pa.array([None, None], type=pa.large_string()),
    }
)


def test_text_or_a_reason_for_every_row() -> None:
    guard = Inline()
    found = extract.Extract("trafilatura", 10_000).open(tools(guard))(BATCH)
    assert guard.calls == ["extract", "extract"]
    assert found["raw_text"].type == pa.large_string()
    assert "Myllyn vesi" in found["raw_text"][0].as_py()
    assert found["raw_text"][1].as_py() is None
    assert found["reason"].to_pylist() == [None, "extract.empty"]


def test_a_killed_parser_is_the_page_s_reason() -> None:
    worker = extract.Extract("trafilatura", 10_000).open(
        tools(Scripted({"reason": "extract.crash"}))
    )
    live, gone = base.advance(BATCH, worker)
    assert live.num_rows == 0
    assert gone is not None
    assert gone.column("reason").to_pylist() == ["extract.crash"] * 2


def test_the_cap_is_of_characters() -> None:
    worker = extract.Extract("resiliparse", 20).open(tools())
    assert worker(BATCH)["reason"].to_pylist() == ["extract.output", "extract.empty"]


def test_what_the_gate_s_parse_found_is_not_looked_for_again() -> None:
    early = pa.array(["Myllyn vesi", "", "x" * 30, None], type=pa.large_string())
    html = pa.array([None, None, None, GOOD], type=pa.large_string())
    guard = Inline()
    worker = extract.Extract("cascade", 20).open(tools(guard))
    found = worker(pa.record_batch({"html": html, "main_text": early}))
    assert found["raw_text"].to_pylist() == ["Myllyn vesi", None, None, None]
    reasons = [None, "extract.empty", "extract.output", "extract.output"]
    assert found["reason"].to_pylist() == reasons
    assert guard.calls == ["extract"], "the one that it was unsure of"


def test_no_rows_are_no_work() -> None:
    assert (
        extract.Extract("cascade", 20).open(tools())(BATCH.slice(0, 0))["reason"].to_pylist() == []
    )
