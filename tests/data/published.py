"""Datasets without runs: a few pages published and released, as a run's last steps do it."""

import random
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline import dataset, keys, shards
from pipeline.manifest import Books, Manifest, Output
from stages import band, schema
from tests.data.clustering import Page, doc_id, payload, signature_table, words

LAYOUT = (14, 8)
NONE = Books(0, 0, 0, 0)


def pages(name: str, count: int) -> list[Page]:
    """Pages that share nothing with those of another name."""
    source = random.Random(name)  # noqa: S311 - no secret
    return [
        Page(doc_id(f"{name}{n}"), " ".join(words(source, 30, name)), payload(f"{name}{n}"))
        for n in range(count)
    ]


def publish(
    run: Path, by_tag: Mapping[str, Sequence[Page]], layout: tuple[int, int] = LAYOUT
) -> tuple[list[Manifest], list[Manifest]]:
    """Manifests of steps compact and index, whose files are written."""
    compacted, tables = [], []
    for number, (tag, found) in enumerate(by_tag.items()):
        path = run / "corpus" / tag / f"{tag}-00000.parquet"
        path.parent.mkdir(parents=True)
        columns = {
            "doc_id": [p.doc_id for p in found],
            "text": pa.array([p.text for p in found], pa.large_string()),
        }
        pq.write_table(pa.table(columns), path, write_page_checksum=True)
        at = str(path.relative_to(run))
        corpus = Output("corpus.0", at, len(found), path.stat().st_size, f"{number:064x}")
        signed = signature_table(found)
        writer = shards.Writer(run, f"index/{tag}/{tag}-00000.parquet", schema.SIGNATURES)
        writer.write(signed)
        made = (corpus, writer.commit("signatures.0"))
        compacted.append(Manifest("compact", tag, tag, (), made, NONE, ()))
        tables.append(band.keys(signed, number, *layout))
    if not tables:
        return [], []
    writer = shards.Writer(run, "index/keys-00000-x.parquet", schema.KEYS)
    writer.note(keys.LAYOUT, f"{layout[0]}x{layout[1]}")
    keys.write(writer, band.by_key(tables))
    return compacted, [Manifest("index", "x", "00000", (), (writer.commit(),), NONE, ())]


def release(folder: Path, run: Path, snapshot: str, by_tag: Mapping[str, Sequence[Page]]) -> None:
    """Publish pages in a run's folder, and release them after what the dataset has."""
    dataset.release(dataset.read(folder), run, snapshot, *publish(run, by_tag))


def releases(root: Path, *names: str) -> Path:
    """A dataset in `root` with a release of each name: 7 Finnish and 5 Maltese pages."""
    for name in names:
        by_tag = {"fin_Latn": pages(f"{name}f", 7), "mlt_Latn": pages(f"{name}m", 5)}
        release(root / "dataset", root / name, name, by_tag)
    return root / "dataset"


def flipped(path: Path, at: int) -> None:
    """One bit of a file is another; a file that is linked elsewhere stays there as it was."""
    data = bytearray(path.read_bytes())
    data[at] ^= 16
    path.unlink()
    path.write_bytes(data)


def unsorted(path: Path) -> None:
    """Two rows of a file of keys change places; bytes and rows stay as many."""
    file = pq.ParquetFile(path)
    table = file.read()
    order = list(range(table.num_rows))
    order[3], order[-3] = order[-3], order[3]
    path.unlink()
    pq.write_table(table.take(order), path, compression="zstd", write_page_checksum=True)
