"""`weir calibrate`: a language pack out of a team's own reference text and a crawl."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from audit import calibrate, pack, pack_quality, reference_files
from audit.calibrate import Calibration
from audit.pack_quality import Quality
from audit.runs import Run
from audit.thresholds import MIN_DOCUMENTS, Side
from filters.rules import Bound
from langid.tags import BY_TAG
from pipeline import config
from stages.errors import ConfigError

_MIN_CRAWLED: Final = 100  # documents whose confidences say anything
_CONFIDENCES: Final = (0.3, 0.9)
_CONTAMINATED: Final = 0.1


@dataclass(frozen=True)
class Crawl:
    """What a crawl says of a language: its confidences, and how much of it has no word of its own.

    `threshold` is median minus standard deviation of the confidences, held to [.3, .9];
    `contamination` the share of documents without any affinity word. Both null under 100 documents.
    """

    documents: int
    threshold: float | None
    contamination: float | None


def write(
    tag: str, paths: Sequence[Path], crawl: Path | None, output: Path
) -> tuple[dict[str, Any], list[str]]:
    """Calibrate and write `<tag>.yaml`, `<tag>.md` and `<tag>.svg`; what was found, and warnings.

    ConfigError refuses a reference that is in another language, too short, or not readable.
    """
    found_text = reference_files.read(paths, tag)
    documents = found_text.documents
    warnings = list(found_text.warnings)
    usages = {name: usage for name, usage in calibrate.stored_usages().items() if name != tag}
    pieces = [(d.source, d.text) for d in documents if not d.is_held_out]
    try:
        found = calibrate.calibrate(tag, documents, pieces, usages)
    except ValueError as error:
        raise ConfigError(
            ", ".join(map(str, paths)),
            f"{error} (left out: {dict(found_text.dropped)})",
            "give more text; shape thresholds need 500 documents",
        ) from None
    if found.trust == "inherited":
        warnings.append(
            f"{found.whole} documents, under {MIN_DOCUMENTS}: bounds on lines, lengths and "
            f"repetition are the medians of {BY_TAG[tag].family}, marked inherited"
        )
    warnings += [f"{name}: clamped" for name in found.clamped]
    kept, crawled = {}, None
    if crawl is not None:
        crawled = read_crawl(crawl, tag)
        if crawled.threshold is None:
            warnings.append(
                f"{crawl}: {crawled.documents} documents in {tag}, under {_MIN_CRAWLED}: "
                "language_confidence is left as it is"
            )
        else:
            kept["language_confidence"] = (
                f'{{min: {crawled.threshold:.2f}, source: "median minus deviation of '
                f'{crawled.documents} crawled documents; {pack.PAGES}/{tag}.md"}}'
            )
        if (crawled.contamination or 0.0) > _CONTAMINATED:
            kept["distinct_affinity_word_count"] = (
                f'{{min: 1, source: "{crawled.contamination:.0%} of {crawled.documents} crawled '
                f'documents have no affinity word; {pack.PAGES}/{tag}.md"}}'
            )
    reference = f"{found.whole:,} documents of {', '.join(path.name for path in paths)}"
    quality = _quality(found, [d.text for d in documents if d.is_held_out])
    if quality.passed < 0.9:
        warnings.append(f"only {quality.passed:.1%} of the held-out documents pass this pack")
    output.mkdir(parents=True, exist_ok=True)
    path = output / f"{tag}.yaml"
    path.write_text(pack.pack_yaml(found, reference, kept=kept), encoding="utf-8")
    pack.write_page(output, found, reference, quality, calibrate.base_bounds())
    return (
        {
            "tag": tag,
            "pack": str(path),
            "page": str(output / f"{tag}.md"),
            "trust": found.trust,
            "documents": found.documents,
            "held_out": found.held_out,
            "left_out": dict(found_text.dropped),
            "stop_words": len(found.words.stop),
            "affinity_words": len(found.words.affinity),
            "neighbour_words": len(found.words.neighbour),
            "clamped": list(found.clamped),
            "rules": {
                f"{name}.{side.value}": {"value": t.value, "origin": t.origin}
                for (name, side), t in found.rules.items()
            },
            "held_out_passed": round(quality.passed, 4),
            "rejected": {kind: round(share, 4) for kind, share in quality.rejected.items()},
            "crawl": None
            if crawled is None
            else {
                "documents": crawled.documents,
                "language_confidence": crawled.threshold,
                "contamination": crawled.contamination,
                "needs_affinity": (crawled.contamination or 0.0) > _CONTAMINATED,
            },
        },
        warnings,
    )


def _quality(found: Calibration, held_out: Sequence[str]) -> Quality:
    base = calibrate.base_bounds()
    merged = {**base, **{key: t.value for key, t in found.rules.items()}}
    bounds = {
        name: Bound(name, *(merged.get((name, side)) for side in Side))
        for name in dict.fromkeys(name for name, _ in merged)
    }
    order = tuple(name for name in config.base_language().rules if name in bounds)
    judge = pack_quality.Judge(found.tag, order, bounds, found.words.lexicon())
    return pack_quality.assess(judge, found.words.stop, held_out, {})


def read_crawl(path: Path, tag: str) -> Crawl:
    """Confidences and affinity of a run's documents under a tag."""
    run = Run(path)
    confidences, lacking, known = [], 0, 0
    for shard in run.shards:
        tags = run.read(shard.documents, ["tag"]).column("tag").to_numpy(zero_copy_only=False)
        signals = run.read(shard.signals, ["language_confidence", "affinity_word_fraction"])
        chosen = tags == tag
        confidence = _floats(signals, "language_confidence")[chosen]
        affinity = _floats(signals, "affinity_word_fraction")[chosen]
        confidences.append(confidence[~np.isnan(confidence)])
        known += int(np.count_nonzero(~np.isnan(affinity)))
        lacking += int(np.count_nonzero(affinity == 0))
    together = np.concatenate(confidences) if confidences else np.zeros(0)
    if together.size < _MIN_CRAWLED:
        return Crawl(together.size, None, None)
    low, high = _CONFIDENCES
    threshold = float(np.clip(np.median(together) - together.std(), low, high))
    return Crawl(together.size, round(threshold, 3), lacking / known if known else None)


def _floats(table: Any, name: str) -> Any:
    return table.column(name).to_numpy(zero_copy_only=False).astype(np.float64)


def text_of(data: dict[str, Any]) -> list[str]:
    """What the command prints."""
    lines = [
        (
            f"{data['tag']}: {data['documents']} documents to calibrate on, {data['held_out']} "
            f"held out ({data['trust']})"
        ),
        (
            f"words: {data['stop_words']} stop, {data['affinity_words']} affinity, "
            f"{data['neighbour_words']} neighbour"
        ),
        "",
    ]
    lines += [
        f"{name:44} {rule['value']:<10g} {rule['origin']}" for name, rule in data["rules"].items()
    ]
    rejected = ", ".join(f"{kind} {share:.0%}" for kind, share in data["rejected"].items())
    lines += [
        "",
        f"held out: {data['held_out_passed']:.1%} pass; negatives rejected: {rejected}",
        f"written: {data['pack']} and {data['page']}",
        "to use it: put it into configs/languages/, or its keys under `languages` of a run's file",
    ]
    return lines
