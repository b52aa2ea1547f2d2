"""The data contract.

Every table's columns, with type, unit and meaning, and the closed list of reasons.

`docs/data-format.md` is generated from this module by `weir schema --markdown`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from filters import minhash
from filters.catalog import BY_NAME, PEER
from filters.rules import reason as reason_of
from filters.site_files import STATUSES
from filters.text import HASH_VERSION

VERSION = 1

PASS, KEEP, REJECT, QUARANTINE = "pass", "keep", "reject", "quarantine"
UNDETERMINED = "und_Zyyy"

_TEXTS = pa.list_(pa.string())
RIGHTS = pa.struct(
    [
        pa.field("decision", pa.string()),
        pa.field("decided_by", _TEXTS),
        pa.field("reserved_by", _TEXTS),
        pa.field("page_reserved_by", _TEXTS),
        pa.field("policy", pa.string()),
        pa.field("policy_version", pa.string()),
        pa.field(
            "robots",
            pa.struct(
                [
                    *(
                        pa.field(name, pa.string())
                        for name in (
                            *("status", "source", "scheme", "fetched_at", "sha256"),
                            *("agent", "rule"),
                        )
                    ),
                    *(pa.field(name, pa.bool_()) for name in ("named", "star", "ambiguous")),
                ]
            ),
        ),
        pa.field(
            "tdmrep",
            pa.struct(
                [
                    pa.field("value", pa.int8()),
                    pa.field("place", pa.string()),
                    pa.field("policy", pa.string()),
                ]
            ),
        ),
        pa.field("content_usage", pa.string()),
        pa.field("content_signal", pa.string()),
        pa.field("noai", pa.bool_()),
        pa.field("directives", _TEXTS),
        pa.field("ai_txt", pa.string()),
        pa.field("rsl", pa.string()),
        pa.field("rsl_addresses", _TEXTS),
        pa.field(
            "licence",
            pa.struct(
                [
                    *(
                        pa.field(name, pa.string())
                        for name in ("code", "version", "place", "certainty")
                    ),
                    pa.field("ambiguous", pa.bool_()),
                ]
            ),
        ),
        pa.field("accessible_for_free", pa.bool_()),
        pa.field("natural_language", pa.string()),
        pa.field("unreadable", _TEXTS),
    ]
)
"""Every opt-out channel of a page; its fields are those of `filters.rights.Rights`."""
SPANS = pa.list_(
    pa.struct(
        [
            pa.field("start", pa.int32()),
            pa.field("end", pa.int32()),
            pa.field("kind", pa.string()),
            pa.field("detector", pa.string()),
            pa.field("country", pa.string()),
            pa.field("context", pa.bool_()),
        ]
    )
)
PII_COUNTS = pa.map_(pa.string(), pa.int32())
FILTER_VERDICTS = pa.map_(pa.string(), pa.float32())
SIGNAL_FIELDS = [pa.field(name, pa.float32()) for name in BY_NAME]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its Arrow type, whether it may be null, and what it means."""

    name: str
    type: pa.DataType
    nullable: bool
    meaning: str


@dataclass(frozen=True, slots=True)
class Table:
    """One table of the data contract."""

    name: str
    meaning: str
    columns: tuple[Column, ...]
    notes: Mapping[str, str] = field(default_factory=dict)
    """What files of the table say of themselves in their metadata."""
    is_random: bool = False
    """Whether most of it are hashes, which neither a dictionary nor a codec makes smaller.

    Read back through zstd, 0.15 GB of such columns took ten times as long as without.
    """

    @property
    def schema(self) -> pa.Schema:
        """The Arrow schema that every file of the table has, without metadata."""
        return pa.schema([pa.field(c.name, c.type, nullable=c.nullable) for c in self.columns])


def _table(
    name: str,
    meaning: str,
    *columns: Column,
    notes: Mapping[str, str] | None = None,
    is_random: bool = False,
) -> Table:
    return Table(name, meaning, columns, notes or {}, is_random)


DOC_ID = Column(
    "doc_id",
    pa.string(),
    False,
    "32 hex digits: blake2b-128 of snapshot, WARC file name and record offset",
)
URL = Column(
    "url",
    pa.large_string(),
    False,
    "target URL, personal data in it redacted; empty for what was taken down",
)
DATE = Column("date", pa.string(), True, "WARC-Date, as archived (ISO 8601, UTC)")
TAG = Column("tag", pa.string(), False, "language tag, ISO 639-3 and ISO 15924 (`fin_Latn`)")
OFFSET = Column("offset", pa.int64(), False, "byte offset of the record in the WARC file as stored")
LENGTH = Column(
    "length",
    pa.int64(),
    False,
    "bytes of the record in the WARC file as stored; 0 where it could not be delimited",
)
RIGHTS_COLUMN = Column(
    "rights", RIGHTS, True, "every opt-out channel's value and the decision under the run's policy"
)
RESERVED = Column(
    "reserved",
    pa.string(),
    True,
    "reason for which the run's policy, or what was given beside the snapshot, reserves the "
    "document; null if neither does",
)
LATER_RIGHTS = Column(
    "rights",
    RIGHTS,
    True,
    "rights of the document where policy or files given beside the snapshot say more than "
    "`documents` has; null where they are as there",
)

N_TOKENS = Column(
    "n_tokens",
    pa.int64(),
    True,
    "tokens of the text, by the tokenizer that the configuration names; null without one",
)
VERDICTS_COLUMN = "filter_verdicts"

RECORDS = _table(
    "records",
    "one row for each response read, in the order of the file: the ledger's first half",
    DOC_ID,
    Column("record_id", pa.string(), True, "WARC-Record-ID with its angle brackets"),
    URL,
    Column(
        "url_key", pa.string(), False, "32 hex digits: keyed blake2b-128 of the URL as archived"
    ),
    Column(
        "warc", pa.string(), False, "path of the WARC file as the path list or command line gave it"
    ),
    OFFSET,
    LENGTH,
    DATE,
    Column("status", pa.int16(), True, "HTTP status code"),
    Column(
        "media_type",
        pa.string(),
        True,
        "media type of the Content-Type header, lower case, without parameters",
    ),
    Column(
        "payload_digest",
        pa.string(),
        True,
        "`sha1:` and base32 of the HTTP body as archived (transfer coding removed)",
    ),
    Column(
        "payload_bytes",
        pa.int64(),
        False,
        "bytes of the HTTP body, content coding removed; 0 where it could not be read",
    ),
    Column(
        "n_chars",
        pa.int64(),
        False,
        "characters of the extracted, redacted text; 0 where none was extracted",
    ),
    RIGHTS_COLUMN,
    TAG,
    Column("outcome", pa.string(), False, "`pass` (it is a document), `reject` or `quarantine`"),
    Column(
        "reason", pa.string(), True, "why not, from the closed list of reasons; null for `pass`"
    ),
)

DOCUMENTS = _table(
    "documents",
    "one row for each page whose text was extracted; sorted by tag, then by offset",
    DOC_ID,
    Column("record_id", pa.string(), True, "WARC-Record-ID"),
    URL,
    Column("warc", pa.string(), False, "path of the WARC file"),
    OFFSET,
    LENGTH,
    DATE,
    Column("title", pa.large_string(), True, "the page's title, redacted"),
    Column(
        "published_on",
        pa.string(),
        True,
        "day of publication that the page gives in JSON-LD or a meta element, YYYY-MM-DD",
    ),
    Column(
        "declared_language",
        pa.string(),
        True,
        "language tag that the page declares, as it does; nothing is decided by it",
    ),
    Column("text", pa.large_string(), False, "main text, personal data replaced by placeholders"),
    TAG,
    Column("language", pa.string(), False, "ISO 639-3 part of the tag"),
    Column("language_script", pa.string(), False, "ISO 15924 part of the tag"),
    Column("language_score", pa.float32(), False, "calibrated confidence of the tag, 0 to 1"),
    Column("runner_up", pa.string(), True, "second most likely tag"),
    Column("runner_up_score", pa.float32(), True, "its confidence, 0 to 1"),
    Column(
        "confusable_group", pa.string(), True, "group of languages that this one is mistaken for"
    ),
    Column(
        "confusable_group_score",
        pa.float32(),
        True,
        "posterior of the group, 0 to 1; the members' are in language_posterior",
    ),
    Column(
        "language_posterior",
        pa.string(),
        False,
        "JSON object of up to five tags and their posterior, best first",
    ),
    Column(
        "top_langs",
        pa.string(),
        False,
        "JSON object of languages and their share of the text, by segment, largest first",
    ),
    Column(
        "others_fraction",
        pa.float32(),
        False,
        "share of the text in languages outside the tag's group, 0 to 1",
    ),
    Column("n_chars", pa.int64(), False, "characters (code points) of the text"),
    Column("n_words", pa.int64(), False, "words of the text, by the segmenter"),
    N_TOKENS,
    Column("payload_bytes", pa.int64(), False, "bytes of the HTTP body"),
    RIGHTS_COLUMN,
    Column(
        "pii_spans",
        SPANS,
        False,
        "placeholders: offsets in the redacted text, kind, detector, the country whose form it "
        "has, and whether a word before it was needed; never a value",
    ),
    Column("pii_counts", PII_COUNTS, False, "number of placeholders by kind"),
)

SIGNALS = _table(
    "signals",
    "every signal of every document, row by row beside `documents`",
    DOC_ID,
    TAG,
    *(
        Column(
            s.name,
            pa.float32(),
            True,
            f"{s.description} Unit: {s.unit}; range {s.low:g} to {s.high:g}.",
        )
        for s in BY_NAME.values()
    ),
    Column(
        VERDICTS_COLUMN,
        FILTER_VERDICTS,
        True,
        "verdict of each datatrove filter of the configuration, by its name there: 1 keep, "
        "0 reject, null where it could not judge; null as a whole where none is configured",
    ),
)

N_PERMUTATIONS = minhash.PERMUTATIONS
PRECEDENCE = Column(
    "precedence",
    pa.uint64(),
    False,
    "order of keepers, higher first: 12 bits of quality score, 20 of words, 32 of age "
    "(`stages.sign.precedence`)",
)
PLACE = Column(
    "place",
    pa.uint64(),
    False,
    "source << 32 | row; sources are the run's shards by file name, then the index's files",
)
KIND = Column(
    "kind",
    pa.uint8(),
    False,
    "0: a band, 1: a payload digest, 2: a text digest, 3: a doc_id (`filters.linkage`)",
)
SIGNATURE = Column(
    "signature",
    pa.list_(pa.uint32(), N_PERMUTATIONS),
    True,
    "datasketch MinHash, scheme affine32, seed 1; null without words",
)
PAYLOAD_DIGEST = Column("payload_digest", pa.string(), True, "digest of the HTTP body")
TEXT_DIGEST = Column(
    "text_digest",
    pa.string(),
    False,
    "32 hex digits: blake2b-128 of the words of the text, joined by spaces",
)
PART = Column("part", pa.int32(), False, "partition that the document's component belongs to")

SIGNATURES = _table(
    "signatures",
    "MinHash signature of every document, row by row beside `documents`",
    DOC_ID,
    Column("row", pa.int32(), False, "row in the shard's `documents`"),
    PAYLOAD_DIGEST,
    TEXT_DIGEST,
    Column("n_shingles", pa.int32(), False, "distinct shingles"),
    SIGNATURE,
    PRECEDENCE,
    notes={
        "weir.minhash": f"{minhash.SCHEME}/{minhash.SEED}/{minhash.PERMUTATIONS}/{HASH_VERSION}"
    },
    is_random=True,
)

KEYS = _table(
    "keys",
    "what documents may share: bands of signatures, digests, doc_ids; sorted by key",
    Column("key", pa.uint64(), False, "hash of a band, or the upper 64 bits of a digest or doc_id"),
    Column(
        "check",
        pa.uint64(),
        False,
        "the lower 64 bits of the digest or doc_id; for a band those of the text digest",
    ),
    Column("precedence", pa.uint64(), False, "that of the document"),
    PLACE,
    KIND,
    is_random=True,
)

CANDIDATES = _table(
    "candidates",
    "pairs of places that share a key, a < b, not yet verified",
    Column("a", pa.uint64(), False, "place"),
    Column("b", pa.uint64(), False, "place"),
    KIND,
)

HOMES = _table(
    "homes",
    "where documents with candidates are looked at together; sorted by place",
    PLACE,
    PART,
    Column("is_near", pa.bool_(), False, "whether it is compared, not only in an exact group"),
)

LENT = _table(
    "lent",
    "what a partition needs of its documents; sorted by partition, place",
    PLACE,
    DOC_ID,
    PAYLOAD_DIGEST,
    TEXT_DIGEST,
    PRECEDENCE,
    SIGNATURE,
    is_random=True,
)

ESTIMATES = _table(
    "estimates",
    "pairs of one partition that are joined, or may be: exact ones, and those whose signatures "
    "agree often enough",
    Column("a", pa.uint64(), False, "place"),
    Column("b", pa.uint64(), False, "place"),
    KIND,
    Column("equal", pa.int16(), False, "equal places of the two signatures, 0 to 112"),
    Column("is_sure", pa.bool_(), False, "whether no comparison of shingles is needed"),
)

WANTED = _table(
    "wanted",
    "documents whose shingles a partition needs; sorted by place",
    PLACE,
)

SHINGLES = _table(
    "shingles",
    "shingle sets of wanted documents; sorted by partition, place",
    PLACE,
    Column("shingles", pa.list_(pa.uint32()), False, "distinct 32-bit shingle hashes, ascending"),
    is_random=True,
)

METHODS = ("near_duplicate", "exact_payload", "exact_text", "", "near_signature")
"""How a pair was verified; the place of a name is its code (`filters.linkage` has the first)."""
NEAR_SIGNATURE = 4
REASON_OF_METHOD = {
    "exact_payload": "dedup.exact_payload",
    "exact_text": "dedup.exact_text",
    "near_duplicate": "dedup.near_duplicate",
    "near_signature": "dedup.near_duplicate",
}
"""Reason of a removal by its method."""

EDGES = _table(
    "edges",
    "verified pairs of different texts, a < b, sorted; documents of equal words share the edges of "
    "the one that stands for them",
    Column("a", pa.string(), False, "doc_id"),
    Column("b", pa.string(), False, "doc_id"),
    Column(
        "similarity",
        pa.float32(),
        False,
        "Jaccard similarity of the two shingle sets, 0 to 1: exact, or estimated (see method)",
    ),
    Column(
        "method",
        pa.string(),
        False,
        "`near_duplicate`: shingle sets compared; `near_signature`: signatures that agree too "
        "often for a similarity below the threshold",
    ),
)

MEMBERS = _table(
    "members",
    "documents that have an edge or an exact duplicate, with their "
    "component; sorted by component, doc_id",
    Column("component", pa.string(), False, "smallest doc_id of the connected component"),
    DOC_ID,
    Column(
        "shard",
        pa.int32(),
        False,
        "number of the input shard in the order of file names; -1 for a published document of an "
        "earlier snapshot",
    ),
    Column("row", pa.int32(), False, "row in the shard's `documents`"),
    PRECEDENCE,
    Column(
        "payload_digest",
        pa.string(),
        True,
        "digest of the HTTP body, where another document has the same",
    ),
    Column(
        "text_digest",
        pa.string(),
        True,
        "digest of the normalised text: equal for documents of equal words; null once taken down",
    ),
)

VERDICTS = _table(
    "verdicts",
    "what the rules say of each document, row by row beside `documents`",
    DOC_ID,
    TAG,
    Column("failed_rules", pa.uint64(), False, "bit k is set if rule k of run.json fails"),
    Column(
        "first_rule",
        pa.int16(),
        False,
        "index of the first failed rule by declared order; -1 if none",
    ),
    Column(
        "listed",
        pa.string(),
        True,
        "`allow` or `deny`: the list of the document's language that has its URL; null if none",
    ),
    Column(
        "taken",
        pa.bool_(),
        False,
        "whether the document was taken down, or is on the suppression list as it stands now",
    ),
    RESERVED,
    LATER_RIGHTS,
)

REMOVALS = _table(
    "removals",
    "what deduplication decided for members of components; sorted by shard, row",
    Column("shard", pa.int32(), False, "ordinal of the shard"),
    Column("row", pa.int32(), False, "row in the shard's `documents`"),
    DOC_ID,
    Column("component", pa.string(), False, "component id"),
    Column("component_size", pa.int32(), False, "its members that passed every rule"),
    Column(
        "keeper_id",
        pa.string(),
        True,
        "the kept document that is joined to this one by an edge; null if this one is kept",
    ),
    Column("similarity", pa.float32(), True, "similarity of that edge"),
    Column("method", pa.string(), True, "how that edge was verified"),
)

DECISIONS = _table(
    "decisions",
    "the last word on each document, row by row beside `documents`: the ledger's second half",
    DOC_ID,
    TAG,
    Column("outcome", pa.string(), False, "`keep` or `reject`"),
    Column(
        "reason",
        pa.string(),
        True,
        "takedown, reservation, first failed rule, deny list of the language, or kind of "
        "duplicate; null if kept",
    ),
    Column("failed_rules", pa.uint64(), False, "bit k is set if rule k of run.json fails"),
    Column(
        "listed",
        pa.string(),
        True,
        "`allow` or `deny`: the list of the document's language that has its URL; null if none",
    ),
    RESERVED,
    LATER_RIGHTS,
    Column("cluster_id", pa.string(), True, "component of verified pairs; null if alone"),
    Column(
        "cluster_size",
        pa.int32(),
        False,
        "documents of the component that passed every rule; 1 if alone",
    ),
    Column(
        "keeper_id",
        pa.string(),
        True,
        "for a duplicate: the kept document, joined to it by a verified edge",
    ),
    Column("similarity", pa.float32(), True, "for a duplicate: similarity with its keeper, 0 to 1"),
    Column("method", pa.string(), True, "for a duplicate: how that was verified"),
)

CORPUS = _table(
    "corpus",
    "what training jobs read; a superset of FineWeb-2's columns",
    Column("text", pa.large_string(), False, "main text"),
    Column("id", pa.string(), False, "WARC-Record-ID; doc_id where the archive has none"),
    Column("dump", pa.string(), False, "snapshot"),
    URL,
    DATE,
    Column("file_path", pa.string(), False, "path of the WARC file"),
    Column("language", pa.string(), False, "ISO 639-3"),
    Column("language_script", pa.string(), False, "ISO 15924"),
    Column("language_score", pa.float32(), False, "calibrated confidence, 0 to 1"),
    Column("confusable_group", pa.string(), True, "languages that this one is mistaken for"),
    Column("confusable_group_score", pa.float32(), True, "posterior of the group, 0 to 1"),
    Column("language_posterior", pa.string(), False, "JSON object of tags and posteriors"),
    Column("top_langs", pa.string(), False, "JSON object of languages and shares of the text"),
    Column(
        "minhash_cluster_size",
        pa.int32(),
        False,
        "documents in its cluster of verified pairs, itself included",
    ),
    Column(
        "upsampling_weight",
        pa.float32(),
        True,
        "how often to train on it, by the size of its cluster; null where the configuration names "
        "no weights",
    ),
    DOC_ID,
    OFFSET,
    LENGTH,
    TAG,
    Column("n_chars", pa.int64(), False, "characters of the text"),
    Column("n_words", pa.int64(), False, "words of the text"),
    N_TOKENS,
    RIGHTS_COLUMN,
    Column("pii_counts", PII_COUNTS, False, "placeholders by kind"),
    Column("signals", pa.struct(SIGNAL_FIELDS), False, "every signal, as in `signals`"),
)

SITE_FILES = _table(
    "site_files",
    "files that sites publish for machines (steps prepare and collate), sorted by key: robots.txt "
    "of the snapshot, and what the configuration gives beside it; Arrow files, which workers map",
    Column("key", pa.uint64(), False, "upper half of the blake2b-128 of the canonical URL"),
    Column("check", pa.uint64(), False, "lower half"),
    Column("status", pa.uint8(), False, f"place in: {', '.join(STATUSES)}"),
    Column("is_robots", pa.bool_(), False, "whether the path is /robots.txt"),
    Column("fetched_at", pa.int64(), False, "seconds since 1970 (UTC); -1 where unknown"),
    Column("target_key", pa.uint64(), False, "key of the URL that it redirects to; 0 for none"),
    Column("target_check", pa.uint64(), False, "check of that URL"),
    Column("content_key", pa.uint64(), False, "key of what it says; 0 for nothing"),
    Column("content_check", pa.uint64(), False, "check of that"),
    Column("sha256", pa.binary(32), False, "SHA-256 of the file; zeros where there was none"),
    is_random=True,
)

SITE_CONTENTS = _table(
    "site_contents",
    "what files of sites say, once for all that say the same, sorted by key; Arrow files",
    Column("key", pa.uint64(), False, "upper half of the blake2b-128 of the JSON"),
    Column("check", pa.uint64(), False, "lower half"),
    Column("packed", pa.large_binary(), False, "JSON of the parsed file, deflated (zlib)"),
    is_random=True,
)

SELECTED = _table(
    "selected",
    "records that an index-guided run reads (steps prepare and collate), a row group for each WARC "
    "file, by offset; none in other runs",
    Column("warc", pa.string(), False, "path of the WARC file below the crawl's root"),
    Column("offset", pa.int64(), False, "bytes before the record's gzip member"),
    Column("length", pa.int64(), False, "bytes of that member"),
    Column(
        "promise",
        pa.binary(16),
        True,
        "blake2b-128 of the URL and the payload's SHA-1 that the index promises; null unless "
        "`cc_index.verify`",
    ),
    Column(
        "digest_key",
        pa.uint64(),
        True,
        "by which equal payloads are known; null unless `cc_index.one_per_digest`",
    ),
    Column(
        "site",
        pa.uint64(),
        True,
        "64 bits of blake2b-128 of host and port, for the site's robots.txt; null unless "
        "`cc_index.robots_subset`",
    ),
)

INDEXED_ROBOTS = _table(
    "indexed_robots",
    "where the robots.txt files of a crawl lie (step prepare of an index-guided run)",
    *SELECTED.columns[:4],
    Column("key", pa.uint64(), False, "of its URL, as in `site_files`"),
    Column("site", pa.uint64(), False, "as in `selected`"),
    Column("target", pa.uint64(), True, "the `site` that it redirects to, if it does"),
)

BLOCK_LIST = _table(
    "block_list",
    "the block list of the gate (step prepare), sorted by key; an Arrow file, which workers map",
    Column("key", pa.uint64(), False, "64-bit key of a domain or URL (`filters.domains.key`)"),
    Column(
        "flags",
        pa.uint8(),
        False,
        "1: the domain and its subdomains; 2: the URL and what is below it; 4: host of such a URL",
    ),
)

SUPPRESSED = _table(
    "suppressed",
    "the suppression list as it stood (step prepare), sorted; an Arrow file. Hashes and "
    "signatures, never an address or a text",
    Column("kind", pa.string(), False, "`url`, `domain`, `doc_id`, `text`; `key`: the hashes' key"),
    Column(
        "value",
        pa.string(),
        False,
        "32 hex digits: keyed blake2b-128 of the canonical URL or the domain, the doc_id, or the "
        "digest of the words",
    ),
    Column(
        "signature",
        pa.list_(pa.uint32(), N_PERMUTATIONS),
        True,
        "MinHash signature of a text, by which its near copies are known; null for the others",
    ),
)

_COUNTED = (
    Column("language", pa.string(), False, "language tag; `und_Zyyy` where none was determined"),
    Column(
        "metric",
        pa.string(),
        False,
        "what is counted, with its unit: `documents.read`, `characters.kept`, "
        "`words.rule.only` (`first`, `any`, `only`), `histogram.word_count.kept` ...",
    ),
    Column("label", pa.string(), False, "reason, rule, bin or kind; empty where there is none"),
    Column("count", pa.int64(), False, "the count"),
)

TALLY = _table("tally", "counts of one shard (steps extract and decide)", *_COUNTED)

COUNTS = _table(
    "counts",
    "statistics: counts only, so that merging is a sum",
    Column("run", pa.string(), False, "name of the run"),
    Column("step", pa.string(), False, "step that counted"),
    Column(
        "shard",
        pa.string(),
        False,
        "shard or partition; a range of them in a run of more than 1,000 shards",
    ),
    *_COUNTED,
)

TABLES: dict[str, Table] = {
    t.name: t
    for t in (
        RECORDS,
        DOCUMENTS,
        SIGNALS,
        SIGNATURES,
        KEYS,
        CANDIDATES,
        HOMES,
        LENT,
        ESTIMATES,
        WANTED,
        SHINGLES,
        EDGES,
        MEMBERS,
        VERDICTS,
        REMOVALS,
        DECISIONS,
        CORPUS,
        SELECTED,
        INDEXED_ROBOTS,
        SITE_FILES,
        SITE_CONTENTS,
        BLOCK_LIST,
        SUPPRESSED,
        TALLY,
        COUNTS,
    )
}

_PEER_REASON = reason_of(PEER)

# Reason -> (outcome, meaning). Reasons are data: never rename one, only add.
REASONS: dict[str, tuple[str, str]] = {
    "read.damaged": (
        QUARANTINE,
        "the record's bytes are damaged: a broken gzip member or a cut-off block",
    ),
    "read.not_promised": (
        QUARANTINE,
        "the bytes are not the record that the index promises there: other place, URL or payload",
    ),
    "read.malformed_http": (REJECT, "the block is not an HTTP response"),
    "read.content_encoding": (
        REJECT,
        "the body does not decode under its Content-Encoding, or uses one that we do not read",
    ),
    "gate.truncated": (REJECT, "the crawler cut the payload (WARC-Truncated)"),
    "gate.status": (REJECT, "HTTP status is not 200"),
    "gate.media_type": (REJECT, "neither HTML nor XHTML, by header and content"),
    "gate.empty": (REJECT, "no body, or no visible text"),
    "gate.size": (REJECT, "larger than the cap"),
    "gate.structure": (
        REJECT,
        "markup nested deeper, more tags, or more attributes in one than the caps: a bomb",
    ),
    "gate.short": (REJECT, "fewer visible characters than the run asks for"),
    "gate.url": (REJECT, "the URL is unusable or on a deny list"),
    "gate.domain": (REJECT, "the host or its domain is on a deny list"),
    "gate.block_list": (REJECT, "the URL, its host or its domain is on the block list"),
    "takedown.url": (REJECT, "the URL was taken down: it is on the suppression list"),
    "takedown.domain": (REJECT, "the host or its domain was taken down"),
    "takedown.text": (REJECT, "the words, or nearly all of them, are of a text taken down"),
    "takedown.request": (REJECT, "the document was taken down; what is left is its doc_id"),
    "rights.robots": (REJECT, "robots.txt disallows the path for a training agent"),
    "rights.content_signal": (REJECT, "Content-Signal in robots.txt or a header says ai-train=no"),
    "rights.content_usage": (REJECT, "Content-Usage says train-ai=n"),
    "rights.tdm_reservation": (
        REJECT,
        "TDM reservation in a header, a meta tag or the site's tdmrep.json",
    ),
    "rights.noai": (REJECT, "noai in X-Robots-Tag or meta robots"),
    "rights.ai_txt": (REJECT, "the site's ai.txt disallows training on its texts"),
    "rights.rsl": (REJECT, "the site's RSL licence does not permit training, or only on terms"),
    "rights.paywalled": (REJECT, "the page says that it is not free to read"),
    "rights.domain_list": (REJECT, "the run's list of domains that opted out has the site"),
    "rights.robots_ambiguous": (
        REJECT,
        "strict: another reading of robots.txt disallows or allows the path otherwise",
    ),
    "rights.robots_unreachable": (
        REJECT,
        "strict: robots.txt was sought and not had, so that it may disallow all",
    ),
    "rights.rsl_unresolved": (REJECT, "strict: an RSL licence is named, and nobody has read it"),
    "rights.natural_language": (REJECT, "strict: robots.txt reserves rights in words"),
    "rights.unreadable": (REJECT, "strict: a reservation may stand in what could not be read"),
    "rights.noimageai": (REJECT, "noimageai: about images, and heeded by no policy"),
    "gate.language": (REJECT, "no European language on the page"),
    "extract.empty": (REJECT, "the extractor found no main text"),
    "extract.timeout": (QUARANTINE, "parsing took more CPU time than the limit"),
    "extract.memory": (QUARANTINE, "parsing needed more memory than the limit"),
    "extract.crash": (QUARANTINE, "the parser died"),
    "extract.output": (QUARANTINE, "parsing gave more text than the limit"),
    "identify.language": (
        REJECT,
        "the main text is in no European language, or not in one that the run asks for",
    ),
    "list.deny": (REJECT, "the URL or its domain is on the deny list of the document's language"),
    "dedup.exact_payload": (REJECT, "a kept document has the same payload"),
    "dedup.exact_text": (REJECT, "a kept document has the same words"),
    "dedup.near_duplicate": (REJECT, "a kept document's shingles are similar, verified"),
    **{
        f"rule.{name}": (REJECT, f"the signal {name} is out of the language's bounds")
        for name in BY_NAME
    },
}


def reason(name: str) -> tuple[str, str] | None:
    """Outcome and meaning of a reason; None if it is none.

    Besides `REASONS` there is `rule.datatrove.NAME` for each datatrove filter of a configuration.
    """
    if name.startswith(_PEER_REASON):
        filter_name = name.removeprefix(_PEER_REASON)
        return REJECT, f"the datatrove filter {filter_name} of the configuration rejects the page"
    return REASONS.get(name)


def signal_columns(rules: Iterable[str]) -> list[str]:
    """Columns of `signals` that hold the values of these rules."""
    return list(dict.fromkeys(VERDICTS_COLUMN if name.startswith(PEER) else name for name in rules))


def signal_values(signals: pa.Table, rule: str) -> pa.ChunkedArray:
    """What a rule is a bound on, out of `signals`: a signal, or a datatrove filter's verdict."""
    if not rule.startswith(PEER):
        return signals.column(rule)
    verdicts = signals.column(VERDICTS_COLUMN)
    return pc.map_lookup(verdicts, pa.scalar(rule.removeprefix(PEER)), "first")


def empty(table: Table) -> pa.RecordBatch:
    """A batch of no rows in the table's schema: absence is never a value."""
    return pa.RecordBatch.from_pylist([], schema=table.schema)


def batch(table: Table, rows: Iterable[dict[str, object]]) -> pa.RecordBatch:
    """The rows as a batch in the table's schema.

    A missing key is null, a null in a required column raises ValueError.
    """
    made = pa.RecordBatch.from_pylist(list(rows), schema=table.schema)
    for column in table.columns:
        if not column.nullable and made.column(column.name).null_count:
            message = f"{table.name}.{column.name} holds a null"
            raise ValueError(message)
    return made
