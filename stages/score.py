"""Stage score: what models and other people's filters say of a document.

The signals `quality_score` and `perplexity`, the column `n_tokens`, and the verdicts of datatrove's
filters. Each is null where the configuration names nothing for it, and then costs nothing.

A model file is trusted for its SHA-256 alone, which is compared before a byte of it is parsed: the
parsers of fastText and KenLM are C++ and believe what a file says of its sizes. Models are loaded
at the first document of their language, once a process.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa

from filters import perplexity, quality
from filters.text import TextView
from langid import registry, tags
from stages import schema
from stages.base import Columns, Tools, Worker

VERSION = 1

OTHERS = "base"
"""Key of the model for languages that have no entry of their own."""

_FASTTEXT_MAGIC = (793712314).to_bytes(4, "little")
_KENLM_MAGIC = b"mmap lm http://kheafield.com/code format version"
_ARPA_MAGIC = b"\\data\\"

# A tokenizer.json has some megabytes; this is parsed as a whole.
_MAX_TOKENIZER_BYTES = 256 << 20


@dataclass(frozen=True, slots=True)
class Model:
    """A model file, its SHA-256, and for a classifier the class whose probability is asked for."""

    path: str
    sha256: str
    label: str = quality.POSITIVE


@dataclass(frozen=True, slots=True)
class PeerFilter:
    """A datatrove filter: class name, parameters, and whose words it sees."""

    filter: str
    parameters: Mapping[str, Any]
    words: Any = "weir"


Models = Mapping[str, Model | None]
"""By tag; `OTHERS` for languages without an entry, None where a language has no model."""


@dataclass(frozen=True, slots=True)
class Score:
    """What is configured; by default nothing, and every column is null."""

    quality_models: Models
    perplexity_models: Models
    tokenizer: Model | None
    filters: Mapping[str, PeerFilter]
    name: str = "score"
    version: int = VERSION

    def open(self, tools: Tools) -> Worker:
        """Load the tokenizer and the filters, and see that every model and extra is there.

        ModelError names the file, or the extra, and the command that helps.
        """
        del tools
        for models in (self.quality_models, self.perplexity_models):
            for model in models.values():
                if model is not None and not Path(model.path).is_file():
                    raise registry.ModelError(f"{model.path}: no such model file")
        if any(self.perplexity_models.values()):
            _kenlm()
        count = _token_counter(self.tokenizer) if self.tokenizer else None
        judge = _judge(self.filters) if self.filters else None
        has_models = any((*self.quality_models.values(), *self.perplexity_models.values()))

        def work(batch: pa.RecordBatch) -> Columns:
            rows = batch.num_rows
            scores: list[float | None] = [None] * rows
            surprises: list[float | None] = [None] * rows
            wanted = has_models or count or judge
            texts = batch.column("text").to_pylist() if wanted else []
            if has_models:
                for row, tag in enumerate(batch.column("tag").to_pylist()):
                    scores[row], surprises[row] = self._by_models(texts[row], tag)
            tokens = [count(text) for text in texts] if count else [None] * rows
            verdicts = judge(batch, texts) if judge else [None] * rows
            return {
                "quality_score": pa.array(scores, type=pa.float32()),
                "perplexity": pa.array(surprises, type=pa.float32()),
                "n_tokens": pa.array(tokens, type=pa.int64()),
                schema.VERDICTS_COLUMN: pa.array(verdicts, type=schema.FILTER_VERDICTS),
            }

        return work

    def _by_models(self, text: str, tag: str) -> tuple[float | None, float | None]:
        classifier = _of(self.quality_models, tag)
        language_model = _of(self.perplexity_models, tag)
        if classifier is None and language_model is None:
            return None, None
        view = TextView(text)
        return (
            load_classifier(classifier)(view) if classifier else None,
            load_language_model(language_model)(view) if language_model else None,
        )


def _of(models: Models, tag: str) -> Model | None:
    return models[tag] if tag in models else models.get(OTHERS)


def _checked(model: Model, kind: str, magics: Sequence[bytes]) -> None:
    """ModelError unless the file has its SHA-256 and begins as its kind does."""
    registry.check(model.path, model.sha256, "name the file and the digest that belong together")
    with Path(model.path).open("rb") as stream:
        head = stream.read(64).lstrip() if _ARPA_MAGIC in magics else stream.read(64)
    if not head.startswith(tuple(magics)):
        raise registry.ModelError(f"{model.path}: is no {kind}")


@cache
def load_classifier(model: Model) -> Callable[[TextView], float | None]:
    """A function from a text to the probability of the model's class; None without words.

    ModelError if the file has another SHA-256, is no fastText classifier, or has no such class.
    """
    import fasttext_pybind  # type: ignore[import-not-found]  # noqa: PLC0415 - where one is named

    _checked(model, "fastText model", [_FASTTEXT_MAGIC])
    loaded = fasttext_pybind.fasttext()
    try:
        loaded.loadModel(model.path)
        labels = list(loaded.getLabels("strict")[0])
    except (RuntimeError, ValueError, MemoryError) as error:
        raise registry.ModelError(f"{model.path}: fastText cannot load it ({error})") from None
    if f"{quality.LABEL}{model.label}" not in labels:
        known = ", ".join(label.removeprefix(quality.LABEL) for label in labels[:5])
        raise registry.ModelError(f"{model.path}: has no class {model.label!r}; it has {known}")

    def work(view: TextView) -> float | None:
        prepared = quality.prepare(view)
        if not prepared:
            return None
        answer = loaded.predict(prepared + "\n", len(labels), 0.0, "strict")
        return quality.probability(answer, model.label)

    return work


@cache
def load_language_model(model: Model) -> Callable[[TextView], float | None]:
    """A function from a text to its perplexity by word; None without words.

    ModelError if the extra is missing, the file has another SHA-256 or is no KenLM model.
    """
    kenlm = _kenlm()
    _checked(model, "KenLM or ARPA model", [_KENLM_MAGIC, _ARPA_MAGIC])
    try:
        loaded = kenlm.LanguageModel(model.path)
    except (OSError, RuntimeError) as error:
        raise registry.ModelError(f"{model.path}: KenLM cannot load it ({error})") from None

    def work(view: TextView) -> float | None:
        lines = perplexity.prepare(view)
        log10 = sum(loaded.score(line, bos=True, eos=True) for line in lines)
        return perplexity.by_word(log10, view.word_count, len(lines))

    return work


def _kenlm() -> Any:
    try:
        import kenlm  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415 - an extra
    except ImportError:
        raise registry.ModelError(
            "a perplexity_model is configured, but KenLM is not installed (it needs a compiler): "
            "pip install 'weir-corpus[kenlm]', or set perplexity_model: null"
        ) from None
    return kenlm


@cache
def _token_counter(model: Model) -> Callable[[str], int]:
    """A function from a text to its number of tokens, without the special ones around it."""
    try:
        from tokenizers import Tokenizer  # noqa: PLC0415 - an extra
    except ImportError:
        raise registry.ModelError(
            "a tokenizer is configured, but the package is not installed: "
            "pip install 'weir-corpus[tokenizers]', or set tokens: null"
        ) from None
    registry.check(model.path, model.sha256, "name the file and the digest that belong together")
    if Path(model.path).stat().st_size > _MAX_TOKENIZER_BYTES:
        raise registry.ModelError(f"{model.path}: more than {_MAX_TOKENIZER_BYTES:,} bytes")
    try:
        content = json.loads(Path(model.path).read_text(encoding="utf-8"))
        loaded = Tokenizer.from_str(json.dumps(content))
    except Exception as error:  # noqa: BLE001 - the library raises nothing more particular
        raise registry.ModelError(f"{model.path}: is no tokenizer.json ({error})") from None
    loaded.no_truncation()
    loaded.no_padding()
    return lambda text: len(loaded.encode(text, add_special_tokens=False).ids)


def _judge(
    configured: Mapping[str, PeerFilter],
) -> Callable[[pa.RecordBatch, Iterable[str]], list[list[tuple[str, float | None]]]]:
    """A function from a batch and its texts to each one's verdicts, sorted by name."""
    from filters import datatrove_filters  # noqa: PLC0415 - half a second, where one is named

    segmenter = datatrove_filters.Segmenter()
    built = [
        (name, datatrove_filters.build(spec.filter, spec.parameters, spec.words, segmenter))
        for name, spec in sorted(configured.items())
    ]

    def work(batch: pa.RecordBatch, texts: Iterable[str]) -> list[list[tuple[str, float | None]]]:
        rows = zip(
            texts,
            *(batch.column(name).to_pylist() for name in ("doc_id", "url", "tag")),
            strict=True,
        )
        return [
            [(name, verdict(text, doc_id, _metadata(url, tag))) for name, verdict in built]
            for text, doc_id, url, tag in rows
        ]

    return work


def _metadata(url: str, tag: str) -> dict[str, str]:
    """What datatrove's filters read of a page: its URL, and its language as they write it."""
    code, _, script = tag.partition("_")
    return {"url": url, "language": _short(code), "language_script": script}


@cache
def _short(code: str) -> str:
    """The two-letter code where there is one: datatrove's lists go by it."""
    short = {language.iso639_3: language.iso639_1 for language in tags.EUROPEAN}
    return short.get(code) or code
