"""The tools a chat model may call, one file each, all closed over one library.

Each answers with a text for the model and a plain dict for the screen. Texts from files (names, tags, captions) reach
the model quoted and shortened. Adding a tool is adding a file and its line in `build_tools`.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING

from langchain_core.tools import BaseTool

from core.library import Library
from core.records import Progress
from tools.cluster import cluster_tool
from tools.compare_ears import compare_ears_tool
from tools.count_sounds import count_sounds_tool
from tools.describe_selection import describe_selection_tool
from tools.ears import ears_tool
from tools.edit_clusters import edit_clusters_tool
from tools.export import export_tool
from tools.find_moments import find_moments_tool
from tools.get_metadata import get_metadata_tool
from tools.hear_events import Heard, hear_events_tool
from tools.ingest import ingest_tool
from tools.save_subtitles import save_subtitles_tool
from tools.search_by_audio import search_by_audio_tool
from tools.search_by_text import search_by_text_tool
from tools.show_map import show_map_tool
from tools.summarize_cluster import summarize_cluster_tool
from tools.versions import versions_tool

if TYPE_CHECKING:
    from core.grouping.describing import Namer

WRITES_OUTSIDE = "writes_outside"
"""The key in a tool's metadata that says it writes outside the library, so that the person must be asked first."""

CHANGES = "changes"
"""The key in a tool's metadata that says it changes the library: the arguments by which it does; none, then always."""


def build_tools(
    library: Library,
    report: Callable[[Progress], None] = lambda _: None,
    namer: "Namer | None" = None,
    approved: Callable[[], str | None] = lambda: None,
) -> list[BaseTool]:
    """All tools over a library. `report` hears how far a long one is, and may raise CancelledError to stop it.

    namer: names groups of sounds; without one they have built-in names. approved: see `export_tool`.
    """
    heard: Heard = OrderedDict()
    return [
        ingest_tool(library, report),
        search_by_audio_tool(library),
        search_by_text_tool(library),
        cluster_tool(library, report, namer),
        summarize_cluster_tool(library),
        edit_clusters_tool(library),
        versions_tool(library),
        get_metadata_tool(library),
        count_sounds_tool(library),
        export_tool(library, report, approved),
        ears_tool(library, report),
        compare_ears_tool(library, report),
        show_map_tool(library, report),
        describe_selection_tool(library),
        hear_events_tool(library, report, heard),
        save_subtitles_tool(library, report, approved, heard),
        find_moments_tool(library, report),
    ]


__all__ = ["CHANGES", "WRITES_OUTSIDE", "build_tools"]
