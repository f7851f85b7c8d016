"""Finds sounds by words."""

from langchain_core.tools import BaseTool

from core.library import Library
from core.records import Filters
from core.text_search import SURE, is_listing, wish
from tools.base import MOST_HITS, Answer, as_tool, hits_answer, noted


def search_by_text_tool(library: Library) -> BaseTool:
    """The tool over a library."""

    def search_by_text(
        text: str,
        without: str = "",
        k: int = 10,
        min_s: float | None = None,
        max_s: float | None = None,
        domain: str | None = None,
    ) -> Answer:
        """Find sounds by words: what is heard in them, what they are like, or what their files are called.

        Args:
            text: What to look for, such as "short metallic hit"; empty lists all sounds that pass the limits below.
            without: What must not be in them, such as "thunder".
            k: How many to find.
            min_s: Leave out sounds shorter than this, in seconds.
            max_s: Leave out sounds longer than this, in seconds.
            domain: Only sounds of this domain: speech, singing, music, animal, nature, machine, effect or silence.
        """
        filters = Filters(min_s, max_s, domain)
        text, without = wish(text, without)
        hits = library.search_by_text(text, without=without, k=min(k, MOST_HITS), filters=filters)
        listed = is_listing(text)
        sure = None if listed else sum(hit.score >= SURE for hit in hits)
        what = "Sounds that perhaps fit" if hits and sure == 0 else "Sounds for"
        title = ("Sounds" if listed else f"{what} “{text}”") + (f" without “{without}”" if without else "")
        return noted(library, hits_answer(title, hits, sure=sure, scored=not listed))

    return as_tool(search_by_text)
