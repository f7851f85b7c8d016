"""Runs conversations with a chat model over a real library, and scores each turn.

A turn is right in its tool if one that was wanted was called and none that was not wanted changed anything; right in
its arguments if they are as wanted; grounded if the model itself named nothing that no tool had returned, whatever the
program's own checker made of it. A turn that ends in an exception is right in nothing, and the next one follows.
"""

import asyncio
import logging
import re
import time
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from langchain_core.language_models import BaseChatModel
from langgraph.checkpoint.memory import InMemorySaver

from agent.events import ApprovalAsked, Event, Notice, TextDelta, ToolFinished, ToolStarted
from agent.graph import build_agent
from agent.turn import take_turn
from core.library import Library
from tests.evals.claims import Returned, invented
from tests.evals.listening import Heard, Listener
from tests.evals.matching import args_fit
from tests.evals.scoring import Score
from tests.evals.stage import Stage
from tools import CHANGES, WRITES_OUTSIDE, build_tools

FOLDER = Path(__file__).parent
SETS = {
    "seen": FOLDER / "conversations.toml",
    "held-out": FOLDER / "held_out.toml",
    "unseen": FOLDER / "unseen.toml",
    "fourth": FOLDER / "fourth.toml",
    "fifth": FOLDER / "fifth.toml",
    "sixth": FOLDER / "sixth.toml",
    "seventh": FOLDER / "seventh.toml",
    "eighth": FOLDER / "eighth.toml",
    "ninth": FOLDER / "ninth.toml",
    "tenth": FOLDER / "tenth.toml",
    "eleventh": FOLDER / "eleventh.toml",
    "twelfth": FOLDER / "twelfth.toml",
    "thirteenth": FOLDER / "thirteenth.toml",
    "fourteenth": FOLDER / "fourteenth.toml",
    "fifteenth": FOLDER / "fifteenth.toml",
    "sixteenth": FOLDER / "sixteenth.toml",
    "seventeenth": FOLDER / "seventeenth.toml",
    "eighteenth": FOLDER / "eighteenth.toml",
    "nineteenth": FOLDER / "nineteenth.toml",
    "twentieth": FOLDER / "twentieth.toml",
    "twentyfirst": FOLDER / "twentyfirst.toml",
    "twentysecond": FOLDER / "twentysecond.toml",
    "twentythird": FOLDER / "twentythird.toml",
    "twentyfourth": FOLDER / "twentyfourth.toml",
    "twentyfifth": FOLDER / "twentyfifth.toml",
    "twentysixth": FOLDER / "twentysixth.toml",
    "twentyseventh": FOLDER / "twentyseventh.toml",
    "twentyeighth": FOLDER / "twentyeighth.toml",
}
LONGEST_TURN_S = 300.0

log = logging.getLogger(__name__)


def conversations(name: str = "seen") -> list[dict[str, Any]]:
    """A set of conversations, as they are written down."""
    return list(tomllib.loads(SETS[name].read_text(encoding="utf-8"))["conversation"])


async def evaluate(
    made: Path,
    model: BaseChatModel,
    scratch: Path,
    chosen: Sequence[Mapping[str, Any]],
    longest_turn_s: float = LONGEST_TURN_S,
) -> list[Score]:
    """The scores of all turns, each conversation with a library as it was made (`make_library`) in a folder."""
    stage, listener = Stage(made, scratch), Listener()
    heard = model.model_copy(update={"callbacks": [listener]})
    agents: dict[int, _Table] = {}
    scores: list[Score] = []
    writing: set[str] = set()
    for number, conversation in enumerate(chosen):
        library = stage.library(conversation)
        writing = writing or _writing(library)
        if id(library) not in agents:
            agents = {id(library): _Table(library, heard, listener, writing)}  # the one before is not needed again
        talk = _Talk(agents[id(library)], stage.sounds, str(number), longest_turn_s)
        scores += [await talk.score(conversation["kind"], turn) for turn in conversation["turns"]]
        if talk.wrote:
            stage.changed(library)
            agents = {}
    return scores


class _Table:
    """A library and the agent over it, for any number of conversations. writing: tools that may change something."""

    def __init__(self, library: Library, model: BaseChatModel, listener: Listener, writing: set[str]) -> None:
        self.library, self.listener, self.writing = library, listener, writing
        self.agent = build_agent(library, model, InMemorySaver())


def _writing(library: Library) -> set[str]:
    """The names of the tools that may change something."""
    return {
        tool.name for tool in build_tools(library) if tool.metadata and {CHANGES, WRITES_OUTSIDE} & set(tool.metadata)
    }


class _Talk:
    """One conversation as it goes on. wrote: whether a tool was called that may have changed the library."""

    def __init__(self, table: _Table, sounds: Path, thread: str, longest_turn_s: float) -> None:
        self._table, self._sounds, self._thread = table, sounds, thread
        self._longest_turn_s = longest_turn_s
        self._returned = Returned()
        self.wrote = False

    async def score(self, kind: str, turn: Mapping[str, Any]) -> Score:
        """Takes the next turn and scores it."""
        text = turn["say"].format(sounds=self._sounds)
        listed = list(self._returned.listed)
        self._returned.hear_person(text)
        self._table.listener.begin()
        events: list[Event] = []
        began, trouble = time.perf_counter(), ""
        try:
            async with asyncio.timeout(self._longest_turn_s):
                await self._take(turn, text, events)
        except Exception as problem:  # whatever it is, it is the turn's, and the next one is asked
            log.warning("the turn %r failed", turn["say"], exc_info=problem)
            trouble = f"{type(problem).__name__}: {problem}"
        seconds = time.perf_counter() - began
        self._hear(events)
        made_up = [name for said in self._table.listener.heard.answers for name in invented(said, self._returned)]
        right = _judged(turn, events, listed, self._table.writing)
        return _scored(kind, turn, events, right, made_up, self._table.listener.heard, seconds, trouble)

    async def _take(self, turn: Mapping[str, Any], text: str, events: list[Event]) -> None:
        library, attached = self._table.library, []
        if "attach" in turn:
            path = self._sounds / turn["attach"] / f"{turn['attach']}_1.wav"
            attached = [library.attach(path, path.name)]
            self._returned.hear_person(path.name)
        resume = None
        while True:
            asked: list[dict[str, Any]] = []
            async for event in take_turn(self._table.agent, self._thread, text, attached, resume=resume):
                events.append(event)
                if isinstance(event, ApprovalAsked):
                    asked += event.requests
            if not asked:
                return
            yes = bool(turn.get("yes"))
            resume = [{"type": "approve"} if yes else {"type": "reject", "message": "no"} for _ in asked]

    def _hear(self, events: Sequence[Event]) -> None:
        for event in events:
            if isinstance(event, ToolFinished):
                self._returned.hear_tool(event.artifact)
                self.wrote = self.wrote or event.name in self._table.writing
            elif isinstance(event, ToolStarted):
                self.wrote = self.wrote or event.name in self._table.writing


def _judged(
    turn: Mapping[str, Any], events: Sequence[Event], listed: Sequence[int], writing: set[str]
) -> tuple[bool, bool]:
    """Whether tool and arguments are right."""
    calls, wanted = _calls(events), set(turn["tool"].split("|"))
    named = {name for name, _ in calls}
    tool = bool(named & wanted) or ("none" in wanted and not named)
    tool = tool and not (named - wanted) & writing
    fitting = [args for name, args in calls if name in wanted]
    return tool, tool and (not fitting or args_fit(turn.get("args", {}), fitting, listed))


def _calls(events: Sequence[Event]) -> list[tuple[str, dict[str, Any]]]:
    """Each call once; one that was approved is told twice."""
    started = {event.call_id: (event.name, event.args) for event in events if isinstance(event, ToolStarted)}
    return list(started.values())


def _scored(
    kind: str,
    turn: Mapping[str, Any],
    events: Sequence[Event],
    right: tuple[bool, bool],
    made_up: list[str],
    heard: Heard,
    seconds: float,
    trouble: str,
) -> Score:
    text = "".join(event.text for event in events if isinstance(event, TextDelta | Notice))
    fine = not trouble
    return Score(
        kind=kind,
        said=turn["say"],
        tool=fine and right[0],
        args=fine and right[1],
        grounded=fine and not made_up,
        answer=fine and bool(text.strip()) and re.search(turn.get("answer", ""), text) is not None,
        seconds=seconds,
        tokens_in=heard.tokens_in,
        tokens_out=heard.tokens_out,
        called=_calls(events),
        text=text,
        invented=made_up,
        trouble=trouble,
    )
