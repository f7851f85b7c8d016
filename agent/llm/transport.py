"""Calls that come through: an HTTP transport that tries again where trying again helps.

Beneath the client of a chat model, so that it holds for answers in one piece and for streams alike, and only until the
first byte of an answer has come: what was shown is never said twice.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.request import getproxies, proxy_bypass

import httpx

TRIED_AGAIN = frozenset({408, 429, *range(500, 600)})
BROKEN = (httpx.ConnectError, httpx.ConnectTimeout, httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError)
"""What ends a call before an answer began; a server that is only slow is not asked a second time."""
TIMEOUT = httpx.Timeout(connect=5, read=60, write=30, pool=5)
BUDGET_S = 30.0
SYNC_BUDGET_S = 8.0  # what blocks is the naming of groups, which have names already
FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 8.0


@dataclass(slots=True)
class Patience:
    """How long one call waits before it is tried again, in seconds; None when the budget does not allow it."""

    budget_s: float = BUDGET_S
    clock: Callable[[], float] = time.monotonic
    _began_s: float = field(init=False)
    _tries: int = 0

    def __post_init__(self) -> None:
        self._began_s = self.clock()

    def wait_s(self, retry_after: str | None = None) -> float | None:
        """The wait before the next try. retry_after: the header of the answer, in seconds or as a date.

        A server that asks for no wait at all is not pressed either.
        """
        longest = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2**self._tries)
        own = random.uniform(longest / 2, longest)  # noqa: S311  to be apart from others, not to be a secret
        wait = max(own, _asked_for_s(retry_after))
        self._tries += 1
        return wait if self.clock() - self._began_s + wait <= self.budget_s else None


@dataclass
class RetryTransport(httpx.AsyncBaseTransport):
    """Sends a request through `inner`, again where that helps, within a budget of seconds."""

    inner: httpx.AsyncBaseTransport
    budget_s: float = BUDGET_S
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    clock: Callable[[], float] = time.monotonic

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The first answer that no retry helps, or the last one. Raises what the last try raised."""
        patience = Patience(self.budget_s, self.clock)
        while True:
            try:
                response = await self.inner.handle_async_request(request)
            except BROKEN:
                if (wait_s := patience.wait_s()) is None:
                    raise
            else:
                wait_s = _wait_for(response, patience)
                if wait_s is None:
                    return response
                await response.aclose()
            await self.sleep(wait_s)

    async def aclose(self) -> None:
        """Closes what is beneath."""
        await self.inner.aclose()


@dataclass
class SyncRetryTransport(httpx.BaseTransport):
    """The same for calls that block."""

    inner: httpx.BaseTransport
    budget_s: float = SYNC_BUDGET_S
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The first answer that no retry helps, or the last one. Raises what the last try raised."""
        patience = Patience(self.budget_s, self.clock)
        while True:
            try:
                response = self.inner.handle_request(request)
            except BROKEN:
                if (wait_s := patience.wait_s()) is None:
                    raise
            else:
                wait_s = _wait_for(response, patience)
                if wait_s is None:
                    return response
                response.close()
            self.sleep(wait_s)

    def close(self) -> None:
        """Closes what is beneath."""
        self.inner.close()


def async_client(url: str, headers: dict[str, str]) -> httpx.AsyncClient:
    """A client that tries again, through the proxy of the environment if that names one."""
    inner = httpx.AsyncHTTPTransport(proxy=_proxy_for(url))
    return httpx.AsyncClient(base_url=url, headers=headers, timeout=TIMEOUT, transport=RetryTransport(inner))


def sync_client(url: str, headers: dict[str, str]) -> httpx.Client:
    """The same for calls that block."""
    inner = httpx.HTTPTransport(proxy=_proxy_for(url))
    return httpx.Client(base_url=url, headers=headers, timeout=TIMEOUT, transport=SyncRetryTransport(inner))


def _proxy_for(url: str) -> str | None:
    """A client with a transport of its own does not look at the environment, so it is done here."""
    parsed = httpx.URL(url)
    return None if proxy_bypass(parsed.host) else getproxies().get(parsed.scheme)


def _wait_for(response: httpx.Response, patience: Patience) -> float | None:
    if response.status_code not in TRIED_AGAIN:
        return None
    return patience.wait_s(response.headers.get("retry-after"))


def _asked_for_s(retry_after: str | None) -> float:
    """Seconds that a server asks for; 0 if it asks for none that can be read."""
    if not retry_after:
        return 0.0
    with suppress(ValueError):
        return max(0.0, float(retry_after))
    with suppress(ValueError):
        moment = parsedate_to_datetime(retry_after)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return max(0.0, (moment - datetime.now(UTC)).total_seconds())
    return 0.0
