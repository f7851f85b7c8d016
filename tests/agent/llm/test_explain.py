"""What is told of an error holds nothing of its text."""

import json

import httpx
import pytest

from agent.llm.explain import STATUS, CutOffError, explain
from core.errors import EarshotError

SECRET = "sk-secret https://example.org {body}"
REQUEST = httpx.Request("POST", "https://example.org/secret")


class OfAProvider(Exception):
    """An error as other providers' libraries have them."""

    def __init__(self, status_code: int) -> None:
        super().__init__(SECRET)
        self.status_code = status_code


@pytest.mark.parametrize("status", [*STATUS, 418, 500, 503, 529])
def test_a_status_is_told_in_words_whoever_raises_it(status):
    response = httpx.Response(status, request=REQUEST, text=SECRET)
    of_httpx = httpx.HTTPStatusError(SECRET, request=REQUEST, response=response)
    assert explain(of_httpx) == explain(OfAProvider(status))
    assert "secret" not in explain(of_httpx)


@pytest.mark.parametrize(
    ("problem", "told"),
    [
        (httpx.ReadTimeout(SECRET), "in time"),
        (TimeoutError(SECRET), "in time"),
        (httpx.ConnectError(SECRET), "check the network"),
        (ConnectionResetError(SECRET), "check the network"),
        (httpx.RemoteProtocolError(SECRET), "broke"),
        (CutOffError("x"), "broke off"),
        (json.JSONDecodeError(SECRET, "", 0), "no answer of a chat model"),
        (IndexError(SECRET), "no answer of a chat model"),
        (RuntimeError(SECRET), "(RuntimeError)"),
        (EarshotError("a sentence of ours"), "a sentence of ours"),
    ],
    ids=lambda each: type(each).__name__ if isinstance(each, Exception) else "",
)
def test_other_errors_are_told_by_their_kind(problem, told):
    assert told in explain(problem)
    assert "secret" not in explain(problem)
