"""The doctor of a store: a real one, and ones that lack something that commits rest on."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

from pipeline import remote, store_checks
from pipeline.checks import FAIL, OK, WARN, Check
from tests.integration.runs import weir

Application = Callable[[dict[str, Any], Any], Any]
BUCKET = "weir-doctor"
KEYS = {"AWS_ACCESS_KEY_ID": "name-of-a-test", "AWS_SECRET_ACCESS_KEY": "secret-of-a-test"}


@contextmanager
def serving(application: Application, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The application on a port of its own, with an empty bucket; the address of a run in it."""
    server = make_server("127.0.0.1", 0, application, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    endpoint = f"http://127.0.0.1:{server.server_port}"
    for name, value in {
        **KEYS,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_REGION": "us-east-1",
        "AWS_ALLOW_HTTP": "true",
    }.items():
        monkeypatch.setenv(name, value)
    # A bucket of its own for each server: clients are kept by bucket.
    bucket = f"{BUCKET}-{server.server_port}"
    client = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1")
    client.create_bucket(Bucket=bucket)
    try:
        yield f"s3://{bucket}/runs/new"
    finally:
        server.shutdown()


def checked(uri: str) -> dict[str, Check]:
    return {one.name: one for one in store_checks.of(uri)}


def moto() -> Application:
    made: Application = DomainDispatcherApplication(create_backend_app)
    return made


def unconditional(inner: Application) -> Application:
    """A store that does not know If-None-Match: it replaces objects."""

    def answer(environ: dict[str, Any], start: Any) -> Any:
        environ.pop("HTTP_IF_NONE_MATCH", None)
        return inner(environ, start)

    return answer


def undeletable(inner: Application) -> Application:
    """A store whose policy allows no removal."""

    def answer(environ: dict[str, Any], start: Any) -> Any:
        removes = environ["REQUEST_METHOD"] == "DELETE" or "delete" in environ["QUERY_STRING"]
        if removes:
            start("403 Forbidden", [("Content-Length", "0")])
            return [b""]
        return inner(environ, start)

    return answer


def late(inner: Application) -> Application:
    """A store whose clock is years behind."""

    def answer(environ: dict[str, Any], start: Any) -> Any:
        def shifted(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            old = "Mon, 12 Jan 2026 00:00:00 GMT"
            kept = [(k, old if k.lower() == "last-modified" else v) for k, v in headers]
            return start(status, kept, *rest)

        return inner(environ, shifted)

    return answer


def test_a_sound_store_passes_and_is_left_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(moto(), monkeypatch) as uri:
        found = checked(uri)
        assert remote.listing(uri) == []
    names = ("store", "conditional write", "range read", "list", "clock", "delete")
    assert {name: one.state for name, one in found.items()} == dict.fromkeys(names, OK), found


@pytest.mark.parametrize(
    ("lacking", "name", "state"),
    [
        (unconditional, "conditional write", FAIL),
        (undeletable, "delete", FAIL),
        (late, "clock", WARN),
    ],
)
def test_a_store_that_lacks_something_is_found_out(
    lacking: Callable[[Application], Application],
    name: str,
    state: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with serving(lacking(moto()), monkeypatch) as uri:
        found = checked(uri)
    assert found[name].state == state
    assert found[name].remedy
    assert {one.state for one in found.values() if one.name != name} == {OK}


def test_a_bucket_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(moto(), monkeypatch) as uri:
        found = checked(uri.replace(BUCKET, "other"))
        assert [(one.name, one.state) for one in found.values()] == [("store", FAIL)]


def test_the_command_says_it_and_keeps_secrets(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    with serving(unconditional(moto()), monkeypatch) as uri:
        ended = weir("doctor", "--output", uri, "--workers", "1", "--json")
    assert ended.returncode == 1, ended.stderr
    document = json.loads(ended.stdout)
    failed = [one["name"] for one in document["data"]["checks"] if not one["ok"]]
    assert failed == ["conditional write"]
    assert not any(value in ended.stdout + ended.stderr for value in KEYS.values())
