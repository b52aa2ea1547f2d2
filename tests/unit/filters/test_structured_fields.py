from __future__ import annotations

import pytest

from filters.structured_fields import parse_dictionary


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", {}), ("a=b, c", {"a": "b", "c": None}), ("a=b;p;q=1, c=d", {"a": "b", "c": "d"}),
        ('a="x, y=z", b=t', {"a": None, "b": "t"}), ('a="x', None), ("a=b c=d", None),
        ("A=b", None), ("a==b", None),
        ("a=b,,c=d", None), ('a=("x" y);z, b=c', {"a": None, "b": "c"}),
        ("a=1.5, b=-2, c=@3", dict.fromkeys("abc")),
    ],
)  # fmt: skip
def test_dictionaries(value: str, expected: dict[str, str | None] | None) -> None:
    assert parse_dictionary(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        'a="x", train-ai=n', "a=?0, train-ai=n", "a=:aGk=:, train-ai=n", "train-ai=n \t",
        "a=@1659578233, train-ai=n",
        'a=%"f%c3%bc", train-ai=n', "a=-1.5, train-ai=n", "a=999999999999999, train-ai=n",
        "a=(), train-ai=n", "a=( x  y;q=1 ), train-ai=n", 'a=("(" ")"), train-ai=n',
        "a;b;c=d, train-ai=n", "a=*x/y:z, train-ai=n", " a , \t train-ai=n ", "*=1,train-ai=n",
        "train-ai=y, train-ai=n", "train-ai=n;x",
    ],
)  # fmt: skip
def test_values_of_every_type_are_passed_over(value: str) -> None:
    assert (parse_dictionary(value) or {}).get("train-ai") == "n"


@pytest.mark.parametrize(
    "value",
    [
        "a=1234567890123456", "a=1.2345", "a=1.", "a=@1.5", "a=?2", 'a="é"', "a='x'", "a=(x,y)",
        "a=(x y", "a=(x)(y)", "a=:aGk", 'a=%"%C3"', "a=b;C=1", "a=b; =1", "a=é", "a b", ",a",
        "a\tb",
        "a= b", "a =b", "1a=b", "-a", "a=(x y)z", "a=;b", 'a="x\ty"', r'a="\x"',
    ],
)  # fmt: skip
def test_what_does_not_parse_is_no_dictionary(value: str) -> None:
    assert parse_dictionary(f"{value}, train-ai=n") is None
    assert parse_dictionary(f"train-ai=n, {value}") is None
