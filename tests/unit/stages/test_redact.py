"""Stage redact: placeholders in text and title, spans that hold no value."""

from pathlib import Path

import pyarrow as pa
import pytest

from filters.spans import ALL
from stages import redact, schema
from stages.errors import ConfigError
from tests.data.archives import present, tools

TEXT = "Write to jo@firm.example or to mia@firm.example; the page lies at 62.117.9.33 today."


def run(
    text: str,
    title: str | None,
    kinds: frozenset[str] = ALL,
    names: tuple[str, str] | None = None,
) -> dict[str, object]:
    batch = pa.record_batch(
        {
            "raw_text": pa.array([text], type=pa.large_string()),
            "raw_title": pa.array([title], type=pa.large_string()),
            "language": pa.array(["eng"]),
            "url": pa.array(["https://firm.example.uk/"], type=pa.large_string()),
        }
    )
    columns = redact.Redact(kinds, names).open(tools())(batch)
    assert columns["pii_spans"].type == schema.SPANS
    assert columns["pii_counts"].type == schema.PII_COUNTS
    (row,) = pa.table(present(columns)).to_pylist()
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


def test_the_host_says_of_what_country_a_number_is() -> None:
    row = run("The desk has 020 7946 0958 until six.", "Ring 020 7946 0958")
    assert (row["text"], row["title"]) == ("The desk has <PHONE> until six.", "Ring <PHONE>")
    (span,) = row["pii_spans"]  # type: ignore[misc]
    assert (span["country"], span["context"]) == ("GB", False)  # type: ignore[index]


@pytest.fixture
def offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package that offers a recogniser: every word after "Mr" is a name."""
    code = (
        "import re\ndef make():\n"
        "    return lambda text, language: [m.span(1) for m in re.finditer(r'Mr (\\w+)', text)]\n"
    )
    (tmp_path / "mister.py").write_text(code)
    info = tmp_path / "mister-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: mister\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text("[weir.names]\nmister = mister:make\n")
    monkeypatch.syspath_prepend(str(tmp_path))


@pytest.mark.usefixtures("offered")
def test_a_recogniser_of_names_reads_what_the_detectors_left() -> None:
    text = "Mr Pike (pike@firm.example) and Mr Moss, +44 20 7946 0958."
    row = run(text, None, names=("mister", "1.2"))
    assert row["text"] == "Mr <NAME> (<EMAIL>) and Mr <NAME>, <PHONE>."
    assert row["pii_counts"] == [("EMAIL", 1), ("NAME", 2), ("PHONE", 1)]


@pytest.mark.usefixtures("offered")
@pytest.mark.parametrize(
    ("names", "told"),
    [(("mister", "1.3"), "redact.names.version"), (("madam", "1.2"), "redact.names.recogniser")],
)
def test_an_unknown_recogniser_is_refused(names: tuple[str, str], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        run("x", None, names=names)
