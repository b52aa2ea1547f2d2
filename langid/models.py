"""Language models under one protocol: text in, tags with probability-like scores out.

Four kinds: py3langid (naive Bayes over byte n-grams, in its wheel), CLD2 (compiled in), heliport
(an extra), and fastText models: our own, those that `weir models fetch` brings, and any file that
the user names. What models there are, where they come from and under which licence is in
`registry.py`.
"""

import hashlib
import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Literal, Protocol

import fasttext_pybind  # type: ignore[import-not-found]  # the wheel's compiled half has no stubs
import numpy as np
import numpy.typing as npt
import pycld2
from py3langid.langid import LanguageIdentifier

from langid import registry
from langid.ngrams import NgramModel
from langid.script import dominant_script
from langid.tags import NOT_LANGUAGE, UNDETERMINED, from_model, meanings
from langid.words import prepare

DEFAULT_MODELS = ("py3langid", "cld2", "weir")
"""The models that need no download, in the order in which they are asked."""

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
    float16, which costs 28 MB. The file is the wheel's, or a copy of it at `path`; ModelError if it
    has another digest than `models.yaml`.
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

    def __init__(self, path: str | Path | None = None) -> None:
        card = registry.cards()[self.name]
        if path is None:
            path = registry.locate(card)
        else:
            registry.check(path, str(card.sha256), card.remedy)
        model = LanguageIdentifier.from_model_file(str(path))
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
        details = self.details(text, best_effort=True)
        script = dominant_script(text)
        scores = dict.fromkeys(self._tags(script), 0.0)
        for _, label, percent, _ in details:
            tag = from_model(self.name, label, script)
            if tag != UNDETERMINED:
                scores[tag] = scores.get(tag, 0.0) + percent / 100
        return scores

    @classmethod
    def details(cls, text: str, best_effort: bool) -> tuple[tuple[str, str, int, float], ...]:
        """CLD2's name, label, percent of bytes and score of up to three languages; never raises.

        `best_effort` has it name a language of a text that is too short to be sure.
        """
        try:
            return cls._detect(text.encode("utf-8", "surrogatepass"), best_effort)
        except pycld2.error:
            # Replacing first would cost more than detecting, and nearly every text is clean.
            return cls._detect(cls._REFUSED.sub(" ", text).encode("utf-8"), best_effort)

    @staticmethod
    def _detect(data: bytes, best_effort: bool) -> tuple[tuple[str, str, int, float], ...]:
        details: tuple[tuple[str, str, int, float], ...]
        _, _, details = pycld2.detect(data, isPlainText=True, bestEffort=best_effort)
        return details


class Heliport:
    """heliport, a port of HeLI-OTS: words and character n-grams, 220 languages.

    Under GPL-3.0 and with 129 MB of models, hence an extra; raises ModelError without it. Its
    `hbs` is Bosnian, Croatian or Serbian, and is shared evenly between those that are written in
    the text's script. It calls only texts without letters no language, so it has no opinion there.
    """

    name = "heliport"

    _WORD = re.compile(r"[^\W\d_]+")

    # Every label is wanted, and asking for more than there are is allowed.
    _ALL = 1_000

    def __init__(self) -> None:
        try:
            import heliport  # noqa: PLC0415 - an extra
        except ImportError:
            raise registry.ModelError(
                "language model heliport is not installed (GPL-3.0, hence optional): "
                f"{registry.cards()[self.name].remedy}"
            ) from None
        self._model = heliport.Identifier()
        # A text with letters is given a score for every label.
        labels = tuple(label for label, _ in self._model.identify_topk_with_score("a", self._ALL))
        self._meanings = cache(
            lambda script: {label: meanings(self.name, label, script) for label in labels}
        )

    def scores(self, text: str) -> dict[str, float]:
        """Tag to its share of likelihood; all zero if no label is likelier than the others.

        heliport's score is the mean over words of -log10 of the word's likelihood in a language, 7
        or more for a word it has not seen. Ours is the likelihood of the words that this gives,
        scaled to sum to 1 over the labels, and with the square root of the number of words in place
        of their number: words are not independent, and py3langid is tempered in the same way. A
        score is not a calibrated probability, as no model's is here (`calibrate.py`).
        """
        meant = self._meanings(dominant_script(text))
        scores = {tag: 0.0 for tags in meant.values() for tag in tags}
        readable = text.encode("utf-8", "ignore").decode("utf-8")
        costs = dict(self._model.identify_topk_with_score(readable, self._ALL))
        least = min(costs.values(), default=0.0)
        if least < max(costs.values(), default=0.0):
            steepness = math.sqrt(max(1, len(self._WORD.findall(readable))))
            shares = {label: 10 ** ((least - cost) * steepness) for label, cost in costs.items()}
            whole = sum(shares.values())
            for label, share in shares.items():
                for tag in meant[label]:
                    scores[tag] += share / whole / len(meant[label])
        for tag in (UNDETERMINED, NOT_LANGUAGE):
            scores.pop(tag, None)
        return scores


class FastText:
    """A fastText classifier from a file; `labels` says whose labels and text preparation it has.

    Calls the compiled module directly: under numpy 2, `fasttext.FastText.predict` of fasttext-wheel
    0.9.2 raises on `np.array(..., copy=False)`, and `fasttext.load_model` prints a warning about an
    interface of 2019. `strict` decoding is what the Python wrapper uses too.

    Raises ModelError, a ValueError that names the file and both digests, if `sha256` is given and
    is not the file's; ValueError if the file is no fastText model.
    """

    _TOP = 10  # labels asked for: the answer keeps five, and several labels may mean one tag

    # fastText adds this to every probability before it takes the logarithm (`std_log`).
    _ADDED = 1e-5

    def __init__(
        self, path: str | Path, sha256: str | None = None, labels: Labels = "weir"
    ) -> None:
        if sha256 is not None:
            registry.check(path, sha256, "name the file and the digest that belong together")
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

        All read one line; OpenLID reads lower-case words without digits or signs.
        """
        if self.name == "openlid":
            return prepare(text)
        return " ".join(text.encode("utf-8", "ignore").decode("utf-8").split())


class Weir:
    """Our own model, run by `ngrams.py`: all the tags of `langid/sources.yaml`'s languages.

    Raises ValueError if the file has not the digest, or is no model of that kind.
    """

    name = "weir"

    _TOP = 5  # labels kept of a part of a text

    def __init__(self, path: str | Path, sha256: str | None = None) -> None:
        if sha256 is not None:
            registry.check(path, sha256, "name the file and the digest that belong together")
        self._model = NgramModel(Path(path).read_bytes())

    def scores(self, text: str) -> dict[str, float]:
        """Tag to softmax probability; all zero for a text without words."""
        return self.segment_scores([text])[0]

    def segment_scores(
        self, texts: Sequence[str]
    ) -> tuple[dict[str, float], list[dict[str, float]]]:
        """Scores of the texts taken together, and the five highest of each by itself."""
        sums, counts = self._model.embed([prepare(text) for text in texts])
        # The first row is the whole: parts add up.
        sums = np.vstack([sums.sum(axis=0, keepdims=True), sums])
        rows = self._model.probabilities((sums, np.append(counts.sum(), counts)))
        row, parts = rows[0].tolist(), rows[1:]
        tags = self._model.labels
        top = min(self._TOP, len(tags))
        likely = np.argpartition(parts, -top, axis=1)[:, -top:].tolist()
        by_text = [
            {tags[index]: float(values[index]) for index in indices}
            for values, indices in zip(parts, likely, strict=True)
        ]
        return dict(zip(tags, row, strict=True)), by_text


def _tagger(model: str, labels: Iterable[str]) -> Callable[[str], tuple[str, ...]]:
    """A function from a script to the tags of the labels, worked out once for each script."""
    known = tuple(labels)

    @cache
    def tags(script: str) -> tuple[str, ...]:
        return tuple(from_model(model, label, script) for label in known)

    return tags


_DATA = ("models.yaml", "profiles.json", "calibration.json", "confusables.yaml", "languages.csv")


@cache
def fingerprint() -> int:
    """A number that changes with what identification has learned or is told, in 32 bits.

    It covers the digests of the models in `models.yaml`, the profiles, the calibration, the words
    and the table; part of a step's key, so that a changed model is no old result.
    """
    digest = hashlib.blake2b(digest_size=4)
    for name in _DATA:
        digest.update(resources.files("langid").joinpath(name).read_bytes())
    return int.from_bytes(digest.digest())


_PACKAGED: dict[str, Callable[[], Identifier]] = {
    "py3langid": Py3Langid,
    "cld2": Cld2,
    "heliport": Heliport,
}
_LABELLED: dict[str, Labels] = {
    "weir": "weir",
    "glotlid": "glotlid",
    "openlid": "openlid",
    "lid176": "lid176",
}


@cache
def _load_one(name: str) -> Identifier:
    check(name)
    if name in _PACKAGED:
        return _PACKAGED[name]()
    kind, _, location = name.partition(":")
    labels = _LABELLED[kind]
    path, _, sha256 = location.partition("#sha256=")
    located = Path(path) if location else registry.locate(registry.cards()[kind])
    if labels == "weir":
        return Weir(located, sha256 or None)
    return FastText(located, sha256 or None, labels)


def check(name: str) -> None:
    """ValueError, with the kinds there are, for a name that is none; files are not opened."""
    kind, colon, location = name.partition(":")
    if name not in _PACKAGED and (kind not in _LABELLED or bool(colon) != bool(location)):
        raise ValueError(
            f"unknown language model {name!r}; use {', '.join((*_PACKAGED, *_LABELLED))}, or a "
            f"kind of labels and a file ({', '.join(f'{kind}:PATH' for kind in _LABELLED)}), "
            "each with #sha256=DIGEST if known"
        )


def load(names: Sequence[str]) -> list[Identifier]:
    """The named models, each loaded once a process, when first asked for.

    A name is that of an entry of `models.yaml`, or a kind of labels and a file, optionally with its
    digest: `lid176:models/lid.176.ftz#sha256=8f34...`. Raises ValueError for any other name, and
    ModelError, a ValueError too, for a model that is absent or has another digest than it should;
    its message names the command that helps.
    """
    return [_load_one(name) for name in names]
