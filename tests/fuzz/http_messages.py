"""Target `http`: the block of a response, down to what its headers and codings say.

The first byte chooses a part: a whole block, a body in chunks, a body under content codings, or
headers that speak of rights.
"""

import zlib

import pyarrow as pa

from extraction import decode
from filters import optout
from filters.stored_rights import struct_of
from stages import parse, read

AGENTS = ("CCBot", "GPTBot")
MAX_BYTES = 4_096
DECODED = (None, "gate.size", "read.content_encoding")
SURVEYED = frozenset({"gate.empty", "gate.media_type", "gate.structure", "gate.short", *DECODED})
CODINGS = ("gzip", "deflate", "br", "zstd", "x-gzip", "identity")


def lines_of(block: bytes) -> tuple[list[bytes], bytes]:
    """The lines of a head and what follows it, read one by one: it ends at the first empty one."""
    lines: list[bytes] = []
    rest = block
    while rest:
        line, end, rest = rest.partition(b"\n")
        if end and line in (b"", b"\r"):
            return lines, rest
        lines.append(line.removesuffix(b"\r") if end else line)
    return lines, b""


def encodable(value: object) -> None:
    """Every string in a value can be stored."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            one.encode("utf-8")
        elif isinstance(one, dict):
            waiting += [*one, *one.values()]
        elif isinstance(one, list | tuple):
            waiting += one


def whole(block: bytes) -> None:
    """A block is split as by a reader of lines, and what was read is read again."""
    row = read.Record(0, 0, body=block)
    read.split_http(row)
    if row.problem is not None:
        assert row.problem == "read.malformed_http"
        return
    lines, rest = lines_of(block)
    assert row.body == rest
    assert len(row.headers) < len(lines)
    assert row.status is not None
    assert 0 <= row.status <= 999
    for name, value in row.headers:
        assert "\n" not in name + value
        assert (name, value) == (name.strip().lower(), value.strip())
    head = "".join(f"{name}: {value}\r\n" for name, value in row.headers)
    again = read.Record(0, 0, body=f"HTTP/1.1 {row.status:03}\r\n{head}\r\n".encode() + row.body)
    read.split_http(again)
    assert (again.headers, again.status, again.body) == (row.headers, row.status, row.body)
    rights_of(row.headers)
    surveyed(row)


def rights_of(headers: list[tuple[str, str]]) -> None:
    """Headers give findings that can be stored, and the same ones again."""
    found = optout.from_headers(headers, AGENTS)
    assert found == optout.from_headers(headers, AGENTS)
    for finding in found:
        assert finding.verdict in ("reserved", "allowed", "unknown")
    encodable(struct_of([], found, "standard", "https", None))


def surveyed(row: read.Record) -> None:
    """What the gate is told of a page: a known reason, or markup and what it shows."""
    wanted = ("content-type", "content-encoding", "transfer-encoding")
    headers = {n: ", ".join(v for k, v in row.headers if k == n) for n in wanted}
    found = parse.survey(row.body, headers, (MAX_BYTES, 50, 500, 100, 0), AGENTS)
    if "html" not in found:
        assert found["reason"] in SURVEYED
        return
    assert found["visible"].strip()
    assert "\0" not in found["html"]
    assert len(found["html"]) <= MAX_BYTES
    encodable(found)


def chunks(data: bytes) -> None:
    """Chunked coding is undone, whatever the sizes; what is not chunked grows by nothing."""
    assert len(decode.unchunk(data)) <= len(data)
    sizes, body = data[:8], data[8:]
    coded, at = [], 0
    for size in sizes:
        piece = body[at : at + size]
        if piece:
            coded.append(b"%x;x=y\r\n%s\r\n" % (len(piece), piece))
        at += size
    coded.append(b"0\r\n\r\n")
    assert decode.unchunk(b"".join(coded)) == body[:at] or not body[:at]


def coded(data: bytes) -> None:
    """Codings are undone, with bounds on what comes of it; damage is a reason."""
    first, second, body = data[0] % 6, data[1] % 6, data[2:]
    names = f"{CODINGS[first]}, {CODINGS[second]}"
    made, reason = decode.decode_content(body, names, MAX_BYTES)
    assert reason in DECODED
    assert len(made) <= max(MAX_BYTES, len(body))
    packed = body
    for name in (CODINGS[first], CODINGS[second]):
        if name in ("gzip", "x-gzip"):
            packer = zlib.compressobj(1, zlib.DEFLATED, 31)
            packed = packer.compress(packed) + packer.flush()
        elif name == "deflate":
            packed = zlib.compress(packed, 1)
        elif name != "identity":
            codec = "brotli" if name == "br" else name
            packed = pa.Codec(codec, 1).compress(packed, asbytes=True)
    if packed:
        assert decode.decode_content(packed, names, MAX_BYTES) == (body, None)


def declared(data: bytes) -> None:
    """Headers as pairs, one a line, of which many speak of rights."""
    lines = data.decode("utf-8", "replace").split("\n")
    rights_of([(name, value) for name, _, value in (line.partition(":") for line in lines)])


PARTS = (whole, whole, chunks, coded, declared)


def check(data: bytes) -> None:
    """The properties of the part that the first byte chooses."""
    if len(data) > 3:
        PARTS[data[0] % len(PARTS)](data[1:])
