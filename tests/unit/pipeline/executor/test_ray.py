"""How the ends of Ray's tasks are read; `tests/integration/test_executors.py` has real ones."""

import signal
from types import SimpleNamespace
from typing import Any

import pytest
from ray import exceptions

from pipeline.executor.driver import NotStarted
from pipeline.executor.ray import Ray


def ended(cause: Exception) -> Ray:
    """A backend whose tasks end with an error of that cause."""

    def get(_: object) -> Any:
        made: Any = exceptions.RayTaskError
        raise made("call", "", cause)

    backend = object.__new__(Ray)
    vars(backend)["_ray"] = SimpleNamespace(exceptions=exceptions, get=get)
    return backend


def held_back() -> Exception:
    """What calling an ignored handler raises, in this version of Python."""
    ignored: Any = signal.Handlers.SIG_IGN
    with pytest.raises(TypeError) as raised:
        ignored(signal.SIGINT, None)
    return raised.value


@pytest.mark.parametrize("cause", [exceptions.TaskCancelledError(), held_back()])
def test_a_task_that_was_cancelled_while_it_was_loaded_was_not_started(cause: Exception) -> None:
    with pytest.raises(NotStarted):
        ended(cause).result(None)


def test_any_other_error_is_the_task_s() -> None:
    with pytest.raises(TypeError, match="unsupported operand"):
        ended(TypeError("unsupported operand")).result(None)
