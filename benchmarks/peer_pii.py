"""Another program's redactions of texts: `peer_pii.py datatrove|presidio` in its environment.

Reads JSON lines with `text` and `language` (ISO 639-1) from standard input, and prints a JSON list
of [start, end, kind] for each, then what it took. Imports nothing of ours.
"""

import inspect
import json
import re
import sys
import time
from collections.abc import Callable
from importlib import metadata
from typing import Any

Find = Callable[[str, str], list[tuple[int, int, str]]]

MIN_SCORE = 0.4
"""Presidio's score of a telephone number without context; weak patterns score less."""
_REGIONS = """bg BG, ca ES AD, cs CZ, da DK GL FO, de DE AT CH LI LU BE, el GR CY,
en GB IE MT GI US CY,
es ES AD, et EE, fi FI, fr FR BE CH LU MC, hr HR BA ME, hu HU, is IS, it IT SM CH VA,
lt LT, lv LV, mk MK, nb NO, nl NL BE, pl PL, pt PT, ro RO MD, ru RU BY MD, sk SK, sl SI,
sq AL XK, sr RS BA ME, sv SE FI, tr TR CY, uk UA"""
REGIONS = {each.split()[0]: each.split()[1:] for each in _REGIONS.split(",")}
"""Languages that spaCy has, with the regions whose telephone numbers Presidio is told to seek."""
KINDS = {
    "EMAIL_ADDRESS": "EMAIL", "PHONE_NUMBER": "PHONE", "IBAN_CODE": "IBAN", "CREDIT_CARD": "CARD",
    "IP_ADDRESS": "IP", "MAC_ADDRESS": "MAC", "CRYPTO": "WALLET", "US_SSN": "NATIONAL_ID",
}  # fmt: skip
GENERIC = ("Crypto", "Email", "Iban", "Ip", "MacAddress", "CreditCard")
COUNTRIES = re.compile(r"^(DE|ES|FI|IT|PL|SE|TR|UK)_")
NOT_OURS = re.compile(r"PLATE|KFZ|PLZ|POSTAL|HANDELS|LANR|BSNR|POSTCODE|VEHICLE|DRIVER|FUEHRER")
TAXES = re.compile(r"VAT|TAX|NIF|NIP|VKN|ORGANIS|UTR|REGON")


def datatrove() -> Find:
    """The places that datatrove's PIIFormatter replaces: its patterns, its test of addresses."""
    from datatrove.pipeline.formatters import PIIFormatter

    made = PIIFormatter()

    def find(text: str, _: str) -> list[tuple[int, int, str]]:
        found = [(*m.span(), "EMAIL") for m in made.emails_replacer.regex.finditer(text)]
        valid = made.ip_replacer.validator
        found += [
            (*m.span(), "IP") for m in made.ip_replacer.regex.finditer(text) if valid(m.group())
        ]
        return sorted(found)

    return find


def presidio() -> Find:
    """Presidio's pattern recognisers, those of every country, on blank pipelines."""
    import presidio_analyzer.predefined_recognizers as recognisers
    import spacy
    import tldextract
    from presidio_analyzer import AnalyzerEngine, PatternRecognizer, RecognizerRegistry
    from presidio_analyzer.nlp_engine import SpacyNlpEngine

    tldextract.extract = tldextract.TLDExtract(
        suffix_list_urls=()
    )  # the list it brings, no network

    class Blank(SpacyNlpEngine):
        def __init__(self) -> None:
            super().__init__()
            self.nlp = {language: spacy.blank(language) for language in REGIONS}

        def load(self) -> None:
            """Nothing is downloaded."""

    registry = RecognizerRegistry(recognizers=[], supported_languages=list(REGIONS))
    for language, regions in REGIONS.items():
        for name in GENERIC:
            kind = getattr(recognisers, f"{name}Recognizer")
            registry.add_recognizer(kind(supported_language=language))
        phones = recognisers.PhoneRecognizer
        registry.add_recognizer(phones(supported_language=language, supported_regions=regions))
    for _, kind in inspect.getmembers(recognisers, inspect.isclass):
        if not issubclass(kind, PatternRecognizer) or kind.__name__.startswith(GENERIC):
            continue
        try:
            made = kind()
        except Exception as error:  # noqa: BLE001 - some need models or services
            sys.stderr.write(f"left out: {kind.__name__}: {type(error).__name__}\n")
            continue
        entity = made.supported_entities[0]
        wanted = entity == "US_SSN" or (COUNTRIES.match(entity) and not NOT_OURS.search(entity))
        if wanted and made.supported_language in REGIONS:
            registry.add_recognizer(made)
            KINDS.setdefault(entity, "TAX_ID" if TAXES.search(entity) else "NATIONAL_ID")
    engine = AnalyzerEngine(
        registry=registry, nlp_engine=Blank(), supported_languages=list(REGIONS)
    )

    def find(text: str, language: str) -> list[tuple[int, int, str]]:
        results = engine.analyze(
            text, language if language in REGIONS else "en", score_threshold=MIN_SCORE
        )
        return sorted((r.start, r.end, KINDS[r.entity_type]) for r in results)

    return find


def main() -> None:
    """Answer every line, then say what it took."""
    name = sys.argv[1]
    find = {"datatrove": datatrove, "presidio": presidio}[name]()
    lines = [json.loads(line) for line in sys.stdin]
    find("warm up: a@example.org", "en")
    characters, seconds = 0, 0.0
    for line in lines:
        began = time.process_time()
        found = find(line["text"], line["language"])
        seconds += time.process_time() - began
        characters += len(line["text"].encode())
        sys.stdout.write(json.dumps(found) + "\n")
    package = {"datatrove": "datatrove", "presidio": "presidio-analyzer"}[name]
    took: dict[str, Any] = {"bytes": characters, "cpu_s": seconds}
    took["version"] = f"{package} {metadata.version(package)}"
    sys.stdout.write(json.dumps(took) + "\n")


if __name__ == "__main__":
    main()
