"""`weir train-quality`: texts of two kinds to a fastText classifier and its card.

The same texts give the same file, in whatever order and files they come: texts are ordered by
their digest, fastText has one thread and a fixed seed. One text in five is never trained on, by its
digest as well; what the card says of the model was measured on those, with the file as written.
"""

import gzip
import hashlib
import json
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import fasttext
import fasttext_pybind  # type: ignore[import-not-found]  # the wheel's compiled half has no stubs
import pyarrow as pa
import pyarrow.parquet as pq

from filters import quality
from filters.text import TextView
from pipeline import storage
from stages.errors import ConfigError

SEED = 5
HELD_OUT = 5
"""One text in so many is kept from training."""

MIN_TEXTS = 100
"""Of each kind, after equal ones are dropped: twenty held out are the least that say anything."""

MAX_CHARS = 20_000
"""Of a text; more of the same page teaches nothing new and makes long pages count for more."""

MAX_TEXTS = 100_000
"""Of a kind; of more, those with the smallest digests are taken, so that memory has a bound."""

MAX_LINE_BYTES = 64 << 20
LOW_AUC = 0.75
"""Below this the card and the command warn: the two kinds are hardly told apart."""

SUFFIXES = (".parquet", ".jsonl", ".jsonl.gz")


@dataclass(frozen=True, slots=True)
class Settings:
    """What fastText is given; see its documentation of `train_supervised` and `quantize`.

    Chosen for a small file (under 2 MB) and seconds of training, not tuned on any text: word pairs
    in 200,000 buckets of 16 dimensions, of which the 50,000 that matter most are kept.
    """

    dimensions: int = 16
    word_ngrams: int = 2
    buckets: int = 200_000
    epochs: int = 10
    rate: float = 0.3
    shortest_count: int = 2
    kept_features: int = 50_000


@dataclass(slots=True)
class Texts:
    """The texts of one kind: prepared, by digest; and what became of those that were read."""

    files: list[str]
    prepared: dict[bytes, str]
    read: int = 0
    other_language: int = 0
    empty: int = 0
    repeated: int = 0

    def add(self, prepared: str) -> None:
        """Take a text, if it has words and is not known."""
        digest = hashlib.blake2b(prepared.encode(), digest_size=16).digest()
        if not prepared:
            self.empty += 1
        elif digest in self.prepared:
            self.repeated += 1
        else:
            self.prepared[digest] = prepared
            if len(self.prepared) > 2 * MAX_TEXTS:
                self.cut()

    def cut(self) -> None:
        """Keep at most `MAX_TEXTS` texts; which ones does not depend on the order they came in."""
        for digest in sorted(self.prepared)[MAX_TEXTS:]:
            del self.prepared[digest]

    @property
    def digest(self) -> str:
        """SHA-256 over the digests of the texts in use, in their order."""
        return hashlib.sha256(b"".join(sorted(self.prepared))).hexdigest()


def gather(kind: str, sources: Sequence[str], tag: str) -> Texts:
    """Texts of files, folders and runs; ConfigError names the file and what is wrong with it.

    A folder with run.json is a run, of which the corpus in this language is read; of another
    folder, every Parquet and JSON Lines file. Where a Parquet file has a column `tag`, rows of
    other languages are left out.
    """
    files = [file for source in sources for file in _files(kind, Path(source), tag)]
    found = Texts([file.name for file in files], {})
    for file in files:
        for text, row_tag in _rows(file):
            found.read += 1
            if row_tag not in (None, tag):
                found.other_language += 1
            else:
                found.add(quality.prepare(TextView(text[:MAX_CHARS])))
    found.cut()
    return found


def _files(kind: str, source: Path, tag: str) -> list[Path]:
    if source.is_file():
        if not source.name.endswith(SUFFIXES):
            raise ConfigError(f"--{kind}", f"{source}: is none of {', '.join(SUFFIXES)}")
        return [source]
    if not source.is_dir():
        raise ConfigError(f"--{kind}", f"{source}: no such file or folder")
    if (source / "run.json").is_file():
        source = source / "corpus" / tag
    files = sorted(path for path in source.rglob("*") if path.name.endswith(SUFFIXES))
    if not files:
        remedy = "`weir stats RUN` shows what languages a run has"
        raise ConfigError(f"--{kind}", f"{source}: holds no text of {tag}", remedy)
    return files


def _rows(file: Path) -> Iterator[tuple[str, str | None]]:
    """Text and tag (None where the file has none) of each row."""
    if file.name.endswith(".parquet"):
        yield from _parquet_rows(file)
        return
    with gzip.open(file) if file.name.endswith(".gz") else file.open("rb") as stream:
        number = 0
        try:
            while line := stream.readline(MAX_LINE_BYTES):
                number += 1
                value = json.loads(line)
                text = value.get("text") if isinstance(value, dict) else None
                if not isinstance(text, str):
                    raise ConfigError(f"{file}:{number}", "is no JSON object with a string `text`")
                yield text, value["tag"] if isinstance(value.get("tag"), str) else None
        except (ValueError, EOFError, OSError, RecursionError):
            raise ConfigError(f"{file}:{number}", "is not JSON Lines, or is damaged") from None


def _parquet_rows(file: Path) -> Iterator[tuple[str, str | None]]:
    try:
        with pq.ParquetFile(file) as opened:
            names = opened.schema_arrow.names
            if "text" not in names:
                raise ConfigError(str(file), "has no column `text`")
            columns = [name for name in ("text", "tag") if name in names]
            for batch in opened.iter_batches(256, columns=columns):
                texts = batch.column("text").cast(pa.large_string()).to_pylist()
                tags = batch.column("tag").to_pylist() if "tag" in columns else [None] * len(texts)
                yield from ((text or "", tag) for text, tag in zip(texts, tags, strict=True))
    except (pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ConfigError(str(file), f"cannot be read as Parquet ({reason})") from None


def train(
    tag: str, positive: Texts, negative: Texts, output: Path, settings: Settings | None = None
) -> dict[str, Any]:
    """Write the model to `output` and its card beside it; the card.

    ConfigError if either kind has under `MIN_TEXTS` texts, or the file is not to be called .ftz.
    """
    settings = settings or Settings()
    if output.suffix != ".ftz":
        raise ConfigError("--output", f"{output}: a quantised fastText model is named *.ftz")
    both = positive.prepared.keys() & negative.prepared.keys()
    kinds = {quality.POSITIVE: positive, quality.NEGATIVE: negative}
    labelled = sorted(
        (digest, kind, text)
        for kind, texts in kinds.items()
        for digest, text in texts.prepared.items()
        if digest not in both
    )
    counts = Counter(kind for _, kind, _ in labelled)
    for kind, texts in kinds.items():
        if counts[kind] < MIN_TEXTS:
            raise ConfigError(
                f"--{kind}",
                f"{counts[kind]} different texts with words, but at least {MIN_TEXTS} are needed",
                f"read {texts.read}, of another language {texts.other_language}, "
                f"repeated {texts.repeated}, of both kinds {len(both)}",
            )
    held_out = [(kind, text) for digest, kind, text in labelled if _is_held_out(digest)]
    learnt = [(kind, text) for digest, kind, text in labelled if not _is_held_out(digest)]
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=output.parent, prefix=".tmp-quality-") as folder:
        made = _fit(learnt, Path(folder), settings)
        score = _evaluate(made, held_out)
        content = made.read_bytes()
    card = {
        "language": tag,
        "classes": list(kinds),
        "prepared": "words of filters.text.TextView in lower case, separated by spaces",
        "data": {
            kind: {
                "files": texts.files,
                "read": texts.read,
                "other_language": texts.other_language,
                "empty": texts.empty,
                "repeated": texts.repeated,
                "of_both_kinds": len(both),
                "used": counts[kind],
                "digest": texts.digest,
            }
            for kind, texts in kinds.items()
        },
        "parameters": {**asdict(settings), "seed": SEED, "threads": 1, "max_chars": MAX_CHARS},
        "held_out": {"one_in": HELD_OUT, **asdict(score)},
        "model": {
            "file": output.name,
            "bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
        },
        "made_with": {
            name: metadata.version(name) for name in ("weir-corpus", "fasttext-wheel", "numpy")
        },
    }
    storage.write_bytes(output, content)
    text = json.dumps(card, ensure_ascii=False, indent=2) + "\n"
    storage.write_bytes(output.with_suffix(".json"), text.encode())
    return card


def _is_held_out(digest: bytes) -> bool:
    return int.from_bytes(digest[:4]) % HELD_OUT == 0


def _fit(learnt: Sequence[tuple[str, str]], folder: Path, settings: Settings) -> Path:
    # There are no more features than words in the texts; room for others costs time and bytes.
    words = sum(text.count(" ") + 1 for _, text in learnt)
    buckets = min(settings.buckets, max(2000, words))
    listing = folder / "training.txt"
    with listing.open("w", encoding="utf-8") as stream:
        for kind, text in learnt:
            stream.write(f"{quality.LABEL}{kind} {text}\n")
    model = fasttext.train_supervised(
        str(listing),
        dim=settings.dimensions,
        wordNgrams=settings.word_ngrams,
        bucket=buckets,
        epoch=settings.epochs,
        lr=settings.rate,
        minCount=settings.shortest_count,
        thread=1,
        seed=SEED,
        verbose=0,
    )
    model.quantize(
        input=str(listing),
        cutoff=min(settings.kept_features, buckets),
        retrain=True,
        qnorm=True,
        thread=1,
        verbose=0,
    )
    made = folder / "model.ftz"
    model.save_model(str(made))
    return made


def _evaluate(made: Path, held_out: Sequence[tuple[str, str]]) -> quality.Score:
    model = fasttext_pybind.fasttext()
    model.loadModel(str(made))
    values = [
        quality.probability(model.predict(f"{text}\n", 2, 0.0, "strict"), quality.POSITIVE)
        for _, text in held_out
    ]
    return quality.score(values, [kind == quality.POSITIVE for kind, _ in held_out])


def warnings(card: dict[str, Any]) -> list[str]:
    """What a reader of the card should know before using the model."""
    found = []
    used = [card["data"][kind]["used"] for kind in card["classes"]]
    if max(used) > 10 * min(used):
        found.append(
            f"{used[0]} positive and {used[1]} negative texts: the score leans to the larger kind"
        )
    if card["held_out"]["auc"] < LOW_AUC:
        found.append(f"AUC under {LOW_AUC}: the two kinds are hardly told apart")
    return found
