import pytest

from audit.web.reading import PART, cut, excerpt

LONG = "".join(f"{number:05d} " for number in range(1000))


@pytest.mark.parametrize("text", ["", "short", "x" * 1499, LONG[:1600]])
def test_a_short_text_is_whole(text: str) -> None:
    assert excerpt(text) == [{"text": text, "gap": 0}]


def test_a_long_text_is_head_middle_and_tail() -> None:
    parts = excerpt(LONG)
    assert [len(part["text"]) for part in parts] == [PART] * 3
    assert parts[0]["text"] == LONG[:PART]
    assert parts[2]["text"] == LONG[-PART:]
    assert sum(len(part["text"]) + part["gap"] for part in parts) == len(LONG)
    assert "00500" in parts[1]["text"]


@pytest.mark.parametrize("sought", ["00200", "00800", "00001", "00950", "00999"])
def test_the_middle_is_where_the_words_are(sought: str) -> None:
    parts = excerpt(LONG, sought)
    assert any(sought in part["text"] for part in parts)
    assert sum(len(part["text"]) + part["gap"] for part in parts) == len(LONG)


@pytest.mark.parametrize(
    ("text", "at", "expected"),
    [
        ("abc", 1, 1),
        ("ae\u0301\u0323b", 2, 4),  # an e with two accents
        ("a\u0915\u094d\u200d\u0937b", 2, 5),  # joined letters
        ("a⟨U+202E⟩b", 4, 9),  # a sign for a control character
        ("abc", 0, 0),
        ("abc", 9, 3),
        ("a" + "\u0301" * 100, 2, 2),  # nothing but accents: cut all the same
    ],
)
def test_no_letter_is_cut(text: str, at: int, expected: int) -> None:
    assert cut(text, at) == expected
