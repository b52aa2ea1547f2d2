"""A run of a hundred English pages for the workbench, some of them hostile or from right to left.

Pages are sentences of the sample pages in another order, so that each is its own text; a third of
them are too short for the rule on words. Nothing is about anybody.
"""

import random
import re
from html import escape
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from samples import archive, pages
from tests.integration.runs import configured, run_here

TAG = "eng_Latn"
COUNT = 100
SIGNS = "\u202e\u202c\u2066\u2069"
RIGHT_TO_LEFT = (
    "שלום לכולם, זהו דף קצר על מזג האוויר ועל הדרך אל הים.",
    "مرحبا بكم في هذه الصفحة عن الطقس والطريق إلى البحر.",
)
HOSTILE = (
    '<script>window.PWNED = 1</script> <img src=x onerror="window.PWNED = 2"> '
    '</p></article><svg onload="window.PWNED = 3"> javascript:alert(1) '
    "\u202e[IP 1.2.3.4]\u202c \u2066turned\u2069 a\u200db \u200f"
)


def sentences() -> list[str]:
    """Sentences of the English sample pages."""
    found = pages.load(Path(pages.__file__).parent / "pages")
    text = " ".join(pages.prose(page) for page in found if page.tag == TAG)
    cut = re.findall(r"[A-Z][^.!?\n<>@]{40,220}[.!?]", text)
    return sorted({" ".join(one.split()) for one in cut})


def texts() -> list[list[str]]:
    """Paragraphs of each page; the first ones are the strange ones."""
    known, chance = sentences(), random.Random(5)  # noqa: S311 - the same pages for everybody
    made = []
    for number in range(COUNT):
        length = chance.choice((2, 2, 8, 12, 20, 40))
        some = chance.sample(known, min(length if number > 5 else 12, len(known)))
        paragraphs = [" ".join(some[at : at + 4]) for at in range(0, len(some), 4)]
        if number < 2:
            paragraphs.insert(0, RIGHT_TO_LEFT[number])
        elif number < 4:
            paragraphs.insert(1, HOSTILE)
        made.append(paragraphs)
    return made


def exchange(number: int, paragraphs: list[str]) -> archive.Exchange:
    """One page as it came over the wire."""
    title = escape(paragraphs[-1].split(".")[0][:60])
    body = "".join(f"<p>{escape(one)}</p>" for one in paragraphs)
    html = (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>'
        f"<body><main><article>{body}</article></main></body></html>"
    )
    url = f"https://site{number % 7}.example/page/{number}"
    return archive.Exchange(url, "2026-01-12", html.encode())


def made(folder: Path) -> Path:
    """The run's folder. AssertionError if it did not end well."""
    data = [archive.triple(exchange(*one)) for one in enumerate(texts())]
    archive.write_snapshot(folder / "snapshot", [b"".join(data)], b"")
    listed = folder / "snapshot" / "crawl-data" / archive.SNAPSHOT / "warc.paths.gz"
    run = folder / "run"
    ended, _ = run_here(configured(listed), run)
    assert ended.exit_code == 0, ended.problems
    for path in (run / "documents").glob("*.parquet"):
        _restore(path)
    return run


def _restore(path: Path) -> None:
    """Put back the signs that extraction removes: readers must not rely on it."""
    with pq.ParquetFile(path) as file:
        groups = [file.read_row_group(at) for at in range(file.num_row_groups)]
        schema = file.schema_arrow
    plain = HOSTILE.translate({ord(sign): None for sign in SIGNS})
    with pq.ParquetWriter(path, schema) as writer:
        for group in groups:
            texts = [text.replace(plain.strip(), HOSTILE) for text in group["text"].to_pylist()]
            assert len(texts) == group.num_rows
            at = group.schema.get_field_index("text")
            writer.write_table(
                group.set_column(at, schema.field("text"), pa.array(texts, pa.large_string()))
            )
