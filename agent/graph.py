"""The agent: model, tools, prompt and middleware, put together. Reads as a table of contents."""

import logging
import uuid
from typing import Any

from langchain.agents import create_agent
from langchain.agents.middleware import (
    AgentMiddleware,
    ModelCallLimitMiddleware,
    ToolErrorMiddleware,
)
from langchain_core.language_models import BaseChatModel
from langchain_core.tools import BaseTool
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph.state import CompiledStateGraph

from agent.approval import QuestionMiddleware, approval
from agent.context import AgentContext, approved, report
from agent.grounding.middleware import GroundingMiddleware
from agent.llm.base import namer_of
from agent.llm.embedded import EmbeddedChatModel
from agent.prompts import SYSTEM
from agent.repair import CallNameMiddleware, RepairMiddleware
from agent.stand_in import StandInMiddleware
from core.library import Library
from tools import build_tools

log = logging.getLogger(__name__)

MODEL_CALLS_PER_TURN = 8


def build_agent(
    library: Library, model: BaseChatModel, checkpointer: BaseCheckpointSaver[str] | None
) -> CompiledStateGraph[Any, AgentContext]:
    """The compiled graph over a library. Without a checkpointer it forgets every turn, and can ask for no approval."""
    tools = build_tools(library, report, namer_of(model, library.settings), approved.get)
    return create_agent(
        model,
        tools,
        system_prompt=SYSTEM,
        middleware=[*_middleware(tools, library), *_standing_in_for(model)],
        context_schema=AgentContext,
        checkpointer=checkpointer,
    )


def _middleware(tools: list[BaseTool], library: Library) -> list[AgentMiddleware[Any, AgentContext, Any]]:
    """An answer goes through these from last to first: it is counted, then mended, and only then put to the person.

    What the person is asked is worked out in a step of its own, so that it is kept until they have answered.
    """
    return [
        approval(tools),
        QuestionMiddleware(tools, library),
        RepairMiddleware(),
        GroundingMiddleware(),
        ModelCallLimitMiddleware(run_limit=MODEL_CALLS_PER_TURN, exit_behavior="end"),
        ToolErrorMiddleware(_apologise),
        CallNameMiddleware(),
    ]


def _standing_in_for(model: BaseChatModel) -> list[AgentMiddleware[Any, AgentContext, Any]]:
    """Nearest to the model, so that what the stand-in says is mended like what the model says."""
    return [] if isinstance(model, EmbeddedChatModel) else [StandInMiddleware(EmbeddedChatModel())]


def _apologise(problem: Exception, request: Any) -> str:
    """Our own mistakes: logged whole, told without details. Known problems never come here, the tools answer them."""
    log_id = uuid.uuid4().hex[:8]
    log.error("tool %s failed, log id %s", request.tool_call["name"], log_id, exc_info=problem)
    return f"This tool failed by a mistake of the program ({type(problem).__name__}, log id {log_id}). Do not retry."
