"""Where our reading of robots.txt and another parser's differ: files, and why.

A file differs if any of the agents asked for may fetch any of the paths asked for by one parser
and not by the other. Paths are made of the file's own rules. The cause is found by mending the
file, one kind of irregularity after the other, until the other agrees: the last one mended is it.

The other is Protego and, where the package is installed, gpyrobotstxt, which is Google's parser in
Python.
"""

import importlib.util
import itertools
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from protego import Protego  # type: ignore[import-untyped]

from benchmarks import measure, robots_corpus
from filters import robots, robots_text
from filters.path_patterns import normalise_pattern

AGENTS = ("CCBot", "GPTBot", "ClaudeBot", "Google-Extended", "Bytespider", "Applebot-Extended")
ORIGIN = "https://h.example"
MAX_PATHS = 60
MAX_GOOGLE_PATHS = 8
MAX_GOOGLE_BYTES = 20_000
"""Google's parser in Python reads the file again for every path and agent."""
_LINE_END = re.compile(r"\r\n|\r|\n")


def paths_of(text: str) -> list[str]:
    """Paths that the rules of a file are about, and some that they are not."""
    found = ["/", "/x", "/robots-are-here", "/a/b.html"]
    lines, _ = robots_text.directives(text, truncated=False)
    for key, value in lines:
        if key in ("allow", "disallow") and value.startswith("/"):
            plain = value.removesuffix("$").replace("*", "x")
            found += [plain, plain + "y"]
        if len(found) >= MAX_PATHS:
            break
    usable = (path for path in found if path.isascii() and path.isprintable() and "#" not in path)
    return list(dict.fromkeys(usable))


def ours(body: bytes, paths: Sequence[str]) -> list[bool]:
    """Whether we take each path as allowed to each agent."""
    parsed = robots.parse(body)
    return [not parsed.verdict([agent], path).disallowed for agent in AGENTS for path in paths]


Parser = Callable[[str, Sequence[str]], list[bool]]


def google(text: str, paths: Sequence[str]) -> list[bool]:
    """The same of Google's parser."""
    body = text.encode()
    allowed = importlib.import_module("gpyrobotstxt.robots_cc").RobotsMatcher().allowed_by_robots
    return [allowed(body, [agent], ORIGIN + path) for agent in AGENTS for path in paths]


def theirs(text: str, paths: Sequence[str]) -> list[bool]:
    """The same of Protego."""
    parsed = Protego.parse(text)
    return [parsed.can_fetch(ORIGIN + path, agent) for agent in AGENTS for path in paths]


def _lines(text: str, change: Callable[[str, str | None, str], Iterable[str]]) -> str:
    made: list[str] = []
    for line in _LINE_END.split(text):
        pairs, _ = robots_text.directives(line, truncated=False)
        key, value = pairs[0] if pairs else (None, "")
        made += change(line, key, value)
    return "\n".join(made)


def _whole_lines(text: str) -> str:
    """Only CR and LF end a line; a no-break space or a vertical tab does not."""
    return _lines(
        text, lambda line, _k, _v: [re.sub(r"[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]", " ", line)]
    )


def _without_others(text: str) -> str:
    rules = {None, "agent", "allow", "disallow", "site"}
    return _lines(text, lambda line, key, _: [line] if key in rules else [])


def _plain_agents(text: str) -> str:
    def change(line: str, key: str | None, value: str) -> list[str]:
        if key != "agent":
            return [line]
        return [f"User-agent: {name}" for name in robots.agents_of(value)] or [
            "User-agent: zz-list"
        ]

    return _lines(text, change)


def _whole_names(text: str) -> str:
    asked = {robots.product_token(agent) for agent in AGENTS} | {"*"}

    def change(line: str, key: str | None, value: str) -> list[str]:
        known = key != "agent" or robots.product_token(value) in asked
        return [line] if known else ["User-agent: zz-other"]

    return _lines(text, change)


def _plain_keys(text: str) -> str:
    names = {"agent": "User-agent", "allow": "Allow", "disallow": "Disallow"}
    return _lines(
        text, lambda line, key, value: [f"{names[key]}: {value}"] if key in names else [""]
    )


def _rules_of_paths(text: str) -> str:
    """Without rules that begin with neither "/" nor "*"."""

    def change(line: str, key: str | None, value: str) -> list[str]:
        is_odd = key in ("allow", "disallow") and value and not value.startswith(("/", "*"))
        return ["Disallow:"] if is_odd else [line]

    return _lines(text, change)


def _normal_rules(text: str) -> str:
    def change(line: str, key: str | None, value: str) -> list[str]:
        if key not in ("allow", "disallow") or not value:
            return [line]
        return [f"{key}: {normalise_pattern(value)}"]

    return _lines(text, change)


def _no_index_pages(text: str) -> str:
    """Google's parser, and Protego, take an Allow of a folder's index.html as one of the folder."""
    return re.sub(r"(?im)^([ \t]*allow[^#\r\n]*/index)\.htm", r"\1*.htm", text)


MENDINGS: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("byte order mark", lambda text: text.removeprefix("\ufeff")),
    ("past 512 KiB", lambda text: text[: robots_text.MAX_BODY_BYTES]),
    ("line ends", _whole_lines),
    ("other directive between User-agent lines", _without_others),
    ("version, list or remark in a User-agent line", _plain_agents),
    ("part of another agent's name", _whole_names),
    ("spelling of a directive", _plain_keys),
    ("index.html of a folder", _no_index_pages),
    ("rule that is no path", _rules_of_paths),
    ("escapes in a rule", _normal_rules),
)


def cause(body: bytes, paths: Sequence[str], wanted: list[bool], parser: Parser = theirs) -> str:
    """Why another parser's reading of a file differs from ours, `wanted`."""
    text = body.decode("utf-8", "replace")
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = body.decode("utf-16", "replace")
        if parser(text, paths) == wanted:
            return "UTF-16"
    for name, mend in MENDINGS:
        text = mend(text)
        if parser(text, paths) == wanted:
            return name
    return "other"


def compare(
    bodies: Iterable[bytes], parser: Parser = theirs, max_paths: int = MAX_PATHS
) -> dict[str, Any]:
    """Counts over a corpus; `laxer` are files of which the other allows what we do not."""
    causes: Counter[str] = Counter()
    statuses: Counter[str] = Counter()
    files = differing = ambiguous = invalid = prose = laxer = failed = 0
    ours_s = 0.0
    for body in bodies:
        files += 1
        started = time.thread_time()
        parsed = robots.parse(body)
        ours_s += time.thread_time() - started
        statuses[parsed.status] += 1
        text = body.decode("utf-8", "replace")
        ambiguous += any(parsed.verdict([agent], "/").ambiguous for agent in AGENTS)
        invalid += parsed.invalid_agents > 0
        prose += parsed.natural_language is not None
        paths = paths_of(robots_text.decode(body)[0])[:max_paths]
        mine = ours(body, paths)
        try:
            other = parser(text, paths)
        except (ValueError, IndexError, LookupError, TypeError, AttributeError):
            failed += 1
            continue
        if mine == other:
            continue
        differing += 1
        laxer += any(b and not a for a, b in zip(mine, other, strict=True))
        if parsed.status in ("not_robots", "not_text"):
            causes["no robots.txt: a page or other data"] += 1
        else:
            causes[cause(body, paths, mine, parser)] += 1
    return {
        "files": files,
        "statuses": dict(statuses.most_common()),
        "differ": differing,
        "other_is_laxer": laxer,
        "other_failed": failed,
        "causes": dict(causes.most_common()),
        "ambiguous_for_the_home_page": ambiguous,
        "with_invalid_agents": invalid,
        "with_reservation_in_prose": prose,
        "parse_ms_a_file": round(1000 * ours_s / max(files, 1), 3),
    }


def main() -> int:
    """Compare on each corpus that is there, and print JSON."""
    options = measure.parser("bench_robots_readings", __doc__ or "")
    options.add_argument("--protego-sdist", type=Path, help="source package of Protego, tar.gz")
    options.add_argument("--invented", type=int, default=5_000)
    options.add_argument("--seed", type=int, default=7)
    given = options.parse_args()
    found: dict[str, Any] = {
        "invented": compare(robots_corpus.invented(given.seed, given.invented)),
    }
    if given.protego_sdist:
        found["protego_sites"] = compare(robots_corpus.of_archive(given.protego_sdist))
    if measure.SHARED_DATA.is_dir():
        found["archives"] = compare(robots_corpus.of_warcs(measure.SHARED_DATA / "warc"))
    if importlib.util.find_spec("gpyrobotstxt") is not None:
        found["google_invented"] = compare(
            robots_corpus.invented(given.seed, given.invented // 10), google, MAX_GOOGLE_PATHS
        )
        if given.protego_sdist:
            some = itertools.islice(robots_corpus.of_archive(given.protego_sdist), 0, None, 4)
            small = (one for one in some if len(one) < MAX_GOOGLE_BYTES)
            found["google_sites"] = compare(small, google, MAX_GOOGLE_PATHS)
    return measure.finish("bench_robots_readings", found, given.check)


if __name__ == "__main__":
    sys.exit(main())
