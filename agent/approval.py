"""What the person is asked before anything is written, and the stop until they have answered.

Before anything is written outside the library they are asked always; before the library is changed, if nothing that
they wrote asks for it. The witness of that is the embedded model, which reads their words only: whatever a file name or
a caption talks a chat model into, it is put to the person first.

The figures in a question are the library's own, from a dry run; of the model's words it shows only the folder's name.
What was asked is sealed, and a tool does nothing else: a yes to one export is none to another that came meanwhile.
"""

import logging
import re
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, NotRequired

from langchain.agents.middleware import (
    AgentMiddleware,
    AgentState,
    HumanInTheLoopMiddleware,
    InterruptOnConfig,
)
from langchain.agents.middleware.types import PrivateStateAttr
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolCall, ToolMessage
from langchain_core.tools import BaseTool
from langgraph.prebuilt.tool_node import ToolCallRequest
from langgraph.types import Command
from pydantic import BaseModel, ValidationError
from typing_extensions import TypedDict

from agent.context import AgentContext, approved
from agent.llm.embedded.attachments import split_attachments
from agent.llm.embedded.planner import plan
from agent.llm.embedded.quoting import inert, quoted
from agent.llm.embedded.turn import read_turn
from core.attachments import PATTERN as ATTACHMENT
from core.errors import EarshotError
from core.export.records import Plan, Undone, readable_size
from core.export.seals import seal_of_plan, seal_of_undo
from core.library import Library
from tools import CHANGES, WRITES_OUTSIDE
from tools.export import plan_of
from tools.save_subtitles import EDITS, agreement

log = logging.getLogger(__name__)

FIRST_NAMES = 3
LONGEST_PATH = 200
LONGEST_REASON = 400
DONE = {"copy": "Copy", "hard": "Make hard links to", "symbolic": "Make symbolic links to"}
ANYWAY = "Let it try anyway?"
GO_ON = "Shall it?"
UNCLEAR = "Nothing that you wrote asks for it clearly."
EVERY_CHANGE = "You are asked before every change, as you wish."
UNSAID: tuple[Any, ...] = (None, "", [], 0, False)
"""Arguments that say nothing."""
MEANT = {"add": "ingest", "update": "ingest", "cluster": "cluster", "recluster": "cluster", "ears": "ears"}
MEANT |= dict.fromkeys(("rename", "merge", "split", "move", "undo", "assign"), "edit_clusters") | {
    "versions": "versions"
}
"""The tool that an intent asks for, also where the words leave open with what."""


class Question(TypedDict):
    """What the person is asked about a call, in Markdown, and the seal of what it is about; empty where of nothing."""

    text: str
    seal: str


class QuestionState(AgentState[Any]):
    """questions: by the id of the call, those of the last answer."""

    questions: NotRequired[Annotated[dict[str, Question], PrivateStateAttr]]


def approval(tools: Sequence[BaseTool]) -> HumanInTheLoopMiddleware[Any, AgentContext, Any]:
    """Stops before a tool that writes outside the library, or changes it unasked, until the person says yes or no."""

    def describe(tool_call: ToolCall, state: Any, runtime: Any) -> str:  # noqa: ARG001  the middleware's form
        return _of_call(state, tool_call)["text"]

    def has_question(request: ToolCallRequest) -> bool:
        return request.tool_call["id"] in request.state.get("questions", {})

    asked: dict[str, bool | InterruptOnConfig] = {
        tool.name: InterruptOnConfig(allowed_decisions=["approve", "reject"], description=describe)
        for tool in _asked_about(tools)
    }
    asked |= {
        name: InterruptOnConfig(allowed_decisions=["approve", "reject"], description=describe, when=has_question)
        for name in _changing(tools)
    }
    return HumanInTheLoopMiddleware(interrupt_on=asked, interrupt_mode="batched")


class QuestionMiddleware(AgentMiddleware[QuestionState, AgentContext, Any]):
    """Works out once what the person is asked about each call, and tells the tool what they agreed to."""

    state_schema = QuestionState

    def __init__(self, tools: Sequence[BaseTool], library: Library) -> None:
        super().__init__()
        self._library = library
        self._schemas = {tool.name: tool.get_input_schema() for tool in _asked_about(tools)}
        self._changing = _changing(tools)

    def after_model(self, state: QuestionState, runtime: Any) -> dict[str, Any] | None:
        """The questions about the calls of the last answer."""
        last = state["messages"][-1]
        calls = last.tool_calls if isinstance(last, AIMessage) else []
        questions = {
            call["id"] or "": question(self._library, call["name"], self._schemas[call["name"]], call["args"])
            for call in calls
            if call["name"] in self._schemas
        }
        for call in calls:
            if _changes(call, self._changing):
                if _is_unasked(call, state["messages"]):
                    questions[call["id"] or ""] = _of_change(call, UNCLEAR)
                elif runtime.context.asks_always:
                    questions[call["id"] or ""] = _of_change(call, EVERY_CHANGE)
        return {"questions": questions} if questions else None

    def wrap_tool_call(
        self, request: Any, handler: Callable[[Any], ToolMessage | Command[Any]]
    ) -> ToolMessage | Command[Any]:
        """Says for the time of a synchronous tool what was agreed to."""
        self._tell(request)
        return handler(request)

    async def awrap_tool_call(
        self, request: Any, handler: Callable[[Any], Awaitable[ToolMessage | Command[Any]]]
    ) -> ToolMessage | Command[Any]:
        """Says for the time of an asynchronous tool what was agreed to; the thread it runs in inherits it."""
        self._tell(request)
        return await handler(request)

    def _tell(self, request: Any) -> None:
        call = request.tool_call
        approved.set(_of_call(request.state, call)["seal"] if call["name"] in self._schemas else None)


def question(library: Library, name: str, schema: type[BaseModel], args: Mapping[str, Any]) -> Question:
    """What an export, or saving subtitles, would do. name: of the tool.

    The arguments are as the model wrote them; no tool has checked them yet.
    """
    try:
        checked = schema.model_validate(dict(args)).model_dump()
        if name == "save_subtitles":
            return _about_subtitles(library, checked)
        if checked.pop("undo"):
            return _about_undo(library)
        plan = plan_of(library, **checked)
        return Question(text=_of_plan(plan), seal=seal_of_plan(plan))
    except ValidationError:
        why = "what the chat model asked for cannot be read"
    except (EarshotError, OSError) as problem:
        why = inert(problem, LONGEST_REASON)
    except Exception as problem:
        log_id = uuid.uuid4().hex[:8]
        log.error("no question could be made of %s, log id %s", dict(args), log_id, exc_info=problem)
        why = f"the program made a mistake ({type(problem).__name__}, log id {log_id})"
    return Question(text=f"This cannot be done: {why}. {ANYWAY}", seal="")


def _changing(tools: Sequence[BaseTool]) -> dict[str, Sequence[str]]:
    """The tools that change the library, and the arguments that make them do so."""
    return {tool.name: tool.metadata[CHANGES] for tool in tools if tool.metadata and CHANGES in tool.metadata}


def _changes(call: ToolCall, changing: Mapping[str, Sequence[str]]) -> bool:
    """Whether a call changes the library."""
    if call["name"] not in changing:
        return False
    makes_it_change = changing[call["name"]]
    return not makes_it_change or any(call["args"].get(name) for name in makes_it_change)


def _is_unasked(call: ToolCall, messages: Sequence[AnyMessage]) -> bool:
    """Whether the person's last message does not ask for what a call would change."""
    last = max((place for place, each in enumerate(messages) if isinstance(each, HumanMessage)), default=-1)
    said = split_attachments(messages[last].text)[0] if last >= 0 else ""  # the name of a file asks for nothing
    read = plan(read_turn(messages[: last + 1]))
    if call["name"] not in {MEANT.get(read.intent, ""), *(each.name for each in read.calls)}:
        return True
    own = [each.args for each in read.calls if each.name == call["name"]]
    return not all(_is_said(value, name, own, said) for name, value in call["args"].items() if value not in UNSAID)


def _is_said(value: Any, name: str, own: Sequence[Mapping[str, Any]], said: str) -> bool:
    """Whether an argument is what the witness reads too, or stands in the person's words."""
    if any(str(args.get(name)).casefold() == str(value).casefold() for args in own):
        return True
    parts = value if isinstance(value, list) else [value]
    return all(re.search(rf"(?<!\w){re.escape(str(part))}(?!\w)", said, re.IGNORECASE) for part in parts)


def _of_change(call: ToolCall, why: str) -> Question:
    args = ", ".join(f"{inert(name)}: {quoted(str(value))}" for name, value in call["args"].items())
    what = f"{call['name']} ({args})" if args else call["name"]
    return Question(text=f"The chat model wants to run {what}. {why} {GO_ON}", seal="")


def _asked_about(tools: Sequence[BaseTool]) -> list[BaseTool]:
    return [tool for tool in tools if (tool.metadata or {}).get(WRITES_OUTSIDE)]


def _of_call(state: Mapping[str, Any], call: ToolCall) -> Question:
    """The question about a call; one that an older version left open has none, and nothing can be agreed to."""
    unknown = Question(text=f"This cannot be done: what it was about is not known any more. {ANYWAY}", seal="")
    found: Question = state.get("questions", {}).get(call["id"] or "", unknown)
    return found


def _about_subtitles(library: Library, args: dict[str, Any]) -> Question:
    plan, seal = agreement(library, args)
    of = "the attached sound" if ATTACHMENT.fullmatch(args["sound"]) else f"sound {inert(args['sound'])}"
    what = f"the subtitles of {of} as {plan.form}"
    edits = ", as you changed them" if any(args[name] for name in EDITS) else ""
    where = f"a new folder {quoted(plan.folder.name)} under {inert(plan.folder.parent, LONGEST_PATH)}"
    return Question(text=f"Write {what}{edits}, into {where}? It would write {_first(plan.paths)}.", seal=seal)


def _about_undo(library: Library) -> Question:
    manifest = library.exports.last()
    seal = "" if manifest is None else seal_of_undo(manifest)
    return Question(text=_of_undo(library.exports.undo(manifest, dry_run=True)), seal=seal)


def _of_plan(plan: Plan) -> str:
    sounds = _many(plan.sounds, "sound")
    if plan.clustering is not None:
        sounds += f" of {_many(len(plan.clusters), 'group')} of clustering {plan.clustering}"
    size = f" ({readable_size(plan.size_bytes)})" if plan.size_bytes else ""
    if plan.link:
        what = f"{DONE[plan.link]} {sounds}{size if plan.link == 'copy' else ''}"
    else:
        what = f"Write {_many(len(plan.files), f'{plan.form} list')} of {sounds}{size}"
    where = f"a new folder {quoted(plan.folder.name)} under {inert(plan.folder.parent, LONGEST_PATH)}"
    return f"{what} into {where}? It would write {_first(plan.paths)}.{_left_out(plan)}"


def _of_undo(undone: Undone) -> str:
    removed = f"{_many(undone.removed, 'file')} ({readable_size(undone.size_bytes)})"
    text = f"Take back the last export: remove {removed} from {inert(undone.folder, LONGEST_PATH)}?"
    if undone.gone:
        text += f" {_many(undone.gone, 'file')} of it {'is' if undone.gone == 1 else 'are'} gone already."
    if undone.kept:
        first = _first([Path(each.path).name for each in undone.kept])
        text += f" What was changed or added since stays: {first}."
    return text


def _left_out(plan: Plan) -> str:
    if not plan.left_out:
        return ""
    first = _first([Path(each.path).name or f"sound {each.id}" for each in plan.left_out])
    count = len(plan.left_out)
    return f" {_many(count, 'sound')} {'is' if count == 1 else 'are'} left out, gone or changed since heard: {first}."


def _first(names: list[str]) -> str:
    """The first few of some names, and how many more there are."""
    shown = [inert(name) for name in names[:FIRST_NAMES]]
    if len(names) > FIRST_NAMES:
        return f"{', '.join(shown)} and {len(names) - FIRST_NAMES} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
