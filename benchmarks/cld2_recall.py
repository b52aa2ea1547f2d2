"""How often CLD2 labels texts of each European language with what: `langid/cld2_recall.csv`.

`python -m benchmarks.cld2_recall [--shared DIR] [--check]`. Sentences and paragraphs of one
language and source are joined to texts of a thousand characters, since the index's labels are a
page's. The index itself is made with hints that are not here (the page's declared language, its
top-level domain), so that recall in a crawl may be higher.
"""

import argparse
import csv
import hashlib
import io
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pycld2

from langid import cld2_labels, tags
from samples.pages import ROOT, load

TEXT_CHARS = 1000
MAX_TEXTS = 200
"""Of a language: enough to tell 1 % from 3 %."""
TARGET = Path("langid/cld2_recall.csv")


def texts(path: Path) -> Iterator[tuple[str, str]]:
    """Tag and text, of `TEXT_CHARS` or more, or what there is of a source."""
    rows = pq.read_table(path).to_pylist()
    parts: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in rows:
        if row["source"].startswith("lingua-word") or not row["script"]:
            continue
        tag = tags.from_model("weir", f"{row['lang']}_{row['script']}", row["script"])
        key = tag, row["source"]
        parts[key].append(row["text"])
        if sum(map(len, parts[key])) >= TEXT_CHARS:
            yield tag, "\n".join(parts.pop(key))
    for (tag, _), rest in parts.items():
        if sum(map(len, rest)) >= TEXT_CHARS // 4:
            yield tag, "\n".join(rest)
    for page in load(ROOT / "pages"):
        yield page.tag, "\n".join(block.text for block in page.blocks)


def table(shared: Path) -> str:
    """The CSV."""
    path = shared / "langid_dev.parquet"
    counts: dict[str, Counter[tuple[str, ...]]] = defaultdict(Counter)
    for tag, text in texts(path):
        if tags.is_european(tag) and counts[tag].total() < MAX_TEXTS:
            counts[tag][cld2_labels.given(text)] += 1
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    sink = io.StringIO()
    sink.write(
        "# Labels of CLD2 for texts of about 1,000 characters, by language: python -m "
        f"benchmarks.cld2_recall.\n# Texts: langid_dev.parquet, SHA-256 {digest}; pages of "
        f"samples/. pycld2 {pycld2.__version__}.\n"
    )
    writer = csv.writer(sink, lineterminator="\n")
    writer.writerow(("tag", "labels", "texts"))
    for tag in sorted(counts):
        for given, count in sorted(counts[tag].items(), key=lambda item: (-item[1], item[0])):
            writer.writerow((tag, " ".join(given), count))
    return sink.getvalue()


def main() -> None:
    """Write the table, or say whether it is the one that is there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, default=Path("../shared/data"))
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    made = table(options.shared)
    if options.check:
        raise SystemExit(made != TARGET.read_text("utf-8"))
    TARGET.write_text(made, "utf-8")
    print(f"{TARGET}: {len(made.splitlines()) - 3} rows")


if __name__ == "__main__":
    main()
