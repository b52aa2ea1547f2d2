"""Page texts as they are before redaction: of real archives, in memory only, and of our samples."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from warcio.archiveiterator import ArchiveIterator

from audit.privacy.gold import CODES
from filters import domains
from langid import identify, models
from langid.tags import is_european
from pipeline import config, context
from pipeline.sandbox import Sandbox
from samples.pages import NON_EUROPEAN, ROOT, load, prose

MIN_PARAGRAPH = 60
_MACRO = {code: macro for macro, code in CODES.items()}
_HEADERS = ("content-type", "content-encoding", "transfer-encoding")


@dataclass(frozen=True)
class Page:
    """The main text of a page, which no message shows."""

    record_id: str
    text: str = field(repr=False)
    language: str
    """ISO 639-3."""
    host_tld: str | None


def real(archive: Path) -> Iterator[Page]:
    """The pages of a WARC file in a European language, extracted as a run extracts them.

    Nothing is written: what is raw here must not come to rest.
    """
    run = config.load("europe").run
    identifiers = models.load(run.identify.models)
    guard = Sandbox(context.PARSERS, run.extract.cpu_limit_s, run.extract.memory_limit_mb)
    limits = (run.gate.max_decoded_bytes, run.gate.max_depth)
    try:
        with archive.open("rb") as stream:
            for record in ArchiveIterator(stream):
                if record.rec_type != "response" or not record.http_headers:
                    continue
                headers = {n: record.http_headers.get_header(n) or "" for n in _HEADERS}
                found = guard.call("survey", record.raw_stream.read(), headers, limits)
                if "html" not in found:
                    continue
                made = guard.call("extract", found["html"], run.extract.extractor)
                if "text" not in made:
                    continue
                language = identify.identify(made["text"], identifiers)
                if is_european(language.tag):
                    url = record.rec_headers.get_header("WARC-Target-URI") or ""
                    yield Page(
                        record.rec_headers.get_header("WARC-Record-ID") or "",
                        made["text"],
                        language.language,
                        tld_of(url),
                    )
    finally:
        guard.close()


def tld_of(url: str) -> str | None:
    """Top-level domain of a URL's host; None without a host name."""
    found = domains.located(url)
    last = found[0].rpartition(".")[2] if found else ""
    return last if last and not last.isdigit() else None


def paragraphs(pages: Iterable[Page] = ()) -> Mapping[str, list[str]]:
    """Paragraphs of our samples and of the pages by language, none shorter than `MIN_PARAGRAPH`."""
    found: dict[str, list[str]] = defaultdict(list)
    for sample in load(ROOT / "pages"):
        if sample.tag not in NON_EUROPEAN:
            _add(found[_MACRO.get(sample.tag[:3], sample.tag[:3])], prose(sample))
    for page in pages:
        _add(found[_MACRO.get(page.language, page.language)], page.text)
    return found


def _add(found: list[str], text: str) -> None:
    found += [line for line in text.splitlines() if len(line) >= MIN_PARAGRAPH]
