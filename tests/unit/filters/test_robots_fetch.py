from __future__ import annotations

import pytest

from filters.robots_fetch import MAX_REDIRECTS, NO_ANSWER, STATUSES, follow, status_of


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (200, None), (204, None), (301, None), (308, None), (400, "none"), (401, "none"),
        (403, "none"), (404, "none"), (410, "none"), (451, "none"), (429, "unreachable"),
        (500, "unreachable"), (503, "unreachable"), (599, "unreachable"), (None, "unreachable"),
        (0, "unreachable"), (100, "unreachable"), (999, "unreachable"),
    ],
)  # fmt: skip
def test_status_by_code(code: int | None, status: str | None) -> None:
    assert status_of(code) == status
    assert status is None or status in STATUSES


def test_only_an_answer_frees_a_host() -> None:
    assert set(STATUSES) - NO_ANSWER == {"rules", "empty", "not_robots", "none", "unknown"}


def chain(hops: int) -> dict[str, str | None]:
    found: dict[str, str | None] = {f"u{n}": f"u{n + 1}" for n in range(hops)}
    return found | {f"u{hops}": None}


def test_redirects_to_a_file() -> None:
    for hops in range(MAX_REDIRECTS + 1):
        end = follow("u0", chain(hops).__getitem__)
        assert (end.url, end.status, end.hops) == (f"u{hops}", None, hops)


def test_six_redirects_are_too_many() -> None:
    end = follow("u0", lambda url: chain(6).get(url, False))
    assert (end.status, end.hops) == ("redirect_limit", 5)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 50])
def test_redirects_in_a_circle(size: int) -> None:
    end = follow("u0", lambda url: f"u{(int(url[1:]) + 1) % size}")
    assert end.status == ("redirect_circle" if size <= 5 else "redirect_limit")


def test_a_redirect_to_another_host_that_the_snapshot_lacks() -> None:
    known = {"https://a.example/robots.txt": "https://b.example/robots.txt"}
    end = follow("https://a.example/robots.txt", lambda url: known.get(url, False))
    assert (end.url, end.status) == ("https://b.example/robots.txt", "redirect_outside")
    assert end.status in NO_ANSWER
