"""What all commands share: their options, how a problem is told, bars on stderr, the one document on stdout."""

import json
import sqlite3
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from typer.core import TyperCommand

from agent import tables
from agent.cards import plain
from agent.sources import read_settings, runnable
from core.errors import EarshotError
from core.library import Library
from core.records import Progress

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

INTERRUPTED = 130  # what a shell reports for a program that Ctrl-C ended

LibraryOption = Annotated[Path | None, typer.Option("--library", metavar="DIR", help="Folder of the library.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
SpaceOption = Annotated[str | None, typer.Option(metavar="NAME", help="The ears to search with.")]


class Verb(TyperCommand):
    """A command that tells a problem as one sentence on stderr, with --json also as a document, and ends with 1."""

    def invoke(self, ctx: Any) -> Any:
        """What the command answers. Our own mistakes are raised, and so is the end of a pipe that nobody reads."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise
        except KeyboardInterrupt:
            err.print("Stopped.")
            raise typer.Exit(INTERRUPTED) from None
        except (EarshotError, OSError, sqlite3.Error) as problem:
            sentence = runnable(_sentence(problem), ctx.params.get("library"))
            if ctx.params.get("as_json"):
                print_json({"error": sentence})
            err.print(f"[red]earshot:[/red] {tables.shown(sentence)}", soft_wrap=True)
            raise typer.Exit(1) from problem


def open_library(folder: Path | None) -> Library:
    """The library in a folder, or in that of the settings."""
    settings = read_settings(folder)
    return Library(settings.library, settings)


def with_bar(steps: Iterable[Progress]) -> int:
    """Draws a progress bar on stderr while it walks the steps of a job; returns how many there were."""
    total = 0
    with drawn_bar() as report:
        for step in steps:
            total = step.total
            report(step)
    return total


@contextmanager
def drawn_bar() -> Iterator[Callable[[Progress], None]]:
    """A progress bar on stderr, if that is a terminal; what comes is called with how far the job is."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, console=err, transient=True, disable=not err.is_terminal) as bar:
        task = bar.add_task("", total=None)

        def draw(step: Progress) -> None:
            label = escape(plain(step.label, limit=40).ljust(40))
            bar.update(task, completed=step.done, total=step.total, description=label)

        yield draw


def print_json(document: dict[str, Any]) -> None:
    """Writes the one document of `--json`."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False, allow_nan=False) + "\n")
    sys.stdout.flush()


def print_note(library: Library, space: str | None = None) -> None:
    """Says on stderr what the answer that was just given does not know, such as that older ears gave it."""
    if note := library.note(space):
        err.print(f"[yellow]note:[/yellow] {escape(runnable(note, library.folder))}", soft_wrap=True)


def _sentence(problem: Exception) -> str:
    match problem:
        case OSError():
            what = f"{problem.filename}: " if problem.filename else ""
            return f"{what}{problem.strerror or problem}; check the path, its permissions and the room on the disk"
        case sqlite3.Error():
            return f"a database of the library cannot be used ({problem}); look at it with: earshot doctor"
    return str(problem)
