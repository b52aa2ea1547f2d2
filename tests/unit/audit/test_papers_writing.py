import csv
import io
import json
import re
from pathlib import Path

import pytest
import yaml
from markdown_it import MarkdownIt

from audit import exports
from audit.papers import card, holdings, provider, writing
from audit.papers.evidence import Evidence
from audit.runs import Run
from pipeline import cli
from stages.errors import ConfigError
from tests.unit.audit import conftest as small


@pytest.fixture(scope="module")
def nothing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of one page, which was rejected."""
    page = small._page("B", "fin_Latn", "Liian lyhyt.", words=10, reason="rule.word_count")
    folder = tmp_path_factory.mktemp("nothing") / "small"
    small._Builder(folder, small.relaxed(), [[page], []]).build()
    return folder


@pytest.mark.parametrize("paper", writing.PAPERS)
def test_a_paper_is_written_into_the_run(folder: Path, paper: str) -> None:
    run = Run(folder)
    written = writing.write(run, paper, provider.Answers(), None)
    for name in written["files"]:
        path = Path(name)
        assert path.parent == folder / "cards"
        assert path.stat().st_mode & 0o777 == 0o644
    asked = {question["key"] for question in written["open"]}
    assert asked <= provider.ASKED.keys()
    assert "dataset.contact" in asked
    again = [Path(name).read_bytes() for name in written["files"]]
    writing.write(run, paper, provider.Answers(), None)
    assert [Path(name).read_bytes() for name in written["files"]] == again


def test_the_command_writes_and_names_what_is_left(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text('1.1.provider: "Example Foundation, Example Street 1"\n', encoding="utf-8")
    words = ["export", "ai-act", str(folder), "--answers", str(mine), "--output", str(tmp_path)]
    assert cli.main(words) == 0
    out = capsys.readouterr().out
    assert "ai_act_summary.json" in out
    assert "1.2.model" in out
    assert "1.1.provider" not in out
    text = (tmp_path / "ai_act_summary.md").read_text(encoding="utf-8")
    assert "Example Foundation" in text
    assert cli.main([*words, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["command"] == "export ai-act"
    assert document["data"]["paper"] == "ai-act"


@pytest.mark.parametrize("paper", writing.PAPERS)
def test_a_run_that_kept_nothing_has_papers_too(nothing: Path, tmp_path: Path, paper: str) -> None:
    written = writing.write(Run(nothing), paper, provider.Answers(), tmp_path)
    assert all(Path(name).stat().st_size for name in written["files"])
    assert Evidence(Run(nothing)).at("/corpus/documents") == 0


def test_lists_of_domains(run: Run) -> None:
    files = writing.domain_lists(Evidence(run))
    rows = {name: list(csv.DictReader(io.StringIO(data.decode()))) for name, data in files.items()}
    whole = rows["domains.csv"]
    assert [row["rank"] for row in whole] == ["1", "2", "3", "4"]
    assert whole[0]["domain"] == "c.example"
    sizes = [int(row["text_bytes"]) for row in whole]
    assert sizes == sorted(sizes, reverse=True)
    assert rows["domains_top10pct.csv"] == rows["domains_sme.csv"] == whole[:1]


def test_a_domain_is_no_formula() -> None:
    sites = holdings.EMPTY.schema.empty_table().to_pylist()
    assert sites == []
    made = holdings._domains(
        holdings._grouped(
            small.pa.array(["a.-cmd.example", "=1+1.example", "@sum.example"]),
            small.pa.array([3, 2, 1]),
        )
    )
    cells = list(csv.reader(io.StringIO(exports.as_csv(made).decode())))[1:]
    assert all(not row[0].startswith(exports.FORMULA) for row in cells)
    assert ["'-cmd.example", "1", "3"] in cells


def test_a_card_has_metadata_and_a_configuration_for_each_language(run: Run) -> None:
    text = card.card(Evidence(run), provider.Answers({"dataset.licence": "odc-by"}))
    _, front, body = text.split("---\n", 2)
    data = yaml.safe_load(front)
    assert data["language"] == ["en", "fi"]
    assert data["license"] == "odc-by"
    assert data["size_categories"] == ["n<1K"]
    names = [config["config_name"] for config in data["configs"]]
    assert names == ["all", "eng_Latn", "fin_Latn"]
    for config in data["configs"]:
        (files,) = config["data_files"]
        assert list(run.path.glob(files["path"])), files["path"]
    assert "| Maltese | `mlt_Latn` | 0 | 0 | 0 |" in body
    assert "delete earlier ones" in body
    assert "not legal advice" in body


def test_names_do_not_act_in_cards(run: Run) -> None:
    odd = "x\n---\nlicense: mine\n# <script>alert(1)</script> | [a](javascript:b)"
    answers = provider.Answers(dict.fromkeys(provider.ASKED, odd))
    _, front, body = card.card(Evidence(run), answers).split("---\n", 2)
    data = yaml.safe_load(front)
    assert data["pretty_name"] == " ".join(odd.split())
    assert data["license"] == "other"
    assert "\n---" not in body.partition("## Use")[0]
    made = MarkdownIt("gfm-like", {"linkify": False}).render(body)
    assert "<script" not in made
    assert 'href="javascript' not in made


@pytest.mark.parametrize(
    ("documents", "wanted"),
    [(0, "n<1K"), (999, "n<1K"), (1000, "1K<n<10K"), (10**9, "1B<n<10B"), (10**12, "n>1T")],
)
def test_size_categories_are_those_of_the_hub(documents: int, wanted: str) -> None:
    assert card.size_category(documents) == wanted


@pytest.mark.parametrize("paper", ["card", "datasheet"])
def test_commands_in_papers_name_figures(run: Run, paper: str) -> None:
    seen = Evidence(run)
    files = writing.PAPERS[paper](seen, provider.Answers())
    text = b"".join(files.values()).decode()
    places = set(re.findall(r"`weir export figures RUN --at (/[^`]+)`", text))
    assert len(places) > 10
    for place in places:
        assert seen.at(place) is not None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("1.1.providr: x", "did you mean 1.1.provider"),
        ("zzz: x", "keys are"),
        ("1.1.provider: 3", 'write 1.1.provider: "..."'),
        ("- x", "mapping"),
        ("[", "YAML"),
    ],
)
def test_wrong_answers_are_refused(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=re.escape(problem)):
        provider.read(path)


def test_a_missing_or_huge_file_of_answers_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        provider.read(tmp_path / "none.yaml")
    (tmp_path / "huge.yaml").write_bytes(b"#" * (provider.MAX_BYTES + 1))
    with pytest.raises(ConfigError, match="1 MiB"):
        provider.read(tmp_path / "huge.yaml")


def test_a_folder_that_cannot_be_written_is_named(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for place in (tmp_path / "file", tmp_path / "no" / "folder"):
        with pytest.raises(ConfigError, match=r"--output.*cannot be written"):
            writing.write(run, "croissant", provider.Answers(), place)
