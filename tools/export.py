"""Copies sounds out of the library. Writes outside of it, so the person is asked first."""

from langchain_core.tools import BaseTool

from core.library import Library
from core.references import parse_reference
from tools.base import Answer, as_tool, quoted


def export_tool(library: Library) -> BaseTool:
    """The tool over a library."""

    def export(sounds: list[str] | None = None, clustering: int | None = None, name: str = "") -> Answer:
        """Copy sounds, or all clusters of a clustering, into a new folder for the person. They are asked before.

        Args:
            sounds: Ids of the sounds to copy.
            clustering: Id of a clustering to copy whole, one folder per cluster.
            name: What to call the new folder; where it lies is not yours to choose.
        """
        ids = [parse_reference(each)[0] for each in sounds or []]
        exported = library.export(ids, clustering=clustering, name=name)
        return f"{exported.files} files were copied to {quoted(exported.folder, 300)}", {
            "kind": "export",
            **exported.as_dict(),
        }

    return as_tool(export, writes_outside=True)
