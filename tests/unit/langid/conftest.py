"""The shipped models, loaded once."""

from collections.abc import Sequence

import pytest

from langid.models import Identifier, load


@pytest.fixture(scope="session")
def models() -> Sequence[Identifier]:
    return load(["py3langid", "cld2"])
