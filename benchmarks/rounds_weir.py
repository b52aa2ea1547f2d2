"""What we do in a round, each stage by itself; run by `benchmarks.sides`."""

# ruff: noqa: PLC0415 - a side loads what it works with, and no more

import zlib
from functools import partial
from pathlib import Path

from benchmarks.rounds import Make, Work, inputs, serve

Made = tuple[Work, tuple[str, ...]]
CHUNK_BYTES = 1 << 20
HTML = ("text/html", "application/xhtml+xml")


def read(path: Path) -> Made:
    """Stage read: every response's payload, with its head parsed and its place in the file."""
    from pipeline import config, storage
    from stages import read as stage

    most = config.load("europe").run.read.max_record_bytes

    def work() -> int:
        found = stage.records(partial(storage.open_at, str(path)), path.name, most)
        return sum(len(record.body) for record in found if record.kind == "response")

    return work, ("fastwarc",)


def extract(path: Path, extractor: str | None = None) -> Made:
    """Stage extract's parser: decoded markup to main text, by the extractor that is configured."""
    from pipeline import config
    from stages import parse

    chosen = extractor or config.load("europe").run.extract.extractor
    pages = inputs(path)
    return (
        lambda: sum(len(parse.extract(html, chosen)["text"]) for html in pages),
        ("resiliparse", "numba", "trafilatura"),
    )


def extract_alone(path: Path) -> Made:
    """Our own extractor, which asks no other."""
    return extract(path, "weir")


def identify(path: Path) -> Made:
    """Stage identify: the default models on a sample of the text."""
    from langid.identify import identify as find
    from langid.models import DEFAULT_MODELS, load

    texts = inputs(path)
    models = load(DEFAULT_MODELS)
    return lambda: sum(bool(find(text, models).tag) for text in texts), ("numpy",)


def measure(path: Path) -> Made:
    """Stage measure: every text signal."""
    from filters.catalog import measure_all
    from filters.text import TextView
    from pipeline import config

    texts = [each["text"] for each in inputs(path)]
    lexicon = config.load("europe").run.lexicon("eng_Latn")
    return lambda: sum(len(measure_all(TextView(text, lexicon))) for text in texts), ("numpy",)


def redact(path: Path) -> Made:
    """Stage redact: personal data of every kind."""
    from filters import pii

    texts = inputs(path)
    return (
        lambda: sum(len(pii.redact(text, language, tld)[0]) for text, language, tld, *_ in texts),
        ("phonenumbers", "python-stdnum", "regex"),
    )


def gunzip(path: Path) -> Made:
    """Every byte of the archive inflated, and nothing done with it."""

    def work() -> int:
        made = 0
        with path.open("rb") as stream:
            engine = zlib.decompressobj(wbits=31)
            while data := stream.read(CHUNK_BYTES):
                while data:
                    made += len(engine.decompress(data))
                    data = engine.unused_data
                    if engine.eof:
                        engine = zlib.decompressobj(wbits=31)
        return made

    return work, ()


def dom(path: Path) -> Made:
    """One parse by lexbor of every HTML response, whose bytes are in memory."""
    from fastwarc.warc import ArchiveIterator, WarcRecordType
    from resiliparse.parse.encoding import detect_encoding
    from resiliparse.parse.html import HTMLTree

    pages = []
    with path.open("rb") as stream:
        for record in ArchiveIterator(stream, record_types=WarcRecordType.response):
            kind = (record.http_content_type or "").partition(";")[0].strip().lower()
            body = record.reader.read()
            if body and kind in HTML:
                pages.append((body, detect_encoding(body) or "utf-8"))
    return (
        lambda: sum(HTMLTree.parse_from_bytes(*page).body is not None for page in pages),
        ("resiliparse",),
    )


WORKS: dict[str, Make] = {
    each.__name__: each
    for each in (read, extract, extract_alone, identify, measure, redact, gunzip, dom)
}

if __name__ == "__main__":
    serve(WORKS)
