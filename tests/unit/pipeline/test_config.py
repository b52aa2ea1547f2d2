"""Configuration: what is refused and how, what wins over what, and where each value came from."""

import hashlib
import math
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import pytest

from filters import rights
from filters.catalog import BY_NAME
from filters.rules import Bound
from langid import tags
from pipeline import config, layers
from stages.errors import ConfigError

SOURCE = "source: 'a test, and nothing else'"


@pytest.fixture(scope="module")
def europe() -> config.Resolved:
    return config.load("europe")


def refused(source: str | Path, *settings: str) -> str:
    with pytest.raises(ConfigError) as raised:
        config.load(source, settings)
    assert raised.value.exit_code == 2
    return str(raised.value)


def file_with(folder: Path, text: str) -> Path:
    path = folder / "mine.yaml"
    path.write_text("name: mine\n" + text, encoding="utf-8")
    return path


def test_every_shipped_run_resolves() -> None:
    names = sorted(p.stem for p in (layers.configs_folder() / "runs").glob("*.yaml"))
    assert "europe" in names
    for name in names:
        assert config.load(name).run.name == name


def test_every_threshold_names_its_source(europe: config.Resolved) -> None:
    packs = [europe.run.language, *europe.run.languages.values()]
    for pack in packs:
        assert pack.rules
        assert len(pack.stop_words.source) >= 10
        assert all(len(r.source) >= 10 for r in pack.rules.values() if r is not None)


def test_language_packs_are_named_by_their_tags(europe: config.Resolved) -> None:
    assert len(europe.run.languages) >= 24
    for tag in europe.run.languages:
        assert tags.normalise(tag) == tag


# What is refused: the message names the file, the key, the value and what would be right


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("gate: {max_dept: 5}", ["gate.max_dept"]),
        ("colour: blue", ["colour"]),
        ("extract: {cpu_limit_s: 0}", ["extract.cpu_limit_s", "greater than 0", "0"]),
        ("extract: {extractor: magic}", ["extract.extractor", "trafilatura", "magic"]),
        ("gate: {min_european_mass: 1.5}", ["gate.min_european_mass", "1.5"]),
        ("rights: {policy: loose}", ["rights.policy", "loose", "standard"]),
        ("rights: {robots_mode: newest}", ["rights.robots_mode", "newest", "latest"]),
        ("rights: {robots_mode: latest}", ["rights", "needs robots_latest"]),
        ("redact: {kinds: [MAIL]}", ["redact.kinds", "MAIL", "EMAIL"]),
        ("cluster: {threshold: high}", ["cluster.threshold", "high"]),
        ("cluster: {partitions: 2.5}", ["cluster.partitions", "2.5"]),
        ("limits: {max_quarantined_fraction: -1}", ["limits.max_quarantined_fraction", "-1"]),
        ("snapshot: ../../etc", ["snapshot"]),
        ("limit: 0", ["limit"]),
    ],
)
def test_a_bad_value_is_refused(tmp_path: Path, text: str, words: list[str]) -> None:
    path = file_with(tmp_path, text)
    message = refused(path)
    for word in [f"{path}:2: ", *words, "weir config explain"]:
        assert word in message


RULES = "language: {rules: {%s}}"


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("word_count: {min: many, " + SOURCE + "}", ["word_count.min", "many"]),
        ("word_count: {min: 100, max: 50, " + SOURCE + "}", ["word_count", "100", "50"]),
        ("word_count: {min: .nan, " + SOURCE + "}", ["word_count.min", "nan"]),
        ("word_count: {max: .inf, " + SOURCE + "}", ["word_count.max", "inf"]),
        ("word_count: {min: null, max: null, " + SOURCE + "}", ["word_count", "null"]),
        ("word_count: {min: 3, source: short}", ["word_count.source"]),
        ("word_count: {minimum: 3}", ["word_count.minimum"]),
        ("word_count: 3", ["word_count"]),
        ("word_count: {min: -1, " + SOURCE + "}", ["word_count.min -1", "0 to inf"]),
        (
            "duplicate_line_fraction: {max: 29.3, " + SOURCE + "}",
            ["duplicate_line_fraction.max 29.3", "0 to 1"],
        ),
    ],
)
def test_a_bad_threshold_is_refused(tmp_path: Path, rule: str, words: list[str]) -> None:
    path = file_with(tmp_path, RULES % rule)
    message = refused(path)
    for word in [str(path), "language.rules", *words]:
        assert word in message


def test_a_rule_without_a_source_is_refused(tmp_path: Path) -> None:
    name = next(name for name in BY_NAME if name not in config.load("europe").run.language.rules)
    message = refused(file_with(tmp_path, RULES % (name + ": {max: 1}")))
    assert f"language.rules.{name}.source" in message


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("word_counts", "word_count"),
        ("duplicate_line_frction", "duplicate_line_fraction"),
        ("languge_confidence", "language_confidence"),
    ],
)
def test_an_unknown_signal_is_refused_with_near_names(
    tmp_path: Path, typed: str, meant: str
) -> None:
    message = refused(file_with(tmp_path, RULES % (typed + ": {max: 1, " + SOURCE + "}")))
    assert f"'{typed}'" in message
    assert meant in message.replace(f"'{typed}'", "").split("language.rules")[-1]


@pytest.mark.parametrize("text", ["[1, 2]", "{unclosed", "just words", ""])
def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(text)
    assert str(path) in refused(path)


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_bytes(b"\xff\xfe\x00name: x")
    assert str(path) in refused(path)


@pytest.mark.parametrize("name", ["no_such_run", "no/such/file.yaml"])
def test_an_unknown_configuration_names_the_shipped_ones(name: str) -> None:
    message = refused(name)
    assert name in message
    assert "europe" in message
    assert "sample" in message


def test_languages_at_the_top_are_sent_to_identify(tmp_path: Path) -> None:
    message = refused(file_with(tmp_path, "languages: [fin_Latn]"))
    assert "identify: {languages: [...]}" in message


# Lists of sites


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("gate:\n  deny_domains:\n    - good.example\n    - not a domain\n", 5, ["not a domain"]),
        ("gate: {allow_domains: [com]}\n", 2, ["allow_domains.0", "write .com"]),
        (
            "gate:\n  deny_domains: [bad.example]\n  allow_domains: [www.bad.example]\n",
            2,
            ["gate:", "www.bad.example", "is denied"],
        ),
        ("gate: {min_visible_chars: 0}\n", 2, ["gate.min_visible_chars", "greater than 0"]),
        ("gate: {max_tags: 0}\n", 2, ["gate.max_tags", "greater than 0"]),
        ("gate: {block_list: ''}\n", 2, ["gate.block_list"]),
        (
            "language:\n  domains:\n    allow: [a.example]\n    deny: [a.example]\n",
            3,
            ["language.domains", "a.example is allowed", "denied"],
        ),
        (
            "language:\n  domains:\n    allow: [a.example]\n    exempts: []\n",
            3,
            ["language.domains", "exempts"],
        ),
        ("language: {domains: {exempts: [word_cont]}}\n", 2, ["exempts", "word_cont"]),
        ("language: {domains: {allow_words: ['a-b']}}\n", 2, ["allow_words", "'a-b'"]),
        (
            "languages:\n  fin_Latn:\n    domains:\n      deny:\n        - '*.x.example'\n",
            6,
            ["languages.fin_Latn.domains.deny.0", "subdomains are included"],
        ),
    ],
)
def test_a_bad_list_is_refused_with_file_line_and_reason(
    tmp_path: Path, text: str, line: int, words: list[str]
) -> None:
    path = file_with(tmp_path, text)
    message = refused(path)
    for word in [f"{path}:{line}: ", *words]:
        assert word in message


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("languages:\n  fin_Latn: {}\n  xyz_Latn: {}\n", 4, "xyz_Latn"),
        ("gate: {max_depth: 5}\ngate: {max_depth: 6}\n", 3, "'gate' twice"),
        ("gate:\n  deny_domains: [a.example\n", 4, "expected"),
    ],
)
def test_unknown_tags_and_unreadable_files_are_refused_with_the_line(
    tmp_path: Path, text: str, line: int, words: str
) -> None:
    path = file_with(tmp_path, text)
    message = refused(path)
    assert f"{path}:{line}: " in message
    assert words in message


def test_a_pack_has_lists_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(shutil.copytree(layers.configs_folder(), tmp_path / "configs"))
    monkeypatch.setattr(layers, "configs_folder", lambda: folder)
    pack = folder / "languages" / "fin_Latn.yaml"
    text = pack.read_text(encoding="utf-8")
    pack.write_text(text + "domains: {deny: [bad.example]}\n", encoding="utf-8")
    run = config.load("europe").run
    assert list(run.lists()) == ["fin_Latn"]
    assert run.lists()["fin_Latn"].standing("https://bad.example/") == "deny"
    pack.write_text(text + "domains:\n  deny:\n    - bad.example\n    - b a d\n", encoding="utf-8")
    line = len(text.splitlines()) + 4
    message = refused("europe")
    assert f"configs/languages/fin_Latn.yaml:{line}: languages.fin_Latn.domains.deny.1: " in message
    assert "'b a d' is no domain" in message


def test_lists_of_languages_are_written_in_one_way(tmp_path: Path) -> None:
    text = """
languages:
  Finnish:
    domains: {deny: ["HTTPS://Bad.Example/"], allow: [.fi], allow_words: [Suomeksi]}
"""
    run = config.load(file_with(tmp_path, text)).run
    assert set(run.lists()) == {"fin_Latn"}
    found = run.lists()["fin_Latn"]
    assert found.standing("https://www.bad.example/") == "deny"
    assert found.standing("https://site.fi/") == "allow"
    assert found.standing("https://site.example/suomeksi") == "allow"
    assert found.exempts == run.language.domains.exempts
    assert "language_confidence" in found.exempts


# --set


def test_set_wins_over_the_file(tmp_path: Path) -> None:
    path = file_with(tmp_path, "extract: {max_chars: 10}")
    assert config.load(path).run.extract.max_chars == 10
    assert config.load(path, ["extract.max_chars=20"]).run.extract.max_chars == 20
    both = config.load(path, ["extract.max_chars=20", "extract.max_chars=30"])
    assert both.run.extract.max_chars == 30


@pytest.mark.parametrize(
    ("setting", "key", "value"),
    [
        ("extract.extractor=resiliparse", ("extract", "extractor"), "resiliparse"),
        ("gate.keep_truncated=true", ("gate", "keep_truncated"), True),
        ("cluster.threshold=0.8", ("cluster", "threshold"), 0.8),
        ("redact.kinds=[EMAIL, IP]", ("redact", "kinds"), ("EMAIL", "IP")),
        ("gate.deny_domains=[b.example/?a=c]", ("gate", "deny_domains"), ("b.example/?a=c",)),
        ("language.rules.word_count.min=7", ("language", "rules", "word_count", "min"), 7.0),
        ("language.rules.word_count=null", ("language", "rules", "word_count"), None),
    ],
)
def test_set_takes_yaml_values(setting: str, key: tuple[str, ...], value: object) -> None:
    found: Any = config.load("europe", [setting]).run
    for part in key:
        found = found[part] if isinstance(found, Mapping) else getattr(found, part)
    assert found == value


@pytest.mark.parametrize(
    "settings",
    [
        ["extract.max_chars"],
        ["=5"],
        ["extract.max_chars="],
        ["extract.max_chars=[1"],
        ["extract=1", "extract.max_chars=2"],
        ["extract..max_chars=2"],
        [".=2"],
        ["name.x=2"],
        ["extract=null"],
        ["language=null"],
        ["language.rules=null"],
        ["languages=null"],
    ],
)
def test_a_malformed_setting_is_refused(settings: list[str]) -> None:
    message = refused("europe", *settings)
    assert "--set" in message


def test_an_unknown_language_in_set_is_refused() -> None:
    assert "xxx_Latn" in refused("europe", "languages.xxx_Latn.rules.word_count.min=5")


# Language packs: mappings merge, lists and scalars replace, null switches off


def test_a_pack_changes_only_its_own_language(europe: config.Resolved) -> None:
    base = europe.run.language.rules
    own = dict(config.language_packs())
    changed = {tag: pack["rules"] for tag, pack in own.items() if pack.get("rules")}
    for tag, resolved in europe.run.languages.items():
        for name, rule in resolved.rules.items():
            if name not in changed.get(tag, {}):
                assert rule == base[name]
        words = own[tag]["stop_words"]["words"]
        assert resolved.stop_words.words == tuple(
            words.split() if isinstance(words, str) else words
        )


def test_a_change_of_the_base_reaches_every_pack() -> None:
    run = config.load("europe", ["language.rules.word_count.min=3"]).run
    assert run.languages
    for pack in (run.language, *run.languages.values()):
        rule = pack.rules["word_count"]
        assert rule is not None
        assert (rule.min, rule.max) == (3.0, 100000.0)


def test_a_rule_switched_off_has_no_bound() -> None:
    order, bounds = config.load("europe", ["language.rules.word_count=null"]).run.bounds()
    assert "word_count" in order, "the order, and so the bits of failed rules, stay"
    assert all("word_count" not in by_name for by_name in bounds.values())


def test_one_language_alone_can_be_changed() -> None:
    """As the design's `weir tune` and a run's own file must be able to."""
    run = config.load("europe", ["languages.fin_Latn.rules.word_count.min=9"]).run
    finnish, danish = (run.languages[tag].rules["word_count"] for tag in ("fin_Latn", "dan_Latn"))
    assert finnish is not None
    assert danish is not None
    assert (finnish.min, finnish.max) == (9.0, 100000.0)
    assert danish.min != 9.0
    assert run.languages["fin_Latn"].stop_words.words


def test_lists_replace(tmp_path: Path) -> None:
    path = file_with(tmp_path, "gate: {media_types: [text/plain]}")
    run = config.load(path).run
    assert run.gate.media_types == ("text/plain",)
    assert run.gate.max_depth == config.load("europe").run.gate.max_depth


def test_languages_are_normalised() -> None:
    run = config.load("europe", ["identify.languages=[fi, Maltese, deu_Latn]"]).run
    assert run.identify.languages == ("deu_Latn", "fin_Latn", "mlt_Latn")


def test_an_unknown_language_is_refused() -> None:
    assert "Klingonese" in refused("europe", "identify.languages=[Klingonese]")


# Nothing but files and --set


def test_the_environment_has_no_effect(
    europe: config.Resolved, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = {key for path in europe.origins for key in (path, path.split(".")[-1])}
    for name in names:
        for form in (name, name.replace(".", "_"), name.replace(".", "__")):
            monkeypatch.setenv(form, "1")
            monkeypatch.setenv(form.upper(), "1")
            monkeypatch.setenv(f"WEIR_{form.upper()}", "1")
    assert config.load("europe").digest == europe.digest


def test_the_digest_is_of_the_values_alone(tmp_path: Path, europe: config.Resolved) -> None:
    path = tmp_path / "elsewhere.yaml"
    path.write_text((layers.configs_folder() / "runs" / "europe.yaml").read_text())
    assert config.load(path).digest == europe.digest
    assert config.load("europe", ["limit=5"]).digest != europe.digest


def test_the_configuration_survives_json(europe: config.Resolved) -> None:
    again = config.Run.model_validate_json(europe.run.model_dump_json())
    assert again == europe.run
    assert config.digest_of_run(again.model_dump(mode="json")) == europe.digest
    assert list(again.language.rules) == list(europe.run.language.rules), "their order has meaning"
    assert all(map(math.isfinite, _numbers(europe.run.model_dump(mode="json"))))


def _numbers(value: Any) -> list[float]:
    if isinstance(value, Mapping):
        return [n for inner in value.values() for n in _numbers(inner)]
    if isinstance(value, list):
        return [n for inner in value for n in _numbers(inner)]
    return [value] if isinstance(value, float) else []


def test_a_run_cannot_be_changed(europe: config.Resolved) -> None:
    with pytest.raises(ValueError, match="frozen"):
        europe.run.extract.max_chars = 5  # type: ignore[misc]


# Origins


def test_each_value_remembers_where_it_came_from(tmp_path: Path) -> None:
    path = file_with(tmp_path, "extract: {max_chars: 10}\ngate: {max_depth: 9}")
    origins = config.load(path, ["gate.max_depth=8", "limit=3"]).origins
    assert origins["extract.max_chars"] == str(path)
    assert origins["gate.max_depth"] == "--set"
    assert origins["limit"] == "--set"
    assert origins["extract.cpu_limit_s"] == "configs/base.yaml"
    assert origins["languages.fin_Latn.stop_words.words"] == "configs/languages/fin_Latn.yaml"
    assert config.load("sample").origins["name"] == "configs/runs/sample.yaml"


def test_every_value_has_an_origin(europe: config.Resolved) -> None:
    def leaves(value: Any, path: str) -> list[str]:
        if isinstance(value, Mapping) and value:
            return [p for k, v in value.items() for p in leaves(v, f"{path}.{k}" if path else k)]
        return [path]

    given = europe.run.model_dump(mode="json")
    given.pop("languages")  # what a pack does not name, it has from the base
    optional = ("min", "max")  # a rule has one bound or both
    missing = [p for p in leaves(given, "") if p not in europe.origins]
    assert [p for p in missing if p.split(".")[-1] not in optional] == []


# Slices: what goes into task keys


def test_a_slice_holds_what_it_names(europe: config.Resolved) -> None:
    found = europe.run.slice("extract.cpu_limit_s", "languages.stop_words", "limit")
    assert found["extract.cpu_limit_s"] == europe.run.extract.cpu_limit_s
    assert found["limit"] is None
    assert set(found["languages.stop_words"]) == set(europe.run.languages)
    assert set(found) == {"extract.cpu_limit_s", "languages.stop_words", "limit"}


# Models, tokens and datatrove's filters


def model(sha256: str = "a" * 64, **more: object) -> str:
    fields = {"sha256": sha256, "revision": "'1'", **more}
    return "{" + ", ".join(f"{key}: {value}" for key, value in fields.items()) + "}"


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        (f"language.quality_model={model()}", ["language.quality_model", "either path or name"]),
        (f"language.quality_model={model(path='a', name='b')}", ["either path or name"]),
        (f"language.quality_model={model('abc', path='a')}", ["quality_model.sha256", "abc"]),
        (f"language.quality_model={model(name='../a')}", ["quality_model.name", "../a"]),
        ("language.quality_model={path: a, sha256: null, revision: '1'}", ["sha256"]),
        (f"language.perplexity_model={model(path='a', label='x')}", ["label"]),
        ("tokens={tokenizer: a.json}", ["tokens.sha256"]),
        ("datatrove.x.filter=C4Qualty", ["datatrove.x", "did you mean C4QualityFilter"]),
        ("datatrove.x={filter: C4QualityFilter, parameters: {a: 1}}", ["no parameter 'a'"]),
        ("datatrove.X.filter=C4QualityFilter", ["datatrove.X"]),
        ("datatrove.x={parameters: {}}", ["datatrove.x.filter"]),
        ("language.rules.datatrove.x.min=1", ["no filter 'x' under `datatrove`", "none"]),
        ("languages.fi.rules.datatrove.x.min=1", ["languages.fin_Latn.rules.datatrove.x"]),
    ],
)
def test_what_names_no_model_or_filter_is_refused(setting: str, words: list[str]) -> None:
    message = refused("europe", setting)
    assert all(word in message for word in words), message


def test_a_datatrove_filter_brings_its_rule_at_the_end(europe: config.Resolved) -> None:
    settings = ("datatrove.c4.filter=C4QualityFilter", "datatrove.b.filter=GopherQualityFilter")
    found = config.load("europe", settings)
    order, bounds = found.run.bounds()
    assert order == (*europe.run.language.rules, "datatrove.c4", "datatrove.b")
    assert bounds["fin_Latn"]["datatrove.c4"].min == 1
    rule = found.run.language.rules["datatrove.c4"]
    assert rule is not None
    assert "C4QualityFilter" in rule.source
    assert found.origins["language.rules.datatrove.c4.min"] == "--set"


def test_a_rule_of_one_language_needs_a_place_in_the_order() -> None:
    rule = "languages.fi.rules.character_count.max=1000"
    message = refused("europe", rule)
    assert "languages.fin_Latn.rules.character_count" in message
    assert "language.rules.character_count: null" in message
    order, bounds = config.load(
        "europe", [rule, "language.rules.character_count=null"]
    ).run.bounds()
    assert order[-1] == "character_count"
    assert bounds["fin_Latn"]["character_count"].max == 1000
    assert all("character_count" not in found for tag, found in bounds.items() if tag != "fin_Latn")


def test_signals_of_models_can_be_bounded_for_one_language_at_once() -> None:
    settings = ("languages.fi.rules.quality_score.min=.5", "languages.fi.rules.perplexity.max=900")
    _, bounds = config.load("europe", settings).run.bounds()
    assert bounds["fin_Latn"]["quality_score"].min == 0.5
    assert "quality_score" not in bounds["base"]


def test_a_filter_s_rule_can_be_moved_or_switched_off(tmp_path: Path) -> None:
    text = (
        "datatrove: {c4: {filter: C4QualityFilter}, b: {filter: C4ParagraphFilter}}\n"
        "language: {rules: {datatrove.b: {max: 0, source: 'its reverse'}, word_count: null}}\n"
        "languages: {fi: {rules: {datatrove.c4: null}}}\n"
    )
    run = config.load(file_with(tmp_path, text), ["languages.sv.rules.datatrove.b=null"]).run
    _, bounds = run.bounds()
    assert bounds["base"]["datatrove.b"] == Bound("datatrove.b", None, 0)
    assert "datatrove.c4" in bounds["swe_Latn"]
    assert "datatrove.c4" not in bounds["fin_Latn"]
    assert "datatrove.b" not in bounds["swe_Latn"]


def test_a_pack_s_model_can_be_switched_off() -> None:
    on = f"languages.fi.quality_model={model(path='a')}"
    assert config.load("europe", [on]).run.languages["fin_Latn"].quality_model is not None
    assert config.load("europe", [on]).run.languages["swe_Latn"].quality_model is None
    everywhere = (f"language.quality_model={model(path='a')}", "languages.fi.quality_model=null")
    found = config.load("europe", everywhere).run
    assert found.languages["fin_Latn"].quality_model is None
    assert found.languages["swe_Latn"].quality_model is not None


def test_model_files_are_checked_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.ftz"
    path.write_bytes(b"model")
    sha256 = hashlib.sha256(b"model").hexdigest()
    right = config.load("europe", [f"languages.fi.quality_model={model(sha256, path=path)}"])
    config.check_files(right.run)
    wrong = config.load("europe", [f"languages.fi.quality_model={model(path=path)}"])
    with pytest.raises(ConfigError, match=r"languages\.fin_Latn\.quality_model") as raised:
        config.check_files(wrong.run)
    assert sha256 in str(raised.value)
    assert f"sha256sum {path}" in str(raised.value)
    absent = config.load("europe", [f"tokens={{tokenizer: {tmp_path}/x, sha256: {sha256}}}"])
    with pytest.raises(ConfigError, match=r"tokens: .*cannot be read"):
        config.check_files(absent.run)
    monkeypatch.setenv("WEIR_MODELS", str(tmp_path))
    config.check_files(
        config.load("europe", [f"language.perplexity_model={model(sha256, name='a.ftz')}"]).run
    )


def test_a_run_of_before_there_were_models_is_still_read(europe: config.Resolved) -> None:
    saved = europe.run.model_dump(mode="json")
    for key in ("tokens", "datatrove"):
        del saved[key]
    for pack in (saved["language"], *saved["languages"].values()):
        del pack["quality_model"], pack["perplexity_model"]
    assert config.Run.model_validate(saved) == europe.run


def test_the_examples_of_the_docs_are_configurations(tmp_path: Path) -> None:
    page = Path(__file__).parents[3] / "docs" / "quality.md"
    blocks = re.findall(r"^```yaml\n(.*?)^```", page.read_text(encoding="utf-8"), re.M | re.S)
    assert len(blocks) >= 3
    for block in blocks:
        text = re.sub(r"sha256: [0-9a-f]{4}\.\.\.", f"sha256: {'a' * 64}", block)
        assert config.load(file_with(tmp_path, text)).run.name == "mine"


# Language packs: what is wrong is named with its line


def pack_with(folder: Path, name: str, text: str) -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(text, encoding="utf-8")
    return path


STOP_WORDS = "stop_words: {source: 'a test, and nothing else', words: ja on}\n"


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("fin_Latn", f"tag: swe_Latn\n{STOP_WORDS}rules: {{}}\n", "fin_Latn.yaml:1"),
        ("xyz_Latn", f"tag: xyz_Latn\n{STOP_WORDS}rules: {{}}\n", "xyz_Latn.yaml:1"),
        ("fin_Latn", f"tag: fin_Latn\n{STOP_WORDS}rule: {{}}\n", "fin_Latn.yaml:3"),
        ("fin_Latn", "tag: fin_Latn\nrules: {}\n", "missing keys: ['stop_words']"),
        ("fin_Latn", f"tag: fin_Latn\n{STOP_WORDS}{STOP_WORDS}rules: {{}}\n", "fin_Latn.yaml:3"),
        ("fin_Latn", "tag: fin_Latn\n\n  bad: [\n", "fin_Latn.yaml:3"),
        (
            "fin_Latn",
            f"tag: fin_Latn\ncalibration:\n  trust: blind\n{STOP_WORDS}rules: {{}}\n",
            "calibration",
        ),
    ],
)
def test_a_pack_of_another_form_is_refused_with_its_line(
    tmp_path: Path, name: str, text: str, said: str
) -> None:
    with pytest.raises(ConfigError) as raised:
        config.read_pack(pack_with(tmp_path, name, text))
    assert said in str(raised.value)


def test_words_may_be_one_text_and_no_is_a_word(tmp_path: Path) -> None:
    text = f"tag: fin_Latn\n{STOP_WORDS}rules: {{}}\naffinity_words: {{words: [no, on, y]}}\n"
    found = config.read_pack(pack_with(tmp_path, "fin_Latn", text))
    assert found["affinity_words"]["words"] == ["no", "on", "y"]
    words = config.Words.model_validate(found["stop_words"])
    assert words.words == ("ja", "on")


def test_a_bound_outside_the_signal_s_range_is_refused_with_its_line(tmp_path: Path) -> None:
    text = f"language:\n  rules:\n    short_line_fraction: {{max: 1.5, {SOURCE}}}\n"
    message = refused(file_with(tmp_path, text))
    assert "mine.yaml:3" in message or "mine.yaml:4" in message
    assert "short_line_fraction.max 1.5 is outside the range 0 to 1" in message


def test_bands_that_a_signature_has_no_room_for_are_refused() -> None:
    message = refused("europe", "cluster.bands=15", "cluster.rows=8")
    assert "112" in message
    assert "15 bands of 8 rows" in message
    assert config.load("europe", ["cluster.bands=28", "cluster.rows=4"]).run.cluster.bands == 28


def test_weights_of_clusters_begin_at_one() -> None:
    assert "size 1" in refused("europe", "publish.upsampling_weights={2: 2}")
    made = config.load("europe", ["publish.upsampling_weights={1: 1, 100: 8}"]).run
    assert made.publish.upsampling_weights == {1: 1.0, 100: 8.0}
    assert config.Run.model_validate_json(made.model_dump_json()) == made


def test_policies_and_modes_of_rights_are_those_that_there_are() -> None:
    fields = config.Rights.model_fields
    assert set(get_args(fields["policy"].annotation)) == set(rights.POLICIES)
    assert set(get_args(fields["robots_mode"].annotation)) == set(rights.MODES)


@pytest.mark.parametrize(
    ("new", "old", "extends"),
    [
        (("strict", "union"), ("standard", "at_crawl"), True),
        (("standard", "union"), ("strict", "union"), True),
        (("standard", "union"), ("none", "union"), True),
        (("standard", "union"), ("standard", "latest"), True),
        (("none", "union"), ("standard", "union"), False),
        (("standard", "latest"), ("standard", "union"), False),
        (("none", "union"), ("standard", "latest"), False),
    ],
)
def test_which_gate_another_can_make_up_for(
    new: tuple[str, str], old: tuple[str, str], extends: bool
) -> None:
    made = [
        config.Rights(
            policy=policy,  # type: ignore[arg-type]
            robots_mode=mode,  # type: ignore[arg-type]
            robots_latest="latest.parquet",
            side_files=None,
            optout_domains=None,
        )
        for policy, mode in (new, old)
    ]
    assert made[0].extends(made[1]) == extends
