"""The clusterings that are kept: which there are, what is different between two, and going back to one."""

from typing import Any

from langchain_core.tools import BaseTool

from core.errors import NotFoundError
from core.grouping.plain import one_line
from core.library import Library
from core.records import Clustering
from tools.base import Answer, as_tool, quoted
from tools.cluster import LONGEST_CHANGE, clustering_answer

SHOWN = 20
COLUMNS = ["clustering", "groups", "how", "what is different", "made"]


def versions_tool(library: Library) -> BaseTool:
    """The tool over a library."""

    def versions(
        compare: list[int] | None = None, restore: int | None = None, name: str = "", current: bool = False
    ) -> Answer:
        """List the clusterings that are kept, compare two, go back to one, name the one meant now, or show its groups.

        Args:
            compare: The ids of two clusterings, or of one that is compared with the one that it is based on. 0 is
                the one that is meant now.
            restore: The id of the clustering to go back to.
            name: What the person calls the clustering that is meant now, or the one that is restored.
            current: True shows the groups of the clustering that is meant now.
        """
        if compare:
            return _compared(library, compare)
        if restore is not None or name:
            made = library.groups.current() if restore is None else library.groups.restore(restore)
            if name:
                made = library.groups.label(made.clustering, name)
            text, artifact = clustering_answer(library, made)
            called = f"is called “{made.name}” now"
            told = f"Clustering {made.clustering} {called if name else 'is the one that is meant now'}."
            if name and restore is not None:
                told = f"Clustering {made.clustering} {called} and is the one that is meant."
            return f"{quoted(told, LONGEST_CHANGE)}\n{text}", artifact | {"told": told}
        if current:
            return clustering_answer(library, library.groups.current())
        every = library.groups.all()
        meant = library.groups.current().clustering if every else None
        title = f"{len(every)} clusterings are kept, the newest first."
        if len(every) < 2:
            title = "1 clustering is kept." if every else "No clustering is kept yet; cluster the sounds first."
        shown = every[: -SHOWN - 1 : -1]
        rows = [_row(each, meant) for each in shown]
        lines = [title, *(_line(each, meant) for each in shown)]
        return "\n".join(lines), {"kind": "table", "title": title, "columns": COLUMNS, "rows": rows}

    return as_tool(versions, changes=("restore", "name"))


def _compared(library: Library, ids: list[int]) -> Answer:
    ids = [each or library.groups.current().clustering for each in ids]
    after = max(ids)
    before = min(ids) if len(set(ids)) > 1 else library.groups.get(after).based_on
    if before is None:
        raise NotFoundError(f"clustering {after} is the first of its kind; name another one to compare it with")
    difference, told = library.groups.compare(before, after)
    title = f"From clustering {before} to {after}: {told}."
    data = {name: _keyed_by_text(value) for name, value in difference.as_dict().items()}
    numbers = {each.cluster for one in (before, after) for each in library.groups.get(one).clusters}
    listed = ", ".join(map(str, sorted(numbers)))
    text = (
        f"From clustering {before} to clustering {after}: {quoted(told, LONGEST_CHANGE)}. They have clusters {listed}."
    )
    return text, {"kind": "difference", "title": title, **data}


def _keyed_by_text(value: Any) -> Any:
    """The same with text for keys, as JSON has them."""
    return {str(key): each for key, each in value.items()} if isinstance(value, dict) else value


def _row(each: Clustering, meant: int | None) -> list[str]:
    named = f"{quoted(each.name)}: " if each.name else ""
    change = one_line(each.change, LONGEST_CHANGE)
    return [_number(each, meant), str(each.k), _how(each), f"{named}{change}", _made(each)]


def _line(each: Clustering, meant: int | None) -> str:
    """A clustering for the model. What is different is told with titles, which are a stranger's text."""
    told = [f"clustering {_number(each, meant)}", f"{each.k} groups", _how(each)]
    told += [f"named {quoted(each.name)}"] if each.name else []
    told += [quoted(each.change, LONGEST_CHANGE)] if each.change else []
    return ", ".join([*told, _made(each)])


def _number(each: Clustering, meant: int | None) -> str:
    return f"{each.clustering}{', meant now' if each.clustering == meant else ''}"


def _how(each: Clustering) -> str:
    return f"{each.method}{f', {quoted(each.query)}' if each.query else ''}"


def _made(each: Clustering) -> str:
    return each.created_at[:16].replace("T", " ")
