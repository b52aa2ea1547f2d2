"""Hostile pages through every output: what commands print, write, draw and serve after a whole run.

One page is kept and one rejected. Title, headings, text, links, licence, address and headers hold
what acts in a terminal, a browser, a spreadsheet, a template or a path. Whatever shows them shows
them as text, or in a visible form.
"""

import csv
import html
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from lxml import html as markup
from starlette.testclient import TestClient

from audit import exports
from audit.web import auditor
from audit.web.desk import Desk
from audit.web.server import Door
from pipeline import cli
from samples import archive, build
from tests.integration.runs import configured, run_here

ACTS = (
    "</script><script>window.PWNED = 1</script>",
    '<img src=x onerror="window.PWNED = 2">',
    "</textarea></style></title><svg onload='window.PWNED = 3'>",
    "{{ 7 * 191 }} {% raw %} ${7*191} <%= 7*191 %>",
    "../../../../../../tmp/pwned \\..\\..\\pwned",
)
"""What survives extraction as text, where it stands escaped in the markup."""
HIDES = "\x1b]0;owned\x07 \x1b[31m \u202egnidaer\u202c \u2066x\u2069 nul\x00 \u2028 \x9b31m \r gone"
FORMULA = "=cmd|' /C calc'!A1"
CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029]")
TOKEN, ORIGIN = "0" * 32, "http://127.0.0.1:8000"
SCREENS = [
    *(path for path, _ in auditor.SCREENS),
    "/?q=KEPT",
    "/?q=REJECTED",
    "/search?language=eng_Latn&outcome=keep",
    "/search?language=eng_Latn&text=clerk",
    "/sample?draw=1&n=20&seed=7&language=eng_Latn",
    "/numbers?metric=documents",
]
BINARY = (".parquet", ".arrow")
SAFE_NAME = re.compile(r"[A-Za-z0-9._=@-]+")
READERS = (
    "status RUN",
    "verify RUN",
    "stats RUN",
    "stats RUN --language en",
    "bias RUN",
    "energy RUN --country FI",
    "report RUN",
    "trace RUN KEPT",
    "trace RUN REJECTED",
    "sample RUN --n 50",
    "inspect RUN --n 5",
    "inspect RUN --n 5 --outcome reject",
    "tune RUN --language en --set word_count.min=2000 --text",
    "compare RUN RUN",
    "gates RUN",
    "prune RUN",
    "export ai-act RUN",
    "export croissant RUN",
    "export card RUN",
    "export datasheet RUN",
    "export figures RUN",
)


@dataclass(frozen=True, slots=True)
class Made:
    """A finished run, and the addresses of its hostile pages."""

    run: Path
    kept: str
    rejected: str

    def asked(self, words: str) -> list[str]:
        """The words of a command, with this run and these addresses in them."""
        named = {"RUN": str(self.run), "KEPT": self.kept, "REJECTED": self.rejected}
        return [named.get(word, word) for word in words.split(" ")]


def poisoned(page: bytes, name: str) -> bytes:
    """The page with all of it in title, heading, description, text, alternatives and licence."""
    shown = html.escape(" ".join(ACTS)) + HIDES
    head = (
        f'<meta name="description" content="{shown}"><meta name="author" content="{shown}">'
        f'<link rel="license" href="javascript:{shown}"><meta name="generator" content="{FORMULA}">'
        f'<meta property="og:site_name" content="{shown}">'
    )
    text = page.decode()
    text = re.sub(r'<html lang="[^"]*"', f'<html lang="../../{html.escape(ACTS[0])}"', text)
    text = re.sub(r"<title>[^<]*", lambda _: f"<title>{FORMULA} {name} {shown}", text)
    # The heading is text too, and all of it twice is no language.
    heading = f"{FORMULA} {html.escape(ACTS[0])}{HIDES}"
    text = re.sub(r"(<h1[^>]*>)[^<]*", lambda at: f"{at[1]}{heading}", text)
    text = text.replace("</head>", head + "</head>", 1)
    first = (
        f"<p>{FORMULA} is what the clerk of the parish typed {shown}, and then she went home.</p>"
    )
    return text.replace("<p>", f"{first}<p>", 1).encode()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A run of the sample's English pages, two of them hostile now."""
    folder = tmp_path_factory.mktemp("outputs")
    plain = [
        entry.exchange
        for entry in build.all_entries()
        if entry.kind == "ordinary" and entry.tag == "eng_Latn" and entry.exchange is not None
    ]
    assert len(plain) > 3
    tail = quote(" ".join(ACTS[:3]), safe="'()!*;,/") + "?=cmd|'&q=%1b%5b31m%e2%80%ae"
    kept = f"https://kept.example/en/{tail}"
    rejected = f"https://rejected.example/=HYPERLINK(1)/{tail}"
    headers = (("Content-Type", "text/html; charset=utf-8"), ("Server", HIDES.replace("\r", "")))
    short = b'<html lang="en"><head><title>x</title></head><body><h1>x</h1><p>Only this.</p></body>'
    pages = [
        replace(plain[0], url=kept, payload=poisoned(plain[0].payload, "kept"), headers=headers),
        replace(plain[0], url=rejected, payload=poisoned(short, "rejected"), headers=headers),
        *plain[1:],
    ]
    warc = folder / "hostile.warc.gz"
    warc.write_bytes(b"".join(archive.triple(page) for page in pages))
    ended, _ = run_here(configured(warc, ["limits.max_quarantined_fraction=0.5"]), folder / "run")
    assert ended.exit_code == 0, ended.problems
    fates = {row["url"]: row["outcome"] for row in rows(folder / "run", "records")}
    found = {
        kind: [url for url in fates if f"{kind}.example" in url] for kind in ("kept", "rejected")
    }
    assert [len(urls) for urls in found.values()] == [1, 1]
    return Made(folder / "run", found["kept"][0], found["rejected"][0])


def rows(run: Path, table: str) -> Iterator[dict[str, object]]:
    """All rows of a table of the run."""
    for path in sorted((run / table).rglob("*.parquet")):
        yield from pq.read_table(path).to_pylist()


def texts(run: Path) -> Iterator[tuple[Path, str]]:
    """What the run left that people or their programs read as text."""
    for path in sorted(run.rglob("*")):
        if path.is_file() and path.suffix not in BINARY:
            yield path, path.read_text(encoding="utf-8")


def scripts(page: str) -> list[str]:
    """What a browser would run of it, or fetch without being asked."""
    tree = markup.document_fromstring(page.encode(), parser=markup.HTMLParser(encoding="utf-8"))
    found = []
    for one in tree.iter():
        if not isinstance(one.tag, str):
            continue
        found += [f"{one.tag} {name}" for name in one.attrib if name.lower().startswith("on")]
        for name in ("href", "src", "action", "formaction", "xlink:href", "srcdoc", "data"):
            value = re.sub(r"\s", "", one.get(name, "")).lower()
            if (
                value.startswith(("javascript:", "vbscript:", "data:text"))
                or name == "srcdoc" in one.attrib
            ):
                found.append(f"{one.tag} {name}={value[:40]}")
        if (
            one.tag == "script"
            and "json" not in one.get("type", "")
            and "PWNED" in (one.text or "")
        ):
            found.append("script")
    return found


def test_the_pages_took_both_ways(made: Made) -> None:
    """What is hostile is still there to be shown, and the sequences for terminals are not."""
    (kept,) = (row for row in rows(made.run, "corpus") if row["url"] == made.kept)
    assert all(piece in str(kept["text"]) for piece in ("window.PWNED = 1", "window.PWNED = 2"))
    assert FORMULA in str(kept["text"])
    assert not re.search("[\x00\x07\x1b\u202e]", str(kept["text"]))
    assert made.rejected not in {row["url"] for row in rows(made.run, "corpus")}


@pytest.mark.parametrize("words", READERS)
def test_what_is_printed_is_plain_text(
    words: str, made: Made, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(made.asked(words)) in (0, 3)
    out, err = capsys.readouterr()
    assert out
    assert CONTROLS.findall(out + err) == []
    assert "Traceback" not in err
    assert "1337" not in re.sub(r"\d{5,}", "", out), "a template was filled in"


@pytest.mark.parametrize("words", READERS)
def test_what_is_printed_as_json_is_one_line(
    words: str, made: Made, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([*made.asked(words), "--json"]) in (0, 3)
    out, _ = capsys.readouterr()
    assert out.count("\n") == 1
    assert CONTROLS.findall(out) == []
    json.loads(out)


def test_files_of_a_run_have_plain_names_and_hold_plain_text(made: Made) -> None:
    for words in READERS:
        if words.startswith(("report", "export")):
            cli.main(made.asked(words))
    seen = set()
    for path, text in texts(made.run):
        seen.add(path.suffix)
        assert CONTROLS.findall(text) == [], path
    assert {".json", ".html", ".md", ".csv"} <= seen
    for path in made.run.rglob("*"):
        assert SAFE_NAME.fullmatch(path.name), path
        assert path.resolve().is_relative_to(made.run.resolve())
    outside = [
        path for path in made.run.parent.iterdir() if path.name not in ("run", "hostile.warc.gz")
    ]
    assert outside == []


def test_pages_of_the_report_hold_text_alone(made: Made) -> None:
    cli.main(["report", str(made.run)])
    pages = sorted(made.run.rglob("*.html"))
    assert pages
    said = [page.read_text(encoding="utf-8") for page in pages]
    assert any("PWNED" in text for text in said), "no page shows it"
    assert [scripts(text) for text in said] == [[]] * len(said)
    assert not any(re.search(r"\b1337\b", text) for text in said), "a template was filled in"


def test_scripts_are_found_where_there_are_any() -> None:
    """The check itself: each of what acts, put in as it is."""
    for act in (*ACTS[:3], "<a href=' java\nscript:1'>x</a>", "<iframe srcdoc='x'></iframe>"):
        assert scripts(f"<html><body>{act}</body></html>"), act


@pytest.fixture(scope="module")
def auditing(made: Made, tmp_path_factory: pytest.TempPathFactory) -> TestClient:
    """The audit view of the run, entered."""
    desk = Desk([made.run], tmp_path_factory.mktemp("desk"), allows_raw=False)
    client = TestClient(auditor.application(desk, Door(TOKEN)), base_url=ORIGIN)
    entered = client.post(
        "/enter", json={"token": TOKEN}, headers={"Origin": ORIGIN, "X-Weir": "1"}
    )
    assert entered.status_code == 200
    return client


@pytest.mark.parametrize("path", SCREENS)
def test_pages_that_are_served_hold_text_alone(path: str, made: Made, auditing: TestClient) -> None:
    path = path.replace("KEPT", quote(made.kept, "")).replace("REJECTED", quote(made.rejected, ""))
    answer = auditing.get(path)
    assert answer.status_code == 200
    assert scripts(answer.text) == []
    assert CONTROLS.findall(answer.text) == []
    if "?q=" in path or "draw=1" in path:
        assert "PWNED" in answer.text


def test_a_spreadsheet_finds_no_formula(made: Made, auditing: TestClient) -> None:
    """The numbers as served, and a table with what the pages hold."""
    tables = [auditing.get("/numbers.csv").text]
    tables += [path.read_text(encoding="utf-8") for path in sorted(made.run.rglob("*.csv"))]
    for name in ("records", "corpus"):
        table = pa.concat_tables(
            [pq.ParquetFile(path).read() for path in sorted((made.run / name).rglob("*.parquet"))],
            promote_options="default",
        )
        plain = [field.name for field in table.schema if not pa.types.is_nested(field.type)]
        tables.append(exports.as_csv(table.select(plain)).decode())
    assert FORMULA in tables[-1]
    for text in tables:
        for row in csv.reader(io.StringIO(text)):
            assert not [
                cell for cell in row if cell.startswith(("=", "@", "+")) or cell[:2] == "-="
            ]
