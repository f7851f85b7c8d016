"""The command that finds the moments of a library in which something is heard, and listens to its sounds for them."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table as RichTable

from agent import tables
from agent.terminal import (
    INTERRUPTED,
    JsonOption,
    LibraryOption,
    Verb,
    err,
    open_library,
    out,
    print_json,
    print_note,
    with_bar,
)
from core.events.event import Moments
from core.events.events import told_labels
from core.records import Skip

if TYPE_CHECKING:
    from core.events.listening import ListenRun

MOST = 2**32 - 1
MOST_SKIPS = 20
MOMENT_KEYS = ("id", "path", "start_s", "end_s", "label", "score")


def add_moment_verb(app: typer.Typer) -> None:
    """Adds the command of this module to the command line."""
    app.command(cls=Verb)(moments)


def moments(
    text: Annotated[
        str, typer.Argument(metavar="TEXT", help="What is heard, such as dog bark, speech or animals.")
    ] = "",
    library: LibraryOption = None,
    k: Annotated[int, typer.Option("-k", min=1, max=MOST, help="How many.")] = 10,
    min_score: Annotated[float, typer.Option(min=0, max=1, help="Leave out what scores lower.")] = 0.0,
    listen: Annotated[
        bool, typer.Option("--listen", help="Listen to all sounds that were not listened to yet.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Find the moments in which something is heard, best first: where does a dog bark in my recordings?

    Sounds that a search for TEXT finds are listened to first, for ten minutes of sound at most; with --listen all of
    them are, also without a TEXT. What is heard is kept, each sound once, and Ctrl-C loses nothing.
    """
    if not text and not listen:
        raise typer.BadParameter("say what is heard, or --listen to listen to all sounds")
    sounds = open_library(library)
    if text:
        told_labels(text)  # what is no sound is told before anything is listened to
    run = sounds.events.listen() if listen else sounds.events.listen_for(text)
    try:
        with_bar(run)
    except KeyboardInterrupt:
        err.print("Stopped. What was listened to is kept; run the same command again to go on.")
        raise typer.Exit(INTERRUPTED) from None
    _print_skips(run)
    skipped = {"skipped": [skip.as_dict() for skip in run.report.skipped]}
    if not text:
        done = {"listened": run.report.sounds, "seconds_of_audio": round(run.report.seconds_of_audio, 3)}
        print_json(done | skipped) if as_json else out.print(_told(run))
        return
    found = sounds.events.moments(text, k, min_score)
    if as_json:
        rows = [{key: getattr(moment, key) for key in MOMENT_KEYS} for moment in found.moments]
        counted = {"listened": found.listened, "of": found.of, "total": found.total}
        print_json({"moments": rows} | counted | skipped)
    else:
        _print_moments(found)
    _print_rest(found, 0 if listen else sounds.events.count_likely(text), library)
    print_note(sounds)


def _print_moments(found: Moments) -> None:
    table = RichTable("sound", "from", "to", "heard", "score", "path")
    for each in found.moments:
        heard = tables.shown(each.label if each.is_sure else f"{each.label}, perhaps")
        seconds = f"{each.start_s:.1f} s", f"{each.end_s:.1f} s"
        table.add_row(str(each.id), *seconds, heard, f"{each.score:.2f}", tables.shown(each.path))
    out.print(table if found.moments else "It is heard at no moment of what was listened to.")
    if found.total > len(found.moments) > 0:
        out.print(f"The best {len(found.moments)} of {found.total}; -k shows more.")


def _print_rest(found: Moments, likely: int, library: Path | None) -> None:
    """What was not listened to, on stderr: it may hold more."""
    if found.listened == found.of and not found.older:
        return
    more = f"; {likely} of the rest may well hold it" if likely else ""
    older = f"; {found.older} of them by an older version" if found.older else ""
    where = f" --library {shlex.quote(str(library))}" if library else ""
    said = f"listened to {found.listened} of {found.of} sounds{older}{more}"
    err.print(
        f"[yellow]note:[/yellow] {tables.shown(f'{said}; the rest with: earshot moments --listen{where}')}",
        soft_wrap=True,
    )


def _print_skips(run: "ListenRun") -> None:
    """What could not be listened to, with its reason, on stderr."""
    skipped = run.report.skipped
    for skip in skipped[:MOST_SKIPS]:
        err.print(f"[yellow]skipped[/yellow] {tables.shown(_reason(skip))}", soft_wrap=True)
    if len(skipped) > MOST_SKIPS:
        err.print(f"[yellow]skipped[/yellow] {len(skipped) - MOST_SKIPS} more")


def _reason(skip: Skip) -> str:
    return f"{skip.path}: {skip.reason}" if skip.path else skip.reason


def _told(run: "ListenRun") -> str:
    if not len(run):
        return "All sounds were listened to before."
    return (
        f"Listened to {run.report.sounds} sounds, {run.report.seconds_of_audio:.0f} s; ask with: earshot moments TEXT"
    )
