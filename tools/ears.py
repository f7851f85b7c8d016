"""Tells which ears the library is heard with, and has others answer."""

from collections.abc import Callable

from langchain_core.tools import BaseTool

from core.library import Library
from core.records import Progress, SpaceCard
from tools.base import LONGEST_TEXT, Answer, as_tool, quoted

COLUMNS = ["ears", "sounds", "window", "reads text", "state"]


def ears_tool(library: Library, report: Callable[[Progress], None]) -> BaseTool:
    """The tool over a library; `report` is called while other ears hear its sounds."""

    def ears(use: str = "") -> Answer:
        """Tell which ears (embedding models) have heard the library, or have other ears hear it and answer from now on.

        Args:
            use: The ears to change to, such as builtin, clap, vggish or wav2vec2:HEAD; empty only tells.
        """
        if use:
            run = library.ingest(embedder=use)
            for progress in run:
                report(progress)
            library.ears.choose(use)
        cards = library.ears.spaces()
        title = _changed(use, run.report.again) if use else _told(library.ears.chosen(), cards)
        rows = [_row(card) for card in cards]
        lines = [quoted(title, LONGEST_TEXT), *map(_told_of, rows)]
        return "\n".join(lines), {"kind": "table", "title": title, "columns": COLUMNS, "rows": rows}

    return as_tool(ears, changes=("use",))


def _changed(ears: str, n_heard: int) -> str:
    heard = f"; they have heard {n_heard} {'sound' if n_heard == 1 else 'sounds'} for that" if n_heard else ""
    return f"From now on the ears {ears} answer{heard}."


def _told(chosen: str, cards: list[SpaceCard]) -> str:
    others = len(cards) - any(card.name == chosen for card in cards)
    also = f"; {others} {'other has' if others == 1 else 'others have'} heard this library" if others else ""
    return f"The ears {chosen} answer{also}."


def _told_of(row: list[str]) -> str:
    """A row for the model. The name of some ears is one that a person gave to what they trained."""
    name, *facts, state = row
    return ", ".join([quoted(name), *facts, *([quoted(state, LONGEST_TEXT)] if state else [])])


def _row(card: SpaceCard) -> list[str]:
    state = ["answers"] if card.answers else []
    return [
        f"{card.name} ({card.version})",
        f"{card.sounds} of {card.total}",
        f"{card.window_s:g} s",
        "yes" if card.reads else "no",
        "; ".join([*state, *([card.problem] if card.problem else [])]),
    ]
