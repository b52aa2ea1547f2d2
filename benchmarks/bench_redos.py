"""Every pattern of the code base on strings made against it, twice and four times as long.

Patterns are found, not listed: all `re.Pattern` objects that modules of the core hold, in whatever
container. Strings are made of a pattern's own parse tree: what comes before a repetition, the
repetition's body many times over, and an end that does not fit; and of common letters. A pattern is
tried by the methods that the code calls on its name, `search` where it calls none that can be seen.

`growth` is how often longer it takes on twice as much, in the worst of its strings: 2 is linear,
4 quadratic. Times under `FLOOR_S` are not told from noise.
"""

import importlib
import itertools
import pkgutil
import re
import re._parser as sre
import signal
import statistics
import sys
import time
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import regex

from benchmarks import measure

PACKAGES = ("filters", "stages", "langid", "audit", "pipeline")
METHODS = ("search", "match", "fullmatch", "finditer", "sub", "split")
SIZES = (4_000, 8_000, 16_000)
LARGER = (32_000, 64_000, 128_000)
"""Tried where growth looks like more than `DOUBTFUL`: on small times other work shows."""
DOUBTFUL = 2.5
FLOOR_S = 0.002
LIMIT_S = 5
"""Of one call: what takes longer has no growth that is worth measuring."""
ROUNDS = 3
ENDS = ("", "\0", "!", "\n\n")
LETTERS = (
    "a",
    " ",
    "0",
    ".",
    "-",
    "@",
    "%",
    "<",
    "/",
    "\n",
    "a.",
    "a@",
    "a ",
    "0 ",
    "0-",
    "A1",
    "é",
)
MAX_NESTED = 4
COMPILED = (re.Pattern, regex.Pattern)
TOO_LONG = float("inf")


class _TooLongError(Exception):
    pass


def patterns() -> dict[str, tuple[Any, tuple[str, ...]]]:
    """Every pattern by where it is held, and the methods it is used by."""
    modules = [
        importlib.import_module(found.name)
        for name in PACKAGES
        for found in pkgutil.walk_packages(importlib.import_module(name).__path__, f"{name}.")
        if not found.name.endswith("__main__")
    ]
    sources = [_source(module) for module in modules]
    found: dict[int, tuple[str, Any]] = {}
    for module in modules:
        for name, value in sorted(vars(module).items()):
            for place, pattern in _inside(value, f"{module.__name__}.{name}", MAX_NESTED):
                found.setdefault(id(pattern), (place, pattern))
    return {place: (pattern, _methods(place, sources)) for place, pattern in found.values()}


def _source(module: types.ModuleType) -> str:
    path = module.__file__
    return open(path, encoding="utf-8").read() if path else ""


def _inside(value: Any, place: str, deep: int) -> Iterator[tuple[str, Any]]:
    if isinstance(value, COMPILED):
        yield place, value
    elif deep and isinstance(value, Mapping):
        for key, item in list(value.items()):
            yield from _inside(item, f"{place}[{key!r}]", deep - 1)
    elif deep and isinstance(value, list | tuple | set | frozenset):
        for number, item in enumerate(value):
            yield from _inside(item, f"{place}[{number}]", deep - 1)
    elif deep and hasattr(value, "__dataclass_fields__") and not isinstance(value, type):
        for name in value.__dataclass_fields__:
            yield from _inside(getattr(value, name, None), f"{place}.{name}", deep - 1)


def _methods(place: str, sources: Sequence[str]) -> tuple[str, ...]:
    name = place.rpartition(".")[2]
    if not name.isidentifier():
        return ("search",)
    called = re.compile(rf"\b{name}\.({'|'.join(METHODS)})\b")
    found = {m for source in sources if name in source for m in called.findall(source)}
    anchored = tuple(sorted(found & {"match", "fullmatch"}))
    return anchored if found and found <= {"match", "fullmatch"} else ("search",)


def strings(pattern: Any) -> Iterator[Callable[[int], str]]:
    """Makers of strings of about so many characters, made against the pattern."""
    text = (
        pattern.pattern if isinstance(pattern.pattern, str) else pattern.pattern.decode("latin-1")
    )
    try:
        tree = sre.parse(text, pattern.flags & (re.VERBOSE | re.IGNORECASE))
    except re.error:  # what the package `regex` alone understands
        tree = ()
    for before, body in _repeats(tree, ""):
        for end in ENDS:
            yield lambda size, a=before, b=body, e=end: a + b * (size // max(1, len(b))) + e
            yield (
                lambda size, a=before, b=body, e=end: (a + b + e) * (size // (len(a + b + e) or 1))
            )
    for letter in LETTERS:
        yield lambda size, b=letter: b * (size // len(b))


def _repeats(tree: Any, before: str) -> Iterator[tuple[str, str]]:
    """What precedes each repetition, and one turn of it."""
    so_far = before
    for kind, value in tree:
        name = str(kind)
        if name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            yield so_far, _sample(value[2]) or "a"
            yield from _repeats(value[2], so_far)
        elif name in ("SUBPATTERN", "ATOMIC_GROUP"):
            yield from _repeats(value[-1] if name == "SUBPATTERN" else value, so_far)
        elif name == "BRANCH":
            for part in value[1]:
                yield from _repeats(part, so_far)
        so_far += _sample([(kind, value)])


def _sample(tree: Any) -> str:
    """A string that fits, as far as its tree says."""
    return "".join(_one(str(kind), value) for kind, value in tree)


def _one(kind: str, value: Any) -> str:  # noqa: PLR0911 - one for each kind of node
    if kind == "LITERAL":
        return chr(value)
    if kind == "NOT_LITERAL":
        return "a" if value != ord("a") else "b"
    if kind == "ANY":
        return "a"
    if kind == "IN":
        return _of_set(value)
    if kind in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
        return _sample(value[2]) * min(max(1, value[0]), 20)
    if kind == "SUBPATTERN":
        return _sample(value[-1])
    if kind == "ATOMIC_GROUP":
        return _sample(value)
    if kind == "BRANCH":
        return _sample(value[1][0])
    return ""


def _of_set(items: Any) -> str:
    if str(items[0][0]) == "NEGATE":
        out = {chr(value) for kind, value in items[1:] if str(kind) == "LITERAL"}
        return next(letter for letter in "a0 .é~" if letter not in out)
    kind, value = items[0]
    name = str(kind)
    if name == "LITERAL":
        return chr(value)
    if name == "RANGE":
        return chr(value[0])
    return {"CATEGORY_DIGIT": "0", "CATEGORY_SPACE": " ", "CATEGORY_WORD": "a"}.get(str(value), "a")


def seconds(pattern: Any, method: str, text: str) -> float:
    """The least of some calls; infinity beyond the limit."""
    data: Any = text if isinstance(pattern.pattern, str) else text.encode("utf-8")
    call = getattr(pattern, method)
    taken = []
    try:
        for _ in range(ROUNDS):
            signal.setitimer(signal.ITIMER_REAL, LIMIT_S)
            began = time.thread_time()
            call(data)
            taken.append(time.thread_time() - began)
            signal.setitimer(signal.ITIMER_REAL, 0)
            if taken[-1] > LIMIT_S / 10:
                break
    except _TooLongError:
        return TOO_LONG
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return min(taken)


def growth(pattern: Any, methods: Sequence[str]) -> tuple[float, float]:
    """Growth at twice the size and seconds at the largest, on the string that takes longest."""
    worst = (0.0, 0.0)
    for method in methods:
        for make in strings(pattern):
            if seconds(pattern, method, make(SIZES[-1])) < FLOOR_S:
                continue
            grown, last = _grown(pattern, method, [make(size) for size in SIZES])
            if DOUBTFUL < grown < TOO_LONG:
                grown, last = _grown(pattern, method, [make(size) for size in LARGER])
            worst = max(worst, (grown, last))
            if grown == TOO_LONG:
                return worst
    return worst


def _grown(pattern: Any, method: str, texts: Sequence[str]) -> tuple[float, float]:
    taken = [seconds(pattern, method, text) for text in texts]
    if TOO_LONG in taken:
        return TOO_LONG, TOO_LONG
    return statistics.median(b / a for a, b in itertools.pairwise(taken)), taken[-1]


def _too_long(number: int, frame: object) -> None:
    del number, frame
    raise _TooLongError


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; exit code 1 if a floor is missed."""
    parser = measure.parser("bench_redos", __doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="patterns whose place has this in it")
    given = parser.parse_args(arguments)
    signal.signal(signal.SIGALRM, _too_long)
    found, told = patterns(), dict[str, dict[str, float]]()
    for place, (pattern, methods) in sorted(found.items()):
        if given.only in place:
            grown, taken = growth(pattern, methods)
            if grown:
                told[place] = {"growth": round(grown, 2), "ms": round(taken * 1000, 1)}
                measure.say(f"{grown:6.2f} {taken * 1000:9.1f} ms {place} {'/'.join(methods)}")
    worst = sorted(told.items(), key=lambda one: -one[1]["growth"])[:20]
    result = {
        "patterns": len(found),
        "measured": len(told),
        "growth": {"max": max((one["growth"] for one in told.values()), default=0.0)},
        "worst": dict(worst),
    }
    return measure.finish("bench_redos", result, given.check)


if __name__ == "__main__":
    sys.exit(main())
