"""The command that tells what is heard in a file, and when, and writes it as subtitles, tables and videos."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table as RichTable

from agent import tables
from agent.sources import read_settings
from agent.terminal import (
    JsonOption,
    LibraryOption,
    Verb,
    drawn_bar,
    err,
    open_library,
    out,
    print_json,
    with_bar,
)
from core.embedding import DESCRIBER
from core.errors import UnknownNameError
from core.events.event import Event, Timeline
from core.library import Library
from core.references import SOUND, parse_reference
from core.separation import SEPARATORS, make_separator
from core.settings import Settings
from core.subtitles.cues import Limits
from core.subtitles.wording import STYLES

if TYPE_CHECKING:
    from core.events.finding import EventRun


def add_event_verb(app: typer.Typer) -> None:
    """Adds the command of this module to the command line."""
    app.command(cls=Verb)(events)


def events(
    file: Annotated[
        Path, typer.Argument(metavar="FILE|ID", help="A sound or a video, or a sound of the library by its id.")
    ],
    library: LibraryOption = None,
    srt: Annotated[Path | None, typer.Option(metavar="FILE", help="Write subtitles as SRT.")] = None,
    vtt: Annotated[Path | None, typer.Option(metavar="FILE", help="Write subtitles as WebVTT.")] = None,
    csv: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the events as a table.")] = None,
    json_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the events as JSON, with the file's name and length.")
    ] = None,
    audacity: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a label track of Audacity.")] = None,
    raven: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a selection table of Raven.")] = None,
    mux: Annotated[
        Path | None, typer.Option("--mux", metavar="FILE", help="Write the video again with a subtitle track.")
    ] = None,
    burn: Annotated[
        Path | None, typer.Option("--burn", metavar="FILE", help="Write the video again with subtitles in its picture.")
    ] = None,
    query: Annotated[
        list[str] | None, typer.Option("--query", metavar="TEXT", help="Tell of this only; may be repeated.")
    ] = None,
    separator: Annotated[
        str | None,
        typer.Option(metavar="NAME", help=f"Take the sound apart and hear its components: {', '.join(SEPARATORS)}."),
    ] = None,
    ears: Annotated[
        str, typer.Option(metavar="NAME", help="What names the components: builtin, or ears that understand text.")
    ] = DESCRIBER,
    suggested: Annotated[
        bool, typer.Option("--suggested", help="Name components only as the sound itself suggests.")
    ] = False,
    style: Annotated[str, typer.Option(metavar="NAME", help=f"Of subtitles: {', '.join(STYLES)}.")] = STYLES[0],
    with_speech: Annotated[
        Path | None, typer.Option(metavar="FILE", help="An SRT file with the words, to be merged with the sounds.")
    ] = None,
    track: Annotated[int, typer.Option(min=1, metavar="N", help="Which of several sound tracks.")] = 1,
    force: Annotated[bool, typer.Option("--force", help="Write over files that are there.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Tell what is heard in a file, and when; write it as subtitles, into a video or as a table.

    FILE is only read. With --query only what is asked for is told, and found more easily. What is heard in a sound of
    the library is kept with it, so that it is heard once and found by earshot moments.
    With --separator a little more is found of what sounds at once, in some three times the time. What is heard with
    --query or --separator is not kept.
    """
    from core.subtitles import formats  # what hears and draws takes a second to import
    from core.subtitles.burning import burn_subtitles
    from core.subtitles.merging import subtitled
    from core.subtitles.muxing import check_video, left_out, mux_subtitles
    from core.subtitles.reading import read_words
    from core.subtitles.saving import check_targets, write_texts

    if style not in STYLES:
        raise UnknownNameError(f"there is no style {style!r}; choose one of {', '.join(STYLES)}")
    if with_speech and not (srt or vtt or mux or burn):
        raise typer.BadParameter("--with-speech goes into subtitles; say where with --srt, --vtt, --mux or --burn")
    _check_separation(separator, ears, query or [], suggested)
    settings = read_settings(None)
    held = None if file.exists() else _held(file, library)
    file = held[0].audio_path(held[1]) if held else file
    targets = [path for path in (srt, vtt, csv, json_file, audacity, raven, mux, burn) if path]
    check_targets(targets, [file, with_speech] if with_speech else [file], replace=force)
    for video in (mux, burn):
        if video:
            check_video(file, video, drawn=video is burn)
    words = read_words(with_speech) if with_speech else []
    if held and not query and track == 1 and separator is None:
        heard = _kept(*held)
    else:
        heard = _heard(_run(file, query or [], track, separator, ears, settings, suggested))
    cues = subtitled(heard.events, words, style, Limits.of(settings))
    texts = (
        (srt, formats.as_srt(cues)),
        (vtt, formats.as_vtt(cues)),
        (csv, formats.as_csv(heard.events)),
        (json_file, formats.as_json(heard.events, file.name, heard.duration_s)),
        (audacity, formats.as_audacity(heard.events)),
        (raven, formats.as_raven(heard.events)),
    )
    notes = [heard.note]
    for video, write in ((mux, mux_subtitles), (burn, burn_subtitles)):
        if video:
            notes.append(left_out(file, video))
            with closing(write(file, video, cues, replace=force)) as steps:
                with_bar(steps)
    write_texts({target: text for target, text in texts if target}, replace=force)
    if as_json:
        print_json({"events": [event.as_dict() for event in heard.events]})
    else:
        _print_events(heard.events, targets)
    for note in filter(None, notes):
        err.print(f"[yellow]note:[/yellow] {tables.shown(note)}", soft_wrap=True)


def _held(named: Path, library: Path | None) -> tuple[Library, int] | None:
    """The library and the sound of it that is meant; None where the argument names no sound but a file."""
    if not SOUND.fullmatch(str(named)):
        return None
    return open_library(library), parse_reference(str(named))[0]


def _kept(library: Library, sound_id: int) -> Timeline:
    """What is heard in a sound of a library, listened to now if it was not yet."""
    with drawn_bar() as report:
        return library.events.of(sound_id, report)


def _heard(run: "EventRun") -> Timeline:
    """What a run hears. It is not kept: the next question asks for something else, or in another way."""
    with_bar(run)
    return run.timeline


def _check_separation(separator: str | None, ears: str, queries: Sequence[str], suggested: bool) -> None:
    if separator is None and (suggested or ears != DESCRIBER):
        raise typer.BadParameter("--ears and --suggested are for components; choose a separator with --separator")
    if suggested and queries:
        raise typer.BadParameter("--suggested and --query both say what components may be called; choose one")


def _run(
    file: Path,
    queries: Sequence[str],
    track: int,
    separator: str | None,
    ears: str,
    settings: Settings,
    suggested: bool,
) -> "EventRun":
    """What hears a file as it is asked for, its models ready."""
    from core.embedding import make_embedder
    from core.events.apart import SeparatedRun
    from core.events.finding import EventRun
    from core.events.labelled import LabelledRun

    if separator is None:
        return EventRun(file, queries, track)
    chosen, window_s = make_separator(separator, settings), settings.event_window_s
    if ears == DESCRIBER and not suggested:
        run: EventRun = SeparatedRun(file, chosen, queries, track, window_s)
    else:
        namer = make_embedder(ears, settings)
        run = LabelledRun(file, chosen, namer, queries, track, window_s, from_clip=suggested)
        with_bar(namer.prepare())
    with_bar(chosen.prepare())
    return run


def _print_events(found: list[Event], targets: list[Path]) -> None:
    table = RichTable("from", "to", "heard", "score")
    for event in found:
        table.add_row(f"{event.start_s:.1f} s", f"{event.end_s:.1f} s", tables.shown(event.label), f"{event.score:.2f}")
    out.print(table if found else "Nothing was heard that the ears can name.")
    for target in targets:
        out.print(f"written: {tables.shown(str(target))}", soft_wrap=True)
