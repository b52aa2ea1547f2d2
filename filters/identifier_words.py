"""Words that name a national or tax identifier, in the languages of the countries that issue them.

Written without accents, as text is compared. A word of five or more letters stands for every word
that begins with it, so that inflected and compound forms are found; a shorter one for itself. Words
in capitals are acronyms: they must be written in capitals unless the page is of the country, and
may have full stops between the letters. "~" marks words that also name other numbers: after them
the check must hold.
"""

from __future__ import annotations

from typing import Final

# countries | groups | words
NAMES: Final = """
* | person | national id, national ids, national identification, national identity n, national
    identity no, national identity code, national identifier, national number, national insurance,
    national register, national registry, personal identification, personal identity n, personal
    identity c, personal= id, personal= ids, personal= code, personal= number, citizen id, citizen
    number, civil registration number, civil number, birth number, social security, social
    insurance, social number, health insurance number, health insurance no, health insurance id,
    health number, patient number, patient id, identity code, identity number, identity no,
    identification code, state id, ~id number, ~id no, ~id nr, ~id code, ~identification n,
    ~insurance n, ~unique identification, ~personal n, ~citizen, ~matricule, ~ssn, SSN
* | tax | tax id, tax ids, tax identification, tax identifier, tax number, tax no, tax nr, tax
    code, tax reference, tax payer, tax registration, taxpayer, fiscal code, fiscal number, fiscal
    no, fiscal id, fiscal identification, vat, vat n, vat id, vat no, vat nr, vat number, vat reg,
    vat registration, vat identification, vat code, ~company n, ~company no, ~company id, ~company
    registration, ~company reg, ~company code, ~business id, ~business n, ~business registration,
    ~registration n, ~registration no, ~registration code, ~registered n, ~trade register,
    ~enterprise n, ~organisation n, ~organization n, ~organisation no, ~organization no,
    ~organisation number, ~organization number, TIN, VATIN, EORI, ITIN
* | document | passport, passports, identity card, id card, identity document, id document,
    personal document, document number, travel document, residence permit, driving licence,
    driving license, drivers licence, drivers license, driver s licence, driver s license, driver
    licence, driver license, ~licence number, ~license number, ~id number, ~id no, ~document no,
    ~identity, PASSPORT

DE AT CH LI LU BE IT | person | sozialvers, rentenvers, krankenvers, sozialversicherungsn,
    sozialversicherungs nr, sozialversicherung, versicherungsn, versichertennu, versicherten nr,
    versichertennr, rentenversicherungsn, rentenversicherung, krankenversichertenn,
    krankenversicherungsn, krankenversicherten, krankenkassen, gesundheitskarte, personenkennz,
    personenkennziffer, personennummer, personalnummer, personen id, svnummer, sv nummer, sv nr,
    sv nummern, vsnr, rvnr, kvnr, svnr, nationalnummer, nationalregisternummer,
    identifikationsnummer der nationalregister, erkennungsnummer, matrikel, SVNR, SV, SVN, VSNR,
    RVNR, KVNR, VNR, ~ausweisnummer, ~e card, ~ecard, ~kennnummer, ~personalausweis
DE AT CH LI LU BE IT | person tax | ~identifikationsnummer, steuer id, steueridentifikation,
    steueridentnummer, steuer identifikation, steuerliche identifikation, steuerliche id, idnr, id
    nr, id nummer, identnummer, personliche identifikation, steueridnr, stid, steuerident
DE AT CH LI LU BE IT | tax | steuernummer, steuernr, steuer nr, steuer nummer, st nr, stnr, st
    nummer, abgabenkonto, finanzamt, ustidnr, ust id, ust idnr, ust id nr, ust ident, ustid,
    umsatzsteuer, mwst, mwst nr, mehrwertsteuer, uid, uid nr, uid nummer, uidnr,
    unternehmensnummer, unternehmens id, unternehmensidentifikation, wirtschafts id, w idnr,
    ~firmennummer, ~registernummer, USTID, UID
DE AT CH LI LU BE IT | document | reisepass, reisepass nr, passnummer, pass nr, passnr, pass
    nummer, personalausweis, ausweisnummer, ausweisnr, ausweis nr, ausweis nummer,
    identitatskarte, identitatskartennummer, personalausweisnummer, ausweis, fuhrerschein,
    fuhrerscheinnummer, fuhrerausweis, aufenthaltstitel, dokumentennummer, seriennummer des
    ausweises
CH LI | person | ahv, ahv nr, ahvnr, ahv nummer, ahvnummer, avs, navs, no avs, avs nr, numero avs,
    numero avs avs, versichertennummer, nss, nr ahv, navs13, ahvn13, AHV, AVS, NAVS, AHVN, OASI,
    oasi, PEID, peid
LI | person | PEID, peid, personenidentifikationsnummer, pid
CH | tax | uid, ide, idi, tva, iva, mwst, vpv
FR BE LU CH MC AD | person | securite sociale, secu, no secu, nss, numero national, registre
    national, numero d inscription au repertoire, numero d identification nationale, identifiant
    national, numero de matricule, matricule national, no national, n national, numero nir, niss,
    insz, carte vitale, numero d assure, assure social, numero d immatriculation a la securite,
    insee, numero ins, NIR, NISS, INSZ, NSS, INSEE, SS, ~matricule, ~identifiant, ~numero d
    identification, ~numero personnel
FR BE LU CH MC AD | tax | fiscal de reference, reference fiscal, numero fiscal, fiscal, no fiscal,
    n fiscal, identifiant fiscal, reference fiscale, spi, nif, numero d identification fiscale,
    numero tva, n tva, no tva, tva, tva intracom, siren, siret, numero siren, rcs, numero d
    entreprise, n d entreprise, numero bce, tva be, SPI, NIF, SIREN, SIRET, TVA, RCS, ~impots,
    ~immatriculation
BE | tax | n bce, no bce, bce n, banque carrefour, BCE
FR BE LU CH MC AD | document | passeport, carte d identite, carte nationale d identite, cni, piece
    d identite, permis de conduire, titre de sejour, carte de sejour, numero de passeport, CNI,
    CNIS
NL BE | person | bsn, burgerservicen, burger service n, sofi, sofinummer, sofi nummer,
    rijksregister, rijksregisternr, insz, niss, nationaal nummer, identificatienummer van het
    rijksregister, bisnummer, bis nummer, patientnummer, BSN, INSZ, NISS, RRN, RR, SOFI,
    ~persoonsnummer, ~identificatien, ~onderwijsnummer, ~relatienummer
NL BE | tax | btw, btwnummer, btw nr, btw nummer, btw id, btw identificatie, ob nummer, rsin,
    fiscaal nummer, fiscaal, ondernemingsn, kbo, kbo nummer, belasting, kvk, kvk nummer, BTW,
    RSIN, KBO, KVK, OB
NL BE | document | paspoort, paspoortn, identiteitskaart, identiteitsbewijs, rijbewijs,
    rijbewijsn, documentn, legitimatie, verblijfsdocument, verblijfstitel, eid kaart
LU DE | person | matricule, matrikel, matrikelnummer, sozialversecherungs, identifikatiounsnummer
LU DE | tax | tva, steiernummer, steier, mwst, tva nummer
PL | person | pesel, nr pesel, numer pesel, numer ewidencyjny, ewidencyjny, PESEL, ~numer
    identyfikacyjny, ~numer ubezpiecz
PL | tax | nip, nip ue, numer nip, numer identyfikacji podatkowej, identyfikacji podatkowej,
    identyfikator podatkowy, numer podatkowy, regon, vat ue, numer vat, NIP, REGON, ~numer
    identyfikacyjny
PL | document | dowod osobist, dowodu osobist, dowodem osobist, dowodzie osobist, dowody osobist,
    nr dowodu, seria i numer, dowod, dowodu, dowodem, paszport, prawo jazdy, prawa jazdy, karta
    pobytu, karty pobytu, legitymac, legitymuj
CZ SK | person | rodne cisl, rodneho cisl, rodnym cisl, rodnemu cisl, rodnom cisl, rodni cisl, rc,
    r c, rod c, rod cis, rc c, cislo pojistence, cislo poistenca, rodne c, RC, ~osobni cislo,
    ~osobne cislo, ~cislo pojist, ~identifikacni cisl, ~identifikacne cisl
CZ SK | tax | dic, ic dph, dic dph, ic, ico, icdph, danove identifikacni, danove identifikacne,
    danoveho identif, danove cisl, danoveho cisl, identifikacni cislo osoby, identifikacne cislo,
    identifikacni cisl, ic o, DIC, ICO, IC, DPH, dph
CZ SK | document | obcansky prukaz, obcanskeho prukaz, obcanskym prukaz, obciansky preukaz,
    obcianskeho preukaz, cislo op, c op, op c, cislo dokladu, cestovni pas, cestovny pas, pas c,
    cislo pasu, ridicsky prukaz, ridicskeho prukaz, vodicsky preukaz, vodicskeho preukaz, OP,
    pasu=
HU | person | taj, taj szam, tajszam, tarsadalombizt, szemelyi szam, szemelyi azonosit, szemelyi,
    szemelyazonosito szam, szemelyazonosito jel, tb szam, TAJ, TB, ~azonosito
HU | tax | adoazonos, ado azonos, adoszam, adoszama, ado szam, afa szam, kozossegi adoszam,
    adojel, adokartya, csoportos adoszam, cegjegyzek, nyilvantartasi szam
HU | document | szemelyi igazolvany, szemelyazonosito igazolvany, szig szam, szig, igazolvany,
    utlevel, jogositvany, vezetoi engedely, lakcimkartya, okmany
RO MD | person | cnp, cod numeric personal, codul numeric personal, codului numeric personal, cod
    numeric, codul numeric, idnp, cod personal, codul personal, numar de identificare personal,
    numar personal, CNP, IDNP
RO MD | tax person | cod fiscal, codul fiscal, codului fiscal, nif, cod de identificare fiscala,
    identificare fiscala, cod de inregistrare fiscala, inregistrare fiscala, cif, cui, c u i, c i
    f, cod unic de inregistrare, codul unic, cod unic, idno, cod tva, tva, numar de identificare
    fiscal, ro tva, CUI, CIF, IDNO, TVA, ~inregistrat cu
RO MD | document | carte de identitate, cartea de identitate, cartii de identitate, carte
    identitate, buletin, buletinul, seria=, ci seria, c i seria, ci nr, bi nr, pasaport, permis de
    conducere, permisul de conducere, act de identitate
BG | person | егн, лнч, единен граждански, лнч егн, личен номер, граждански номер, ЕГН, ЛНЧ, egn,
    EGN, LNC, lnch
BG | tax | еик, булстат, ддс, ддс n, идент номер по ддс, данъчен номер, данъчен, ин по ддс, ЕИК,
    БУЛСТАТ, ДДС, bulstat, eik, EIK, dds, DDS
BG | document | лична карта, лк, л к, паспорт, шофьорска книжка, свидетелство за управление,
    документ за самоличност, ЛК
HR BA RS ME SI MK XK | person | jmbg, oib, jedinstveni maticni broj, jedinstvenog maticnog broja,
    jedinstveni mat, maticni broj, maticnog broja, maticnim brojem, osobni identifikacijski broj,
    osobni broj, osobnog identif, osobni identif, licni broj, mbo, emso, emšo, embg, mat broj,
    maticna stevilka, JMBG, OIB, EMSO, EMBG, MBO, ЈМБГ, јмбг, ЕМБГ, ембг, матични број,
    јединствени матични, матичен број, матичниот број, единствен матичен, единствениот матичен,
    матичног броја, лични број, личен број, БРОЈ ЈМБГ, ~broj osigur, ~maticni
SI | person | emso, emsо, enotna maticna stevilka, enotne maticne stevilke, enotno maticno, enotna
    maticna, zzzs, osebna stevilka, stevilka zavarov, EMSO, ZZZS
SI | tax | davcna stevilka, davcne stevilke, davcno stevilko, davcna st, davcna, id st za ddv, id
    za ddv, id ddv, ddv, identifikacijska stevilka za ddv, maticna stevilka, maticna st, DDV
HR BA RS ME XK | tax | pib, poreski broj, poreskog broja, porezni broj, poreski identifikac,
    porezni, pdv, pdv broj, pdv id, pdv id broj, jib, jedinstveni identifikacioni, identifikacioni
    broj, mb, maticni broj, oib, porezna, PIB, PDV, JIB, MB, MBS, ПИБ, пиб, порески, порески број,
    пореског, пдв, јиб, ПДВ, ЈИБ, МБ, матични број, матични
MK | tax | едб, даночен, даночен број, единствен даночен, ддв, ембс, ЕДБ, ЕМБС, ДДВ, edb, EDB,
    danocen broj, edinstven danocen
HR BA RS ME SI MK XK | document | osobna iskaznica, osobne iskaznice, osobnu iskaznicu, broj
    osobne, licna karta, licne karte, licnu kartu, broj licne, osebna izkaznica, osebne izkaznice,
    osebno izkaznico, pasos, putovnic, potni list, potnega lista, putna isprava, putne isprave,
    vozack, voznisko dovoljenje, vozniskega dovoljenja, vozniska, лична карта, личне карте, личну
    карту, личната карта, пасош, возачк, путна исправа
AL XK MK ME | person | numri personal, numer personal, numrin personal, numrit personal, nid,
    numri i identitetit, numri identitetit, nr personal, kodi personal, numri i letërnjoftimit,
    numri i leternjoftimit, nipersonal, numri unik, numri identifikues, NID
AL XK MK ME | tax | nipt, nuis, numri fiskal, numri i tvsh, tvsh, numri unik i identifikimit,
    numri i biznesit, nr fiskal, NIPT, NUIS, TVSH
AL XK MK ME | document | leternjoftim, letërnjoftim, karte identiteti, karta e identitetit,
    pasaport, patenta, leje drejtimi, patente
SE FI | person | personnummer, personnr, personnumret, pers nr, person nr, person nummer,
    samordningsnummer, samordningsnr, personbeteckning, identitetsnummer, personsignum,
    ~personnummer
SE FI | tax | organisationsnummer, organisationsnr, org nr, orgnr, org nummer, momsregistrering,
    momsreg, moms, vat nr, f skatt, skatteregistrering, fo nummer, foretagsnummer, ~orgnummer
SE FI | document | pass, passnummer, passnr, pass nr, korkort, korkortsnummer, id kort, idkort,
    identitetskort, legitimation, nationellt id
NO | person | fodselsnummer, fodselsnr, fodsels, fnr, f nr, personnummer, personnr, d nummer,
    dnummer, pers nr, personnavn nr, fodselsogpersonnummer, fodsels og personnummer,
    fodselsnummeret, FNR
NO | tax | organisasjonsn, org nr, orgnr, org nummer, mva, orgnummer, foretaksnummer,
    foretaksregist, MVA, orgn
NO | document | pass, passnummer, passnr, pass nr, forerkort, forarkort, forerkortnummer, id kort,
    idkort, legitimasjon, bankkort
DK FO GL | person | personstal, personal, cpr, cpr nr, cprnr, cpr nummer, cprnummer, personnummer,
    personnr, p nr, person nr, person nummer, fodselsnummer, sygesikring, CPR, p tal, ptal,
    samfelagstal, inuup normua, cpr normu, personnummeret
DK FO GL | tax | cvr, cvr nr, cvrnr, cvr nummer, cvrnummer, se nr, se nummer, moms, momsnr,
    momsnummer, v tal, vtal, mvg, CVR, VN, MVG
DK FO GL | document | pas, pasnr, pasnummer, pas nr, pas nummer, korekort, korekortnummer,
    legitimationskort, id kort, pass, koyrikort
FI | person | hetu, henkilotunn, henkilotunnus, sotu, sosiaaliturvatunn, henkilotun, syntymaaika
    ja tunnus, henk tunnus, henkilonumer, HETU, SOTU, persovuohttadannummir, ~tunnus
FI | tax | y tunnus, ytunnus, y tunnuks, alv, alv nro, alv tunnus, alv numero, verotunnus,
    veronumero, yritystunnus, liike ja yhteisotunnus, liiketunnus, ALV, Y
FI | document | passi=, passin=, passinumero, passinro, henkilokort, ajokort, ajokortti,
    ajokortin, henkilollisyystodist
EE | person | isikukood, isikukoodi, ik, isiku kood, isikutunnus, IK
EE | tax | kmkr, km kood, kaibemaksu, kaibemaksukohustuslase, registrikood, reg kood, reg nr,
    registreerimisnumber, kmkr nr, maksukohustuslase, maksunumber, KMKR, KMK
EE | document | pass, passi=, passi number, id kaart, id kaardi, isikutunnistus, juhiluba,
    juhiloa, dokumendi
LV | person | personas kod, personas kods, p k, pk, personkod, person kods, PK
LV | tax | pvn, pvn nr, pvn reg, pievienotas vertibas, nodoklu maksataja, nodoklu maksataj,
    registracijas numur, registracijas nr, reg nr, vienotais registracijas, PVN, PVN NR
LV | document | pase, pases=, pases nr, pases numurs, personas apliecib, vaditaja apliecib,
    autovaditaja, id karte, id kartes
LT | person | asmens kod, a k, ak, asm kod, asmens k, asmens numeri, a kodas, AK
LT | tax | pvm, pvm kodas, pvm moketojo, moketojo kodas, imones kodas, juridinio asmens kodas,
    mokesciu moketoj, mokesciu, im kodas, PVM, PVM KODAS
LT | document | pasas, paso=, paso nr, paso numeris, asmens tapatyb, tapatybes kortel, vairuotojo
    pazym, vairuotojo
ES AD GI | person tax | dni, nie, nif, n i f, d n i, n i e, documento nacional de identidad,
    numero de identidad, numero de identificacion fiscal, identificacion fiscal, codigo fiscal,
    numero de identificacion de extranj, numero de extranjero, nif nie, dni nie, cif, c i f, DNI,
    NIE, NIF, CIF, con dni, nan, ~documento de identidad, ~identidad, carne de identidad, cedula
    de identidad, cedula, nacional de identitat, document nacional, nacional d identitat, numero d
    identificacio fiscal, identificacio fiscal, nortasun agiri, nortasun, identifikazio fiskal,
    documento nacional, identidade, num d identificacio
ES AD | person | seguridad social, nuss, naf, numero de afiliacion, afiliacion, seguretat social,
    n s s, nss, gizarte segurantza, seguridade social, tarjeta sanitaria, NUSS, NAF, NSS, SS, num
    s s
ES AD | tax | iva, nif iva, codigo de identificacion fiscal, vat es, nrt, n r t, numero de
    registre tributari, registre tributari, IVA, NRT
ES AD | document | pasaporte, numero de pasaporte, permiso de conducir, carnet de conducir,
    permiso de residencia, passaport, carnet, permis de conduir, pasaportea, gidabaimen, permiso
    de conducion, tie
PT | person | cartao de cidad, cartao do cidad, cartao cidad, numero de identificacao civil,
    identificacao civil, nic, seguranca social, niss, numero de utente, utente, n utente, NISS,
    CC, ~bi, SNS
PT | tax | nif, n i f, contribuinte, numero de contribuinte, n contribuinte, identificacao fiscal,
    nipc, numero fiscal, iva, cont n, n de contribuinte, num contribuinte, n c, NIF, NIPC, NIPC
    NIF
PT | document | passaporte, bilhete de identidade, bi, b i, carta de conducao, titulo de
    residencia, autorizacao de residencia, cartao de cidad, BI
IT SM CH VA | person tax | codice fiscale, codici fiscali, codice fisc, cod fisc, cod fiscale, c
    f, cf, cod fis, codfisc, codicefiscale, tessera sanitaria, codice individuale, numero di
    previdenza, CF, codighe fiscale, codice iss
IT SM CH VA | tax | partita iva, p iva, part iva, piva, partite iva, p i, pi, numero iva, iva,
    coe, c o e, codice operatore, PIVA, IVA, COE, P IVA
IT SM CH VA | document | carta d identita, carta di identita, ci n, passaporto, patente, patente
    di guida, permesso di soggiorno, documento d identita, documento di identita, CIE
GR CY | person | αμκα, α μ κ α, ΑΜΚΑ, αριθμος μητρωου κοινωνικ, αμ κα, αριθμος κοινωνικης, αριθμου
    κοινωνικης, μητρωο κοινωνικ, amka, AMKA, αριθμος ταυτοτητας, αριθμο ταυτοτητας, αριθμου
    ταυτοτητας, δελτιο ταυτοτητας, αρ ταυτοτητας, πολιτικη ταυτοτητα, αριθμος κοινωνικων
    ασφαλισεων, ταυτοτητ, ακα
GR CY | tax | αφμ, α φ μ, αριθμος φορολογικου, αριθμο φορολογικου, αριθμου φορολογικου, φορολογικο
    μητρωο, φορολογικου μητρωου, φορολογικ, φπα, φ π α, αριθμος φπα, αριθμος εγγραφης φπα, αριθμος
    φορολογικης, ατ φπα, ΑΦΜ, ΦΠΑ, ΑΔΤ, afm, AFM, αδτ αφμ, τιc, TIC
GR CY | document person | αδτ, α δ τ, α τ, αδτ αρ, ταυτοτητα, ταυτοτητας, αριθμος δελτιου
    ταυτοτητας, δελτιου, δελτιο, διαβατηρι, αδεια οδηγησης, διπλωμα οδηγησης, αριθμος διαβατηριου,
    ΑΔΤ, ΑΤ, adt, ADT
MT | person | karta tal identita, karta tal id, karta tal, karta tal identità, numru tal identita,
    numru tal karta, id card, identity card, karta id, id card no, numru ta identifikazzjoni,
    numru tal identifikazzjoni, id numru, sigurta socjali, kard tal identita, nru tal id, numru ta
    identita, in numru tal, dokument tal identita
MT | tax | vat, numru tal vat, vat nru, nru tal vat, numru tat taxxa, taxxa
MT | document | passaport, numru tal passaport, licenzja tas sewqan, licenzja
GB IE GI | person | rhif yg, national insurance, ni number, ni no, nino, ni num, ni nr, nhs, nhs
    number, nhs no, nhs num, chi number, chi no, hsc number, h c number, upn, pps, ppsn, pps
    number, pps no, personal public service, rhif yswiriant gwladol, yswiriant gwladol, rhif
    yswiriant, rhif gig, uimhir psp, uimhir phearsanta seirbhise poibli, seirbhise poibli, psp,
    uspp, rsi number, rsi, NI, NINO, NHS, PPS, PPSN, PSP, UPSP, CHI
GB IE GI | tax | utr, unique taxpayer, self assessment, taxpayer reference, vat reg, vat no, rhif
    taw, taw, uimhir chanach, uimhir cbl, cbl, canach, cyfeirnod, UTR, TAW, CBL, TRN
GB IE GI | document | passport, driving licence, driver licence, pas, pasbort, trwydded yrru,
    ceadunas tiomana, passport no
IS | person | kennitala, kennitolu, kennitalan, kt, kennit, KT, kennitalu
IS | tax | vsk, vsk nr, vsk numer, virdisaukaskatt, vsknr, VSK
IS | document | vegabref, okuskirtein, nafnskirtein
TR CY | person | tc kimlik, t c kimlik, tckn, tc no, t c no, t c, kimlik no, kimlik numara,
    kimlik, vatandaslik, tc, TC, TCKN, sgk, sigorta sicil
TR CY | tax | vergi kimlik numara, vergi kimlik no, vergi, vergi no, vergi numara, vergi kimlik,
    vkn, v d no, vd no, VKN, VD
TR CY | document | pasaport, pasaport no, nufus cuzdan, ehliyet, surucu belge, kimlik kart
RU BY | person | лицевого счета, индивидуального лицевого счета, страховое свидет, снилс,
    страховой номер, страхового номера, страховой n, пенсионное страхов, личный номер, личного
    номера, личным номером, идентификационный номер, идентификационного номера, идентификационным
    номером, асабісты нумар, идентификационный n, ідэнтыфікацыйны нумар, ідэнтыфікацыйны, асабовы
    нумар, особісты нумар, пенсионного, полис омс, СНИЛС, snils, SNILS, ид номер, ин
RU BY | tax person | инн, и н н, унп, учетный номер плательщика, номер плательщика,
    идентификационный номер налогоплат, налогоплательщик, налоговый номер, огрн, огрнип, улiковы
    нумар плацельшчыка, плацельшчыка, унн, ИНН, УНП, ОГРН, ОГРНИП, УНН, INN, UNP
RU BY | document | паспорт гражд, паспорт граждан рф, паспорт гражданина рф, паспортные данн,
    паспорт, паспорта, паспортн, серия и номер, серия, водительск, удостоверени, загранпаспорт,
    вид на жительство, пашпарт, пасведчанн
UA | person tax | унікальний номер запис, рнокпп, р н о к п п, рнокпп іпн, іпн, і п н,
    ідентифікаційний код, ідентифікаційний номер, ідентифікаційного номер, ідентифікаційного код,
    ідентифікаційн, реєстраційний номер облікової, облікової картки, податковий номер, номер
    платника, код платника, платника податк, ідентифікаційним, індивідуальний податковий, єдрпоу,
    код єдрпоу, унзр, едрпоу, інн, податков, индивидуальный налоговый, идентификационный код,
    идентификационный номер, инн, РНОКПП, ІПН, ЄДРПОУ, УНЗР, ЕДРПОУ, ІНН, edrpou, rnokpp, ipn,
    RNOKPP, EDRPOU, IPN, ПДВ, пдв
UA | document | паспорт, паспорта, серія, серія та номер, посвідчення водія, водійськ,
    посвідчення, id картк
MD | person tax | idnp, idno, персональный код, персональный номер, идентификационный номер,
    фискальный код, идно, идноп, ИДНП, ИДНО, IDNP, IDNO
MD | document | buletin, buletinul, seria=, pasaport
GE | person | პირადი ნომერი, პირადი ნომრ, პირადი, პირადი №, საიდენტიფიკაციო, პ ნ, piradi nomeri,
    personal no
GE | tax | საიდენტიფიკაციო კოდი, საიდენტიფიკაციო, გადამხდელის, ს კ, დღგ
GE | document | პასპორტ, მოწმობ, პირადობის
AM | person | հծհ, հանրային ծառայությունների, հծհ համարանիշ, սոցիալական քարտ, սոց քարտ, անձը
    հաստատող, հպծհ, ՀԾՀ, ՀՊԾՀ, սոցիալական
AM | tax | հվհհ, հարկ վճարողի, ՀՎՀՀ
AM | document | անձնագ, անձնագիր, նույնականացման քարտ
AZ | person | fin, fin kod, fin kodu, sexsi identifikasiya, fərdi identifikasiya, ferdi
    identifikasiya, şəxsiyyət, şəxsiyyət vəsiqəsi, FIN, FİN
AZ | tax | voen, vöen, VOEN, vergi odeyicisinin, vergi ödəyicisinin, eyniləşdirmə
AZ | document | pasport, passport, sexsiyyet vesiqesi, şəxsiyyət vəsiqəsi, sürücülük, suruculuk
US | person | ssn, social security, social security number, SSN, SS, soc sec, seguro social
US | tax | itin, individual taxpayer, ITIN, TIN
"""

OTHERS: Final = """
telefown, telefoon, mowbajl, telemovel, telemoveis, portable, guthan, teil, farsimi, fartelefon,
oqarasuaat, puhelinn, tälr, talr, talrun, mob, cell, cep, cel, kom, хатні, тэл, тэлефон, маб,
мобилен, мобилни, auftrag, auftrags, bestellung, objednavk, zamowieni, rendelesi, tilausnu,
tellimuse, pasutijum, uzsakym, narudzben, narocilo, porudzbin, поруџбин, нарачк, замовлення,
comanda, comenzi, παραγγελια, siparis no, porosia, porosise, ordni, ordu, gorchymyn, pontun,
պատվեր, შეკვეთ, sifaris, артикул, товар, код товар, код продукт, шифра, sifra, sifra artikla,
sifra proizvoda, kod tovaru, kod towaru, kod produktu, product code, product number, code article,
code produit, codigo de producto, codigo de produto, codice prodotto, codice articolo, produktkod,
produktkode, produktcode, produktnummer, tootekood, toote kood, tuotekoodi, preces kods, prekes
kodas, cod produs, cod articol, κωδικος προιοντος, κωδικος, προιον, urun kodu, urun, kodi i
produktit, cikkszam, termek, termekkod, zbozi, kod zbozi, tovaru, rif, riferimento,
referenznummer, referencia, referens, referanse, referenzz, viitenumero, viitenumber, atsauc,
nuorod, sygnatur, sygn, spis, spisova, spisove, cislo jednaci, predmet, broj predmeta, дело, дела,
справа, справи, предмет, ugyszam, iktatoszam, dosar, dosarul, πρωτοκολλ, protocoll, protokol,
dosya, esas no, aktenz, geschaftsz, kenmerk, zaaknummer, sagsnummer, sagsnr, saksnummer,
malnummer, malsnumer, serial number, seriove, vyrobni cislo, vyrobne cislo, seryjny, fabryczny,
серийн, серійн, сериен, заводск, sorozatszam, gyari szam, σειριακ, numero de serie, numar de
serie, seerianumber, serijos numer, serijas numur, serijski, serijsk, oclc, pzn, patent, bug,
bugs, issue, ticket, rfc, cve, commit, inode, kunden, kundenn, kundn, kunde, client number, numero
client, numero de client, codice cliente, zakaznic, ugyfelszam, asiakasn, klientn, müsteri,
musteri, code postal, registry key, phone number, account number, tel, telefon, telefonn,
telefonnum, telefono, telefone, telephone, phone, phones, telf, tlf, tfn, puh, puhelin, mobile,
mobil, mobiltelefon, mobiln, movil, cellulare, gsm, handy, fax, faks, fakss, fon, hotline, call,
whatsapp, viber, тел, телефон, моб, мобильн, мобільн, факс, τηλ, τηλεφων, κιν, κινητ, φαξ,
telefoni, talruni, tālrunis, telefonas, simi, sími, ffon, teileafon, հեռ, ტელ, isbn, issn, doi,
ean, gtin, upc, barcode, pmid, arxiv, imei, imsi, iccid, order, orders, bestell, bestellnummer,
bestelling, objednav, objednáv, zamow, zamówienie, commande, pedido, encomenda, ordine, ordre,
ordrenummer, tilaus, tellimus, pasutij, uzsaky, поръчк, заказ, замовленн, παραγγελ, siparis,
narudzb, narocil, rendeles, bestallning, porosi, tracking, track, trackingnumm, sendung,
sendungsnummer, paket, paketnummer, colis, envio, spedizione, seguimiento, suivi, przesylk,
zasilk, zasielk, parcel, shipment, forsendelse, kolli, lahetys, saadetis, пратк, посылк, трек,
invoice, rechnung, rechnungsnummer, rechnungsn, facture, factura, fattura, fatura, faktur,
faktura, szamla, lasku, arve, rekin, saskait, račun, racun, фактур, счет, рахунок, τιμολογ,
account, konto, kontonummer, kontonr, compte, cuenta, conto, conta, rekening, ucet, uctu,
szamlasz, tili, tilinumero, iban, bic, swift, blz, article, artikel, artikeln, artikelnummer,
artikl, articolo, articulo, artigo, varenummer, tuote, prekes, preces, izdelek, cikksz, item,
items, part, parts, sku, mpn, catalog, katalog, ref, reference, referenz, viite, version, serial,
seriennummer, serienn, numero di serie, sn, chassis, vin, fahrgestell, isin, wkn, aktenzeichen,
dossier, vorgangs, batch, postcode, zip, plz, gps, coordinates, koordinat, pixel, model, modell,
modele, modelo, zl, eur, huf, euro, artnr, kenteken, licence plate, kundennummer, customer,
klient, mitglied
"""
"""Words after which a number is something else; a name of an identifier must follow them."""

FILLERS: Final = """
ειναι είναι este huwa hija na iad iss ass yw oedd eru olivat bolo bola bylo byla foi era izda
lygus tais ir qe eshte është e jane կազմում է ანის არის olarak kimi qeyd nr no n num number
numbers numero numeros nummer nummern numer numeru numerem рф данные numru nro nru nrs cislo cisla
cislem cis c broj broja brojem br st stevilka stevilke szam szama szamom szamu numeris numerio
numurs numura numuru kood koodi koodiga kod kods kodu koda kodas kodo kodi codice code codigo
codul cod tunnus tunnuksen numeron rhif uimhir номер номера номером код кода број броја бр αριθμος
αριθμο αριθμου αρ numara numarasi numaram is ist est es er ar on jest je sa si wa war was are
lautet ma mam und and et y i ja og och az a the an el la le il lo der die das den de del della do
da di du des of von van my your his her our mein meine mon ta mio mia moj moja moje min mitt din
hans hendes hennes jego jej jeho jeji mu meu minha sou seu sua value vrednost ue eu id ids card
karta karty karte kaart carte carta nummeret nums lub oder or ou o ali ili pl pol cz sk at ch ro
fr it pt gr lt lv ee fi se dk hu bg hr en format oznacz seria serie serii series serija seriya
серия серії серія серии и та і є це это е της του το η ο και eh yra has have with mit med com con
avec s z ze numarali kartica holder following reads as nimetatu namely viz see under
"""
"""Words that may stand between a name and its number: "number", "is", articles, possessives."""
