"""Texts that a language pack must reject, made of the words of real ones.

Each kind is a page that crawls are full of, and that language identification lets through because
every word of it is right. Deterministic: what is made of a document depends on its text alone.
"""

import random
from collections.abc import Callable, Collection
from typing import Final

from audit.lexicon import words_of

_LOREM: Final = (  # noqa: SIM905
    "Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor incididunt ut "
    "labore et dolore magna aliqua.|Ut enim ad minim veniam, quis nostrud exercitation ullamco "
    "laboris nisi ut aliquip ex ea commodo consequat.|Duis aute irure dolor in reprehenderit in "
    "voluptate velit esse cillum dolore eu fugiat nulla pariatur.|Excepteur sint occaecat "
    "cupidatat non proident, sunt in culpa qui officia deserunt mollit anim id est laborum.|"
    "Curabitur pretium tincidunt lacus.|Nulla gravida orci a odio, et feugiat tellus sagittis "
    "vitae.|Pellentesque habitant morbi tristique senectus et netus et malesuada fames ac turpis "
    "egestas.|Vestibulum tortor quam, feugiat vitae, ultricies eget, tempor sit amet, ante.|Donec "
    "eu libero sit amet quam egestas semper."
).split("|")

_MARKS: Final = ".,:;!?()\"«»„“”'…·"

Order = random.Random


def menu(text: str, order: Order, stop_words: Collection[str]) -> str:
    """A menu or a list of links: titles of one to six words, a line each, some with a separator."""
    del stop_words
    words = [word for line in text.splitlines() for word in line.split()]
    words = [word.strip(_MARKS) for word in words]
    words = [word for word in words if any(map(str.isalpha, word))]
    lines = []
    longest = order.choice((2, 3, 6))  # a menu, a list of sections, a list of headlines
    for _ in range(order.randint(30, 70)):
        start = order.randrange(len(words))
        title = " ".join(words[start : start + order.randint(1, longest)])
        lines.append(title[:1].upper() + title[1:])
    if order.random() < 0.3:  # a bar of links
        return "\n".join(" | ".join(lines[place : place + 5]) for place in range(0, len(lines), 5))
    return "\n".join(lines)


def shuffled(text: str, order: Order, stop_words: Collection[str]) -> str:
    """The text's words with the marks that stand at them, in random order; lines keep lengths."""
    del stop_words
    lines = [line.split() for line in text.splitlines()]
    words = [word for line in lines for word in line]
    order.shuffle(words)
    taken = iter(words)
    return "\n".join(" ".join(next(taken) for _ in line) for line in lines)


def stuffed(text: str, order: Order, stop_words: Collection[str]) -> str:
    """A few of the text's content words as search phrases, again and again."""
    content = sorted(set(words_of(text)) - set(stop_words))
    content = [word for word in content if len(word) > 3] or content
    keywords = order.sample(content, min(5, len(content)))
    phrases = [" ".join(order.sample(keywords, min(2, len(keywords)))) for _ in range(5)] + keywords
    lines = []
    for _ in range(order.randint(4, 8)):
        phrase = ", ".join(order.choice(phrases) for _ in range(order.randint(8, 20)))
        lines.append(f"{phrase[:1].upper()}{phrase[1:]}.")
    return "\n".join(lines)


def repeated(text: str, order: Order, stop_words: Collection[str]) -> str:
    """A few of the text's lines, each three times or more."""
    del stop_words
    lines = sorted({line for line in text.splitlines() if len(line) > 20}) or [text]
    chosen = order.sample(lines, min(4, len(lines)))
    page = [line for line in chosen for _ in range(order.randint(3, 8))]
    order.shuffle(page)
    while sum(len(line.split()) for line in page) < 60:
        page += chosen
    return "\n".join(page)


def placeholder(text: str, order: Order, stop_words: Collection[str]) -> str:
    """Placeholder Latin under a title of the text's; half of the pages without its first words."""
    del stop_words
    title = text.split("\n", 1)[0][:60]
    sentences = list(_LOREM) if order.random() < 0.5 else _LOREM[1:]
    paragraphs = [" ".join(order.sample(sentences, 4)) for _ in range(order.randint(3, 6))]
    return "\n".join([title, *paragraphs])


KINDS: Final[dict[str, Callable[[str, Order, Collection[str]], str]]] = {
    "menu": menu,
    "shuffled": shuffled,
    "stuffed": stuffed,
    "repeated": repeated,
    "placeholder": placeholder,
}
"""Makers of negative texts by kind; neighbouring languages are real texts, and made by nobody."""


def make(kind: str, text: str, stop_words: Collection[str] = ()) -> str:
    """The negative of this kind made of a text; the same for the same text."""
    return KINDS[kind](text, random.Random(f"{kind} {text}"), stop_words)  # noqa: S311
