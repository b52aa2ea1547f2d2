"""A columnar index of WARC files, in Common Crawl's form: what an index-guided run chooses by.

`python -m samples.cc_index ROOT CRAWL` indexes `ROOT/crawl-data/CRAWL/.../*.warc.gz` into
`ROOT/cc-index/table/cc-main/warc/`. Names, types and order are those of cc-index-table; of its
columns those are here that a run may ask about, and a few beside them.
"""

import argparse
import functools
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import pyarrow as pa
import pyarrow.parquet as pq
from resiliparse.extract.html2text import extract_plain_text

from langid.cld2_labels import given
from stages import read

SCHEMA = pa.schema(
    [
        pa.field("url_surtkey", pa.string(), nullable=False),
        pa.field("url", pa.string(), nullable=False),
        pa.field("url_host_name", pa.string(), nullable=False),
        ("url_host_tld", pa.string()),
        ("url_host_registered_domain", pa.string()),
        ("url_protocol", pa.string()),
        ("url_path", pa.string()),
        ("url_query", pa.string()),
        ("fetch_time", pa.timestamp("ms", "UTC")),
        ("fetch_status", pa.int16()),
        ("fetch_redirect", pa.string()),
        ("content_digest", pa.string()),
        ("content_mime_type", pa.string()),
        ("content_mime_detected", pa.string()),
        ("content_charset", pa.string()),
        ("content_languages", pa.string()),
        ("content_truncated", pa.string()),
        pa.field("warc_filename", pa.string(), nullable=False),
        pa.field("warc_record_offset", pa.int32(), nullable=False),
        pa.field("warc_record_length", pa.int32(), nullable=False),
        ("warc_segment", pa.string()),
        ("warc_record_id", pa.string()),
    ]
)
FOLDER = "cc-index/table/cc-main/warc"
SUBSETS = ("warc", "robotstxt")
MAX_RECORD_BYTES = 20_000_000


def rows(path: Path, name: str) -> Iterator[dict[str, Any]]:
    """The index's rows for the responses of one WARC file, which is named so in it."""
    found = read.records(functools.partial(_open, path), name, MAX_RECORD_BYTES)
    for record in found:
        if record.kind == "response" and record.problem is None and record.url:
            yield _row(record, name)


def _open(path: Path, offset: int) -> Any:
    stream = path.open("rb")
    stream.seek(offset)
    return stream


def _row(record: read.Record, name: str) -> dict[str, Any]:
    parts = urlsplit(record.url)
    host = (parts.hostname or "").lower()
    labels = host.split(".")
    fields = dict(record.headers)
    media = fields.get("content-type", "").partition(";")[0].strip().lower() or None
    is_html = b"<html" in record.body[:4096].lower() or media == "text/html"
    text = extract_plain_text(record.body.decode("utf-8", "replace")) if is_html else ""
    path = parts.path or "/"
    return {
        "url_surtkey": f"{','.join(reversed(labels))}){path}",
        "url": record.url,
        "url_host_name": host,
        "url_host_tld": labels[-1],
        "url_host_registered_domain": ".".join(labels[-2:]),
        "url_protocol": parts.scheme,
        "url_path": path,
        "url_query": parts.query or None,
        "fetch_time": _time(record.date),
        "fetch_status": record.status,
        "fetch_redirect": urljoin(record.url, fields["location"])
        if 300 <= (record.status or 0) < 400 and "location" in fields
        else None,
        "content_digest": read.payload_digest(record.body).removeprefix("sha1:"),
        "content_mime_type": media,
        "content_mime_detected": "text/html" if is_html else media,
        "content_charset": None,
        "content_languages": ",".join(given(text)) or None,
        "content_truncated": record.truncated,
        "warc_filename": name,
        "warc_record_offset": record.offset,
        "warc_record_length": record.length,
        "warc_segment": name.rpartition("/warc/")[0].rpartition("/")[2] or None,
        "warc_record_id": record.record_id,
    }


def _time(date: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(date or "").astimezone(UTC)
    except ValueError:
        return None


def write(
    root: Path,
    crawl: str,
    found: Sequence[dict[str, Any]],
    files: int = 2,
    row_group_rows: int = 200,
    subset: str = "warc",
) -> list[Path]:
    """Write rows as the files of a crawl's subset, in order of their URLs."""
    ordered = sorted(found, key=lambda r: (r["url_surtkey"], r["warc_filename"]))
    folder = root / FOLDER / f"crawl={crawl}" / f"subset={subset}"
    folder.mkdir(parents=True, exist_ok=True)
    made, size = list[Path](), max(1, -(-len(ordered) // files))
    for number in range(files):
        table = pa.Table.from_pylist(ordered[number * size : (number + 1) * size], schema=SCHEMA)
        made.append(folder / f"part-{number:05d}-weir.c000.gz.parquet")
        pq.write_table(table, made[-1], compression="gzip", row_group_size=row_group_rows)
    return made


def index(root: Path, crawl: str, **layout: int) -> list[Path]:
    """Index the WARC files of a crawl that lie below a root as Common Crawl's do."""
    base = root / "crawl-data" / crawl
    made = list[Path]()
    for subset in SUBSETS:
        paths = sorted(p for p in base.rglob("*.warc.gz") if p.parent.name == subset)
        every = [row for p in paths for row in rows(p, p.relative_to(root).as_posix())]
        if every:
            made += write(root, crawl, every, subset=subset, **layout)
    return made


def main() -> None:
    """Index a crawl."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("root", type=Path)
    parser.add_argument("crawl")
    options = parser.parse_args()
    for path in index(options.root, options.crawl):
        print(path)


if __name__ == "__main__":
    main()
