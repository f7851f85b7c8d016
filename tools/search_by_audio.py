"""Finds sounds that are like another one."""

from pathlib import Path

from langchain_core.tools import BaseTool

from core.attachments import PATTERN as ATTACHMENT
from core.library import Library
from core.records import Filters
from core.references import parse_reference
from tools.base import MOST_HITS, Answer, as_tool, hits_answer, noted, quoted


def search_by_audio_tool(library: Library) -> BaseTool:
    """The tool over a library."""

    def search_by_audio(
        sound: str,
        k: int = 10,
        start_s: float | None = None,
        end_s: float | None = None,
        min_s: float | None = None,
        max_s: float | None = None,
        domain: str | None = None,
        text: str = "",
        without: str = "",
    ) -> Answer:
        """Find the sounds that are most like a sound of the library or an attached one.

        Args:
            sound: Its id: "412" for a sound, "412:7" for a chunk of it, or that of an attachment, such as "a3fa9c2d1".
            k: How many to find.
            start_s: Compare only the part of the sound from this second on.
            end_s: Compare only the part of the sound up to this second.
            min_s: Leave out sounds shorter than this, in seconds.
            max_s: Leave out sounds longer than this, in seconds.
            domain: Only sounds of this domain: speech, singing, music, animal, nature, machine, effect or silence.
            text: Rank by these words too, beside the likeness; a part of the sound cannot be chosen then.
            without: Leave out sounds whose names hold these words.
        """
        filters = Filters(min_s, max_s, domain)
        wanted = min(k, MOST_HITS) + 1
        if text:
            hits = library.search_by_both(text, sound, without=without, k=wanted, filters=filters)
        else:
            hits = library.search_by_audio(
                sound, start_s=start_s, end_s=end_s, without=without, k=wanted, filters=filters
            )
        name, own_id = _named(library, sound)
        others = [hit for hit in hits if hit.id != own_id][: wanted - 1]  # who asks for more like it knows it already
        said = "" if start_s is None and end_s is None else f" from {start_s or 0:g} s"
        said += "" if end_s is None else f" to {end_s:g} s"
        said += f" for “{text}”" if text else ""
        said += f" without “{without}”" if without else ""
        told, artifact = hits_answer(f"Sounds like {name}{said}", others, scored=not text)
        told += "" if own_id is None else f"\nThey were compared with sound {own_id} {quoted(name)}."
        return noted(library, (told, artifact))

    return as_tool(search_by_audio)


def _named(library: Library, sound: str) -> tuple[str, int | None]:
    """What to call the sound that was searched from, and its id if the library holds it."""
    if ATTACHMENT.fullmatch(sound):
        return "the attached sound", None
    sound_id, _ = parse_reference(sound)
    return Path(library.cards([sound_id])[0]["path"]).name, sound_id
