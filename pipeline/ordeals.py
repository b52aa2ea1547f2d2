"""What no parser should do, for `weir doctor` to see that the killable child is stopped in it."""

from typing import Any

PIECE_BYTES = 1 << 24


def spin() -> dict[str, Any]:
    """Use processor time without end."""
    number = 0
    while True:
        number += 1


def grow() -> dict[str, Any]:
    """Take memory without end, a touched piece at a time."""
    held = []
    while True:
        held.append(bytearray(PIECE_BYTES))


def answer() -> dict[str, Any]:
    """Do what is asked."""
    return {"ok": True}
