"""Train our fastText model from translated free software.

    python -m langid.train --work DIR

downloads the Debian packages of `sources.yaml`, cleans their texts (`corpus.py`), trains,
quantises, and writes the model with its card. The same packages give the same file: one thread,
fixed seeds, order by tag. Needs `apt-get`, `dpkg-deb` and about 1 GB of disk in DIR.
"""

import argparse
import hashlib
import importlib.util
import json
import random
import shutil
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import fasttext
import numpy as np
import pyarrow.parquet as pq

from langid import calibrate, noise_samples, vote
from langid.calibrate import observe
from langid.corpus import Lines, Package, collect, download, shingle_digests, sources
from langid.identify import identify
from langid.models import Identifier, Weir, load
from langid.script import letter_counts
from langid.tags import NOT_LANGUAGE, is_european
from langid.words import prepare

_SEED = 3

# Characters of training text by tag. Below the lower bound a language's messages are repeated, in
# new combinations, at most `_MAX_REPEATS` times: the label's share of the lines is its prior.
_MIN_CHARS, _MAX_CHARS, _MAX_REPEATS = 200_000, 500_000, 6

# Languages outside the table: what they have at least to be learnt, and at most. They are here so
# that Swahili is not called Romani, not to be told apart well.
_MIN_OTHER_CHARS, _MAX_OTHER_CHARS = 20_000, 80_000

# A European language with fewer characters than these has too few messages to be recognised by.
_MIN_EUROPEAN_CHARS = 4_000

_NOISE_LINES_PER_KIND = 700

# Lengths of training lines in characters, with their share of the text: a phrase, a sentence or
# two, a document's window.
_LENGTHS = ((0, 0.2), (150, 0.5), (600, 0.3))

# Characters and most documents a language, of those that profiles and calibration are learned from.
_FIT_DOCUMENTS = ((40, 25), (150, 25), (600, 15))
_CALIBRATION_DOCUMENTS = ((15, 40), (40, 40), (150, 40), (600, 20))

_HELD_OUT = 20  # one message in so many is never trained on, but calibrated and judged with


@dataclass(frozen=True)
class Settings:
    """What fastText is given; see its documentation of `train_supervised` and `quantize`."""

    dimensions: int = 32
    shortest_ngram: int = 2
    longest_ngram: int = 4
    buckets: int = 400_000
    epochs: int = 5
    rate: float = 0.4
    shortest_count: int = 5
    kept_features: int = 220_000
    subvector: int = 2


def _is_in_calibration(text: str) -> bool:
    return _digest(text) % 7 == 0  # so that documents are not of one package


def is_held_out(text: str) -> bool:
    """Whether a message is kept from training; decided by its digest, so for good."""
    return _digest(text) % _HELD_OUT == 0


def training_lines(lines: Lines) -> Iterator[tuple[str, str]]:
    """Tag and prepared text of every training line, in an order that only the lines decide."""
    for tag, texts in lines.items():
        european = is_european(tag)
        messages = [text for text in texts if not is_held_out(text)]
        size = sum(map(len, messages))
        if size < (_MIN_EUROPEAN_CHARS if european else _MIN_OTHER_CHARS):
            continue
        most = _MAX_CHARS if european else _MAX_OTHER_CHARS
        least = _MIN_CHARS if european else 0
        generator = random.Random(f"{_SEED} {tag}")  # noqa: S311
        wanted = min(max(size, min(least, size * _MAX_REPEATS)), most)
        for line in combine(messages, wanted, generator):
            yield tag, line
    for kind in noise_samples.KINDS:
        for text in noise_samples.generate(kind, _SEED, _NOISE_LINES_PER_KIND, split="train"):
            prepared = prepare(text)
            if prepared:
                yield NOT_LANGUAGE, prepared


def combine(messages: Sequence[str], chars: int, generator: random.Random) -> Iterator[str]:
    """Lines of the lengths in `_LENGTHS` out of shuffled messages, `chars` characters in all."""
    for target, share in _LENGTHS:
        left = chars * share
        while left > 0:
            shuffled = list(messages)
            generator.shuffle(shuffled)
            joined: list[str] = []
            size = 0
            for message in shuffled:
                joined.append(message)
                size += len(message)
                if size >= target:
                    left -= size
                    yield prepare(" ".join(joined))
                    joined, size = [], 0
                if left <= 0:
                    break
            else:
                left -= size
                if joined:
                    yield prepare(" ".join(joined))


def held_out_documents(lines: Lines, chars: int, most: int) -> Iterator[tuple[str, str]]:
    """Tag and text of at most `most` documents a tag out of held-out messages, not prepared."""
    for tag, texts in lines.items():
        for document in joined(filter(is_held_out, texts), chars, most):
            yield tag, document


def joined(texts: Iterable[str], chars: int, most: int) -> Iterator[str]:
    """At most `most` documents of at least `chars` characters, from texts in their order."""
    parts: list[str] = []
    count = 0
    for text in texts:
        parts.append(text)
        if sum(map(len, parts)) >= chars:
            yield " ".join(parts)
            parts, count = [], count + 1
            if count == most:
                return


def train(
    lines: Lines, work: Path, settings: Settings, threads: int = 1
) -> tuple[Path, Counter[str]]:
    """The quantised model's path in `work`, and the number of training lines by tag."""
    work.mkdir(parents=True, exist_ok=True)
    listing = work / "training.txt"
    counts = Counter[str]()
    pairs = list(training_lines(lines))
    random.Random(_SEED).shuffle(pairs)  # noqa: S311
    with listing.open("w", encoding="utf-8") as stream:
        for tag, text in pairs:
            counts[tag] += 1
            stream.write(f"__label__{tag} {text}\n")
    model = fasttext.train_supervised(
        str(listing),
        dim=settings.dimensions,
        minn=settings.shortest_ngram,
        maxn=settings.longest_ngram,
        bucket=settings.buckets,
        epoch=settings.epochs,
        lr=settings.rate,
        minCount=settings.shortest_count,
        thread=threads,
        seed=_SEED,
        verbose=1,
    )
    model.save_model(str(work / "full.bin"))
    model.quantize(
        input=str(listing),
        cutoff=settings.kept_features,
        retrain=True,
        qnorm=True,
        dsub=settings.subvector,
        thread=threads,
        verbose=1,
    )
    path = work / "weir.ftz"
    model.save_model(str(path))
    return path, counts


def fit(lines: Lines, model: Path, narrow: Path) -> tuple[vote.Profiles, dict[str, object]]:
    """The contents of `profiles.json` and `calibration.json`.

    Profiles are learned from held-out messages, with `model` and, where it is installed, heliport.
    They are of the register that it was trained on, and it is surer of them than of a web page; so
    the calibration is learned with `narrow`, the model of permissive sources alone, from texts of
    the other sources, all of which are strange to it.
    """
    extras = [name for name in ("heliport",) if importlib.util.find_spec(name)]
    models = [*load([*extras, "py3langid", "cld2"]), Weir(model)]
    documents = [
        document
        for chars, most in _FIT_DOCUMENTS
        for document in held_out_documents(lines, chars, most)
    ]
    profiles = vote.learn(
        [(tag, [(model.name, model.scores(text)) for model in models]) for tag, text in documents]
    )
    vote.use(profiles)
    models = [*load(["py3langid", "cld2"]), Weir(narrow)]
    known = models[-1].scores("").keys()
    permissive = {group.name for group in sources(permissive=True)}
    strange = {
        tag: [text for text, source in texts.items() if source not in permissive]
        for tag, texts in lines.items()
        if tag in known and is_european(tag)
    }
    unseen = [
        (tag, document)
        for chars, most in _CALIBRATION_DOCUMENTS
        for tag, texts in strange.items()
        for document in joined(filter(_is_in_calibration, texts), chars, most)
    ]
    return profiles, _calibration(unseen, models)


def _calibration(
    documents: Sequence[tuple[str, str]], models: Sequence[Identifier]
) -> dict[str, object]:
    rows = [
        (tag, found, int(letter_counts(text)[1:].max()))
        for tag, text in documents
        if (found := identify(text, models)).top
    ]
    sizes = Counter(tag for tag, _, _ in rows)
    observed = np.array([observe(found.top[0][1], letters) for _, found, letters in rows])
    correct = np.array([tag == found.tag for tag, found, _ in rows])
    weights = np.array([1.0 / sizes[tag] for tag, _, _ in rows])
    mapping = calibrate.fit(observed, correct, weights)
    predicted = [found.tag for _, found, _ in rows]
    return {
        "mapping": asdict(mapping),
        "offsets": calibrate.offsets(mapping, predicted, observed, correct),
    }


def _digest(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "ignore"), digest_size=4).digest())


def write_card(
    path: Path,
    packages: Sequence[Package],
    lines: Lines,
    counts: Mapping[str, int],
    dropped: Mapping[str, int],
) -> None:
    """The model card: what the model is, every source with licence and digest, text by language."""
    groups: dict[str, list[Package]] = {}
    for package in packages:
        groups.setdefault(f"{package.source} ({package.licence})", []).append(package)
    text = [_CARD_HEAD, "## Sources", ""]
    for group, members in groups.items():
        text += [f"### {group}", "", "| package | version | SHA-256 |", "|---|---|---|"]
        text += [f"| {p.name} | {p.version} | {p.sha256} |" for p in members]
        text.append("")
    text += ["## What was dropped", "", "| reason | messages |", "|---|---:|"]
    text += [f"| {reason} | {count} |" for reason, count in sorted(dropped.items())]
    text += ["", "## Text by label", "", "| tag | characters | training lines |", "|---|---:|---:|"]
    for tag, texts in lines.items():
        if counts.get(tag):
            text.append(f"| {tag} | {sum(map(len, texts))} | {counts[tag]} |")
    text.append(f"| {NOT_LANGUAGE} | made by noise_samples.py | {counts.get(NOT_LANGUAGE, 0)} |")
    path.write_text("\n".join(text) + "\n", "utf-8")


_CARD_HEAD = """# Model card: weir.ftz

Made by `python -m langid.train`; this file with it.

* **What it is**: a fastText classifier (Joulin et al. 2017) of language and script, quantised, for
  texts of a phrase to a page. Labels are tags such as `fin_Latn`, and `zxx_Zyyy` for no language.
* **What for**: one vote of several in Weir's language identification. It knows small languages that
  the other models lack. By itself it is worse than they are at the large ones.
* **Text**: interface messages and manuals of free software, by Debian packages (below). Texts with
  a run of six words in common with an evaluation set are left out.
* **Limits**: the register is that of software. Bosnian, Croatian, Montenegrin and Serbian hardly
  differ in it, so Weir does not ask this model which of them a text is in. Languages with under
  4,000 characters of text are not in it. Varieties within a label follow whoever translated: the
  Romansh is Rumantsch Grischun, the Norman mostly Jersey's. Scores: docs/languages.md.
* **Personal data**: lists of translators are left out where the format marks them; manuals can name
  their authors, and a name that occurs often can be in the model's word list.
* **Licence of the model file**: Apache-2.0, so far as we hold rights in it. It holds weights of
  character sequences and a word list, no text. The texts it was learned from are under the licences
  below; who takes the view that copyleft reaches such statistics can build the variant from MPL and
  permissive text alone: `python -m langid.train --licences permissive`.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Rebuild `langid/weir.ftz` with its card, profiles, calibration and digest."""
    parser = argparse.ArgumentParser(prog="python -m langid.train", description=main.__doc__)
    parser.add_argument("--work", type=Path, required=True, help="folder for packages and text")
    parser.add_argument("--licences", choices=("all", "permissive"), default="all")
    parser.add_argument("--exclude", type=Path, help="Parquet with texts never to be trained on")
    parser.add_argument("--output", type=Path, default=Path(__file__).parent)
    options = parser.parse_args(arguments)
    folder: Path = options.work
    groups = sources(permissive=options.licences == "permissive")
    download(groups, folder / "packages")
    excluded = shingle_digests(_texts(options.exclude)) if options.exclude else frozenset[int]()
    lines, packages, dropped = collect(folder / "packages", groups, excluded)
    made, counts = train(lines, folder, Settings())
    options.output.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(made, options.output / "weir.ftz")
    if options.licences == "all":  # the variant is judged with the same profiles
        permissive = {group.name for group in sources(permissive=True)}
        narrow = {
            tag: {text: source for text, source in texts.items() if source in permissive}
            for tag, texts in lines.items()
        }
        variant, _ = train(narrow, folder / "permissive", Settings())
        profiles, calibration = fit(lines, made, variant)
        for name, content in (("profiles", profiles), ("calibration", calibration)):
            text = json.dumps(content, ensure_ascii=False, indent=0, sort_keys=True)
            (options.output / f"{name}.json").write_text(text + "\n", "utf-8")
    write_card(options.output / "weir.md", packages, lines, counts, dropped)
    digest = hashlib.sha256(made.read_bytes()).hexdigest()
    sys.stdout.write(f"{made.stat().st_size} bytes, sha256 {digest}: enter both in models.yaml\n")
    return 0


def _texts(path: Path) -> list[str]:
    texts: list[str] = pq.read_table(path, columns=["text"]).column("text").to_pylist()
    return texts


if __name__ == "__main__":
    sys.exit(main())
