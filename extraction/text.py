"""Text of the blocks that are kept: one walk over their markup."""

from __future__ import annotations

import unicodedata
from typing import Final

import numpy as np
from numpy.typing import NDArray

from extraction import names
from extraction.scan import (
    ELEMENT,
    END,
    FIRST,
    LAST,
    PARENT,
    START,
    TAG,
    Scanned,
    comment_end,
    is_break,
    tag_end,
)
from filters.compiled import compiled

_PRE, _LI, _TD, _TH = (names.ID[name] for name in ("pre", "li", "td", "th"))
_LOOKED_UP: Final = 6
"""Elements above a block in which a list, a table or preformatted text is looked for."""
_SPACE, _TAB, _NEWLINE, _RETURN = ord(" "), ord("\t"), ord("\n"), ord("\r")
_LESS, _BANG = ord("<"), ord("!")
_AMPERSAND, _MORE, _QUOTE, _BAR, _DASH = ord("&"), ord(">"), ord('"'), ord("|"), ord("-")
_JOINT: Final = 4
"""Bytes that may come before a block."""


def text_of(markup: bytes, scanned: Scanned, kept: NDArray[np.bool_]) -> str:
    """Blocks of a mask, a line each: items of lists begin with `- `, cells of a row are joined.

    White space is one space, but for `br` and in `pre`; in NFC, as other extractors write.
    """
    blocks = scanned.blocks
    size = int((blocks[:, END] - blocks[:, START])[kept].sum()) + _JOINT * int(kept.sum())
    out = np.empty(size, np.uint8)
    written = _write(np.frombuffer(markup, np.uint8), scanned.elements, blocks, kept, out)
    text = out[:written].tobytes().decode("utf-8", "ignore")
    return text if unicodedata.is_normalized("NFC", text) else unicodedata.normalize("NFC", text)


@compiled
def _place(
    elements: NDArray[np.int32], blocks: NDArray[np.int32], b: int
) -> tuple[bool, bool, int]:
    """Whether the block begins an item, is preformatted; the cell of which it is the only one."""
    above = blocks[b, ELEMENT]
    begins_item, is_pre, cell, begins = False, False, -1, True
    for _ in range(_LOOKED_UP):
        if above < 0:
            break
        tag = elements[above, TAG]
        is_pre = is_pre or tag == _PRE
        begins = begins and elements[above, FIRST] == b
        if begins and tag == _LI:
            begins_item, begins = True, False
        if begins and (tag == _TD or tag == _TH):
            if elements[above, LAST] == b + 1:
                cell = above
            begins = False
        above = elements[above, PARENT]
    return begins_item, is_pre, cell


@compiled
def _write(
    raw: NDArray[np.uint8],
    elements: NDArray[np.int32],
    blocks: NDArray[np.int32],
    kept: NDArray[np.bool_],
    out: NDArray[np.uint8],
) -> int:
    at, last_row = 0, -1
    for b in range(blocks.shape[0]):
        if not kept[b]:
            continue
        begins_item, is_pre, cell = _place(elements, blocks, b)
        row = elements[cell, PARENT] if cell >= 0 else -1
        if at and row >= 0 and row == last_row:
            out[at], out[at + 1], out[at + 2] = _SPACE, _BAR, _SPACE
            at += 3
        elif at:
            out[at] = _NEWLINE
            at += 1
        last_row = row
        if begins_item:
            out[at], out[at + 1] = _DASH, _SPACE
            at += 2
        begun, due = at, 0
        place, end = blocks[b, START], blocks[b, END]
        while place < end:
            byte, step = raw[place], 1
            if byte == _LESS:
                if raw[place + 1] == _BANG:
                    place = comment_end(raw, place, end)
                    continue
                if is_break(raw, place, end):
                    due = _NEWLINE
                place = tag_end(raw, place, end) + 1
                continue
            if byte == _SPACE or _TAB <= byte <= _RETURN:  # other controls stay: `filters.controls`
                if is_pre:
                    out[at] = _NEWLINE if byte == _NEWLINE else _SPACE
                    at += 1
                elif not due:
                    due = _SPACE
                place += 1
                continue
            if byte == _AMPERSAND and place + 3 < end:  # what lexbor escapes, and nothing else
                first, second = raw[place + 1], raw[place + 2]
                if first == 97:  # &amp;
                    step = 5
                elif first == 108 and second == 116:  # &lt;
                    byte, step = np.uint8(_LESS), 4
                elif first == 103 and second == 116:  # &gt;
                    byte, step = np.uint8(_MORE), 4
                elif first == 113:  # &quot;
                    byte, step = np.uint8(_QUOTE), 6
                elif first == 110:  # &nbsp;
                    due = due or _SPACE
                    place += 6
                    continue
            if due and at > begun:
                out[at] = due
                at += 1
            due = 0
            out[at] = byte
            at += 1
            place += step
    return at
