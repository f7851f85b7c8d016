"""What all tools share: how a function becomes one, and how sounds are shown to the model and to the screen."""

import functools
import json
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from langchain_core.tools import BaseTool, StructuredTool, ToolException

from core.errors import AudioError, EarshotError
from core.grouping.plain import one_line
from core.library import Library
from core.records import Hit

Answer: TypeAlias = tuple[str, dict[str, Any]]
"""The text for the model, and the artifact for the screen."""

MOST_HITS = 50  # a longer list fills a model's memory and no person reads it
LONGEST_NAME = 60
LONGEST_CAPTION = 160
LONGEST_TEXT = 600
LONGEST = {"name": LONGEST_NAME, "title": LONGEST_CAPTION, "caption": LONGEST_CAPTION}


def as_tool(function: Callable[..., Answer], **metadata: Any) -> BaseTool:
    """A tool with the function's name, arguments and docstring. A known problem reaches the model as its sentence."""

    @functools.wraps(function)
    def answer(*args: Any, **kwargs: Any) -> Answer:
        try:
            return function(*args, **kwargs)
        except AudioError as problem:  # its name is a stranger's text
            raise ToolException(f"{quoted(problem.name)}: {problem.reason}") from problem
        except EarshotError as problem:
            raise ToolException(_seen(_short(str(problem), LONGEST_TEXT))) from problem

    return StructuredTool.from_function(
        answer,
        parse_docstring=True,
        response_format="content_and_artifact",
        handle_tool_error=True,
        metadata=metadata,
    )


def quoted(text: str, longest: int = LONGEST_NAME) -> str:
    """Text from a stranger as a JSON string on one line, shortened; it cannot pass for anything else.

    Signs that cannot be seen, or that turn the direction of reading, are escaped like the ends of lines.
    """
    return _seen(json.dumps(_short(text, longest), ensure_ascii=False))


def as_json(data: Any) -> str:
    """Data of strangers as JSON on one line, its texts `plain`."""
    return json.dumps(plain(data), ensure_ascii=False)


def plain(data: Any) -> Any:
    """Data in which each text of a stranger is one line without hidden signs, and cut: a name sooner than a summary."""
    if isinstance(data, Mapping):
        return {_plain_key(key): _plain_value(str(key), value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [plain(each) for each in data]
    return one_line(data, LONGEST_TEXT) if isinstance(data, str) else data


def _plain_key(key: Any) -> Any:
    return one_line(key, LONGEST_NAME) if isinstance(key, str) else key


def _plain_value(key: str, value: Any) -> Any:
    return one_line(value, LONGEST.get(key, LONGEST_TEXT)) if isinstance(value, str) else plain(value)


def _short(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _seen(text: str) -> str:
    """Text whose signs are all to be seen: controls, marks of direction, signs of no width and halves are escaped."""
    return "".join(json.dumps(each)[1:-1] if _is_hidden(each) else each for each in text)


def _is_hidden(sign: str) -> bool:
    kind = unicodedata.category(sign)
    return kind[0] == "C" or kind in {"Zl", "Zp"}


def hit_card(hit: Hit) -> dict[str, Any]:
    """A hit as the screen shows it: with the file's name in place of its path."""
    card = hit.as_dict()
    path = card.pop("path")
    return {"id": card.pop("id"), "name": Path(path).name, **card}


def sound_card(card: dict[str, Any]) -> dict[str, Any]:
    """A sound as the screen shows it where nothing was searched: from its start, without a score."""
    rest = {key: card[key] for key in ("caption", "tags", "duration_s", "domain")}
    moment = {"start_s": 0.0, "end_s": round(card["duration_s"], 3), "score": None}
    return {"id": card["id"], "name": Path(card["path"]).name, **moment, **rest}


def sound_cards(library: Library, ids: Sequence[int]) -> list[dict[str, Any]]:
    """The cards of some sounds, in the order given."""
    return [sound_card(card) for card in library.cards(ids)]


def line(card: dict[str, Any]) -> str:
    """A card as one line for the model."""
    score = "" if card["score"] is None else f", score {card['score']:.3f}"
    moment = f"{card['start_s']:.1f}-{card['end_s']:.1f} s of {card['duration_s']:.1f} s"
    return f"sound {card['id']} {quoted(card['name'])}, {moment}{score}: {quoted(card['caption'], LONGEST_CAPTION)}"


def noted(library: Library, answer: Answer) -> Answer:
    """An answer with what the library says beside it, such as that older ears gave it; unchanged if it says nothing."""
    text, artifact = answer
    note = library.note()
    return (f"{text}\nTell the person: {quoted(note, LONGEST_TEXT)}", artifact | {"note": note}) if note else answer


def numbered(cards: Sequence[dict[str, Any]]) -> str:
    """Cards as a numbered list for the model."""
    return "\n".join(f"{number}. {line(card)}" for number, card in enumerate(cards, start=1))


def hits_answer(title: str, hits: Sequence[Hit], *, sure: int | None = None, scored: bool = True) -> Answer:
    """The answer of a search. sure: how many hits surely fit, where that is known. scored: whether scores are shown."""
    cards = [hit_card(hit) if scored else hit_card(hit) | {"score": None} for hit in hits]
    found = f"{_how_many(len(cards), sure)}\n{numbered(cards)}" if cards else "nothing found."
    artifact = {"kind": "hits", "title": title, "hits": cards} | ({} if sure is None else {"sure": sure})
    return f"{quoted(title, LONGEST_CAPTION)}: {found}", artifact


def _how_many(found: int, sure: int | None) -> str:
    if sure == 0:
        return f"nothing surely fits; tell the person so. The {found} nearest fit perhaps:"
    rest = "" if sure is None or sure == found else f" The first {sure} surely fit, the others perhaps."
    return f"{found} found, best first.{rest}"
