"""Builds every language pack that Debian's texts allow, and what calibration knows of languages.

    python -m audit.build_packs --work build/packs --debs build/packages [--download]

Writes configs/languages/, docs/calibration/ with results.csv, and audit/calibration/. With
`--evaluate`, only judges the packs as they are, and rewrites results.csv. Needs Debian's dpkg-deb
(and apt-get with `--download`). Harvested texts stay in the work folder.
"""

import argparse
import csv
import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from audit import calibrate, lexicon, pack, reference_text, thresholds
from audit.calibrate import ENGLISH, Calibration
from audit.pack_quality import Judge, Quality, assess
from audit.reference_text import Document
from langid import corpus
from langid.tags import BY_TAG
from pipeline import config, layers

ROOT: Final = Path(__file__).parent.parent
RESULTS: Final = "docs/calibration/results.csv"

MIN_HELD_OUT: Final = 20
"""Documents of each half of a shipped pack: fewer could not tell 90 % from 75 %."""

KINDS: Final = ("menu", "shuffled", "stuffed", "repeated", "placeholder", "neighbours")

_MAX_WHOLE: Final = 1_500  # whole documents whose words are counted


@dataclass(frozen=True)
class Reference:
    """A language's documents, and `(source, text)` pairs of the calibration half to count in."""

    documents: tuple[Document, ...]
    pieces: tuple[tuple[str, str], ...]


def harvest(debs: Sequence[Path], work: Path) -> None:
    """Read the packages once, into `work/reference/<tag>.json`."""
    groups = reference_text.sources()
    documents, packages, dropped = reference_text.harvest(debs, groups)
    lines: dict[str, dict[str, str]] = {}
    for directory in debs:
        found, more, _ = corpus.collect(directory, corpus.sources())
        packages += more
        for tag, texts in found.items():
            lines.setdefault(tag, {}).update(texts)
    folder = work / "reference"
    folder.mkdir(parents=True, exist_ok=True)
    for tag in BY_TAG:
        sentences = {
            line: source
            for line, source in lines.get(tag, {}).items()
            if reference_text.is_sentence(line)
        }
        whole = [[d.text, d.source] for d in documents.get(tag, ())]
        if whole or sentences:
            text = json.dumps({"whole": whole, "lines": sentences}, ensure_ascii=False)
            (folder / f"{tag}.json").write_text(text, encoding="utf-8")
    sys.stderr.write(f"{len(packages)} packages; dropped: {dict(dropped)}\n")


def load(work: Path, tag: str) -> Reference:
    """A language's reference out of what `harvest` wrote: whole documents, then composed ones."""
    row = json.loads((work / "reference" / f"{tag}.json").read_text(encoding="utf-8"))
    whole = [Document(text, source, is_whole=True) for text, source in row["whole"]]
    lines: dict[str, str] = row["lines"]
    composed = reference_text.composed(lines, tag)
    pieces = [
        (lines[line], line)
        for document in composed
        if not document.is_held_out
        for line in document.text.splitlines()
    ]
    pieces += [
        (document.source.partition("/")[0], document.text)
        for document in [d for d in whole if not d.is_held_out][:_MAX_WHOLE]
    ]
    documents = sorted((*whole, *composed), key=lambda d: d.digest)
    return Reference(tuple(documents), tuple(pieces))


def _count(work: Path, tag: str) -> tuple[str, lexicon.Usage, int]:
    reference = load(work, tag)
    held_out = sum(d.is_held_out for d in reference.documents)
    smaller = min(held_out, len(reference.documents) - held_out)
    counted = lexicon.usage(reference.pieces)
    # Two thirds of the different words are met once, and tell nothing about another language.
    known = {word: count for word, count in counted.counts.items() if count > 1}
    kept = lexicon.Usage(
        known,
        {word: counted.typical[word] for word in known},
        {word: counted.mean[word] for word in known},
    )
    return tag, kept, smaller


_USAGES: dict[str, lexicon.Usage] = {}  # of a worker process: megabytes that every task reads


def _share(usages: calibrate.Usages) -> None:
    _USAGES.update(usages)


def _calibrate(
    work: Path, tag: str, english: thresholds.English, medians: thresholds.Medians
) -> Calibration:
    reference = load(work, tag)
    others = {name: usage for name, usage in _USAGES.items() if name != tag}
    return calibrate.calibrate(
        tag,
        reference.documents,
        reference.pieces,
        others,
        english=english,
        medians=medians,
        are_manuals=True,
    )


def _assess(
    work: Path, tag: str, judge: Judge, stop: Sequence[str], near: Sequence[str]
) -> Quality:
    texts = held_out_texts(load(work, tag).documents)
    return assess(
        judge, stop, texts, {name: held_out_texts(load(work, name).documents) for name in near}
    )


def held_out_texts(documents: Sequence[Document]) -> list[str]:
    """Texts of the held-out half; of whole documents alone, where there are enough of them."""
    whole = [document for document in documents if document.is_whole]
    chosen = whole if len(whole) >= thresholds.MIN_DOCUMENTS else documents
    return [document.text for document in chosen if document.is_held_out]


def build(work: Path, workers: int) -> dict[str, Calibration]:
    """Calibrate every language with enough text, English first, then those with whole documents."""
    tags = sorted(path.stem for path in (work / "reference").glob("*.json"))
    with ProcessPoolExecutor(workers) as pool:
        counted = list(pool.map(_count, [work] * len(tags), tags))
    usages = {tag: usage for tag, usage, _ in counted if usage.total >= calibrate.MIN_WORDS}
    able = [tag for tag, _, half in counted if tag in usages and half >= MIN_HELD_OUT]
    sys.stderr.write(f"{len(usages)} languages with words, {len(able)} to calibrate\n")
    english = _english(work, usages)
    found: dict[str, Calibration] = {}
    whole = [tag for tag in able if _has_whole(work, tag)]
    rest = [tag for tag in able if tag not in whole]
    medians: dict[str, dict[str, float]] = {}
    for batch in (whole, rest):
        with ProcessPoolExecutor(workers, initializer=_share, initargs=(usages,)) as pool:
            size = len(batch)
            made = pool.map(
                _calibrate, [work] * size, batch, [english["signals"]] * size, [medians] * size
            )
            for calibration in made:
                found[calibration.tag] = calibration
                sys.stderr.write(f"{calibration.tag} {calibration.rejected:.3f}\n")
        if batch is whole:
            medians = _medians(found)
    calibrate.store(ROOT / "audit" / "calibration", english, medians, usages)
    return found


def _medians(found: dict[str, Calibration]) -> dict[str, dict[str, float]]:
    """The families' medians; what was clamped in `found` takes them."""
    by_family = defaultdict(list)
    for tag, calibration in found.items():
        by_family[BY_TAG[tag].family].append(calibration.rules)
    medians = thresholds.medians(by_family)
    for tag, own in found.items():
        rules = thresholds.inherit(own.rules, medians, BY_TAG[tag].family, own.values)
        new = {key: t for key, t in rules.items() if own.rules.get(key) != t}
        kept = thresholds.without_looser_repetition(new, calibrate.base_bounds())
        unchanged = {key: t for key, t in rules.items() if key not in new}
        found[tag] = replace(own, rules={**unchanged, **kept})
    return medians


def _has_whole(work: Path, tag: str) -> bool:
    whole = sum(document.is_whole for document in load(work, tag).documents)
    return whole >= thresholds.MIN_DOCUMENTS


def _english(work: Path, usages: calibrate.Usages) -> dict[str, Any]:
    """Statistics of English reference documents, which the other languages are measured by."""
    reference = load(work, ENGLISH)
    documents = [d for d in reference.documents if d.is_whole and not d.is_held_out]
    others = {name: usage for name, usage in usages.items() if name != ENGLISH}
    words = calibrate.words(ENGLISH, usages[ENGLISH], others)
    values = calibrate.measure([d.text for d in documents], words.lexicon())
    bounds: dict[str, dict[str, float | None]] = defaultdict(dict)
    for (name, side), bound in calibrate.base_bounds().items():
        bounds[name][side.value] = bound
    return {
        "documents": len(documents),
        "digest": calibrate.digest(reference.documents),
        "signals": thresholds.statistics(values, bounds),
    }


def write_packs(found: Mapping[str, Calibration], folder: Path) -> None:
    """Write the packs; rules that calibration does not set are taken over from the old ones."""
    calibrated = {recipe.signal for recipe in thresholds.RECIPES}
    for tag, calibration in found.items():
        path = folder / f"{tag}.yaml"
        kept: dict[str, str] = {}
        phrases: Mapping[str, Any] | None = None
        if path.is_file():
            old = config.read_pack(path)
            phrases = old.get("boilerplate_phrases")
            relaxed = {name for name, _ in calibration.rules}
            kept = {
                name: json.dumps(rule, ensure_ascii=False)
                for name, rule in (old["rules"] or {}).items()
                if name not in calibrated | relaxed
                and "relaxed:" not in (rule or {}).get("source", "")
            }
        text = pack.pack_yaml(calibration, pack.described(calibration), kept=kept, phrases=phrases)
        path.write_text(text, encoding="utf-8")


def evaluate(work: Path, tags: Iterable[str], workers: int) -> dict[str, Quality]:
    """Judge each language's held-out text, negatives and neighbours by its pack as it is."""
    run = config.load("europe").run
    order, bounds = run.bounds()
    wanted = sorted(tags)
    judges, stops, near = [], [], []
    available = {path.stem for path in (work / "reference").glob("*.json")}
    for tag in wanted:
        rules = {name: b for name, b in bounds[tag].items() if name != "language_confidence"}
        judges.append(Judge(tag, order, rules, run.lexicon(tag)))
        stops.append(run.languages[tag].stop_words.words)
        near.append(calibrate.neighbours(tag, available & run.languages.keys()))
    with ProcessPoolExecutor(workers) as pool:
        made = pool.map(_assess, [work] * len(wanted), wanted, judges, stops, near)
        return dict(zip(wanted, made, strict=True))


def write_results(qualities: Mapping[str, Quality], path: Path) -> None:
    """results.csv: a row a language."""
    run = config.load("europe").run
    packs = dict(config.language_packs())
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(
            ["tag", "trust", "documents", "held_out", "passed", *KINDS, "worst_neighbour",
             "worst_neighbour_rejected", "digest", "pack"]
        )  # fmt: skip
        for tag, quality in sorted(qualities.items()):
            note = packs[tag]["calibration"]
            worst = min(quality.by_neighbour, key=lambda t: quality.by_neighbour[t], default="")
            shares = [quality.rejected.get(kind) for kind in KINDS]
            writer.writerow(
                [
                    tag,
                    note["trust"],
                    note["documents"],
                    quality.held_out,
                    f"{quality.passed:.4f}",
                    *("" if share is None else f"{share:.4f}" for share in shares),
                    worst,
                    f"{quality.by_neighbour[worst]:.4f}" if worst else "",
                    note["digest"],
                    config.digest(run.languages[tag].model_dump(mode="json"))[:16],
                ]
            )


def main() -> None:
    """Command line of the build."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--work", type=Path, required=True, help="folder for harvested texts")
    parser.add_argument("--debs", type=Path, nargs="+", help="folders of Debian packages")
    parser.add_argument("--download", action="store_true", help="fetch the packages first")
    parser.add_argument("--evaluate", action="store_true", help="judge the packs as they are")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    pack.check_signals()
    if options.download:
        corpus.download(corpus.sources(), options.debs[0])
        corpus.download(reference_text.sources(), options.debs[0])
    if options.debs and not (options.work / "reference").is_dir():
        harvest(options.debs, options.work)
    packs = layers.configs_folder() / "languages"
    found: dict[str, Calibration] = {}
    if not options.evaluate:
        found = build(options.work, options.workers)
        write_packs(found, packs)
    tags = found or {tag for tag, row in config.language_packs() if "calibration" in row}
    qualities = evaluate(options.work, tags, options.workers)
    folder = ROOT / pack.PAGES
    folder.mkdir(parents=True, exist_ok=True)
    for tag, calibration in found.items():
        pack.write_page(
            folder,
            calibration,
            pack.described(calibration),
            qualities[tag],
            calibrate.base_bounds(),
        )
    write_results(qualities, ROOT / RESULTS)


if __name__ == "__main__":
    main()
