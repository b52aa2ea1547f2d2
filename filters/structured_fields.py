"""Dictionaries of structured fields (RFC 9651, 3.2), reduced to what preferences need.

A value that is no token is read and forgotten.
"""

from __future__ import annotations

import re
from typing import Final

_KEY_TEXT: Final = r"[a-z*][a-z0-9_.*\-]*+"
_WORD_TEXT: Final = r"[A-Za-z*][!#$%&'*+\-.^_`|~:/0-9A-Za-z]*+"
_OTHER_TEXT: Final = (
    r'"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*+"'  # string
    r"|\?[01]|:[A-Za-z0-9+/=]*+:"  # boolean, byte sequence
    r"|(?:@-?[0-9]{1,15}+|-?(?:[0-9]{1,12}\.[0-9]{1,3}|[0-9]{1,15}))(?![0-9.])"  # date, number
    r'|%"(?:[\x20\x21\x23\x24\x26-\x7e]|%[0-9a-f]{2})*+"'  # display string
)
_ITEM_TEXT: Final = (
    rf"(?:{_WORD_TEXT}|{_OTHER_TEXT})(?:; *+{_KEY_TEXT}(?:=(?:{_WORD_TEXT}|{_OTHER_TEXT}))?)*+"
)
_KEY: Final = re.compile(_KEY_TEXT)
_TOKEN: Final = re.compile(_WORD_TEXT)
_OTHER_ITEM: Final = re.compile(_OTHER_TEXT)
_INNER_LIST: Final = re.compile(rf"\( *+(?:{_ITEM_TEXT}(?: ++{_ITEM_TEXT})*+ *+)?\)")
_COMMA: Final = re.compile(r"[ \t]*+,[ \t]*+")


def parse_dictionary(value: str) -> dict[str, str | None] | None:
    """Members of a structured-field dictionary: the text of tokens, None for other values.

    The last of equal keys counts. None if the value does not parse, as RFC 9651, 4.2 asks for a
    whole field.
    """
    text = value.lstrip(" ")
    if text.startswith("\t"):
        return None
    text = text.rstrip(" \t")
    members: dict[str, str | None] = {}
    position = 0
    while position < len(text):
        key = _KEY.match(text, position)
        if key is None:
            return None
        item, position = _dictionary_value(text, key.end())
        if position < 0:
            return None
        members.pop(key.group(), None)
        members[key.group()] = item
        if position == len(text):
            break
        comma = _COMMA.match(text, position)
        if comma is None or comma.end() == len(text):
            return None
        position = comma.end()
    return members


def _dictionary_value(text: str, position: int) -> tuple[str | None, int]:
    """Value after a key and the place after its parameters; -1 if it does not parse."""
    item = None
    if text.startswith("=", position):
        item, position = _bare_item(text, position + 1, with_list=True)
    while position >= 0 and text.startswith(";", position):
        while text.startswith(" ", position + 1):
            position += 1
        key = _KEY.match(text, position + 1)
        if key is None:
            return None, -1
        position = key.end()
        if text.startswith("=", position):
            _, position = _bare_item(text, position + 1, with_list=False)
    return item, position


def _bare_item(text: str, position: int, *, with_list: bool) -> tuple[str | None, int]:
    token = _TOKEN.match(text, position)
    if token is not None:
        return token.group(), token.end()
    other = _OTHER_ITEM.match(text, position)
    if other is None and with_list:
        other = _INNER_LIST.match(text, position)
    return None, other.end() if other else -1
