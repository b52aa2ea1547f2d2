"""What language a document is in, and whether a page is worth reading at all.

Both questions are answered by a label-aware vote: each model scores every tag that it knows, and a
tag's votes are averaged over the models that know it, so that a model without Ligurian does not
vote Ligurian down.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from langid.calibrate import CALIBRATION
from langid.confusables import are_confusable, group_of
from langid.models import Identifier
from langid.script import SCRIPTS, letter_counts
from langid.tags import EUROPEAN, NOT_LANGUAGE, UNDETERMINED, is_european

# Weight of CLD2's vote by letters seen, against 1 for every other model: it is the weaker model on
# a phrase and the stronger one on a page. The best constant weight was swept over 0.2 to 4 within
# ranges of length, on langid_dev's rows and joined documents in languages that py3langid or CLD2
# knows: 0.2 below 40 letters (82.7 % right; 79.6 % at weight 1), 0.5 from 40 to 150, 0.85 to 1
# above 300 (95.3 % right; 94.7 % at 0.2). Linear in log(letters) between; below 1, so that two sure
# models that differ never tie.
_CLD2_WEIGHTS = (0.2, 0.95)
_CLD2_LETTERS = (40, 400)

# A document's sample: whole if short, else its beginning, middle and end, for pages in several
# languages. Size is accuracy against cost, on 488 documents of 6,000 characters: 97.7 % right with
# 3 x 700 characters, 98.4 % with 800, 98.8 % with 1,000, and 0.55, 0.65 and 0.8 ms; all the
# difference lies between Bosnian, Croatian and Serbian.
_WINDOWS, _WINDOW_CHARS = 3, 800

# A page's sample for the gate. Four windows, since menus and footers sit at both ends.
_GATE_WINDOWS, _GATE_WINDOW_CHARS = 4, 400

# Web and mail addresses are no language, and their letters look English.
_ADDRESS = re.compile(r"(?:https?://|www\.|@)\S+")

# Fewer letters than this say nothing. Ten letters are two short words, of which both models
# together get 83 % right.
_MIN_LETTERS = 10

# Less than this share of letters among the visible characters is a table, numbers or code.
_MIN_LETTER_FRACTION = 0.3

# Models that know "no language" must be at least this sure of it.
_MIN_NOT_LANGUAGE = 0.5

_TOP = 5

# A model's scores up to this count as none. It only saves time: 4 of 4,500 tags change, and no
# first tag's posterior by more than 0.003.
_MIN_SCORE = 1e-4

GATE_MIN_EUROPEAN = 0.4
"""What `gate` should give at least for a page to be worth extracting; a default for configurations.

Of langid_dev's 4,924 European rows of 200 characters or more it rejects 2 (one Bosnian, one
Romani), of 4,176 European documents of about 1,000 characters none, and 1 with 40 % English menus
around. Of documents in 33 large non-European languages it rejects all that are in their language,
alone or with 20 % English menus around, and 81 % with 40 %. At 0.5 it rejects 4 rows, the same
documents, and 97 % of those with 40 % menus.
"""

# Letters are weighted by what they say, in Latin letters, so that menus and text are compared
# fairly: a Han character is half a word, a syllable sign two letters; abugidas write most vowels as
# marks, which are not letters, and abjads write no short ones. Rounded by hand: 1 for all instead
# rejects 67 % instead of 81 % of the pages with 40 % English menus (see above).
_SCRIPTS_BY_WEIGHT = {
    3.0: ("Hani",),
    2.0: ("Jpan", "Hang", "Ethi"),
    1.6: (
        *("Deva", "Beng", "Guru", "Gujr", "Orya", "Taml", "Telu", "Knda", "Mlym", "Sinh"),
        *("Thai", "Laoo", "Tibt", "Mymr", "Khmr"),
    ),
    1.3: ("Arab", "Hebr"),
}
_HEAVY_SCRIPTS = {
    script: weight for weight, scripts in _SCRIPTS_BY_WEIGHT.items() for script in scripts
}

_LETTER_WEIGHTS = np.array(
    [0.0, *(_HEAVY_SCRIPTS.get(script, 1.0) for script in SCRIPTS[1:])], np.float64
)

_IS_EUROPEAN_SCRIPT = np.isin(SCRIPTS, sorted({language.script for language in EUROPEAN}))

# The gate asks the other models only if CLD2, the cheapest, is less sure than this: on most pages,
# a third of the cost.
_SURELY_EUROPEAN = 0.95

# What models without a European language call it, so that a vote for these is none against Europe:
# French creoles (for Franco-Provençal and French), Ancient Greek (for polytonic Greek), English
# creoles (for Romani and Scots), and constructed languages. Found on langid_dev: without this list,
# the gate rejects 2 % of its European rows.
_LOOKALIKES = frozenset(
    f"{code}_Latn"
    for code in ("gcf", "gcr", "hat", "mfe", "crs", "pcm", "kri", "ina", "ile", "ido", "vol")
) | {"grc_Grek"}

# Adyghe, Kabardian and Ossetian look Mongolian or Tajik to models without them. The non-European
# languages that are written in Cyrillic (Mongolian, Kyrgyz, Tajik, Uzbek, Yakut, Tuvan) all have
# some of these letters; those European ones that share them and that no model knows (Kalmyk) have
# the schwa, which Mongolian, Kyrgyz, Tajik and Uzbek lack.
_ASIAN_LETTERS = "өүӣӯҷҳқғ"

# A model that gives the text's script less than this in all has seen nothing in it, and abstains.
_MIN_TOTAL = 0.01


@dataclass(frozen=True)
class Identification:
    """The language of one document.

    `score` is the calibrated probability that `tag` is right (`calibrate.py`). `top` holds the
    posterior of the vote: at most five tags, descending, summing to at most 1; it is what to add up
    for a confusable group, and where `runner_up_score` is from. `language` and `script` are the two
    halves of `tag`. `runner_up` is None if no other tag got a vote; `group` is None outside the
    confusable groups. `others_fraction` is the share of the text in languages that are neither
    `tag` nor of its group.
    """

    tag: str
    language: str
    script: str
    score: float
    runner_up: str | None
    runner_up_score: float
    group: str | None
    top: tuple[tuple[str, float], ...]
    others_fraction: float


Votes = Sequence[tuple[str, dict[str, float]]]
"""What each model said: its name and its scores."""

Ranking = tuple[tuple[str, float], ...]
"""Tags with their posterior, best first; equal posteriors in order of tag."""


def identify(text: str, models: Sequence[Identifier]) -> Identification:
    """The language of a document, by a vote of `models` on a sample of at most 2,400 characters.

    Tags of another script than the text's dominant one are out of the vote. A text with fewer than
    ten letters is `und_Zyyy`, one that is mostly no letters or that the models call no language
    `zxx_Zyyy`, and one in a script that no model reads `und_` plus the script; `score` is then 0.
    Deterministic.
    """
    text = _sample(text, _WINDOWS, _WINDOW_CHARS)
    script, letters, letter_fraction = _letters(text)
    if letters < _MIN_LETTERS:
        return _nothing(NOT_LANGUAGE if _is_noise(text, letter_fraction) else UNDETERMINED)
    if letter_fraction < _MIN_LETTER_FRACTION:
        return _nothing(NOT_LANGUAGE)
    votes = [(model.name, model.scores(text)) for model in models]
    if _not_language(votes) >= _MIN_NOT_LANGUAGE:
        return _nothing(NOT_LANGUAGE)
    top = count_votes(votes, script, letters)[:_TOP]
    if not top:
        return _nothing(f"und_{script}")
    tag, posterior = top[0]
    runner_up, runner_up_score = top[1] if len(top) > 1 else (None, 0.0)
    return Identification(
        tag=tag,
        language=tag.partition("_")[0],
        script=script,
        score=CALIBRATION.score(posterior, letters),
        runner_up=runner_up,
        runner_up_score=runner_up_score,
        group=group_of(tag),
        top=top,
        others_fraction=_others_fraction(tag, votes),
    )


def gate(text: str, models: Sequence[Identifier]) -> tuple[str, float]:
    """The likeliest tag of a page's visible text, and how much of it is European, in [0, 1].

    The value is the share of letters in scripts of European languages, times the posterior that the
    language of that part is European. Reject below `GATE_MIN_EUROPEAN`: a Swahili page with English
    menus is then rejected, a Finnish page that quotes Japanese is not. A language that no model
    knows looks like its European neighbours and passes; so do creoles of European languages
    (`_LOOKALIKES`). Text with too few letters to judge has value 1: absence of evidence rejects
    nothing. Looks at no more than 1,600 characters.
    """
    text = _sample(text, _GATE_WINDOWS, _GATE_WINDOW_CHARS)
    weights = letter_counts(text) * _LETTER_WEIGHTS
    if weights.sum() < _MIN_LETTERS:
        return UNDETERMINED, 1.0
    european = weights * _IS_EUROPEAN_SCRIPT
    script, european_script = SCRIPTS[int(weights.argmax())], SCRIPTS[int(european.argmax())]
    share = float(european.sum() / weights.sum())
    letters = int(weights.sum())
    votes: list[tuple[str, dict[str, float]]] = []
    tag, posterior = f"und_{script}", 1.0
    for model in sorted(models, key=_is_costly):
        votes.append((model.name, model.scores(text)))
        ranking = count_votes(votes, script, letters)
        tag = ranking[0][0] if ranking else tag
        if script != european_script:
            ranking = count_votes(votes, european_script, letters)
        foreign = math.fsum(score for other, score in ranking if _is_foreign(other, text))
        posterior = 1.0 - min(1.0, foreign)
        if ranking and posterior >= _SURELY_EUROPEAN:
            break
    return tag, share * posterior


def _is_costly(model: Identifier) -> bool:
    return model.name != "cld2"


def _is_foreign(tag: str, text: str) -> bool:
    """Whether a vote for the tag speaks against a European language."""
    if is_european(tag) or tag in _LOOKALIKES:
        return False
    return not tag.endswith("_Cyrl") or (
        any(letter in text for letter in _ASIAN_LETTERS) and "ә" not in text
    )


def count_votes(votes: Votes, script: str, letters: int) -> Ranking:
    """Label-aware vote among the tags of `script`; empty if no model saw any.

    Each model's scores are scaled to sum to 1 over those tags; a model that gives them nothing
    abstains. A tag's posterior is the weighted mean over the models that know it, scaled to sum to
    1 over all tags.
    """
    suffix = f"_{script}"
    ballots: list[tuple[float, dict[str, float], dict[str, float], float]] = []
    candidates: dict[str, None] = {}
    for name, scores in votes:
        named = {
            tag: score
            for tag, score in scores.items()
            if score > _MIN_SCORE and tag.endswith(suffix)
        }
        total = sum(named.values())
        if total >= _MIN_TOTAL:
            ballots.append((_weight(name, letters), scores, named, total))
            candidates.update(dict.fromkeys(named))
    means: dict[str, float] = {}
    for tag in candidates:
        votes_for = votes_knowing = 0.0
        for weight, scores, named, total in ballots:
            if tag in scores:
                votes_for += weight * named.get(tag, 0.0) / total
                votes_knowing += weight
        means[tag] = votes_for / votes_knowing
    whole = sum(means.values())
    return tuple(sorted(((tag, mean / whole) for tag, mean in means.items()), key=_best_first))


def _weight(model: str, letters: int) -> float:
    if model != "cld2":
        return 1.0
    (low, high), (few, many) = _CLD2_WEIGHTS, _CLD2_LETTERS
    position = math.log(max(letters, 1) / few) / math.log(many / few)
    return low + (high - low) * min(max(position, 0.0), 1.0)


def _best_first(pair: tuple[str, float]) -> tuple[float, str]:
    return -pair[1], pair[0]


def _sample(text: str, windows: int, window_chars: int) -> str:
    """The text, or evenly spaced windows of it if it is longer; in any case without addresses."""
    if len(text) > windows * window_chars:
        last = len(text) - window_chars
        starts = [last * window // (windows - 1) for window in range(windows)]
        text = "\n".join(text[start : start + window_chars] for start in starts)
    if "@" in text or "://" in text or "www." in text:
        text = _ADDRESS.sub(" ", text)
    return text


def _letters(text: str) -> tuple[str, int, float]:
    """Dominant script, its letters, and the share of any letters among visible characters."""
    counts = letter_counts(text)
    best = int(counts[1:].argmax()) + 1
    visible = len(text) - sum(map(text.count, " \n\t\r"))
    return SCRIPTS[best], int(counts[best]), int(counts[1:].sum()) / max(visible, 1)


def _is_noise(text: str, letter_fraction: float) -> bool:
    return letter_fraction < _MIN_LETTER_FRACTION and any(map(str.isalnum, text))


def _not_language(votes: Votes) -> float:
    """Mean score of "no language" over the models that know it."""
    scores = [scores[NOT_LANGUAGE] for _, scores in votes if NOT_LANGUAGE in scores]
    return sum(scores) / len(scores) if scores else 0.0


def _others_fraction(tag: str, votes: Votes) -> float:
    """Share of the text in languages outside the tag's group.

    CLD2 is asked, as the one model that measures shares; zero without it. Where CLD2 does not know
    the tag, what it says about text in the tag's script is a guess, and only other scripts count.
    """
    shares = next((scores for name, scores in votes if name == "cld2"), {})
    others = math.fsum(
        share
        for other, share in shares.items()
        if share
        and not are_confusable(tag, other)
        and (tag in shares or not other.endswith(tag[-5:]))
    )
    return min(1.0, others)


def _nothing(tag: str) -> Identification:
    language, _, script = tag.partition("_")
    return Identification(tag, language, script, 0.0, None, 0.0, None, (), 0.0)
