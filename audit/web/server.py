"""Serving pages to one person: who may ask, what every answer carries, and how errors are said.

A page on the loopback address can be asked by any page that the same browser shows, and by any name
that somebody points at 127.0.0.1. So: only hosts that we name, only our own origin for what writes,
and a token that only the person who started the server has been told.
"""

import contextlib
import hashlib
import hmac
import ipaddress
import json
import os
import secrets
import socket
import sys
import tempfile
import traceback
import webbrowser
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Final

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from audit import templating
from audit.inspect import ending
from stages.errors import ConfigError, CurationError

HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""On every answer, errors as well. Source: OWASP Secure Headers; shared with no other origin."""

MARK: Final = "x-weir"
"""Header that our scripts send with what writes; a form of another page cannot."""

FRAMES: Final = ("frame", "iframe", "object", "embed", "fencedframe")
"""Navigations within another page."""

MAX_BODY: Final = 1 << 20
GRACE_S: Final = 2
"""How long answers under way are waited for at the end; one slow reader must not hold it up."""
ENTER: Final = "/enter"
STATIC: Final = "/static"
LOOPBACK: Final = ("127.0.0.1", "localhost", "[::1]")

Work = Callable[[Request, Mapping[str, Any]], Any]
"""What answers a request: its query or JSON body in, plain data (or a whole response) out."""


@dataclass(frozen=True, slots=True)
class Door:
    """Who may come in: the token, and the names under which the server is known."""

    token: str
    hosts: tuple[str, ...] = LOOPBACK

    @property
    def cookie(self) -> str:
        """Name of the cookie; two servers on one host need two."""
        return f"weir_{hashlib.sha256(self.token.encode()).hexdigest()[:12]}"

    def is_token(self, given: object) -> bool:
        """Whether somebody was told the token; takes as long for any answer."""
        if not isinstance(given, str):
            return False
        return hmac.compare_digest(given.encode("utf-8", "replace"), self.token.encode())


def new_door(host: str = "127.0.0.1") -> Door:
    """A door with a fresh token of 256 bits for a server at a host."""
    named = f"[{host}]" if ":" in host else host
    hosts = LOOPBACK if is_loopback(host) else (named,)
    return Door(secrets.token_urlsafe(32), hosts)


def application(routes: Sequence[BaseRoute], door: Door, name: str) -> ASGIApp:
    """The server's application: the routes given, static files, the way in, and errors in words.

    `name` is what the pages are called (`Workbench`), for pages that we write ourselves.
    """
    templates = templating.environment("audit.web", "audit")

    async def enter(request: Request) -> Response:
        given = (await _body(request)).get("token")
        if not door.is_token(given):
            raise HTTPException(401, "This is not the token of the server that runs now.")
        answer = JSONResponse({"ok": True})
        answer.set_cookie(door.cookie, door.token, httponly=True, samesite="strict", path="/")
        return answer

    async def told(request: Request, error: Exception) -> Response:
        return _error(request, error)

    app = Starlette(
        routes=[
            Route(ENTER, enter, methods=["POST"]),
            Route(f"{STATIC}/tokens.css", _tokens, methods=["GET"]),
            Mount(STATIC, StaticFiles(packages=[("audit.web", "static")])),
            *routes,
        ],
        exception_handlers={HTTPException: told, CurationError: told, Exception: told},
    )
    app.state.templates = templates
    app.state.name = name
    return _Guard(app, door)


def page(request: Request, template: str, code: int = 200, **values: Any) -> Response:
    """A page from a template of `audit/web/templates` (or `audit/templates`), all of it escaped."""
    made = request.app.state.templates.get_template(template)
    text = made.render(server=request.app.state.name, **values)
    return HTMLResponse(text.encode("utf-8", "replace"), code)  # a folder's name may be odd bytes


def data(value: Any) -> Response:
    """Plain data as JSON. ValueError for NaN and infinity, which JSON has not."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Response(text.encode("utf-8", "replace"), media_type="application/json")


def download(content: bytes, name: str, media_type: str) -> Response:
    """A file to save; its name is ours, never one that a page gave."""
    return Response(
        content,
        media_type=media_type,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def api(path: str, work: Work, method: str = "GET") -> Route:
    """A route that answers with data; `work` runs in a thread, so it may take its time.

    It gets the query of a GET (the last value of each name), or the JSON object of a POST.
    """

    async def answer(request: Request) -> Response:
        given = dict(request.query_params) if method == "GET" else await _body(request)
        found = await run_in_threadpool(work, request, given)
        return found if isinstance(found, Response) else data(found)

    return Route(path, answer, methods=[method])


async def _body(request: Request) -> Mapping[str, Any]:
    parts, size = [], 0
    try:
        async for part in request.stream():
            size += len(part)
            if size > MAX_BODY:
                raise HTTPException(413, f"A request has at most {MAX_BODY:,} bytes.")
            parts.append(part)
    except ClientDisconnect:
        raise HTTPException(400, "The request was cut off.") from None
    try:
        found = json.loads(b"".join(parts))
    except (ValueError, RecursionError):
        raise HTTPException(400, "The request is not JSON.") from None
    if not isinstance(found, dict):
        raise HTTPException(400, "The request is not a JSON object.")
    return found


def _tokens(_request: Request) -> Response:
    style = resources.files("audit").joinpath("templates", "tokens.css").read_text("utf-8")
    return Response(style, media_type="text/css")


def _error(request: Request, error: Exception) -> Response:
    """An error as data for our scripts, as a page for a person: what happened, and what to do."""
    status, what, remedy = _said(error)
    if status == 500:
        sys.stderr.write(_where(error))
    if request.url.path.startswith("/api/") or request.method == "POST":
        return JSONResponse({"error": what, "next": remedy}, status)
    return page(request, "error.html.j2", status, status=status, what=what, remedy=remedy)


def _where(error: BaseException) -> str:
    """A traceback without the error's message, which may quote a page or what was looked for."""
    frames = traceback.format_list(traceback.extract_tb(error.__traceback__))
    return f"Traceback (most recent call last):\n{''.join(frames)}{type(error).__name__}\n"


def _said(error: Exception) -> tuple[int, str, str]:
    if isinstance(error, HTTPException):
        remedies = {
            401: "Open the address that the server printed when it started.",
            404: "Go back to the first page.",
        }
        return error.status_code, error.detail, remedies.get(error.status_code, "")
    if isinstance(error, ConfigError):
        return 400, str(error), ""
    if isinstance(error, CurationError):
        return 409, str(error), ""
    return (
        500,
        f"Weir made a mistake ({type(error).__name__}). Nothing that was saved is lost.",
        "The terminal that runs the server says where. Reload the page, or start the server again.",
    )


class _Guard:
    """Around everything: hosts, origin, cookie, and the headers of every answer."""

    def __init__(self, app: ASGIApp, door: Door) -> None:
        self._app = app
        self._door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
            await send(message)

        refusal = self._refusal(scope)
        if refusal is None:
            # The last handler of Starlette answers and raises again, for the server's log.
            with suppress(Exception):
                await self._app(scope, receive, with_headers)
            return
        await refusal(scope, receive, with_headers)

    def _refusal(self, scope: Scope) -> Response | None:
        """What is answered instead, to somebody who may not ask."""
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if _name_of(host) not in self._door.hosts:
            return _refused(400, "This server is not known by that name.")
        method, path = scope["method"], scope["path"]
        if method not in ("GET", "HEAD", "POST"):
            return _refused(405, "Only GET and POST are understood.")
        problem = _foreign(method, host, headers)
        if problem:
            return _refused(403, problem)
        is_open = path == ENTER or path.startswith(f"{STATIC}/")
        if is_open or self._door.is_token(Request(scope).cookies.get(self._door.cookie)):
            return None
        if path.startswith("/api/") or method == "POST":
            return _refused(401, "Open the address that the server printed when it started.")
        text = resources.files("audit.web").joinpath("templates", "enter.html").read_text("utf-8")
        return HTMLResponse(text, 401)


def _foreign(method: str, host: str, headers: Headers) -> str:
    """What to say to a page of another site, or of another server on this machine; else empty.

    Those on other ports are the same site to a browser, which sends them our cookie.
    """
    if method == "POST" and (headers.get("origin") != f"http://{host}" or headers.get(MARK) != "1"):
        return "Only this server's own pages may write."
    is_ours = headers.get("sec-fetch-site", "none") in ("none", "same-origin")
    is_link = headers.get("sec-fetch-mode") == "navigate"
    if not is_ours and (not is_link or headers.get("sec-fetch-dest") in FRAMES):
        return "Another site's page may not use this server's answers."
    return ""


def _refused(status: int, what: str) -> Response:
    return JSONResponse({"error": what, "next": ""}, status)


def _name_of(host: str) -> str:
    """The host without its port."""
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0].lower()


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def bound(host: str, port: int) -> socket.socket:
    """A socket that listens at an address; port 0 takes a free one.

    ConfigError for an address that cannot be had, and for one that stands for all of a machine's,
    since then no name could be told from a foreign one.
    """
    if host in ("0.0.0.0", "::", ""):  # noqa: S104 - refused, not bound
        raise ConfigError("--host", f"{host!r} is every address", "name the one to be reached by")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((host, port))
    except OSError as error:
        made.close()
        raise ConfigError(
            "--port" if port else "--host",
            f"{host}:{port} cannot be bound ({error.strerror})",
            "leave --port out for a free one",
        ) from None
    made.listen(128)
    return made


def address(listening: socket.socket, door: Door, path: str = "/") -> str:
    """The address to open; the token is in its fragment, which browsers send to nobody."""
    host, port = listening.getsockname()[:2]
    named = f"[{host}]" if ":" in host else host
    return f"http://{named}:{port}{path}#token={door.token}"


def serve(
    app: ASGIApp,
    listening: socket.socket,
    url: str,
    *,
    opens: bool,
    say: Callable[[str], None],
) -> None:
    """Serve until Ctrl-C. `say` is told the address; with `opens`, a browser is sent there."""
    host = listening.getsockname()[0]
    if not is_loopback(host):
        say(f"warning: {host} can be reached by other machines; who has the address has the pages")
    say(url)
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        lifespan="off",
        server_header=False,
        ws="none",
        timeout_graceful_shutdown=GRACE_S,
    )
    with ending(), _opened(url if opens else ""), suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[listening])


@contextlib.contextmanager
def _opened(url: str) -> Iterator[None]:
    """A browser at an address, by a file that goes with us; nothing for an empty address."""
    place = _url_file(url) if url else None
    try:
        if place:
            webbrowser.open(place.as_uri())
        yield
    finally:
        if place:
            place.unlink(missing_ok=True)


def _url_file(url: str) -> Path:
    """A page that leads to the address, for this user alone: arguments of a process are public."""
    handle, name = tempfile.mkstemp(prefix="weir-", suffix=".html")  # mode 0600
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(f'<!doctype html><meta http-equiv="refresh" content="0; url={url}">')
    return Path(name)


def flag(given: Mapping[str, Any], name: str) -> bool:
    """A yes or no of a query."""
    return str(given.get(name, "")).lower() in ("1", "true", "yes")


def choice(given: Mapping[str, Any], name: str, allowed: Collection[str], default: str) -> str:
    """One of some words of a query. ConfigError for another."""
    value = str(given.get(name) or default)
    if value not in allowed:
        raise ConfigError(name, f"{value[:40]!r} is none of {', '.join(sorted(allowed))}")
    return value


def whole(given: Mapping[str, Any], name: str, default: int, most: int) -> int:
    """A whole number of a query, 0 to `most`. ConfigError for another."""
    text = str(given.get(name, default))
    if not (text.isdecimal() and len(text) <= 18 and int(text) <= most):
        raise ConfigError(name, f"{text[:40]!r} is no whole number from 0 to {most:,}")
    return int(text)
