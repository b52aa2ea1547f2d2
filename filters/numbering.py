"""National numbering plans, read from phonenumbers' metadata: lengths, valid numbers, groupings.

`phonenumbers.parse` and `is_valid_number` take 100 microseconds a number; a plan compiled once
answers the same questions in one or two.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Final

import phonenumbers
from phonenumbers.data import _ALT_NUMBER_FORMATS as _ALTERNATIVES

_TYPES: Final = (
    "fixed_line", "mobile", "toll_free", "premium_rate", "shared_cost", "personal_number", "voip",
    "pager", "uan", "voicemail",
)  # fmt: skip
_TWICE_WRITTEN: Final = frozenset({"39", "378", "379"})
"""Italian numbers keep their zero abroad, so that nothing is cut from them."""


@dataclass(frozen=True)
class Grouping:
    """How numbers that begin in one way are parted into groups."""

    leading: re.Pattern[str]
    parts: re.Pattern[str]


@dataclass(frozen=True)
class Plan:
    """What a region's numbers look like at home."""

    region: str
    code: str
    trunk: re.Pattern[str] | None
    """What is dialled at home before the number; None where there is nothing."""
    lengths: frozenset[int]
    """Digits of a number without code and trunk prefix."""
    valid: re.Pattern[str]
    groupings: tuple[Grouping, ...]

    def significant(self, digits: str) -> str:
        """The digits without the trunk prefix, if a number is left that is possible."""
        trunk = self.trunk.match(digits) if self.trunk else None
        if trunk and trunk.end() and len(digits) - trunk.end() in self.lengths:
            return digits[trunk.end() :]
        return digits

    def is_valid(self, digits: str) -> bool:
        """Whether these digits, with or without trunk prefix, are a number that may be given."""
        return self.valid.fullmatch(self.significant(digits)) is not None

    def parts(self, number: str) -> list[tuple[int, ...]]:
        """Lengths of the groups in which a number without trunk prefix may be written."""
        return [
            tuple(map(len, match.groups()))
            for grouping in self.groupings
            if grouping.leading.match(number) and (match := grouping.parts.fullmatch(number))
        ]


@cache
def plan(region: str) -> Plan | None:
    """The plan of a region (ISO 3166-1 alpha-2); None where phonenumbers knows none."""
    facts = phonenumbers.PhoneMetadata.metadata_for_region(region)
    if facts is None or facts.country_code is None or facts.general_desc is None:
        return None
    kinds = [getattr(facts, name) for name in _TYPES]
    patterns = [kind.national_number_pattern for kind in kinds if kind]
    valid = "|".join(f"(?:{pattern})" for pattern in patterns if pattern)
    formats = (*facts.number_format, *_ALTERNATIVES.get(facts.country_code, ()))
    prefix = facts.national_prefix_for_parsing
    transforms = facts.national_prefix_transform_rule is not None
    return Plan(
        region,
        str(facts.country_code),
        re.compile(prefix) if prefix and not transforms else None,
        frozenset(facts.general_desc.possible_length),
        re.compile(valid),
        tuple(
            Grouping(
                re.compile(each.leading_digits_pattern[-1] if each.leading_digits_pattern else ""),
                re.compile(each.pattern),
            )
            for each in formats
        ),
    )


@cache
def _of_code(code: str) -> tuple[Plan, ...]:
    regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(int(code), ())
    return tuple(found for region in regions if (found := plan(region)) is not None)


def of_international(digits: str) -> tuple[Plan, str] | None:
    """Plan and number of digits that begin with a calling code; None for no possible number.

    A trunk zero that was left behind the code is dropped. The plan is that of the code's main
    region, or of the first region in which the number is valid.
    """
    for length in (1, 2, 3):
        plans = _of_code(digits[:length]) if digits[:length].isdigit() else ()
        if not plans:
            continue
        number = digits[length:]
        if digits[:length] not in _TWICE_WRITTEN and number.startswith("0"):
            number = number[1:]
        if len(number) not in plans[0].lengths:
            return None
        exact = next((p for p in plans if p.valid.fullmatch(number)), plans[0])
        return exact, number
    return None
