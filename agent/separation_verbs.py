"""The command that takes a sound apart and writes what it is made of."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table as RichTable

from agent import tables
from agent.sources import read_settings
from agent.terminal import JsonOption, Verb, out, print_json, with_bar
from core.components.saving import Saved, SaveRun
from core.separation import SEPARATORS, make_separator


def add_separation_verb(app: typer.Typer) -> None:
    """Adds the command of this module to the command line."""
    app.command(cls=Verb)(separate)


def separate(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A sound or a video.")],
    dest: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where to write the components.")],
    query: Annotated[
        list[str] | None, typer.Option("--query", metavar="TEXT", help="What to look for; may be repeated.")
    ] = None,
    separator: Annotated[
        str, typer.Option("--separator", metavar="NAME", help=f"One of {', '.join(SEPARATORS)}.")
    ] = "builtin",
    as_json: JsonOption = False,
) -> None:
    """Take a sound apart into components that add up to it: one WAV each, and components.json that lists them.

    With --query, the components in which a text is heard are told. Nothing is written over; the file is only read.
    """
    chosen = make_separator(separator, read_settings(None))
    with_bar(chosen.prepare())
    run = SaveRun(file, dest, chosen, query or [])
    with_bar(run)
    print_json(run.saved.as_dict()) if as_json else _print_saved(run.saved)


def _print_saved(saved: Saved) -> None:
    table = RichTable("file", "component", "level", "heard in it")
    for part in saved.components:
        level = "silent" if part.level_db is None else f"{part.level_db:.1f} dB"
        names = ", ".join(f"{tag.label} {tag.score:.2f}" for tag in part.heard)
        table.add_row(tables.shown(part.file), tables.shown(part.name), level, tables.shown(names))
    out.print(table)
    out.print(f"{len(saved.components)} components in {tables.shown(saved.folder)}", soft_wrap=True)
