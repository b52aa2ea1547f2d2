"""What an index-guided run will read, from the index: requests, bytes, share, and what it misses.

A small index is read whole, and the answer is exact. Of a large one some row groups are, spread
over the files whose bounds leave room, and the answer is an estimate.
"""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from langid import cld2_labels, tags
from pipeline import config, index_files, ranges, robots_index, selection
from pipeline.answers import Text, folded
from pipeline.index_files import IndexFile
from pipeline.plan import Plan
from pipeline.ranges import Traffic
from stages import schema, select
from stages.errors import CurationError

EXACT_ROWS: Final = 2_000_000
"""Rows up to which every row group with room for a wanted row is read."""
SAMPLED_GROUPS: Final = 8
OPENED_FILES: Final = 16
"""Files that are opened where nothing asked for has bounds; all are where something has."""
AT_ONCE: Final = 16


@dataclass(slots=True)
class Seen:
    """What was read of the index."""

    rows: int = 0
    bytes: int = 0
    groups: int = 0
    groups_wanted: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    selected: list[pa.Table] = field(default_factory=list)


def survey(settings: config.Run, plan: Plan) -> tuple[dict[str, Any], pa.Table]:
    """What the run will read of the crawl, and the selected rows that were seen."""
    asked, traffic = selection.criteria(settings), Traffic()
    items = plan.shards
    if not asked.bounds() and len(items) > OPENED_FILES:
        items = items[:: -(-len(items) // OPENED_FILES)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        files = list(pool.map(lambda item: index_files.opened(item, asked, traffic), items))
    whole = len(plan.shards) / len(files)
    every = [(f, g, n) for f in files for g, n in f.groups()]
    open_to = [(f, g, n) for f, g, n in every if f.may_hold(g, asked)]
    rows, roomy = (sum(n for _, _, n in some) for some in (every, open_to))
    chosen = open_to
    if roomy * whole > EXACT_ROWS and len(open_to) > SAMPLED_GROUPS:
        at = np.linspace(0, len(open_to) - 1, SAMPLED_GROUPS).astype(int)
        chosen = [open_to[number] for number in at]
    seen = _seen(chosen, asked)
    scale = roomy * whole / max(1, seen.rows)
    is_exact = whole == 1 and len(chosen) == len(open_to)
    found = pa.concat_tables([schema.SELECTED.schema.empty_table(), *seen.selected])
    wanted, size = found.num_rows, int(np.sum(found.column("length").to_numpy()))
    requests, span, warcs = _reading(found)
    share = seen.groups_wanted / max(1, seen.groups)
    index_bytes = sum(
        f.size(g, asked.first_columns()) + share * f.size(g, asked.later_columns())
        for f, g, _ in open_to
    )
    return {
        "is_exact": is_exact,
        "files": len(plan.shards),
        "rows": round(rows * whole),
        "rows_read": seen.rows,
        "index_bytes": round(index_bytes * whole),
        "selected": round(wanted * scale),
        "refused": dict(seen.refused),
        "wanted_bytes": round(size * scale),
        "read_bytes": span if is_exact else round(size * scale * (1 + ranges.MAX_WASTE)),
        "requests": requests + warcs if is_exact else round(2 * wanted * scale),
        "warc_files": warcs if is_exact else None,
        "share_of_records": wanted * scale / max(1, rows * whole),
        "share_of_bytes": size * scale / max(1.0, seen.bytes / max(1, seen.rows) * rows * whole),
        "robots": _robots(plan, found, scale),
        "languages": recalls(settings),
        "one_per_digest": asked.one_per_digest,
    }, found


def _robots(plan: Plan, found: pa.Table, scale: float) -> dict[str, int] | None:
    """What choosing robots.txt files by the index takes; None where it is not asked for them.

    `sites` of which they are read are at most so many, and those that redirects lead to.
    """
    items = plan.guide.robots if plan.guide else ()
    if not items:
        return None
    asked, traffic = robots_index.CRITERIA, Traffic()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        files = list(pool.map(lambda item: index_files.opened(item, asked, traffic), items))
    groups = [(file, group) for file in files for group, _ in file.groups()]
    return {
        "files": len(items),
        "rows": sum(file.rows for file in files),
        "index_bytes": sum(f.size(group, robots_index.COLUMNS) for f, group in groups),
        "sites": round(pc.count_distinct(found.column("site")).as_py() * scale),
    }


def _seen(chosen: Sequence[tuple[IndexFile, int, int]], asked: select.Criteria) -> Seen:
    seen = Seen()
    for file, group, count in chosen:
        made, _, refused = selection.of_group(file, group, count, asked)
        lengths = file.read(group, ["warc_record_length"]).column(0).cast(pa.int64())
        seen.bytes += int(np.sum(np.clip(lengths.to_numpy(), 0, select.MAX_LENGTH)))
        seen.rows += count
        seen.groups += 1
        seen.groups_wanted += bool(made.num_rows)
        seen.refused += refused
        seen.selected.append(made)
    return seen


def _reading(found: pa.Table) -> tuple[int, int, int]:
    """Requests for ranges, bytes and files, if these rows are all that is selected."""
    requests = size = warcs = 0
    for _, rows, _ in select.by_warc(found):
        offsets, lengths = (rows.column(n).to_numpy() for n in ("offset", "length"))
        made = ranges.coalesced(offsets, lengths)
        requests, warcs = requests + len(made), warcs + 1
        size += sum(each.end - each.start for each in made)
    return requests, size, warcs


def recalls(settings: config.Run) -> list[dict[str, Any]]:
    """Of each language that is asked for: texts tried, found by its labels, neighbours."""
    if settings.cc_index is None:
        return []
    labels = cld2_labels.labels_of(settings.cc_index.languages)
    rows = []
    for tag in cld2_labels.tags_of(settings.cc_index.languages):
        found, texts = cld2_labels.recall(tag, labels)
        near = cld2_labels.neighbours(tag, labels)
        rows.append(
            {
                "tag": tag,
                "texts": texts,
                "found": found,
                "neighbours": {label: round(gain, 4) for label, gain in near},
            }
        )
    return rows


def sample(found: pa.Table, settings: config.Run, count: int, path: Path) -> dict[str, float]:
    """Fetch some of the selected records into one WARC file; how long a request took.

    Nothing is written, and all are zero, if no record can be had.
    """
    at = np.unique(np.linspace(0, found.num_rows - 1, min(count, found.num_rows)).astype(int))
    rows, root, traffic = found.take(pa.array(at)), selection.root(settings), Traffic()
    began, members = time.monotonic(), list[bytes]()
    for warc, mine, _ in select.by_warc(rows):
        offsets, lengths = (mine.column(n).to_numpy() for n in ("offset", "length"))
        small = lengths <= settings.read.max_record_bytes
        try:
            uri = f"{root}/{warc}"
            members += ranges.members(uri, offsets[small], lengths[small], traffic)
        except CurationError:  # the run itself will say so of this file
            continue
    taken = time.monotonic() - began
    if members:
        path.write_bytes(b"".join(members))
    each = taken / max(1, traffic.requests)
    return {"requests": traffic.requests, "bytes": traffic.bytes, "request_s": each}


def text(data: Mapping[str, Any]) -> Text:
    """The part of `weir plan` about the selection."""
    about = "" if data["is_exact"] else "about "
    most = "" if data["is_exact"] else "at most "
    yield from folded(
        "selected",
        f"{about}{data['selected']:,} of {data['rows']:,} records in the index "
        f"({100 * data['share_of_records']:.2g} %), {about}{data['wanted_bytes'] / 1e6:,.1f} MB "
        f"({100 * data['share_of_bytes']:.2g} % of the crawl's)",
        12,
    )
    files = "" if data["warc_files"] is None else f" of {data['warc_files']:,} WARC files"
    yield from folded(
        "reading",
        f"{data['index_bytes'] / 1e6:,.1f} MB of {data['files']:,} index files; {most}"
        f"{data['requests']:,} requests and {data['read_bytes'] / 1e6:,.1f} MB{files}",
        12,
    )
    if not data["is_exact"]:
        yield from folded("", f"from {data['rows_read']:,} rows of the index", 12)
    if data["robots"] is not None:
        robots = data["robots"]
        yield from folded(
            "robots.txt",
            f"{robots['index_bytes'] / 1e6:,.1f} MB of {robots['files']:,} index files, then the "
            f"files of at most {robots['sites']:,} sites and of those they redirect to",
            12,
        )
    if data.get("fetch_hours") is not None:
        yield from folded(
            "", f"requests as quick as the probe's take {data['fetch_hours']:.3g} worker-hours", 12
        )
    if data["refused"]:
        bad = ", ".join(f"{n:,} {reason}" for reason, n in data["refused"].items())
        yield from folded("refused", bad, 12)
    for row in data["languages"]:
        yield from folded("recall", _recall(row), 12)
    if data["one_per_digest"]:
        said = "a copy whose rights are reserved may stand for one that is free: both are lost"
        yield from folded("warning", f"cc_index.one_per_digest: {said}", 12)


def _recall(row: Mapping[str, Any]) -> str:
    name = tags.BY_TAG[row["tag"]].name
    if not row["texts"]:
        return f"{name}: what the index's labels miss was not measured"
    missed = 100 * (1 - row["found"] / row["texts"])
    said = f"{name}: the index's labels miss {missed:.1f} % of {row['texts']} texts that were tried"
    if row["neighbours"]:
        more = ", ".join(f"{n} ({100 * gain:.1f} %)" for n, gain in row["neighbours"].items())
        said += f"; found with: {more}"
    return said
