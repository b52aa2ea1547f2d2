"""Upper bounds of what each step needs: memory of a task, scratch space of a task, bytes that stay.

One place for `weir plan`, `weir doctor`, the executor's requests and docs/operations.md. Each bound
follows from a constant of the code or a key of the configuration, named in `Bound.why`; what cannot
be derived (the packages and models of a worker, bytes a row) was measured, and
`benchmarks/bench_bounds.py` holds finished runs against all of it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from filters import minhash
from pipeline import config, duplicates, keys, lists, plan, shards, site_tables
from stages import base

MB: Final = 1 << 20

WORKER_MB: Final = 700
"""A worker with packages, compiled loops and language models, which it keeps after extraction. 620
MB were seen; models that a configuration names come on top."""
PARSER_MB: Final = 200
"""The helper that loads the parsers, and again the child that it forks: pages that they share are
counted for each."""
BATCH_BYTES: Final = base.MAX_BATCH_BYTES
"""Payloads of a batch, and again what they are unpacked to before the batch is parted."""
BATCH_COPIES: Final = 6
"""A batch's payloads, markup, texts before and after redaction, and columns of both."""
FLUSH_BYTES: Final = 32 << 20
"""Files of sites that wait: `stages/prepare.py`, FLUSH_BYTES."""
CHAR_BYTES: Final = 40
"""What measuring needs for a character of one text; 35 were measured on 5 million."""
KEY_BYTES: Final = 105
"""A key of clustering while it is sorted (docs/scale.md)."""
ROW_BYTES: Final = 4_000
"""What judging, deciding and publishing hold of a document beside its text."""
GROUP_COPIES: Final = 5
"""A row group as read, as rows of the corpus, and as it is encoded."""

BYTES_PER_CHAR: Final = 2
"""Bytes of a stored character before compression: between Latin's 1 and Cyrillic's 2."""
PACKED: Final = 0.6
"""Of which compression leaves at most so much; 0.2 to 0.3 were measured."""
SIGNATURE_BYTES: Final = 4 * minhash.PERMUTATIONS
SHINGLE_CHARS: Final = 3
"""A text has at most one shingle for so many characters; 6.7 characters each were measured."""


@dataclass(frozen=True, slots=True)
class Size:
    """What a run is made of: documents in all and in a shard, and the mean text in characters.

    The default is a large run at which groups and partitions have not begun to grow.
    """

    documents: int = 300_000_000
    shard_documents: int = 50_000
    characters: int = 6_000


@dataclass(frozen=True)
class Load:
    """A run's size and settings, and the sizes of its groups and partitions that follow."""

    settings: config.Run
    size: Size

    @cached_property
    def group(self) -> int:
        """Documents of a group: whole shards, so one shard more than where groups end."""
        least = max(plan.GROUP_DOCUMENTS, self.size.documents // plan.MAX_GROUPS)
        return min(self.size.documents, least + self.size.shard_documents)

    @cached_property
    def parts(self) -> int:
        """Partitions."""
        found = -(-self.size.documents // plan.PART_DOCUMENTS)
        chosen = min(plan.MAX_PARTS, max(plan.MIN_PARTS, found))
        return self.settings.cluster.partitions or chosen

    @cached_property
    def part(self) -> int:
        """Documents of a partition, were all of them in components: at most half as many again."""
        return min(self.size.documents, 3 * self.size.documents // (2 * self.parts) + 1)

    @cached_property
    def shard(self) -> int:
        """Documents of a shard."""
        return min(self.size.documents, self.size.shard_documents)

    @cached_property
    def keys(self) -> int:
        """Keys of a document: its bands, and the digests of its payload, text and id."""
        return self.settings.cluster.bands + 3

    @cached_property
    def text_bytes(self) -> int:
        """Bytes of a mean text before compression."""
        return self.size.characters * BYTES_PER_CHAR


def usual(settings: config.Run) -> Size:
    """The size to plan for where none is known: what the partitions that are set were meant for."""
    parts = settings.cluster.partitions
    return Size() if parts is None else Size(documents=parts * plan.PART_DOCUMENTS)


Measure = Callable[[Load], float]


@dataclass(frozen=True, slots=True)
class Bound:
    """What a task of a step needs at most, and why.

    `memory` is in bytes above that of a worker, `scratch` the bytes of a task's temporary files
    (outputs in the making count as stored), `stored` the bytes that all tasks of the step leave.
    `settings` are the keys that move the bound.
    """

    memory: Measure
    scratch: Measure
    stored: Measure
    why: str
    settings: tuple[str, ...] = ()
    is_kept: bool = False
    """Whether the step's output stays after `weir prune`."""


def _none(load: Load) -> float:
    del load
    return 0.0


def _of_documents(fixed: int, with_text: bool = False) -> Measure:
    """So many bytes a document, and its text where it is stored."""

    def measure(load: Load) -> float:
        text = load.text_bytes * PACKED if with_text else 0.0
        return load.size.documents * (fixed + text)

    return measure


def _child(load: Load) -> float:
    return (2 * PARSER_MB + load.settings.extract.memory_limit_mb) * MB


def _extract_memory(load: Load) -> float:
    caps = load.settings
    read = caps.read.max_record_bytes + caps.gate.max_decoded_bytes
    text = caps.extract.max_chars * CHAR_BYTES
    sort = 3 * shards.SPILL_BYTES + 3 * shards.ROW_GROUP_BYTES
    unpacked = BATCH_BYTES + base.IN_FLIGHT * caps.gate.max_decoded_bytes
    return _child(load) + read + text + sort + BATCH_COPIES * unpacked


def _gather_memory(load: Load) -> float:
    waiting = min(load.parts * duplicates.ROUTED_ROWS, 16 * load.size.documents) * 17
    return load.size.documents * (9 + 40) + waiting


def _mapped(each: Callable[[Load], float]) -> Measure:
    """Bytes in memory of an array that goes to a mapped file from `MEMORY_BYTES` on."""
    return lambda load: min(duplicates.MEMORY_BYTES, load.part * each(load))


def _spilled(each: Callable[[Load], float]) -> Measure:
    """Bytes of that file: nothing where memory holds the array."""

    def measure(load: Load) -> float:
        size = load.part * each(load)
        return size if size > duplicates.MEMORY_BYTES else 0.0

    return measure


def _signature(load: Load) -> float:
    del load
    return float(SIGNATURE_BYTES)


def _shingles(load: Load) -> float:
    return 8 * load.size.characters / SHINGLE_CHARS


def _compact_memory(load: Load) -> float:
    each = load.text_bytes + ROW_BYTES
    rows = min(load.settings.publish.row_group_rows * each, shards.ROW_GROUP_BYTES)
    return GROUP_COPIES * (rows + shards.ROW_GROUP_BYTES)


BOUNDS: Final[Mapping[str, Bound]] = {
    "prepare": Bound(
        lambda load: _child(load) + 4 * FLUSH_BYTES + 10 * lists.CHUNK_BYTES + 300 * MB,
        _none,
        lambda load: 200 * MB,
        "robots.txt files wait in 32 MB (FLUSH_BYTES) and are parsed in the child; a list of five "
        "million keys takes 300 MB, one of yours 60 bytes an entry",
        ("extract.memory_limit_mb", "gate.block_list"),
    ),
    "collate": Bound(
        lambda load: site_tables.PART_ROWS * 600,
        _none,
        lambda load: 300 * MB,
        "a million URLs (PART_ROWS) and what their files say",
    ),
    "extract": Bound(
        _extract_memory,
        lambda load: load.shard * (load.text_bytes + 3_000),
        _of_documents(3_600, with_text=True),
        "the child and its limit, one record and one longest text, six times a batch of 16 MB and "
        "four unpacked pages (IN_FLIGHT), and three times 32 MB of rows while they are sorted "
        "(SPILL_BYTES); more rows are spilled",
        (
            *("extract.memory_limit_mb", "extract.max_chars"),
            *("read.max_record_bytes", "gate.max_decoded_bytes"),
        ),
        is_kept=True,
    ),
    "band": Bound(
        lambda load: load.group * (load.keys * KEY_BYTES + SIGNATURE_BYTES),
        _none,
        lambda load: load.size.documents * load.keys * 40,
        "the keys of a group of 500,000 documents (GROUP_DOCUMENTS; more above 750 million)",
        ("cluster.bands",),
    ),
    "pair": Bound(
        lambda load: min(load.size.documents * load.keys, keys.PIECE_ROWS) * 150,
        _none,
        _of_documents(300),
        "four million keys at a time (PIECE_ROWS)",
    ),
    "gather": Bound(
        _gather_memory,
        _none,
        _of_documents(320),
        "one task: 9 bytes a document, 40 at its end for one with a candidate, and half a million "
        "pairs a partition (ROUTED_ROWS)",
        ("cluster.partitions",),
    ),
    "lend": Bound(
        lambda load: load.group * 2 * SIGNATURE_BYTES,
        _none,
        _of_documents(560),
        "the signatures of a group's documents",
    ),
    "estimate": Bound(
        lambda load: (
            _mapped(_signature)(load)
            + load.part * 25
            + min(16 * load.part, duplicates.PAIR_ROWS) * 64
        ),
        _spilled(_signature),
        _of_documents(200),
        "signatures of a partition, mapped above 512 MB (MEMORY_BYTES), and four million pairs at "
        "a time (PAIR_ROWS)",
        ("cluster.partitions",),
    ),
    "shingle": Bound(
        lambda load: GROUP_COPIES * shards.ROW_GROUP_BYTES,
        _none,
        lambda load: load.size.documents * _shingles(load),
        "a row group of texts, 64 MB (ROW_GROUP_BYTES)",
    ),
    "cluster": Bound(
        lambda load: (
            _mapped(_shingles)(load)
            + load.part * 120
            + min(16 * load.part, duplicates.PAIR_ROWS) * 64
        ),
        _spilled(_shingles),
        _of_documents(400),
        "shingles of a partition, mapped above 512 MB (MEMORY_BYTES), and 120 bytes a document",
        ("cluster.partitions",),
        is_kept=True,
    ),
    "judge": Bound(
        lambda load: load.shard * ROW_BYTES,
        _none,
        _of_documents(100),
        "signals and narrow columns of a shard",
    ),
    "resolve": Bound(
        lambda load: load.part * (200 + 16 * 40),
        _none,
        _of_documents(200),
        "200 bytes a member of a partition, 40 an edge",
        ("cluster.partitions",),
    ),
    "decide": Bound(
        lambda load: load.shard * ROW_BYTES,
        _none,
        _of_documents(150),
        "signals and narrow columns of a shard",
        is_kept=True,
    ),
    "publish": Bound(
        lambda load: (
            GROUP_COPIES * shards.ROW_GROUP_BYTES
            + min(load.settings.publish.shards_per_task * 2_000, load.size.documents) * 200
        ),
        _none,
        _of_documents(2_200, with_text=True),
        "a row group of each table, 64 MB of text (ROW_GROUP_BYTES), and the footers of "
        "`publish.shards_per_task` shards",
        ("publish.shards_per_task",),
    ),
    "compact": Bound(
        _compact_memory,
        _none,
        _of_documents(2_200, with_text=True),
        "`publish.row_group_rows` documents, or those of 64 MB (ROW_GROUP_BYTES), five times: as "
        "read, joined and encoded",
        ("publish.row_group_rows",),
        is_kept=True,
    ),
    "index": Bound(
        lambda load: load.group * (load.keys * KEY_BYTES + SIGNATURE_BYTES),
        _none,
        lambda load: load.size.documents * (load.keys * 40 + 600),
        "as band; nothing for a run without a dataset",
        ("cluster.bands",),
        is_kept=True,
    ),
}


def memory_mb(step: str, settings: config.Run, size: Size | None = None) -> int:
    """Most resident memory, in MB of 2^20 bytes, of a task: its worker with the parsers under it.

    Pages that processes share count for each, as in a manifest's `rss_mb`. Models that the
    configuration names add their size. KeyError for a step that there is not.
    """
    return WORKER_MB + _up(BOUNDS[step].memory(Load(settings, size or usual(settings))) / MB)


def scratch_bytes(step: str, settings: config.Run, size: Size | None = None) -> int:
    """Most bytes of temporary files of one task, below the run's folder; outputs not counted."""
    return _up(BOUNDS[step].scratch(Load(settings, size or usual(settings))))


def stored_bytes(step: str, settings: config.Run, size: Size | None = None) -> int:
    """Most bytes that all tasks of the step leave in the run's folder."""
    return _up(BOUNDS[step].stored(Load(settings, size or usual(settings))))


def disk_bytes(settings: config.Run, size: Size, workers: int) -> int:
    """Free bytes that a run needs at most: all that it stores, and the scratch of its workers."""
    scratch = max(scratch_bytes(step, settings, size) for step in BOUNDS)
    return sum(stored_bytes(step, settings, size) for step in BOUNDS) + workers * scratch


def worker_mb(settings: config.Run, size: Size | None = None) -> int:
    """Memory of a worker that is given tasks of any step; but `gather`, which runs alone."""
    return max(memory_mb(step, settings, size) for step in BOUNDS if step != "gather")


def _up(value: float) -> int:
    return -int(-value // 1)
