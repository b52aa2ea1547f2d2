from __future__ import annotations

import re
from functools import cache
from random import Random

import pytest

from filters import pii
from filters.check_digits import jmbg_country
from filters.identifier_forms import DOCUMENT, IDENTIFIERS, Identifier, shapes
from filters.identifiers import find
from filters.spans import Context, Span

# Beginnings that a birth date gives, so that numbers that hold one are met soon.
_DATES = ("850512", "120585", "19850512", "1850512", "8505", "1205985", "3850512")
_VAT_PREFIXES = {"GR": "EL", "AT": "ATU", "CH": "CHE", "MC": "FR"}
_REGIONS = {"BA": "15", "ME": "21", "HR": "33", "MK": "44", "SI": "50", "RS": "71", "XK": "91"}
_EXAMPLES = {
    "it.codicefiscale": "MRARSS85M12H501V",
    "by.number": "3141085A012PB3",
    "passport": "C4J7K8L91",
}

# Identifier, language of the page, and sentences: "{}" stands for the number.
SENTENCES = """
at.vnr|deu|Frau Muster, SV-Nr. {}, wohnhaft in Wien|Sozialversicherungsnummer: {}
at.vnr|deu|Meine SVNR lautet {}|Versicherungsnummer {}|social insurance number {}
at.tin|deu|Steuernummer: {}|Abgabenkontonummer {}|StNr. {}|tax number {}
at.uid|deu|UID-Nummer: {}|UID: {}|UID-Nr.: {}|VAT number {}
be.nn|nld|Rijksregisternummer: {}|INSZ-nummer {}|Het rijksregisternummer van de patiënt is {}
be.nn|nld|RRN {}|national number {}
be.nn|fra|Numéro national : {}|NISS : {}|Numéro de registre national {}|N° national {}
be.nn|fra|Registre national: {}
be.nn|deu|Nationalregisternummer: {}|Nationalnummer {}
be.vat|nld|Ondernemingsnummer {}|BTW {}|btw-nummer: {}|KBO {}
bg.egn|bul|ЕГН: {}|ЕГН {} на лицето|единен граждански номер {}|с ЕГН {}|EGN {}
bg.pnf|bul|ЛНЧ: {}|личен номер на чужденец {}
bg.vat|bul|ДДС № {}|ЕИК {}|БУЛСТАТ: {}|ИН по ДДС {}
hr.oib|hrv|OIB: {}|osobni identifikacijski broj {}|OIB {}, Zagreb|personal identification number {}
hr.jmbg|hrv|JMBG: {}|matični broj građana {}|jedinstveni matični broj građana {}
cz.rc|ces|rodné číslo: {}|r.č. {}|RČ: {}|r. č. {}|rodným číslem {}|nar. 1.1.1970, rodné číslo {}
cz.rc|ces|birth number {}|Rodné č. {}
sk.rc|slk|rodné číslo: {}|r.č. {}|RČ {}|s rodným číslom {}|Rod. číslo: {}
cz.dic|ces|IČO: {}|IČ {}|DIČ: {}
dk.cpr|dan|CPR-nummer: {}|CPR-nr. {}|cpr.nr.: {}|personnummer {}|CPR: {}|Hans CPR-nummer er {}
dk.cvr|dan|CVR-nr. {}|CVR: {}|CVR-nummer {}
ee.ik|ekk|isikukood: {}|isikukoodiga {}|Isikukood {}|ik {}|personal code {}|(ik. {})
ee.registrikood|ekk|registrikood {}|Reg. kood: {}|reg nr {}
fi.hetu|fin|henkilötunnus: {}|hetu {}|Henkilötunnuksesi on {}|HETU: {}|sotu {}
fi.hetu|fin|henkilötunnuksella {}
fi.hetu|swe|personbeteckning: {}|personbeteckning {}
fi.ytunnus|fin|Y-tunnus: {}|Y-tunnus {}|y-tunnuksella {}|FO-nummer {}
fr.nir|fra|numéro de sécurité sociale : {}|NIR {}|N° de sécurité sociale : {}|n° sécu {}|N° SS : {}
fr.nir|fra|Numéro d'inscription au répertoire {}|son numéro de sécu est le {}
fr.nir|fra|social security number: {}
fr.nif|fra|numéro fiscal : {}|Numéro SPI: {}|identifiant fiscal {}|n° fiscal {}
fr.siren|fra|SIREN : {}|RCS Paris {}|SIREN n° {}|immatriculée au RCS sous le numéro {}
fr.siret|fra|SIRET : {}|N° SIRET {}|numéro de SIRET: {}
fr.tva|fra|TVA intracommunautaire : {}|N° TVA {}|numéro de TVA: {}
de.idnr|deu|Steuer-ID: {}|Steueridentifikationsnummer {}|IdNr. {}|Steuer-IdNr.: {}
de.idnr|deu|Identifikationsnummer: {}|steuerliche Identifikationsnummer {}|tax ID {}
de.idnr|deu|Ihre Steuer-ID lautet {}
de.rvnr|deu|Rentenversicherungsnummer: {}|RVNR {}|Sozialversicherungsnummer {}|SV-Nummer: {}
de.rvnr|deu|Versicherungsnummer {}|VSNR: {}
de.kvnr|deu|Krankenversichertennummer: {}|KVNR {}|Versichertennummer {}|Versicherten-Nr.: {}
de.stnr|deu|Steuernummer: {}|St.-Nr. {}|Steuer-Nr.: {}|Finanzamt Mitte, Steuernummer {}
de.vat|deu|USt-IdNr.: {}|Umsatzsteuer-ID: {}
de.vat|deu|Umsatzsteuer-Identifikationsnummer gemäß § 27 a Umsatzsteuergesetz: {}|USt-ID {}
de.vat|deu|Ust.-IdNr.: {}
gr.amka|ell|ΑΜΚΑ: {}|ΑΜΚΑ {}|Α.Μ.Κ.Α. {}|αριθμός μητρώου κοινωνικής ασφάλισης {}|με ΑΜΚΑ {}
gr.amka|ell|AMKA: {}
gr.vat|ell|ΑΦΜ: {}|Α.Φ.Μ. {}|αριθμός φορολογικού μητρώου {}|Α.Φ.Μ.: {}|AFM {}
gr.adt|ell|ΑΔΤ: {}|Α.Δ.Τ. {}|αριθμός δελτίου ταυτότητας {}|αριθμός ταυτότητας: {}|Ταυτότητα {}
hu.taj|hun|TAJ szám: {}|TAJ-szám: {}|TAJ: {}|társadalombiztosítási azonosító jel {}|tajszáma {}
hu.taj|hun|TAJ száma: {}
hu.tax|hun|adóazonosító jel: {}|adóazonosító jele {}|Adóazonosító: {}|tax identification number {}
hu.number|hun|személyi szám: {}|személyi azonosító: {}|személyi száma {}|személyi azonosító szám {}
hu.anum|hun|adószám: {}|Adószáma: {}|közösségi adószám: {}
ie.pps|eng|PPS number: {}|PPSN {}|PPS No. {}|personal public service number {}|PPS: {}
ie.pps|gle|UPSP: {}|uimhir PSP {}|Uimhir Phearsanta Seirbhíse Poiblí: {}
ie.vat|eng|VAT no. {}|VAT number: {}|VAT Reg No: {}
it.codicefiscale|ita|codice fiscale: {}|C.F. {}|CF: {}|cod. fisc. {}|Codice Fiscale {}
it.iva|ita|P. IVA {}|Partita IVA: {}|P.IVA {}|P.I. {}|partita IVA n. {}
lv.code|lvs|personas kods: {}|p.k. {}|personas kodu {}|ar personas kodu {}|personal code {}
lv.pvn|lvs|PVN reģ. nr. {}|PVN maksātāja numurs {}|Reģ. Nr. {}
lt.asmens|lit|asmens kodas: {}|a. k. {}|a.k. {}|asmens kodą {}|Asmens kodo numeris {}
lt.asmens|lit|personal code {}
lt.pvm|lit|PVM kodas: {}|PVM mokėtojo kodas {}|įmonės kodas {}
lu.matricule|fra|matricule: {}|numéro de matricule {}|Matricule national {}
lu.matricule|fra|numéro d'identification {}
lu.matricule|ltz|Matricule: {}|Identifikatiounsnummer {}|Sozialversécherungsnummer {}
lu.matricule|deu|Matrikelnummer {}|Identifikationsnummer {}|Sozialversicherungsnummer {}
mt.card|mlt|numru tal-karta tal-identità: {}|Karta tal-Identità Nru {}|ID card {}
mt.card|mlt|karta tal-identità {}
mt.card|eng|ID card number {}|ID card no. {}|identity card number: {}|ID Card: {}
mt.vat|mlt|numru tal-VAT {}|VAT: {}
nl.bsn|nld|BSN: {}|burgerservicenummer {}|Burgerservicenummer (BSN): {}|BSN-nummer {}|sofinummer {}
nl.bsn|nld|Mijn BSN is {}
nl.btw|nld|btw-nummer: {}|BTW-id {}|btw-identificatienummer {}|BTW nr. {}
pl.pesel|pol|PESEL: {}|nr PESEL {}|numer PESEL {}|legitymujący się numerem PESEL {}|PESEL-em {}
pl.pesel|pol|o numerze PESEL: {}
pl.nip|pol|NIP: {}|NIP {}|numer identyfikacji podatkowej {}|nr NIP {}
pl.regon|pol|REGON: {}|REGON {}|nr REGON {}
pl.card|pol|dowód osobisty {}|seria i numer dowodu osobistego: {}|nr dowodu {}|dowód osobisty nr {}
pl.card|pol|dowodem osobistym serii {}
pt.nif|por|NIF: {}|contribuinte n.º {}|número de contribuinte: {}|NIF {}
pt.nif|por|número de identificação fiscal {}
pt.cc|por|cartão de cidadão: {}|Cartão de Cidadão n.º {}|CC {}|cartão do cidadão {}
pt.niss|por|NISS: {}|número de identificação da segurança social {}|segurança social n.º {}
ro.cnp|ron|CNP: {}|cod numeric personal {}|având CNP {}|C.N.P. {}|codul numeric personal: {}
ro.cui|ron|CUI: {}|CIF {}|cod fiscal {}|cod unic de înregistrare {}|C.U.I. {}
ro.card|ron|CI seria {}|carte de identitate seria {}|buletin seria {}
si.emso|slv|EMŠO: {}|enotna matična številka občana {}|EMŠO {}
si.ddv|slv|davčna številka: {}|ID za DDV: {}|davčna št. {}
es.dni|spa|DNI: {}|con DNI {}|D.N.I. {}|DNI número {}|documento nacional de identidad {}|NIF {}
es.dni|spa|DNI nº {}
es.dni|cat|DNI: {}|document nacional d'identitat {}|amb DNI {}
es.dni|eus|NAN: {}|NAN zenbakia {}
es.dni|glg|DNI {}|documento nacional de identidade {}
es.nie|spa|NIE: {}|número de identidad de extranjero {}|NIE {}
es.nuss|spa|número de la Seguridad Social: {}|NUSS {}|Nº Seguridad Social {}
es.nuss|spa|número de afiliación a la Seguridad Social: {}
es.cif|spa|CIF: {}|NIF {}|C.I.F. {}
se.number|swe|personnummer: {}|personnummer {}|Personnr: {}|pers.nr {}|med personnummer {}
se.number|swe|samordningsnummer {}
se.orgnr|swe|org.nr: {}|organisationsnummer {}|Org.nr {}
no.number|nob|fødselsnummer: {}|personnummer {}|fnr. {}|Fødselsnr.: {}|fødselsnummeret {}
no.number|nob|D-nummer {}
no.number|nno|fødselsnummer: {}|personnummer {}
no.orgnr|nob|org.nr. {}|organisasjonsnummer: {}|Org. nr.: {}
is.kennitala|isl|kennitala: {}|kt. {}|Kennitala {}|kennitalan er {}|kt: {}
ch.ssn|deu|AHV-Nummer: {}|AHV-Nr. {}|Sozialversicherungsnummer {}|AHVN13 {}|Versichertennummer {}
ch.ssn|fra|numéro AVS: {}|N° AVS {}|NAVS {}|numéro d'assuré {}
ch.ssn|ita|numero AVS {}|N. AVS: {}
ch.ssn|roh|numer AVS {}|AVS {}
ch.uid|deu|UID: {}|MWST-Nr. {}
gb.nino|eng|National Insurance number: {}|NI number {}|NINO: {}|NI no. {}|national insurance no {}
gb.nino|cym|rhif Yswiriant Gwladol: {}|Rhif YG {}
gb.nhs|eng|NHS number: {}|NHS No: {}|NHS {}
gb.utr|eng|UTR: {}|Unique Taxpayer Reference {}|UTR number {}|tax reference {}
gb.vat|eng|VAT number: {}|VAT Reg. No. {}|VAT registration number {}
al.nid|als|numri personal: {}|NID {}|numri i identitetit {}|Nr. personal {}|numër personal {}
al.nipt|als|NIPT: {}|NUIS {}|NIPT {}
ba.jmbg|bos|JMBG: {}|jedinstveni matični broj {}|matični broj {}
rs.jmbg|srp|ЈМБГ: {}|JMBG {}|јединствени матични број грађана {}|матични број {}
me.jmbg|cnr|JMBG: {}|matični broj {}
mk.embg|mkd|ЕМБГ: {}|единствен матичен број {}|матичен број на граѓанинот {}|EMBG {}
xk.number|als|numri personal: {}|Numri personal {}
rs.pib|srp|ПИБ: {}|PIB {}|порески идентификациони број {}
mk.edb|mkd|ЕДБ: {}|единствен даночен број {}
me.pib|cnr|PIB: {}|PIB {}
md.idnp|ron|IDNP: {}|IDNP {}|cod personal {}
md.idno|ron|IDNO: {}|cod fiscal {}
ua.rntrc|ukr|РНОКПП: {}|ІПН {}|ідентифікаційний код {}
ua.rntrc|ukr|реєстраційний номер облікової картки платника податків {}|податковий номер {}
ua.rntrc|ukr|індивідуальний податковий номер {}
ua.rntrc|rus|ИНН {}|идентификационный код {}
ua.edrpou|ukr|ЄДРПОУ: {}|код ЄДРПОУ {}
ua.unzr|ukr|УНЗР {}|унікальний номер запису {}
by.number|bel|асабісты нумар: {}|ідэнтыфікацыйны нумар {}
by.number|rus|личный номер: {}|идентификационный номер {}
by.unp|rus|УНП: {}|УНП {}
tr.kimlik|tur|T.C. kimlik no: {}|TC Kimlik No: {}|TCKN: {}|kimlik numarası {}
tr.kimlik|tur|T.C. Kimlik Numarası: {}|TC {}
tr.vkn|tur|vergi kimlik numarası: {}|Vergi No: {}|VKN {}|vergi numarası {}
ru.snils|rus|СНИЛС: {}|СНИЛС {}|страховой номер индивидуального лицевого счета {}
ru.snils|rus|страховое свидетельство {}
ru.inn|rus|ИНН: {}|ИНН {}|идентификационный номер налогоплательщика {}
ru.passport|rus|паспорт: {}|паспорт серии {}|паспорт гражданина РФ {}|паспортные данные: {}
fo.ptal|fao|p-tal: {}|P-tal {}
gl.cpr|kal|CPR: {}|cpr-nr. {}|inuup normua {}
ge.number|kat|პირადი ნომერი: {}|პირადი № {}|პ/ნ {}
am.psn|hye|ՀԾՀ {}|հանրային ծառայությունների համարանիշ {}|սոցիալական քարտ {}
az.voen|azj|VÖEN: {}|VÖEN {}
us.ssn|eng|SSN: {}|social security number {}|SSN {}
"""


def _find(text: str, language: str | None = None, host_tld: str | None = None) -> list[Span]:
    return list(find(Context(text, language, host_tld)))


@cache
def _number(identifier: Identifier, shape: str) -> str:
    """An invented number of a shape that the check holds for."""
    if identifier.name in _EXAMPLES:
        rest = iter(_EXAMPLES[identifier.name])
        return "".join(next(rest) if c.isalnum() else c for c in shape)
    chance = Random(identifier.name + shape)  # noqa: S311 - the same every time
    prefix = _VAT_PREFIXES.get(identifier.country or "", identifier.country or "")
    for _ in range(100_000):
        written = "".join(
            chance.choice("0123456789")
            if c == "9"
            else chance.choice("ABCEHKLMTXYZ")
            if c == "A"
            else c
            for c in shape
        )
        if identifier.group == "tax" and shape.startswith("AA") and identifier.name != "by.unp":
            written = prefix + written[len(prefix) :]
        elif shape[0] == "9" and chance.random() < 0.8:
            written = _with_digits(written, chance.choice(_DATES))
        if identifier.name == "ch.ssn":
            written = _with_digits(written, "756")
        if identifier.check == "jmbg":
            written = written[:7] + _REGIONS[identifier.country or ""] + written[9:]
        number = re.sub(r"[^\w]", "", written)
        if identifier.holds(number) and identifier.fits(number):
            return written
    raise AssertionError((identifier.name, shape))


def _with_digits(written: str, digits: str) -> str:
    """A number whose first digits are replaced, its separators kept."""
    rest = iter(digits)
    return re.sub("[0-9]", lambda match: next(rest, match.group()), written)


def _named(name: str) -> Identifier:
    return next(each for each in IDENTIFIERS if each.name == name)


def _rows() -> list[tuple[str, str, str]]:
    rows = []
    for line in SENTENCES.strip().splitlines():
        name, language, *sentences = line.split("|")
        rows += [(name, language, sentence) for sentence in sentences]
    return rows


def test_every_identifier_with_a_check_has_sentences() -> None:
    told = {name for name, _, _ in _rows()}
    untold = {each.name for each in IDENTIFIERS if each.check} - told
    assert untold == {
        "ad.nrt", "be.eid", "cy.vat", "ee.kmkr", "fi.alv", "fr.nir13", "hr.vat", "lu.tva",
        "mc.tva", "nl.card", "ru.ogrn", "si.maticna", "sk.dic", "sk.ico", "us.itin", "xk.jmbg",
        "se.vat", "de.card", "hr.jmbg", "cy.id",
    } & untold  # fmt: skip


@pytest.mark.parametrize(("name", "language", "sentence"), _rows())
def test_found_after_its_name(name: str, language: str, sentence: str) -> None:
    """In its country's language and in every form, a name before it is enough."""
    identifier = _named(name)
    written = [form for form in identifier.forms if not form.startswith("X")]
    forms = [sorted(shapes((form,)))[-1] for form in written]
    for shape in forms[:: max(1, len(forms) // 2)]:
        number = _number(identifier, shape)
        text = f"12. 3. 2024: {sentence.format(number)}, 2021."
        spans = _find(text, language)
        assert [text[span.start : span.end] for span in spans] == [number], text
        assert spans[0].context
        assert spans[0].kind in ("NATIONAL_ID", "TAX_ID")


def _free() -> list[Identifier]:
    return [identifier for identifier in IDENTIFIERS if identifier.free]


@pytest.mark.parametrize("identifier", _free(), ids=lambda identifier: identifier.name)
def test_alone_on_a_page_of_its_country_only(identifier: Identifier) -> None:
    """The form is enough there; not elsewhere, and not with another check digit."""
    assert identifier.country is not None
    tld = identifier.country.lower()
    for shape in sorted(shapes(identifier.free))[:2]:
        number = _number(identifier, shape)
        text = f"x y z\n{number}\nx y z"
        found = _find(text, None, tld)
        if found:  # some look like an article number or a day, and then stay
            assert [text[span.start : span.end] for span in found] == [number]
            assert not found[0].context
        assert _find(text, "jpn", "com") == []
        changed = _find(f"x y z\n{_with_wrong_check(identifier, number)}\nx", None, tld)
        assert [span.detector for span in changed if span.detector == identifier.name] == []


def _with_wrong_check(identifier: Identifier, number: str) -> str:
    """The number with another last digit or letter, for which the check does not hold."""
    last = max(place for place, c in enumerate(number) if c.isdigit())
    for digit in "0123456789":
        changed = number[:last] + digit + number[last + 1 :]
        if not identifier.holds(re.sub(r"[^\w]", "", changed)):
            return changed
    return number[:last] + "X" + number[last + 1 :]


def test_most_free_numbers_are_found_alone() -> None:
    """The doubts of the last test take few: a tenth of the 13 digits, and days of our time."""
    tried = found = 0
    for identifier in _free():
        for shape in sorted(shapes(identifier.free)):
            tried += 1
            number = _number(identifier, shape)
            found += bool(_find(f"({number})", None, (identifier.country or "").lower()))
    assert found >= 0.85 * tried


@pytest.mark.parametrize(
    ("text", "language", "numbers"),
    [
        ("PESEL: 44051401359, 02070803628 i 44051401360", "pol", ["44051401359", "02070803628"]),
        ("NIP 123-456-32-18, REGON 123456785", "pol", ["123-456-32-18", "123456785"]),
        ("NIP 123-456-32-18, tel. 227164545", "pol", ["123-456-32-18"]),
        ("PESEL: 44051401359. Call 02070803628", "pol", ["44051401359"]),
        ("PESEL44051401359.", "pol", ["44051401359"]),
        ("pesel=44051401358&x=1", "pol", ["44051401358"]),
        ("PESEL 440514 01359", "pol", ["440514 01359"]),
        ("PESEL 4405 1401 359", "pol", ["4405 1401 359"]),
        ("PESEL-em 44051401358", "pol", ["44051401358"]),
        ("My PESEL is 44051401358.", "eng", ["44051401358"]),
        ("national ID: 44051401359", "eng", ["44051401359"]),
        ("C.F. MRA RSS 85M12 H501V", "ita", ["MRA RSS 85M12 H501V"]),
        ("MRARSS85M12H50MA", "ita", []),
        ("N° 1 85 05 78 006 084 91", "fra", ["1 85 05 78 006 084 91"]),
        ("dowód osobisty ABS 523674", "pol", ["ABS 523674"]),
        ("паспорт серии 4510 № 123456", "rus", ["4510 № 123456"]),
        ("паспорт 4510 номер 123456", "rus", ["4510 номер 123456"]),
        ("Ausweisnr. L01X00T47", "deu", ["L01X00T47"]),
        ("Here's my SSN: 536-90-4399", "eng", ["536-90-4399"]),
        ("driver's license number is 6940579", "eng", ["6940579"]),
    ],
)
def test_found(text: str, language: str, numbers: list[str]) -> None:
    assert [text[span.start : span.end] for span in _find(text, language)] == numbers


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("telefoon 111222333", "nld"),
        ("Bestellnummer 44051401359", "pol"),
        ("ordre 850512-1234 og 010190-1234", "dan"),
        ("Holiday Inn 7707083893", "eng"),
        ("PN 123456789, AB123456C", "eng"),
        ("12.05.1985 14:30, 2024-05-12, 12/05/1985", "ces"),
        ("ISBN 978-3-16-148410-0, 9783161484100", "ron"),
        ("1 234 567 890 lei, 12 345 678,90 lei", "ron"),
        ("48.208174, 16.373819", "deu"),
        ("§ 12 Abs. 3, Art. 123/2004", "deu"),
        ("č. j. 850512/2019, účet 850512/0800", "ces"),
        ("20240512123456 20240512123", "ekk"),
        ("celui-ci: 10081914", "fra"),
        ("passed.: 041230, passi spiegano HD 236237", "ita"),
        ("Serial SV-25867286, Ref CI 832169", "slv"),
        ("+48 440 514 013 59", "pol"),
        ("3,44051401359 and 44051401359.5", "pol"),
        ("", "pol"),
    ],
)
def test_left_alone(text: str, language: str) -> None:
    assert [text[span.start : span.end] for span in _find(text, language)] == []


def test_form_alone_needs_a_certain_name() -> None:
    """A wrong check digit is forgiven directly after a name, not farther away."""
    assert _find("PESEL 44051401358", "pol")
    assert not _find("PESEL mojej mamy to chyba 44051401358", "pol")
    assert _find("PESEL mojej mamy to chyba 44051401359", "pol")
    assert not _find("PESEL " + "x " * 30 + "44051401359", "pol")


def test_country_and_detector_are_told() -> None:
    (span,) = _find("BTW BE0403019261", "nld")
    assert (span.kind, span.detector, span.country) == ("TAX_ID", "be.vat", "BE")
    (span,) = _find("passport C4J7K8L91", "eng")
    assert (span.detector, span.country) == ("identifier.passport", None)
    assert _named("identifier.passport").group == DOCUMENT


@pytest.mark.parametrize(
    "written",
    ["1\u00a085\u00a005\u00a078\u00a0006\u00a0084\u00a091", "1 85 05 78 006\u2009084\u200991"],
)
def test_styled_separators(written: str) -> None:
    assert pii.redact(f"NIR : {written}.", "fra")[0] == "NIR : <NATIONAL_ID>."


def test_en_dash_and_full_width() -> None:
    assert pii.redact("personnummer 850512–1239", "swe")[0] == "personnummer <NATIONAL_ID>"
    assert pii.redact("PESEL 44051401359", "pol")[0] == "PESEL <NATIONAL_ID>"


def test_a_tax_number_that_only_persons_have_is_a_national_id() -> None:
    assert pii.redact("Steuer-ID 65 929 970 489", "deu")[0] == "Steuer-ID <NATIONAL_ID>"
    assert pii.redact("NIP 123-456-32-18", "pol")[0] == "NIP <TAX_ID>"


def test_twice_is_once() -> None:
    text = "PESEL: 44051401359, 02070803628; NIP 123-456-32-18 (tel. +48 22 716 45 45), 44051401358"
    once = pii.redact(text, "pol")[0]
    assert pii.redact(once, "pol") == (once, [])


def test_regions_of_jmbg() -> None:
    assert [jmbg_country(f"0101985{region}0000") for region in _REGIONS.values()] == list(_REGIONS)
