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
