"""The storm on Ray, shortened: workers, nodes and drivers are killed, and nodes come back."""

from collections.abc import Iterator

import pytest

from tests.chaos.storm import Storm, storm
from tests.chaos.test_storm import weathered
from tests.thorough import THOROUGH

ON_RAY = ("ray node", "ray disorder") if THOROUGH else ("ray disorder",)


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Storm]:
    """The storm, with one snapshot and one cluster."""
    with storm(tmp_path_factory.mktemp("storm")) as made:
        yield made


@pytest.mark.parametrize("words", ON_RAY)
def test_struck_and_resumed_it_is_the_same(ours: Storm, words: str) -> None:
    weathered(ours, words, ON_RAY.index(words))
