"""Tells what is heard in a sound or a video, and when: a timeline, and subtitles."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import TypeAlias

from langchain_core.tools import BaseTool

from core.attachments import PATTERN as ATTACHMENT
from core.errors import NotFoundError
from core.events.choosing import chosen
from core.events.event import Event, Timeline
from core.library import Library
from core.records import Progress
from core.references import parse_reference
from core.subtitles.cues import Limits, make_cues
from core.subtitles.wording import STYLES
from tools.base import Answer, as_tool, quoted

Heard: TypeAlias = OrderedDict[str, Timeline]
"""What was heard in attached sounds, by their ids, the latest last."""

MOST_TOLD = 60
MOST_KEPT = 16  # attached files whose events are remembered, so that a change of what is shown does not listen again


def hear_events_tool(library: Library, report: Callable[[Progress], None], heard: Heard) -> BaseTool:
    """The tool over a library; `report` hears how far the listening is, in seconds. heard: remembered in between."""

    def hear_events(
        sound: str,
        only: list[str] | None = None,
        without: list[str] | None = None,
        start_s: float | None = None,
        end_s: float | None = None,
        rename: dict[str, str] | None = None,
        style: str = "sdh",
    ) -> Answer:
        """Tell what is heard in a sound or a video, and when; shows a timeline that plays, with subtitles to take away.

        Args:
            sound: Its id: "412" for a sound of the library, or that of an attachment, such as "a3fa9c2d1".
            only: Show these kinds of sound alone, such as "animals".
            without: Leave these kinds of sound out.
            start_s: Show what is heard from this second on.
            end_s: Show what is heard up to this second.
            rename: Call what is heard by another name, such as {"noise": "rain"}.
            style: How subtitles are written: sdh for the deaf and hard of hearing, events in plain brackets, or all.
        """
        from core.subtitles import formats

        if style not in STYLES:
            raise NotFoundError(f"there is no style {style!r} of subtitles; choose one of {', '.join(STYLES)}")
        whole = listened(library, sound, heard, report)
        events = chosen(whole.events, only or [], without or [], start_s, end_s, rename)
        cues = make_cues(events, style, Limits.of(library.settings))
        given = {"only": only, "without": without, "start_s": start_s, "end_s": end_s, "rename": rename}
        name, note = library.source_path(sound).name, whole.note
        if ATTACHMENT.fullmatch(sound):  # what it is called only its sender knows; here it is kept under its id
            name = "the attached video" if whole.has_picture else "the attached sound"
            note = note.replace(sound, name)
        artifact = {
            "kind": "timeline",
            "sound": sound,
            "name": name,
            "duration_s": round(whole.duration_s, 3),
            "has_picture": whole.has_picture,
            "events": [event.as_dict() for event in events],
            "hidden": len(whole.events) - len(events),
            "edits": {key: value for key, value in given.items() if value is not None},
            "srt": formats.as_srt(cues),
            "vtt": formats.as_vtt(cues),
            "note": note,
        }
        return _told(sound, name, whole, note, events), artifact

    return as_tool(hear_events)


def listened(library: Library, sound: str, heard: Heard, report: Callable[[Progress], None]) -> Timeline:
    """What is heard in a sound. That of a sound of the library is kept with it, that of an attached one remembered."""
    if not ATTACHMENT.fullmatch(sound):
        return library.events.of(parse_reference(sound)[0], report)
    from core.events.finding import EventRun  # what hears takes a second to import

    known = heard.pop(sound, None)
    if known is None:
        run = EventRun(library.source_path(sound))
        for progress in run:
            report(progress)
        known = run.timeline
    heard[sound] = known
    while len(heard) > MOST_KEPT:
        heard.popitem(last=False)
    return known


def _told(sound: str, name: str, whole: Timeline, note: str, events: Sequence[Event]) -> str:
    called = f"{name} {sound}" if ATTACHMENT.fullmatch(sound) else f"sound {sound} {quoted(name)}"
    what = f"what is heard in {called}, {whole.duration_s:.1f} s"
    noted = [f"Tell the person: {quoted(note, 200)}"] if note else []
    if not events:
        return "\n".join([f"{what}: nothing that the ears can name", *noted])
    lines = [f"{each.start_s:.1f}-{each.end_s:.1f} s: {quoted(each.label)}" for each in events[:MOST_TOLD]]
    more = [f"and {len(events) - MOST_TOLD} more"] if len(events) > MOST_TOLD else []
    return "\n".join([f"{what}:", *lines, *more, *noted])
