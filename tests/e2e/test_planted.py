"""Personal data that was planted in a snapshot is nowhere in what a run leaves behind."""

import base64
import gzip
import io
import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline import cli
from tests.data.extracting import SHORT
from tests.e2e.planted import HOST, Planted, Search, seamed, snapshot, texts, wide


@dataclass(frozen=True)
class Done:
    """A run of the planted snapshot, and what its commands printed."""

    planted: Planted
    folder: Path


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Done:
    """The run in a dataset; report, samples, trace, papers, and a takedown by an address."""
    source = tmp_path_factory.mktemp("planted-snapshot")
    folder = tmp_path_factory.mktemp("planted")
    planted, paths, side = snapshot(source)
    run, dataset, shown = folder / "run", folder / "dataset", folder / "shown"
    shown.mkdir()
    (folder / "tmp").mkdir()
    patch = pytest.MonkeyPatch()
    patch.setattr(tempfile, "tempdir", str(folder / "tmp"))
    patch.setenv("TMPDIR", str(folder / "tmp"))
    settings = (SHORT, "limits.max_quarantined_fraction=0.5", f"rights.side_files={side}")
    try:
        _weir(
            shown / "run", "run", "sample", "--input", str(paths), "--output", str(run),
            "--dataset", str(dataset), "--workers", "1", "--progress", "plain",
            *(word for one in settings for word in ("--set", one)),
        )  # fmt: skip
        _weir(shown / "report", "report", str(run))
        _weir(shown / "stats", "stats", str(run), "--json")
        _weir(shown / "sample", "sample", str(run), "--n", "20", "--json")
        _weir(shown / "rejected", "sample", str(run), "--n", "20", "--outcome", "reject", "--json")
        _weir(shown / "trace", "trace", str(run), f"https://{HOST}/wiadomosci/1", "--json")
        for paper in ("ai-act", "croissant", "card", "datasheet"):
            _weir(shown / paper, "export", paper, str(run))
        mail = planted.values["path/EMAIL"]
        iban = quote(planted.values["path/IBAN"], safe="+@")
        address = f"https://{HOST}/osoby/{quote(mail, safe='+@')}/{iban}"
        _weir(None, "takedown", "apply", str(dataset), "--url", address)
        _weir(shown / "report again", "report", str(run))
        _weir(shown / "verify", "verify", str(run))
    finally:
        patch.undo()
    return Done(planted, folder)


def _weir(printed: Path | None, *words: str) -> None:
    """Run a command; what it prints goes to files, which are searched with the rest."""
    capture = pytest.MonkeyPatch()
    out, err = io.StringIO(), io.StringIO()
    capture.setattr(sys, "stdout", out)
    capture.setattr(sys, "stderr", err)
    try:
        code = cli.main(list(words))
    finally:
        capture.undo()
    assert code == 0, (words, code, err.getvalue()[-2000:])
    if printed is not None:
        printed.with_suffix(".out").write_text(out.getvalue(), encoding="utf-8")
        printed.with_suffix(".err").write_text(err.getvalue(), encoding="utf-8")


def test_the_run_read_what_was_planted(done: Done) -> None:
    (records,) = [pq.read_table(p) for p in (done.folder / "run" / "records").glob("*.parquet")]
    outcomes = records.column("outcome").to_pylist()
    assert outcomes.count("pass") >= 6
    (documents,) = [pq.read_table(p) for p in (done.folder / "run" / "documents").glob("*.parquet")]
    counted = {kind for row in documents.column("pii_counts").to_pylist() for kind, _ in row}
    assert {"EMAIL", "PHONE", "IBAN", "CARD", "IP"} <= counted
    assert len(done.planted.values) > 100


def test_nothing_planted_is_found(done: Done) -> None:
    """The run, the dataset, what commands printed, and what is left of temporary files."""
    found = Search(done.planted.values).folder(done.folder)
    assert not found, json.dumps({name: sorted(names) for name, names in found.items()}, indent=1)


FORMS = {
    "raw": str,
    "upper": str.upper,
    "percent": lambda v: quote(v, safe=""),
    "percent twice": lambda v: quote(quote(v, safe=""), safe=""),
    "percent thrice": lambda v: quote(quote(quote(v, safe=""), safe=""), safe=""),
    "full width": wide,
    "seamed": seamed,
    "spaced": " ".join,
    "base64": lambda v: base64.b64encode(f"ab{v}cdef".encode()).decode(),
}


def _table(value: str) -> pa.Table:
    kinds = {
        "plain": pa.array([value]),
        "large": pa.array([value], pa.large_string()),
        "bytes": pa.array([value.encode()]),
        "list": pa.array([[{"deep": {"deeper": [value]}}]]),
        "map": pa.array([[("key", value)]], pa.map_(pa.string(), pa.string())),
        "dictionary": pa.array([value]).dictionary_encode(),
    }
    return pa.table(kinds)


@pytest.mark.parametrize("form", FORMS)
def test_the_search_finds_each_form_in_each_kind_of_file(form: str, tmp_path: Path) -> None:
    """The positive control: an empty search would pass as well."""
    planted, _, _ = snapshot(tmp_path / "snapshot")
    wanted = {name: v for name, v in planted.values.items() if name.startswith("text/")}
    files = tmp_path / "files"
    files.mkdir()
    for number, value in enumerate(wanted.values()):
        shown = FORMS[form](value)
        table = _table(f"before {shown} after")
        for column in table.column_names:
            pq.write_table(table.select([column]), files / f"{number}-{column}.parquet")
        with pa.ipc.new_file(str(files / f"{number}.arrow"), table.schema) as writer:
            writer.write_table(table)
        line = f"x {shown} y"
        (files / f"{number}.json").write_text(json.dumps({"a": [line]}), encoding="utf-8")
        (files / f"{number}.log").write_text(line, encoding="utf-8")
        (files / f"{number}.html").write_text(line.replace("@", "&#64;"), encoding="utf-8")
        (files / f"{number}.gz").write_bytes(gzip.compress(b"first") + gzip.compress(line.encode()))
        (files / f"{number}.tmp").write_bytes(b"head" + gzip.compress(line.encode()))
    search = Search(wanted)
    found = search.folder(files)
    for number, name in enumerate(wanted):
        for path in files.glob(f"{number}[-.]*"):
            assert name in found.get(path.name, ()), (form, name, path.name)


def test_every_file_of_the_run_is_read(done: Done) -> None:
    """No file is skipped as unknown: each gives the search some text."""
    kinds = {p.suffix for p in (done.folder / "run").rglob("*") if p.is_file()}
    assert {".parquet", ".json", ".html", ".arrow"} <= kinds
    for path in (done.folder / "run").rglob("*.parquet"):
        if pq.read_metadata(path).num_rows:
            assert any(True for _ in texts(path)), path.name
