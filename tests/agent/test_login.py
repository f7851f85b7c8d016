"""The login of a page that has accounts, over a real socket: who comes in, who is put out, who has to wait."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import httpx
import jwt
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from agent.accounts import Accounts
from agent.files import COOKIE
from tests.agent.test_server import CHECKOUT, UUID, write_wav

PASSWORDS = {"ada": "first letters", "bob": "second letters"}
SOUND = "/library/audio/1"


@contextmanager
def started(folder: Path) -> Iterator[str]:
    """A server over the folder, in a process of its own; its address."""
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT), "EARSHOT_UPLOAD_MB": "1"}
    environment.pop("CHAINLIT_APP_ROOT", None)
    command = [sys.executable, str(Path(__file__).with_name("fake_server.py")), str(folder)]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=log, text=True)
    assert process.stdout is not None
    try:
        url = process.stdout.readline().strip()
        assert url, (folder / "log").read_text()
        yield url
    finally:
        process.terminate()
        process.wait(timeout=15)
        process.stdout.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[SimpleNamespace]:
    folder = tmp_path_factory.mktemp("library")
    for place in ("sounds", "attachments"):
        (folder / place).mkdir()
    write_wav(folder / "sounds" / "1.wav", [0] * 100)
    accounts = Accounts(folder)
    for name, password in PASSWORDS.items():
        accounts.put(name, password)
    with started(folder) as url:
        yield SimpleNamespace(url=url, folder=folder, accounts=accounts)


@pytest.fixture
def accounts(server, monkeypatch) -> Iterator[Accounts]:
    """The accounts of the server; they are as before at the end, but for when their passwords were set."""
    yield server.accounts
    monkeypatch.undo()
    for name, password in PASSWORDS.items():
        server.accounts.put(name, password)


def login(server, name: str, password: str | None = None) -> httpx.Response:
    """A try to log in; one that is told to wait waits."""
    form = {"username": name, "password": PASSWORDS[name] if password is None else password}
    while (answer := httpx.post(f"{server.url}/login", data=form, timeout=10)).status_code == 429:
        time.sleep(int(answer.headers["retry-after"]))
    return answer


def person(server, name: str) -> httpx.Client:
    cookies = dict(login(server, name).raise_for_status().cookies)
    return httpx.Client(base_url=server.url, cookies=cookies, timeout=10)


def test_a_stranger_gets_the_page_and_nothing_else(server):
    with httpx.Client(base_url=server.url, timeout=10) as stranger:
        assert stranger.get("/").status_code == 200
        assert not stranger.cookies, "the page logs nobody in"
        assert stranger.get("/auth/config").json()["passwordAuth"] is True
        for path in (SOUND, "/library/attachment/a00000000", "/library/map", "/user", "/project/thread/x"):
            assert stranger.get(path).status_code == 401, path
        assert stranger.post("/auth/header").status_code == 400
    with pytest.raises(InvalidStatus):
        connect(server.url.replace("http", "ws") + "/ws/socket.io/?EIO=3&transport=websocket").close()


def test_the_right_password_comes_in_by_a_cookie_that_no_script_reads(server):
    answer = login(server, "ada")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"{COOKIE}=")
    assert {"HttpOnly", "SameSite=strict"} <= {part.strip() for part in cookie.split(";")}
    with httpx.Client(base_url=server.url, cookies=dict(answer.cookies), timeout=10) as ada:
        assert ada.get(SOUND).status_code == 200
        assert ada.get("/user").json()["identifier"] == "ada"


@pytest.mark.parametrize(("name", "password"), [("ada", PASSWORDS["bob"]), ("ada", ""), ("eve", "first letters")])
def test_a_wrong_password_and_an_unknown_name_are_refused_alike(server, name, password):
    answer = login(server, name, password)
    assert answer.status_code in (401, 422)  # a form without a password is no try
    assert "set-cookie" not in answer.headers


def test_who_is_removed_is_out_at_once(server, accounts):
    with person(server, "bob") as bob:
        assert bob.get(SOUND).status_code == 200
        accounts.remove("bob")
        assert bob.get(SOUND).status_code == 401
        assert bob.get("/user").status_code == 401


def test_a_new_password_ends_the_logins_made_with_the_old(server, accounts, monkeypatch):
    with person(server, "bob") as bob:
        later_s = time.time() + 2
        monkeypatch.setattr("agent.accounts.time", SimpleNamespace(time=lambda: later_s))  # logins count seconds
        accounts.put("bob", "third letters")
        assert bob.get(SOUND).status_code == 401
    assert login(server, "bob", "third letters").status_code == 200


@pytest.mark.parametrize(
    "claims",
    [
        {"identifier": "ada", "exp": 1, "iat": 2**40},
        {"identifier": "you", "exp": 2**40, "iat": 1},
        {"identifier": "ada", "exp": 2**40, "iat": 1},
        {"identifier": ["ada"], "exp": 2**40, "iat": 2**33},
        {"exp": 2**40, "iat": 2**33},
    ],
)
def test_a_login_that_is_over_or_of_nobody_does_not_count(server, claims):
    secret = (server.folder / "page" / "secret").read_text()
    token = jwt.encode(claims, secret, algorithm="HS256")
    for headers in ({"cookie": f"{COOKIE}={token}"}, {"authorization": f"Bearer {token}"}):
        assert httpx.get(f"{server.url}{SOUND}", headers=headers, timeout=10).status_code == 401


def test_a_login_signed_by_another_or_by_nobody_does_not_count(server):
    claims = {"identifier": "ada", "exp": 2**40, "iat": int(time.time()) + 10}
    forged = [jwt.encode(claims, "x" * 64, algorithm="HS256"), jwt.encode(claims, None, algorithm="none")]
    for token in forged:
        answer = httpx.get(f"{server.url}{SOUND}", headers={"cookie": f"{COOKIE}={token}"}, timeout=10)
        assert answer.status_code == 401


def test_passwords_cannot_be_tried_out_fast(server):
    answers = [
        httpx.post(f"{server.url}/login", data={"username": "ada", "password": f"try number {n}"}, timeout=10)
        for n in range(7)
    ]
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert "try again" in answers[-1].text


def test_an_upload_that_is_too_large_is_not_even_read(server):
    with person(server, "ada") as ada:
        size = 3 * 2**20
        sent = {"content-length": str(size), "content-type": "multipart/form-data; boundary=x"}
        answer = ada.post(f"/project/file?session_id={UUID}", headers=sent, content=b"x" * size)
        assert answer.status_code == 413
        unsized = ada.post(f"/project/file?session_id={UUID}", content=iter([b"x"]))
        assert unsized.status_code == 411
