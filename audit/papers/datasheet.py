"""A corpus's datasheet: the questions of Gebru et al. 2021 (doi 10.1145/3458723), answered."""

from audit.papers.card import said
from audit.papers.evidence import Evidence
from audit.papers.markdown import rendered
from audit.papers.provider import Answers


def datasheet(seen: Evidence, answers: Answers) -> str:
    """The datasheet as Markdown; what only a person knows is a placeholder."""
    return rendered("datasheet.md.j2", **said(seen, answers))
