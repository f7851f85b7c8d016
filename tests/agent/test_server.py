"""The server as it is run: its own routes, the page, and the guard around both, asked over a real socket."""

import os
import signal
import socket
import struct
import subprocess
import sys
import wave
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from agent.guard import OUTSIDE
from agent.server import serve
from core.errors import UnsupportedError
from core.settings import Settings
from tests.runs import wait_until

CHECKOUT = Path(__file__).parents[2]
UUID = "6f1c1a0e-0b7e-4c3a-9d55-0d9f3a7c1b2e"
SOCKET = "/ws/socket.io/?EIO=4&transport="


def write_au(path: Path, samples: list[int]) -> None:
    """A Sun audio file (.snd magic, 16-bit big endian, 8 kHz, mono): no browser plays it."""
    head = struct.pack(">4sIIIII", b".snd", 24, len(samples) * 2, 3, 8000, 1)
    path.write_bytes(head + struct.pack(f">{len(samples)}h", *samples))


def write_wav(path: Path, samples: list[int]) -> None:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(struct.pack(f"<{len(samples)}h", *samples))


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[SimpleNamespace]:
    """A running server with three files: 1 a WAV, 2 an AU, 3 no sound at all; and its files, its address, its login."""
    folder = tmp_path_factory.mktemp("library")
    cwd = tmp_path_factory.mktemp("cwd")
    for place in ("sounds", "attachments"):
        (folder / place).mkdir()
    ramp = [(n * 37) % 2000 - 1000 for n in range(8000)]
    write_wav(folder / "sounds" / "1.wav", ramp)
    write_au(folder / "sounds" / "2.au", ramp)
    (folder / "sounds" / "3.wav").write_text("no sound")
    write_wav(folder / "attachments" / "a3fa9c2d1.wav", ramp[:100])
    before = tree(CHECKOUT / "agent" / "ui")
    environment = {
        **os.environ,
        "PYTHONPATH": str(CHECKOUT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "DATABASE_URL": "postgres://x",
    }
    environment.pop("CHAINLIT_APP_ROOT", None)
    command = [sys.executable, str(Path(__file__).with_name("fake_server.py")), str(folder)]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=cwd, env=environment, stdout=subprocess.PIPE, stderr=log, text=True)
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    assert url, (folder / "log").read_text()
    with httpx.Client(base_url=url, timeout=10) as client:
        cookies = dict(client.post("/auth/header").raise_for_status().cookies)
    yield SimpleNamespace(url=url, cookies=cookies, folder=folder, cwd=cwd, before=before, ramp=ramp)
    process.send_signal(signal.SIGINT)
    process.wait(timeout=15)
    process.stdout.close()
    assert not (folder / "page" / "root-1" / ".files").exists(), "uploads are dropped at the end"


@pytest.fixture
def person(server) -> Iterator[httpx.Client]:
    """The browser of the person: logged in."""
    with httpx.Client(base_url=server.url, cookies=server.cookies, timeout=10) as client:
        yield client


@pytest.fixture
def stranger(server) -> Iterator[httpx.Client]:
    """A program that has not logged in."""
    with httpx.Client(base_url=server.url, timeout=10) as client:
        yield client


def tree(folder: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def test_health_is_told_to_anyone_at_home(stranger):
    assert stranger.get("/health").json()["status"] == "ok"


def test_a_sound_is_sent_whole_with_its_media_type(person, server):
    answer = person.get("/library/audio/1")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "audio/wav"
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.content == (server.folder / "sounds" / "1.wav").read_bytes()


def test_a_part_of_a_sound_is_sent_alone(person, server):
    answer = person.get("/library/audio/1", headers={"range": "bytes=100-199"})
    size = (server.folder / "sounds" / "1.wav").stat().st_size
    assert answer.status_code == 206
    assert answer.headers["content-range"] == f"bytes 100-199/{size}"
    assert answer.content == (server.folder / "sounds" / "1.wav").read_bytes()[100:200]


def test_the_end_of_a_sound_can_be_asked_for(person, server):
    answer = person.get("/library/audio/1", headers={"range": "bytes=-10"})
    assert answer.status_code == 206
    assert answer.content == (server.folder / "sounds" / "1.wav").read_bytes()[-10:]


def test_a_part_past_the_end_is_refused(person, server):
    answer = person.get("/library/audio/1", headers={"range": "bytes=99999999-"})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{(server.folder / 'sounds' / '1.wav').stat().st_size}"


def test_the_size_can_be_asked_for_without_the_sound(person, server):
    answer = person.head("/library/audio/1")
    assert answer.status_code == 200
    assert answer.content == b""
    assert int(answer.headers["content-length"]) == (server.folder / "sounds" / "1.wav").stat().st_size


def test_what_no_browser_plays_is_sent_as_wav_with_the_same_samples(person, server):
    answer = person.get("/library/audio/2")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "audio/wav"
    samples = struct.unpack("<8000h", answer.content[44:])
    assert list(samples) == server.ramp
    assert len(list((server.folder / "cache" / "audio").glob("*.wav"))) == 1


def test_the_wav_of_such_a_sound_is_made_once(person, server):
    first = person.get("/library/audio/2").headers["etag"]
    assert person.get("/library/audio/2", headers={"range": "bytes=0-43"}).status_code == 206
    assert len(list((server.folder / "cache" / "audio").iterdir())) == 1
    assert first


def test_a_file_that_holds_no_sound_says_so(person):
    answer = person.get("/library/audio/3")
    assert answer.status_code == 415
    assert "3.wav" in answer.json()["detail"]


def test_an_attached_sound_is_heard_by_its_name(person, server):
    answer = person.get("/library/attachment/a3fa9c2d1")
    assert answer.content == (server.folder / "attachments" / "a3fa9c2d1.wav").read_bytes()


def test_the_map_is_a_page_that_hears_the_sounds_from_here(person):
    answer = person.get("/library/map?clustering=1&space=builtin&colour=domain")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert '"base":"/library/audio/"' in answer.text
    assert '"colour":"domain"' in answer.text
    assert "alert(1)</script>" not in answer.text
    assert person.get("/library/map").status_code == 200, "the current clustering, if there is any"


@pytest.mark.parametrize("query", ["clustering=2", "clustering=one", "clustering=-1", "clustering=1%00", "space=no"])
def test_a_map_of_what_does_not_exist_is_not_found(person, query):
    answer = person.get(f"/library/map?{query}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/json"


def test_the_page_alone_may_frame_the_map_and_nothing_else_may_be_framed(person):
    framed = person.get("/library/map").headers
    assert "frame-ancestors 'self'" in framed["content-security-policy"]
    assert framed["x-frame-options"] == "SAMEORIGIN"
    for path in ("/", "/library/audio/1", "/library/map/", "/library/map2"):
        headers = person.get(path).headers
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-frame-options"] == "DENY"


def test_a_frame_in_the_page_of_another_site_gets_no_map(person):
    headers = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe"}
    assert person.get("/library/map", headers=headers).status_code == 403
    headers["sec-fetch-site"] = "same-origin"
    assert person.get("/library/map", headers=headers).status_code == 200


@pytest.mark.parametrize("name", ["4", "999999999999999999", "9" * 30])
def test_an_unknown_sound_is_not_found(person, name):
    assert person.get(f"/library/audio/{name}").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "audio/..%2F..%2Fchats.db",
        "audio/%2Fetc%2Fpasswd",
        "audio/1.wav",
        "audio/-1",
        "audio/1%00",
        "audio/%EF%BC%91",
        "audio/",
        "attachment/..%2F..%2Fchats.db",
        "attachment/a00000000",
        "chats.db",
        "",
    ],
)
def test_a_path_is_never_a_name(person, path):
    answer = person.get(f"/library/{path}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize("path", ["audio/1", "audio/4", "attachment/a3fa9c2d1", "map", "anything"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_without_a_login_nothing_is_told(stranger, method, path):
    assert stranger.request(method, f"/library/{path}").status_code == 401


def test_a_login_with_a_wrong_signature_is_none(server):
    broken = {name: value[:-4] + "AAAA" for name, value in server.cookies.items()}
    assert httpx.get(f"{server.url}/library/audio/1", cookies=broken).status_code == 401


def test_the_login_is_for_this_site_alone(stranger):
    cookie = stranger.post("/auth/header").headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie


@pytest.mark.parametrize("path", ["/", "/health", "/library/audio/1", "/project/settings", "/public/earshot.css"])
def test_a_foreign_host_is_refused_everywhere(person, path):
    assert person.get(path, headers={"host": "evil.test"}).status_code == 400


@pytest.mark.parametrize("path", ["/auth/header", "/project/action", "/project/file?session_id=x"])
def test_a_foreign_origin_is_refused_everywhere(person, path):
    assert person.post(path, headers={"origin": "http://evil.test"}).status_code == 403


def test_a_web_socket_of_a_foreign_origin_is_refused(server):
    cookie = "; ".join(f"{name}={value}" for name, value in server.cookies.items())
    url = server.url.replace("http", "ws") + SOCKET + "websocket"
    with pytest.raises(InvalidStatus) as refused:
        connect(url, origin="http://evil.test", additional_headers={"cookie": cookie})  # type: ignore[arg-type]
    assert refused.value.response.status_code == 403
    with connect(url, origin=server.url, additional_headers={"cookie": cookie}) as opened:  # type: ignore[arg-type]
        assert str(opened.recv()).startswith("0{")


def open_session(client: httpx.Client, session_id: str) -> str:
    """The answer of the page's socket to a session of that name (Engine.IO 4 over polling)."""
    opened = client.get(SOCKET + "polling").text
    sid = opened.split('"sid":"')[1].split('"')[0]
    auth = f'40{{"sessionId":"{session_id}","clientType":"webapp"}}'
    client.post(f"{SOCKET}polling&sid={sid}", content=auth).raise_for_status()
    return client.get(f"{SOCKET}polling&sid={sid}").text


def test_a_session_named_by_a_uuid_is_opened(person):
    assert open_session(person, UUID).startswith("40{")


@pytest.mark.parametrize("name", ["not-a-uuid", "", UUID + "0", "{" + UUID + "}"])
def test_a_session_of_another_name_is_refused(person, name):
    assert open_session(person, name).startswith("44{")


def test_a_session_without_a_login_is_refused(stranger):
    assert open_session(stranger, UUID).startswith("44{")


def test_the_page_links_to_no_other_server(stranger):
    page = stranger.get("/").text
    assert "<title>Earshot</title>" in page
    assert OUTSIDE.search(page) is None
    assert "googleapis" not in page
    assert "jsdelivr" not in page


def test_the_page_says_what_it_may_load(stranger):
    policy = stranger.get("/").headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy


def test_the_page_offers_where_to_begin(person, server):
    settings = person.get("/project/settings").json()
    assert settings["starters"][0]["label"] == "What is in my library?"
    assert settings["ui"]["name"] == "Earshot"
    assert settings["dataPersistence"] is True
    assert (server.folder / "history.db").exists(), "not where a DATABASE_URL of another program points to"
    assert settings["markdown"] == (CHECKOUT / "chainlit.md").read_text()


@pytest.mark.parametrize("name", ["SoundList", "Clusters", "SoundDetails", "SoundMap", "IngestReport"])
def test_the_elements_are_served_as_they_are_written(person, name):
    served = person.get(f"/public/elements/{name}.jsx").text
    assert served == (CHECKOUT / "agent" / "ui" / "elements" / f"{name}.jsx").read_text()


def test_a_taken_address_is_named_with_the_next_step(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        library: Any = SimpleNamespace(folder=tmp_path)
        with pytest.raises(UnsupportedError, match=rf"127\.0\.0\.1:{port} .*--port"):
            serve(library, lambda _: None, Settings(library=tmp_path, port=port, _env_file=None), folder=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_host_that_other_machines_reach_is_refused_before_anything_is_opened(tmp_path):
    library: Any = SimpleNamespace(folder=tmp_path)
    settings = Settings(library=tmp_path, host="0.0.0.0", port=0, _env_file=None)
    with pytest.raises(UnsupportedError, match=r"'0\.0\.0\.0' without a login"):
        serve(library, lambda _: None, settings, folder=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_page_that_is_kept_for_the_next_start_is_the_one_that_is_served(server, stranger):
    (kept,) = (server.folder / "page").glob("shell-*.html")
    assert kept.read_text(encoding="utf-8") == stranger.get("/").text
    assert OUTSIDE.search(kept.read_text(encoding="utf-8")) is None


def test_the_log_of_the_start_is_not_filled_by_files_that_chainlit_lays_down(server):
    assert "translation" not in (server.folder / "log").read_text()


def test_neither_checkout_nor_working_directory_is_written_to(server):
    assert list(server.cwd.iterdir()) == []
    assert tree(CHECKOUT / "agent" / "ui") == server.before
    left = [name for name in (".files", ".chainlit", "public", "chainlit_en-US.md") if (CHECKOUT / name).exists()]
    assert left == []
    assert wait_until((server.folder / "chats.db").is_file), "the memory of the chats lies with the library"
