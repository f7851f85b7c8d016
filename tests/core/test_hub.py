"""A model comes from the hub by the hub's own library and the real command, from a server on this machine.

The server speaks what the hub speaks: what a model holds, where a file lies, and large files from another host, by
parts. A tiny random CLAP is served, with a tensor of 12 MB in it that nobody reads.
"""

import hashlib
import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from core.weights import PINNED
from tests import tiny_clap
from tests.runs import CHECKOUT, cli, cli_json, rows, tiny_wav

OWNER_NAME = "somebody/small-clap"
COMMIT = "c" * 40  # what "main" is at the server
N_FLOATS = 3_000_000  # 12 MB of weights
LARGE = 1_000_000  # bytes; what is larger lies on another host, as it does at the hub
PIECE = 1 << 18
WEIGHTS = "model.safetensors"

FETCH = """
import sys
from core import weights
from core.embedding.clap import NEEDS
from core.errors import NotFoundError
from core.settings import Settings

try:
    for step in weights.fetch(sys.argv[1], Settings(_env_file=None), NEEDS):
        pass
except NotFoundError as problem:
    print(problem)
"""
INGEST = """
import json, sys
from pathlib import Path
from core.library import Library
from core.settings import Settings

settings = Settings(library=Path(sys.argv[1]), workers=1, _env_file=None)
run = Library(settings.library, settings).ingest([Path(sys.argv[2])], embedder="clap")
print(json.dumps([[step.done, step.total, step.label] for step in run]))
"""


class Hub(ThreadingHTTPServer):
    """Serves the files of a folder as those of any model.

    cut_at: the byte of the weights after which the connection breaks, once; if it `goes_down` by that, it answers 503
    for them until it is mended. pause_s: how long it waits between two pieces. knows_ranges: whether it sends parts.
    asked: every request, as method, path and range; tokens: what came with each.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files = {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
        self.asked: list[tuple[str, str, str]] = []
        self.tokens: list[tuple[str, str]] = []
        self.cut_at: int | None = None
        self.goes_down, self.is_down, self.knows_ranges = True, False, True
        self.pause_s = 0.0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def sent(self) -> list[str]:
        """The ranges of the weights that were asked for, empty for all of them."""
        return [part for method, path, part in self.asked if method == "GET" and path.startswith("/cdn/")]

    def mended(self) -> None:
        """Is up again, and has forgotten what it was asked."""
        self.is_down = False
        self.asked.clear()


class Handler(BaseHTTPRequestHandler):
    server: Hub
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._note()
        if found := re.fullmatch(r"/api/models/([^/]+/[^/]+)(?:/revision/([^/?]+))?(?:\?.*)?", self.path):
            self._tell(found[1], _commit(found[2]))
        else:
            self._serve(with_body=True)

    def do_HEAD(self) -> None:
        self._note()
        self._serve(with_body=False)

    def _note(self) -> None:
        self.server.asked.append((self.command, self.path, self.headers.get("Range") or ""))
        self.server.tokens.append((self.path, self.headers.get("Authorization") or ""))

    def _tell(self, model: str, commit: str) -> None:
        siblings = [{"rfilename": name, "size": len(data)} for name, data in self.server.files.items()]
        body = json.dumps({"id": model, "sha": commit, "private": False, "siblings": siblings}).encode()
        self._head(200, {"Content-Type": "application/json", "Content-Length": len(body)})
        self.wfile.write(body)

    def _serve(self, with_body: bool) -> None:
        if found := re.fullmatch(r"/[^/]+/[^/]+/resolve/([^/]+)/([^/?]+)", self.path):
            data, commit = self.server.files.get(found[2]), _commit(found[1])
            if data is None:
                return self._head(404, {"Content-Length": 0, "X-Error-Code": "EntryNotFound", "X-Repo-Commit": commit})
            tag = hashlib.sha256(data).hexdigest()
            told = {"X-Repo-Commit": commit, "ETag": f'"{tag if len(data) > LARGE else tag[:40]}"'}
            if len(data) > LARGE:
                there = f"http://localhost:{self.server.server_address[1]}/cdn/{tag}"
                moved = {"Location": there, "X-Linked-Size": len(data), "X-Linked-ETag": told["ETag"]}
                return self._head(302, told | moved | {"Content-Length": 0})
            return self._send(data, told, with_body)
        held = {hashlib.sha256(data).hexdigest(): data for data in self.server.files.values()}
        data = held.get(self.path.removeprefix("/cdn/"))
        if data is None:
            return self._head(404, {"Content-Length": 0})
        if self.server.is_down:
            return self._head(503, {"Content-Length": 0})
        return self._send(data, {}, with_body)

    def _send(self, data: bytes, told: dict[str, Any], with_body: bool) -> None:
        start = int((self.headers.get("Range") or "bytes=0-").split("=")[1].rstrip("-")) * self.server.knows_ranges
        if start:
            told = told | {"Content-Range": f"bytes {start}-{len(data) - 1}/{len(data)}"}
        self._head(206 if start else 200, told | {"Content-Length": len(data) - start, "Accept-Ranges": "bytes"})
        if not with_body:
            return
        cut = self.server.cut_at if len(data) > LARGE else None
        for place in range(start, len(data) if cut is None else cut, PIECE):
            self.wfile.write(data[place : min(place + PIECE, len(data) if cut is None else cut)])
            if len(data) > LARGE:
                time.sleep(self.server.pause_s)
        if cut is not None:
            self.server.cut_at, self.server.is_down, self.close_connection = None, self.server.goes_down, True

    def _head(self, status: int, told: dict[str, Any]) -> None:
        self.send_response(status)
        for name, value in told.items():
            self.send_header(name, str(value))
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Says nothing."""


def _commit(revision: str | None) -> str:
    return revision if revision and re.fullmatch("[0-9a-f]{40}", revision) else COMMIT


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a CLAP whose file of weights is of 12 MB and more."""
    torch = pytest.importorskip("torch", exc_type=ImportError)
    pytest.importorskip("huggingface_hub", exc_type=ImportError)
    folder = tmp_path_factory.mktemp("hub") / "model"
    tiny_clap.make(folder)
    tiny_clap.change_weights(folder, lambda held: held.update(unread=torch.arange(N_FLOATS, dtype=torch.float32)))
    return folder


@pytest.fixture
def hub(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A server, and an environment in which every process that is started takes it for the hub."""
    hub = Hub(model)
    threading.Thread(target=hub.serve_forever, daemon=True).start()
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "127.0.0.1,localhost")
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("EARSHOT_CLAP", OWNER_NAME)
    monkeypatch.setenv("EARSHOT_DEVICE", "cpu")
    monkeypatch.setenv("EARSHOT_WORKERS", "1")
    yield hub
    hub.shutdown()
    hub.server_close()


@pytest.fixture
def sounds(tmp_path: Path) -> Path:
    """A folder with one sound."""
    tiny_wav(tmp_path / "sounds" / "a.wav", seconds=1)
    return tmp_path / "sounds"


def ingest(sounds: Path, library: Path, *more: str) -> Any:
    return cli("ingest", sounds, "--library", library, "--embedder", "clap", *more)


def python(program: str, *args: Any) -> str:
    """What a program prints, in a process of its own: the hub's library reads the environment when it is imported."""
    command = [sys.executable, "-c", program, *map(str, args)]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip()


def fetch(model: str = OWNER_NAME) -> str:
    """Fetches a model without hearing anything; returns the problem, empty if there is none."""
    return python(FETCH, model)


def snapshot(tmp_path: Path, model: str = OWNER_NAME, commit: str = COMMIT) -> Path:
    """Where the hub's own library keeps a model."""
    return tmp_path / "hf" / "hub" / f"models--{model.replace('/', '--')}" / "snapshots" / commit


def parts(tmp_path: Path) -> list[Path]:
    """What is left of fetches that broke off."""
    return [path for path in (snapshot(tmp_path).parents[1] / "blobs").iterdir() if path.suffix]


def content(library: Path) -> list[list[tuple[Any, ...]]]:
    """What a library knows."""
    return [rows(library, f"SELECT * FROM {table} ORDER BY 1, 2") for table in ("sounds", "spaces", "vectors", "facts")]


def held_bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def one_sentence(done: Any) -> str:
    """The problem that a command ended with, which is all that it wrote."""
    assert done.returncode == 1, done.stderr
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("earshot: ")
    return lines[0]


def test_a_model_is_fetched_with_its_megabytes_told_and_a_second_run_fetches_nothing(hub, sounds, tmp_path):
    hub.pause_s = 0.02  # some 48 pieces: a second
    library = tmp_path / "library"

    steps = json.loads(python(INGEST, library, sounds))

    megabytes = len(hub.files[WEIGHTS]) // 1_000_000
    told = [(at, total) for at, total, label in steps if label == f"fetching {OWNER_NAME} (MB)"]
    weighty = [at for at, total in told if total == megabytes]
    assert megabytes == 12
    assert weighty == sorted(weighty)
    assert len({at for at in weighty if 0 < at < megabytes}) >= 3, told
    assert [megabytes, megabytes, f"fetched {OWNER_NAME} (MB)"] in steps
    assert steps[-1] == [1, 1, "a.wav"]
    assert hub.sent() == [""]
    kept = held_bytes(snapshot(tmp_path))
    assert kept == {name: hub.files[name] for name in kept}
    assert {"config.json", WEIGHTS, "preprocessor_config.json", "tokenizer.json"} <= set(kept)

    hub.asked.clear()
    tiny_wav(sounds / "b.wav", seed=1)
    report = cli_json("ingest", sounds, "--library", library, "--embedder", "clap")
    assert (report["indexed"], report["unchanged"]) == (1, 1)
    assert hub.asked == []


@pytest.mark.parametrize("known", ["laion/clap-htsat-unfused", OWNER_NAME])
def test_a_model_that_is_known_is_asked_for_in_the_revision_that_was_tried(hub, tmp_path, known):
    commit = PINNED.get(known, COMMIT)

    assert fetch(known) == ""

    about = [path for _, path, _ in hub.asked if known in path]
    allowed = {commit} if known in PINNED else {"main", COMMIT}
    files = [re.search("/resolve/([^/]+)/", path)[1] for path in about if "/resolve/" in path]
    assert files
    assert set(files) <= allowed
    lists = [path for path in about if path.startswith("/api/models/")]
    assert lists
    assert all((f"/revision/{commit}" in path) == (known in PINNED) for path in lists)
    assert (snapshot(tmp_path, known, commit) / WEIGHTS).is_file()


def test_a_fetch_that_breaks_off_leaves_the_library_as_it_was_and_goes_on_from_there(hub, sounds, tmp_path):
    library = tmp_path / "library"
    cli_json("ingest", sounds, "--library", library)
    before = content(library)
    hub.cut_at = 5_000_000

    sentence = one_sentence(ingest(sounds, library))

    assert f"the model {OWNER_NAME} could not be fetched (the server answered 503)" in sentence
    assert sentence.endswith("try again, or set EARSHOT_CLAP to a folder that holds it")
    assert content(library) == before
    assert not (snapshot(tmp_path) / WEIGHTS).exists()

    hub.mended()
    done = ingest(sounds, library, "--json")
    assert done.returncode == 0, done.stderr
    assert hub.sent() == ["bytes=5000000-"]
    assert (snapshot(tmp_path) / WEIGHTS).read_bytes() == hub.files[WEIGHTS]
    assert parts(tmp_path) == []
    assert rows(library, "SELECT name FROM spaces ORDER BY id") == [("builtin",), ("clap",)]


def test_a_connection_that_breaks_is_taken_up_again_in_the_same_run(hub, tmp_path):
    hub.cut_at, hub.goes_down = 5_000_000, False
    assert fetch() == ""
    assert hub.sent() == ["", "bytes=5000000-"]
    assert (snapshot(tmp_path) / WEIGHTS).read_bytes() == hub.files[WEIGHTS]


def test_what_was_left_of_another_file_is_thrown_away(hub, tmp_path):
    hub.cut_at = 5_000_000
    assert "the server answered 503" in fetch()
    (left,) = parts(tmp_path)
    left.write_bytes(bytes(5_000_000))

    hub.mended()
    assert "(what came is another file, its hash begins with " in fetch()
    assert fetch() == ""
    assert hub.sent() == ["bytes=5000000-", ""]
    assert (snapshot(tmp_path) / WEIGHTS).read_bytes() == hub.files[WEIGHTS]


def test_a_server_that_sends_all_of_it_again_is_understood(hub, tmp_path):
    hub.cut_at = 5_000_000
    fetch()
    hub.mended()
    hub.knows_ranges = False
    assert fetch() == ""
    assert hub.sent() == ["bytes=5000000-"]
    assert (snapshot(tmp_path) / WEIGHTS).read_bytes() == hub.files[WEIGHTS]


def test_a_token_goes_to_the_hub_and_to_no_other_host(hub, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_only_for_the_hub")
    assert fetch() == ""
    to_hub = {token for path, token in hub.tokens if "/resolve/" in path}
    elsewhere = {token for path, token in hub.tokens if path.startswith("/cdn/")}
    assert to_hub == {"Bearer hf_only_for_the_hub"}
    assert elsewhere == {""}


@pytest.mark.parametrize("variable", ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "EARSHOT_OFFLINE"])
def test_offline_nothing_is_asked_for_and_one_sentence_comes_soon(hub, sounds, tmp_path, monkeypatch, variable):
    monkeypatch.setenv(variable, "1")
    started = time.monotonic()

    sentence = one_sentence(ingest(sounds, tmp_path / "library"))

    assert time.monotonic() - started < 10
    assert f"the model {OWNER_NAME} is not on this machine yet; nothing may be fetched (offline)" in sentence
    assert sentence.endswith(": set EARSHOT_CLAP to a folder that holds it")
    assert hub.asked == []
    assert not (tmp_path / "hf").exists()
