"""The house: whose packages these are, and that every module has its place."""

import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

from tests import words

ROOT = Path(__file__).parents[2]
PACKAGES = ("pipeline", "stages", "langid", "filters", "audit", "configs", "samples")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LAYERS = next(c for c in PROJECT["tool"]["importlinter"]["contracts"] if c["id"] == "layers")


@pytest.mark.parametrize("name", PACKAGES)
def test_a_package_is_provided_by_us_alone(name: str) -> None:
    """`langid` and `filters` are also names on PyPI."""
    module = __import__(name)
    assert Path(str(module.__file__)).is_relative_to(ROOT)
    assert set(metadata.packages_distributions().get(name, ())) <= {"weir-corpus"}


@pytest.mark.parametrize("package", ["pipeline", "stages"])
def test_every_module_has_its_place_in_the_layers(package: str) -> None:
    placed = {name for layer in LAYERS["layers"] for name in re.split(r"[\s:|]+", layer)}
    modules = {f"{package}.{path.stem}" for path in (ROOT / package).glob("[a-z]*.py")}
    assert modules
    assert modules - placed == set(), "place it in [tool.importlinter] of pyproject.toml"


def test_packages_that_are_one_layer_are_placed() -> None:
    placed = {name for layer in LAYERS["layers"] for name in re.split(r"[\s:|]+", layer)}
    assert {"audit", "langid", "filters"} <= placed


@pytest.mark.parametrize("package", ["filters", "langid"])
def test_text_is_not_taken_for_ascii(package: str) -> None:
    """No signal may see letters in A to Z alone (style: Greek is text as well)."""
    allowed = {"robots.py", "optout.py", "detectors.py", "models.py", "tags.py"}  # protocols, codes
    for path in sorted((ROOT / package).glob("*.py")):
        if path.name not in allowed:
            assert "[a-zA-Z]" not in path.read_text(encoding="utf-8"), path.name


def test_the_word_list_is_kept() -> None:
    assert list(words.refused(ROOT)) == []


def test_the_word_list_finds_something(tmp_path: Path) -> None:
    (tmp_path / "stages").mkdir()
    (tmp_path / "stages" / "utils.py").write_text("def drop_dump(exclude):\n    helper = 1\n")
    found = "\n".join(words.refused(tmp_path))
    assert all(word in found for word in ("utils", "dump", "exclude", "helper"))


def test_pins_name_no_addresses() -> None:
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert all(re.fullmatch(r"(#.*|[A-Za-z0-9._-]+==[A-Za-z0-9.+!-]+)?", line) for line in pins)
    pinned = {re.sub(r"[-_.]+", "-", line.partition("==")[0]).lower() for line in pins}
    for requirement in PROJECT["project"]["dependencies"]:
        name = re.sub(r"[-_.]+", "-", re.split(r"[<>=! \[]", requirement)[0]).lower()
        assert name in pinned, f"{name} has no pin in constraints.txt"
