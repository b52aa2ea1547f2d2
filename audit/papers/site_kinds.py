"""Kinds of sites, as far as a domain's name tells: who may register a name, or who lends it.

The marks are the second-level labels that registries reserve (gov, gouv, edu, ac ...), a few
domains of public bodies whose countries have no such label, and the Public Suffix List's part of
domains that companies lend to their users. Whatever has no mark is `other`, which is most sites.
"""

from collections.abc import Mapping
from typing import Final

from audit.papers.suffixes import Suffixes

OTHER: Final = "other"
LENT: Final = "pages on a platform that lends names"

MARKS: Final[Mapping[str, frozenset[str]]] = {
    "government and public bodies": frozenset(
        {
            *("gov", "gouv", "gob", "gub", "gv", "gouvernement", "government", "mil", "int"),
            *("europa.eu", "bund.de", "admin.ch", "overheid.nl", "rijksoverheid.nl", "belgium.be"),
            *("fgov.be", "regeringen.se", "riksdagen.se", "regjeringen.no", "stortinget.no"),
            *(
                "valtioneuvosto.fi",
                "eduskunta.fi",
                "suomi.fi",
                "ft.dk",
                "parliament.uk",
                "police.uk",
            ),
            *("nhs.uk", "gov.uk", "oireachtas.ie", "bundestag.de", "parlament.gv.at", "riik.ee"),
        }
    ),
    "education and research": frozenset({"edu", "ac", "sch", "k12", "museum", "acad"}),
    "encyclopaedias and other works of Wikimedia": frozenset(
        f"{name}.org"
        for name in (
            *("wikipedia", "wikimedia", "wiktionary", "wikibooks", "wikinews", "wikiquote"),
            *("wikisource", "wikiversity", "wikivoyage", "wikidata"),
        )
    ),
}
"""Labels that stand before the name's own within its suffix, or whole registrable domains."""


def kind_of(domain: str, known: Suffixes) -> str:
    """The kind of a registrable domain."""
    labels = domain.split(".")
    for kind, marks in MARKS.items():
        if domain in marks or not marks.isdisjoint(labels[1:]):
            return kind
    return LENT if known.is_lent(domain) else OTHER
