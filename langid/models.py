"""Language models under one protocol: text in, tags with probability-like scores out.

Three kinds: py3langid (naive Bayes over byte n-grams, in its wheel), CLD2 (compiled in), and any
fastText model that the user names. This module and the package tables in `tags.py` are all that
`langid` reads from disk.
"""

import hashlib
import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Literal, Protocol

import fasttext_pybind  # type: ignore[import-not-found]  # the wheel's compiled half has no stubs
import numpy as np
import numpy.typing as npt
import pycld2
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from langid.script import dominant_script
from langid.tags import UNDETERMINED, from_model

Labels = Literal["openlid", "lid176", "glotlid", "weir"]


class Identifier(Protocol):
    """A model that scores languages.

    `scores` has one entry for **every** tag that the model knows, zero where it sees no sign of it;
    a tag without an entry is one that the model could not have named, which is how a vote tells
    "no" from "no opinion". Values lie in [0, 1] and sum to at most 1. A tag's script is the text's
    dominant script if the language is written in it.
    """

    name: str

    def scores(self, text: str) -> dict[str, float]:
        """Tag to score for one text; never raises."""
        ...


class Py3Langid:
    """py3langid's model, with its automaton run over many stretches of the text at once.

    Scores are those of `LanguageIdentifier(norm_probs=True).rank`, to float32 rounding, in about a
    fifth of the time: the walk is vectorised (below) and the weights are held as float32 instead of
    float16, which costs 28 MB.
    """

    name = "py3langid"

    # The automaton is Aho-Corasick over byte n-grams of at most six bytes, so its state depends on
    # the last six bytes alone: a walk begun anywhere is exact after six bytes. Found by
    # breadth-first search from the root of py3langid 0.4.0's model;
    # `tests/unit/langid/test_models.py` compares scores, so a longer n-gram in a new release would
    # show.
    _MEMORY_BYTES = 6

    # Stretches walked at once. A numpy step costs about the same for 1 and for 300, so a 3,000-byte
    # text takes 16 steps.
    _LANES = 300

    def __init__(self) -> None:
        model = LanguageIdentifier.from_model_file(MODEL_FILE)
        self._next_state = np.asarray(model.tk_nextmove, np.uint32)
        self._row_base = np.asarray(model.tk_row, np.uint32) << 8
        self._feature = np.asarray(model.tk_output, np.int32)
        self._weights = np.asarray(model.nb_ptc, np.float32)
        self._priors = np.asarray(model.nb_pc, np.float32)
        self._tags = _tagger(self.name, model.nb_classes)

    def scores(self, text: str) -> dict[str, float]:
        """Tag to normalised posterior, `zxx_Zyyy` among them; all zero if no n-gram is known."""
        folded = unicodedata.normalize("NFC", text.lower() if text.isupper() else text)
        data = folded.encode("utf-8", "surrogatepass")
        features, counts = self._count_features(data)
        tags = self._tags(dominant_script(text))
        scores = dict.fromkeys(tags, 0.0)
        if not features.size:
            return scores
        # py3langid's own scoring: log-damped counts, then a temperature of sqrt(bytes) against
        # naive overconfidence.
        logits = np.log1p(counts.astype(np.float32)) @ self._weights.take(features, axis=0)
        logits = (logits + self._priors) / math.sqrt(len(data))
        posterior = np.exp(logits - logits.max())
        posterior /= posterior.sum()
        for tag, score in zip(tags, posterior.tolist(), strict=True):
            scores[tag] += score
        return scores

    def _count_features(self, data: bytes) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
        """Ids of the n-grams met in `data`, and how often each was met."""
        memory = self._MEMORY_BYTES
        steps = max(1, -(-len(data) // self._LANES))
        lanes = -(-len(data) // steps)
        padded = np.zeros(memory + steps * lanes, np.uint32)
        padded[memory : memory + len(data)] = np.frombuffer(data, np.uint8)
        # Column j of `stretches` is the j-th stretch of `steps` bytes, preceded by the six bytes
        # before it. Before the text stand zero bytes, on which the automaton stays at its root.
        stretches = np.lib.stride_tricks.as_strided(
            padded, (memory + steps, lanes), (padded.itemsize, steps * padded.itemsize)
        )
        state = np.zeros(lanes, np.uint32)
        visited = np.empty((steps, lanes), np.uint32)
        for step in range(memory + steps):
            state = self._next_state.take(self._row_base.take(state) + stretches[step])
            if step >= memory:
                visited[step - memory] = state
        features = self._feature.take(visited.T.ravel()[: len(data)])
        return np.unique(features[features >= 0], return_counts=True)


class Cld2:
    """Chromium's Compact Language Detector 2: shares of the text, at most three languages."""

    name = "cld2"

    # What CLD2 refuses as not fit for interchange, found by trying every code point: controls other
    # than white space, surrogates and noncharacters. One of them anywhere makes `pycld2.detect`
    # raise.
    _REFUSED = re.compile(
        "[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef"
        + "".join(chr(plane << 16 | last) for plane in range(17) for last in (0xFFFE, 0xFFFF))
        + "]"
    )

    def __init__(self) -> None:
        known = {code for name, code in pycld2.LANGUAGES if name in pycld2.DETECTED_LANGUAGES}
        self._tags = _tagger(self.name, sorted(known))

    def scores(self, text: str) -> dict[str, float]:
        """Tag to share of the text's letters (by bytes), in whole percent."""
        try:
            details = self._detect(text.encode("utf-8", "surrogatepass"))
        except pycld2.error:
            # Replacing first would cost more than detecting, and nearly every text is clean.
            details = self._detect(self._REFUSED.sub(" ", text).encode("utf-8"))
        script = dominant_script(text)
        scores = dict.fromkeys(self._tags(script), 0.0)
        for _, label, percent, _ in details:
            tag = from_model(self.name, label, script)
            if tag != UNDETERMINED:
                scores[tag] = scores.get(tag, 0.0) + percent / 100
        return scores

    @staticmethod
    def _detect(data: bytes) -> tuple[tuple[str, str, int, float], ...]:
        details: tuple[tuple[str, str, int, float], ...]
        _, _, details = pycld2.detect(data, isPlainText=True, bestEffort=True)
        return details


class FastText:
    """A fastText classifier from a file; `labels` says whose labels and text preparation it has.

    Calls the compiled module directly: under numpy 2, `fasttext.FastText.predict` of fasttext-wheel
    0.9.2 raises on `np.array(..., copy=False)`, and `fasttext.load_model` prints a warning about an
    interface of 2019. `strict` decoding is what the Python wrapper uses too.

    Raises ValueError, naming the file and both digests, if `sha256` is given and is not the file's.
    """

    _TOP = 10  # labels asked for: the answer keeps five, and several labels may mean one tag

    # fastText adds this to every probability before it takes the logarithm (`std_log`).
    _ADDED = 1e-5

    _NOT_WORD = re.compile(r"[\W\d_]+")

    def __init__(
        self, path: str | Path, sha256: str | None = None, labels: Labels = "weir"
    ) -> None:
        if sha256 is not None:
            with Path(path).open("rb") as stream:
                found = hashlib.file_digest(stream, "sha256").hexdigest()
            if found != sha256.lower():
                raise ValueError(f"{path}: SHA-256 is {found}, expected {sha256.lower()}")
        self.name: str = labels
        self._model = fasttext_pybind.fasttext()
        self._model.loadModel(str(path))
        self._tags = _tagger(self.name, self._model.getLabels("strict")[0])

    def scores(self, text: str) -> dict[str, float]:
        """Tag to softmax probability for the ten likeliest labels; zero for the others."""
        script = dominant_script(text)
        scores = dict.fromkeys(self._tags(script), 0.0)
        prepared = self._prepare(text)
        if prepared:
            for score, label in self._model.predict(prepared + "\n", self._TOP, 0.0, "strict"):
                tag = from_model(self.name, label, script)
                scores[tag] = scores.get(tag, 0.0) + max(0.0, score - self._ADDED)
        return scores

    def _prepare(self, text: str) -> str:
        """The text as the model's makers prepare it.

        All read one line; OpenLID and our own models read lower-case words without digits or signs.
        """
        if self.name in {"openlid", "weir"}:
            text = self._NOT_WORD.sub(" ", text.lower())
        return " ".join(text.encode("utf-8", "ignore").decode("utf-8").split())


def _tagger(model: str, labels: Iterable[str]) -> Callable[[str], tuple[str, ...]]:
    """A function from a script to the tags of the labels, worked out once for each script."""
    known = tuple(labels)

    @cache
    def tags(script: str) -> tuple[str, ...]:
        return tuple(from_model(model, label, script) for label in known)

    return tags


_LABELLED = ("openlid", "lid176", "glotlid", "weir")


@cache
def _load_one(name: str) -> Identifier:
    match name.partition(":"):
        case ("py3langid", "", ""):
            return Py3Langid()
        case ("cld2", "", ""):
            return Cld2()
        case (("openlid" | "lid176" | "glotlid" | "weir") as labels, ":", location) if location:
            path, _, sha256 = location.partition("#sha256=")
            return FastText(path, sha256 or None, labels)
    raise ValueError(_unknown(name))


def check(name: str) -> None:
    """ValueError, with the kinds there are, for a name that is none; files are not opened."""
    kind, colon, location = name.partition(":")
    if not (name in ("py3langid", "cld2") or (kind in _LABELLED and colon and location)):
        raise ValueError(_unknown(name))


def _unknown(name: str) -> str:
    return (
        f"unknown language model {name!r}; use py3langid, cld2, or a kind of labels and a file: "
        "openlid:PATH, lid176:PATH, glotlid:PATH or weir:PATH, each with #sha256=DIGEST if known"
    )


def load(names: Sequence[str]) -> list[Identifier]:
    """The named models, each loaded once a process, when first asked for.

    A name is `py3langid`, `cld2`, or a kind of labels and a file, optionally with its digest:
    `lid176:models/lid.176.ftz#sha256=8f34...`. Raises ValueError for any other name or a wrong
    digest.
    """
    return [_load_one(name) for name in names]
