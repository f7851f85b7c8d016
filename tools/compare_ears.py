"""Tells which ears are best for the sounds of the library."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from langchain_core.tools import BaseTool

from core.library import Library
from core.records import Progress
from tools.base import Answer, as_tool

if TYPE_CHECKING:
    from core.comparison import Comparison  # only a name here; scikit-learn takes a second to import


BY_FOLDER = "Where the folders say what the sounds are, ask for a comparison by folder: it tells more."


def compare_ears_tool(library: Library, report: Callable[[Progress], None]) -> BaseTool:
    """The tool over a library; `report` hears how far the comparison is."""

    def compare_ears(by_folder: bool = False) -> Answer:
        """Rank the ears (embedding models) that have heard this library: which are best for these sounds?

        Args:
            by_folder: Take the folder of each sound as what it is; else the ears are compared without any labels.
        """
        compared = library.compare_spaces(by_folder=by_folder, report=report)
        columns, rows = comparison_table(compared)
        title = "The ears of this library, the best first" if compared.labelled else "The ears of this library compared"
        remark = compared.note if compared.labelled else f"{compared.note} {BY_FOLDER}"
        lines = [title, ", ".join(columns), *(", ".join(row) for row in rows), remark]
        return "\n".join(lines), {
            "kind": "table",
            "title": title,
            "columns": columns,
            "rows": rows,
            "remark": remark,
        }

    return as_tool(compare_ears)


def comparison_table(compared: "Comparison") -> tuple[list[str], list[list[str]]]:
    """A comparison as columns and rows, the best ears first; only what was measured has a column."""
    measured = {
        "mAP": "map",
        "top-1": "top1",
        "V-measure": "v_measure",
        "agreement": "agreement",
        "recognition": "recognition",
        "stability": "stability",
        "mean rank": "mean_rank",
    }
    rows = [row.as_dict() for row in compared.rows]
    shown = {title: key for title, key in measured.items() if any(row[key] is not None for row in rows)}
    told = [["" if row[key] is None else f"{row[key]:.3f}" for key in shown.values()] for row in rows]
    return ["", "ears", *shown], [
        [str(row["rank"]), row["space"], *cells] for row, cells in zip(rows, told, strict=True)
    ]
