"""Tags: every accepted spelling, every model's odd labels, and the table's own consistency."""

import pycld2
import pytest

from langid import tags


@pytest.mark.parametrize(
    ("label", "tag"),
    [
        ("fi", "fin_Latn"),
        ("fin", "fin_Latn"),
        ("Finnish", "fin_Latn"),
        ("fin_Latn", "fin_Latn"),
        ("FIN-latn", "fin_Latn"),
        (" suomi ", "fin_Latn"),
        ("български", "bul_Cyrl"),
        ("sr", "srp_Cyrl"),
        ("sr_Latn", "srp_Latn"),
        ("sr-Latn", "srp_Latn"),
        ("Serbian Latn", "srp_Latn"),
        ("crh", "crh_Latn"),
        ("no", "nob_Latn"),
        ("sq", "als_Latn"),
        ("est", "ekk_Latn"),
        ("yid_Hebr", "ydd_Hebr"),
    ],
)
def test_normalise_accepts(label: str, tag: str) -> None:
    assert tags.normalise(label) == tag


@pytest.mark.parametrize("label", ["", "Finish", "jpn_Jpan", "fin_Cyrl", "xx"])
def test_normalise_refuses(label: str) -> None:
    with pytest.raises(ValueError, match="unknown European language"):
        tags.normalise(label)


def test_normalise_names_what_is_near() -> None:
    with pytest.raises(ValueError, match=r"Finnish \(fin_Latn\)"):
        tags.normalise("Finish")


def test_normalise_returns_every_tag_from_itself() -> None:
    for language in tags.EUROPEAN:
        assert tags.normalise(language.tag) == language.tag
        assert tags.BY_TAG[tags.normalise(language.name)].iso639_3 == language.iso639_3
        if language.iso639_1:
            assert tags.BY_TAG[tags.normalise(language.iso639_1)].iso639_3 == language.iso639_3


@pytest.mark.parametrize(
    ("model", "label", "script", "tag"),
    [
        ("lid176", "__label__als", "Latn", "gsw_Latn"),
        ("lid176", "eml", "Latn", "egl_Latn"),
        ("lid176", "no", "Latn", "nob_Latn"),
        ("lid176", "sh", "Latn", "srp_Latn"),
        ("glotlid", "__label__als_Latn", "Latn", "als_Latn"),
        ("py3langid", "no", "Latn", "nob_Latn"),
        ("py3langid", "et", "Latn", "ekk_Latn"),
        ("py3langid", "lv", "Latn", "lvs_Latn"),
        ("py3langid", "sq", "Latn", "als_Latn"),
        ("py3langid", "az", "Latn", "azj_Latn"),
        ("py3langid", "sr", "Latn", "srp_Latn"),
        ("py3langid", "sr", "Cyrl", "srp_Cyrl"),
        ("py3langid", "zxx", "Latn", "zxx_Zyyy"),
        ("py3langid", "ja", "Jpan", "jpn_Jpan"),
        ("py3langid", "ja", "Latn", "jpn_Jpan"),
        ("cld2", "iw", "Hebr", "heb_Hebr"),
        ("cld2", "zh-Hant", "Hani", "cmn_Hani"),
        ("cld2", "un", "Latn", "und_Zyyy"),
        ("cld2", "xx-Goth", "Goth", "und_Zyyy"),
        ("cld2", "sr-ME", "Latn", "cnr_Latn"),
        ("openlid", "qqq", "Cyrl", "qqq_Cyrl"),
    ],
)
def test_from_model(model: str, label: str, script: str, tag: str) -> None:
    assert tags.from_model(model, label, script) == tag


def test_every_cld2_label_becomes_a_tag() -> None:
    for name, label in pycld2.LANGUAGES:
        code, script = tags.from_model("cld2", label, "Latn").split("_")
        assert len(code) == 3, (name, label, code)
        assert len(script) == 4


def test_the_tables_are_consistent() -> None:
    assert len(tags.EUROPEAN) == len(tags.BY_TAG) == 153
    assert len(tags.EU24) == 24
    assert {language.script for language in tags.EUROPEAN} == {
        *("Latn", "Cyrl", "Grek", "Armn", "Geor", "Hebr")
    }
    for language in tags.EUROPEAN:
        assert language.tag == f"{language.iso639_3}_{language.script}"
        assert language.name
        assert language.family
        assert language.status in {"eu_official", "national", "regional", "minority", "other"}


def test_the_table_agrees_with_from_model() -> None:
    for row in tags._EUROPEAN_ROWS:
        for model in ("py3langid", "cld2", "lid176", "glotlid"):
            if row[model] and not (model == "lid176" and row["tag"] == "rgn_Latn"):
                assert tags.from_model(model, row[model], row["script"]) == row["tag"]


def test_is_european() -> None:
    assert tags.is_european("hsb_Latn")
    assert not tags.is_european("jpn_Jpan")
    assert not tags.is_european("srp_Grek")
    assert not tags.is_european(tags.NOT_LANGUAGE)
