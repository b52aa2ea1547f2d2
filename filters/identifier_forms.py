"""National and tax identifiers of Europe: who issues them, how they are written, what checks them.

A form is written in groups: a number is that many digits, "A" a letter, "X" a capital letter or a
digit, "_" one of space, hyphen, full stop or nothing; the rest stands for itself. So "6/4" is six
digits, a slash and four digits. A form that stands among the `free` ones is enough on a page of
the country, if the check holds; every other number needs a word that names it
(`filters/identifier_words.py`).

Forms are those of the issuing offices (named in `filters/check_digits.py` and in the modules of
python-stdnum) and those seen in forms and letters.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from typing import Final

from filters import check_digits

PERSON: Final = "person"
"""Numbers that name a person to the state: register, social security, health."""
TAX: Final = "tax"
"""Numbers by which people and firms pay taxes: a sole trader's names a person."""
DOCUMENT: Final = "document"
"""Passports, identity cards and driving licences."""

KIND_OF_GROUP: Final = {PERSON: "NATIONAL_ID", TAX: "TAX_ID", DOCUMENT: "NATIONAL_ID"}
# Tax offices give these to natural persons only, so each of them names one (Abgabenordnung 139b;
# Code général des impôts; Hungarian Act CL of 2017; Ukrainian Tax Code 70; IRS Publication 1915).
_OF_PERSONS_ONLY: Final = frozenset({"de.idnr", "fr.nif", "hu.tax", "ua.rntrc", "us.itin"})


@dataclass(frozen=True, slots=True)
class Identifier:
    """One kind of number. Its name is also the detector's name in spans."""

    name: str
    country: str | None
    group: str
    forms: tuple[str, ...]
    free: tuple[str, ...]
    check: str
    """A module of python-stdnum, a function of `filters.check_digits`, or nothing."""

    @property
    def kind(self) -> str:
        """Kind of the spans it gives: TAX_ID only for numbers that companies have as well."""
        return "NATIONAL_ID" if self.name in _OF_PERSONS_ONLY else KIND_OF_GROUP[self.group]

    def fits(self, number: str) -> bool:
        """Whether the letters before a tax number, if any, are those of its country."""
        if self.group != TAX or not number[:2].isalpha() or self.name == "by.unp":
            return True
        return number[:2] in _VAT_PREFIXES.get(self.country or "", (self.country,))

    @property
    def is_proven_by_check(self) -> bool:
        """Whether it has a check digit; the checks of others look at dates and letters."""
        return bool(self.check) and self.check not in _WITHOUT_DIGIT and self.name != "fr.nir13"

    def holds(self, number: str) -> bool:
        """Whether the check holds for a number without separators; true where there is none."""
        if self.check == "jmbg" and self.country != check_digits.jmbg_country(number):
            return False
        return not self.check or _check(self.check)(number)


@cache
def _check(name: str) -> Callable[[str], bool]:
    if "." not in name:
        function: Callable[[str], bool] = getattr(check_digits, name)
        return function
    validity: Callable[[str], bool] = importlib.import_module(f"stdnum.{name}").is_valid
    return validity


_WITHOUT_DIGIT: Final = frozenset(
    {
        "ad.nrt", "al.nipt", "albanian_nid", "american_ssn", "armenian_psn", "belarusian_number",
        "british_nino", "danish_cpr", "faroese_ptal", "maltese_card", "us.itin",
    }
)  # fmt: skip
_VAT_PREFIXES: Final = {"GR": ("EL", "GR"), "GB": ("GB", "XI"), "MC": ("FR",), "HU": ("HU",)}

# name | group | forms | free forms | check
_TABLE: Final = """
ad.nrt | tax | A_6_A | | ad.nrt
al.nid | person | A8A | | albanian_nid
al.nipt | tax | A8A | | al.nipt
am.psn | person | 10 | | armenian_psn
at.vnr | person | 4_6, 4 2_2_2 | | at.vnr
at.tin | tax | 2-3/4, 2 3/4, 9, 2-3-4, 2 3 4 | | at.tin
at.uid | tax | AAA_8, AAA 4 4, AAA 2 3 3 | | at.uid
az.voen | tax | 10 | | az.voen
az.fin | person | X7 | |
ba.jmbg | person | 13 | 13 | jmbg
ba.jib | tax | 13, 12 | |
be.nn | person | 2_2_2_3_2, 2.2.2-3.2, 2/2/2-3.2, 2/2/2-3-2, 2.2.2 3 2, 2.2.2-3-2, 2.2.2 3.2,
    6_3_2, 6-3.2, 6 3.2 | 2.2.2-3.2, 2.2.2 3 2, 2.2.2-3-2, 2.2.2 3.2, 2/2/2-3.2, 11 |
    belgian_number
be.vat | tax | 10, 4.3.3, 4 3 3, AA_10, AA_4.3.3, AA 4 3 3, AA_9 | | be.vat
be.eid | document | 3_7_2 | | be.eid
bg.egn | person | 10, 6 4 | | bg.egn
bg.pnf | person | 10 | | bg.pnf
bg.vat | tax | 9, 10, AA_9, AA_10 | | bg.vat
bg.eik | tax | 9, 13 | |
by.number | person | 7A3AA1, 7 A 3 AA 1, 7-A-3-AA-1 | 7A3AA1 | belarusian_number
by.unp | tax | 9, AA7 | | by.unp
ch.ssn | person | 3_4_4_2 | 3.4.4.2, 3 4 4 2, 13 | ch.ssn
ch.ahv | person | 3.2.3.3, 3.2.3 | |
ch.uid | tax | AAA_9, AAA_3_3_3, AAA-3.3.3, AAA 3.3.3 | | ch.uid
cy.id | person | 6, 7, 8, 10 | |
cy.vat | tax | 8A, 8 A, AA_8A | | cy.vat
cz.rc | person | 6/4, 6/3, 6_4, 6_3, 2 2 2/4 | 6/4 | cz.rc
cz.dic | tax | 8, 9, 10, AA_8, AA_9, AA_10 | | cz.dic
de.idnr | tax | 2_3_3_3, 11 | | de.idnr
de.stnr | tax | 2/3/5, 3/3/5, 3/4/4, 5/5, 3/5, 2 3 5, 3 3 5, 3 4 4, 4 4 5, 10, 11, 13, 2/3/4,
    3/3/4, 2/3 5 | |
de.rvnr | person | 8A3, 2_6_A_3, 2 6 A3, 2 6A3, 2 2 2 2 A 3, 2 6 A 2 1, 2 6 A2 1, 2 6 A 2.1 | |
    german_rvnr
de.kvnr | person | A9, A_3_3_3, A3 3 3, A 9 | | german_kvnr
de.card | document | X9, X10 | | german_identity_card
de.vat | tax | AA_9, AA_3_3_3, AA3 3 3 | | de.vat
dk.cpr | person | 6-4, 6 4, 10 | | danish_cpr
dk.cvr | tax | 8, 2 2 2 2, AA_8, AA 2 2 2 2 | | dk.cvr
ee.ik | person | 11 | 11 | ee.ik
ee.kmkr | tax | AA_9, 9 | | ee.kmkr
ee.registrikood | tax | 8 | | ee.registrikood
es.dni | person | 8_A, 2.3.3_A, 2.3.3 A, 2 3 3 A, 2 3 3A | | es.dni
es.nie | person | A_7_A, A-7A, A7-A, A 7A, A7 A, A-1.3.3-A | A7A, A-7-A, A-7A, A7-A | es.nie
es.nuss | person | 12, 2_10, 2/8/2, 2_8_2, 2/10/2, 2/10, 2 8/2 | | spanish_social_security
es.cif | tax | A_8, A_7_A, A-2.3.3, A 2.3.3, AAA8, AAA7A, AA8A, AA A8, AA_8A | | es.nif
fi.hetu | person | 6-3A, 6-4, 6+3A, 6+4, 6A3A, 6A4 | 6-3A, 6-4, 6+3A, 6+4, 6A3A, 6A4 |
    finnish_code
fi.ytunnus | tax | 7-1 | | fi.ytunnus
fi.alv | tax | AA_8 | | fi.alv
fo.ptal | person | 6-3, 6 3, 9 | | faroese_ptal
fo.vn | tax | 6 | |
fr.nir | person | 15, 13 2, 1 2 2 2 3 3 2, 1 2 2 2 3 3-2, 1 2 2 2 3 3/2, 1.2.2.2.3.3.2,
    1-2-2-2-3-3-2, 1 2 2 1A 3 3 2, 6A8, 6A6 2, 1 12 2, 1 2 2 5 3 2, 1 2 2 2 6 2 | 1 2 2 2 3 3 2, 1
    2 2 1A 3 3 2, 15, 13 2, 6A8, 1 2 2 2 3 3/2, 1 2 2 2 3 3-2 | french_nir
fr.nif | tax | 13, 2 2 3 3 3, 1 3 3 3 3, 2 2 3 3 3, 4 3 3 3 | 2 2 3 3 3 | fr.nif
fr.siren | tax | 9, 3_3_3 | | fr.siren
fr.siret | tax | 14, 3_3_3_5, 9 5, 9-5 | | fr.siret
fr.tva | tax | AA_11, AA_2_3_3_3, AA2 3 3 3, AA2 9, AA 2 9, AAA1 3 3 3, AAA10, AAAA9, AAAA 9,
    AA1A9 | | fr.tva
gb.nino | person | AA6A, AA_2_2_2_A, AA 6 A, AA2 2 2A, AA 6A | AA 2 2 2 A | british_nino
gb.nhs | person | 10, 3_3_4 | | gb.nhs
gb.utr | tax | 10, 5_5 | | gb.utr
gb.vat | tax | 9, 3 4 2, AA_9, AA 3 4 2, AA_12, 3 4 2 3, AA3 4 2 | | gb.vat
ge.number | person | 11 | |
ge.tin | tax | 9, 11 | |
gl.cpr | person | 6-4, 6 4, 10 | | danish_cpr
gr.amka | person | 11, 6 5, 6-5 | 11 | gr.amka
gr.vat | tax | 9, AA_9, 3 3 3 | | gr.vat
gr.adt | document | A_6, AA_6, AA_3_3 | |
hr.oib | person | 11, 3 3 3 2 | | hr.oib
hr.jmbg | person | 13 | 13 | jmbg
hr.vat | tax | AA_11 | | hr.oib
hu.taj | person | 9, 3_3_3 | | hungarian_taj
hu.number | person | 1_6_4, 1-6_4, 11 | 1-6-4 | hungarian_personal_number
hu.tax | tax | 10, 3 3 4, 2 3 3 2 | | hungarian_tax_id
hu.anum | tax | 8-1-2, 8, 11, AA_8 | | hungarian_tax_number
hu.card | document | 6AA, 6 AA | |
ie.pps | person | 7_A, 7_AA | | ie.pps
ie.vat | tax | AA_7A, AA_7AA, AA_1A5A, 7A, 7AA | | ie.vat
is.kennitala | person | 6-4, 10, 6 4 | 6-4 | is_.kennitala
is.vsk | tax | 5, 6 | |
it.codicefiscale | person | AAAAAA2A2A3A, AAA AAA 2A2 A3A, AAA-AAA-2A2-A3A, AAAAAA 2A2 A3A |
    AAAAAA2A2A3A, AAA AAA 2A2 A3A | it.codicefiscale
it.iva | tax | 11, AA_11 | | it.iva
it.card | document | AA5AA, AA7, A9, AA 7, 7AA, AA7A | |
li.peid | person | 5, 6, 7, 8, 9, 10, 11, 12 | |
lt.asmens | person | 11 | | lt.asmens
lt.pvm | tax | 9, 12, AA_9, AA_12 | | lt.pvm
lt.code | tax | 9, 7 | |
lu.matricule | person | 13, 4 2 2 3 2, 4 2 2 5, 8 5, 4 4 5, 8 3 2, 4.2.2-3.2 | 4 2 2 3 2, 8 3 2 |
    luxembourgish_matricule
lu.tva | tax | AA_8, 8, AA 4 4 | | lu.tva
lv.code | person | 6-5, 11, 6 5 | 6-5 | latvian_code
lv.pvn | tax | AA_11, 11 | | lv.pvn
mc.tva | tax | AA_11, AA_2_3_3_3 | | mc.tva
me.jmbg | person | 13 | 13 | jmbg
me.pib | tax | 8 | | me.pib
mk.embg | person | 13 | 13 | jmbg
mk.edb | tax | 13, AA_13 | | mk.edb
mt.card | person | 7_A, 6A, 5A, 4A, 6 A | | maltese_card
mt.vat | tax | AA_8, 4-4, AA 4-4, AA 4 4 | | mt.vat
nl.bsn | person | 9, 8, 4.2.3, 4 2 3, 3_3_3, 3-2-4, 2.3.3.1 | | nl.bsn
nl.btw | tax | AA_9A2, AA_9_A2, AA_9.A.2, AA3.3.3.A.2, AA_3.3.3.A2, AA4.2.3.A.2, AA_4.2.3.A2, 9A2
    | AA9A2 | nl.btw
nl.card | document | AA6A1, X9 | | nl.identiteitskaartnummer
no.number | person | 6_5, 2 2 2 5, 6 3 2 | 11, 6 5 | norwegian_number
no.orgnr | tax | 9, 3 3 3 | | no.orgnr
no.mva | tax | AA_9, AA 3 3 3, 9AAA, 3 3 3 AAA, 9 AAA | |
pl.pesel | person | 11, 6 5, 6-5, 2 2 2 5 | | pl.pesel
pl.nip | tax | 10, 3-3-2-2, 3-2-2-3, 3 3 2 2, 3 2 2 3, AA_10, AA 3 3 2 2, 3.3.2.2, AA 3-3-2-2 | |
    pl.nip
pl.regon | tax | 9, 14, 3_3_3 | | pl.regon
pl.card | document | AAA_6, AAA 3 3, AA_7 | |
pt.cc | person | 8_1_AA1, 8 1AA1, 8-1-AA1, 8 1 AA 1, 9AA1 | 8 1 AA1, 8-1-AA1 | pt.cc
pt.niss | person | 11, 3 3 3 2, 1 3 3 3 1 | | portuguese_niss
pt.bi | document | 8, 7, 8-1, 8 1, 2.3.3 | |
pt.nif | tax | 9, 3_3_3, AA_9, AA 3 3 3 | | pt.nif
ro.cnp | person | 13, 1 2 2 2 2 3 1, 1 2 2 2 6, 1 6 6, 1-6-6 | 13 | ro.cnp
ro.card | document | AA_6, AA7 | |
ro.cui | tax | 5, 6, 7, 8, 9, 10, AA_5, AA_6, AA_7, AA_8, AA_9, AA_10 | | ro.cui
md.idnp | person | 13 | | md.idno
md.idno | tax | 13 | | md.idno
rs.jmbg | person | 13 | 13 | jmbg
rs.pib | tax | 9, 3 3 3 | | rs.pib
rs.mb | tax | 8 | |
ru.snils | person | 3-3-3 2, 3-3-3-2, 3_3_3_2 | | russian_snils
ru.passport | document | 4_6, 2 2 6, 4 № 6, 2 2 № 6, 4 AAAAA 6, 2 2 AAAAA 6 | |
ru.inn | tax | 12, 10, 4 6 2 | | ru.inn
ru.ogrn | tax | 13, 15 | | ru.ogrn
se.number | person | 6-4, 6+4, 8-4, 10, 12, 6 4, 8 4, 8+4 | 6-4, 6+4, 8-4 | swedish_number
se.orgnr | tax | 6-4, 10 | | se.orgnr
se.vat | tax | AA_12, AA6-6 | | se.vat
si.emso | person | 13 | 13 | jmbg
si.ddv | tax | 8, AA_8, AA 3 3 2 | | si.ddv
si.maticna | tax | 7, 10 | | si.maticna
sk.rc | person | 6/4, 6/3, 6_4, 6_3, 2 2 2/4 | 6/4 | sk.rc
sk.dic | tax | 10, AA_10 | | sk.dph
sk.ico | tax | 8, 2 3 3 | | cz.dic
sm.coe | tax | AA_5, 5 | |
tr.kimlik | person | 11, 3 3 3 2, 3 2 2 2 2 | | tr.tckimlik
tr.vkn | tax | 10, 3 3 4, 3 3 2 2 | | tr.vkn
ua.rntrc | tax | 10 | | ua.rntrc
ua.unzr | person | 8-5, 13 | | ukrainian_unzr
ua.edrpou | tax | 8 | | ua.edrpou
ua.passport | document | AA_6 | |
us.ssn | person | 3-2-4, 3 2 4, 9, 3.2.4 | | american_ssn
us.itin | tax | 3-2-4, 9 | | us.itin
xk.jmbg | person | 13 | 13 | jmbg
xk.number | person | 10 | |
fr.nir13 | person | 13, 1 2 2 2 3 3, 1 2 2 1A 3 3, 6A6 | | french_nir
-.passport | document | AA_6, AA_7, AA_8, A_6, A_7, A_8, AAA_6, 6, 7, 8, 9, 2 7, 2_6, 2AA5, 2AA_5,
    10, AA7A, AA6A, AAA_7, A2A5, X9 | |
-.licence | document | 5/2/4, 5-2-4, 6, 7, 8, 9, 10, 11, 12, AA7A, AA_6, AA_7, A_7, A2A6A, 8A,
    4-2-4, 5A6AA2AA, 4 6, 2 2 6, AAAAA6AA1AA, AAAAA6A2AA, AAAA7AA1AA, AAA_6, 6-4, A_8, X11, 2_6 |
    |
"""


def _expanded(form: str) -> list[str]:
    """The shapes of a form: digits as "9", letters as "A", separators as themselves."""
    shape = "".join(
        "9" * int(part) if part.isdecimal() else part for part in re.findall("[0-9]+|[^0-9]", form)
    )
    return [shape.replace("_", joint) for joint in (" ", "-", ".", "")] if "_" in form else [shape]


def shapes(forms: tuple[str, ...]) -> frozenset[str]:
    """Every shape of some forms: digits as "9", letters as "A"; a form of "X" is its own shape."""
    found = {s for form in forms for s in ([form] if "X" in form else _expanded(form))}
    if _FISCAL_CODE in found:
        found.update(_omocodia())
    return frozenset(found)


def _parsed(line: str) -> Identifier:
    name, group, forms, free, check = (field.strip() for field in line.split("|"))
    country, _, rest = name.partition(".")
    return Identifier(
        name=f"identifier.{rest}" if country == "-" else name,
        country=None if country == "-" else country.upper(),
        group=group,
        forms=tuple(form.strip() for form in forms.split(",")),
        free=tuple(form.strip() for form in free.split(",")) if free else (),
        check=check,
    )


IDENTIFIERS: Final[tuple[Identifier, ...]] = tuple(
    _parsed(line) for line in re.sub(r"\n +", " ", _TABLE).strip().splitlines()
)
"""Every identifier. Among those of one shape the earlier wins."""

# Digits of a codice fiscale that letters may stand for where two people would have the same
# (omocodia; decree of 12 March 1974, article 6). More than three are not known to occur.
_FISCAL_CODE: Final = "AAAAAA99A99A999A"
_OMOCODIA_PLACES: Final = (6, 7, 9, 10, 12, 13, 14)
_OMOCODIA_MAX: Final = 3


def _omocodia() -> list[str]:
    """Shapes of a codice fiscale with letters for some of its digits, written in one piece."""
    return [
        "".join("A" if place in replaced else mark for place, mark in enumerate(_FISCAL_CODE))
        for count in range(1, _OMOCODIA_MAX + 1)
        for replaced in combinations(_OMOCODIA_PLACES, count)
    ]
