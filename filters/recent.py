"""A cache that is bounded by what it holds, not by how much of it: files of strangers differ."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Asked = TypeVar("Asked", bound=Hashable)
Answer = TypeVar("Answer")


class Recent(Generic[Asked, Answer]):
    """Answers of a function to what was asked of it last, while they cost little together.

    `function` gives an answer and its cost. An answer that costs more than a quarter of `max_cost`
    is given, and kept only until the next question of its kind.
    """

    def __init__(self, function: Callable[[Asked], tuple[Answer, int]], max_cost: int) -> None:
        self._function, self._max_cost = function, max_cost
        self._kept: OrderedDict[Asked, tuple[Answer, int]] = OrderedDict()
        self._cost = 0
        self._large: tuple[Asked, Answer] | None = None

    def __call__(self, asked: Asked) -> Answer:
        """The function's answer, kept or new."""
        found = self._kept.get(asked)
        if found is not None:
            self._kept.move_to_end(asked)
            return found[0]
        if self._large is not None and self._large[0] == asked:
            return self._large[1]
        answer, cost = self._function(asked)
        if cost > self._max_cost // 4:
            self._large = asked, answer
            return answer
        self._kept[asked] = answer, cost
        self._cost += cost
        while self._cost > self._max_cost:
            self._cost -= self._kept.popitem(last=False)[1][1]
        return answer
