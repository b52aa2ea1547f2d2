"""Train the extractor: `python -m extraction.train --data FOLDER --work FOLDER`.

Pages with a gold text are learned from it; of all others trafilatura is the teacher. Crawled pages
of hosts that `is_held_out` names are never learned from, so that what is reported of them is of
unseen pages, nor is any page of the evaluation (`Seen`). The same data give the same weights: fixed
seeds, one order. Needs the extra `train`.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import sys
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import numpy as np
import pyarrow.parquet as pq
import trafilatura
from fastwarc.warc import ArchiveIterator, WarcRecordType
from numpy.typing import NDArray
from resiliparse.parse.encoding import bytes_to_str
from resiliparse.parse.html import HTMLTree

from extraction import caps, decode
from extraction.features import FEATURES, features
from extraction.label import labels
from extraction.page import WEIGHTS, Page, read
from extraction.scan import CHARS
from extraction.trees import DEPTH, Trees, save

HELD_OUT: Final = ("debian-handbook.info", "www.ohchr.org")
"""Hosts of many pages that are kept for judging; of those with few, one in four by its digest."""
LARGE: Final = ("docs.gimp.org", "help.libreoffice.org", "www.debian.org", "www.w3.org")
PREFIX: Final = "goose3"
"""Gold texts of this source are the beginning of the text alone: the teacher is better."""
MAX_DEPTH: Final = 512
SHINGLE: Final = 8
"""Words of the runs by which near-copies of pages are known."""
NEAR: Final = 0.5


@dataclass(frozen=True, slots=True)
class Settings:
    """What the trees are fitted with; weights: of a block by its length, of a page by its size."""

    iterations: int = 1500
    depth: int = DEPTH
    rate: float = 0.06
    borders: int = 64
    l2: float = 20.0
    rows: float = 0.7
    columns: float = 0.5
    seed: int = 1
    longest: int = 300
    block_power: float = 0.5
    page_power: float = 0.5
    taught: float = 0.5
    """Weight of pages of which the teacher wrote the text."""


@dataclass(frozen=True, slots=True)
class Source:
    """A page as it came, and its text, if somebody wrote it down."""

    name: str
    url: str
    body: bytes
    content_type: str = "text/html"
    gold: str | None = None

    @property
    def host(self) -> str:
        """Of its address; its name, if it has none."""
        return urlsplit(self.url).hostname or self.name


@dataclass(frozen=True, slots=True)
class Learned:
    """Rows of a page: features, labels and weights."""

    features: NDArray[np.float32]
    labels: NDArray[np.bool_]
    weights: NDArray[np.float32]


def is_held_out(host: str) -> bool:
    """Whether pages of a host are kept for judging; decided by its name, so for good."""
    if host in HELD_OUT or host in LARGE:
        return host in HELD_OUT
    return hashlib.sha256(host.encode()).digest()[0] < 64


def labelled(folder: Path) -> Iterator[Source]:
    """Pages of `extraction_train.parquet`."""
    for row in pq.read_table(folder / "extraction_train.parquet").to_pylist():
        gold = None if row["id"].startswith(PREFIX) else row["gold_text"] or None
        yield Source(row["id"], row["url"] or "", row["html"], gold=gold)


def crawled(folder: Path) -> Iterator[Source]:
    """Pages of `bulk_dev.warc.gz` that are no copies, nor in the evaluation."""
    with gzip.open(folder / "bulk_dev.truth.jsonl.gz", "rt", encoding="utf-8") as stream:
        rows = [json.loads(line) for line in stream]
    wanted = {
        row["offset"] for row in rows
        if row["kind"] == "page" and not row.get("also_in_extraction_dev")
    }  # fmt: skip
    yield from responses(folder / "bulk_dev.warc.gz", wanted)


def archived(folder: Path) -> Iterator[Source]:
    """Pages of the archives of other projects; those that cannot be read are passed over."""
    for path in sorted((folder / "warc").iterdir()):
        if not path.name.endswith((".warc", ".warc.gz")):
            continue
        try:
            yield from responses(path)
        except Exception as error:  # noqa: BLE001 - whatever a damaged archive raises
            print(f"{path.name}: {type(error).__name__}", file=sys.stderr)


def responses(path: Path, wanted: set[int] | None = None) -> Iterator[Source]:
    """HTML pages of an archive; those at the wanted offsets."""
    with path.open("rb") as stream:
        for record in ArchiveIterator(stream, record_types=WarcRecordType.response):
            if wanted is not None and record.stream_pos not in wanted:
                continue
            fields = record.http_headers
            kind = (fields.get("Content-Type") or "") if fields else ""
            if fields and fields.status_code == 200 and "html" in kind.lower():
                url = record.headers.get("WARC-Target-URI") or record.record_id
                yield Source(str(url), str(url), record.reader.read(8 << 20), kind)


class Seen:
    """Pages of the evaluation: addresses, and pieces of what they show."""

    def __init__(self, folder: Path) -> None:
        rows = pq.read_table(folder / "extraction_dev.parquet", columns=["url", "html"]).to_pylist()
        self._urls = {row["url"] for row in rows if row["url"]}
        self._pieces = set[int]()
        for row in rows:
            markup = decoded(Source("", "", row["html"]))
            self._pieces |= _pieces(markup) if markup else set()

    def has(self, source: Source) -> bool:
        """Whether the page, or one like it, is there."""
        if source.url in self._urls:
            return True
        markup = decoded(source)
        pieces = _pieces(markup) if markup else set()
        return bool(pieces) and len(pieces & self._pieces) >= NEAR * len(pieces)


def _pieces(markup: str) -> set[int]:
    """Digests of one in eight runs of words of what a page shows."""
    tree = HTMLTree.parse(markup)
    words = (tree.body.text or "").split() if tree.body else []
    runs = (" ".join(words[at : at + SHINGLE]) for at in range(len(words) - SHINGLE + 1))
    return {piece for run in runs if (piece := zlib.crc32(run.encode())) % 8 == 0}


def decoded(source: Source) -> str | None:
    """The page's markup, as the pipeline decodes it; None for what it would refuse."""
    body, reason = decode.decode_content(source.body, "", 20 << 20)
    if reason or not body.strip():
        return None
    charset = decode.charset(body, source.content_type)
    markup = bytes_to_str(body, charset, errors="replace").replace("\0", "")
    return None if caps.is_bomb(markup, MAX_DEPTH) else markup


def taught(markup: str) -> str:
    """What trafilatura extracts when it takes its time."""
    return (
        trafilatura.extract(
            markup, include_comments=False, include_tables=True, deduplicate=False,
            output_format="txt",
        )
        or ""
    )  # fmt: skip


def learned(source: Source) -> Learned | None:
    """What is to be learned from a page; None for one without text, or that is refused."""
    markup = decoded(source)
    if markup is None:
        return None
    text = source.gold or taught(markup)
    page = read(HTMLTree.parse(markup))
    if not len(page.scanned.blocks) or not text:
        return None
    return Learned(
        features(page.scanned), labels(page, text), weights(page, Settings(), bool(source.gold))
    )


def weights(page: Page, settings: Settings, is_gold: bool) -> NDArray[np.float32]:
    """Of each block: long ones count for more, blocks of long pages for less."""
    chars = np.minimum(page.scanned.blocks[:, CHARS], settings.longest)
    made = chars**settings.block_power + 1.0
    made /= made.sum() ** settings.page_power
    return (made * (1.0 if is_gold else settings.taught)).astype(np.float32)


def fit(pages: Sequence[Learned], settings: Settings) -> Trees:
    """Boosted oblivious trees on the rows of all pages."""
    from catboost import CatBoostClassifier, Pool  # noqa: PLC0415 - of the extra

    pool = Pool(
        np.concatenate([page.features for page in pages]),
        label=np.concatenate([page.labels for page in pages]).astype(np.float32),
        weight=np.concatenate([page.weights for page in pages]),
    )
    model = CatBoostClassifier(
        iterations=settings.iterations,
        depth=settings.depth,
        learning_rate=settings.rate,
        border_count=settings.borders,
        l2_leaf_reg=settings.l2,
        bootstrap_type="Bernoulli",
        subsample=settings.rows,
        rsm=settings.columns,
        leaf_estimation_iterations=1,
        loss_function="CrossEntropy",
        random_seed=settings.seed,
        allow_writing_files=False,
        verbose=100,
    )
    model.fit(pool)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.json"
        model.save_model(str(path), format="json")
        return converted(json.loads(path.read_text(encoding="utf-8")))


def converted(found: dict[str, Any]) -> Trees:
    """A model as CatBoost writes it in JSON, as ours."""
    known = {f["feature_index"]: f for f in found["features_info"]["float_features"]}
    trees = found["oblivious_trees"]
    used = sorted({split["float_feature_index"] for tree in trees for split in tree["splits"]})
    borders = [np.array(known[feature]["borders"], np.float32) for feature in used]
    asked = np.zeros((len(trees), DEPTH), np.int32)
    bins = np.full((len(trees), DEPTH), 255, np.uint8)  # no rank is above: the bit stays 0
    leaves = np.zeros((len(trees), 1 << DEPTH), np.float32)
    for t, tree in enumerate(trees):
        for level, split in enumerate(tree["splits"]):
            place = used.index(split["float_feature_index"])
            asked[t, level] = place
            bins[t, level] = int(np.abs(borders[place] - split["border"]).argmin())
        leaves[t, : len(tree["leaf_values"])] = tree["leaf_values"]
    scale, (bias,) = found["scale_and_bias"]
    return Trees(
        np.array([known[feature]["flat_feature_index"] for feature in used], np.int32),
        np.cumsum([0, *map(len, borders)]).astype(np.int32),
        np.concatenate(borders),
        asked,
        bins,
        leaves * np.float32(scale),
        np.array([bias], np.float32),
    )


def chosen(data: Path, seen: Seen) -> Iterator[Source]:
    """Pages that may be learned from, in one order."""
    for find, may_hold_out in ((labelled, False), (crawled, True), (archived, True)):
        for source in find(data):
            if not (may_hold_out and is_held_out(source.host)) and not seen.has(source):
                yield source


def main(arguments: Sequence[str] | None = None) -> int:
    """Train, and write the weights and their facts."""
    parser = argparse.ArgumentParser(prog="python -m extraction.train")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--output", type=Path, default=Path(__file__).with_name(WEIGHTS))
    parser.add_argument("--iterations", type=int, default=Settings().iterations)
    options = parser.parse_args(arguments)
    settings = replace(Settings(), iterations=options.iterations)
    sources = list(chosen(options.data, Seen(options.data)))
    with ProcessPoolExecutor() as pool:
        pages = [page for page in pool.map(learned, sources, chunksize=8) if page is not None]
    trees = fit(pages, settings)
    save(options.output, trees)
    facts = {
        "pages": len(pages),
        "gold": sum(source.gold is not None for source in sources),
        "blocks": sum(len(page.labels) for page in pages),
        "features": len(FEATURES),
        "settings": asdict(settings),
        "sha256": hashlib.sha256(options.output.read_bytes()).hexdigest(),
        "bytes": options.output.stat().st_size,
        "versions": {name: metadata.version(name) for name in ("catboost", "trafilatura")},
    }
    options.output.with_suffix(".json").write_text(json.dumps(facts, indent=1) + "\n")
    print(json.dumps(facts, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
