"""One target under atheris, until its runs or seconds are over: `python -m tests.fuzz.one pii ...`.

Arguments after the target's name are libFuzzer's own. Called by `tests.fuzz.run`.
"""

import importlib
import sys

import atheris

from tests.fuzz.targets import DETECTORS, NUMBERS, TARGETS

COMPILED = [
    "filters.byte_loops",
    "filters.compiled",
    "filters.linkage_loops",
    "filters.loops",
    "filters.merge_loops",
    "filters.minhash_loops",
    "filters.sieve_loops",
]
"""numba compiles these: it does not know what atheris puts in."""


SLOW = ("filters.folding", *DETECTORS, *NUMBERS, "filters.pii", "filters.addresses")
"""Personal data in addresses is looked for by many targets: three quarters of their time, if these
are instrumented as well."""


def main() -> None:
    """Fuzz the target that the first argument names."""
    target = TARGETS[sys.argv[1]]
    for name in SLOW:  # `include` means whole packages; what is imported already is left alone
        if name in target.instrumented:
            break
        importlib.import_module(name)
    with atheris.instrument_imports(include=list(target.instrumented), exclude=COMPILED):
        check = target.check()
    # libFuzzer calls its first argument through the shell to merge corpora.
    again = f"{sys.executable} -m tests.fuzz.one {sys.argv[1]}"
    atheris.Setup([again, *sys.argv[2:]], check)
    atheris.Fuzz()


main()
