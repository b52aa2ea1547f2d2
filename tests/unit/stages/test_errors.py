"""Errors cross processes, so each must come back from a pickle as it was."""

import pickle

import pytest

from stages import errors

EXAMPLES = (
    errors.CurationError("what happened"),
    errors.ConfigError("configs/base.yaml", "gate.max_depth: too small", "make it larger"),
    errors.ConfigError("--set", "no key"),
    errors.ShardError("a.warc.gz", "no such file"),
    errors.TransientError("sandbox", "cannot start"),
    errors.DiskError("runs/mine", "disk full"),
    errors.StoreError("s3://b/key", "the store failed"),
    errors.LeaseError("s3://b/run", "its lease was taken"),
    errors.IntegrityError("run.json", "books do not balance"),
)


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda e: f"{type(e).__name__}-{len(e.args)}")
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_an_error_survives_pickling(error: errors.CurationError, protocol: int) -> None:
    again = pickle.loads(pickle.dumps(error, protocol))  # noqa: S301 - our own bytes
    assert type(again) is type(error)
    assert (again.args, str(again), vars(again)) == (error.args, str(error), vars(error))


def test_every_class_has_an_example() -> None:
    defined = {
        value
        for value in vars(errors).values()
        if isinstance(value, type) and issubclass(value, errors.CurationError)
    }
    assert {type(error) for error in EXAMPLES} == defined


def test_exit_codes_are_those_of_the_command_line() -> None:
    codes = {type(error).__name__: error.exit_code for error in EXAMPLES}
    assert codes == {
        "CurationError": 1,
        "ConfigError": 2,
        "ShardError": 4,
        "TransientError": 4,
        "DiskError": 4,
        "StoreError": 4,
        "LeaseError": 4,
        "IntegrityError": 3,
    }


def test_messages_name_the_place_and_the_remedy() -> None:
    assert str(EXAMPLES[1]) == "configs/base.yaml: gate.max_depth: too small; make it larger"
    assert str(EXAMPLES[2]) == "--set: no key"
    assert str(EXAMPLES[3]) == "a.warc.gz: no such file"


def test_every_class_says_something_of_its_own() -> None:
    said = {type(error): (type(error).__doc__ or "").strip() for error in EXAMPLES}
    assert all(text.endswith(".") for text in said.values())
    assert len(set(said.values())) == len(said)
