"""What reaches a worker of the driver's way to stores."""

import os

import pytest

from pipeline import remote
from pipeline.steps import Work


def test_a_worker_takes_the_drivers_keys_and_keeps_files_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        os,
        "environ",
        {"HOME": "/h", "AWS_SESSION_TOKEN": "old", "AWS_WEB_IDENTITY_TOKEN_FILE": "/mine"},
    )
    given = {
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_WEB_IDENTITY_TOKEN_FILE": "/yours",
        "GOOGLE_APPLICATION_CREDENTIALS": "/there",
    }
    remote.adopt({})
    assert len(os.environ) == 3
    remote.adopt(given)
    assert os.environ == {**given, "HOME": "/h", "AWS_WEB_IDENTITY_TOKEN_FILE": "/mine"}
    assert remote.access() == {name: v for name, v in os.environ.items() if name != "HOME"}


def test_no_message_shows_what_a_worker_is_given() -> None:
    work = Work("s3://b/run", "{}", "local", access={"AWS_SECRET_ACCESS_KEY": "hidden"})
    assert "hidden" not in repr(work.among(3))
    assert work.among(3).workers == 3


def test_ends_are_kept_while_a_task_works_and_forgotten_once_changed() -> None:
    ends = remote.Ends(max_bytes=10)
    ends.put("s3://b/a", 5, b"aaaaa")
    assert ends.get("s3://b/a") is None, "no task works"
    with ends.kept():
        for name in "abc":
            ends.put(f"s3://b/{name}", 5, name.encode() * 5)
        assert ends.get("s3://b/a") is None, "the oldest goes"
        assert ends.get("s3://b/b") == (5, b"bbbbb")
        ends.put("s3://b/d", 4, b"dddd")
        assert ends.get("s3://b/c") is None, "what was asked for last stays"
        ends.forget("s3://b/b")
        ends.forget("s3://b/b")
        assert ends.get("s3://b/b") is None
        ends.put("s3://b/e", 6, b"eeeeee")
        assert ends.get("s3://b/d") == (4, b"dddd")
        ends.put("s3://b/d", 4, b"DDDD")
    with ends.kept():
        assert ends.get("s3://b/d") == (4, b"DDDD")
