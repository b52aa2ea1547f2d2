"""The training corpus: every reader on a tiny package, and what is dropped on the way."""

import io
import json
import shutil
import struct
import subprocess
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

import pytest

from langid.corpus import (
    ENGLISH,
    MIN_LETTERS,
    READERS,
    Source,
    collect,
    shingle_digests,
    sources,
)
from langid.tags import from_locale

needs_dpkg = pytest.mark.skipif(
    shutil.which("dpkg-deb") is None,
    reason="NOT RUN: dpkg-deb is missing, so no Debian archive can be built or read",
)

FINNISH = "Kiulu syntyy pienessä verstaassa"
GERMAN = "Der Eimer entsteht in der Werkstatt"
ENGLISH_TEXT = "The bucket is made in a workshop"


def source(reader: str, name: str = "own") -> Source:
    return Source(name, ("tiny*",), ("tiny-all",), reader, "CC0-1.0", permissive=True)


def package(folder: Path, files: Mapping[str, bytes], name: str = "tiny") -> Path:
    """A Debian archive with these files, beside the others in `folder`."""
    root = folder / f"{name}.root"
    control = root / "DEBIAN" / "control"
    control.parent.mkdir(parents=True)
    control.write_text(
        f"Package: {name}\nVersion: 1.2-3\nArchitecture: all\n"
        "Maintainer: Nobody <nobody@example.org>\nDescription: a test\n",
        "utf-8",
    )
    for path, data in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
    archive = folder / f"{name}_1.2-3_all.deb"
    built = ["dpkg-deb", "-Znone", "--root-owner-group", "--build", str(root), str(archive)]
    subprocess.run(built, check=True, capture_output=True)
    return archive


def catalog(messages: Mapping[str, str], order: str = "<") -> bytes:
    """A binary message catalog: header, table of originals, table of translations, strings."""
    pairs = sorted({"": "Content-Type: text/plain; charset=UTF-8\n", **messages}.items())
    count, head = len(pairs), 28
    tables, strings = [b"", b""], b""
    start = head + 16 * count
    for index in range(2):
        for pair in pairs:
            data = pair[index].encode("utf-8")
            tables[index] += struct.pack(f"{order}2I", len(data), start + len(strings))
            strings += data + b"\0"
    header = struct.pack(f"{order}7I", 0x950412DE, 0, count, head, head + 8 * count, 0, start)
    return header + tables[0] + tables[1] + strings


def language_pack(files: Mapping[str, str]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as pack:
        for name, text in files.items():
            pack.writestr(name, text)
    return stream.getvalue()


def read(reader: str, files: Mapping[str, bytes]) -> list[tuple[str, str]]:
    """What a reader finds in files of an archive, without the archive."""
    members = [(PurePosixPath(path), lambda data=data: data) for path, data in files.items()]
    return list(READERS[reader](members))


PACKAGES: dict[str, Mapping[str, bytes]] = {
    "mo": {
        "usr/share/locale/fi/LC_MESSAGES/app.mo": catalog({ENGLISH_TEXT: FINNISH}),
        "usr/share/locale/de/LC_MESSAGES/app.mo": catalog({ENGLISH_TEXT: GERMAN}),
    },
    "xpi": {
        f"usr/lib/browser/langpack-{locale}@browser.example.org.xpi": language_pack(
            {"browser/app.ftl": f"# a comment is not read {locale}\nbucket-label = {text}\n"}
        )
        for locale, text in (("fi", FINNISH), ("de", GERMAN), ("en-US", ENGLISH_TEXT))
    },
    "mediawiki": {
        f"usr/share/mediawiki/i18n/{locale}.json": json.dumps(
            {"@metadata": {"authors": ["Somebody With A Name"]}, "bucket": text}
        ).encode()
        for locale, text in (
            *(("fi", FINNISH), ("de", GERMAN), ("en", ENGLISH_TEXT)),
            ("qqq", "What a translator should know"),
        )
    },
    "html": {
        f"usr/share/doc/installation-guide-amd64/{locale}/ch01.html": (
            f"<html><head><title>x</title></head><body><p>{text}</p><p>short</p></body></html>"
        ).encode()
        for locale, text in (("fi", FINNISH), ("de", GERMAN), ("en", ENGLISH_TEXT))
    },
    "cldr": {
        f"usr/share/unicode/cldr/common/{kind}/{locale}.xml": (
            f'<?xml version="1.0"?><ldml><names><name type="x">{text}</name></names></ldml>'
        ).encode()
        for kind, locale, text in (
            ("main", "fi", FINNISH),
            ("annotations", "de", GERMAN),
            ("main", "en", ENGLISH_TEXT),
            ("collation", "sv", "En hink görs i en verkstad"),
        )
    },
}


def test_every_reader_has_a_package_here() -> None:
    assert PACKAGES.keys() == READERS.keys()


@needs_dpkg
@pytest.mark.parametrize("reader", PACKAGES)
def test_a_package_is_read(tmp_path: Path, reader: str) -> None:
    archive = package(tmp_path, PACKAGES[reader])
    lines, packages, dropped = collect(tmp_path, [source(reader)])
    assert lines == {
        "deu_Latn": {GERMAN: "own"},
        ENGLISH: {ENGLISH_TEXT: "own"},
        "fin_Latn": {FINNISH: "own"},
    }
    assert list(lines) == sorted(lines)
    assert dropped.total() == 0
    assert [(p.name, p.version, p.source, p.licence) for p in packages] == [
        ("tiny", "1.2-3", "own", "CC0-1.0")
    ]
    assert len(packages[0].sha256) == 64
    archive.rename(tmp_path / "other_1.2-3_all.deb")
    assert collect(tmp_path, [source(reader)])[:2] == ({}, [])


@needs_dpkg
def test_what_is_left_in_english_is_dropped(tmp_path: Path) -> None:
    other = "A lid keeps the water in the bucket"
    files = {
        "usr/share/mediawiki/i18n/en.json": json.dumps({"a": ENGLISH_TEXT, "b": other}).encode(),
        "usr/share/mediawiki/i18n/fi.json": json.dumps({"a": FINNISH, "b": other}).encode(),
    }
    package(tmp_path, files)
    lines, _, dropped = collect(tmp_path, [source("mediawiki")])
    assert list(lines["fin_Latn"]) == [FINNISH]
    assert list(lines[ENGLISH]) == [ENGLISH_TEXT, other]
    assert dropped == {"english": 1, "in_two_languages": 0}


@needs_dpkg
def test_text_in_another_script_than_the_language_s_is_dropped(tmp_path: Path) -> None:
    russian = "Ведро делают в маленькой мастерской"
    files = {"usr/share/mediawiki/i18n/fi.json": json.dumps({"a": russian, "b": FINNISH}).encode()}
    package(tmp_path, files)
    lines, _, dropped = collect(tmp_path, [source("mediawiki")])
    assert lines == {"fin_Latn": {FINNISH: "own"}}
    assert dropped["script"] == 1


@needs_dpkg
def test_a_line_under_two_languages_is_dropped_from_both(tmp_path: Path) -> None:
    shared = "Alfa Beta Gamma Delta Epsilon"
    files = {
        f"usr/share/mediawiki/i18n/{locale}.json": json.dumps({"a": shared, "b": text}).encode()
        for locale, text in (("fi", FINNISH), ("de", GERMAN))
    }
    package(tmp_path, files)
    lines, _, dropped = collect(tmp_path, [source("mediawiki")])
    assert lines == {"deu_Latn": {GERMAN: "own"}, "fin_Latn": {FINNISH: "own"}}
    assert dropped["in_two_languages"] == 2


@needs_dpkg
def test_a_line_with_words_of_an_evaluation_text_is_dropped(tmp_path: Path) -> None:
    text = "Jokainen kimpi höylätään vielä käsin täällä, sanoo mestari."
    files = {"usr/share/mediawiki/i18n/fi.json": json.dumps({"a": text, "b": FINNISH}).encode()}
    package(tmp_path, files)
    held = shingle_digests(["Sanotaan että JOKAINEN kimpi (höylätään) vielä käsin täällä."])
    lines, _, dropped = collect(tmp_path, [source("mediawiki")], held)
    assert lines == {"fin_Latn": {FINNISH: "own"}}
    assert dropped["in_evaluation"] == 1
    assert len(collect(tmp_path, [source("mediawiki")])[0]["fin_Latn"]) == 2


def test_shingles_are_runs_of_six_words() -> None:
    assert shingle_digests(["one two three four five"]) == frozenset()
    seven = shingle_digests(["one two three four five six seven"])
    assert len(seven) == 2
    assert shingle_digests(["Two, three 3 four five SIX seven!"]) < seven
    assert shingle_digests(["one two three four five \ud800six"])


@needs_dpkg
@pytest.mark.parametrize(
    "kept",
    [
        0,
        100,
        600,
        *(-3_000, -1),
    ],
)
def test_a_broken_archive_is_named_with_the_remedy(tmp_path: Path, kept: int) -> None:
    archive = package(tmp_path, PACKAGES["mediawiki"])
    archive.write_bytes(archive.read_bytes()[:kept])
    with pytest.raises(OSError, match="download it again") as caught:
        collect(tmp_path, [source("mediawiki")])
    assert str(archive) in str(caught.value)


def test_catalogs_have_plurals_contexts_and_both_byte_orders() -> None:
    messages = {
        "one bucket of water\0many buckets of water": "yksi kiulu vettä\0monta kiulua vettä",
        "menu\4Open the bucket lid": "Avaa kiulun kansi",
        "Unchanged and untranslated": "Unchanged and untranslated",
        "short": "lyhyt",
    }
    expected = {
        *(("en", "one bucket of water"), ("en", "many buckets of water")),
        *(("en", "Open the bucket lid"), ("en", "Unchanged and untranslated")),
        *(("fi", "yksi kiulu vettä"), ("fi", "monta kiulua vettä"), ("fi", "Avaa kiulun kansi")),
    }
    for order in "<>":
        files = {"usr/share/locale/fi/LC_MESSAGES/app.mo": catalog(messages, order)}
        assert set(read("mo", files)) == expected
    assert read("mo", {"usr/share/locale/fi/LC_MESSAGES/app.mo": b"\xde\x12\x04\x95"}) == []


def test_the_locale_of_a_catalog_may_end_its_name() -> None:
    files = {"usr/share/wordpress/languages/admin-de_DE.mo": catalog({ENGLISH_TEXT: GERMAN})}
    assert read("mo", files) == [("en", ENGLISH_TEXT), ("de_DE", GERMAN)]


def test_language_packs_have_properties_and_continued_lines() -> None:
    text = (
        "# Der Kommentar wird nicht gelesen\n"
        "[Abschnitt ohne einen Wert]\n"
        "key = Der erste Wert einer Zeile\n"
        "    und ihre eingerückte Fortsetzung\n"
        "das ist kein Schlüssel = und kein Wert dazu\n"
    )
    pack = language_pack({"a/b.properties": text, "a/b.js": "key = Der Wert im Programmtext\n"})
    assert read("xpi", {"usr/lib/langpack-de@x.xpi": pack}) == [
        ("de", "Der erste Wert einer Zeile"),
        ("de", "und ihre eingerückte Fortsetzung"),
    ]


def test_manuals_are_found_by_their_folder() -> None:
    mallard = (
        '<page xmlns="http://projectmallard.org/1.0/"><title>Kiulun tekeminen käsin</title>'
        "<p>Jokainen <em>kimpi</em> höylätään.</p><p>lyhyt</p></page>"
    ).encode()
    assert read(
        "html",
        {
            "usr/share/help/fi/app/index.page": mallard,
            "usr/share/doc/app/index.page": mallard,  # of no language
            "usr/share/help/fi/app/broken.page": b"<page><p>",
            "usr/share/help/fi/app/index.css": b"p { color: red }",
        },
    ) == [("fi", "Kiulun tekeminen käsin"), ("fi", "Jokainen kimpi höylätään.")]


def test_a_damaged_json_file_is_passed_over() -> None:
    files = {"i18n/fi.json": b"{", "i18n/de.json": json.dumps({"a": GERMAN, "b": 1}).encode()}
    assert read("mediawiki", files) == [("de", GERMAN)]


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        ("<b>Avaa</b> kiulun&nbsp;kansi nyt", "Avaa kiulun kansi nyt"),
        ("Avaa kansi: %1$s ja %d kertaa %(nimi)s", "Avaa kansi: ja kertaa"),
        ("Avaa {{GENDER:$1|kansi}} heti kiulusta $2", "Avaa heti kiulusta"),
        ("&Avaa kiulun _kansi nyt", "Avaa kiulun kansi nyt"),
        ("Katso https://example.org/kiulu tai kirjoita a@b.fi", "Katso tai kirjoita"),
        ("Kirjoita { -brand-name } tähän kenttään", "Kirjoita tähän kenttään"),
        ("Asetukset ovat config.php ja lisää.json täällä", "Asetukset ovat ja täällä"),
    ],
)
def test_markup_and_variables_are_no_text(raw: str, cleaned: str) -> None:
    assert read("mediawiki", {"i18n/fi.json": json.dumps({"a": raw}).encode()}) == [("fi", cleaned)]


def test_every_line_has_enough_letters() -> None:
    text = f"{'a' * MIN_LETTERS}\n{'b' * (MIN_LETTERS - 1)}\n12345678901234567890\n"
    found = read("mediawiki", {"i18n/fi.json": json.dumps({"a": text}).encode()})
    assert found == [("fi", "a" * MIN_LETTERS)]


@pytest.mark.parametrize(
    ("locale", "text", "tag"),
    [
        ("fi", FINNISH, "fin_Latn"),
        ("pt_BR", "O balde é feito à mão", "por_Latn"),
        ("be-tarask", "Вядро робяць у майстэрні", "bel_Cyrl"),
        ("sr", "Канта настаје у радионици", "srp_Cyrl"),
        ("sr@latin", "Kanta nastaje u radionici", "srp_Latn"),
        ("sr-ec", "Канта настаје у радионици", "srp_Cyrl"),
        ("nb", "Bøtta lages i et verksted", "nob_Latn"),
        ("nn_NO", "Bøtta vert laga i ein verkstad", "nno_Latn"),
        ("als", "De Chübel wird vo Hand gmacht", "gsw_Latn"),
        ("nrm", "Lé boutchet est fait à la main", "nrf_Latn"),
        ("bat-smg", "Kibėrs ī padarīts ronkuom", "sgs_Latn"),
        ("hsb", "Bowka so w dźěłarni twori", "hsb_Latn"),
        ("zh-hans", "水桶在小作坊里制作", "cmn_Hani"),
        *((odd, FINNISH, None) for odd in ("sh", "eml", "mo", "C", "x-test", "", "mul", "und")),
    ],
)
def test_from_locale(locale: str, text: str, tag: str | None) -> None:
    assert from_locale(locale, text) == tag


@pytest.fixture(scope="module")
def groups() -> Sequence[Source]:
    return sources()


def test_the_sources_are_well_formed(groups: Sequence[Source]) -> None:
    assert len({group.name for group in groups}) == len(groups)
    for group in groups:
        assert group.packages, group.name
        assert group.reader in READERS, group.name
        assert group.licence, group.name
        assert isinstance(group.permissive, bool), group.name
    patterns = [pattern for group in groups for pattern in group.packages]
    assert len(set(patterns)) == len(patterns)
    assert {group.reader for group in groups} == READERS.keys()


def test_permissive_sources_are_a_part_without_the_gpl_alone(groups: Sequence[Source]) -> None:
    permissive = sources(permissive=True)
    assert permissive == [group for group in groups if group.permissive]
    assert 0 < len(permissive) < len(groups)
    assert not [group.name for group in permissive if group.licence.startswith(("GPL", "CC-BY"))]


@pytest.mark.parametrize(
    "name",
    [
        *("udhr", "libunicode-udhr-perl", "universal-dependencies", "ud-dev", "tatoeba"),
        *("golang-github-pemistahl-lingua-go-dev", "lingua", "leipzig-corpora", "itdi2022"),
        *("firefox-esr-l10n-all", "thunderbird-l10n-all", "python3-langid"),
    ],
)
def test_no_evaluation_set_is_a_source(groups: Sequence[Source], name: str) -> None:
    assert not [group.name for group in groups if group.covers(name)]


def test_a_source_covers_its_patterns_but_for_the_exceptions() -> None:
    assert source("mo").covers("tiny")
    assert source("mo").covers("tiny-fi")
    assert not source("mo").covers("tiny-all")
    assert not source("mo").covers("a-tiny")
