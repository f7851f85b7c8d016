"""The command that talks in the terminal: one message, or one after the other."""

import asyncio
import json
import shlex
import sys
from collections.abc import Callable
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from agent.terminal import (
    JsonOption,
    LibraryOption,
    Verb,
    drawn_bar,
    err,
    open_library,
    out,
    print_json,
)
from core.errors import AudioError, EarshotError
from core.library import Library
from core.records import Progress

if TYPE_CHECKING:
    from agent.ask import Answer, Conversation
    from agent.events import Event

HELP = """Ask in your own words. /attach FILE adds a sound to the next message, /new begins a new thread, /quit ends.
Ctrl-C stops an answer."""


def add_ask_verb(app: typer.Typer) -> None:
    """Adds the command of this module to the command line."""
    app.command(cls=Verb)(ask)


def ask(
    text: Annotated[str, typer.Argument(help="What you would say in the chat; - reads it from standard input.")] = "",
    library: LibraryOption = None,
    attach: Annotated[list[Path] | None, typer.Option(metavar="FILE", help="A sound to ask about.")] = None,
    thread: Annotated[str | None, typer.Option(metavar="ID", help="Go on with an earlier conversation.")] = None,
    model: Annotated[
        str | None, typer.Option(metavar="NAME", help="The chat model, as provider:model; embedded needs none.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Talk in the terminal: one message, or, without TEXT, one after the other."""
    held = open_library(library)
    if model is not None:
        held = Library(held.folder, held.settings.model_copy(update={"model": model}))
    if text == "-":
        text = sys.stdin.read().strip()
    if not text and (as_json or not sys.stdin.isatty()):
        raise typer.BadParameter("say what to ask, or run it in a terminal to talk", param_hint="TEXT")
    talk = Talk(held, thread)
    with talk:
        if not text:
            talk.loop(attach or [])
            return
        answer = talk.say(text, attach or [], None if as_json else _approve, quiet=as_json)
    if as_json:
        print_json({"answer": answer.text, "tool_calls": answer.tool_calls, "sounds": answer.sounds})
    else:
        err.print(f'[dim]go on with: earshot ask --thread {answer.thread} "..."[/dim]')


class Talk:
    """A conversation and the loop that it runs in. A turn that is interrupted leaves both as they were."""

    def __init__(self, library: Library, thread: str | None) -> None:
        self._library = library
        self._thread = thread
        self._runner = asyncio.Runner()
        self._open = AsyncExitStack()
        self._conversation: Conversation | None = None

    def __enter__(self) -> "Talk":
        from agent.ask import conversation  # LangGraph takes a second to import; the other verbs should not wait for it

        self._runner.__enter__()
        try:
            self._conversation = self._runner.run(
                self._open.enter_async_context(conversation(self._library, self._thread))
            )
        except BaseException:
            self._runner.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._runner.run(self._open.aclose())
        self._runner.close()

    def say(
        self,
        text: str,
        attachments: list[Path],
        approve: Callable[[dict[str, Any]], bool] | None,
        *,
        quiet: bool = False,
    ) -> "Answer":
        """The answer to a message, written as it comes unless it shall be quiet."""
        assert self._conversation is not None, "inside of `with`"
        with ExitStack() as closing:
            printer = None if quiet else closing.enter_context(Printer())
            watch = (lambda _: None) if printer is None else printer.show
            answer = self._runner.run(self._conversation.say(text, attachments, watch))
            while answer.asked:  # outside of the loop, which Ctrl-C at the question shall not end
                decisions = [approve is not None and approve(request) for request in answer.asked]
                answer = self._runner.run(self._conversation.decide(answer, decisions, watch))
            return answer

    def loop(self, attachments: list[Path]) -> None:
        """One message after the other, until the person has had enough."""
        from agent.ask import new_thread

        assert self._conversation is not None, "inside of `with`"
        _remember_lines()
        err.print(f"[dim]{HELP}[/dim]")
        waiting = list(attachments)
        while (said := _read_line(waiting)) is not None:
            word, _, rest = said.partition(" ")
            if word == "/quit":
                return
            if word == "/new":
                self._conversation.thread = new_thread()
                err.print(f"[dim]A new thread: {self._conversation.thread}[/dim]")
            elif word == "/attach":
                waiting += _files(rest)
            elif word.startswith("/"):
                err.print(f"[dim]{HELP}[/dim]")
            elif said:
                waiting = [] if self._say_in_loop(said, waiting) else waiting

    def _say_in_loop(self, said: str, attachments: list[Path]) -> bool:
        """Whether it was answered; what was attached to it else waits for the next message."""
        try:
            self.say(said, attachments, _approve)
        except KeyboardInterrupt:
            err.print("Stopped. What was finished is kept.")
        except EarshotError as problem:
            _tell(str(problem))
            return isinstance(problem, AudioError)  # a file that holds no sound would fail again
        else:
            return True
        return False


class Printer:
    """Writes the events of a turn: text as it comes, the calls of tools dimmed, a bar for what takes long."""

    def __init__(self) -> None:
        self._bar = ExitStack()
        self._report: Callable[[Progress], None] | None = None
        self._called: set[str] = set()
        self._message_id: str | None = None

    def __enter__(self) -> "Printer":
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()
        if self._message_id is not None:
            out.print()

    def show(self, event: "Event") -> None:
        """Writes one event."""
        from agent.events import Notice, TextDelta, ToolFinished, ToolProgress, ToolStarted

        match event:
            case TextDelta():
                self._write(event.message_id, event.text)
            case ToolStarted() if event.call_id not in self._called:
                self._called.add(event.call_id)
                err.print(f"[dim]{event.name} {escape(json.dumps(event.args, ensure_ascii=False))}[/dim]")
            case ToolProgress():
                if self._report is None:
                    self._report = self._bar.enter_context(drawn_bar())
                self._report(Progress(event.done, event.total, event.label))
            case ToolFinished():
                self._report = None
                self._bar.close()
            case Notice():
                self._write("", event.text)

    def _write(self, message_id: str, text: str) -> None:
        if self._message_id is not None and message_id != self._message_id:
            out.print("\n")
        self._message_id = message_id
        out.print(_printable(text), end="", markup=False, highlight=False, soft_wrap=True)


def _approve(request: dict[str, Any]) -> bool:
    """What the person says to a question; Ctrl-C and Ctrl-D are a no."""
    if not sys.stdin.isatty():
        return False
    try:
        return typer.confirm(_printable(request["description"]), default=False, err=True)
    except typer.Abort:
        err.print()
        return False


def _printable(text: str) -> str:
    """Text without the signs by which a file's name could steer the terminal."""
    return "".join(sign for sign in text if sign.isprintable() or sign in "\n\t")


def _remember_lines() -> None:
    """Arrow keys bring earlier lines back, where Python was built with that."""
    try:
        import readline
    except ImportError:
        return
    readline.set_auto_history(True)


def _read_line(waiting: list[Path]) -> str | None:
    """What the person types; None when they leave."""
    attached = f" [{', '.join(path.name for path in waiting)}]" if waiting else ""
    while True:
        try:
            return input(f"{attached}> ".lstrip()).strip()
        except EOFError:
            return None
        except KeyboardInterrupt:
            err.print("\n[dim]/quit, or Ctrl-D, ends.[/dim]")


def _files(said: str) -> list[Path]:
    """The files that a line names; those that are not there are told."""
    found = []
    try:
        names = [said] if Path(said).expanduser().is_file() else shlex.split(said) or [""]
    except ValueError:  # a quotation mark alone
        names = [said]
    for name in names:
        path = Path(name).expanduser()
        if path.is_file():
            found.append(path)
        else:
            _tell(f"{name or 'nothing'} is no file; write /attach FILE")
    return found


def _tell(sentence: str) -> None:
    err.print(f"[red]earshot:[/red] {escape(sentence)}", soft_wrap=True)
