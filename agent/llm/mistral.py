"""Mistral's models over their API."""

from langchain_core.language_models import BaseChatModel
from pydantic import SecretStr

from core.errors import EarshotError
from core.settings import Settings

DEFAULT_MODEL = "mistral-small-latest"


def connect(settings: Settings) -> BaseChatModel:
    """The Mistral model that `settings.model` names as "mistralai:NAME", else the small one.

    Raises EarshotError, without the key in it, if no usable key is set.
    """
    from langchain_mistralai import ChatMistralAI

    name = settings.model.partition(":")[2] or DEFAULT_MODEL
    key = usable_key(settings.mistral_api_key)
    return ChatMistralAI(model_name=name, api_key=key, temperature=0.1, max_retries=1, timeout=60)


def usable_key(key: SecretStr | None) -> SecretStr:
    """The key without blanks around it; blanks or line ends inside it would send it into error texts and logs."""
    stripped = key.get_secret_value().strip() if key else ""
    if not stripped:
        raise EarshotError("no Mistral key is set; set MISTRAL_API_KEY in the environment and start again")
    if not stripped.isascii() or not stripped.isprintable() or " " in stripped:
        raise EarshotError(
            "the Mistral key holds a blank, a line end or another sign that keys do not have; "
            "copy it again into MISTRAL_API_KEY"
        )
    return SecretStr(stripped)
