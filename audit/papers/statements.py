"""What every paper says of a run in words: sources, selection, reservations, personal data.

Each sentence describes what the software does under the run's own configuration; none judges
whether that is enough.
"""

import re
from pathlib import Path

from audit import phrases
from audit.papers.evidence import Evidence
from audit.papers.forms import Field, check
from filters.rights import AT_CRAWL, LATEST, UNION

CRAWLER_PURPOSE = (
    "To keep a public archive of web pages for research and analysis, as the archive's operator"
    " says of it."
)
CRAWLER_BEHAVIOUR = (
    "The operator says that the crawler identifies itself, obeys the robots.txt addressed to it,"
    " and enters neither passwords nor captchas. Nothing was fetched anew for this corpus: what the"
    " archive does not hold is not in it."
)
RESERVATIONS = (
    "Reservations that machines can read are looked for in every response before duplicates are"
    " removed, so that a reserved copy never stands in for a free one. A reservation that the"
    " policy heeds wins over a permission elsewhere, and a licence lifts none. The text of a page"
    " that is rejected for its rights is not in the corpus. Each page's findings are stored beside"
    " it with the version of the policy."
)
PERSONAL_DATA = (
    "Personal data of the kinds below are replaced by typed placeholders before any text is"
    " written, in texts, titles and addresses; no value is stored. Names are not looked for: that"
    " would damage texts and be least reliable for names that are rare in training data. Patterns"
    " and check digits find what has a form; what has none remains. A page can be taken out later:"
    " weir takedown."
)
UNNAMED = "the archive named in the run's configuration"

PROTOCOLS = {
    "robots": "robots.txt (RFC 9309), rules for agents that gather training data",
    "content_signal": "Content-Signal in robots.txt (ai-train=no)",
    "content_usage": "Content-Usage in robots.txt and response headers (IETF AIPREF drafts)",
    "tdm_reservation": "TDM Reservation Protocol (W3C community group report): file, header, meta",
    "noai": "noai in X-Robots-Tag and meta robots",
    "ai_txt": "ai.txt (Spawning; draft of 2026 for /.well-known/ai.txt)",
    "rsl": "Really Simple Licensing, RSL 1.0",
}
"""Names of channels that have a document to cite; any other channel is named by its reason."""

_SNAPSHOT = re.compile(r"CC-MAIN-\d{4}-\d{2}")


def dataset_name(snapshot: str) -> str:
    """A snapshot as people cite it."""
    return f"Common Crawl, {snapshot}" if _SNAPSHOT.fullmatch(snapshot) else snapshot


def snapshot_link(snapshot: str) -> str:
    """Where a snapshot of Common Crawl is, by its name; empty for an archive of another name."""
    known = _SNAPSHOT.fullmatch(snapshot)
    return f"https://data.commoncrawl.org/crawl-data/{snapshot}/index.html" if known else ""


def crawler(seen: Evidence) -> str:
    """Who fetched the pages."""
    if all(_SNAPSHOT.fullmatch(name) for name in seen.at("/crawl/snapshots")):
        return "CCBot/2.0, run by the Common Crawl Foundation; neither by nor for the provider."
    return f"The crawler of {UNNAMED}; name it here."


def content(seen: Evidence) -> str:
    """Kinds of content, as far as they are known."""
    media = ", ".join(seen.run.settings.gate.media_types)
    return (
        f"Main text of web pages ({media}) that answered with status 200: articles, reference and"
        " descriptive pages, discussions and whatever else is written in sentences on public"
        " sites. The extractor removes menus, banners, code and forms; pages with little text or"
        " much repetition are rejected by rule. Genres are not classified."
    )


def tokenizer(seen: Evidence) -> str:
    """Unit of token counts: whose tokenizer, by digest."""
    tokens = seen.run.settings.tokens
    if tokens is None:
        return "tokens; none were counted, as the run names no tokenizer"
    return f"tokens of the tokenizer with SHA-256 {tokens.sha256}"


def selection(seen: Evidence) -> str:
    """How a part of the archive was chosen, in a paragraph."""
    settings = seen.run.settings
    limit = f" The configuration stops after {settings.limit} files." if settings.limit else ""
    found = seen.at("/crawl")
    return (
        f"Of the archive, {found['warc_files']:,} files were read, which hold"
        f" {found['responses']:,} responses; {found['kept']:,} pages were kept.{limit}"
        f" {found['rejected']:,} were rejected, each with a reason from a closed list: form and"
        " size, listed sites, reservations of rights, languages outside Europe, language doubt,"
        f" quality rules by language, duplicates. {found['quarantined']:,} could not be read."
        " No rule looks at what a model does with a page. weir stats RUN counts"
        " each reason, weir trace RUN URL tells any page's way."
    )


def protocols(seen: Evidence) -> list[Field]:
    """Every channel of reservations: what it is, whether the policy heeds it, pages rejected."""
    return [
        {
            "protocol": PROTOCOLS.get(row["channel"], row["meaning"].replace("`", "")),
            "channel": row["channel"],
            "heeded": row["is_heeded"],
            "count": row["documents"],
            "check": check("rights", "rejected", row["reason"]),
        }
        for row in seen.rights["channels"]
    ]


def policy(seen: Evidence) -> str:
    """The run's policy of reservations, in words."""
    rights = seen.run.settings.rights
    given = {
        "newer robots.txt files": rights.robots_latest,
        "files that sites publish (tdmrep.json, ai.txt, RSL documents)": rights.side_files,
        "a list of domains that opted out": rights.optout_domains,
    }
    beside = ", ".join(f"{what} ({Path(name).name})" for what, name in given.items() if name)
    lacking = ", ".join(what for what, name in given.items() if not name)
    modes = {
        UNION: "what a site's robots.txt said at crawl time or says in a newer file",
        AT_CRAWL: "what a site's robots.txt said at crawl time",
        LATEST: "what a site's newest robots.txt says",
    }
    version = seen.at("/rights/policy_version")
    nothing = "" if rights.policy != "none" else " So this run heeded no reservation at all."
    return (
        f"Policy {rights.policy}, version {version} of its rules.{nothing}"
        f" Of robots.txt, {modes[rights.robots_mode]} counts."
        f" Given beside the archive: {beside or 'nothing'}."
        + (f" Not given, and so not heeded: {lacking}." if lacking else "")
    )


def energy(seen: Evidence) -> str:
    """What the run cost in energy, low to high, as an estimate says it."""
    kwh = seen.at("/energy/kwh")
    if not kwh or seen.at("/energy/method") == "unknown":
        return "Not known: the run's tasks were not timed."
    return (
        f"Making it from the archive took {phrases.energy(kwh)} ({seen.at('/energy/method')});"
        " weir energy RUN says under which assumptions, and what is not counted: the crawl,"
        " storage, network and making the machines among others."
    )


def other_rights(seen: Evidence) -> list[Field]:
    """Pages rejected for rights by something that is no channel of a page: lists, paywalls."""
    return [
        {"reason": reason, "count": count, "check": check("rights", "rejected", reason)}
        for reason, count in seen.at("/rights/rejected").items()
        if reason not in {row["reason"] for row in seen.rights["channels"]}
    ]


def illegal(seen: Evidence) -> str:
    """Lists of sites, with their digests."""
    gate, given = seen.run.settings.gate, seen.run.book.get("block_list") or {}
    known = (
        f"The block list {given.get('name')} ({given.get('identity')}) was applied to host and"
        " address before anything was extracted: adult, malicious and phishing sites and others"
        " that its authors list."
        if given
        else "No block list was applied."
    )
    own = len(gate.deny_domains)
    return (
        f"{known} The run's configuration denies {own} further domains or addresses and allows"
        f" {len(gate.allow_domains)} that the list names. Lists of illegal material that"
        " authorities keep are not public; who has access to one passes it as a list of domains."
        " Content itself is not classified as illegal."
    )


def duplicates(seen: Evidence) -> str:
    """How copies were removed."""
    cluster = seen.run.settings.cluster
    return (
        "Equal texts and payloads are found by digest, near-duplicates by MinHash"
        f" ({cluster.bands} bands of {cluster.rows}) and verified: a document is removed only if"
        f" a kept one shares at least {100 * cluster.threshold:g} % of its five-word shingles, and"
        " that one is named. This lowers, and does not end, what a model learns by heart."
    )


MISSING = (
    "Pages that the archive did not fetch or cut off, pages that need a script, a password or a"
    " payment to be read, and text within images. A column is null where its meaning is not defined"
    " for a document; the schema says for each."
)
BIASES = (
    (
        "The web is not society: those who publish on public sites, in written standard language,"
        " are over-represented, and languages with much web text far more than their speakers."
    ),
    (
        "Filters were set on text of the written standard; varieties, dialects and simple language"
        " are rejected more often. The run's report counts what each rule rejects in each language."
    ),
    "Language identification mistakes close languages for each other, smaller ones more often.",
    "Block lists and reservations of rights remove sites of some kinds, news above all.",
    (
        "weir bias RUN compares what each rule keeps of pages that mention groups of people, and of"
        " varieties, with the rest, with intervals; its word lists name who reviewed them."
    ),
)
LIMITATIONS = (
    (
        "Texts are as their authors wrote them: false, outdated, offensive or partial ones are"
        " among them. Nothing was checked for truth."
    ),
    "Machine-written and machine-translated pages are not told apart.",
    (
        "Main text is found by an extractor that now and then takes furniture for text or leaves"
        " text out; tables and formulas suffer most."
    ),
    "Overlap with test sets was not removed.",
    "What kinds of personal data have no form, names above all, remain.",
)
USES = (
    "Pre-training of language models, and study of languages and of web text.",
    "Not for finding out about persons, and not for decisions about them.",
)
SOCIAL_IMPACT = (
    "Meant to let models serve speakers of all European languages, with text whose selection can be"
    " examined page by page. A model trained on it can repeat what the web holds, prejudice and"
    " personal data included."
)
SENSITIVE = (
    "Opinions, beliefs, health and other special categories of personal data occur in public texts"
    " and are not detected as such."
)
MAINTENANCE = (
    "Documents are taken out on request and earlier versions withdrawn; users are asked to use the"
    " latest one."
)


def raw_data(seen: Evidence) -> str:
    """What the texts were made from, and how anybody finds the bytes."""
    return (
        f"{seen.at('/crawl/warc_files'):,} WARC files of"
        f" {', '.join(map(dataset_name, seen.at('/crawl/snapshots'))) or 'an archive'}. Each"
        " document names file, offset and length of the record that it was made from."
    )
