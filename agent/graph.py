"""The agent: model, tools, prompt and middleware, put together. Reads as a table of contents."""

import logging
import uuid
from typing import Any

from langchain.agents import create_agent
from langchain.agents.middleware import (
    HumanInTheLoopMiddleware,
    InterruptOnConfig,
    ModelCallLimitMiddleware,
    ToolErrorMiddleware,
)
from langchain_core.language_models import BaseChatModel
from langchain_core.tools import BaseTool
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph.state import CompiledStateGraph

from agent.context import AgentContext, report
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
        middleware=[
            ModelCallLimitMiddleware(run_limit=MODEL_CALLS_PER_TURN, exit_behavior="end"),
            RepairMiddleware(),
            approval(tools, library),
            ToolErrorMiddleware(_apologise),
            CallNameMiddleware(),
        ],
        context_schema=AgentContext,
        checkpointer=checkpointer,
    )


def approval(tools: list[BaseTool], library: Library) -> HumanInTheLoopMiddleware:
    """Stops before every tool that writes outside the library, until the person says yes or no."""

    def describe(call: Any, *_: Any) -> str:
        args = call["args"]
        what = (
            f"clustering {args['clustering']}" if args.get("clustering") else f"{len(args.get('sounds') or [])} sounds"
        )
        return f"Copy {what} into a new folder under {library.settings.exports}?"

    asked = {
        tool.name: InterruptOnConfig(allowed_decisions=["approve", "reject"], description=describe)
        for tool in tools
        if (tool.metadata or {}).get(WRITES_OUTSIDE)
    }
    return HumanInTheLoopMiddleware(interrupt_on=asked, interrupt_mode="batched")


def _apologise(problem: Exception, request: Any) -> str:
    """Our own mistakes: logged whole, told without details. Known problems never come here, the tools answer them."""
    log_id = uuid.uuid4().hex[:8]
    log.error("tool %s failed, log id %s", request.tool_call["name"], log_id, exc_info=problem)
    return f"This tool failed by a mistake of the program ({type(problem).__name__}, log id {log_id}). Do not retry."
