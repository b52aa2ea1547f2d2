"""What the answer to a request for robots.txt means (RFC 9309, section 2.3).

Where no file was reached a status says why. None of them permits anything by itself: the policy
`standard` keeps such pages and counts them, `strict` takes those of `NO_ANSWER` as a reservation.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Final, Generic, Literal, TypeVar

STATUSES: Final[dict[str, str]] = {
    "rules": "a file with groups",
    "empty": "a file without groups",
    "not_robots": "a web page in place of the file (soft 404)",
    "not_text": "no text: NUL, or over a tenth of it control or undecodable characters",
    "unreadable": "its parser was killed, or it says too much",
    "none": "HTTP 400 to 499 except 429: there is no file",
    "unreachable": "HTTP 429, 5xx, no usable status, or no answer",
    "redirect_circle": "redirects lead back to where they were",
    "redirect_limit": "more than five redirects",
    "redirect_outside": "a redirect to what the snapshot does not hold, or to no address",
    "unknown": "the snapshot has no robots.txt of the host",
}
"""Every status that a host's robots.txt may have."""

NO_ANSWER: Final = frozenset(
    {
        *("not_text", "unreadable", "unreachable"),
        *("redirect_circle", "redirect_limit", "redirect_outside"),
    }
)
"""Statuses under which the site may have rules that nobody read."""

MAX_REDIRECTS: Final = 5
"""RFC 9309, 2.3.1.2: at least five consecutive redirects should be followed."""


def status_of(code: int | None) -> str | None:
    """Status by the HTTP status code alone; None where body (2xx) or redirects (3xx) decide."""
    if code is None or code < 200 or code >= 500 or code == 429:
        return "unreachable"
    if code < 400:
        return None
    return "none"


Url = TypeVar("Url", bound=Hashable)
"""A URL, or what stands for one."""


@dataclass(frozen=True)
class Redirected(Generic[Url]):
    """Where redirects end."""

    url: Url
    status: str | None
    """`redirect_circle`, `redirect_limit`, `redirect_outside`; None if `url` is no redirect."""
    hops: int


def follow(url: Url, target_of: Callable[[Url], Url | Literal[False] | None]) -> Redirected[Url]:
    """The end of the redirects that begin at `url`, after at most five hops.

    `target_of` gives the absolute URL that a URL redirects to, None if it is no redirect, and
    False if the snapshot does not hold it (or its Location is no address).
    """
    seen = {url}
    for hops in range(MAX_REDIRECTS + 1):
        target = target_of(url)
        if target is None:
            return Redirected(url, None, hops)
        if target is False:
            return Redirected(url, "redirect_outside", hops)
        if target in seen:
            return Redirected(url, "redirect_circle", hops)
        seen.add(target)
        url = target
    return Redirected(url, "redirect_limit", MAX_REDIRECTS)
