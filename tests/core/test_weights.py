"""Models are found in folders and in the hub's cache, fetched from a server, and told when neither is possible."""

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from core import weights
from core.errors import NotFoundError
from core.settings import Settings

FILE = bytes(range(256)) * 12_000
SHA256 = hashlib.sha256(FILE).hexdigest()


class Server(ThreadingHTTPServer):
    """Serves FILE. cut_at: where it breaks off, once. asked: the ranges that were asked for."""

    cut_at: int | None = None
    stalls = False
    asked: list[str | None]


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        server = self.server
        server.asked.append(self.headers.get("Range"))
        if server.stalls:
            server.released.wait(30)
            return
        start = int((self.headers.get("Range") or "bytes=0-").split("=")[1].rstrip("-"))
        if start >= len(FILE):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(FILE) - start))
        self.end_headers()
        self.wfile.write(FILE[start : server.cut_at])
        server.cut_at = None

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server(("127.0.0.1", 0), Handler)
    server.asked, server.released = [], threading.Event()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.released.set()
    server.shutdown()
    server.server_close()


def url(server: Server) -> str:
    return f"http://127.0.0.1:{server.server_address[1]}/file"


def test_a_file_comes_whole_and_is_not_fetched_twice(server, settings, tmp_path):
    path = tmp_path / "models" / "file.pth"
    steps = list(weights.fetch_file(url(server), SHA256[:8], path, settings))

    assert path.read_bytes() == FILE
    assert steps[-1].done == steps[-1].total == len(FILE) // 1_000_000
    assert list(weights.fetch_file(url(server), SHA256[:8], path, settings)) == []
    assert server.asked == [None]


def test_a_file_that_breaks_off_goes_on_from_there(server, settings, tmp_path):
    path = tmp_path / "file.pth"
    server.cut_at = 1_000_000
    with pytest.raises(NotFoundError, match=r"file\.pth could not be fetched .*; try again, or put the file at"):
        list(weights.fetch_file(url(server), SHA256[:8], path, settings))
    assert not path.exists()

    list(weights.fetch_file(url(server), SHA256[:8], path, settings))
    assert path.read_bytes() == FILE
    assert server.asked == [None, "bytes=1000000-"]
    assert [each.name for each in tmp_path.iterdir()] == ["file.pth"]


def test_another_file_than_was_published_is_thrown_away(server, settings, tmp_path):
    with pytest.raises(NotFoundError, match=f"is another file .its hash begins with {SHA256[:8]}, not 00000000"):
        list(weights.fetch_file(url(server), "00000000", tmp_path / "file.pth", settings))
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_says_nothing_is_left_soon(server, settings, tmp_path, monkeypatch):
    monkeypatch.setattr(weights, "ANSWER_S", 0.2)
    server.stalls = True
    with pytest.raises(NotFoundError, match="no answer"):
        list(weights.fetch_file(url(server), SHA256[:8], tmp_path / "file.pth", settings))
    assert list(tmp_path.iterdir()) == []


def test_offline_nothing_is_asked(server, settings, tmp_path):
    offline = settings.model_copy(update={"offline": True})
    with pytest.raises(NotFoundError, match="nothing may be fetched"):
        list(weights.fetch_file(url(server), SHA256[:8], tmp_path / "file.pth", offline))
    assert server.asked == []


@pytest.mark.parametrize("model", ["/nowhere/model", "./model", "just-a-name"])
def test_a_path_that_leads_nowhere_is_told(settings, model):
    with pytest.raises(NotFoundError, match=f"there is no model at {model}"):
        weights.find(model, settings, ["config.json"])


def test_a_folder_is_taken_as_it_is_if_it_holds_what_is_needed(settings, tmp_path):
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "pytorch_model.bin").write_bytes(b"")
    needs = ["config.json", "model.safetensors|pytorch_model.bin", "vocab.json|"]

    assert weights.find(str(tmp_path), settings, needs) == tmp_path
    assert list(weights.fetch(str(tmp_path), settings, needs)) == []
    with pytest.raises(NotFoundError, match=r"lacks merges\.txt"):
        weights.find(str(tmp_path), settings, [*needs, "merges.txt"])


def test_a_hash_tells_files_order_and_text_apart(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_bytes(b"1")
    two.write_bytes(b"2")
    hashes = [
        weights.hash_of(one),
        weights.hash_of(one, two),
        weights.hash_of(two, one),
        weights.hash_of(one, extra="x"),
    ]
    assert len(set(hashes)) == 4
    assert weights.hash_of(one) == hashlib.sha256(b"1").hexdigest()[:16]


class TestTheHub:
    """The hub's own library, against a server that does not answer, and against its cache."""

    @pytest.fixture(autouse=True)
    def hub(self, monkeypatch, tmp_path):
        constants = pytest.importorskip("huggingface_hub.constants")
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
        monkeypatch.setattr("huggingface_hub.file_download.constants.HF_HUB_CACHE", str(tmp_path / "hub"))

    def test_without_a_network_one_sentence_comes_soon_and_nothing_is_written(self, settings, monkeypatch, tmp_path):
        done = threading.Event()

        def stalling(*_: object) -> None:
            done.wait(30)

        monkeypatch.setattr(weights, "ANSWER_S", 0.2)
        monkeypatch.setattr(weights, "_listed", stalling)
        with pytest.raises(NotFoundError, match=r"owner/name could not be fetched \(no answer\); check the network"):
            list(weights.fetch("owner/name", settings, ["config.json"]))
        done.set()
        assert not (tmp_path / "hub").exists()

    def test_offline_the_cache_is_all_there_is(self, settings):
        offline = settings.model_copy(update={"offline": True})
        with pytest.raises(NotFoundError, match="nothing may be fetched"):
            list(weights.fetch("owner/name", offline, ["config.json"]))

    def test_what_is_in_the_cache_is_found(self, settings, tmp_path):
        commit = "a" * 40
        folder = tmp_path / "hub" / "models--owner--name"
        snapshot = folder / "snapshots" / commit
        snapshot.mkdir(parents=True)
        (folder / "refs").mkdir()
        (folder / "refs" / "main").write_text(commit)
        (snapshot / "config.json").write_text("{}")

        assert weights.find("owner/name", settings, ["config.json"]) == Path(snapshot)
        with pytest.raises(NotFoundError, match="is not on this machine yet"):
            weights.find("owner/name", settings, ["config.json", "model.safetensors"])


def test_settings_name_no_folder_by_an_empty_variable(monkeypatch):
    monkeypatch.setenv("EARSHOT_VGGISH", "")
    assert Settings().vggish is None
