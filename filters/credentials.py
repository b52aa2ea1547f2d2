"""Secrets by the prefixes that their issuers give them, so that scanners can find them.

No rule asks how random a string looks: a digest, a file name or an article number does too
(spec of rights and privacy, section 3.2: such rules have 3 % precision).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from filters.spans import Context, Span

_KEY: Final = "[A-Za-z0-9_\\-]"
# Literal beginnings, each with the pattern of the whole. Sources: the issuers' documents on secret
# scanning (GitHub, GitLab, Slack, Google, Stripe, Hugging Face, npm, PyPI, SendGrid, ...).
_PREFIXED: Final = tuple(
    (prefix, name, re.compile(pattern))
    for prefix, name, pattern in (
        ("AKIA", "aws", r"AKIA[A-Z0-9]{16}(?![A-Za-z0-9])"),
        ("ASIA", "aws", r"ASIA[A-Z0-9]{16}(?![A-Za-z0-9])"),
        ("ghp_", "github", r"ghp_[A-Za-z0-9]{36,251}+"),
        ("gho_", "github", r"gho_[A-Za-z0-9]{36,251}+"),
        ("ghu_", "github", r"ghu_[A-Za-z0-9]{36,251}+"),
        ("ghs_", "github", r"ghs_[A-Za-z0-9]{36,251}+"),
        ("ghr_", "github", r"ghr_[A-Za-z0-9]{36,251}+"),
        ("github_pat_", "github", r"github_pat_[A-Za-z0-9_]{22,244}+"),
        ("glpat-", "gitlab", rf"glpat-{_KEY}{{20,64}}+"),
        ("xox", "slack", r"xox[abeoprs]-[A-Za-z0-9\-]{10,250}+"),
        ("AIza", "google", rf"AIza{_KEY}{{35}}(?!{_KEY})"),
        ("ya29.", "google", rf"ya29\.{_KEY}{{30,512}}+"),
        ("sk_live_", "stripe", r"sk_live_[A-Za-z0-9]{20,247}+"),
        ("sk_test_", "stripe", r"sk_test_[A-Za-z0-9]{20,247}+"),
        ("rk_live_", "stripe", r"rk_live_[A-Za-z0-9]{20,247}+"),
        (
            "sk-",
            "openai",
            rf"sk-(?:(?:proj|ant|or)-{_KEY}{{20,250}}+|[A-Za-z0-9]{{40,64}}+)",
        ),
        ("hf_", "huggingface", r"hf_[A-Za-z0-9]{30,64}+"),
        ("npm_", "npm", r"npm_[A-Za-z0-9]{36,64}+"),
        ("pypi-", "pypi", rf"pypi-AgE{_KEY}{{40,500}}+"),
        ("SG.", "sendgrid", rf"SG\.{_KEY}{{20,24}}\.{_KEY}{{39,50}}+"),
        ("dop_v1_", "digitalocean", r"dop_v1_[a-f0-9]{64}"),
        ("shpat_", "shopify", r"shpat_[A-Fa-f0-9]{32}"),
        ("eyJ", "jwt", rf"eyJ{_KEY}{{10,4096}}+\.eyJ{_KEY}{{10,8192}}+\.{_KEY}{{10,2048}}+"),
    )
)
_BLOCK: Final = "-----BEGIN "
_BLOCK_HEAD: Final = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_BLOCK_END: Final = re.compile(r"-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
# A key of 16,384 bits has 13,000 characters; without its end, what looks like its lines is taken.
_MAX_BLOCK: Final = 16_384
_BLOCK_BODY: Final = re.compile(r"(?:\s{0,4}[A-Za-z0-9+/=]{16,}+){0,512}+")


def find_secret(context: Context) -> Iterator[Span]:
    """Keys and tokens with their issuer's prefix, JSON web tokens and blocks of private keys."""
    text = context.text
    for start, end in context.tokens:
        token = text[start:end]
        for prefix, name, pattern in _PREFIXED:
            if prefix in token:
                yield from _prefixed(text, start, end, prefix, name, pattern)
    yield from _blocks(text)


def _prefixed(
    text: str, start: int, end: int, prefix: str, name: str, pattern: re.Pattern[str]
) -> Iterator[Span]:
    at = text.find(prefix, start, end)
    while at >= 0:
        is_inside = at > start and (text[at - 1].isalnum() or text[at - 1] in "_-")
        match = None if is_inside else pattern.match(text, at, end)
        if match is not None:
            yield Span(at, match.end(), "SECRET", f"secret.{name}")
        at = text.find(prefix, match.end() if match else at + 1, end)


def _blocks(text: str) -> Iterator[Span]:
    """Private keys as text, whole; without its end, what looks like the lines of one."""
    at = text.find(_BLOCK)
    while at >= 0:
        head = _BLOCK_HEAD.match(text, at)
        end = at + 1
        if head is not None:
            foot = _BLOCK_END.search(text, head.end(), head.end() + _MAX_BLOCK)
            body = _BLOCK_BODY.match(text, head.end(), head.end() + _MAX_BLOCK)
            end = foot.end() if foot else body.end() if body else head.end()
            yield Span(at, end, "SECRET", "secret.private_key")
        at = text.find(_BLOCK, end)
