"""Characters that command a terminal or turn the direction of writing: no part of a stored text."""

from __future__ import annotations

import re
from typing import Final

# Sequences of ECMA-48 as a whole (a colour, a cursor's move, a clipboard's content), so that their
# parameters do not stay behind; then single C0 and C1 controls but tab and line feed; then the
# embeddings, overrides and isolates of UAX #9, which can show a text in another order than it has.
_SIGNS: Final = "\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069"
_COMMANDS: Final = re.compile(
    "(?:\x1b\\[|\x9b)[0-?]{0,64}[ -/]{0,8}[@-~]"
    "|(?:\x1b\\]|\x9d)[^\x07\x1b\x9c\n]{0,1024}(?:\x07|\x9c|\x1b\\\\)"
    f"|[{_SIGNS}]"
)
_PLAIN: Final = re.compile(f"[^{_SIGNS}]*+")
"""Nearly every text is, and this says so in a tenth of the time."""


def plain(text: str) -> str:
    """The text without controls but tab and line feed, and without bidirectional overrides.

    A carriage return ends a line. Marks of direction (U+200E, U+200F) stay: texts in scripts of
    both directions need them. Linear; running it again changes nothing.
    """
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text if _PLAIN.fullmatch(text) else _COMMANDS.sub("", text)
