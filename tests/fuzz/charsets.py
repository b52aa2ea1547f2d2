"""Target `charset`: bytes of a page to text, by mark, header, meta element or statistics.

The first byte chooses what is declared, and by whom; the rest is the body, or, up to the first line
end, a label of an encoding.
"""

from resiliparse.parse.encoding import bytes_to_str, map_encoding_to_html5

from extraction import caps, decode
from filters import controls, robots_text

MARKS = (b"", b"", b"", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
OF_MARK = {b"\xef\xbb\xbf": "utf-8", b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
REFUSED = frozenset({"utf-7", "utf-32", "utf-32-le", "utf-32-be", "cesu-8", "bocu-1", "scsu"})


def decoded(body: bytes, content_type: str) -> str:
    """The text, as the survey of a page decodes it."""
    name = decode.charset(body, content_type)
    assert name not in REFUSED
    assert map_encoding_to_html5(name, fallback_utf8=False), name
    text = str(bytes_to_str(body, name, errors="replace"))
    assert str(bytes_to_str(body, decode.charset(body, content_type), errors="replace")) == text
    return text


def check(data: bytes) -> None:
    """Decoding never raises, is bounded, and reads its own output as it is."""
    if not data:
        return
    mark = MARKS[data[0] % len(MARKS)]
    label, _, body = data[1:].partition(b"\n")
    in_header, in_meta = data[0] & 64, data[0] & 128
    if in_meta:
        body = b'<meta charset="' + label + b'">' + body
    content_type = f"text/html; charset={label.decode('latin-1')}" if in_header else "text/html"
    body = mark + body
    text = decoded(body, content_type)
    assert len(text) <= len(body) + 1
    raw = text.encode("utf-8")  # no lone surrogates
    if mark:
        assert decode.charset(body, content_type) == OF_MARK[mark]
    if text.count("\ufffd") == 0:
        assert decoded(raw, "text/html; charset=utf-8") in (text, text.removeprefix("\ufeff"))
    plain = controls.plain(text)
    assert controls.plain(plain) == plain
    caps.is_bomb(text, 20, 50, 20)
    lines, _ = robots_text.decode(body)
    robots_text.encodable(lines).encode("utf-8")
    assert robots_text.status_of(lines) in (None, "not_robots", "not_text")
