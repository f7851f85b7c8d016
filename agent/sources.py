"""The settings that a command runs with, and where each of them comes from."""

import shlex
from pathlib import Path

from pydantic import ValidationError
from pydantic_settings import DotEnvSettingsSource, EnvSettingsSource

from core.ears import NEXT_STEP
from core.errors import EarshotError
from core.settings import Settings

SHOWN = 60  # letters of a wrong value


def read_settings(library: Path | None = None) -> Settings:
    """The settings, with the library's folder where one is given. A variable that is set to nothing counts as unset.

    Raises EarshotError for a value that cannot be used, naming its variable.
    """
    try:
        if library is None:
            return Settings(_env_ignore_empty=True)
        return Settings(_env_ignore_empty=True, library=library)
    except ValidationError as wrong:
        raise EarshotError(_sentence(wrong)) from wrong
    except UnicodeDecodeError as wrong:
        raise EarshotError(".env is not UTF-8 text; save it anew or remove it") from wrong
    except RuntimeError as wrong:  # a folder under "~nobody"
        raise EarshotError("a folder in the settings has no known home; write its path in full") from wrong


def sources(settings: Settings) -> dict[str, str]:
    """Where each setting comes from, by its name: "argument", "environment", ".env" or "default".

    An argument that says the same as the environment is told as the environment's.
    """
    kind = type(settings)
    found = dict.fromkeys(kind.model_fields, "default")
    found |= dict.fromkeys(DotEnvSettingsSource(kind, env_ignore_empty=True)(), ".env")
    found |= dict.fromkeys(EnvSettingsSource(kind, env_ignore_empty=True)(), "environment")
    without = read_settings()
    return {name: found[name] if _same(settings, without, name) else "argument" for name in kind.model_fields}


def runnable(sentence: str, library: Path | None) -> str:
    """A sentence that ends in the command that brings a library up to date, with that library's folder in the command.

    Unchanged where the command takes that folder by itself, and for any other sentence.
    """
    if library is None or not sentence.endswith(NEXT_STEP):
        return sentence
    folder = library.expanduser().absolute()
    return sentence if folder == read_settings().library else f"{sentence} --library {shlex.quote(str(folder))}"


def _same(settings: Settings, without: Settings, name: str) -> bool:
    """Whether a setting is what it would be without any argument."""
    if name in settings.model_fields_set - without.model_fields_set:
        return False
    return bool(getattr(settings, name) == getattr(without, name))


def _sentence(wrong: ValidationError) -> str:
    first = wrong.errors()[0]
    name = str(first["loc"][0]).upper().removeprefix("EARSHOT_")
    if name == "MISTRAL_API_KEY":
        return f"{name} cannot be used; copy the key again"
    value = repr(first["input"])[:SHOWN]
    why = first["msg"][:1].lower() + first["msg"][1:]
    return f"EARSHOT_{name} cannot be {value} ({why}); correct it in the environment or in .env"
