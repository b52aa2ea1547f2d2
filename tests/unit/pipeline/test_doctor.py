"""The doctor: what it asks of a machine, and what it must never say."""

from pathlib import Path

import pytest

from pipeline import bounds, config, doctor, lists, machine, ordeals, sandbox
from pipeline.checks import FAIL, OK, WARN, Check

SETTINGS = config.load("europe").run


def wanted(output: Path, **more: object) -> doctor.Wanted:
    return doctor.Wanted(SETTINGS, str(output), **{"workers": 1, **more})  # type: ignore[arg-type]


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Two cores and room for one worker at its bound."""
    monkeypatch.setattr(machine, "cores", lambda: 2.0)
    monkeypatch.setattr(doctor, "memory_mb", lambda: bounds.worker_mb(SETTINGS))
    return monkeypatch


def test_memory_is_that_of_the_bounds(few: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert doctor._memory(wanted(tmp_path)).state == OK
    two = doctor._memory(wanted(tmp_path, workers=2))
    assert (two.state, "--workers 1" in two.remedy) == (WARN, True)
    few.setattr(doctor, "memory_mb", lambda: 512)
    assert doctor._memory(wanted(tmp_path)).state == FAIL


def test_more_workers_than_cores_are_a_warning(few: pytest.MonkeyPatch, tmp_path: Path) -> None:
    states = {
        count: next(c for c in doctor._hardware(wanted(tmp_path, workers=count))).state
        for count in (2, 3)
    }
    assert states == {2: OK, 3: WARN}


def test_packages_are_held_against_their_pins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert {one.state for one in doctor._software()} == {OK}
    pins = tmp_path / "constraints.txt"
    pins.write_text("# exact versions\nFastWARC==0.0.1\n", encoding="utf-8")
    monkeypatch.setattr(doctor, "PINS", pins)
    other = [one for one in doctor._software() if one.state != OK]
    assert [(one.name, one.state) for one in other] == [("fastwarc", WARN)]
    assert "0.0.1" in other[0].detail


def test_children_that_take_too_much_are_ended() -> None:
    found = list(doctor._children())
    names = ["killable child", "limit of CPU time", "limit of memory"]
    assert [(one.name, one.state) for one in found] == [(name, OK) for name in names], found


def test_a_child_without_limits_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    class Lenient(sandbox.Sandbox):
        def call(self, function: str, *arguments: object) -> dict[str, object]:
            return {"reason": "extract.crash"} if function != "answer" else ordeals.answer()

    monkeypatch.setattr(doctor, "Sandbox", Lenient)
    assert doctor._ordeal("limit of memory", "grow", "extract.memory").state == FAIL


def test_a_list_that_is_missing_is_named_with_its_key(tmp_path: Path) -> None:
    gate = SETTINGS.gate.model_copy(update={"block_list": str(tmp_path / "none.txt")})
    settings = SETTINGS.model_copy(update={"gate": gate})
    found = [one for one in doctor._files(doctor.Wanted(settings, "runs/x")) if one.state == FAIL]
    assert [one.name for one in found] == [lists.KEY]
    assert "block_list=null" in found[0].remedy


def test_inputs_are_tried(tmp_path: Path) -> None:
    there = tmp_path / "a.warc.gz"
    there.write_bytes(b"x" * 100)
    (found,) = doctor._inputs(wanted(tmp_path, inputs=[str(there)]))
    assert (found.state, "100 bytes" in found.detail) == (OK, True)


@pytest.mark.parametrize(
    "uri",
    [
        "https://user:secret@store.example/bucket/a.warc.gz",
        "https://store.example/bucket/a.warc.gz?X-Amz-Signature=secret",
    ],
)
def test_secrets_of_addresses_are_not_shown(uri: str) -> None:
    assert doctor._shown(uri) == "https://store.example/bucket/a.warc.gz"


def test_the_answer_says_what_to_do() -> None:
    found = doctor.answer([Check("disk", FAIL, "full", "free some"), Check("ray", WARN, "old")])
    assert [one["ok"] for one in found] == [False, True]
    said = list(doctor.text(found))
    assert said[0].startswith("FAIL  disk")
    assert said[0].endswith("full; free some")
    assert said[-1] == "2 checks: 1 failed, 1 to look at"
