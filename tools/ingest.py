"""Adds the sounds of a folder to the library."""

from collections.abc import Callable
from pathlib import Path

from langchain_core.tools import BaseTool

from core.library import Library
from core.records import Progress
from tools.base import Answer, as_tool, noted, quoted

SKIPS_TOLD = 20


def ingest_tool(library: Library, report: Callable[[Progress], None]) -> BaseTool:
    """The tool over a library; `report` is called after every file."""

    def ingest(folder: str = "", captioner: str = "") -> Answer:
        """Add all sounds and videos in a folder to the library, or bring it up to date with the folder.

        Args:
            folder: Path of the folder or file, as the person gave it; empty brings all files it knows up to date.
            captioner: Who writes the captions, builtin or conette; empty for the usual one.
        """
        run = library.ingest([Path(folder)] if folder else [], captioner=captioner or None)
        for progress in run:
            report(progress)
        summary = run.report.as_dict()
        skips = summary["skipped"]
        again = f" ({summary['again']} heard again)" if summary["again"] else ""
        text = (
            f"found {summary['found']} = indexed {summary['indexed']}{again} + unchanged {summary['unchanged']}"
            f" + skipped {len(skips)}; {summary['seconds_of_audio']:.0f} s of sound in {summary['elapsed_s']:.1f} s"
        )
        reasons = [f"skipped {quoted(Path(skip['path']).name)}: {skip['reason']}" for skip in skips[:SKIPS_TOLD]]
        return noted(library, ("\n".join([text, *reasons]), {"kind": "ingest", "captioner": captioner, **summary}))

    return as_tool(ingest, changes=())
