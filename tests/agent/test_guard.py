"""The guard: who is let in, and that its hold on Chainlit is checked."""

from pathlib import Path
from types import ModuleType, SimpleNamespace

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from agent.guard import UUID, Address, Guard, _taking_empty_files, check_chainlit, safety_headers, strip_outside_links
from core.errors import UnsupportedError

HOME = Address("127.0.0.1", 8000)


async def asked(**headers: str) -> httpx.Response:
    app = Starlette(routes=[Route("/", lambda _: PlainTextResponse("in"), methods=["GET", "POST"])])
    transport = httpx.ASGITransport(Guard(app, HOME))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
        return await client.get("/", headers={name.replace("_", "-"): value for name, value in headers.items()})


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:8000", "LOCALHOST:8000"])
async def test_the_own_names_are_answered(host):
    assert (await asked(host=host)).text == "in"


@pytest.mark.parametrize(
    "host", ["evil.test", "evil.test:8000", "127.0.0.1", "127.0.0.1:8001", "localhost.evil.test:8000"]
)
async def test_another_host_is_refused(host):
    assert (await asked(host=host)).status_code == 400


@pytest.mark.parametrize("origin", ["http://evil.test", "null", "http://127.0.0.1:8001", "https://127.0.0.1:8000"])
async def test_another_origin_is_refused(origin):
    assert (await asked(origin=origin)).status_code == 403


async def test_the_own_origin_is_let_in():
    assert (await asked(origin="http://localhost:8000")).status_code == 200


@pytest.mark.parametrize(
    ("site", "mode", "dest", "status"),
    [
        ("same-origin", "cors", "empty", 200),
        ("none", "navigate", "document", 200),
        ("cross-site", "navigate", "document", 200),
        ("cross-site", "navigate", "iframe", 403),
        ("cross-site", "no-cors", "audio", 403),
        ("same-site", "no-cors", "image", 403),
    ],
)
async def test_a_link_may_lead_to_the_page_but_no_other_site_may_use_it(site, mode, dest, status):
    answer = await asked(sec_fetch_site=site, sec_fetch_mode=mode, sec_fetch_dest=dest)
    assert answer.status_code == status


async def test_every_answer_says_that_the_page_loads_nothing_from_elsewhere():
    policy = (await asked()).headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "img-src 'self' data: blob:" in policy
    assert "connect-src 'self' ws://127.0.0.1:8000 ws://localhost:8000" in policy
    assert "https:" not in policy
    assert "*" not in policy


async def test_a_web_socket_of_another_origin_is_refused():
    sent = []
    scope = {
        "type": "websocket",
        "path": "/",
        "headers": [(b"host", b"localhost:8000"), (b"origin", b"http://evil.test")],
        "extensions": {"websocket.http.response": {}},
    }

    async def never(*_):
        raise AssertionError("the application was reached")

    async def send(message):
        sent.append(message)

    await Guard(never, HOME)(scope, never, send)
    assert sent[0].get("status") == 403


def test_an_address_knows_the_names_it_is_called_by():
    assert Address("localhost", 80).hosts == ["localhost:80", "127.0.0.1:80", "localhost", "127.0.0.1"]
    assert Address("::1", 8000).hosts[0] == "[::1]:8000"
    assert Address("127.0.0.2", 8000).origins[0] == "http://127.0.0.2:8000"


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "", "192.168.1.5", "::ffff:10.0.0.1", "my-machine", "localhost.test"]
)
def test_an_address_that_other_machines_reach_is_refused_with_the_next_step(host):
    with pytest.raises(UnsupportedError, match=r"without a login; add an account with: earshot user add NAME"):
        Address(host, 8000)


def test_other_machines_may_reach_a_page_that_has_a_login():
    assert Address("192.168.1.5", 8000, has_login=True).origins[0] == "http://192.168.1.5:8000"


def test_a_page_behind_a_proxy_is_called_by_the_name_of_the_proxy():
    address = Address("127.0.0.1", 8000, "https://sounds.example.org", has_login=True)
    assert address.origins[0] == "https://sounds.example.org"
    assert address.hosts == ["sounds.example.org", "127.0.0.1:8000", "localhost:8000"]
    assert "wss://sounds.example.org" in safety_headers(address)["content-security-policy"]
    with pytest.raises(UnsupportedError, match="without a login"):
        Address("127.0.0.1", 8000, "https://sounds.example.org")


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_every_address_of_the_machine_needs_the_name_that_people_call(host):
    with pytest.raises(UnsupportedError, match="say by which one people open the page"):
        Address(host, 8000, has_login=True)
    assert Address(host, 8000, "http://sounds.local:8000", has_login=True).hosts[0] == "sounds.local:8000"


@pytest.mark.parametrize("url", ["sounds.example.org", "https://a.test/path", "javascript:x", "https://a b", "ftp://a"])
def test_an_address_that_is_no_origin_is_refused(url):
    with pytest.raises(UnsupportedError, match=r"write it like https://sounds\.example\.org"):
        Address("127.0.0.1", 8000, url, has_login=True)


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("", "a=1; Path=/; HttpOnly; SameSite=strict"),
        ("https://sounds.example.org", "a=1; Path=/; HttpOnly; SameSite=strict; Secure"),
    ],
)
async def test_a_cookie_is_kept_from_other_sites_and_scripts_and_from_open_lines(url, kept):
    address = Address("127.0.0.1", 8000, url, has_login=True)

    async def app(scope, receive, send):
        headers = [(b"set-cookie", b"a=1; Path=/; SameSite=none"), (b"set-cookie", b"b=2; SameSite=lax; Secure")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})

    sent = []

    async def send(message):
        sent.append(message)

    headers = [(b"host", address.hosts[0].encode())]
    await Guard(app, address)({"type": "http", "path": "/", "headers": headers}, send, send)
    cookies = [value.decode() for name, value in sent[0]["headers"] if name == b"set-cookie"]
    assert cookies[0] == kept
    assert cookies[1].count("SameSite") == 1
    assert "SameSite=strict" in cookies[1]


def test_no_header_breaks_out_of_its_line():
    assert all("\n" not in value for value in safety_headers(HOME).values())


@pytest.mark.parametrize(
    "tag",
    [
        '<link rel="preconnect" href="https://fonts.googleapis.com" />',
        '<link\n  href="https://fonts.googleapis.com/css2?family=Inter"\n  rel="stylesheet"\n/>',
        "<link rel='stylesheet' href='//cdn.jsdelivr.net/katex.css'>",
        '<meta property="og:image" content="https://chainlit-cloud.s3.amazonaws.com/banner.png">',
        '<script src="http://cdn.test/x.js">',
        "<link href=https://cdn.test/x.css>",
    ],
)
def test_a_link_to_another_server_is_cut_out(tag):
    assert strip_outside_links(f"<head>{tag}</head>") == "<head></head>"


@pytest.mark.parametrize(
    "tag",
    [
        '<link rel="stylesheet" href="/assets/index.css">',
        '<script type="module" src="/assets/index.js"></script>',
        '<script>const a = "https://no.link";</script>',
        '<meta name="description" content="Talk with your sound library.">',
    ],
)
def test_what_the_server_has_itself_stays(tag):
    assert strip_outside_links(tag) == tag


@pytest.mark.parametrize("name", ["", "name", "6f1c1a0e", "a" * 36, "{6f1c1a0e-0b7e-4c3a-9d55-0d9f3a7c1b2e}"])
def test_a_session_is_named_by_a_uuid(name):
    assert UUID.fullmatch("6f1c1a0e-0b7e-4c3a-9d55-0d9f3a7c1b2e")
    assert UUID.fullmatch(name) is None


def chainlit_modules(**changes) -> tuple[ModuleType, ModuleType]:
    """Modules with the places that the guard takes hold of, or some of them changed."""

    class Session:
        def __init__(self, id): ...  # Chainlit's own name

        async def persist_file(self): ...

    def get_html_template(root_path): ...

    # made by exec, so that it looks its page up among the names of a module, as Chainlit's does
    exec("def serve(): return get_html_template('')", made := {})
    server = {"get_html_template": get_html_template, "serve": made["serve"]}
    session = {"WebsocketSession": Session}
    for name, value in changes.items():
        (server if name in server else session)[name] = value
    return SimpleNamespace(**server), SimpleNamespace(**session)  # type: ignore[return-value]


def test_a_chainlit_with_all_places_is_fine():
    assert check_chainlit(*chainlit_modules()) is None


@pytest.mark.parametrize(
    ("change", "lack"),
    [
        ({"WebsocketSession": type("Session", (), {"__init__": lambda self, id: None})}, "persist_file is gone"),
        ({"get_html_template": None}, "get_html_template is gone"),
        ({"serve": lambda: None}, "does not use get_html_template"),
        ({"WebsocketSession": None}, "takes no id"),
        ({"WebsocketSession": type("Session", (), {"__init__": lambda self, name: None})}, "takes no id"),
    ],
)
def test_a_chainlit_that_lacks_a_place_is_refused_with_the_next_step(change, lack):
    with pytest.raises(UnsupportedError, match=lack) as refused:
        check_chainlit(*chainlit_modules(**change))
    assert "chainlit>=2.12,<2.13" in str(refused.value)


async def test_an_empty_upload_arrives_as_an_empty_file(tmp_path):
    taken = []

    async def persist(self, name, mime, path=None, content=None):
        assert path or content, "Chainlit asks for one of them"
        taken.append(Path(path).read_bytes() if path else content)

    whole = _taking_empty_files(persist)
    (tmp_path / "a").write_bytes(b"abc")
    await whole(None, "zero.wav", "audio/wav", content=b"")
    await whole(None, "one.wav", "audio/wav", content=b"x")
    await whole(None, "a.wav", "audio/wav", path=str(tmp_path / "a"))
    assert taken == [b"", b"x", b"abc"]
