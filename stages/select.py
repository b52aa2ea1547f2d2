"""Steps 0a and 0b, index-guided: which records of a crawl a run reads, by its columnar index.

The index is untrusted: its columns are compared as bytes, and a row that cannot be where a record
lies is set aside by name of what is wrong with it. Names and types are those of Common Crawl's
cc-index-table (its `cc-index-schema-flat.json`).
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from filters import site_files
from stages import schema
from stages.errors import ConfigError

VERSION = 2
PLACE: Final = ("warc_filename", "warc_record_offset", "warc_record_length")
"""Columns that say where a record lies."""
PROMISE: Final = ("url", "content_digest")
"""Columns that say what it is."""
REDIRECT: Final = "fetch_redirect"
"""Address that a redirect leads to; in indexes since CC-MAIN-2019-47."""
TEXT, NUMBER = "text", "number"
COLUMNS: Final[Mapping[str, str]] = {
    "fetch_status": NUMBER,
    "content_mime_detected": TEXT,
    "content_truncated": TEXT,
    "url_host_tld": TEXT,
    "url_host_registered_domain": TEXT,
    "content_languages": TEXT,
    "warc_filename": TEXT,
    "warc_record_offset": NUMBER,
    "warc_record_length": NUMBER,
    "url": TEXT,
    "content_digest": TEXT,
    "fetch_redirect": TEXT,
}
"""Columns that may be asked for, and what they hold; others are never read."""
WARC: Final = re.compile(rb"(?!.*\.\.)[A-Za-z0-9][A-Za-z0-9._=+/-]{0,509}\.warc\.gz")
"""A path below the crawl's root: no scheme, no root, no way up."""
DIGEST: Final = re.compile(rb"(?:sha1:)?([A-Z2-7]{32})")
MAX_OFFSET: Final = 1 << 40
MAX_LENGTH: Final = 1 << 30
MIN_LENGTH: Final = 20
"""Bytes of an empty gzip member."""
MAX_URL_BYTES: Final = 1 << 16
BUCKETS: Final = 64
"""Ranges of WARC files, by hash of the name, into which a selection is cut."""


@dataclass(frozen=True, slots=True)
class Criteria:
    """What is asked of the index. None, or an empty tuple, asks nothing."""

    status: tuple[int, ...] = ()
    media_types: tuple[str, ...] = ()
    truncated: bool = True
    """Whether records that the crawler cut are read."""
    tlds: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    """Of `content_languages`; a record that has any of them is read."""
    unlabelled: bool = False
    """Whether records without any label are read as well, where labels are asked for."""
    match: str = "all"
    """`all`: place (TLD or domain) and label must both do; `any`: one of them must."""
    verify: bool = True
    """Whether URL and digest are taken along, to be compared with the record."""
    one_per_digest: bool = False
    by_site: bool = False
    """Whether rows say whose robots.txt holds for them."""
    robots: bool = False
    """Whether the rows are robots.txt files: they say where a redirect leads."""

    def first_columns(self) -> list[str]:
        """Columns that decide which rows are wanted."""
        asked = {
            "fetch_status": self.status,
            "content_mime_detected": self.media_types,
            "content_truncated": not self.truncated,
            "url_host_tld": self.tlds,
            "url_host_registered_domain": self.domains,
            "content_languages": self.labels,
        }
        return [name for name, value in asked.items() if value] or ["warc_record_offset"]

    def later_columns(self) -> list[str]:
        """Columns that are read of row groups with any wanted row."""
        promised = [
            name
            for name, is_needed in (
                ("url", self.verify or self.by_site),
                ("content_digest", self.verify or self.one_per_digest),
            )
            if is_needed
        ]
        return [*PLACE, *promised, *([REDIRECT] if self.robots else [])]

    def bounds(self) -> dict[str, tuple[str, ...]]:
        """Values by column, none of which a row group without wanted rows may hold.

        A row group is passed by if every column's least and greatest value rule its values out.
        """
        places = {"url_host_tld": self.tlds, "url_host_registered_domain": self.domains}
        asked = {name: values for name, values in places.items() if values}
        return {} if self.labels and self.match == "any" else asked


def check_columns(found: pa.Schema, criteria: Criteria, where: str) -> None:
    """ConfigError if the file lacks a column that is needed, or has another type of it."""
    for name in dict.fromkeys([*criteria.first_columns(), *criteria.later_columns()]):
        if name == REDIRECT and name not in found.names:
            raise ConfigError(
                where,
                f"has no column {name}, so which robots.txt files hold cannot be told",
                "add --set cc_index.robots_subset=null, to read all of them",
            )
        if name not in found.names:
            raise ConfigError(where, f"has no column {name}: it is no index of Common Crawl's form")
        kind = found.field(name).type
        kind = kind.value_type if pa.types.is_dictionary(kind) else kind
        is_right = _is_text(kind) if COLUMNS[name] == TEXT else pa.types.is_integer(kind)
        if not is_right:
            raise ConfigError(where, f"column {name} is {kind}, not a {COLUMNS[name]}")


def _is_text(kind: pa.DataType) -> bool:
    return any(
        test(kind)
        for test in (
            pa.types.is_string,
            pa.types.is_large_string,
            pa.types.is_binary,
            pa.types.is_large_binary,
        )
    )


def wanted(rows: pa.Table, criteria: Criteria) -> tuple[NDArray[np.bool_], Counter[str]]:
    """Which rows are wanted, and how many of the others fail what first.

    In the order status, media_type, truncated, place, language; `place_or_language` where either
    would have done.
    """
    tests: list[tuple[str, NDArray[np.bool_]]] = []
    if criteria.status:
        values = pa.array(criteria.status, pa.int64())
        found = pc.is_in(rows.column("fetch_status").cast(pa.int64()), value_set=values)
        tests.append(("status", _bools(found)))
    if criteria.media_types:
        tests.append(("media_type", _is_in(rows, "content_mime_detected", criteria.media_types)))
    if not criteria.truncated:
        cut = _bytes(rows.column("content_truncated"))
        tests.append(("truncated", ~_bools(pc.greater(pc.binary_length(cut), 0))))
    either = []
    if criteria.tlds or criteria.domains:
        either.append(
            (
                "place",
                _is_in(rows, "url_host_tld", criteria.tlds)
                | _is_in(rows, "url_host_registered_domain", criteria.domains),
            )
        )
    if criteria.labels:
        either.append(("language", _has_label(rows.column("content_languages"), criteria)))
    if len(either) == 2 and criteria.match == "any":
        either = [("place_or_language", either[0][1] | either[1][1])]
    live, lost = np.ones(rows.num_rows, np.bool_), Counter[str]()
    for name, holds in (*tests, *either):
        lost[name] = int(np.count_nonzero(live & ~holds))
        live &= holds
    return live, +lost


def _bytes(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    return column.cast(pa.large_binary())


def _bools(column: pa.ChunkedArray) -> NDArray[np.bool_]:
    filled = pc.fill_null(column, False)
    return np.asarray(filled.to_numpy(zero_copy_only=False), dtype=np.bool_)


def _is_in(rows: pa.Table, name: str, values: Sequence[str]) -> NDArray[np.bool_]:
    if not values:
        return np.zeros(rows.num_rows, np.bool_)
    wanted_values = pa.array([value.encode() for value in values], pa.large_binary())
    return _bools(pc.is_in(_bytes(rows.column(name)), value_set=wanted_values))


def _has_label(column: pa.ChunkedArray, criteria: Criteria) -> NDArray[np.bool_]:
    said = _bytes(column)
    pattern = f"(?:^|,)(?:{'|'.join(re.escape(label) for label in criteria.labels)})(?:,|$)"
    found = _bools(pc.match_substring_regex(said, pattern))
    if criteria.unlabelled:
        found |= ~_bools(pc.greater(pc.binary_length(said), 0))
    return found


def promise(url: bytes, digest: bytes) -> bytes:
    """16 bytes that the URL and payload digest of a record must give.

    Not the URL itself: a stored URL is redacted, and nothing has read this page yet.
    """
    return hashlib.blake2b(url + b"\n" + digest, digest_size=16).digest()


def located(rows: pa.Table, criteria: Criteria) -> tuple[pa.Table, Counter[str]]:
    """Rows of `selected` from wanted rows of the index, and how many are refused for what.

    Refused are rows that no record can have: `filename`, `offset`, `length`, `digest`, `url`.
    """
    columns = [_bytes(rows.column(PLACE[0])).to_pylist()]
    columns += [rows.column(name).cast(pa.int64()).to_pylist() for name in PLACE[1:]]
    needed = criteria.later_columns()
    for name in (*PROMISE, REDIRECT):
        given = _bytes(rows.column(name)).to_pylist() if name in needed else [b""] * rows.num_rows
        columns.append(given)
    made, refused = list[dict[str, object]](), Counter[str]()
    names: dict[bytes | None, str | None] = {}
    for name, offset, length, url, said, redirect in zip(*columns, strict=True):
        if name not in names:
            names[name] = name.decode() if name and WARC.fullmatch(name) else None
        digest = DIGEST.fullmatch(said or b"")
        problem = _problem(names[name], offset, length, url, digest, needed)
        if problem:
            refused[problem] += 1
            continue
        sited = _site(url, redirect) if criteria.by_site else {}
        if criteria.robots and sited["site"] is None:
            refused["url"] += 1
            continue
        sha1 = digest.group(1) if digest else b""
        made.append(
            {
                "warc": names[name],
                "offset": offset,
                "length": length,
                "promise": promise(url, sha1) if criteria.verify else None,
                "digest_key": digest_key(sha1) if criteria.one_per_digest else None,
                **sited,
            }
        )
    table = schema.INDEXED_ROBOTS if criteria.robots else schema.SELECTED
    return pa.Table.from_batches([schema.batch(table, made)]), refused


def _site(url: bytes, redirect: bytes | None) -> dict[str, int | None]:
    """By what a row and its site's robots.txt are brought together; nulls for no address."""
    address = site_files.canonical(url.decode("utf-8", "replace"))
    if address is None:
        return {"key": None, "site": None, "target": None}
    target = site_files.target(address, redirect.decode("utf-8", "replace")) if redirect else None
    return {
        "key": site_files.key_of(address)[0],
        "site": site_files.site_of(address),
        "target": None if target is None else site_files.site_of(target),
    }


def _problem(
    name: str | None,
    offset: int | None,
    length: int | None,
    url: bytes | None,
    digest: Any,
    needed: Sequence[str],
) -> str | None:
    if name is None:
        return "filename"
    if offset is None or not 0 <= offset <= MAX_OFFSET:
        return "offset"
    if length is None or not MIN_LENGTH <= length <= MAX_LENGTH:
        return "length"
    if "content_digest" in needed and not digest:
        return "digest"
    if "url" in needed and not (url and len(url) <= MAX_URL_BYTES):
        return "url"
    return None


def digest_key(digest: bytes) -> int:
    """64 bits by which equal payloads are known: of a billion records 3 % of crawls lose one."""
    return int.from_bytes(hashlib.blake2b(digest, digest_size=8).digest(), "big")


def bucket_of(warc: str) -> int:
    """Which range of WARC files a name is in."""
    return hashlib.blake2b(warc.encode(), digest_size=1).digest()[0] % BUCKETS


def buckets(table: pa.Table) -> Iterator[tuple[str, pa.Table]]:
    """Rows of `selected` by range of WARC files: (name, rows) of each range that has any."""
    coded = table.column("warc").combine_chunks().dictionary_encode()
    of = np.array([bucket_of(name) for name in coded.dictionary.to_pylist()], np.int64)
    at = of[coded.indices.to_numpy()] if table.num_rows else np.zeros(0, np.int64)
    for number in np.unique(at).tolist():
        yield bucket_name(number), table.filter(pa.array(at == number))


def bucket_name(number: int) -> str:
    """Name of a range of WARC files."""
    return f"{number:02d}"


def by_warc(table: pa.Table) -> Iterator[tuple[str, pa.Table, Counter[str]]]:
    """Of each WARC file, by name: its rows by offset, and how many rows were set aside.

    `repeated` rows say what another says; an `overlap` begins inside the record before it.
    """
    table = table.sort_by([(name, "ascending") for name in ("warc", "offset", "length", "promise")])
    names = table.column("warc").to_numpy(zero_copy_only=False).astype(str)
    edges = np.flatnonzero(names[1:] != names[:-1]) + 1 if len(names) else np.zeros(0, np.int64)
    for start, end in zip([0, *edges.tolist()], [*edges.tolist(), len(names)], strict=True):
        if start < end:
            rows, aside = _apart(table.slice(start, end - start))
            yield str(names[start]), rows, aside


def _apart(rows: pa.Table) -> tuple[pa.Table, Counter[str]]:
    """The rows of one WARC file without those that another row contradicts."""
    keep, aside, end, last = [], Counter[str](), 0, None
    places = zip(
        *(rows.column(n).to_pylist() for n in ("offset", "length", "promise")), strict=True
    )
    for number, place in enumerate(places):
        if place == last:
            aside["repeated"] += 1
        elif place[0] < end:
            aside["overlap"] += 1
        else:
            keep.append(number)
            last, end = place, place[0] + place[1]
    return (rows if len(keep) == rows.num_rows else rows.take(pa.array(keep))), aside


def first_copies(tables: Iterable[pa.Table]) -> dict[int, tuple[str, int]]:
    """WARC file and offset of the first copy of each payload, by `digest_key`."""
    first: dict[int, tuple[str, int]] = {}
    for table in tables:
        columns = (table.column(n).to_pylist() for n in ("digest_key", "warc", "offset"))
        for key, warc, offset in zip(*columns, strict=True):
            if key not in first or (warc, offset) < first[key]:
                first[key] = (warc, offset)
    return first


def is_first(table: pa.Table, first: Mapping[int, tuple[str, int]]) -> NDArray[np.bool_]:
    """Which rows are the first copy of their payload."""
    columns = (table.column(n).to_pylist() for n in ("digest_key", "warc", "offset"))
    found = [first[key] == (warc, offset) for key, warc, offset in zip(*columns, strict=True)]
    return np.array(found, np.bool_)
