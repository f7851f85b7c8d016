"""Tells what is known of some sounds, or of the whole library."""

from pathlib import Path
from typing import Any

from langchain_core.tools import BaseTool

from core.library import Library
from tools.base import LONGEST_CAPTION, Answer, as_json, as_tool, noted, quoted

NUMBERS: tuple[str, ...] = (
    "duration_s",
    "sample_rate_hz",
    "channels",
    "loudness_lufs",
    "peak_dbfs",
    "brightness_hz",
    "pitch_hz",
)
NUMBERS += ("tempo_bpm", "onsets", "domain")


def get_metadata_tool(library: Library) -> BaseTool:
    """The tool over a library."""

    def get_metadata(sounds: list[str] | None = None) -> Answer:
        """Tell all that is known of some sounds; with none named, how much the library holds.

        Args:
            sounds: Ids: "412" for a sound, "412:7" for a chunk of it.
        """
        if not sounds:
            overview = library.overview()
            return noted(library, (as_json(overview), {"kind": "overview", **overview}))
        found = [{"name": Path(sound["path"]).name, **sound} for sound in library.sounds(sounds)]
        return "\n".join(map(_line, found)), {"kind": "sounds", "sounds": found}

    return as_tool(get_metadata)


def _line(sound: dict[str, Any]) -> str:
    numbers = {key: sound[key] for key in NUMBERS if sound.get(key) is not None}
    tags = ", ".join(tag["label"] for tag in sound["tags"])
    where = f"sound {sound['id']}" + (f", chunk {sound['chunk']}" if "chunk" in sound else "")
    said = f"{quoted(sound['caption'], LONGEST_CAPTION)}; tags {quoted(tags, LONGEST_CAPTION)}"
    return f"{where} {quoted(sound['name'])}: {said}; {as_json(numbers)}"
