"""Pages to look at, chosen by hash: whoever asks with the same seed sees the same ones."""

import difflib
import hashlib
import heapq
import shlex
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from audit.runs import Run
from audit.trace import describe
from langid import tags
from stages import schema
from stages.errors import ConfigError

EXCERPT_CHARS = 600
OUTCOMES = (schema.KEEP, schema.REJECT, schema.QUARANTINE)
MAX_SAMPLE = 10_000

Chosen = tuple[int, str, int]
"""(rank, doc_id, number of its shard); a small rank is chosen first."""

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
    """Up to n pages by smallest hash of seed and doc_id, with their `sha256` and `command`.

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
    """The n pages of smallest hash in each group, in one pass over the ledger.

    `group` maps (language, outcome, reason) to a group, or None to leave the page out.
    """
    heaps: dict[tuple[str, ...], list[Chosen]] = defaultdict(list)
    for number, doc_id, found in _ledger(run, with_records):
        if not _is_wanted(found, wanted):
            continue
        key = group(found)
        if key is None:
            continue
        entry = (-rank(seed, doc_id), doc_id, number)
        heap = heaps[key]
        if len(heap) < n:
            heapq.heappush(heap, entry)
        elif heap and entry > heap[0]:
            heapq.heapreplace(heap, entry)
    return {
        key: sorted((-rank, doc_id, number) for rank, doc_id, number in heap)
        for key, heap in heaps.items()
    }


def rank(seed: int, doc_id: str) -> int:
    """Place of a page in the order of a seed: the same for everybody, the smallest come first."""
    digest = hashlib.blake2b(f"{seed}:{doc_id}".encode(), digest_size=8).digest()
    return int.from_bytes(digest)


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


def _ledger(run: Run, with_records: bool) -> Iterator[tuple[int, str, tuple[str, str, str | None]]]:
    """(shard number, doc_id, (language, outcome, reason)) of every page, its last word."""
    columns = ["doc_id", "tag", "outcome", "reason"]
    for number, shard in enumerate(run.shards):
        outputs = [shard.decisions, *([shard.records] if with_records else [])]
        for output in outputs:
            table = run.read(output, columns)
            rows = zip(*(table.column(name).to_pylist() for name in columns), strict=True)
            for doc_id, tag, outcome, reason in rows:
                if outcome != schema.PASS:
                    yield number, doc_id, (tag, outcome, reason)


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
