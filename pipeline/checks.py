"""One check of `weir doctor`."""

from dataclasses import dataclass
from typing import Final

OK: Final = "ok"
WARN: Final = "warn"
FAIL: Final = "fail"


@dataclass(frozen=True, slots=True)
class Check:
    """What was looked at, how it is (ok, warn or fail), what was found, and what to do."""

    name: str
    state: str
    detail: str
    remedy: str = ""


def gib(size: int) -> str:
    """Bytes as people read them."""
    return f"{size / 2**30:,.1f} GiB"
