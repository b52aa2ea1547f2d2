"""What several suites share: the default models, and one that always says the same."""

import dataclasses
from collections.abc import Mapping, Sequence

import pytest

from langid.models import DEFAULT_MODELS, Identifier, load


@dataclasses.dataclass(frozen=True)
class Fake:
    """An identifier that always says the same."""

    name: str
    answer: Mapping[str, float]

    def scores(self, text: str) -> dict[str, float]:
        del text
        return dict(self.answer)


@pytest.fixture(scope="session")
def models() -> Sequence[Identifier]:
    return load(DEFAULT_MODELS)


@pytest.fixture(scope="session")
def fake() -> type[Fake]:
    return Fake
