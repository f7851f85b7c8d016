"""Saves what is heard in a sound, and when, as a file of subtitles. Writes outside of the library, so the person is
asked first; the tool `export` takes it back.
"""

from collections.abc import Callable, Mapping
from contextlib import closing
from typing import Any

from langchain_core.tools import BaseTool

from core.attachments import PATTERN as ATTACHMENT
from core.errors import NotFoundError
from core.events.choosing import chosen
from core.export import Plan
from core.export.seals import seal_of_subtitles
from core.library import Library
from core.records import Progress
from core.subtitles.cues import Limits, make_cues
from core.subtitles.wording import STYLES
from tools.base import Answer, as_tool, quoted
from tools.export import LONGEST_PATH, check_agreed
from tools.hear_events import Heard, listened

EDITS = ("only", "without", "start_s", "end_s", "rename")
"""The arguments by which subtitles differ from all that is heard; those of the tool hear_events."""


def save_subtitles_tool(
    library: Library,
    report: Callable[[Progress], None],
    approved: Callable[[], str | None],
    heard: Heard,
) -> BaseTool:
    """The tool over a library. report, approved: as those of `export_tool`. heard: what hear_events remembers."""

    def save_subtitles(
        sound: str,
        format: str = "srt",  # noqa: A002  as that of the tool export
        name: str = "",
        only: list[str] | None = None,
        without: list[str] | None = None,
        start_s: float | None = None,
        end_s: float | None = None,
        rename: dict[str, str] | None = None,
        style: str = "sdh",
    ) -> Answer:
        """Save the subtitles of a sound or a video as a file for the person, who is asked before.

        Give the same arguments as to hear_events, so that what is saved is what was shown. Taking it back is export
        with undo.

        Args:
            sound: Its id: "412" for a sound of the library, or that of an attachment, such as "a3fa9c2d1".
            format: srt or vtt.
            name: What to call the file, such as the name of the video; where it lies is not yours to choose.
            only: Save these kinds of sound alone, such as "animals".
            without: Leave these kinds of sound out.
            start_s: Save what is heard from this second on.
            end_s: Save what is heard up to this second.
            rename: Call what is heard by another name, such as {"noise": "rain"}.
            style: How they are written: sdh for the deaf and hard of hearing, events in plain brackets, or all.
        """
        from core.subtitles import formats

        if style not in STYLES:
            raise NotFoundError(f"there is no style {style!r} of subtitles; choose one of {', '.join(STYLES)}")
        given = {"only": only, "without": without, "start_s": start_s, "end_s": end_s, "rename": rename}
        named = {"sound": sound, "format": format, "name": name, "style": style, **given}
        check_agreed(approved(), agreement(library, named)[1])
        whole = listened(library, sound, heard, report)
        cues = make_cues(
            chosen(whole.events, only or [], without or [], start_s, end_s, rename), style, Limits.of(library.settings)
        )
        text = formats.as_vtt(cues) if format == "vtt" else formats.as_srt(cues)
        saving = library.exports.write(library.exports.plan_subtitles(_title(library, sound, name), format, text))
        with closing(iter(saving)) as steps:
            for step in steps:
                report(step)
        exported = saving.exported
        told = f"{len(cues)} subtitles of sound {sound} were written to {quoted(exported.folder, LONGEST_PATH)}"
        return told, {"kind": "export", **exported.as_dict(), "cues": len(cues), "sound": sound, "edits": named}

    return as_tool(save_subtitles, writes_outside=True)


def agreement(library: Library, args: Mapping[str, Any]) -> tuple[Plan, str]:
    """What the tool would write if it were called with these, as far as nothing is heard yet, and the seal of it."""
    plan = library.exports.plan_subtitles(_title(library, args["sound"], args["name"]), args["format"])
    return plan, seal_of_subtitles(plan, {name: args[name] or None for name in ("sound", "style", *EDITS)})


def _title(library: Library, sound: str, name: str) -> str:
    """What the file is called: as it was asked for, else as the sound is; what an attached one is called is not known.

    Raises NotFoundError if there is no such sound.
    """
    path = library.source_path(sound)
    return name or ("subtitles" if ATTACHMENT.fullmatch(sound) else path.stem)
