"""A team's own reference text: three formats, and what is refused with file, row and reason."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audit import reference_files
from samples import pages
from stages.errors import ConfigError


def prose(tag: str) -> list[str]:
    """Our own pages in a language, as texts."""
    return [pages.prose(page) for page in pages.load(pages.ROOT / "pages") if page.tag == tag]


FINNISH, SWEDISH, RUSSIAN = prose("fin_Latn"), prose("swe_Latn"), prose("rus_Cyrl")


def write_lines(path: Path, texts: list[str]) -> Path:
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts), "utf-8")
    return path


def refused(path: Path, tag: str = "fin_Latn") -> str:
    with pytest.raises(ConfigError) as raised:
        reference_files.read([path], tag)
    return str(raised.value)


@pytest.mark.parametrize("suffix", ["parquet", "jsonl", "txt"])
def test_every_format_gives_the_same_documents(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"own.{suffix}"
    if suffix == "parquet":
        pq.write_table(pa.table({"id": range(len(FINNISH)), "text": FINNISH}), path)
    elif suffix == "jsonl":
        write_lines(path, FINNISH)
    else:
        path.write_text("\n\f\n".join(FINNISH), "utf-8")
    found = reference_files.read([path], "fin_Latn")
    assert {d.text for d in found.documents} == {text.strip() for text in FINNISH}
    assert [d.digest for d in found.documents] == sorted(d.digest for d in found.documents)
    assert all(d.is_whole for d in found.documents)
    assert not found.warnings


def test_a_folder_is_searched_and_repeats_count_once(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    for number, text in enumerate([*FINNISH, FINNISH[0]]):
        (tmp_path / "below" / f"{number}.txt").write_text(text, "utf-8")
    (tmp_path / "notes.md").write_text("not read", "utf-8")
    found = reference_files.read([tmp_path], "fin_Latn")
    assert len(found.documents) == len(FINNISH)
    assert found.dropped["repeated"] == 1


def test_another_language_is_refused_with_its_share(tmp_path: Path) -> None:
    message = refused(write_lines(tmp_path / "a.jsonl", SWEDISH + FINNISH[:1]))
    assert "swe_Latn" in message
    assert "%" in message
    assert "--language" in message


def test_a_few_pages_in_another_language_are_left_out(tmp_path: Path) -> None:
    texts = FINNISH + SWEDISH[: len(FINNISH) // 2]
    found = reference_files.read([write_lines(tmp_path / "a.jsonl", texts)], "fin_Latn")
    assert len(found.documents) == len(FINNISH)
    assert "other languages" in found.warnings[0]


def test_another_script_is_refused(tmp_path: Path) -> None:
    message = refused(write_lines(tmp_path / "a.jsonl", RUSSIAN))
    assert "not in the script of fin_Latn" in message


def test_nothing_long_enough_is_refused(tmp_path: Path) -> None:
    assert "no document of 50 words" in refused(write_lines(tmp_path / "a.jsonl", ["Kaksi sanaa."]))


def test_a_language_that_no_model_knows_is_taken_on_trust_and_says_so(tmp_path: Path) -> None:
    found = reference_files.read([write_lines(tmp_path / "a.jsonl", FINNISH)], "wym_Latn")
    assert len(found.documents) == len(FINNISH)
    assert "no model knows" in found.warnings[0]


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.jsonl", b'{"text": "x"}\nnot json\n', "a.jsonl:2: not JSON"),
        ("a.jsonl", b'{"text": "x"}\n{"body": "y"}\n', "a.jsonl:2: no object"),
        ("a.jsonl", b'{"text": 3}\n', "a.jsonl:1: no object"),
        ("a.jsonl", b"\xff\xfe\n", "not UTF-8"),
        ("a.txt", b"first\nsecond \xff\n", "a.txt:2: not UTF-8"),
        ("a.parquet", b"PAR1 and no more", "no readable Parquet"),
        ("a.jsonl", b"[" * 100_000, "a.jsonl:1: not JSON"),
    ],
)
def test_unreadable_files_are_named_with_the_line(
    tmp_path: Path, name: str, data: bytes, said: str
) -> None:
    (tmp_path / name).write_bytes(data)
    message = refused(tmp_path / name)
    assert said in message
    assert str(tmp_path) in message


def test_parquet_needs_a_column_of_text(tmp_path: Path) -> None:
    pq.write_table(pa.table({"body": ["x"]}), tmp_path / "a.parquet")
    assert "no column `text` (columns: body)" in refused(tmp_path / "a.parquet")
    pq.write_table(pa.table({"text": [1, 2]}), tmp_path / "b.parquet")
    assert "row 0" in refused(tmp_path / "b.parquet")


def test_what_is_not_there_and_an_empty_folder_are_refused(tmp_path: Path) -> None:
    assert "no such file" in refused(tmp_path / "none.txt")
    assert "no file that ends in" in refused(tmp_path)


def test_only_so_many_documents_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_lines(tmp_path / "a.jsonl", FINNISH)
    every = reference_files.read([path], "fin_Latn").documents
    monkeypatch.setattr(reference_files, "MAX_DOCUMENTS", 2)
    assert reference_files.read([path], "fin_Latn").documents == every[:2]
