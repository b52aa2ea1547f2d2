"""Groups of languages that identification mixes up, as data.

Which language belongs to which group is column `group` of `languages.csv`; the evidence is the
errors of published models (contamination of FineWeb-2's subsets, ParlaSent, FastSpell, ITDI 2022)
and our own measurements. A tag that is in a group is only as sure as the group's posterior: a rule
may ask for the group and accept any member of it.
"""

from collections.abc import Iterable

from langid.tags import BY_TAG, EUROPEAN


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
    return sum(score for other, score in scores if are_confusable(tag, other))
