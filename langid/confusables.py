"""Groups of languages that identification mixes up, and the evidence that tells them apart.

Which language belongs to which group is column `group` of `languages.csv`; the evidence is in
`confusables.yaml`: words, beginnings of words and letters that speak for some languages of a group
and against the others. Models see character n-grams; whether a page says *tisuća* or *hiljada* is
one n-gram among hundreds to them, and the answer to a person.
"""

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

import yaml

from langid.tags import BY_TAG, EUROPEAN

# What a member gets of its group's posterior before the evidence is weighed, so that one which no
# model could name (Montenegrin) can still be found by its words.
_FLOOR = 0.01


def _members() -> dict[str, tuple[str, ...]]:
    members: dict[str, tuple[str, ...]] = {}
    for language in EUROPEAN:
        if language.group:
            members[language.group] = (*members.get(language.group, ()), language.tag)
    return members


GROUPS: dict[str, tuple[str, ...]] = _members()


def group_of(tag: str) -> str | None:
    """Name of the tag's group; None if it is in none or not European."""
    language = BY_TAG.get(tag)
    return language.group or None if language else None


def mates(tag: str) -> tuple[str, ...]:
    """The other tags of its group, in every script."""
    return tuple(other for other in GROUPS.get(group_of(tag) or "", ()) if other != tag)


def are_confusable(first: str, second: str) -> bool:
    """Whether both are the same tag or members of one group."""
    group = group_of(first)
    return first == second or (group is not None and group == group_of(second))


def group_score(tag: str, scores: Iterable[tuple[str, float]]) -> float:
    """Summed score of the tag and its group among `(tag, score)` pairs."""
    return math.fsum(score for other, score in scores if are_confusable(tag, other))


@dataclass(frozen=True)
class Entry:
    """One entry of the table: what speaks for the tags in `speaks_for`, against the rest."""

    speaks_for: frozenset[str]
    weight: float


@dataclass(frozen=True)
class Evidence:
    """The entries of one group, with an index from words, stems and letters to entries."""

    entries: tuple[Entry, ...]
    words: Mapping[str, tuple[int, ...]]
    stems: Mapping[str, tuple[int, ...]]
    letters: Mapping[str, tuple[int, ...]]
    stem_lengths: tuple[int, ...]
    stem_heads: frozenset[str]

    def hits(self, words: Sequence[str]) -> list[int]:
        """How often each entry is met among lower-case words."""
        counts = [0] * len(self.entries)
        for word, times in Counter(words).items():
            for index in self.words.get(word, ()):
                counts[index] += times
            if self.stem_lengths and word[: self.stem_lengths[0]] in self.stem_heads:
                for length in self.stem_lengths:
                    if length <= len(word):
                        for index in self.stems.get(word[:length], ()):
                            counts[index] += times
        if self.letters:
            text = "".join(words)
            for letter in self.letters.keys() & set(text):
                seen = text.count(letter)
                for index in self.letters[letter]:
                    counts[index] += seen
        return counts


@cache
def evidence() -> dict[str, Evidence]:
    """The table by group, read once."""
    text = resources.files("langid").joinpath("confusables.yaml").read_text("utf-8")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast as ruamel.yaml
    found = yaml.load(text, loader)  # noqa: S506 - a safe one
    return {group: _compile(rows) for group, rows in found.items()}


def _compile(rows: Sequence[Mapping[str, object]]) -> Evidence:
    index: dict[str, dict[str, tuple[int, ...]]] = {"words": {}, "stems": {}, "letters": {}}
    entries = []
    for number, row in enumerate(rows):
        tags = row["for"]
        if not isinstance(tags, list) or not set(tags) <= BY_TAG.keys():
            raise ValueError(f"langid/confusables.yaml: unknown tag in {tags}")
        entries.append(Entry(frozenset(tags), float(str(row.get("weight", 1.0)))))
        for kind, table in index.items():
            listed = str(row.get(kind, ""))
            for item in sorted(set(listed if kind == "letters" else listed.split())):
                table[item] = (*table.get(item, ()), number)
    lengths = tuple(sorted({len(stem) for stem in index["stems"]}))
    return Evidence(
        tuple(entries),
        index["words"],
        index["stems"],
        index["letters"],
        lengths,
        frozenset(stem[: lengths[0]] for stem in index["stems"]),
    )


def resolve(
    ranking: Sequence[tuple[str, float]], words: Sequence[str]
) -> tuple[tuple[str, float], ...]:
    """The ranking with the posterior of the first tag's group divided anew by the evidence.

    `ranking` holds tags of one script and their posterior, best first; `words` are the text's, in
    lower case (`words.prepare`). The group's sum stays as it was, so what the vote says about other
    languages does not change.
    """
    group = group_of(ranking[0][0]) if ranking else None
    table = evidence().get(group or "")
    if group is None or table is None:
        return tuple(ranking)
    hits = table.hits(words)
    if not any(hits):
        return tuple(ranking)
    script = ranking[0][0][-5:]
    candidates = [tag for tag in GROUPS[group] if tag.endswith(script)]
    votes = dict(ranking)
    whole = math.fsum(votes.get(tag, 0.0) for tag in candidates)
    logits = {
        tag: math.log(votes.get(tag, 0.0) + _FLOOR * whole) + _evidence_for(tag, table, hits)
        for tag in candidates
    }
    highest = max(logits.values())
    shares = {tag: math.exp(logit - highest) for tag, logit in logits.items()}
    scale = whole / math.fsum(shares.values())
    votes.update((tag, share * scale) for tag, share in shares.items())
    return tuple(sorted(votes.items(), key=lambda pair: (-pair[1], pair[0])))


def has_sign(tag: str, words: Sequence[str], against: Collection[str]) -> bool:
    """Whether the words have a sign of the tag that is none of any language in `against`.

    Also true if the table knows no such sign.
    """
    table = evidence().get(group_of(tag) or "")
    if table is None:
        return True
    signs = [
        index
        for index, entry in enumerate(table.entries)
        if tag in entry.speaks_for and entry.speaks_for.isdisjoint(against)
    ]
    if not signs:
        return True
    hits = table.hits(words)
    return any(hits[index] for index in signs)


def _evidence_for(tag: str, table: Evidence, hits: Sequence[int]) -> float:
    """Log-odds that the hits add; the n-th hit of an entry adds 1/n of the first."""
    return math.fsum(
        (1 if tag in entry.speaks_for else -1) * entry.weight * (1.0 + math.log(count))
        for entry, count in zip(table.entries, hits, strict=True)
        if count
    )
