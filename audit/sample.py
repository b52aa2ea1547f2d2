"""Pages to look at, chosen by hash: whoever asks with the same seed sees the same ones."""

import difflib
import hashlib
import shlex
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from audit.runs import Run
from audit.trace import describe
from filters.text import mix
from langid import tags
from stages import schema
from stages.errors import ConfigError, IntegrityError

EXCERPT_CHARS = 600
OUTCOMES = (schema.KEEP, schema.REJECT, schema.QUARANTINE)
MAX_SAMPLE = 10_000

Chosen = tuple[int, str, int]
"""(sample key, doc_id, number of its shard); a small key is chosen first."""

_GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)
"""Step of SplitMix64."""
_DIGITS: Final = np.full(256, 255, np.uint8)
for _value, _digit in enumerate(b"0123456789abcdef"):
    _DIGITS[_digit] = _value

# Characters that act on the reader's terminal or on the order of letters, and show nothing
# themselves. ZWJ, ZWNJ and the soft hyphen are left alone: they belong to ordinary spelling.
_MARKS = [
    *range(0x20),
    *range(0x7F, 0xA0),
    *(0x61C, 0x180E, 0x200B, 0x200E, 0x200F, 0x2028, 0x2029, 0xFEFF),
    *range(0x202A, 0x202F),
    *range(0x2060, 0x2070),
    *range(0xFFF9, 0xFFFC),
    *range(0xE0000, 0xE0080),
]
_VISIBLE = {
    code: chr(0x2400 + code) if code < 0x20 else "␡" if code == 0x7F else f"⟨U+{code:04X}⟩"
    for code in _MARKS
    if code not in (0x09, 0x0A)
}


def visible(text: str) -> str:
    """The text with control characters, terminal escapes and bidi controls as visible signs.

    Line feeds and tabs stay. A carriage return becomes ␍, an escape ␛, U+202E ⟨U+202E⟩.
    """
    return text.translate(_VISIBLE)


def sample(
    run: Run,
    language: str | None = None,
    outcome: str | None = None,
    reason: str | None = None,
    n: int = 20,
    seed: int = 1,
) -> dict[str, Any]:
    """Up to n pages by smallest mix of seed and doc_id, with their `sha256` and `command`.

    `language` is a tag, code or name; `reason` a reason or its first part (`rule`, `dedup`,
    `gate`). Records that never became documents have coordinates and no excerpt. ConfigError for
    an unknown language, outcome or reason.
    """
    tag = None if language is None else _tag(language)
    documents = pages(run, drawn(run, tag, outcome, reason, n, seed), EXCERPT_CHARS)
    return {
        "sha256": sha256(documents),
        "command": _command(run, tag, outcome, reason, n, seed),
        "documents": documents,
    }


def drawn(
    run: Run, tag: str | None, outcome: str | None, reason: str | None, n: int, seed: int
) -> list[Chosen]:
    """The pages of a sample, the smallest hash first; ConfigError as from `sample`."""
    _check(outcome, reason, n)
    return choose(run, lambda found: (), n, seed, (tag, outcome, reason)).get((), [])


def sha256(documents: Iterable[Mapping[str, Any]]) -> str:
    """SHA-256 over a line `doc_id outcome` for each page, in order: what names a sample.

    Equal for everybody who drew the same pages with the same outcomes, wherever the run lies.
    """
    lines = (f"{page['doc_id']} {page['outcome']}\n" for page in documents)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def choose(
    run: Run,
    group: Callable[[tuple[str, str, str | None]], tuple[str, ...] | None],
    n: int,
    seed: int,
    wanted: tuple[str | None, str | None, str | None] = (None, None, None),
    with_records: bool = True,
) -> dict[tuple[str, ...], list[Chosen]]:
    """The n pages of smallest key in each group, in one pass over the ledger.

    `group` maps (language, outcome, reason) to a group, or None to leave the page out.
    """
    chosen: dict[tuple[str, ...], list[Chosen]] = {}
    for number, table in _ledger(run, with_records):
        keys = sample_keys(table.column("doc_id"), seed)
        kinds, kind_of = _kinds(table)
        rows_of: dict[tuple[str, ...], list[NDArray[np.int64]]] = defaultdict(list)
        for at, kind in enumerate(kinds):
            name = group(kind) if kind[1] != schema.PASS and _is_wanted(kind, wanted) else None
            if name is not None:
                rows_of[name].append(np.flatnonzero(kind_of == at))
        for name, parts in rows_of.items():
            rows = np.concatenate(parts)
            rows = rows[smallest(keys[rows], n)]
            ids = table.column("doc_id").take(pa.array(rows)).to_pylist()
            found = [(key, one, number) for key, one in zip(keys[rows].tolist(), ids, strict=True)]
            chosen[name] = sorted([*chosen.get(name, []), *found])[:n]
    return chosen


def sample_keys(doc_ids: pa.ChunkedArray, seed: int) -> NDArray[np.uint64]:
    """Places of pages in the order of a seed: the same for everybody, the smallest come first."""
    return mixed(halves(doc_ids)[0], seed)


def mixed(heads: NDArray[np.uint64], seed: int) -> NDArray[np.uint64]:
    """The same from the first 64 bits of the doc_ids, which are uniform as they are hashes.

    SplitMix64's finaliser of the doc_id moved by the seed's own hash.
    """
    return mix(heads + stride(seed))


def stride(seed: int) -> np.uint64:
    """By how much a seed moves the doc_ids before they are mixed."""
    return np.uint64(mix(np.array([seed & (1 << 64) - 1], np.uint64) * _GOLDEN + _GOLDEN)[0])


def smallest(keys: NDArray[np.uint64], n: int) -> NDArray[np.int64]:
    """Rows of the n smallest keys, in no order, and of all that equal the largest of them."""
    if keys.size <= n:
        return np.arange(keys.size)
    limit = np.partition(keys, n - 1)[n - 1]
    return np.flatnonzero(keys <= limit)


def halves(doc_ids: pa.ChunkedArray) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """First and last 64 bits of each doc_id. IntegrityError if one is not 32 hex digits."""
    column = doc_ids.combine_chunks() if isinstance(doc_ids, pa.ChunkedArray) else doc_ids
    lengths = pc.binary_length(column)
    if column.null_count or (len(column) and pc.min_max(lengths).as_py() != {"min": 32, "max": 32}):
        raise IntegrityError("doc_id", "is not 32 hex digits; see where with: weir verify RUN")
    data, start = column.buffers()[2], column.offset
    offset = np.frombuffer(column.buffers()[1], np.int32)[start] if len(column) else 0
    letters = np.frombuffer(data, np.uint8)[offset : offset + 32 * len(column)] if data else b""
    digits = _DIGITS[np.frombuffer(letters, np.uint8)].reshape(-1, 16, 2)
    if (digits > 15).any():
        raise IntegrityError("doc_id", "is not 32 hex digits; see where with: weir verify RUN")
    both = np.ascontiguousarray(digits[:, :, 0] << 4 | digits[:, :, 1]).view(">u8")
    return both[:, 0].astype(np.uint64), both[:, 1].astype(np.uint64)


def pages(run: Run, chosen: list[Chosen], excerpt_chars: int) -> list[dict[str, Any]]:
    """The chosen pages described, in the order given; strings from outside are made visible."""
    by_shard: dict[int, list[str]] = defaultdict(list)
    for _, doc_id, number in chosen:
        by_shard[number].append(doc_id)
    known: dict[str, dict[str, Any]] = {}
    for number, doc_ids in sorted(by_shard.items()):
        described = describe(run, run.shards[number], doc_ids, excerpt_chars)
        known.update({page["doc_id"]: page for page in described})
    found = [known[doc_id] for _, doc_id, _ in chosen if doc_id in known]
    for page in found:
        for name, value in page.items():
            page[name] = visible(value) if isinstance(value, str) else value
    return found


def _ledger(run: Run, with_records: bool) -> Iterator[tuple[int, pa.Table]]:
    """Shard number, and doc_id, language, outcome and reason of its pages: all, then documents."""
    columns = ["doc_id", "tag", "outcome", "reason"]
    for number, shard in enumerate(run.shards):
        for output in [shard.decisions, *([shard.records] if with_records else [])]:
            yield number, run.read(output, columns)


def _kinds(table: pa.Table) -> tuple[list[tuple[str, str, str | None]], NDArray[np.int64]]:
    """Distinct (language, outcome, reason) of a table, and which one each row has."""
    code = np.zeros(table.num_rows, np.int64)
    names: list[list[Any]] = []
    for column in ("tag", "outcome", "reason"):
        made = table.column(column).combine_chunks().dictionary_encode("encode")
        names.append(made.dictionary.to_pylist())
        code = code * len(names[-1]) + made.indices.to_numpy()
    found, kind_of = np.unique(code, return_inverse=True)
    kinds = []
    for one in found.tolist():
        rest, reason = divmod(one, len(names[2]))
        tag, outcome = divmod(rest, len(names[1]))
        kinds.append((names[0][tag], names[1][outcome], names[2][reason]))
    return kinds, kind_of


def _is_wanted(
    found: tuple[str, str, str | None], wanted: tuple[str | None, str | None, str | None]
) -> bool:
    tag, outcome, reason = wanted
    return (
        (tag is None or found[0] == tag)
        and (outcome is None or found[1] == outcome)
        and (reason is None or found[2] == reason or (found[2] or "").startswith(f"{reason}."))
    )


def _tag(language: str) -> str:
    """The tag meant; a tag that is not European is taken as it is."""
    code, _, script = language.partition("_")
    try:
        return tags.normalise(language)
    except ValueError as error:
        if len(code) == 3 and len(script) == 4 and language.replace("_", "").isalpha():
            return f"{code.lower()}_{script.title()}"
        raise ConfigError("--language", str(error)) from None


def _check(outcome: str | None, reason: str | None, n: int) -> None:
    if outcome is not None and outcome not in OUTCOMES:
        raise ConfigError("--outcome", f"unknown outcome {outcome!r}", f"one of {_list(OUTCOMES)}")
    if not 1 <= n <= MAX_SAMPLE:
        raise ConfigError("--n", f"{n} is not between 1 and {MAX_SAMPLE}")
    parts = {name.partition(".")[0]: None for name in schema.REASONS}
    if reason is not None and reason not in parts and schema.reason(reason) is None:
        near = difflib.get_close_matches(reason, [*schema.REASONS, *parts], n=3, cutoff=0.4)
        hint = f"did you mean {_list(near)}?" if near else f"it begins with {_list([*parts])}"
        raise ConfigError("--reason", f"unknown reason {reason!r}", hint)


def _list(names: Mapping[str, None] | tuple[str, ...] | list[str]) -> str:
    return ", ".join(names)


def _command(
    run: Run, tag: str | None, outcome: str | None, reason: str | None, n: int, seed: int
) -> str:
    """The command that shows the same pages."""
    options = {"--language": tag, "--outcome": outcome, "--reason": reason}
    given = [part for name, value in options.items() if value for part in (name, value)]
    return shlex.join(["weir", "sample", str(run.path), *given, "--n", str(n), "--seed", str(seed)])
