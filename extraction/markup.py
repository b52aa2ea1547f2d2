"""A page's tree to the markup that is scanned."""

from __future__ import annotations

from typing import Final

from resiliparse.parse.html import HTMLTree

UNREAD: Final = (
    "script,style,noscript,template,iframe,svg,math,textarea,select,object,datalist,audio,video"
)


def body_of(tree: HTMLTree, noscript: bool = False) -> bytes:
    """The body as lexbor writes it, without what holds no text; the tree is changed."""
    body = tree.body
    if body is None:
        return b""
    for node in body.query_selector_all(UNREAD.replace("noscript,", "") if noscript else UNREAD):
        node.decompose()
    return body.html.encode("utf-8", "replace")
