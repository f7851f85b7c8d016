"""Which chat model talks: the one place where a name leads to a model. Loads only the one that is asked for."""

import logging
import re
from typing import TYPE_CHECKING

from core.errors import EarshotError, MissingDependencyError, UnknownNameError
from core.settings import Settings

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from core.grouping.describing import Namer

EMBEDDED = "embedded"
TELL_ADDRESSES = ("httpx", "httpcore")  # a line for each call, with the address and what stands in it


def connect(settings: Settings) -> "BaseChatModel":
    """The chat model of the settings: `provider:model`, "embedded", or, if nothing is said, Mistral where a key is set.

    Raises MissingDependencyError with the command that installs a provider's package, UnknownNameError for a name
    without a provider or with one that nobody knows, EarshotError for a key that cannot be one.
    """
    for logger in TELL_ADDRESSES:
        logging.getLogger(logger).setLevel(logging.WARNING)
    name = chosen_name(settings)
    provider, _, model = name.partition(":")
    if name == EMBEDDED:
        from agent.llm.embedded import EmbeddedChatModel

        return EmbeddedChatModel()
    if provider == "mistralai":
        from agent.llm import mistral

        return mistral.connect(settings)
    if not provider or not model:
        raise UnknownNameError(
            f"chat model {name!r} has no provider; write embedded, or provider:model such as ollama:llama3.2"
        )
    return _from_provider(provider, model)


def namer_of(model: "BaseChatModel", settings: Settings) -> "Namer | None":
    """What names groups of sounds by a chat model; None for the embedded one, whose names are the built-in ones."""
    from agent.llm.embedded import EmbeddedChatModel
    from agent.llm.namer import ChatNamer

    if isinstance(model, EmbeddedChatModel):
        return None
    name = chosen_name(settings)
    try:
        return ChatNamer(model, name.rstrip(":"))
    except NotImplementedError:  # a model without structured answers
        return None


def chosen_name(settings: Settings) -> str:
    """The chat model by its name: where none is set, Mistral if there is a key, else the embedded one."""
    key = settings.mistral_api_key
    return settings.model.strip() or ("mistralai:" if key and key.get_secret_value().strip() else EMBEDDED)


def _from_provider(provider: str, model: str) -> "BaseChatModel":
    from langchain.chat_models import init_chat_model

    try:
        return init_chat_model(model, model_provider=provider)
    except ImportError as missing:
        package = _package_named(str(missing)) or f"langchain-{provider.replace('_', '-')}"
        message = (
            f"the chat model {provider}:{model} needs the package {package}; install it with: pip install {package}"
        )
        raise MissingDependencyError(message) from missing
    except Exception as refused:
        if isinstance(refused, ValueError) and str(refused).startswith("Unsupported provider"):
            raise UnknownNameError(
                f"no provider of chat models is called {provider!r}; known is for example ollama"
            ) from refused
        # what a provider's class refuses is usually a lacking key; its text may hold one, so it is not shown
        reason = type(refused).__name__
        raise EarshotError(f"the chat model {provider}:{model} cannot be used ({reason}); is its key set?") from refused


def _package_named(message: str) -> str:
    """The package that a message such as "Please install it with `pip install langchain-openai`" asks for."""
    found = re.search(r"pip install (?:-U )?[\"']?([a-z0-9-]+)", message)
    return found[1] if found else ""
