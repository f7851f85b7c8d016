"""Keeps the page to the person in front of it: only their own browser, at the page's own address, is answered.

Works around the whole application (ASGI), and tightens Chainlit at the places that it has no setting for; that those
are still there is checked at start-up, so an upgrade cannot take the guard away in silence.
"""

import functools
import inspect
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from ipaddress import ip_address
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.errors import UnsupportedError

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
OUTSIDE = re.compile(r"""<(?:link|meta|script)\b[^>]*\b(?:href|src|content)\s*=\s*["']?(?:https?:)?//[^>]*>""", re.I)
FRAMED = frozenset({"/library/map"})
"""The only pages that the page itself may show in a frame."""
ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?|https?://\[[0-9a-f:]+\](:[0-9]{1,5})?")
EVERYWHERE = frozenset({"", "0.0.0.0", "::"})  # noqa: S104  # compared with, never bound to
NO_GUARD = (
    "the page of chainlit {version} cannot be guarded: {lack}; install it with: pip install 'chainlit>=2.12,<2.13'"
)


@dataclass(frozen=True, slots=True)
class Address:
    """Where the page is served, and the names it may be called by.

    url: by which people open it where that is another address, such as a proxy's (https://sounds.example.org); empty
    for none. has_login: whether one has to log in. Raises UnsupportedError for what other machines reach without a
    login, for a host that stands for many without a `url`, and for a `url` that is no origin.
    """

    host: str
    port: int
    url: str = ""
    has_login: bool = False

    def __post_init__(self) -> None:
        if self.url and (ORIGIN.fullmatch(self.url) is None):
            raise UnsupportedError(f"{self.url!r} is no address of a page; write it like https://sounds.example.org")
        if not self.has_login and (self.url or not _is_loopback(self.host)):
            raise UnsupportedError(
                f"the chat cannot be opened to other machines at {self.url or self.host!r} without a login; "
                "add an account with: earshot user add NAME"
            )
        if self.host in EVERYWHERE and not self.url:
            raise UnsupportedError(
                f"{self.host} stands for every address of this machine; say by which one people open the page, "
                f"such as: --url http://sounds.local:{self.port}"
            )

    @property
    def hosts(self) -> list[str]:
        """`host:port` as a browser writes it: the address that was asked for, localhost and 127.0.0.1."""
        names = [] if self.host in EVERYWHERE else [self.host]
        named = [f"[{name}]" if ":" in name else name for name in [*names, "localhost", "127.0.0.1"]]
        own = [f"{name}:{self.port}" for name in named] + (named if self.port == 80 else [])
        return list(dict.fromkeys([*([urlsplit(self.url).netloc] if self.url else []), *own]))

    @property
    def origins(self) -> list[str]:
        """The origins whose pages may call the server, its own; the one to open stands first."""
        own = [f"http://{host}" for host in self.hosts]
        return list(dict.fromkeys([self.url, *own[1:]])) if self.url else own

    @property
    def is_secure(self) -> bool:
        """Whether the page is opened by https alone."""
        return self.url.startswith("https:")


class Guard:
    """Refuses calls meant for another name (400) and calls from other sites (403), and adds the safety headers."""

    def __init__(self, app: ASGIApp, address: Address) -> None:
        self.app = app
        self.hosts = frozenset(address.hosts)
        self.origins = frozenset(address.origins)
        self.is_secure = address.is_secure
        self.headers = safety_headers(address)
        self.framed_headers = safety_headers(address, framed=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a refusal itself and hands everything else on."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        refusal = self.refusal(Headers(scope=scope))
        if refusal is not None:
            await refusal(scope, receive, send)
        else:
            headers = self.framed_headers if scope["path"] in FRAMED else self.headers
            await self.app(scope, receive, _with_headers(send, headers, self.is_secure))

    def refusal(self, headers: Headers) -> PlainTextResponse | None:
        """The answer to a call that is not let in, or None.

        A browser says itself whether a call comes from another site (`Sec-Fetch-Site`); a link that is followed to
        the page is fine. Programs without a browser send neither header and are let in: who they are is asked by the
        login, and where there is none, the page is served to this machine alone (`Address`).
        """
        if headers.get("host", "").lower() not in self.hosts:
            return PlainTextResponse("Unknown host. Open the page at the address the program shows.", 400)
        origin = headers.get("origin")
        if origin is not None and origin.lower() not in self.origins:
            return PlainTextResponse("Calls from other sites are not answered.", 403)
        foreign = headers.get("sec-fetch-site", "none") not in ("none", "same-origin")
        if foreign and (headers.get("sec-fetch-mode") != "navigate" or headers.get("sec-fetch-dest") != "document"):
            return PlainTextResponse("Calls from other sites are not answered.", 403)
        return None


def _with_headers(send: Send, headers: dict[str, str], is_secure: bool) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            given = MutableHeaders(scope=message)
            for name, value in headers.items():
                given[name] = value
            cookies = given.getlist("set-cookie")
            del given["set-cookie"]
            for cookie in cookies:
                given.append("set-cookie", _kept_close(cookie, is_secure))
        await send(message)

    return send_with_headers


def _kept_close(cookie: str, is_secure: bool) -> str:
    """A cookie that no other site's page and no script can use, and that travels by https alone if the page does."""
    parts = [part.strip() for part in cookie.split(";")]
    kept = [part for part in parts if part.lower().partition("=")[0] not in ("samesite", "secure", "httponly")]
    return "; ".join([*kept, "HttpOnly", "SameSite=strict", *(["Secure"] if is_secure else [])])


def _is_loopback(host: str) -> bool:
    try:
        return host.lower() == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def safety_headers(address: Address, *, framed: bool = False) -> dict[str, str]:
    """The headers of every answer. The page loads and calls nothing but its own server.

    Cards are compiled in the page, Chainlit starts by inline scripts and records by one that it makes itself, hence
    'unsafe-eval', 'unsafe-inline' and blob:.
    framed: whether a page of the same origin may show the answer in a frame.
    """
    sockets = " ".join(origin.replace("http", "ws", 1) for origin in address.origins)
    policy = {
        "default-src": "'self'",
        "script-src": "'self' 'unsafe-inline' 'unsafe-eval' blob:",
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self' data: blob:",
        "media-src": "'self' blob:",
        "font-src": "'self' data:",
        "connect-src": f"'self' {sockets}",
        "worker-src": "'self' blob:",
        "object-src": "'none'",
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'self'" if framed else "'none'",
    }
    return {
        "content-security-policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "cross-origin-resource-policy": "same-origin",
        "referrer-policy": "same-origin",
        "x-content-type-options": "nosniff",
        "x-frame-options": "SAMEORIGIN" if framed else "DENY",
    }


def strip_outside_links(html: str) -> str:
    """The same page without links, scripts and pictures of other servers, which are slow or telling to ask for."""
    return OUTSIDE.sub("", html)


def guard_chainlit() -> None:
    """Tightens the imported Chainlit: sessions are named by UUIDs, empty uploads arrive, no link leads elsewhere.

    Raises UnsupportedError if this version of Chainlit lacks a place that has to be tightened. Calling twice is fine.
    """
    import chainlit.server
    import chainlit.session

    check_chainlit(chainlit.server, chainlit.session)
    session: Any = chainlit.session.WebsocketSession
    session.__init__ = _once(session.__init__, _naming_by_uuid)
    session.persist_file = _once(session.persist_file, _taking_empty_files)
    page: Any = chainlit.server
    page.get_html_template = _once(page.get_html_template, _without_outside_links)
    if OUTSIDE.search(page.get_html_template("")):
        raise _cannot_guard("its page links to other servers in a new way")


def check_chainlit(server: ModuleType, session: ModuleType) -> None:
    """Raises UnsupportedError, saying what lacks, unless the Chainlit modules have the places the guard needs."""
    started = getattr(getattr(session, "WebsocketSession", None), "__init__", None)
    if started is None or "id" not in inspect.signature(started).parameters:
        raise _cannot_guard("session.WebsocketSession takes no id")
    if not callable(getattr(session.WebsocketSession, "persist_file", None)):
        raise _cannot_guard("session.WebsocketSession.persist_file is gone")
    if not callable(getattr(server, "get_html_template", None)):
        raise _cannot_guard("server.get_html_template is gone")
    served = getattr(getattr(server, "serve", None), "__code__", None)
    if served is None or "get_html_template" not in served.co_names:
        raise _cannot_guard("server.serve does not use get_html_template")


def _cannot_guard(lack: str) -> UnsupportedError:
    return UnsupportedError(NO_GUARD.format(version=version("chainlit"), lack=lack))


def _once(function: Callable[..., Any], wrap: Callable[[Callable[..., Any]], Callable[..., Any]]) -> Callable[..., Any]:
    if getattr(function, "guarded", False):
        return function
    wrapped: Any = functools.wraps(function)(wrap(function))
    wrapped.guarded = True
    return wrapped  # type: ignore[no-any-return]  # functools.wraps keeps it callable


def _naming_by_uuid(start: Callable[..., None]) -> Callable[..., None]:
    def start_named(self: object, *args: Any, **kwargs: Any) -> None:
        name = kwargs.get("id", args[0] if args else None)
        if not isinstance(name, str) or UUID.fullmatch(name) is None:
            raise ConnectionRefusedError("a session is named by a UUID")
        start(self, *args, **kwargs)

    return start_named


def _taking_empty_files(persist: Callable[..., Any]) -> Callable[..., Any]:
    """Lets an empty upload arrive, to be refused with its reason; lost, the question would be about something else."""

    async def persist_any(self: object, name: str, mime: str, path: str | None = None, content: Any = None) -> Any:
        return await persist(self, name, mime, path=path or (None if content else os.devnull), content=content)

    return persist_any


def _without_outside_links(render: Callable[..., str]) -> Callable[..., str]:
    def render_without(*args: Any, **kwargs: Any) -> str:
        return strip_outside_links(render(*args, **kwargs))

    return render_without
