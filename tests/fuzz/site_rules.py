"""Target `robots`: what sites publish for machines, in each of its formats.

The first byte chooses the format. A first line that begins with a slash is the path that is asked
for; the rest is the file.
"""

from collections.abc import Callable

from filters import aitxt, impersonal, json_ld, optout, robots, rsl, tdmrep
from filters.path_patterns import Patterns, matches, normalise_path, normalise_pattern
from filters.rights import reserving
from filters.structured_fields import parse_dictionary

AGENTS = ("CCBot", "GPTBot/1.0", "a")
VERDICTS = frozenset({"reserved", "allowed", "unknown"})


def slowly(pattern: str, path: str) -> bool:
    """Whether a pattern matches the start of a path, by every place it may be in (RFC 9309, 2.2.3).

    Both are normalised.
    """
    is_whole = pattern.endswith("$")
    places = {0}
    for sign in pattern.removesuffix("$"):
        if sign == "*":
            places = set(range(min(places), len(path) + 1)) if places else places
        else:
            places = {at + 1 for at in places if path[at : at + 1] == sign}
    return len(path) in places if is_whole else bool(places)


def ruled(groups: tuple[robots.Group, ...], agents: tuple[str, ...], path: str) -> bool:
    """Whether groups disallow a path for any of some agents, rule by rule."""
    if path == "/robots.txt":
        return False
    named = {agent for group in groups for agent in group.agents}
    for agent in map(robots.product_token, agents):
        asked = agent if agent in named else "*"
        rules = [rule for group in groups if asked in group.agents for rule in group.rules]
        fitting = [rule for rule in rules if slowly(rule.pattern, path)]
        longest = max((len(rule.pattern) for rule in fitting), default=0)
        closest = [rule for rule in fitting if len(rule.pattern) == longest]
        if closest and not any(rule.allow for rule in closest):
            return True
    return False


def hold(findings: list[optout.Finding], stored: list[optout.Finding]) -> None:
    """Verdicts are known ones, and what is stored without persons reserves no less."""
    assert {finding.verdict for finding in (*findings, *stored)} <= VERDICTS
    before, after = set(reserving(findings)), set(reserving(stored))
    if "robots" in after:  # readings that differed may now agree on this
        before.discard("robots_ambiguous")
    assert before <= after


def of_robots(body: bytes, path: str) -> None:
    """robots.txt: decided as rule by rule, kept as JSON, and stored without persons."""
    parsed = robots.parse(body)
    again = robots.Robots.from_json(parsed.to_json())
    assert again == parsed
    verdict = parsed.verdict(AGENTS, path)
    assert again.verdict(AGENTS, path) == verdict
    assert verdict.disallowed == ruled(parsed.groups, AGENTS, normalise_path(path))
    stored = impersonal.of_robots(parsed)
    assert impersonal.of_robots(stored) == stored
    before = optout.from_robots(parsed, parsed.status, AGENTS, path)
    hold(before, optout.from_robots(stored, stored.status, AGENTS, path))


def of_tdmrep(body: bytes, path: str) -> None:
    """tdmrep.json: the first rule that matches decides."""
    parsed = tdmrep.parse(body)
    assert tdmrep.TdmFile.from_json(parsed.to_json()) == parsed
    target = normalise_path(path)
    fitting = (rule for rule in parsed.rules if slowly(rule.location, target))
    assert parsed.find(path) == next(fitting, None)
    stored = impersonal.of_tdmrep(parsed)
    assert impersonal.of_tdmrep(stored) == stored
    hold(optout.from_tdmrep(parsed, path), optout.from_tdmrep(stored, path))


def of_ai_txt(body: bytes, path: str) -> None:
    """ai.txt, in both of its formats."""
    parsed = aitxt.parse(body)
    assert aitxt.AiTxt.from_json(parsed.to_json()) == parsed
    stored = impersonal.of_ai_txt(parsed)
    assert impersonal.of_ai_txt(stored) == stored
    before = optout.from_ai_txt(parsed, AGENTS, path)
    hold(before, optout.from_ai_txt(stored, AGENTS, path))


def of_rsl(body: bytes, path: str) -> None:
    """RSL: read without document type declarations."""
    parsed = rsl.parse(body)
    assert rsl.RslDocument.from_json(parsed.to_json()) == parsed
    assert parsed.status in rsl.STATUSES
    stored = impersonal.of_rsl(parsed)
    assert impersonal.of_rsl(stored) == stored
    hold(optout.from_rsl(parsed, path), optout.from_rsl(stored, path))


def of_json_ld(body: bytes, path: str) -> None:
    """JSON-LD of a page, and dictionaries of structured fields."""
    del path
    text = body.decode("utf-8", "replace")
    found = json_ld.read([text, text])
    assert found.unreadable in (0, 2)
    assert found.licences == json_ld.read([text]).licences
    members = parse_dictionary(text)
    if members:
        plain = {key: value for key, value in members.items() if value is not None}
        written = ", ".join(f"{key}={value}" for key, value in plain.items())
        assert parse_dictionary(written) == plain


def of_patterns(body: bytes, path: str) -> None:
    """Patterns: looked up in a list as one by one, and as by every place."""
    lines = body.decode("utf-8", "surrogateescape").split("\n")[:8]
    patterns = [normalise_pattern(line) for line in lines if line]
    target = normalise_path(path)
    fitting = [at for at, pattern in enumerate(patterns) if slowly(pattern, target)]
    assert fitting == [at for at, pattern in enumerate(patterns) if matches(pattern, target)]
    listed = Patterns(patterns)
    assert sorted(listed.matching(target)) == fitting
    assert listed.first(target) == (fitting[0] if fitting else None)
    for line, pattern in zip(filter(None, lines), patterns, strict=True):
        assert normalise_pattern(pattern) == pattern, line
    assert normalise_path(target.replace("%2A", "*").replace("%24", "$")) == target


FORMATS: tuple[Callable[[bytes, str], None], ...] = (
    *(of_robots, of_robots, of_robots, of_tdmrep, of_ai_txt, of_rsl, of_json_ld, of_patterns),
)


def check(data: bytes) -> None:
    """The properties of the format that the first byte chooses."""
    if not data:
        return
    body, path = data[1:], "/"
    if body.startswith(b"/"):
        line, _, body = body.partition(b"\n")
        path = line.decode("utf-8", "replace")
    FORMATS[data[0] % len(FORMATS)](body, path)
