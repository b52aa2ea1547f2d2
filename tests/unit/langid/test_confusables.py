"""Confusable groups: a partition of some European tags."""

import pytest

from langid.confusables import GROUPS, are_confusable, group_of, group_score, mates
from langid.tags import is_european


def test_groups_are_disjoint_and_european() -> None:
    members = [tag for group in GROUPS.values() for tag in group]
    assert len(members) == len(set(members))
    assert all(map(is_european, members))
    assert all(len(group) >= 2 for group in GROUPS.values())


def test_lookups() -> None:
    assert group_of("nno_Latn") == "nordic"
    assert group_of("hun_Latn") is None
    assert group_of("jpn_Jpan") is None
    assert set(mates("nob_Latn")) == {"dan_Latn", "nno_Latn", "swe_Latn"}
    assert mates("hun_Latn") == ()
    assert are_confusable("srp_Cyrl", "bos_Latn")
    assert are_confusable("hun_Latn", "hun_Latn")
    assert not are_confusable("hun_Latn", "eus_Latn")


def test_group_score_adds_up_the_group() -> None:
    top = (("hrv_Latn", 0.5), ("bos_Latn", 0.3), ("slv_Latn", 0.1))
    assert group_score("hrv_Latn", top) == pytest.approx(0.8)
    assert group_score("slv_Latn", top) == pytest.approx(0.1)
