"""Which chat model the settings lead to."""

import builtins
from typing import Any

import pytest
from pydantic import SecretStr

from agent.llm.base import connect
from agent.llm.embedded import EmbeddedChatModel
from core.errors import EarshotError, MissingDependencyError, UnknownNameError
from core.settings import Settings

KEY = "k" * 32


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    for name in (
        "MISTRAL_MODEL",
        "MISTRAL_BASE_URL",
        "MISTRAL_API_KEY",
        "EARSHOT_MISTRAL_API_KEY",
        "EARSHOT_MODEL",
        "OPENAI_API_KEY",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def settings(model: str = "", key: str | None = None) -> Settings:
    return Settings(model=model, mistral_api_key=SecretStr(key) if key is not None else None)


def test_with_nothing_set_the_embedded_model_talks():
    assert isinstance(connect(settings()), EmbeddedChatModel)
    assert isinstance(connect(settings(key="  ")), EmbeddedChatModel)


def test_embedded_is_embedded_even_with_a_key():
    assert isinstance(connect(settings("embedded", KEY)), EmbeddedChatModel)


def test_a_key_alone_means_mistrals_small_model():
    model: Any = connect(settings(key=f" {KEY}\n"))

    assert model.model == "mistral-small-latest"
    assert model.mistral_api_key.get_secret_value() == KEY
    assert (model.temperature, model.max_retries) == (0.1, 1)
    assert model.async_client.timeout.read == model.client.timeout.read == 60


def test_a_mistral_model_by_name():
    model: Any = connect(settings("mistralai:mistral-large-latest", KEY))

    assert model.model == "mistral-large-latest"


@pytest.mark.parametrize("key", ["abc def", "abc\ndef", "abc\tdef", "abcé", "abc\x00def"])
def test_a_key_that_cannot_be_one_is_refused_without_showing_it(key):
    with pytest.raises(EarshotError, match="copy it again into MISTRAL_API_KEY") as error:
        connect(settings(key=key))

    assert key not in str(error.value)


def test_a_mistral_model_without_a_key_says_what_to_set():
    with pytest.raises(EarshotError, match="set MISTRAL_API_KEY"):
        connect(settings("mistralai:mistral-small-latest"))


def test_a_missing_provider_names_the_command(monkeypatch):
    real = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name.startswith("langchain_ollama"):
            raise ImportError(f"No module named {name!r}", name=name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)

    with pytest.raises(MissingDependencyError, match=r"pip install langchain-ollama$"):
        connect(settings("ollama:llama3.2"))


def test_a_provider_that_refuses_is_told_without_its_words(monkeypatch):
    def refuse(*_: Any, **__: Any) -> Any:
        raise RuntimeError(f"bad key {KEY}")

    monkeypatch.setattr("langchain.chat_models.init_chat_model", refuse)

    with pytest.raises(EarshotError, match=r"openai:gpt cannot be used \(RuntimeError\)") as error:
        connect(settings("openai:gpt"))

    assert KEY not in str(error.value)


@pytest.mark.parametrize("name", ["gpt", "ollama:", ":x", "nobody:knows"])
def test_a_name_without_a_known_provider_is_refused(name):
    with pytest.raises(UnknownNameError, match="provider"):
        connect(settings(name))
