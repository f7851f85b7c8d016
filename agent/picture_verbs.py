"""The commands that draw: the map of the library, and pictures of how its sounds were grouped."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from agent import tables
from agent.sources import runnable
from agent.terminal import (
    JsonOption,
    LibraryOption,
    Verb,
    drawn_bar,
    err,
    open_library,
    out,
    print_json,
    print_note,
    with_bar,
)
from core.errors import UnsupportedError
from core.library import Library
from core.map_page import write_html
from core.maps import SoundMap
from core.plots.animation import write_animation
from core.plots.bic import check_curve, write_bic
from core.plots.canvas import STILL, check_target, written
from core.plots.clusters import write_clusters
from core.plots.moving import MOVING
from core.plots.sound_map import COLOURS, check_colour, chosen_colour, write_map

MOST = 2**32 - 1
MAPS = (*STILL, ".html", ".json")

OutOption = Annotated[Path, typer.Option("--out", metavar="FILE", help="The file to write; its ending says what.")]
ClusteringOption = Annotated[
    int | None, typer.Option(metavar="ID", min=1, max=MOST, help="The clustering; else the current one.")
]
DarkOption = Annotated[bool, typer.Option("--dark", help="Light on dark; a page follows its reader.")]

plot = typer.Typer(name="plot", help="Draw how the sounds were grouped, or a film of the map.", no_args_is_help=True)


def add_picture_verbs(app: typer.Typer) -> None:
    """Adds the commands of this module to the command line."""
    app.command("map", cls=Verb)(draw_map)
    app.add_typer(plot)


def draw_map(
    file: OutOption,
    clustering: ClusteringOption = None,
    space: Annotated[str | None, typer.Option(metavar="NAME", help="The ears whose map it is.")] = None,
    colour: Annotated[str | None, typer.Option(help=f"Of .png and .svg, by: {', '.join(COLOURS)}.")] = None,
    sounds: Annotated[str, typer.Option(help="Of .html: embed short previews, link the originals, or none.")] = "embed",
    anew: Annotated[
        bool, typer.Option("--anew", help="Lay all sounds out again; else they stay where they are.")
    ] = False,
    dark: DarkOption = False,
    library: LibraryOption = None,
    as_json: JsonOption = False,
) -> None:
    """Draw the map of the library, on which sounds that are alike lie together.

    FILE is .png, .svg, .html (a page to zoom, search and listen, offline) or .json (places and all that is shown).
    The map holds still: new sounds are put among the others.
    """
    held = open_library(library)
    check_target(file, MAPS)
    if colour is not None:
        check_colour(colour)
        if file.suffix.lower() not in STILL:
            raise UnsupportedError(f"{file.name} is not coloured; leave --colour out, or draw a .png or .svg")
    with drawn_bar() as report:
        shown = held.maps.get(space, clustering, anew=anew, report=report)
    match file.suffix.lower():
        case ".html":
            with_bar(write_html(held, shown, file, sounds))
        case ".json":
            with written(file) as part:
                part.write_text(json.dumps(shown.as_dict(), ensure_ascii=False, allow_nan=False), encoding="utf-8")
        case _:
            colour = chosen_colour(shown, colour)
            _tell_left_out(write_map(file, shown, colour, dark=dark))
    _done(file, held, shown, as_json, colour=colour)
    print_note(held, space)


@plot.command(cls=Verb)
def bic(
    file: OutOption,
    clustering: ClusteringOption = None,
    dark: DarkOption = False,
    library: LibraryOption = None,
    as_json: JsonOption = False,
) -> None:
    """Draw BIC against the number of groups, the chosen one marked, beside the groups. FILE is .png or .svg."""
    held = open_library(library)
    check_target(file, STILL)
    grouped = held.groups.current() if clustering is None else held.groups.get(clustering)
    check_curve(grouped)
    write_bic(file, grouped, held.maps.plane(grouped.clustering), dark=dark)
    if as_json:
        found = {"clustering": grouped.clustering, "space": grouped.space, "k": grouped.k}
        print_json({"out": str(file.absolute()), **found, "bic": [list(point) for point in grouped.bic]})
        return
    groups = "1 group" if grouped.k == 1 else f"{grouped.k} groups"
    out.print(f"{tables.shown(str(file))}: {groups}, clustering {grouped.clustering}", soft_wrap=True)


@plot.command(cls=Verb)
def clusters(
    file: OutOption,
    clustering: ClusteringOption = None,
    dark: DarkOption = False,
    library: LibraryOption = None,
    as_json: JsonOption = False,
) -> None:
    """Draw the groups on the map, each with its name. FILE is .png or .svg."""
    held = open_library(library)
    check_target(file, STILL)
    number = held.groups.current().clustering if clustering is None else clustering
    with drawn_bar() as report:
        shown = held.maps.get(clustering=number, report=report)
    _tell_left_out(write_clusters(file, shown, dark=dark))
    _done(file, held, shown, as_json)


@plot.command(cls=Verb)
def animation(
    file: OutOption,
    clustering: ClusteringOption = None,
    space: Annotated[str | None, typer.Option(metavar="NAME", help="The ears whose map it is.")] = None,
    dark: DarkOption = False,
    library: LibraryOption = None,
    as_json: JsonOption = False,
) -> None:
    """Draw the map taking shape, from a line sorted by likeness. FILE is .gif or .mp4, at most 8 MB."""
    held = open_library(library)
    check_target(file, MOVING)
    with drawn_bar() as report:
        shaped = held.maps.shaping(space, clustering, report=report)
        n_frames = write_animation(file, shaped, dark=dark, report=report)
    _done(file, held, shaped.sound_map, as_json, frames=n_frames)


def _done(file: Path, held: Library, shown: SoundMap, as_json: bool, **more: Any) -> None:
    """Tells what was written, and what a person should know of it."""
    if as_json:
        found = {"sounds": len(shown.ids), "placed": sum(shown.placed), "space": shown.space}
        print_json({"out": str(file.absolute()), **found, "clustering": shown.clustering, **more, "note": shown.note})
    else:
        grouped = "" if shown.clustering is None else f", clustering {shown.clustering}"
        out.print(f"{tables.shown(str(file))}: {len(shown.ids)} sounds{grouped}", soft_wrap=True)
    if shown.note:
        err.print(f"[yellow]note:[/yellow] {tables.shown(runnable(shown.note, held.folder))}", soft_wrap=True)


def _tell_left_out(n_names: int) -> None:
    if n_names:
        err.print(f"[yellow]note:[/yellow] {n_names} names of groups found no room", soft_wrap=True)
