"""Who may ask, what every answer carries, and how errors are said."""

import os
import re
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from starlette.responses import Response
from starlette.testclient import TestClient

from audit.web import server
from audit.web.server import Door
from stages.errors import ConfigError, IntegrityError

WEB = Path(server.__file__).parent
TOKEN = "t" * 43
ORIGIN = "http://127.0.0.1:8000"
INLINE = r"<[a-z][^<>]*\s(on[a-z]+|style)\s*=\s*[\"']"
WRITES = {"Origin": ORIGIN, "X-Weir": "1"}


def _fail(error: Exception) -> server.Work:
    def work(_request: object, _given: object) -> Response:
        raise error

    return work


@pytest.fixture
def door() -> Door:
    return Door(TOKEN)


@pytest.fixture
def visitor(door: Door) -> TestClient:
    """Somebody who was not told the token."""
    written: list[str] = []
    routes = [
        server.api(
            "/",
            lambda request, _: server.page(
                request, "error.html.j2", status=200, what="<b>Home</b>", remedy=""
            ),
        ),
        server.api("/api/echo", lambda _, given: dict(given)),
        server.api(
            "/api/write", lambda _, given: written.append(str(given)) or len(written), "POST"
        ),
        server.api("/api/config", _fail(ConfigError("--language", "no such"))),
        server.api("/api/broken", _fail(IntegrityError("records/1", "is damaged"))),
        server.api("/api/bug", _fail(KeyError("secret page text"))),
        server.api("/bug", _fail(KeyError("secret page text"))),
        server.api(
            "/odd",
            lambda request, _: server.page(
                request, "error.html.j2", status=200, what="\udcff\u202e<b>\x1b", remedy=""
            ),
        ),
    ]
    app = server.application(routes, door, "Workbench")
    return TestClient(app, base_url=ORIGIN, raise_server_exceptions=False)


@pytest.fixture
def owner(visitor: TestClient) -> TestClient:
    """Somebody who entered with the token."""
    answer = visitor.post("/enter", json={"token": TOKEN}, headers=WRITES)
    assert answer.status_code == 200
    assert re.search(r"; HttpOnly; Path=/; SameSite=strict", answer.headers["set-cookie"])
    return visitor


def test_without_the_cookie_nothing_is_shown(visitor: TestClient) -> None:
    assert visitor.get("/api/echo?a=1").status_code == 401
    first = visitor.get("/")
    assert first.status_code == 401
    assert "Home" not in first.text
    assert "/static/enter.js" in first.text


def test_a_wrong_token_does_not_open(visitor: TestClient) -> None:
    answer = visitor.post("/enter", json={"token": TOKEN[:-1]}, headers=WRITES)
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers
    assert visitor.get("/api/echo").status_code == 401


def test_another_server_s_cookie_does_not_open(visitor: TestClient) -> None:
    visitor.cookies.set(Door("u" * 43).cookie, TOKEN)
    assert visitor.get("/api/echo").status_code == 401


def test_the_owner_gets_answers(owner: TestClient) -> None:
    assert owner.get("/api/echo?a=1&a=2&b=ä").json() == {"a": "2", "b": "ä"}
    assert owner.post("/api/write", json={"x": 1}, headers=WRITES).json() == 1
    assert "&lt;b&gt;Home&lt;/b&gt;" in owner.get("/").text


@pytest.mark.parametrize("host", ["attacker.example", "127.0.0.1.attacker.example", "", "[::2]:80"])
def test_a_foreign_host_is_refused(owner: TestClient, host: str) -> None:
    answer = owner.get("/api/echo", headers={"Host": host})
    assert answer.status_code == 400


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1:1", "[::1]:8000", "LOCALHOST"])
def test_our_own_names_are_known(owner: TestClient, host: str) -> None:
    cookie = f"{Door(TOKEN).cookie}={TOKEN}"
    assert owner.get("/api/echo", headers={"Host": host, "Cookie": cookie}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://attacker.example", "X-Weir": "1"},
        {"Origin": "null", "X-Weir": "1"},
        {"Origin": "http://127.0.0.1:9000", "X-Weir": "1"},
        {"X-Weir": "1"},
        {"Origin": ORIGIN},
    ],
)
def test_a_foreign_origin_may_not_write(owner: TestClient, headers: dict[str, str]) -> None:
    assert owner.post("/api/write", json={}, headers=headers).status_code == 403
    assert owner.post("/api/write", json={}, headers=WRITES).json() == 1  # the first that arrived


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_other_methods_are_not_understood(owner: TestClient, method: str) -> None:
    assert owner.request(method, "/api/echo", headers=WRITES).status_code == 405


def test_a_get_does_not_write(owner: TestClient) -> None:
    assert owner.get("/api/write").status_code == 405
    assert owner.get("/enter").status_code in (404, 405)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 200),
        ("/api/echo", 200),
        ("/static/tokens.css", 200),
        ("/static/enter.js", 200),
        ("/static/../server.py", 404),
        ("/static/%2e%2e/server.py", 404),
        ("/nothing", 404),
        ("/api/nothing", 404),
        ("/api/config", 400),
        ("/api/broken", 409),
        ("/api/bug", 500),
        ("/bug", 500),
    ],
)
def test_every_answer_has_all_headers(owner: TestClient, path: str, status: int) -> None:
    answer = owner.get(path)
    assert answer.status_code == status
    for name, value in server.HEADERS.items():
        assert answer.headers.get_list(name) == [value]
    assert "access-control-allow-origin" not in answer.headers
    assert "server" not in answer.headers


def test_refusals_have_all_headers(visitor: TestClient) -> None:
    refused = [
        visitor.get("/", headers={"Host": "attacker.example"}),
        visitor.post("/enter", json={}, headers={}),
        visitor.get("/"),
        visitor.get("/api/echo"),
        visitor.put("/"),
    ]
    assert [answer.status_code for answer in refused] == [400, 403, 401, 401, 405]
    for answer in refused:
        assert (
            dict(answer.headers).items()
            >= {k.lower(): v for k, v in server.HEADERS.items()}.items()
        )


def test_errors_say_what_and_what_next(
    owner: TestClient, capfd: pytest.CaptureFixture[str]
) -> None:
    assert owner.get("/api/config").json()["error"] == "--language: no such"
    bug = owner.get("/api/bug")
    assert bug.json().keys() == {"error", "next"}
    assert "KeyError" in bug.json()["error"]
    assert "terminal" in bug.json()["next"]
    assert "secret" not in bug.text + owner.get("/bug").text
    said = capfd.readouterr().err
    assert "test_web_server" in said  # the terminal says where
    assert "KeyError" in said
    assert "secret" not in said


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff", b"[" * 100_000])
def test_a_broken_body_is_refused(owner: TestClient, body: bytes) -> None:
    assert owner.post("/api/write", content=body, headers=WRITES).status_code == 400


def test_a_token_of_odd_characters_is_wrong(visitor: TestClient) -> None:
    answer = visitor.post("/enter", content=rb'{"token": "\ud800"}', headers=WRITES)
    assert answer.status_code == 401


def test_whatever_a_page_is_given_acts_on_nothing(owner: TestClient) -> None:
    answer = owner.get("/odd")
    assert answer.status_code == 200
    assert "?⟨U+202E⟩&lt;b&gt;␛" in answer.text
    assert "\u202e" not in answer.text


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_pages_of_other_servers_in_the_same_browser_get_nothing(
    owner: TestClient, site: str
) -> None:
    for mode, dest in [("no-cors", "image"), ("cors", "empty"), ("navigate", "iframe")]:
        sent = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": dest}
        assert owner.get("/api/echo", headers=sent).status_code == 403
        assert owner.get("/static/enter.js", headers=sent).status_code == 403
    link = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert owner.get("/", headers=link).status_code == 200
    own = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}
    assert owner.get("/api/echo", headers=own).status_code == 200


def test_a_huge_body_is_refused(owner: TestClient) -> None:
    body = b'{"a": "' + b"x" * server.MAX_BODY + b'"}'
    assert owner.post("/api/write", content=body, headers=WRITES).status_code == 413


def test_it_listens_on_this_machine_alone(door: Door) -> None:
    with server.bound("127.0.0.1", 0) as listening:
        assert listening.getsockname()[0] == "127.0.0.1"
        port = listening.getsockname()[1]
        assert server.address(listening, door) == f"http://127.0.0.1:{port}/#token={TOKEN}"
        with pytest.raises(ConfigError, match="cannot be bound"):
            server.bound("127.0.0.1", port)
    with pytest.raises(ConfigError, match="every address"):
        server.bound("0.0.0.0", 0)  # noqa: S104 - refused, not bound


def test_the_address_is_kept_for_its_user() -> None:
    place = server._url_file("http://127.0.0.1:1/#token=t")
    try:
        assert stat.S_IMODE(place.stat().st_mode) == 0o600
    finally:
        place.unlink()


SERVE = """
import sys
from audit.web import server
door = server.new_door()
listening = server.bound("127.0.0.1", 0)
def say(line):
    print(line, flush=True)
app = server.application([], door, "Workbench")
server.serve(app, listening, server.address(listening, door), opens=True, say=say)
"""


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 143), (signal.SIGINT, 0)]
)
def test_no_token_is_left_behind(tmp_path: Path, number: signal.Signals, code: int) -> None:
    shown = tmp_path / "shown"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\nprintf %s "$1" > {shown}.part\nmv {shown}.part {shown}\n')
    browser.chmod(0o755)
    (tmp_path / "tmp").mkdir()
    known = {**os.environ, "TMPDIR": str(tmp_path / "tmp"), "BROWSER": f"{browser} %s"}
    with subprocess.Popen(
        [sys.executable, "-c", SERVE], env=known, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        while not shown.exists() and process.poll() is None:
            time.sleep(0.01)
        assert Path(shown.read_text().removeprefix("file://")).parent == tmp_path / "tmp"
        assert "token" not in Path(f"/proc/{process.pid}/cmdline").read_text()
        port = int(url.partition("#")[0].rstrip("/").rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as asked:  # it has begun to serve
            asked.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert asked.recv(12) == b"HTTP/1.1 401"
            process.send_signal(number)
            try:
                assert process.wait(20) == code  # though somebody still holds a connection
            finally:
                process.kill()
    assert list((tmp_path / "tmp").iterdir()) == []


def test_tokens_are_long_and_new() -> None:
    one, other = server.new_door(), server.new_door()
    assert one.token != other.token
    assert one.cookie != other.cookie
    assert len(one.token) * 6 >= 128
    assert server.new_door("10.0.0.7").hosts == ("10.0.0.7",)


def test_no_template_holds_a_script_or_a_style() -> None:
    templates = sorted((WEB / "templates").iterdir())
    assert templates
    for path in templates:
        text = re.sub(r"\{%.*?%\}", "", path.read_text(encoding="utf-8"))
        assert not re.search(r"<script(?![^>]*\ssrc=)", text), path.name
        assert "<style" not in text, path.name
        assert not re.search(INLINE, text), path.name
        assert "|safe" not in text, path.name


@pytest.mark.parametrize("markup", ['<p onclick="x()">', "<p class=a style='x'>"])
def test_the_search_for_attributes_finds_some(markup: str) -> None:
    assert re.search(INLINE, markup)


def test_no_script_makes_elements_from_text() -> None:
    scripts = sorted((WEB / "static").rglob("*.js"))
    assert scripts
    for path in scripts:
        text = path.read_text(encoding="utf-8")
        for word in (
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "new Function",
        ):
            assert word not in text, f"{path.name}: {word}"
