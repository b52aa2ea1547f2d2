"""How often Python looks for cycles of objects that nothing refers to any more.

By default after every 700 new objects, over and over through whatever young objects there are: a
sixth of a run's processor time, for hardly any cycle (docs/experiments.md).
"""

import atexit
import gc

NEW_OBJECTS = 100_000
"""Twenty megabytes or so, of which nearly all go by themselves, without being looked for."""
YOUNG_ROUNDS, MIDDLE_ROUNDS = 50, 100


def look_seldom() -> None:
    """From now on in this process; and not at all when it ends. Doing it again changes nothing."""
    if gc.get_threshold()[0] != NEW_OBJECTS:
        gc.set_threshold(NEW_OBJECTS, YOUNG_ROUNDS, MIDDLE_ROUNDS)
        atexit.register(gc.freeze)
