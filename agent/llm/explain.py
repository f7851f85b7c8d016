"""What went wrong with a chat model, as one sentence for a person.

Errors of providers hold addresses, answers of servers and sometimes keys: of an error only its kind and its status are
looked at, and nothing of its text is told.
"""

from json import JSONDecodeError
from typing import Any

import httpx

from core.errors import EarshotError


class CutOffError(EarshotError):
    """An answer ended before it was whole."""


STATUS = {
    400: "it refuses the request; check the name of the model in EARSHOT_MODEL",
    401: "it does not accept the key; check the key and start again",
    402: "the account has no credit left",
    403: "the key may not use this model; check the account",
    404: "it does not know the model; check the name of the model in EARSHOT_MODEL",
    408: "it did not answer in time",
    413: "the conversation has become too long for it; begin a new chat",
    422: "it refuses the request; check the name of the model in EARSHOT_MODEL",
    429: "it is asked too often just now; wait a minute",
}


def explain(problem: BaseException) -> str:
    """Why the chat model did not answer: a clause that follows a colon, without a full stop at its end."""
    match problem:
        case CutOffError():
            return "its answer broke off"
        case EarshotError():
            return str(problem)
        case httpx.TimeoutException() | TimeoutError():
            return "it did not answer in time"
        case httpx.ConnectError() | ConnectionError():
            return "it cannot be reached; check the network"
        case httpx.RemoteProtocolError() | httpx.ReadError() | httpx.WriteError():
            return "the connection to it broke"
    status = _status(problem)
    if status is not None:
        return _of_status(status)
    if isinstance(problem, JSONDecodeError | httpx.StreamError | LookupError) or type(problem).__name__ == "SSEError":
        return "what came back is no answer of a chat model; a proxy or a login page may stand between"
    return f"it failed in a way that is not known here ({type(problem).__name__})"


def _of_status(status: int) -> str:
    if status in STATUS:
        return STATUS[status]
    if status >= 500:
        return f"it has trouble of its own ({status}); try again later"
    return f"it refuses the request ({status})"


def _status(problem: Any) -> int | None:
    """The HTTP status of an error of any provider's library; most keep it under one of these names."""
    for holder in (problem, getattr(problem, "response", None)):
        for name in ("status_code", "code", "http_status"):
            status = getattr(holder, name, None)
            if isinstance(status, int) and 400 <= status < 600:
                return status
    return None
