"""Tells which ears are best for the sounds of the library."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from langchain_core.tools import BaseTool

from core.errors import UnsupportedError
from core.library import Library
from core.records import Progress
from tools.base import LONGEST_TEXT, Answer, as_tool, quoted

if TYPE_CHECKING:
    from core.comparison import Comparison  # only a name here; scikit-learn takes a second to import


NO_FOLDERS = "The folders do not say what the sounds are: put sounds of a kind into a folder of its own to know more."


def compare_ears_tool(library: Library, report: Callable[[Progress], None]) -> BaseTool:
    """The tool over a library; `report` hears how far the comparison is."""

    def compare_ears(by_folder: bool | None = None) -> Answer:
        """Rank the ears (embedding models) that have heard this library: which are best for these sounds?

        Args:
            by_folder: Whether the folder of each sound says what it is; leave it out to have that tried first.
        """
        compared = _compared(library, by_folder, report)
        columns, rows = compared.table()
        title = "The ears of this library compared"
        if compared.labelled:
            title = "The ears of this library, the best first, by the folders of the sounds"
        remark = compared.note if compared.labelled else f"{compared.note} {NO_FOLDERS}"
        told = [", ".join([place, quoted(name), *cells]) for place, name, *cells in rows]
        lines = [title, ", ".join(columns), *told, quoted(remark, LONGEST_TEXT)]
        return "\n".join(lines), {
            "kind": "table",
            "title": title,
            "columns": columns,
            "rows": rows,
            "remark": remark,
        }

    return as_tool(compare_ears)


def _compared(library: Library, by_folder: bool | None, report: Callable[[Progress], None]) -> "Comparison":
    """By the folders if they say what the sounds are, as that tells more; else, if it is left open, without labels."""
    try:
        return library.compare_spaces(by_folder=by_folder is not False, report=report)
    except UnsupportedError:
        if by_folder is not None:
            raise
        return library.compare_spaces(report=report)
