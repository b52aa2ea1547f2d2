"""The way into a server, in a real browser."""

import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn
from playwright.sync_api import expect

from audit.web import server
from tests.browser.chromium import Tab, axe


@pytest.fixture
def address() -> Iterator[str]:
    """A server with one page, and the address with its token."""
    door = server.new_door()
    home = {"status": 200, "what": "Entered", "remedy": "Here it is."}
    routes = [server.api("/", lambda request, _: server.page(request, "error.html.j2", **home))]
    app = server.application(routes, door, "Workbench")
    listening = server.bound("127.0.0.1", 0)
    running = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listening]})
    thread.start()
    while not running.started:
        time.sleep(0.01)
    yield server.address(listening, door)
    running.should_exit = True
    thread.join()
    listening.close()


def test_the_address_opens_and_its_token_goes(tab: Tab, address: str) -> None:
    tab.page.goto(address)
    expect(tab.page.get_by_role("heading", name="Entered")).to_be_visible()
    assert "token" not in tab.page.url
    assert tab.page.evaluate("document.cookie") == ""
    tab.page.reload()
    expect(tab.page.get_by_role("heading", name="Entered")).to_be_visible()
    assert tab.foreign == []
    assert not [said for said in tab.complaints if "401" not in said]
    assert axe(tab.page) == []


def test_without_a_token_it_says_what_to_do(tab: Tab, address: str) -> None:
    tab.page.goto(address.partition("#")[0])
    expect(tab.page.get_by_role("status")).to_contain_text("the address that the terminal printed")
    assert axe(tab.page) == []


def test_an_old_token_says_so(tab: Tab, address: str) -> None:
    tab.page.goto(address[:-1] + ("A" if address[-1] != "A" else "B"))
    expect(tab.page.get_by_role("status")).to_contain_text("not that of the server that runs now")
