"""Serialised markup to elements and blocks of text: one compiled walk over its bytes.

The markup is what lexbor writes of a tree that it has parsed: tags nest, their names are in lower
case, values are quoted and escaped. A block is a run of text that no block element begins, ends or
interrupts; a second `br` in a row ends one too. Blocks below one element follow each other, so an
element's are a range.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from extraction import names
from filters.compiled import compiled, inlined

MAX_DEPTH: Final = 512
"""Elements deeper than this are taken for part of the one at this depth."""
ELEMENT_FIELDS: Final = ("tag", "parent", "depth", "hints", "all_hints", "first", "last")
"""Number of its name (-1: unknown), element around it (-1: none), how many those are, hints of its
own attributes and with those around it, its blocks from `first` to before `last`."""
TAG, PARENT, DEPTH, HINTS, ALL_HINTS, FIRST, LAST = range(len(ELEMENT_FIELDS))
BLOCK_FIELDS: Final = (
    *("start", "end", "element", "chars", "words", "link_chars", "links", "stops", "commas"),
    *("digits", "capitals", "inline", "breaks", "bold", "ending"),
)
"""Bytes of markup from `start` to before `end`, the element it stands in; then counts: characters
but spaces, words, of the characters those in links, links, stops and commas of any script, ASCII
digits and capitals, inline tags, `br`, bold characters; `ending` is 2 after `.!?`, 1 after
`,:;`."""
START, END, ELEMENT, CHARS, WORDS, LINK_CHARS, LINKS, STOPS, COMMAS = range(9)
DIGITS, CAPITALS, INLINE, BREAKS, BOLD, ENDING = range(9, len(BLOCK_FIELDS))

_A, _BR, _B, _STRONG = (names.ID[name] for name in ("a", "br", "b", "strong"))
_BASIS, _PRIME = np.uint64(names.BASIS), np.uint64(names.PRIME)
_LESS, _MORE, _SLASH, _BANG, _DASH = ord("<"), ord(">"), ord("/"), ord("!"), ord("-")
_QUOTE, _EQUAL, _AMPERSAND, _SEMICOLON = ord('"'), ord("="), ord("&"), ord(";")
_SPACE, _TAB, _RETURN = ord(" "), ord("\t"), ord("\r")
_LONGEST_REFERENCE: Final = 10


class Scanned(NamedTuple):
    """Rows of `ELEMENT_FIELDS`, the body first, and of `BLOCK_FIELDS`."""

    elements: NDArray[np.int32]
    blocks: NDArray[np.int32]


def scan(markup: bytes, noscript: bool = False) -> Scanned:
    """Elements and blocks of a serialised body; of `noscript` too, if it is asked for."""
    raw = np.frombuffer(markup, np.uint8)
    most = markup.count(b"<") + 2
    elements = np.zeros((most, len(ELEMENT_FIELDS)), np.int32)
    blocks = np.zeros((most, len(BLOCK_FIELDS)), np.int32)
    n_elements, n_blocks = _scan(
        raw, elements, blocks,
        names.NAME_KEYS, names.NAME_IDS, names.HINT_KEYS, names.HINT_BITS,
        names.KIND_WITH_NOSCRIPT if noscript else names.KIND,
    )  # fmt: skip
    return Scanned(elements[:n_elements], blocks[:n_blocks])


@inlined
def tag_end(raw: NDArray[np.uint8], at: int, end: int) -> int:
    """Where the `>` of a tag is, from within it. Values begin with `="`; names may hold quotes."""
    quoted = False
    while at < end and (quoted or raw[at] != _MORE):
        if raw[at] == _QUOTE:
            quoted = not quoted and raw[at - 1] == _EQUAL
        at += 1
    return at


@inlined
def comment_end(raw: NDArray[np.uint8], at: int, end: int) -> int:
    """Behind the comment, or the declaration, that begins at `at`."""
    if at + 3 < end and raw[at + 2] == _DASH and raw[at + 3] == _DASH:
        at += 4
        while at + 2 < end and not (
            raw[at] == _DASH and raw[at + 1] == _DASH and raw[at + 2] == _MORE
        ):
            at += 1
        return at + 3
    while at < end and raw[at] != _MORE:
        at += 1
    return at + 1


@inlined
def is_break(raw: NDArray[np.uint8], at: int, end: int) -> bool:
    """Whether a `br` begins at `at`."""
    return bool(
        at + 3 < end
        and raw[at] == _LESS
        and raw[at + 1] == 98  # b
        and raw[at + 2] == 114  # r
        and (raw[at + 3] == _MORE or raw[at + 3] == _SPACE)
    )


@compiled
def _looked_up(
    keys: NDArray[np.uint64], values: NDArray[np.int32], wanted: np.uint64, missing: np.int32
) -> np.int32:
    low, high = 0, keys.size
    while low < high:
        middle = (low + high) >> 1
        if keys[middle] < wanted:
            low = middle + 1
        else:
            high = middle
    return values[low] if low < keys.size and keys[low] == wanted else missing


@compiled
def _hints(
    raw: NDArray[np.uint8],
    at: int,
    end: int,
    keys: NDArray[np.uint64],
    bits: NDArray[np.int32],
) -> np.int32:
    """Bits of the words in class, id and role of a tag whose attributes begin at `at`.

    Words end where letters do, and before a capital that follows a small letter.
    """
    found = np.int32(0)
    while at < end:
        while at < end and raw[at] == _SPACE:
            at += 1
        name = at
        while at < end and raw[at] != _EQUAL and raw[at] != _SPACE:
            at += 1
        length = at - name
        wanted = (
            (length == 5 and raw[name] == 99 and raw[name + 1] == 108)  # class
            or (length == 2 and raw[name] == 105 and raw[name + 1] == 100)  # id
            or (length == 4 and raw[name] == 114 and raw[name + 1] == 111)  # role
        )
        if at + 1 >= end or raw[at] != _EQUAL or raw[at + 1] != _QUOTE:
            at += 1  # an attribute without a value, or a name that begins with `=`
            continue
        at += 2
        value, size, before = _BASIS, 0, np.uint8(0)
        while at < end and raw[at] != _QUOTE:
            if wanted:
                byte = raw[at]
                is_capital = 65 <= byte <= 90
                is_letter = 97 <= byte <= 122 or is_capital
                if size and (not is_letter or (is_capital and 97 <= before <= 122)):
                    found |= _looked_up(keys, bits, value, np.int32(0))
                    value, size = _BASIS, 0
                if is_letter:
                    value = (value ^ np.uint64(byte | 32)) * _PRIME
                    size += 1
                before = byte
            at += 1
        if wanted and size:
            found |= _looked_up(keys, bits, value, np.int32(0))
        at += 1
    return found


@compiled
def _scan(
    raw: NDArray[np.uint8],
    elements: NDArray[np.int32],
    blocks: NDArray[np.int32],
    name_keys: NDArray[np.uint64],
    name_ids: NDArray[np.int32],
    hint_keys: NDArray[np.uint64],
    hint_bits: NDArray[np.int32],
    kinds: NDArray[np.int8],
) -> tuple[int, int]:
    size = raw.size
    stack = np.zeros(MAX_DEPTH, np.int32)
    depth, in_link, in_bold = 0, 0, 0
    elements[0, TAG] = -1
    elements[0, PARENT] = -1
    count, found = 1, 0
    is_open, in_word = False, False
    last = np.uint8(0)
    at = 0
    while at < size:
        byte = raw[at]
        if byte == _LESS:
            after = raw[at + 1] if at + 1 < size else np.uint8(0)
            if after == _BANG:
                at = comment_end(raw, at, size)
                continue
            is_end = after == _SLASH
            name = at + 2 if is_end else at + 1
            value, at = _BASIS, name
            while at < size and raw[at] != _MORE and raw[at] != _SPACE:
                value = (value ^ np.uint64(raw[at])) * _PRIME
                at += 1
            tag = _looked_up(name_keys, name_ids, value, np.int32(-1))
            kind = kinds[tag] if tag >= 0 else np.int8(0)
            space = at
            close = tag_end(raw, at, size)
            at = close + 1
            if kind & 3 == names.IS_INLINE:
                if is_open and not is_end:
                    blocks[found, INLINE] += 1
                if tag == _A:
                    in_link = max(0, in_link - 1) if is_end else in_link + 1
                    if is_open and not is_end:
                        blocks[found, LINKS] += 1
                elif tag == _B or tag == _STRONG:
                    in_bold = max(0, in_bold - 1) if is_end else in_bold + 1
                continue
            in_word = False
            if tag == _BR:
                if is_open:
                    blocks[found, BREAKS] += 1
                    ahead = at
                    while ahead < size and raw[ahead] <= _SPACE:
                        ahead += 1
                    if is_break(raw, ahead, size):
                        blocks[found, ENDING] = _ending(last)
                        found += 1
                        is_open = False
                continue
            if is_open:
                blocks[found, ENDING] = _ending(last)
                found += 1
                is_open = False
            if kind & 3 == names.IS_RAW:
                if not is_end:
                    at = _skipped(raw, at, raw[name:space])
            elif is_end:
                if depth > 0:
                    depth -= 1
                    if depth < MAX_DEPTH:
                        elements[stack[depth], LAST] = found
            elif not kind & names.IS_VOID:
                if depth < MAX_DEPTH:
                    parent = stack[depth - 1] if depth else np.int32(0)
                    hints = _hints(raw, space, close, hint_keys, hint_bits)
                    elements[count, TAG] = tag
                    elements[count, PARENT] = parent
                    elements[count, DEPTH] = elements[parent, DEPTH] + 1
                    elements[count, HINTS] = hints
                    elements[count, ALL_HINTS] = elements[parent, ALL_HINTS] | hints
                    elements[count, FIRST] = found
                    elements[count, LAST] = found
                    stack[depth] = count
                    count += 1
                depth += 1
            continue
        if byte == _SPACE or _TAB <= byte <= _RETURN:  # other controls are characters
            in_word = False
            at += 1
            continue
        step = 1
        if byte == _AMPERSAND:
            ahead = at + 1
            while (
                ahead < size
                and ahead < at + _LONGEST_REFERENCE
                and raw[ahead] != _SEMICOLON
                and raw[ahead] != _LESS
            ):
                ahead += 1
            if ahead < size and raw[ahead] == _SEMICOLON:
                step = ahead + 1 - at
                if step == 6 and raw[at + 1] == 110:  # &nbsp;
                    in_word = False
                    at += step
                    continue
        elif byte >= 0xF0:
            step = 4
        elif byte >= 0xE0:
            step = 3
        elif byte >= 0xC0:
            step = 2
        if not is_open:
            is_open = True
            blocks[found, START] = at
            blocks[found, ELEMENT] = stack[min(depth, MAX_DEPTH) - 1] if depth else 0
            blocks[found, LINKS] = 1 if in_link else 0
        blocks[found, END] = min(size, at + step)
        blocks[found, CHARS] += 1
        if in_link:
            blocks[found, LINK_CHARS] += 1
        if in_bold:
            blocks[found, BOLD] += 1
        if not in_word or (step == 3 and 0xE3 <= byte <= 0xED):  # of scripts without spaces, each
            blocks[found, WORDS] += 1
        in_word = True
        if step == 1:
            if 48 <= byte <= 57:
                blocks[found, DIGITS] += 1
            elif 65 <= byte <= 90:
                blocks[found, CAPITALS] += 1
            elif byte == 44 or byte == _SEMICOLON:
                blocks[found, COMMAS] += 1
            elif byte == 46 or byte == 33 or byte == 63 or byte == 58:
                blocks[found, STOPS] += 1
            if byte != _QUOTE and byte != 39 and byte != 41 and byte != 93:  # looked through
                last = byte
        elif step == 3 and at + 2 < size:
            last = _wide(raw, at, last, blocks[found])
        else:
            last = np.uint8(200)
        at += step
    if is_open:
        blocks[found, ENDING] = _ending(last)
        found += 1
    while depth > 0:
        depth -= 1
        if depth < MAX_DEPTH:
            elements[stack[depth], LAST] = found
    elements[0, LAST] = found
    return count, found


@compiled
def _wide(raw: NDArray[np.uint8], at: int, last: np.uint8, block: NDArray[np.int32]) -> np.uint8:
    """What stands last after a character of three bytes, of which stops and commas are counted."""
    first, second, third = raw[at], raw[at + 1], raw[at + 2]
    is_cjk, is_full = first == 0xE3 and second == 0x80, first == 0xEF and second == 0xBC
    if (is_cjk and third == 0x81) or (is_full and (third == 0x8C or third == 0x9B)):
        block[COMMAS] += 1
        return np.uint8(44)
    if (is_cjk and third == 0x82) or (is_full and (third == 0x81 or third == 0x9F)):
        block[STOPS] += 1
        return np.uint8(46)
    if first == 0xE2 and second == 0x80:
        if third == 0xA6:  # an ellipsis
            return np.uint8(46)
        return last  # quotation marks are looked through
    return np.uint8(200)


@compiled
def _ending(byte: np.uint8) -> int:
    if byte == 46 or byte == 33 or byte == 63:
        return 2
    return 1 if byte == 58 or byte == 59 or byte == 44 else 0


@compiled
def _skipped(raw: NDArray[np.uint8], at: int, name: NDArray[np.uint8]) -> int:
    """Behind the element of this name whose content begins at `at`; others of it may lie within."""
    size, length, depth = raw.size, name.size, 1
    holds_text_alone = length >= 5 and name[0] == 115 and name[1] != 118  # script, style
    while at < size:
        if raw[at] != _LESS:
            at += 1
            continue
        is_end = at + 1 < size and raw[at + 1] == _SLASH
        begin = at + (2 if is_end else 1)
        at += 1
        if begin + length >= size or not _is_at(raw, begin, name):
            continue
        after = raw[begin + length]
        if after != _MORE and after != _SPACE:
            continue
        if is_end:
            depth -= 1
        elif not holds_text_alone:
            depth += 1
        if depth == 0:
            return tag_end(raw, begin, size) + 1
    return size


@compiled
def _is_at(raw: NDArray[np.uint8], at: int, name: NDArray[np.uint8]) -> bool:
    for place in range(name.size):
        if raw[at + place] != name[place]:
            return False
    return True
