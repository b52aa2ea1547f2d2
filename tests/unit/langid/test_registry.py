"""The registry: only the file that was meant is used, and every refusal says what to do."""

import dataclasses
import hashlib
import http.server
import json
import re
import threading
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

import fasttext
import pytest

from langid import models, registry
from langid.registry import ModelCard, ModelError, State
from pipeline import cli, reference

SHA256 = re.compile(r"[0-9a-f]{64}")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A small fastText model."""
    folder = tmp_path_factory.mktemp("model")
    corpus, path = folder / "train.txt", folder / "model.bin"
    lines = ("__label__fin_Latn kiulu syntyy käsin", "__label__deu_Latn der eimer entsteht")
    corpus.write_text("\n".join(lines * 50), "utf-8")
    fasttext.train_supervised(
        str(corpus), dim=4, epoch=20, minn=2, maxn=3, bucket=500, thread=1, seed=7, verbose=0
    ).save_model(str(path))
    return path.read_bytes()


class Publisher:
    """A server on this machine: `body` at every address but `/missing`, and how often asked."""

    def __init__(self, body: bytes) -> None:
        self.body, self.asked = body, 0
        publisher = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                publisher.asked += 1
                if self.path == "/missing":
                    self.send_error(HTTPStatus.NOT_FOUND)
                elif self.path == "/cut":
                    self._send(publisher.body[:-10])
                elif self.path == "/moved":
                    self.send_response(HTTPStatus.FOUND)
                    self.send_header("Location", "/model.bin")
                    self.end_headers()
                else:
                    self._send(publisher.body)

            def _send(self, body: bytes) -> None:
                self.send_response(HTTPStatus.OK)
                self.send_header("Content-Length", str(len(publisher.body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                del args

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    def url(self, path: str = "/model.bin") -> str:
        return f"http://127.0.0.1:{self.server.server_port}{path}"


@pytest.fixture
def publisher(model: bytes, monkeypatch: pytest.MonkeyPatch) -> Iterator[Publisher]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    made = Publisher(model)
    thread = threading.Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


@pytest.fixture
def card(publisher: Publisher) -> ModelCard:
    return dataclasses.replace(
        registry.cards()["glotlid"],
        url=publisher.url(),
        sha256=hashlib.sha256(publisher.body).hexdigest(),
        size_bytes=len(publisher.body),
    )


def refusal(card: ModelCard, folder: Path) -> str:
    with pytest.raises(ModelError) as caught:
        registry.fetch(card, folder)
    return str(caught.value)


# models.yaml


def test_every_model_says_how_it_is_had() -> None:
    for name, card in registry.cards().items():
        assert card.name == name
        assert card.code_licence, name
        assert card.weights_licence, name
        assert card.revision, name
        assert bool(card.package) == (card.kind in ("package", "extra")), name
        assert bool(card.url) == (card.kind == "download"), name
        assert card.package or card.file, name
        assert card.sha256 is None or SHA256.fullmatch(card.sha256), name
        assert len(card.note) + len(name) < 78, name  # a line of `weir models list`


def test_a_download_has_a_digest_and_a_safe_address() -> None:
    downloads = [card for card in registry.cards().values() if card.kind == "download"]
    assert {card.name for card in downloads} == {"glotlid", "openlid", "lid176"}
    for card in downloads:
        assert card.sha256, card.name
        assert (card.url or "").startswith("https://"), card.name
        assert card.revision in (card.url or ""), card.name
    assert len({card.file for card in downloads}) == len(downloads)


def test_every_model_is_a_name_for_configurations() -> None:
    for name, card in registry.cards().items():
        models.check(name)
        assert card.labels == name


def test_the_digest_of_the_package_that_has_a_file_is_right() -> None:
    assert registry.verify(registry.cards()["py3langid"]) is State.OK


def test_the_shipped_model_is_the_one_with_the_digest() -> None:
    assert registry.verify(registry.cards()["weir"]) is State.OK


# Where models are


def test_the_model_directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("WEIR_MODELS", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert registry.directory() == tmp_path / ".cache" / "weir" / "models"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    assert registry.directory() == tmp_path / "caches" / "weir" / "models"
    monkeypatch.setenv("WEIR_MODELS", str(tmp_path / "chosen"))
    assert registry.directory() == tmp_path / "chosen"


@pytest.mark.parametrize("name", ["glotlid", "openlid", "lid176"])
def test_an_absent_model_names_the_command(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("WEIR_MODELS", str(tmp_path))
    with pytest.raises(ModelError, match=f"weir models fetch {name}") as caught:
        models.load([name])
    assert str(tmp_path) in str(caught.value)


def test_a_tampered_model_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("WEIR_MODELS", str(tmp_path))
    card = registry.cards()["lid176"]
    (tmp_path / str(card.file)).write_bytes(b"not the model")
    with pytest.raises(ModelError, match="weir models fetch lid176") as caught:
        models.load(["lid176"])
    found = hashlib.sha256(b"not the model").hexdigest()
    for part in (str(tmp_path / str(card.file)), found, str(card.sha256)):
        assert part in str(caught.value)


def test_a_file_without_a_digest_is_refused(tmp_path: Path) -> None:
    card = dataclasses.replace(registry.cards()["lid176"], sha256=None)
    (tmp_path / str(card.file)).write_bytes(b"who knows")
    with pytest.raises(ModelError, match=r"models\.yaml: lid176 has no sha256"):
        registry.locate(card, tmp_path)


def test_an_absent_package_is_absent() -> None:
    card = dataclasses.replace(registry.cards()["heliport"], package="weir-no-such-package")
    assert registry.verify(card) is State.ABSENT


# Fetching


@pytest.mark.parametrize("path", ["/model.bin", "/moved"])
def test_fetch_brings_a_model_that_works(
    path: str, card: ModelCard, publisher: Publisher, tmp_path: Path
) -> None:
    folder = tmp_path / "new" / "models"
    fetched = registry.fetch(dataclasses.replace(card, url=publisher.url(path)), folder)
    assert list(folder.iterdir()) == [fetched]
    assert registry.locate(card, folder) == fetched
    assert registry.verify(card, folder) is State.OK
    scores = models.FastText(fetched, labels="glotlid").scores("kiulu syntyy käsin")
    assert max(scores, key=lambda tag: scores[tag]) == "fin_Latn"


def test_fetch_asks_once_and_replaces_what_is_wrong(
    card: ModelCard, publisher: Publisher, tmp_path: Path
) -> None:
    path = registry.fetch(card, tmp_path)
    registry.fetch(card, tmp_path)
    assert publisher.asked == 1
    path.write_bytes(b"tampered")
    assert registry.verify(card, tmp_path) is State.DIFFERS
    assert registry.fetch(card, tmp_path).read_bytes() == publisher.body
    assert publisher.asked == 2


def test_fetch_refuses_another_file_and_leaves_nothing(
    card: ModelCard, publisher: Publisher, tmp_path: Path
) -> None:
    publisher.body = publisher.body[:-1] + b"!"
    message = refusal(card, tmp_path)
    for part in (publisher.url(), str(card.sha256), hashlib.sha256(publisher.body).hexdigest()):
        assert part in message
    assert list(tmp_path.iterdir()) == []


def test_a_refused_file_does_not_replace_the_one_before(
    card: ModelCard, publisher: Publisher, tmp_path: Path
) -> None:
    before = tmp_path / str(card.file)
    before.write_bytes(b"an older model")
    publisher.body = b"tampered"
    refusal(card, tmp_path)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"an older model"]


@pytest.mark.parametrize("path", ["/missing", "/cut"])
def test_a_failed_download_leaves_nothing(
    path: str, card: ModelCard, publisher: Publisher, tmp_path: Path
) -> None:
    url = publisher.url(path)
    assert url in refusal(dataclasses.replace(card, url=url), tmp_path)
    assert publisher.asked == 1
    assert list(tmp_path.iterdir()) == []


def test_nobody_there_names_the_address_and_the_other_way(card: ModelCard, tmp_path: Path) -> None:
    with http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as closed:
        url = f"http://127.0.0.1:{closed.server_port}/model.bin"
    message = refusal(dataclasses.replace(card, url=url), tmp_path)
    for part in (url, str(tmp_path / str(card.file)), "weir models verify"):
        assert part in message


def test_fetch_stops_at_the_size_that_is_known(
    card: ModelCard, publisher: Publisher, tmp_path: Path
) -> None:
    most = len(publisher.body) - 1
    message = refusal(dataclasses.replace(card, size_bytes=most), tmp_path)
    assert f"{most:,} bytes" in message
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_cannot_be_written_to(
    card: ModelCard, publisher: Publisher, tmp_path: Path
) -> None:
    folder = tmp_path / "models"
    folder.write_bytes(b"a file, which root cannot write into either")
    message = refusal(card, folder)
    assert str(folder) in message
    assert "WEIR_MODELS" in message
    assert publisher.asked == 0


@pytest.mark.parametrize("name", ["py3langid", "cld2", "weir", "heliport"])
def test_what_is_not_for_download_says_so(name: str, tmp_path: Path) -> None:
    message = refusal(registry.cards()[name], tmp_path)
    assert f"language model {name} is not for download" in message
    assert ("pip install 'weir-corpus[heliport]'" in message) == (name == "heliport")


# Commands


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, object]]:
    code = cli.main(["models", *arguments, "--json"])
    document = json.loads(capsys.readouterr().out)
    assert document["command"] == f"models {arguments[0]}"
    assert document["ok"] == (code == 0)
    return code, document["data"]


def test_list_has_every_model(capsys: pytest.CaptureFixture[str]) -> None:
    code, data = answer(capsys, "list")
    rows = data["models"]
    assert code == 0
    assert isinstance(rows, list)
    assert [row["name"] for row in rows] == list(registry.cards())
    assert cli.main(["models", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert all(len(line) <= 80 for line in lines[:-1])  # the last one has a path
    assert all(any(line.startswith(name) for line in lines) for name in registry.cards())


def test_verify_finds_a_tampered_file(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("WEIR_MODELS", str(tmp_path))
    (tmp_path / "lid.176.ftz").write_bytes(b"not the model")
    checks = {check["name"]: check for check in reference.model_checks()}
    assert checks["py3langid"]["ok"]
    assert checks["cld2"]["ok"]
    assert checks["glotlid"]["ok"], "an absent download is nothing wrong"
    assert not checks["lid176"]["ok"]
    assert cli.main(["models", "verify"]) == 1
    line = next(
        line for line in capsys.readouterr().out.splitlines() if line.startswith("FAIL  lid176")
    )
    for part in (str(tmp_path / "lid.176.ftz"), "SHA-256 is not", "weir models fetch lid176"):
        assert part in line
    assert answer(capsys, "verify")[0] == 1


def test_fetch_reports_refusals(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    blocked = tmp_path / "models"
    blocked.write_bytes(b"a file")
    code, data = answer(capsys, "fetch", "lid176", "--directory", str(blocked))
    assert code == 1
    assert str(blocked) in str(data["error"])
    code, data = answer(capsys, "fetch", "lid177")
    assert code == 2
    assert "weir models list" in str(data["error"])


def test_fetch_tells_how_a_run_finds_the_model(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("WEIR_MODELS", str(tmp_path / "here"))
    data = {"path": str(tmp_path / "there" / "model.bin")}
    assert f"export WEIR_MODELS={tmp_path / 'there'}" in "\n".join(reference.fetch_text(data))
    data = {"path": str(tmp_path / "here" / "model.bin")}
    assert "export" not in "\n".join(reference.fetch_text(data))
