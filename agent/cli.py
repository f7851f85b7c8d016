"""The command line: parses, calls the library, prints. With --json, stdout is one JSON document and nothing else."""

import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from rich.markup import escape

from agent import tables
from agent.ask_verbs import add_ask_verb
from agent.event_verbs import add_event_verb
from agent.export_verbs import add_export_verb
from agent.group_verbs import add_group_verbs
from agent.mcp_verbs import add_mcp_verb
from agent.model_verbs import add_model_verbs
from agent.moment_verbs import add_moment_verb
from agent.picture_verbs import add_picture_verbs
from agent.separation_verbs import add_separation_verb
from agent.terminal import (
    INTERRUPTED,
    JsonOption,
    LibraryOption,
    SpaceOption,
    Verb,
    err,
    open_library,
    out,
    print_json,
    print_note,
    with_bar,
)
from agent.user_verbs import add_user_verbs
from core.errors import NotFoundError
from core.library import Library
from core.records import DOMAINS, Filters, Hit, IngestReport
from core.references import SOUND
from core.settings import Settings
from core.text_search import SURE, is_listing

if TYPE_CHECKING:
    from langgraph.checkpoint.base import BaseCheckpointSaver

    from agent.server import AgentFactory

app = typer.Typer(
    name="earshot",
    help="Talk with your sound library: find, group and question sounds by what is heard in them.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

MOST = 2**32 - 1  # for any number: what the generators of random numbers take as a seed, and SQLite counts beyond
HIT_KEYS = ("id", "path", "start_s", "end_s", "score", "caption", "tags", "duration_s", "domain")
INGEST_KEYS = ("found", "indexed", "unchanged", "skipped", "seconds_of_audio", "elapsed_s")


def main() -> None:
    """Runs the command line."""
    app()


@app.command(cls=Verb)
def ingest(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="PATH", help="Folders and files with sound or video; none: all files it knows."),
    ] = None,
    library: LibraryOption = None,
    embedder: Annotated[str | None, typer.Option(metavar="NAME", help="The ears to hear with.")] = None,
    captioner: Annotated[str | None, typer.Option(metavar="NAME", help="Who writes the captions.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Add sounds, or bring the library up to date with folders that changed. Can be stopped and run again.

    What only older ears heard is heard again, and counts as indexed.
    """
    sounds = open_library(library)
    run = sounds.ingest(paths or [], embedder=embedder, captioner=captioner)
    try:
        with_bar(run)
    except KeyboardInterrupt:
        err.print("Stopped. What was finished is kept; run the same command again to go on.")
        _print_report(run.report, as_json, stopped=True)
        raise typer.Exit(INTERRUPTED) from None
    _print_report(run.report, as_json)
    print_note(sounds, embedder)


@app.command(cls=Verb)
def search(
    text: Annotated[str, typer.Argument(help="Words: what it is, what it is like, what the file is called.")] = "",
    library: LibraryOption = None,
    like: Annotated[str, typer.Option(metavar="FILE|ID", help="A file, a sound (412) or a chunk (412:7).")] = "",
    without: Annotated[str, typer.Option(metavar="TEXT", help="What is not to be in them, or in their names.")] = "",
    k: Annotated[int, typer.Option("-k", min=1, max=MOST, help="How many.")] = 10,
    space: SpaceOption = None,
    min_s: Annotated[float | None, typer.Option(help="Shortest length in seconds.")] = None,
    max_s: Annotated[float | None, typer.Option(help="Greatest length in seconds.")] = None,
    domain: Annotated[str | None, typer.Option(help=f"One of {', '.join(DOMAINS)}.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Find sounds by words, by likeness to another sound, or by both; best first."""
    sounds, filters = open_library(library), Filters(min_s, max_s, domain)
    source = _source(like)
    if text and like:
        hits = sounds.search_by_both(text, source, without=without, k=k, space=space, filters=filters)
    elif like:
        hits = sounds.search_by_audio(source, without=without, k=k, space=space, filters=filters)
    elif text:
        hits = sounds.search_by_text(text, without=without, k=k, space=space, filters=filters)
    else:
        raise typer.BadParameter("say what to look for: words, --like FILE, or both")
    if as_json:
        print_json({"hits": [{key: getattr(hit, key) for key in HIT_KEYS} for hit in hits]})
    elif like:
        _print_hits(hits, scored=not text)
    else:
        listed = is_listing(text)
        _print_hits(hits, sure=listed or any(hit.score >= SURE for hit in hits), scored=not listed)
    print_note(sounds, space)


@app.command(cls=Verb)
def show(
    ids: Annotated[list[str], typer.Argument(metavar="ID...", help="412 for a sound, 412:7 for a chunk of it.")],
    library: LibraryOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show everything that is known of some sounds."""
    held = open_library(library)
    found = held.sounds(ids)
    if as_json:
        print_json({"sounds": found})
    else:
        for sound in found:
            out.print(tables.sound(sound))
    print_note(held)


@app.command(cls=Verb)
def chat(
    library: LibraryOption = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="0 takes a free one.")] = None,
    host: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Where to listen; others than this machine need a login.")
    ] = None,
    url: Annotated[
        str | None, typer.Option(metavar="URL", help="By which people open it, such as a proxy's: https://…")
    ] = None,
    demo: Annotated[bool, typer.Option("--demo", help="Fill an empty library with synthesised sounds first.")] = False,
    browser: Annotated[bool | None, typer.Option("--browser/--no-browser", help="Open the page in a browser.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Open the chat in a browser: on this machine only, unless there are accounts (earshot user add)."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    from agent.server import serve

    sounds = open_library(library)
    given = {"port": port, "host": host, "url": url}
    told = {name: value for name, value in given.items() if value is not None}
    settings = Settings.model_validate(sounds.settings.model_dump() | told) if told else sounds.settings
    if demo and not sounds.overview()["sounds"]:
        _fill_with_demo(sounds)

    def ready(address: str) -> None:
        err.print(f"[green]Earshot listens at {address}[/green]  (Ctrl-C ends it)")
        if as_json:
            print_json({"url": address})
        if browser or (browser is None and sys.stdout.isatty()):
            typer.launch(address)

    follows = serve(sounds, _agent_factory(sounds, settings), settings, on_ready=ready)
    if follows is not None:
        _start_anew(follows.library, {"port": follows.port, "host": host, "url": url})


@app.command(cls=Verb)
def doctor(
    library: LibraryOption = None,
    fix: Annotated[bool, typer.Option("--fix", help="Mend what can be mended.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Check the program, its settings and the library, and say what to do about each problem."""
    from agent.doctor import examine

    findings = examine(open_library(library), fix=fix)
    if as_json:
        print_json({"checks": [finding.as_dict() for finding in findings]})
    else:
        for finding in findings:
            mark = "[green]ok[/green]  " if finding.ok else "[red]bad[/red] "
            out.print(f"{mark} {tables.shown(finding.name)}: {tables.shown(finding.detail)}")
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


@app.command(cls=Verb)
def demo(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to write the sounds.")],
    library: Annotated[
        Path | None, typer.Option("--library", metavar="DIR", help="Add the sounds to this library at once.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Write some 300 synthesised sounds to try things on."""
    from core.demo import make_demo

    n_files = with_bar(make_demo(folder))
    if library is not None:
        with_bar(open_library(library).ingest([folder]))
    if as_json:
        print_json({"folder": str(folder.absolute()), "files": n_files})
        return
    done = "" if library is not None else f"; add them with: earshot ingest {folder}"
    out.print(escape(f"{n_files} files in {folder}{done}"), soft_wrap=True)


def _start_anew(library: Path, given: dict[str, Any]) -> NoReturn:
    """Puts the chat of another library in the place of this process: what is loaded for the page is loaded once in one.

    `-P`: the working directory says nothing of which program that is.
    """
    verb = ["chat", "--library", str(library), "--no-browser"]
    options = [f"--{name}={value}" for name, value in given.items() if value is not None]
    logging.shutdown()
    os.execv(sys.executable, [sys.executable, "-P", "-c", "from agent.cli import main; main()", *verb, *options])  # noqa: S606


def _agent_factory(sounds: Library, settings: Settings) -> "AgentFactory":
    """Builds the agent when the page is coming up. A model that may not be there is connected with before that."""
    from agent.llm.base import EMBEDDED, chosen_name, connect

    model = None if chosen_name(settings) == EMBEDDED else connect(settings)

    def build(checkpointer: "BaseCheckpointSaver[str]") -> Any:
        from agent.graph import build_agent

        return build_agent(sounds, model or connect(settings), checkpointer)

    return build


def _source(like: str) -> Path | str:
    """What `--like` names. Raises NotFoundError for what is neither a file nor an id."""
    if Path(like).is_file():
        return Path(like)
    if like and not SOUND.fullmatch(like):
        raise NotFoundError(f"{like} is neither a file nor the id of a sound; check the path")
    return like


def _fill_with_demo(library: Library) -> None:
    from core.demo import make_demo

    folder = library.folder.parent / "demo"
    err.print(f"Making demo sounds in {escape(str(folder))} (once)")
    with_bar(make_demo(folder))
    with_bar(library.ingest([folder]))


def _print_report(report: IngestReport, as_json: bool, *, stopped: bool = False) -> None:
    """The sums of an ingest. Of one that was stopped, `found` counts the files that it came to: the sums still hold."""
    if as_json:
        summary = report.as_dict() | ({"found": tables.handled(report)} if stopped else {})
        print_json({key: summary[key] for key in INGEST_KEYS})
        return
    for line in tables.report(report, stopped=stopped):
        out.print(line, soft_wrap=True)


def _print_hits(hits: list[Hit], *, sure: bool = True, scored: bool = True) -> None:
    if hits and not sure:
        out.print("Nothing surely fits. The nearest, perhaps:")
    out.print(tables.hits(hits, scored=scored) if hits else "Nothing found. Try other words, or fewer of them.")


add_ask_verb(app)  # after those above: so they stand in the help
add_group_verbs(app)
add_export_verb(app)
add_event_verb(app)
add_moment_verb(app)
add_separation_verb(app)
add_picture_verbs(app)
add_model_verbs(app)
add_user_verbs(app)
add_mcp_verb(app)


if __name__ == "__main__":
    main()
