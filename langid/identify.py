"""What language a document is in, and whether a page is worth reading at all.

Noise is told apart first (`noise.py`); the models' scores become one posterior (`vote.py`); the
languages of a confusable group are told apart by their words (`confusables.py`); a small language
needs a sign of its own; and the posterior becomes a probability of being right (`calibrate.py`).
"""

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from langid import vote
from langid.calibrate import score
from langid.confusables import are_confusable, group_of, group_score, has_sign, mates, resolve
from langid.models import Identifier, Weir
from langid.noise import judge
from langid.script import SCRIPTS, letter_counts
from langid.tags import BY_TAG, EUROPEAN, NOT_LANGUAGE, UNDETERMINED, is_european, is_state_language
from langid.words import prepare

# A document's sample: whole if short, else windows at its beginning, middle and end, for pages in
# several languages. Segments are what `shares` is measured by, and what our own model reads, the
# costliest by the character: pieces of a short text, the first halves of the windows of a long one.
_WINDOWS, _WINDOW_CHARS, _SEGMENT_CHARS = 3, 400, 200

# A page's sample for the gate. Four windows, since menus and footers sit at both ends.
_GATE_WINDOWS, _GATE_WINDOW_CHARS = 4, 400

# Web and mail addresses are no language, and their letters look English.
_ADDRESS = re.compile(r"(?:https?://|www\.|@)\S+")

# Fewer letters than this say nothing: ten letters are two short words.
_MIN_LETTERS = 10

# Models that can say "no language" must be at least this sure of it on average: one of three that
# is certain is enough. Of 5,000 held-out messages and sentences of our own, one is lost by it.
_MIN_NOT_LANGUAGE = 0.3

_TOP = 5

# From this many letters on, a text in a small language has at least one of the words by which
# `confusables.py` knows it; a text that has none is in a neighbour's.
_EVIDENCE_LETTERS = 200

GATE_MIN_EUROPEAN = 0.4
"""What `gate` should give at least for a page to be worth extracting; a default for configurations.

docs/languages.md says what it rejects, wrongly and rightly.
"""

# Letters are weighted by what they say, in Latin letters, so that menus and text are compared
# fairly: a Han character is half a word, a syllable sign two letters; abugidas write most vowels as
# marks, which are not letters, and abjads write no short ones. Rounded by hand.
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

# Two models that are this sure of one language in a text of so many characters are not overruled by
# a third (on held-out documents and our own pages: never), so it is not asked.
# Against both, what the letters look like (code, gibberish, mojibake) is no proof of noise either:
# a recipe in Bulgarian looks odd. A group as close as the Serbo-Croatian standards needs them all.
_AGREEING, _AGREED_CHARS, _SURELY_AGREED = 2, 400, 0.95
_CLOSE_GROUPS = {"hbs"}
_WITHOUT_LANGUAGE = {"too_few_letters", "address"}

# The gate asks the other models only if the cheapest is less sure than this: on most pages, a third
# of the cost.
_SURELY_EUROPEAN = 0.95

# Creoles that took their words from a European language, and constructed languages, look like the
# European varieties that models know little of (Franco-Provençal, Scots, Romani): a vote for these
# speaks not against Europe. The main text decides.
_LOOKALIKES = frozenset(
    f"{code}_Latn"
    for code in (
        *("acf", "crs", "frc", "gcf", "gcr", "hat", "lou", "mfe", "rcf"),
        *("bis", "gpe", "jam", "kri", "pcm", "pih", "srn", "tpi"),
        *("cbk", "kea", "lfn", "pap", "pov", "avk", "ido", "ile", "ina", "isv", "nov", "vol"),
        *("hrx", "pdc", "pdt"),
    )
) | {"grc_Grek", "isv_Cyrl"}


@dataclass(frozen=True)
class Identification:
    """The language of one document.

    `score` is the calibrated probability that `tag` is right. `confidence` is the same, but for the
    standards of Serbo-Croatian, where it is the probability that the text is in any of them: which
    one is a matter of the posterior, and no page is to be dropped for being close. `top` holds the
    posterior: at most five tags, descending, summing to at most 1; it is what to add up for a
    confusable group, and where `runner_up_score` is from. `shares` holds the share of the sampled
    text in each language, by segment, descending, summing to 1. `language` and `script` are the two
    halves of `tag`. `runner_up` is None if no other tag has a posterior; `group` is None outside
    the confusable groups, and `group_score` the group's posterior. `others_fraction` is the share
    of the text in languages that are neither `tag` nor of its group. `reason` says why a text is in
    no language (`noise.judge`, or `few_letters`, `models`, `no_model`); None where one was found.
    """

    tag: str
    language: str
    script: str
    score: float
    confidence: float
    runner_up: str | None
    runner_up_score: float
    group: str | None
    group_score: float
    top: tuple[tuple[str, float], ...]
    shares: tuple[tuple[str, float], ...]
    others_fraction: float
    reason: str | None


def identify(text: str, models: Sequence[Identifier], url: str = "") -> Identification:
    """The language of a document, from a sample of at most 1,200 characters.

    `url` is where the page was found: a small language's code in it is a sign of that language.
    Tags of another script than the text's dominant one are out of the vote. A text with fewer than
    ten letters is `und_Zyyy`, one that is no language `zxx_Zyyy`, and one in a script that no model
    reads `und_` plus the script; `score` is then 0. Deterministic; never raises.
    """
    windows = _windows(text, _WINDOWS, _WINDOW_CHARS)
    reason = judge("\n".join(windows))
    if reason in _WITHOUT_LANGUAGE:
        return _nothing(NOT_LANGUAGE, reason)
    windows = [_without_addresses(window) for window in windows]
    segments = _segments(windows)
    sample = "\n".join(windows)
    counts = letter_counts(sample)
    best = int(counts[1:].argmax()) + 1
    script, letters = SCRIPTS[best], int(counts[best])
    if letters < _MIN_LETTERS:
        return _nothing(UNDETERMINED, "few_letters")
    votes, by_segment = _votes(sample, segments, models)
    if reason and _agreed(votes) is None:
        return _nothing(NOT_LANGUAGE, reason)
    if _not_language(votes) >= _MIN_NOT_LANGUAGE:
        return _nothing(NOT_LANGUAGE, "models")
    unasked = {model.name for model in models} - {name for name, _ in votes}
    ranking = vote.posterior(votes, script, sorted(unasked))
    if not ranking:
        return _nothing(f"und_{script}", "no_model")
    words = [word for segment in segments for word in prepare(segment).split()]
    ranking = resolve(ranking, words)
    if letters >= _EVIDENCE_LETTERS:
        ranking = _with_evidence(ranking, words, url)
    tag, posterior = ranking[0]
    runner_up, runner_up_score = ranking[1] if len(ranking) > 1 else (None, 0.0)
    shares = _shares(tag, ranking, segments, by_segment, votes)
    group = group_of(tag)
    together = min(1.0, group_score(tag, ranking))
    probability = score(tag, posterior, letters)
    return Identification(
        tag=tag,
        language=tag.partition("_")[0],
        script=script,
        score=probability,
        confidence=(score(tag, together, letters) if group in _CLOSE_GROUPS else probability),
        runner_up=runner_up,
        runner_up_score=runner_up_score,
        group=group,
        group_score=together,
        top=ranking[:_TOP],
        shares=shares,
        others_fraction=min(
            1.0, math.fsum(s for other, s in shares if not are_confusable(tag, other))
        ),
        reason=None,
    )


def gate(text: str, models: Sequence[Identifier]) -> tuple[str, float]:
    """The likeliest tag of a page's visible text, and how much of it is European, in [0, 1].

    The value is the share of letters in scripts of European languages, times the posterior that the
    language of that part is European. Reject below `GATE_MIN_EUROPEAN`: a Swahili page with English
    menus is then rejected, a Finnish page that quotes Japanese is not. Text with too few letters to
    judge has value 1: absence of evidence rejects nothing. Looks at no more than 1,600 characters.
    """
    windows = _windows(text, _GATE_WINDOWS, _GATE_WINDOW_CHARS)
    text = _without_addresses("\n".join(windows))
    weights = letter_counts(text) * _LETTER_WEIGHTS
    if weights.sum() < _MIN_LETTERS:
        return UNDETERMINED, 1.0
    european = weights * _IS_EUROPEAN_SCRIPT
    script, european_script = SCRIPTS[int(weights.argmax())], SCRIPTS[int(european.argmax())]
    share = float(european.sum() / weights.sum())
    votes: list[tuple[str, dict[str, float]]] = []
    tag, posterior = f"und_{script}", 1.0
    ordered = sorted(models, key=_cost)
    for asked, model in enumerate(ordered, start=1):
        votes.append((model.name, model.scores(text)))
        unasked = [other.name for other in ordered[asked:]]
        ranking = vote.posterior(votes, script, unasked)
        tag = ranking[0][0] if ranking else tag
        if script != european_script:
            ranking = vote.posterior(votes, european_script, unasked)
        if ranking:
            foreign = math.fsum(value for other, value in ranking if _is_foreign(other))
            posterior = 1.0 - min(1.0, foreign)
            if posterior >= _SURELY_EUROPEAN:
                break
    return tag, share * posterior


def _is_foreign(tag: str) -> bool:
    return not is_european(tag) and tag not in _LOOKALIKES


_COSTS = ("cld2", "weir", "py3langid")


def _cost(model: Identifier) -> int:
    return _COSTS.index(model.name) if model.name in _COSTS else len(_COSTS)


def _votes(
    sample: str, segments: Sequence[str], models: Sequence[Identifier]
) -> tuple[list[tuple[str, dict[str, float]]], list[dict[str, float]]]:
    """What each model says of the sample, and what one that can says of each segment."""
    votes: list[tuple[str, dict[str, float]]] = []
    by_segment: list[dict[str, float]] = []
    for model in sorted(models, key=_cost):
        if isinstance(model, Weir):
            whole, by_segment = model.segment_scores(segments)
            votes.append((model.name, whole))
        else:
            votes.append((model.name, model.scores(sample)))
        if len(votes) == _AGREEING and len(sample) >= _AGREED_CHARS:
            tag = _agreed(votes)
            if tag and group_of(tag) not in _CLOSE_GROUPS:
                break
    return votes, by_segment


def _agreed(votes: Sequence[tuple[str, dict[str, float]]]) -> str | None:
    """The language that the first two models are both sure of; None if there is none."""
    best = {max(scores, key=scores.__getitem__) for _, scores in votes[:_AGREEING] if scores}
    if len(votes) < _AGREEING or len(best) != 1:
        return None
    tag = best.pop()
    sure = min(scores[tag] for _, scores in votes[:_AGREEING]) >= _SURELY_AGREED
    return tag if sure and tag != NOT_LANGUAGE else None


def _windows(text: str, count: int, chars: int) -> list[str]:
    """The text, or evenly spaced windows of it if it is longer."""
    if len(text) <= count * chars:
        return [text]
    last = len(text) - chars
    starts = [last * window // (count - 1) for window in range(count)]
    return [text[start : start + chars] for start in starts]


def _segments(windows: Sequence[str]) -> list[str]:
    if len(windows) > 1:
        return [window[:_SEGMENT_CHARS] for window in windows]
    text = windows[0]
    return [text[i : i + _SEGMENT_CHARS] for i in range(0, max(len(text), 1), _SEGMENT_CHARS)]


def _without_addresses(text: str) -> str:
    if "@" in text or "://" in text or "www." in text:
        return _ADDRESS.sub(" ", text)
    return text


def _not_language(votes: Sequence[tuple[str, dict[str, float]]]) -> float:
    """Mean score of "no language" over the models that know it."""
    scores = [scores[NOT_LANGUAGE] for _, scores in votes if NOT_LANGUAGE in scores]
    return sum(scores) / len(scores) if scores else 0.0


def _with_evidence(ranking: vote.Ranking, words: Sequence[str], url: str) -> vote.Ranking:
    """The ranking without small languages at its head that the text has no sign of.

    A small language is one that is no state's and has a state's language, in the same script, in
    its confusable group. A sign is one of its words, or its code in the URL.
    """
    for index, (tag, _) in enumerate(ranking):
        around = _neighbours(tag)
        if not around or has_sign(tag, words, around) or _is_named(tag, url):
            if not index:
                return ranking
            kept = ranking[index:]
            whole = math.fsum(value for _, value in kept)
            return tuple((other, value / whole) for other, value in kept)
    return ranking


def _neighbours(tag: str) -> list[str]:
    """The states' languages that a small language can be mistaken for; none for a state's."""
    if not is_european(tag) or is_state_language(tag):
        return []
    return [other for other in mates(tag) if is_state_language(other) and other[-5:] == tag[-5:]]


def _is_named(tag: str, url: str) -> bool:
    """Whether the URL has the language's code as a part of its own: `/fur/`, `fur.example.org`."""
    language = BY_TAG[tag]
    codes = {language.iso639_3, language.iso639_1} - {""}
    return not codes.isdisjoint(re.split(r"[^a-z]+", url[:500].lower()))


def _shares(
    tag: str,
    ranking: vote.Ranking,
    segments: Sequence[str],
    by_segment: Sequence[dict[str, float]],
    votes: Sequence[tuple[str, dict[str, float]]],
) -> tuple[tuple[str, float], ...]:
    """Share of the sample in each language, by letters of its segments.

    A segment is in the language that fits both it and the document, so that a document's rare
    neighbour is not seen in every other paragraph. Without a model that reads segments, CLD2's
    shares are taken.
    """
    if not by_segment:
        shares = next((scores for name, scores in votes if name == "cld2"), {})
        others = {o: s for o, s in shares.items() if s and not are_confusable(tag, o)}
        whole = max(1.0, math.fsum(others.values()))
        mixed = {o: s / whole for o, s in others.items()}
        return _descending(mixed | {tag: 1.0 - math.fsum(mixed.values())})
    prior = dict(ranking)
    letters = Counter[str]()
    for segment, scores in zip(segments, by_segment, strict=True):
        count = sum(map(len, prepare(segment).split()))
        fits = {
            other: score * max(prior.get(other, 0.0), _SEGMENT_FLOOR)
            for other, score in scores.items()
        }
        best = max(fits, key=lambda other: (fits[other], other))
        letters[best if count >= _MIN_LETTERS and not are_confusable(best, tag) else tag] += count
    whole = sum(letters.values())
    return _descending({other: count / whole for other, count in letters.items()})


# What a language gets that the document as a whole gives no sign of: a quoted paragraph is seen, a
# guess of one model on a short line is not.
_SEGMENT_FLOOR = 0.02


def _descending(shares: dict[str, float]) -> tuple[tuple[str, float], ...]:
    ordered = sorted(shares.items(), key=lambda pair: (-pair[1], pair[0]))
    return tuple((tag, share) for tag, share in ordered if share > 0)


def _nothing(tag: str, reason: str) -> Identification:
    language, _, script = tag.partition("_")
    return Identification(
        tag, language, script, 0.0, 0.0, None, 0.0, None, 0.0, (), (), 0.0, reason
    )
