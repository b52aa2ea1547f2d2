"""Several models' scores to one ranking of tags.

Each model is asked the same of every tag: how well does what you say fit what you usually say of
texts in that language? Of a language that a model knows that is mostly its score for the tag. Of
one that it does not know it still says something: CLD2 calls Friulian Italian or Catalan, never
Finnish. These profiles are learned from held-out messages (`train.py`); without one, a model's
scores for a tag's confusable mates stand for a tag that it does not know. So a model never votes a
language down for not having its label, and still speaks against what it cannot mean.

With x(m, t) the sum of model m's scores weighted by its profile of t, the logits are
prior(t) + sum of weight(m) * log(x(m, t) + floor): a product of experts (Hinton 2002, Neural
Computation 14) with discounts for models that are surer than they should be.
"""

import json
import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources

import numpy as np
import numpy.typing as npt

from langid.confusables import are_confusable, mates
from langid.tags import EUROPEAN, is_state_language

Scores = Mapping[str, float]
Profiles = Mapping[str, Mapping[str, Mapping[str, float]]]
Ranking = tuple[tuple[str, float], ...]
"""Tags with their posterior, best first; equal posteriors in order of tag."""

# Chosen on held-out messages and on paragraphs of samples/pages (docs/experiments.md).
_WEIGHTS = {"py3langid": 1.0, "cld2": 0.5, "weir": 0.7, "lid176": 0.5}
_FLOOR = 0.005

# Log-odds of a language that is no state's, against one that is: of two languages that fit alike,
# the one that most pages are in. One unit, rounded, is far less than the web's true odds (Friulian
# to Italian about 1 to 10,000), so that evidence decides.
_MINOR_PRIOR = -1.0

# A model that gives the text's script less than this in all has seen nothing in it, and abstains.
_MIN_TOTAL = 0.01

_MIN_SHARE = 0.01

# Messages that nobody translated are in the text of every language: that a model calls some of it
# English says nothing about the language.
_LEFTOVERS = "eng_Latn"

_MIN_HEARD = 0.3  # less is too little of what a model says to judge by

# Our model learnt these from interface messages, which hardly differ between them; it is asked
# whether a text is any of them, and the others and the words (`confusables.py`) which one.
_SPLIT_BY_OTHERS = frozenset({"bos_Latn", "hrv_Latn", "srp_Latn", "cnr_Latn"})

_MIN_SCORE = 1e-3  # scores up to this count as none; it only saves time
_MIN_POSTERIOR = 2e-3  # what the floor leaves to the hundred others is no opinion


@dataclass(frozen=True)
class _Table:
    """What is worked out once for a set of models and a script.

    `speaks[model][label]` holds the indices of the tags that the label speaks for, and how much.
    """

    tags: tuple[str, ...]
    prior: npt.NDArray[np.float64]
    speaks: Mapping[str, Mapping[str, tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]]]


_tables: dict[tuple[object, ...], _Table] = {}


def posterior(
    votes: Sequence[tuple[str, Scores]], script: str, unasked: Iterable[str] = ()
) -> Ranking:
    """The tags of `script` with a posterior above 0.002; empty if no model saw any.

    `votes` holds each model's name and its scores, with an entry for every tag that it knows.
    `unasked` names models that were not asked because they would agree: the votes are heard for
    these too.
    """
    key = (script, *((model, frozenset(scores)) for model, scores in votes))
    table = _tables.get(key)
    if table is None:
        table = _tables[key] = _table(votes, script)
    logits = np.zeros(len(table.tags))
    suffix, voted = f"_{script}", 0.0
    for model, scores in votes:
        named = {
            tag: value
            for tag, value in scores.items()
            if value > _MIN_SCORE and tag.endswith(suffix)
        }
        total = math.fsum(named.values())
        if total < _MIN_TOTAL:
            continue
        voted += _WEIGHTS.get(model, 1.0)
        fits = np.full(len(table.tags), _FLOOR)
        speaks = table.speaks[model]
        for tag, value in named.items():
            if tag in speaks:
                indices, shares = speaks[tag]
                fits[indices] += shares * (value / total)
        logits += _WEIGHTS.get(model, 1.0) * np.log(fits)
    if not voted or not table.tags:
        return ()
    logits *= 1.0 + math.fsum(_WEIGHTS.get(model, 1.0) for model in unasked) / voted
    logits += table.prior
    weights = np.exp(logits - logits.max())
    weights /= weights.sum()
    likely = np.flatnonzero(weights > _MIN_POSTERIOR).tolist()
    found = [(table.tags[index], float(weights[index])) for index in likely]
    return tuple(sorted(found, key=lambda pair: (-pair[1], pair[0])))


def _table(votes: Sequence[tuple[str, Scores]], script: str) -> _Table:
    suffix = f"_{script}"
    known = {model: {tag for tag in scores if tag.endswith(suffix)} for model, scores in votes}
    european = {language.tag for language in EUROPEAN if language.script == script}
    seen = {tag for model in known for tag in profiles().get(model, {})}
    tags = tuple(sorted((european & seen).union(*known.values())))
    position = {tag: index for index, tag in enumerate(tags)}
    speaks = {}
    for model, names in known.items():
        columns: dict[str, list[tuple[int, float]]] = {}
        for tag in tags:
            for label, share in profile(model, tag, names).items():
                columns.setdefault(label, []).append((position[tag], share))
        speaks[model] = {
            label: (
                np.array([index for index, _ in pairs], np.int64),
                np.array([share for _, share in pairs], np.float64),
            )
            for label, pairs in columns.items()
        }
    prior = [_prior(tag) for tag in tags]
    return _Table(tags, np.array(prior, np.float64), speaks)


def _prior(tag: str) -> float:
    return 0.0 if is_state_language(tag) else _MINOR_PRIOR


def profile(model: str, tag: str, known: Collection[str]) -> Mapping[str, float]:
    """What the model says of texts in a language: label to share.

    For a language that it knows, the mean of what it should say and what it was seen to say;
    otherwise what it was seen to say, or, unseen, any confusable mate of the tag.
    """
    if model == "weir" and tag in _SPLIT_BY_OTHERS:
        return dict.fromkeys(_SPLIT_BY_OTHERS & set(known), 1.0)
    seen = {
        label: share
        for label, share in profiles().get(model, {}).get(tag, {}).items()
        if label != _LEFTOVERS or are_confusable(label, tag)
    }
    if tag in known:
        halved = {label: share / 2 for label, share in (seen or {tag: 1.0}).items()}
        halved[tag] = halved.get(tag, 0.0) + 0.5
        return halved
    # A variant of the model has fewer labels than the one that the profile is of.
    heard = {label: share for label, share in seen.items() if label in known}
    if math.fsum(heard.values()) >= _MIN_HEARD:
        return heard
    return dict.fromkeys(set(mates(tag)) & set(known), 1.0)


_profiles: dict[str, Profiles] = {}


def profiles() -> Profiles:
    """`profiles.json`: model to tag to label to share of what the model says; by `train.py`."""
    if "" not in _profiles:
        text = resources.files("langid").joinpath("profiles.json").read_text("utf-8")
        _profiles[""] = json.loads(text)
    return _profiles[""]


def use(learned: Profiles) -> None:
    """Take these profiles in place of the file's, in this process: for calibration."""
    _profiles[""] = learned
    _tables.clear()


def learn(
    texts: Sequence[tuple[str, Sequence[tuple[str, Scores]]]],
) -> dict[str, dict[str, dict[str, float]]]:
    """Profiles from labelled texts: each with its tag and its votes.

    A label's share is the mean of its score, scaled to sum to 1 over the tag's script; shares up to
    `_MIN_SHARE` are left out.
    """
    sums: dict[str, dict[str, Counter[str]]] = {}
    counts = Counter(tag for tag, _ in texts)
    for tag, votes in texts:
        for model, scores in votes:
            named = {label: value for label, value in scores.items() if label[-5:] == tag[-5:]}
            total = math.fsum(named.values())
            if total >= _MIN_TOTAL:
                row = sums.setdefault(model, {}).setdefault(tag, Counter())
                for label, value in named.items():
                    row[label] += value / total  # type: ignore[assignment]
    return {
        model: {
            tag: {
                label: round(value / counts[tag], 3)
                for label, value in sorted(row.items())
                if value / counts[tag] > _MIN_SHARE
            }
            for tag, row in sorted(rows.items())
        }
        for model, rows in sorted(sums.items())
    }
