"""Reference documents out of packages: the path's language, without what was left in English."""

import gzip
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

import pytest

from audit import reference_text
from audit.reference_text import Document, Source

needs_dpkg = pytest.mark.skipif(
    shutil.which("dpkg-deb") is None, reason="dpkg-deb is not installed"
)

FINNISH = (
    "Ämpäri tehdään kuivasta puusta, ja vanteet pitävät sen koossa monta vuotta.",
    "Kun ämpäri jätetään tyhjäksi aurinkoon, puu kutistuu ja pohja alkaa vuotaa.",
    "Vanha tynnyrintekijä taivuttaa laudat tulen päällä ja lyö vanteen niiden ympäri.",
    "Vesi kannettiin ennen kaivolta kotiin joka aamu, ja talvella avanto piti pitää auki.",
    "Pieneen ämpäriin riittää kaksi vannetta, mutta tynnyriin niitä tarvitaan kuusi.",
    "Kaivon kansi on aina syytä panna paikalleen, etteivät lapset tai eläimet putoa sinne.",
)
ENGLISH = "The lid of the well is to be put back, so that nobody and nothing can fall into it."


def package(folder: Path, name: str, files: Mapping[str, bytes]) -> None:
    root = folder / f"{name}.root"
    (root / "DEBIAN").mkdir(parents=True)
    (root / "DEBIAN" / "control").write_text(
        f"Package: {name}\nVersion: 1\nArchitecture: all\n"
        "Maintainer: Nobody <nobody@example.org>\nDescription: a test\n",
        "utf-8",
    )
    for path, data in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
    archive = folder / f"{name}_1_all.deb"
    subprocess.run(
        ["dpkg-deb", "-Znone", "--root-owner-group", "--build", str(root), str(archive)],  # noqa: S607
        check=True,
        capture_output=True,
    )


def page(*paragraphs: str) -> bytes:
    body = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    return f'<page xmlns="http://projectmallard.org/1.0/">{body}</page>'.encode()


def source(reader: str) -> Source:
    return Source("own", ("tiny",), (), reader, "CC0-1.0")


@needs_dpkg
def test_pages_are_documents_and_english_paragraphs_are_dropped(tmp_path: Path) -> None:
    listed = [f"Kohta {number}" for number in range(40)]
    package(
        tmp_path,
        "tiny",
        {
            "usr/share/help/fi/own/a.page": page(*FINNISH, ENGLISH),
            "usr/share/help/fi/own/english.page": page(ENGLISH, ENGLISH + "!", FINNISH[0]),
            "usr/share/help/fi/own/short.page": page(FINNISH[0]),
            "usr/share/help/fi/own/lists.page": page(*listed, *listed),
            "usr/share/help/C/own/a.page": page(ENGLISH),
            "usr/share/help/fi/own/readme.txt": b"not read",
        },
    )
    found, packages, dropped = reference_text.harvest([tmp_path], [source("markup")])
    (document,) = found.pop("fin_Latn")
    assert document.text.splitlines() == list(FINNISH)
    assert document.source == "own/tiny"
    assert document.is_whole
    assert not found
    assert dropped == {"english": 1, "short": 2, "lists": 1}
    assert packages[0].name == "tiny"


@needs_dpkg
def test_man_pages_are_read(tmp_path: Path) -> None:
    text = ".TH X 1\n" + "".join(f".PP\n{paragraph}\n" for paragraph in FINNISH)
    package(
        tmp_path,
        "tiny",
        {
            "usr/share/man/fi/man1/x.1.gz": gzip.compress(text.encode()),
            "usr/share/man/man1/x.1.gz": gzip.compress(text.encode()),
        },
    )
    found, _, _ = reference_text.harvest([tmp_path], [source("man")])
    assert [d.text.splitlines() for d in found["fin_Latn"]] == [list(FINNISH)]


@needs_dpkg
def test_text_in_another_script_and_strange_locales_are_dropped(tmp_path: Path) -> None:
    package(
        tmp_path,
        "tiny",
        {
            "usr/share/help/ru/own/a.page": page(*FINNISH),
            "usr/share/help/ja/own/a.page": page(*FINNISH),
        },
    )
    found, _, dropped = reference_text.harvest([tmp_path], [source("markup")])
    assert not found
    assert dropped == {"script": 1, "not_european": 1}


@pytest.mark.parametrize(
    ("path", "locale"),
    [
        ("usr/share/help/fi/own/a.page", "fi"),
        ("usr/share/help/sr@latin/own/a.page", "sr@latin"),
        ("usr/share/help/C/own/a.page", "en"),
        ("usr/share/doc/HTML/pt_BR/own/index.docbook", "pt_BR"),
        ("usr/share/doc/debian-handbook/html/nb-NO/a.html", "nb-NO"),
        ("usr/share/doc/developers-reference-fr/a.html", "fr"),
        ("usr/share/doc/own/a.html", None),
    ],
)
def test_the_folder_names_the_language(path: str, locale: str | None) -> None:
    assert reference_text.folder_locale(PurePosixPath(path)) == locale


def test_the_sources_are_read_and_cover_their_packages() -> None:
    groups = reference_text.sources()
    assert {"man", "markup"} == {group.reader for group in groups}
    by_name = {group.name: group for group in groups}
    assert by_name["libreoffice-help"].covers("libreoffice-help-fi")
    assert not by_name["libreoffice-help"].covers("libreoffice-help-ja")


def test_composed_documents_use_each_sentence_of_a_source_once() -> None:
    lines = {f"{sentence[:-1]} {n}.": f"s{n % 2}" for n in range(20) for sentence in FINNISH}
    lines["Not a sentence"] = "s0"
    made = reference_text.composed(lines, "fin_Latn")
    assert made == reference_text.composed(dict(reversed(lines.items())), "fin_Latn")
    used = [line for document in made for line in document.text.splitlines()]
    assert len(used) == len(set(used))
    assert set(used) <= set(lines)
    assert len(made) >= 10
    for document in made:
        sources = {lines[line] for line in document.text.splitlines()}
        assert document.source in {f"composed/{name}" for name in sources}
        assert len(sources) == 1
        assert not document.is_whole


def test_about_half_is_held_out_by_the_text_alone() -> None:
    documents = [Document(f"text {number}", "x", is_whole=True) for number in range(400)]
    held_out = [document.is_held_out for document in documents]
    assert 150 < sum(held_out) < 250
    assert Document("text 1", "y", is_whole=False).is_held_out == held_out[1]


def test_a_page_that_repeats_itself_is_no_reference() -> None:
    assert not reference_text.repeats("\n".join(FINNISH))
    assert reference_text.repeats("\n".join([FINNISH[0]] * 6))
