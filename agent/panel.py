"""What a person may set in the page: which chat model talks, which ears answer, when they are asked, which library.

The model and the asking are theirs, in all of their chats; the ears are the library's, and everyone's. The library is
chosen by whoever is alone with the page: accounts are a library's own.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chainlit.input_widget import InputWidget, Select

from agent.llm.base import EMBEDDED, chosen_name
from core.errors import EarshotError
from core.library import Library
from core.settings import Settings

MODEL, EARS, ASK, LIBRARY = "model", "ears", "ask", "library"
CONFIGURED = "configured"
UNASKED, ALWAYS = "unasked", "always"
ASKED = {"Changes that I did not ask for in so many words": UNASKED, "Every change": ALWAYS}


@dataclass(frozen=True, slots=True)
class Choice:
    """What a person chose. Anything that cannot be chosen any more counts as not chosen."""

    embedded: bool = False
    asks_always: bool = False

    @classmethod
    def of(cls, kept: dict[str, Any]) -> "Choice":
        """The choice in what was kept of it, or in what the page sends."""
        return cls(embedded=kept.get(MODEL) == EMBEDDED, asks_always=kept.get(ASK) == ALWAYS)

    def as_dict(self) -> dict[str, Any]:
        """As it is kept."""
        return {MODEL: EMBEDDED if self.embedded else CONFIGURED, ASK: ALWAYS if self.asks_always else UNASKED}


def widgets(library: Library, settings: Settings, choice: Choice, libraries: Mapping[str, Path]) -> list[InputWidget]:
    """The panel as it stands. libraries: those that can be gone to, by name, this one among them."""
    configured = chosen_name(settings)
    models = {_told(configured): CONFIGURED, "The embedded one: no key, nothing leaves this machine": EMBEDDED}
    if configured == EMBEDDED:
        models.pop(_told(configured))
    answering = library.ears.chosen()
    names = list(dict.fromkeys([answering, *_ears(library)]))
    return [
        Select(
            id=MODEL,
            label="Chat model",
            items=models,
            initial_value=EMBEDDED if choice.embedded or configured == EMBEDDED else CONFIGURED,
            description="Another one is set with EARSHOT_MODEL or MISTRAL_API_KEY before the start.",
            disabled=len(models) == 1,
        ),
        Select(
            id=EARS,
            label="Ears that answer",
            values=names,
            initial_value=answering,
            description="For everyone who uses this library. Others hear it after: earshot ingest --embedder NAME",
            disabled=len(names) == 1 or "embedder" in settings.model_fields_set,
        ),
        Select(
            id=ASK,
            label="Ask me before",
            items=ASKED,
            initial_value=ALWAYS if choice.asks_always else UNASKED,
            description="Before anything is written outside the library you are asked always.",
        ),
        Select(
            id=LIBRARY,
            label="Library",
            items={name: _key(folder) for name, folder in libraries.items()},
            initial_value=_key(library.folder),
            description="The program starts anew with it. One is put here by: earshot chat --library DIR",
            disabled=len(libraries) == 1,
        ),
    ]


def choose_ears(library: Library, sent: dict[str, Any]) -> None:
    """Has the ears answer that the page sends. Raises EarshotError for those that have heard nothing."""
    wanted = sent.get(EARS)
    if wanted is None or wanted == library.ears.chosen():
        return
    if wanted not in _ears(library):
        raise EarshotError("these ears have not heard the library; load the page anew to see which have")
    library.ears.choose(str(wanted))


def chosen_library(library: Library, libraries: Mapping[str, Path], sent: dict[str, Any]) -> Library | None:
    """The library that the page asks for in place of this one, if it does. Raises EarshotError if it cannot be read."""
    if sent.get(LIBRARY) is None:
        return None
    folder = {_key(each): each for each in libraries.values()}.get(str(sent[LIBRARY]))
    if folder is None:
        raise EarshotError("this library is not there any more; load the page anew to see which are")
    if folder == library.folder:
        return None
    other = Library(folder, library.settings.model_copy(update={"library": folder}))
    other.overview()  # which says whether it can be read
    return other


def _key(folder: Path) -> str:
    """What the page calls a library: the same whatever others there are, and no path."""
    return hashlib.sha256(str(folder).encode()).hexdigest()[:16]


def _ears(library: Library) -> list[str]:
    """The ears that have heard the library; asked of the database alone, as the page waits for it."""
    return [space["name"] for space in library.overview()["spaces"]]


def _told(name: str) -> str:
    return "Mistral, as it is set" if name == "mistralai:" else name
