"""Stage redact: placeholders in text and title, spans that hold no value."""

import pyarrow as pa

from stages import redact, schema
from tests.data.archives import tools

ALL = frozenset({"EMAIL", "PHONE", "IBAN", "CARD", "IP"})
TEXT = "Write to jo@firm.example or to mia@firm.example; the page lies at 62.117.9.33 today."


def run(text: str, title: str | None, kinds: frozenset[str] = ALL) -> dict[str, object]:
    batch = pa.record_batch(
        {
            "raw_text": pa.array([text], type=pa.large_string()),
            "raw_title": pa.array([title], type=pa.large_string()),
            "language": pa.array(["eng"]),
            "url": pa.array(["https://firm.example/"], type=pa.large_string()),
        }
    )
    columns = redact.Redact(kinds).open(tools())(batch)
    assert columns["pii_spans"].type == schema.SPANS
    assert columns["pii_counts"].type == schema.PII_COUNTS
    (row,) = pa.table(columns).to_pylist()
    return row


def test_personal_data_is_replaced_and_counted() -> None:
    row = run(TEXT, "Mail jo@firm.example")
    text = str(row["text"])
    assert text == "Write to <EMAIL> or to <EMAIL>; the page lies at <IP> today."
    assert row["title"] == "Mail <EMAIL>"
    assert row["pii_counts"] == [("EMAIL", 2), ("IP", 1)]
    assert row["n_chars"] == len(text)


def test_spans_are_of_the_placeholders() -> None:
    row = run(TEXT, None)
    text = str(row["text"])
    spans = row["pii_spans"]
    assert [text[s["start"] : s["end"]] for s in spans] == ["<EMAIL>", "<EMAIL>", "<IP>"]  # type: ignore[index, union-attr]
    assert not any("firm" in str(value) for span in spans for value in span.values())  # type: ignore[union-attr]


def test_only_the_kinds_asked_for_are_replaced() -> None:
    row = run(TEXT, "62.117.9.33", frozenset({"IP"}))
    assert "jo@firm.example" in str(row["text"])
    assert row["pii_counts"] == [("IP", 1)]
    assert row["title"] == "<IP>"


def test_a_page_without_any_is_left_alone() -> None:
    row = run("Nothing to see here.", None)
    assert (row["text"], row["title"], row["n_chars"]) == ("Nothing to see here.", None, 20)
    assert (row["pii_spans"], row["pii_counts"]) == ([], [])
    assert run("x", "")["title"] == ""


def test_running_it_again_changes_nothing() -> None:
    once = run(TEXT, None)
    again = run(str(once["text"]), None)
    assert again["text"] == once["text"]
