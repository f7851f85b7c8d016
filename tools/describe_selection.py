"""Tells what the sounds are that a person drew around on a map."""

from langchain_core.tools import BaseTool

from core.errors import NotFoundError
from core.grouping.selected import describe
from core.library import Library
from tools.base import LONGEST_TEXT, Answer, as_tool, noted, numbered, quoted, sound_card

SHOWN = 20
TO_HEAR = 3


def describe_selection_tool(library: Library) -> BaseTool:
    """The tool over a library."""

    def describe_selection(selection: int) -> Answer:
        """Tell what the sounds are that the person selected on a map: how many, what is common in them, some to hear.

        Args:
            selection: The number of the selection.
        """
        ids = library.selection(selection)
        cards = {card["id"]: card for card in library.cards(ids)}
        if not cards:
            raise NotFoundError(f"the sounds of selection {selection} are gone; select some on the map again")
        told = describe(list(cards.values()))
        shown = [sound_card(cards[each]) for each in told.typical[:SHOWN]]
        hear = ", ".join(str(card["id"]) for card in shown[:TO_HEAR])
        text = (
            f"selection {selection}: {quoted(told.summary, LONGEST_TEXT)} To hear: {hear}."
            f" The most typical:\n{numbered(shown)}"
        )
        artifact = {
            "kind": "selection",
            "selection": selection,
            "title": f"Selection {selection}, {len(cards)} sound{'' if len(cards) == 1 else 's'}",
            "size": len(cards),
            "summary": told.summary,
            "words": told.words,
            "hits": shown,
        }
        return noted(library, (text, artifact))

    return as_tool(describe_selection)
