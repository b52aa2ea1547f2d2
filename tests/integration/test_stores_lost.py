"""A driver that loses its lease, and a store that goes away: each ends the run with its own error.

The same command goes on, and ends in the same bytes.
"""

import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipeline import lease, manifest, remote, runner
from pipeline.places import Remote
from stages.errors import LeaseError
from tests.integration.runs import configured
from tests.integration.store_faults import Faults, proxy
from tests.integration.store_server import BUCKET, environment

if TYPE_CHECKING:
    from tests.conftest import Small

FEW = ("limits.max_quarantined_fraction=0.5", "gate.block_list=null", "limit=2")


@pytest.fixture
def store(
    store_address: tuple[str, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Remote:
    for name, value in environment(*store_address).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(remote, "FIRST_WAIT_S", 0.01)
    monkeypatch.setattr(remote, "ATTEMPTS", 3)
    remote.store.cache_clear()
    return Remote.at(f"s3://{BUCKET}/{tmp_path.name}-lost")


def test_a_lost_lease_ends_the_run_with_an_error_of_its_own(
    small: "Small", store: Remote, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease, "RENEW_S", 0.05)
    events: list[runner.Event] = []

    def listen(event: runner.Event) -> None:
        events.append(event)
        if event.kind == "task" and event.step == "extract":
            for place in (store / lease.FOLDER).glob("*"):
                place.unlink(missing_ok=True)

    options = runner.Options(store, workers=1)  # type: ignore[arg-type]
    with pytest.raises(LeaseError) as caught:
        runner.Runner(configured(small.paths, FEW), options, listen).start()
    assert caught.value.exit_code == 4
    assert "taken by another driver" in str(caught.value)
    assert f"weir run {store}" in str(caught.value)
    assert {event.step for event in events} <= {"prepare", "collate", "extract", ""}
    assert not list((store / lease.FOLDER).glob("*"))


@pytest.fixture
def nobody_handles_signals() -> Iterator[None]:
    """As in a fresh process: Ray, where a test started it, left its handler."""
    before = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.mark.usefixtures("nobody_handles_signals")
def test_a_lease_that_cannot_be_renewed_is_lost(
    store: Remote, store_address: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease, "RENEW_S", 0.05)
    monkeypatch.setattr(lease, "LIFETIME_S", 0.5)
    with proxy(Faults(store_address, ("503",))) as faults:
        for name, value in environment(*faults.address).items():
            monkeypatch.setenv(name, value)
        remote.store.cache_clear()

        def hold() -> None:
            with lease.hold(store, shared=False):
                faults.rate = 1.0
                threading.Event().wait(30)  # who handles no signals hears of it at once

        with pytest.raises(LeaseError, match="could not be renewed"):
            hold()
    remote.store.cache_clear()


def test_a_store_that_goes_away_ends_the_run_after_three_tasks(
    small: "Small",
    store: Remote,
    store_address: tuple[str, int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    resolved = configured(small.paths, FEW)
    options = runner.Options(store, workers=1)  # type: ignore[arg-type]
    events: list[runner.Event] = []
    with proxy(Faults(store_address, ("reset", "503"))) as faults:
        for name, value in environment(*faults.address).items():
            monkeypatch.setenv(name, value)
        remote.store.cache_clear()

        def listen(event: runner.Event) -> None:
            events.append(event)
            if event.kind == "step" and event.step == "judge":
                faults.rate = 1.0

        result = runner.Runner(resolved, options, listen).start()
        asked = sum(faults.seen.values())
        faults.rate = 0.0
    assert result.exit_code == runner.PARTIAL
    (problem,) = result.problems
    assert f"s3://{BUCKET}/" in problem
    assert problem.endswith(f"go on with: weir run {store}")
    assert sum(event.kind == "error" for event in events) == 1
    assert asked < 2000

    for name, value in environment(*store_address).items():
        monkeypatch.setenv(name, value)
    remote.store.cache_clear()
    (store / lease.FOLDER).below()
    for place in (store / lease.FOLDER).glob("*"):
        place.unlink(missing_ok=True)  # as after two minutes
    assert runner.Runner(resolved, options).start().exit_code == 0
    assert {made.step for made in manifest.every(store)} >= {"extract", "judge", "compact"}
