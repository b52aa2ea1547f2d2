from __future__ import annotations

import pytest

from filters.safe_json import JsonError, Repeated, loads, many


def read(body: bytes) -> object:
    return loads(body, 1 << 20, 16)


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"[]", []), (b"\xef\xbb\xbf{}", {}), (b'{"a": [1, 2.5, "x", null, true]}',
        {"a": [1, 2.5, "x", None, True]}), (b"1" * 16, None), (b"1" * 100_000, None),
        (b"[NaN, Infinity]", [None, None]), (b'"' + b"[" * 99 + b'"', "[" * 99),
        (b'"\\"[[[[[[[[[[[[[[[[[[["', '"[[[[[[[[[[[[[[[[[[['), (b'"\xff"', "\ufffd"),
    ],
)  # fmt: skip
def test_values(body: bytes, value: object) -> None:
    assert read(body) == value


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", "not_json"), (b"{", "not_json"), (b"<html>", "not_json"), (b"[1,]", "not_json"),
        (b"[" * 17 + b"]" * 17, "too_deep"), (b"[" * 100_000, "too_deep"),
        (b'{"a":' * 100_000, "too_deep"), (b" " * ((1 << 20) + 1), "too_large"),
        (b'"' + b"\\" * 99_999, "not_json"),
    ],
)  # fmt: skip
def test_refusals(body: bytes, status: str) -> None:
    with pytest.raises(JsonError) as refused:
        read(body)
    assert str(refused.value) == status


def test_the_depth_that_is_allowed_is_read() -> None:
    assert read(b"[" * 16 + b"]" * 16) is not None


def test_all_values_of_a_repeated_key_are_kept() -> None:
    value = read(b'{"a": 1, "b": [2], "a": 3}')
    assert value == {"a": Repeated((1, 3)), "b": [2]}
    assert isinstance(value, dict)
    assert many(value["a"]) == (1, 3)
    assert many(value["b"]) == ([2],)
