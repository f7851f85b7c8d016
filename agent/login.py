"""Who a call is from. Works around the page (ASGI), within the guard.

Without accounts, the one person of this machine is logged in by opening the page. With accounts, a login counts for as
long as its account is there with the same password; the cookie of any other is taken off before the page sees it.
"""

import time
from http.cookies import CookieError, SimpleCookie

import jwt
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agent.accounts import Accounts
from agent.files import COOKIE
from agent.limits import LOGINS, UPLOADS, Rate, wait_sentence

LOCAL = "you"
"""Who uses the page where there are no accounts. An account of this name takes over the chats made so."""

LASTS_S = 15 * 24 * 3600  # as ui/config.toml says
PAGES = frozenset({"/", "/login"})
LIMITED = {("POST", "/login"): LOGINS, ("POST", "/project/file"): UPLOADS}


class Logins:
    """Which logins count. accounts: None where there is only the one person of this machine."""

    def __init__(self, accounts: Accounts | None, secret: str) -> None:
        self.accounts = accounts
        self._secret = secret

    def token_of(self, name: str) -> str:
        """A login of this person, as Chainlit writes it, for as long as a browser is open."""
        now_s = int(time.time())
        who = {"identifier": name, "display_name": None, "metadata": {}}
        return jwt.encode({**who, "iat": now_s, "exp": now_s + LASTS_S}, self._secret, algorithm="HS256")

    def name_in(self, token: str) -> str | None:
        """Whose login this is, if it counts: it is signed, not over, and not older than its account's password."""
        try:
            claims = jwt.decode(token, self._secret, algorithms=["HS256"], options={"require": ["exp", "iat"]})
        except jwt.InvalidTokenError:
            return None
        name = claims.get("identifier")
        if not isinstance(name, str):
            return None
        if self.accounts is None:
            return name if name == LOCAL else None
        since_s = self.accounts.since_s(name)
        return name if since_s is not None and int(claims["iat"]) >= since_s else None


class Login:
    """Tells the page behind it only of logins that count, and slows down who tries too often.

    largest_upload: in bytes; of a larger call nothing is read.
    """

    def __init__(self, app: ASGIApp, logins: Logins, largest_upload: int) -> None:
        self.app = app
        self.logins = logins
        self.largest_upload = largest_upload
        self.rates = {call: Rate(*limit) for call, limit in LIMITED.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hands a call on with the login that it has."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refusal = self._refusal(scope, headers)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        if self.logins.name_in(_login_in(headers)) is None:
            scope = {**scope, "headers": _without_login(scope)}
            if self.logins.accounts is None and scope["type"] == "http" and scope["path"] in PAGES:
                send = _with_cookie(send, self.logins.token_of(LOCAL))
        await self.app(scope, receive, send)

    def _refusal(self, scope: Scope, headers: Headers) -> PlainTextResponse | None:
        call = (scope.get("method", ""), scope["path"])
        if call not in self.rates:
            return None
        client = scope.get("client") or ("", 0)
        wait_s = self.rates[call].take(client[0])
        if wait_s:
            return PlainTextResponse(wait_sentence(wait_s), 429, {"retry-after": str(int(wait_s) + 1)})
        length = headers.get("content-length", "")
        if not length.isdigit():
            return PlainTextResponse("Say how long this is (Content-Length).", 411)
        if int(length) > self.largest_upload:
            return PlainTextResponse(f"This is more than {self.largest_upload // 2**20} MB.", 413)
        return None


def _login_in(headers: Headers) -> str:
    """The login that a call carries: as the cookie, or as a bearer's token."""
    for line in headers.getlist("cookie"):
        try:
            cookies = SimpleCookie(line)
        except CookieError:
            continue
        if COOKIE in cookies:
            return cookies[COOKIE].value
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _without_login(scope: Scope) -> list[tuple[bytes, bytes]]:
    """The headers of a call without what could log it in."""
    kept = []
    for name, value in scope["headers"]:
        if name == b"authorization":
            continue
        if name == b"cookie":
            parts = [part.strip() for part in value.split(b";")]
            value = b"; ".join(part for part in parts if not part.startswith(COOKIE.encode("ascii")))
        kept.append((name, value))
    return kept


def _with_cookie(send: Send, token: str) -> Send:
    async def send_with_cookie(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).append("set-cookie", f"{COOKIE}={token}; Path=/")  # the guard does the rest
        await send(message)

    return send_with_cookie
