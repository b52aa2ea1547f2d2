"""Files of sites without personal data: what reserves reserves more, what permits goes."""

from filters import aitxt, impersonal, robots, rsl, tdmrep

MAIL = "someone@mail.example"
ENCODED = "someone%40mail.example"
ROBOTS = f"""# {MAIL}
User-agent: *
Disallow: /people/{MAIL}/x
Disallow: /search?q={ENCODED}
Allow: /people/{MAIL}
Allow: /people/list
Content-Signal: /people/{MAIL} ai-train=no
License: https://a.example/rsl?for={MAIL}
"""


def test_robots_txt() -> None:
    made = impersonal.of_robots(robots.parse(ROBOTS.encode()))
    assert "someone" not in made.to_json()
    (group,) = made.groups
    assert [str(rule) for rule in group.rules] == [
        "Disallow: /people/" + "*" * 7 + "@" + "*" * 14,
        "Disallow: /search?q=" + "*" * 7 + "%40" + "*" * 12,
        "Allow: /people/list",
    ]
    assert group.content_signals[0].pattern == "/people/" + "*" * 7 + "@" + "*" * 12
    assert made.verdict(["GPTBot"], "/people/another@mail.example").disallowed
    assert not made.verdict(["GPTBot"], "/people/list").disallowed


def test_a_file_without_persons_is_as_it_was() -> None:
    text = "User-agent: *\nDisallow: /2026/01/12/\nDisallow: /*?page=\nAllow: /a@\n"
    parsed = robots.parse(text.encode())
    assert impersonal.of_robots(parsed) == parsed


def test_tdmrep_json() -> None:
    body = f"""[{{"location": "/people/{MAIL}", "tdm-reservation": 1,
            "tdm-policy": "mailto:{MAIL}"}},
        {{"location": "/open/{MAIL}", "tdm-reservation": 0}},
        {{"location": "/open", "tdm-reservation": 0}}]"""
    made = impersonal.of_tdmrep(tdmrep.parse(body.encode()))
    assert [(rule.location, rule.reservation) for rule in made.rules] == [
        ("/people/" + "*" * 7 + "@" + "*" * 12, 1),
        ("/open", 0),
    ]
    assert "someone" not in made.to_json()


def test_ai_txt() -> None:
    body = f"Training-Deny: /people/{MAIL}\nTraining-Allow: /open/{MAIL}\nTraining-Allow: /b\n"
    made = impersonal.of_ai_txt(aitxt.parse(body.encode()))
    assert (made.deny, made.allow) == (("/people/" + "*" * 7 + "@" + "*" * 12,), ("/b",))


def test_rsl() -> None:
    body = "".join(
        f'<content url="/{name}/{MAIL}"><license><{kind} type="usage">ai-train</{kind}></license>'
        "</content>"
        for name, kind in (("a", "prohibits"), ("b", "permits"))
    )
    document = f'<rsl xmlns="https://rslstandard.org/rsl">{body}</rsl>'
    made = impersonal.of_rsl(rsl.parse(document.encode()))
    assert [content.pattern for content in made.contents] == ["/a/" + "*" * 7 + "@" + "*" * 12]


def test_a_shorter_permission_does_not_come_to_decide() -> None:
    """Found by fuzzing: a pattern that was cut lost to those that it had been longer than."""
    path = f"/people/{MAIL}"
    text = f"User-agent: *\nAllow: /people/some\nDisallow: {path}\n"
    file = robots.parse(text.encode())
    assert file.verdict(["GPTBot"], path).disallowed
    assert impersonal.of_robots(file).verdict(["GPTBot"], path).disallowed
    body = (
        f'<rsl><content url="{path}"><license><payment type="purchase"/></license></content>'
        '<content url="/people/"><license><permits>ai-train</permits></license></content></rsl>'
    )
    document = rsl.parse(body.encode())
    assert document.verdict(path) == rsl.ON_TERMS
    assert impersonal.of_rsl(document).verdict(path) == rsl.ON_TERMS


def test_a_permission_for_one_person_holds_for_nobody_else() -> None:
    text = f"Content-Usage: /people/ train-ai=n\nContent-Usage: /people/{MAIL} train-ai=y\n"
    made = impersonal.of_robots(robots.parse(text.encode()))
    verdict = made.verdict(["GPTBot"], "/people/another@mail.example")
    assert verdict.content_usages == ("train-ai=n",)
