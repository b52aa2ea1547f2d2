"""A cache bounded by cost."""

from filters.recent import Recent


def asked_of(max_cost: int) -> tuple[Recent[int, str], list[int]]:
    seen: list[int] = []

    def answer(number: int) -> tuple[str, int]:
        seen.append(number)
        return str(number), number

    return Recent(answer, max_cost), seen


def test_what_was_asked_last_is_not_asked_again() -> None:
    recent, seen = asked_of(100)
    assert [recent(n) for n in (1, 2, 1, 2, 1)] == ["1", "2", "1", "2", "1"]
    assert seen == [1, 2]


def test_the_oldest_goes_when_all_together_cost_too_much() -> None:
    recent, seen = asked_of(100)
    for n in (21, 22, 23, 24, 21, 25):  # 22 is the oldest when 25 comes
        recent(n)
    seen.clear()
    for n in (21, 23, 24, 25, 22):
        recent(n)
    assert seen == [22]


def test_a_large_answer_does_not_push_the_others_out() -> None:
    recent, seen = asked_of(100)
    assert [recent(n) for n in (3, 1000, 1000, 3, 2000, 1000)] == [
        "3", "1000", "1000", "3", "2000", "1000",
    ]  # fmt: skip
    assert seen == [3, 1000, 2000, 1000]
