import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from audit import label_formats, labels
from audit.labels import Label, LabelFile
from stages.errors import ConfigError, IntegrityError, TransientError


def known(
    number: int, verdict: str = "keep", annotator: str = "ana", **more: Any
) -> dict[str, Any]:
    return {
        "doc_id": f"{number:032x}",
        "verdict": verdict,
        "queue": "random_kept",
        "inclusion_probability": 0.25,
        "frame": 160,
        "annotator": annotator,
        "is_blind": True,
        "config_digest": "0" * 64,
        "run_digest": "1" * 64,
        **more,
    }


def label(number: int, verdict: str = "keep", annotator: str = "ana", **more: Any) -> Label:
    return labels.made(known(number, verdict, annotator, **more))


def test_a_label_is_read_back_as_it_was_given(tmp_path: Path) -> None:
    book = LabelFile(tmp_path / "fin_Latn.jsonl")
    given = book.add(label(1, "drop", reasons=("adult", "encoding"), rule="word_count"))
    book.close()
    again = LabelFile(tmp_path / "fin_Latn.jsonl")
    assert again.latest() == [given]
    assert again.warnings == []
    assert again.digest == book.digest


def test_the_latest_label_of_a_person_counts(tmp_path: Path) -> None:
    book = LabelFile(tmp_path / "x.jsonl")
    book.add(label(1, "keep"))
    last = book.add(label(1, "drop"))
    other = book.add(label(1, "keep", "ben"))
    assert book.latest() == [last, other]


def test_undo_takes_back_one_label_and_restores_the_one_before(tmp_path: Path) -> None:
    book = LabelFile(tmp_path / "x.jsonl")
    first = book.add(label(1, "keep"))
    last = book.add(label(1, "drop"))
    book.retract(last.id, "ana")
    book.close()
    again = LabelFile(tmp_path / "x.jsonl")
    assert again.latest() == [first]
    assert len((tmp_path / "x.jsonl").read_text().splitlines()) == 3  # nothing was rewritten
    with pytest.raises(ConfigError, match="no label"):
        again.retract(first.id, "ben")


def test_a_label_that_is_sent_twice_is_there_once(tmp_path: Path) -> None:
    book = LabelFile(tmp_path / "x.jsonl")
    one = label(1)
    assert book.add(one) == book.add(one)
    assert len((tmp_path / "x.jsonl").read_text().splitlines()) == 1


WRITER = """
import sys
from collections.abc import Callable
from pathlib import Path
from tests.unit.audit.test_labels import label
from audit.labels import LabelFile

book = LabelFile(Path(sys.argv[1]))
for number in range(10_000):
    print(book.add(label(number)).id, flush=True)
"""


def test_what_was_answered_survives_a_kill(tmp_path: Path) -> None:
    """Check 17: a kill at any moment loses no label that was acknowledged."""
    path = tmp_path / "x.jsonl"
    for after in (1, 7, 20):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout is not None
            said = [writer.stdout.readline().strip() for _ in range(after)]
            writer.send_signal(signal.SIGKILL)
            said += [line.strip() for line in writer.stdout if len(line) == 17]
        book = LabelFile(path)
        assert set(said) <= {line.id for line in book.lines}
        book.close()


@pytest.mark.parametrize("torn", [b'{"version": 1, "id": "ab', b"\0" * 40, b"\xff"])
def test_a_line_that_a_power_cut_tore_is_set_aside(tmp_path: Path, torn: bytes) -> None:
    path = tmp_path / "x.jsonl"
    book = LabelFile(path)
    one = book.add(label(1))
    book.close()
    with path.open("ab") as stream:
        stream.write(torn)
    assert "not finished" in LabelFile(path, read_only=True).warnings[0]
    again = LabelFile(path)
    assert again.latest() == [one]
    assert "x.jsonl:2 was cut off" in again.warnings[0]
    assert (tmp_path / "x.jsonl.torn").read_bytes() == torn + b"\n"
    two = again.add(label(2))
    again.close()
    assert LabelFile(path).latest() == [one, two]


def test_a_second_process_reads_only(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    first = LabelFile(path)
    first.add(label(1))
    second = LabelFile(path)  # another handle is another lock, as in another process
    assert second.is_read_only
    assert "another process writes" in second.warnings[0]
    assert len(second.latest()) == 1
    with pytest.raises(ConfigError, match="reading only"):
        second.add(label(2))
    first.close()
    assert not LabelFile(path).is_read_only


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: path.symlink_to("/dev/full")])
def test_what_is_no_file_is_refused_at_once(tmp_path: Path, make: Any) -> None:
    make(tmp_path / "x.jsonl")
    for read_only in (False, True):
        with pytest.raises(ConfigError, match="is no file"):
            LabelFile(tmp_path / "x.jsonl", read_only=read_only)


def _rename(path: Path) -> None:
    path.rename(path.with_suffix(".old"))


def _replace(path: Path) -> None:
    _rename(path)
    path.write_bytes(path.with_suffix(".old").read_bytes())


def _append(path: Path) -> None:
    with path.open("a") as stream:
        stream.write(labels.text_of([label(9)]))


@pytest.mark.parametrize("change", [_rename, _replace, _append, Path.unlink])
def test_no_label_goes_to_a_file_that_nobody_finds(
    tmp_path: Path, change: Callable[[Path], Any]
) -> None:
    book = LabelFile(tmp_path / "x.jsonl")
    one = book.add(label(1))
    change(book.path)
    for again in range(2):
        with pytest.raises(ConfigError, match="changed or moved by another program"):
            book.add(label(2 + again))
    with pytest.raises(ConfigError, match="changed or moved"):
        book.retract(one.id, "ana")
    assert book.latest() == [one]


def test_a_full_disk_loses_what_was_not_answered_and_nothing_else(tmp_path: Path) -> None:
    book = LabelFile(tmp_path / "x.jsonl")
    one = book.add(label(1))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (book.path.stat().st_size + 100, limits[1]))
    try:
        with pytest.raises(TransientError, match="full"):
            book.add(label(2))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    three = book.add(label(3))
    book.close()
    again = LabelFile(book.path)
    assert again.latest() == [one, three]
    assert again.warnings == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_is_not_ours_is_read_only(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0o500)
    book = LabelFile(tmp_path / "closed" / "x.jsonl")
    assert book.is_read_only
    assert "cannot be written" in book.warnings[0]


@pytest.mark.parametrize(
    ("line", "error", "problem"),
    [
        ("{}", IntegrityError, "x.jsonl:1: is no label"),
        ("[1]", IntegrityError, "is no label"),
        ("not json", IntegrityError, "not JSON"),
        ("[" * 5000, IntegrityError, "not JSON"),
        ('{"version": 2}', ConfigError, "version 2.*weir labels export"),
        ("x" * 9000, IntegrityError, "9000 bytes"),
    ],
)
def test_lines_that_are_no_labels_are_named(
    tmp_path: Path, line: str, error: type[Exception], problem: str
) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(line + "\n")
    with pytest.raises(error, match=problem):
        LabelFile(path)


@pytest.mark.parametrize(
    "wrong",
    [
        {"verdict": "maybe"},
        {"inclusion_probability": 0.0},
        {"inclusion_probability": 1.5},
        {"doc_id": "x"},
        {"annotator": "\x1b[2J"},
        {"reasons": ("ugly",)},
        {"queue": "all"},
        {"secret": "text"},
        {"inclusion_probability": float("nan")},
        {"inclusion_probability": 10**400},
        {"inclusion_probability": "much"},
        {"frame": 10**400},
        {"reasons": 5},
        {"reasons": {"adult": 1}},
        {"language": "\ud800"},
    ],
)
def test_values_that_no_label_has_are_refused_unquoted(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError) as caught:
        labels.made({**known(1), **wrong})
    assert next(iter(wrong)) in str(caught.value)
    assert "\x1b" not in str(caught.value)


def test_shares_follow_from_the_document_alone() -> None:
    ids = [f"{number:032x}" for number in range(20_000)]
    held = [labels.is_held_out(one) for one in ids]
    doubled = [labels.is_doubled(one) for one in ids]
    assert abs(sum(held) / 20_000 - 0.3) < 0.01
    assert abs(sum(doubled) / 20_000 - 0.2) < 0.01
    both = sum(a and b for a, b in zip(held, doubled, strict=True)) / 20_000
    assert abs(both - 0.06) < 0.01  # one does not follow from the other


def test_one_in_five_is_offered_to_a_second_person(tmp_path: Path) -> None:
    book = LabelFile(tmp_path / "x.jsonl")
    for number in range(50):
        book.add(label(number))
    mine, others = book.done("ana"), book.done("ben")
    assert len(mine) == 50
    assert mine - others == {one for one in mine if labels.is_doubled(one)}
    assert mine > others


@pytest.mark.parametrize("form", label_formats.FORMATS)
def test_labels_come_back_from_other_programs(form: str) -> None:
    given = [label(1, "drop", reasons=("adult",)), label(1, "keep", "ben"), label(2, "skip")]
    text = label_formats.written(given, form)
    assert label_formats.taken(text.encode(), form, "x.json") == given


@pytest.mark.parametrize(
    ("form", "change"),
    [
        ("argilla", lambda r: r["responses"]["verdict"][0].update(value="keep")),
        (
            "label-studio",
            lambda t: t["annotations"][0]["result"][0]["value"].update(choices=["keep"]),
        ),
    ],
)
def test_a_verdict_that_changed_elsewhere_is_a_new_label(form: str, change: Any) -> None:
    given = label(1, "drop")
    found = json.loads(label_formats.written([given], form))
    change(found[0])
    (one,) = label_formats.taken(json.dumps(found).encode(), form, "x.json")
    (same,) = label_formats.taken(json.dumps(found).encode(), form, "x.json")
    assert (one.verdict, one.is_blind) == ("keep", False)
    assert one.id == same.id != given.id


@pytest.mark.parametrize("content", [b"{}", b"[1]", b"[{}]", b'[{"responses": {}}]', b"nothing"])
@pytest.mark.parametrize("form", ["argilla", "label-studio"])
def test_what_is_no_export_is_refused(form: str, content: bytes) -> None:
    with pytest.raises(ConfigError, match=r"x\.json"):
        label_formats.taken(content, form, "x.json")


def test_alpha_is_krippendorffs() -> None:
    """The worked example of Krippendorff 2011, section B: two observers, binary data, .095."""
    observers = ([0, 1, 0, 0, 0, 0, 0, 0, 1, 0], [1, 1, 1, 0, 0, 1, 0, 0, 0, 0])
    said = [
        label(unit, "keep" if value else "drop", name)
        for name, values in zip(("ana", "ben"), observers, strict=True)
        for unit, value in enumerate(values)
    ]
    found = label_formats.alpha(said)
    assert found is not None
    assert round(found, 3) == 0.095
    assert label_formats.alpha(said[:10]) is None
    assert label_formats.alpha([label(1), label(1, "keep", "ben")]) == 1
