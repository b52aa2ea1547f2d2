from __future__ import annotations

import pytest

from filters.pii import find, redact

HEX = "0123456789abcdef" * 5
WORD = "Ab3" * 40

SECRETS = {
    "aws": "AKIA" + "A2" * 8,
    "github": "ghp_" + WORD[:36],
    "gitlab": "glpat-" + WORD[:20],
    "slack": "xoxb-" + "1" * 12 + "-" + WORD[:24],
    "google": "AIza" + WORD[:35],
    "stripe": "sk_live_" + WORD[:24],
    "openai": "sk-proj-" + WORD[:48],
    "huggingface": "hf_" + WORD[:34],
    "npm": "npm_" + WORD[:36],
    "pypi": "pypi-AgE" + WORD[:60],
    "sendgrid": "SG." + WORD[:22] + "." + WORD[:43],
    "digitalocean": "dop_v1_" + HEX[:64],
    "shopify": "shpat_" + HEX[:32],
    "jwt": "eyJ" + WORD[:20] + ".eyJ" + WORD[:30] + "." + WORD[:43],
}


@pytest.mark.parametrize("name", SECRETS)
def test_secrets_are_known_by_their_prefix(name: str) -> None:
    text = f"key={SECRETS[name]}; or so"
    (span,) = find(text)
    assert (span.kind, span.detector) == ("SECRET", f"secret.{name}")
    assert redact(text)[0] == "key=<SECRET>; or so"


def test_a_private_key_goes_as_a_whole() -> None:
    lines = "\n".join([WORD[:64]] * 6)
    block = f"-----BEGIN RSA PRIVATE KEY-----\n{lines}\n-----END RSA PRIVATE KEY-----"
    assert redact(f"a\n{block}\nb")[0] == "a\n<SECRET>\nb"
    cut = block.rpartition("\n")[0]
    assert redact(f"a\n{cut}\n\nThe end.")[0] == "a\n<SECRET>\n\nThe end."


@pytest.mark.parametrize(
    "text",
    [
        HEX[:40],
        "sk-learn and task-force",
        "AKIA2",
        "eyJ.eyJ.eyJ",
        "-----BEGIN CERTIFICATE-----\n" + WORD[:64],
        "npm_config_registry_of_the_house",
        "xAKIA" + "A2" * 8,
        "https://x.example/" + WORD,
    ],
)
def test_what_only_looks_random_stays(text: str) -> None:
    assert redact(text) == (text, [])
