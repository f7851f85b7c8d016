"""The agent: model, tools, prompt and middleware, put together. Reads as a table of contents."""

import logging
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from langchain.agents import create_agent
from langchain.agents.middleware import (
    AgentMiddleware,
    HumanInTheLoopMiddleware,
    InterruptOnConfig,
    ModelCallLimitMiddleware,
    ToolErrorMiddleware,
)
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import ToolCall
from langchain_core.tools import BaseTool
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph.state import CompiledStateGraph

from agent.context import AgentContext, report
from agent.llm.embedded.quoting import inert, quoted
from agent.prompts import SYSTEM
from agent.repair import CallNameMiddleware, RepairMiddleware
from core.library import Library
from tools import WRITES_OUTSIDE, build_tools

log = logging.getLogger(__name__)

MODEL_CALLS_PER_TURN = 8


def build_agent(
    library: Library, model: BaseChatModel, checkpointer: BaseCheckpointSaver[str] | None
) -> CompiledStateGraph[Any, AgentContext]:
    """The compiled graph over a library. Without a checkpointer it forgets every turn, and can ask for no approval."""
    tools = build_tools(library, report)
    return create_agent(
        model,
        tools,
        system_prompt=SYSTEM,
        middleware=_middleware(tools, library),
        context_schema=AgentContext,
        checkpointer=checkpointer,
    )


def _middleware(tools: list[BaseTool], library: Library) -> list[AgentMiddleware[Any, AgentContext, Any]]:
    """An answer goes through these from last to first: it is counted, then mended, and only then put to the person."""
    return [
        approval(tools, library),
        RepairMiddleware(),
        ModelCallLimitMiddleware(run_limit=MODEL_CALLS_PER_TURN, exit_behavior="end"),
        ToolErrorMiddleware(_apologise),
        CallNameMiddleware(),
    ]


def approval(tools: list[BaseTool], library: Library) -> HumanInTheLoopMiddleware[Any, AgentContext, Any]:
    """Stops before every tool that writes outside the library, until the person says yes or no."""

    def describe(tool_call: ToolCall, state: Any, runtime: Any) -> str:  # noqa: ARG001  the middleware's form
        return _question(tool_call["args"], library.settings.exports)

    asked: dict[str, bool | InterruptOnConfig] = {
        tool.name: InterruptOnConfig(allowed_decisions=["approve", "reject"], description=describe)
        for tool in tools
        if (tool.metadata or {}).get(WRITES_OUTSIDE)
    }
    return HumanInTheLoopMiddleware(interrupt_on=asked, interrupt_mode="batched")


def _question(args: Mapping[str, Any], exports: Path) -> str:
    """What an export asks for, in full. The arguments are as the model wrote them; no tool has checked them yet."""
    sounds, clustering, name = args.get("sounds") or [], args.get("clustering"), args.get("name")
    n_sounds = len(sounds) if isinstance(sounds, list) else 1
    whole = [] if clustering is None else [f"clustering {inert(clustering)}"]
    some = [f"{n_sounds} sound{'' if n_sounds == 1 else 's'}"] if n_sounds or not whole else []
    folder = f"a new folder {quoted(name)}" if inert(name or "") else "a new folder"
    return f"Copy {' and '.join(some + whole)} into {folder} under {exports}?"


def _apologise(problem: Exception, request: Any) -> str:
    """Our own mistakes: logged whole, told without details. Known problems never come here, the tools answer them."""
    log_id = uuid.uuid4().hex[:8]
    log.error("tool %s failed, log id %s", request.tool_call["name"], log_id, exc_info=problem)
    return f"This tool failed by a mistake of the program ({type(problem).__name__}, log id {log_id}). Do not retry."
