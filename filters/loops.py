"""Compiled inner loops over characters, words and hashes: what numpy would do in many passes.

numba compiles each loop at its first call (some seconds in all; `filters.compiled`). `filters.text`
imports this module when the first text is measured: importing numba takes half a second that no
command line wants.

All hash arithmetic is modulo 2^64 on unsigned integers; numba makes floats of mixed signs, so every
constant is typed.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from filters import characters
from filters.compiled import compiled, inlined, mix

_WORD: Final = np.uint16(characters.WORD)
_JOINER: Final = np.uint16(characters.JOINER)
_LETTER: Final = np.uint16(characters.LETTER)
_BEFORE_JOINER: Final = np.uint16(characters.LETTER | characters.EXTENDER)
_IN_WORD: Final = np.uint16(characters.WORD | characters.EXTENDER)
_CASED: Final = np.uint16(characters.UPPER | characters.LOWER)
_SPACE: Final = np.uint16(characters.SPACE)
_TERMINAL: Final = np.uint16(characters.TERMINAL)
_CLOSER: Final = np.uint16(characters.CLOSER)
_CLOSES: Final = np.uint16(characters.SPACE | characters.CLOSER)
_GREEK: Final = np.uint16(characters.GREEK)
_NOTHING: Final = np.uint16(0)
_NEWLINE: Final = np.uint32(0x0A)
_FULL_STOP: Final = np.uint32(0x2E)
_SEMICOLON: Final = np.uint32(0x3B)
_ELLIPSIS: Final = np.uint32(0x2026)

_BASE: Final = np.uint64(0x9E3779B97F4A7C15)
_FACTOR_1: Final = np.uint64(0xBF58476D1CE4E5B9)
_32, _48 = np.uint64(32), np.uint64(48)


@compiled
def classify(
    code_points: NDArray[np.uint32],
    classes_of: NDArray[np.uint16],
    folded_of: NDArray[np.uint32],
    scripts_of: NDArray[np.uint8],
) -> tuple[NDArray[np.uint16], NDArray[np.uint32], NDArray[np.uint8], NDArray[np.int64]]:
    """Class bits, folded form and script bit of each character, and counts of the 16 class bits."""
    size = code_points.size
    classes = np.empty(size, np.uint16)
    codes = np.empty(size, np.uint32)
    scripts = np.empty(size, np.uint8)
    counts = np.zeros(16, np.int64)
    for place in range(size):
        code = code_points[place]
        bits = classes_of[code]
        classes[place] = bits
        codes[place] = folded_of[code]
        scripts[place] = scripts_of[code]
        bit = 0
        while bits:
            if bits & np.uint16(1):
                counts[bit] += 1
            bits >>= np.uint16(1)
            bit += 1
    return classes, codes, scripts, counts


@compiled
def words(classes: NDArray[np.uint16]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Starts and ends of the words (step 2 of the construction in `filters.text`)."""
    size = classes.size
    starts = np.empty(size // 2 + 1, np.int32)
    ends = np.empty(size // 2 + 1, np.int32)
    count = 0
    start = -1
    for place in range(size + 1):
        bits = classes[place] if place < size else _NOTHING
        inside = (bits & _IN_WORD) != 0
        if (
            not inside
            and (bits & _JOINER) != 0
            and 0 < place < size - 1
            and (classes[place - 1] & _BEFORE_JOINER) != 0
            and (classes[place + 1] & _LETTER) != 0
        ):
            inside = True
        if not inside:
            if start >= 0:
                starts[count], ends[count] = start, place
                count += 1
                start = -1
        elif start < 0 and (bits & _WORD) != 0:
            start = place
    return starts[:count].copy(), ends[:count].copy()


@compiled
def lines(
    classes: NDArray[np.uint16], codes: NDArray[np.uint32]
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """Starts and ends of stripped lines that are not blank, and the paragraph of each.

    Lines are split at U+000A; a blank line divides paragraphs, which are counted from 0.
    """
    size = codes.size
    most = 1
    for place in range(size):
        if codes[place] == _NEWLINE:
            most += 1
    starts = np.empty(most, np.int32)
    ends = np.empty(most, np.int32)
    paragraphs = np.empty(most, np.int32)
    count = paragraph = 0
    first = last = -1
    has_gap = False
    for place in range(size + 1):
        if place == size or codes[place] == _NEWLINE:
            if first >= 0:
                if has_gap and count:
                    paragraph += 1
                starts[count], ends[count], paragraphs[count] = first, last + 1, paragraph
                count += 1
                has_gap = False
            else:
                has_gap = True
            first = -1
        elif (classes[place] & _SPACE) == 0:
            if first < 0:
                first = place
            last = place
    return starts[:count].copy(), ends[:count].copy(), paragraphs[:count].copy()


@inlined
def _is_terminal(
    classes: NDArray[np.uint16], codes: NDArray[np.uint32], place: int, first: int
) -> bool:
    """Whether the character ends a sentence; U+003B does after a Greek letter."""
    if (classes[place] & _TERMINAL) != 0:
        return True
    return codes[place] == _SEMICOLON and place > first and (classes[place - 1] & _GREEK) != 0


@compiled
def line_ends(
    classes: NDArray[np.uint16],
    codes: NDArray[np.uint32],
    starts: NDArray[np.int32],
    ends: NDArray[np.int32],
    closers: int,
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """For each line, whether it ends a sentence, and whether it ends in an ellipsis.

    Up to `closers` closing marks at its end are looked through, for the sentence alone.
    """
    sentences = np.zeros(starts.size, np.bool_)
    ellipses = np.zeros(starts.size, np.bool_)
    for line in range(starts.size):
        start, last = starts[line], ends[line] - 1
        ellipses[line] = codes[last] == _ELLIPSIS or (
            last - start >= 2
            and codes[last] == _FULL_STOP
            and codes[last - 1] == _FULL_STOP
            and codes[last - 2] == _FULL_STOP
        )
        for _ in range(closers):
            if last > start and (classes[last] & _CLOSER) != 0:
                last -= 1
        sentences[line] = _is_terminal(classes, codes, last, start)
    return sentences, ellipses


@compiled
def pieces(
    classes: NDArray[np.uint16], starts: NDArray[np.int32], ends: NDArray[np.int32]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """For each line, how many pieces white space leaves of it, and the longest's characters."""
    counts = np.zeros(starts.size, np.int32)
    longest = np.zeros(starts.size, np.int32)
    for line in range(starts.size):
        length = 0
        for place in range(starts[line], ends[line]):
            if (classes[place] & _SPACE) != 0:
                length = 0
                continue
            if length == 0:
                counts[line] += 1
            length += 1
            longest[line] = max(longest[line], length)
    return counts, longest


@compiled
def sentence_ends(classes: NDArray[np.uint16], codes: NDArray[np.uint32]) -> NDArray[np.int64]:
    """Place of the last character of each run of terminals that ends a sentence.

    `filters.text.TextView.sentence_ends` says which do.
    """
    size, count, first = classes.size, 0, -1
    found = np.empty(size // 2 + 1, np.int64)  # between two runs is a character
    for place in range(size + 1):
        # `_is_terminal`, written out: even inlined it costs a count for each array, ten times this.
        if place < size and (
            (classes[place] & _TERMINAL) != 0
            or (codes[place] == _SEMICOLON and place > 0 and (classes[place - 1] & _GREEK) != 0)
        ):
            first = place if first < 0 else first
            continue
        if first < 0:
            continue
        before = classes[first - 1] if first > 0 else _SPACE
        second = classes[first - 2] if first > 1 else _SPACE
        after = classes[place] if place < size else _SPACE
        follows = (before & second & _IN_WORD) != 0 or (before & _CLOSER) != 0
        if follows and (after & _CLOSES) != 0:
            found[count] = place - 1
            count += 1
        first = -1
    return found[:count].copy()


@compiled
def span_hashes(
    codes: NDArray[np.uint32], starts: NDArray[np.int32], ends: NDArray[np.int32]
) -> NDArray[np.uint64]:
    """Hash of the code points of each span (step 3 of the construction in `filters.text`)."""
    hashes = np.empty(starts.size, np.uint64)
    for span in range(starts.size):
        start, total = starts[span], np.uint64(0)
        for place in range(start, ends[span]):
            total += mix(np.uint64(codes[place]) + (np.uint64(place - start) << _32))
        hashes[span] = mix(total)
    return hashes


@compiled
def word_unions(
    classes: NDArray[np.uint16],
    scripts: NDArray[np.uint8],
    starts: NDArray[np.int32],
    ends: NDArray[np.int32],
) -> tuple[NDArray[np.uint16], NDArray[np.uint8], NDArray[np.int32]]:
    """Union of the class bits and of the script bits of each span, and its letters with a case."""
    class_unions = np.zeros(starts.size, np.uint16)
    script_unions = np.zeros(starts.size, np.uint8)
    cased = np.zeros(starts.size, np.int32)
    for span in range(starts.size):
        union, found, count = _NOTHING, np.uint8(0), 0
        for place in range(starts[span], ends[span]):
            union |= classes[place]
            found |= scripts[place]
            count += (classes[place] & _CASED) != 0
        class_unions[span], script_unions[span], cased[span] = union, found, count
    return class_unions, script_unions, cased


@inlined
def _ngram(word_hashes: NDArray[np.uint64], place: int, n: int) -> np.uint64:
    """Hash of the n-gram that starts at the word."""
    total = np.uint64(0)
    for step in range(n):
        total = total * _BASE + word_hashes[place + step]
    return mix(total)


@compiled
def ngram_hashes(word_hashes: NDArray[np.uint64], n: int) -> NDArray[np.uint64]:
    """Hash of the n-gram at each word but the last n - 1 (step 4 of the construction)."""
    size = max(0, word_hashes.size - n + 1)
    hashes = np.empty(size, np.uint64)
    for place in range(size):
        hashes[place] = _ngram(word_hashes, place, n)
    return hashes


@compiled
def _table_bits(entries: int) -> int:
    """Bits of a hash table that these entries fill to a half at most."""
    bits = 4
    while (1 << bits) < 2 * entries:
        bits += 1
    return bits


@compiled
def first_places(hashes: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Place of each different hash's first occurrence, in order, and how often it occurs."""
    bits = _table_bits(hashes.size)
    shift, mask = np.uint64(64 - bits), (1 << bits) - 1
    slots = np.full(1 << bits, -1, np.int64)
    places = np.empty(hashes.size, np.int64)
    counts = np.empty(hashes.size, np.int64)
    found = 0
    for place in range(hashes.size):
        slot = np.int64((hashes[place] * _FACTOR_1) >> shift)
        while slots[slot] >= 0 and hashes[places[slots[slot]]] != hashes[place]:
            slot = (slot + 1) & mask
        if slots[slot] < 0:
            slots[slot] = found
            places[found], counts[found] = place, 1
            found += 1
        else:
            counts[slots[slot]] += 1
    return places[:found].copy(), counts[:found].copy()


@compiled
def top_n_grams(
    word_hashes: NDArray[np.uint64], offsets: NDArray[np.int64], most: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Occurrences, and characters of words of one, of the most frequent n-gram of each size.

    Sizes are 2 to `most`, places 0 and 1 stay empty. `offsets` of shape (words + 1,) are the
    characters of all words before each word. Of several equally frequent the first in the text.
    """
    counts = np.zeros(most + 1, np.int64)
    lengths = np.zeros(most + 1, np.int64)
    sums = word_hashes.copy()
    for n in range(2, most + 1):
        size = max(0, word_hashes.size - n + 1)
        for place in range(size):
            sums[place] = sums[place] * _BASE + word_hashes[place + n - 1]
        places, found = first_places(sums[:size])
        for entry in range(places.size):
            if found[entry] > counts[n]:
                counts[n] = found[entry]
                lengths[n] = offsets[places[entry] + n] - offsets[places[entry]]
    return counts, lengths


@compiled
def duplicate_n_grams(
    word_hashes: NDArray[np.uint64], offsets: NDArray[np.int64], most: int
) -> NDArray[np.int64]:
    """Characters of the n-grams that stand earlier, walking on behind each one found, by size.

    Sizes are 1 to `most`, place 0 stays empty; `offsets` as for `top_n_grams`. An n-gram that
    overlaps one that was found is never looked up. Source: datatrove 0.10.1, `find_all_duplicate`.
    """
    totals = np.zeros(most + 1, np.int64)
    bits = _table_bits(word_hashes.size)
    shift, mask = np.uint64(64 - bits), (1 << bits) - 1
    slots = np.empty(1 << bits, np.int64)
    sums = np.zeros(word_hashes.size, np.uint64)
    for n in range(1, most + 1):
        size = max(0, word_hashes.size - n + 1)
        for place in range(size):
            sums[place] = sums[place] * _BASE + word_hashes[place + n - 1]
        slots[:] = -1
        place = 0
        while place < size:
            slot = np.int64((sums[place] * _FACTOR_1) >> shift)
            while slots[slot] >= 0 and sums[slots[slot]] != sums[place]:
                slot = (slot + 1) & mask
            if slots[slot] < 0:
                slots[slot] = place
                place += 1
            else:
                totals[n] += offsets[place + n] - offsets[place]
                place += n
    return totals


@compiled
def repeated(hashes: NDArray[np.uint64], lengths: NDArray[np.int32]) -> tuple[int, int]:
    """How many hashes stand earlier, and the sum of their lengths."""
    places, _ = first_places(hashes)
    total = 0
    for place in range(lengths.size):
        total += lengths[place]
    for place in places:
        total -= lengths[place]
    return hashes.size - places.size, total


@compiled
def paragraphs(
    line_hashes: NDArray[np.uint64],
    line_lengths: NDArray[np.int32],
    paragraph_of: NDArray[np.int32],
) -> tuple[NDArray[np.uint64], NDArray[np.int32]]:
    """Hash and characters of each paragraph, from those of its lines and their places in it."""
    count = paragraph_of[-1] + 1 if paragraph_of.size else 0
    hashes = np.zeros(count, np.uint64)
    lengths = np.zeros(count, np.int32)
    first = 0
    for line in range(line_hashes.size):
        paragraph = paragraph_of[line]
        if line and paragraph_of[line - 1] != paragraph:
            first = line
        hashes[paragraph] += mix(line_hashes[line] + np.uint64(line - first) * _BASE)
        lengths[paragraph] += line_lengths[line]
    for paragraph in range(count):
        hashes[paragraph] = mix(hashes[paragraph])
    return hashes, lengths


@inlined
def _place_of(wanted: NDArray[np.uint64], value: np.uint64, low: int, high: int) -> int:
    """First place of the sorted `wanted[low:high]` that is not below the value; `high` if none."""
    while low < high:
        middle = (low + high) >> 1
        if wanted[middle] < value:
            low = middle + 1
        else:
            high = middle
    return low


@compiled
def is_among(hashes: NDArray[np.uint64], wanted: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Whether each hash occurs in the sorted array `wanted`."""
    found = np.zeros(hashes.size, np.bool_)
    if wanted.size == 0:
        return found
    for place in range(hashes.size):
        entry = _place_of(wanted, hashes[place], 0, wanted.size)
        found[place] = entry < wanted.size and wanted[entry] == hashes[place]
    return found


@compiled
def phrases(
    word_hashes: NDArray[np.uint64],
    firsts: NDArray[np.bool_],
    sizes: NDArray[np.int64],
    bounds: NDArray[np.int64],
    wanted: NDArray[np.uint64],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First word of each phrase found, and its place in `wanted`.

    `firsts[h]` is set if some phrase's first word has the upper 16 bits h. Phrases of `sizes[k]`
    words have their hashes in `wanted[bounds[k]:bounds[k + 1]]`, sorted.
    """
    places = []
    found = []
    for place in range(word_hashes.size):
        if not firsts[np.int64(word_hashes[place] >> _48)]:
            continue
        for kind in range(sizes.size):
            n = sizes[kind]
            if place + n > word_hashes.size:
                break
            value = _ngram(word_hashes, place, n)
            entry = _place_of(wanted, value, bounds[kind], bounds[kind + 1])
            if entry < bounds[kind + 1] and wanted[entry] == value:
                places.append(place)
                found.append(entry)
    return np.array(places, np.int64), np.array(found, np.int64)
