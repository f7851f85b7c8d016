"""What the person is asked before anything is written outside the library, and the stop until they have answered.

The figures in a question are the library's own, from a dry run; of the model's words it shows only the folder's name.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from langchain.agents.middleware import HumanInTheLoopMiddleware, InterruptOnConfig
from langchain_core.messages import ToolCall
from langchain_core.tools import BaseTool
from pydantic import BaseModel, ValidationError

from agent.context import AgentContext
from agent.llm.embedded.quoting import inert, quoted
from core.errors import EarshotError
from core.export.records import Plan, Undone, readable_size
from core.library import Library
from tools import WRITES_OUTSIDE
from tools.export import plan_of

FIRST_NAMES = 3
LONGEST_PATH = 200
LONGEST_REASON = 400
DONE = {"copy": "Copy", "hard": "Make hard links to", "symbolic": "Make symbolic links to"}


def approval(tools: list[BaseTool], library: Library) -> HumanInTheLoopMiddleware[Any, AgentContext, Any]:
    """Stops before every tool that writes outside the library, until the person says yes or no."""
    schemas = {tool.name: tool.get_input_schema() for tool in tools}

    def describe(tool_call: ToolCall, state: Any, runtime: Any) -> str:  # noqa: ARG001  the middleware's form
        return question(library, schemas[tool_call["name"]], tool_call["args"])

    asked: dict[str, bool | InterruptOnConfig] = {
        tool.name: InterruptOnConfig(allowed_decisions=["approve", "reject"], description=describe)
        for tool in tools
        if (tool.metadata or {}).get(WRITES_OUTSIDE)
    }
    return HumanInTheLoopMiddleware(interrupt_on=asked, interrupt_mode="batched")


def question(library: Library, schema: type[BaseModel], args: Mapping[str, Any]) -> str:
    """What an export would do, in Markdown. The arguments are as the model wrote them; no tool has checked them yet."""
    try:
        checked = schema.model_validate(dict(args)).model_dump()
        if checked.pop("undo"):
            return _of_undo(library.exports.undo(dry_run=True))
        return _of_plan(plan_of(library, **checked))
    except ValidationError:
        return "This cannot be done: what the chat model asked for cannot be read. Let it try anyway?"
    except (EarshotError, OSError) as problem:
        return f"This cannot be done: {inert(problem, LONGEST_REASON)}. Let it try anyway?"


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
