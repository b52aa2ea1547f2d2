"""Forms of an address, and which of them a run has."""

from pathlib import Path

import pytest

from audit import lookup, views
from audit.runs import Run
from audit.views import Views
from stages.errors import ConfigError
from tests.unit.audit.conftest import A


@pytest.fixture(scope="module")
def made(pristine: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Views]:
    run = Run(pristine)
    return run, views.opened(run, folder=tmp_path_factory.mktemp("views"))


@pytest.mark.parametrize(
    ("what", "kind"),
    [
        (A, "doc_id"),
        ("<urn:uuid:A>", "record_id"),
        ("https://a.example/x", "url"),
        ("a.example/x", "url"),
        ("a.example", "host"),
        ("*.example", "host"),
    ],
)
def test_kinds(what: str, kind: str) -> None:
    assert lookup.kind_of(what) == kind


def test_forms_of_a_url() -> None:
    found = lookup.forms("http://www.a.example/x/?q=1#part")
    assert found[0] == "http://www.a.example/x/?q=1#part"
    assert set(found[1:]) == {
        f"{scheme}://{host}/{path}?q=1"
        for scheme in ("http", "https")
        for host in ("a.example", "www.a.example")
        for path in ("x", "x/")
    }
    assert "https://a.example/" in lookup.forms("https://a.example")
    assert lookup.forms("a.example/x")[:2] == ["a.example/x", "https://a.example/x"]
    assert lookup.forms("a.example") == ["a.example", "www.a.example"]
    assert lookup.forms("www.a.example") == ["www.a.example", "a.example"]
    assert lookup.forms("*.example") == ["*.example"]
    assert lookup.forms(A) == [A]


@pytest.mark.parametrize(
    "what", ["ftp://a.example/x", "https://[::1/x", "javascript:alert(1)//", "://", "/", "//"]
)
def test_what_is_no_web_address_has_no_other_forms(what: str) -> None:
    assert lookup.forms(what)[0] == what
    assert all(form.startswith(("http", what)) for form in lookup.forms(what))


def test_the_address_as_written_comes_first(made: tuple[Run, Views]) -> None:
    found = lookup.look_up(*made, "https://a.example/fin_Latn")
    assert found.tried == (("https://a.example/fin_Latn", 1),)
    assert len(found.places) == 1
    assert found.snapshot == made[0].snapshot


def test_another_form_is_found_and_named(made: tuple[Run, Views]) -> None:
    found = lookup.look_up(*made, "http://www.a.example/fin_Latn/#top")
    assert len(found.places) == 1
    assert [form for form, n in found.tried if n] == ["https://a.example/fin_Latn"]
    assert found.tried[0] == ("http://www.a.example/fin_Latn/#top", 0)


def test_what_was_never_read_lists_what_was_tried(made: tuple[Run, Views]) -> None:
    found = lookup.look_up(*made, "https://nowhere.example/x")
    assert found.places == ()
    assert len(found.tried) == 8
    assert not any(n for _, n in found.tried)


def test_too_long_an_address_is_refused(made: tuple[Run, Views]) -> None:
    with pytest.raises(ConfigError, match="more than 8,192 characters"):
        lookup.look_up(*made, "https://a.example/" + "x" * 9000)
