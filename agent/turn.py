"""One turn of a conversation, for any door: the page, the terminal, a test."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from langchain_core.messages import BaseMessage, HumanMessage

from agent.context import AgentContext
from agent.events import Event, read_part
from agent.grounding.known import known_from
from agent.grounding.stream import Grounded
from core.attachments import Attachment
from tools.base import LONGEST_NAME, quoted

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig

STEPS_PER_TURN = 60  # of the graph; the limit on model calls is reached long before
LONGEST_ENDING = 10


async def take_turn(
    agent: Any,
    thread_id: str,
    text: str,
    attachments: Sequence[Attachment] = (),
    *,
    resume: list[dict[str, Any]] | None = None,
    context: AgentContext | None = None,
) -> AsyncIterator[Event]:
    """What happens when a person says something, or, with `resume`, decides on what the last turn asked.

    resume: one decision per request of `ApprovalAsked`, {"type": "approve"} or {"type": "reject", "message": ...}.
    """
    from langgraph.types import Command  # the page is up before LangGraph is

    config: RunnableConfig = {"configurable": {"thread_id": thread_id}, "recursion_limit": STEPS_PER_TURN}
    message = HumanMessage(with_attachments(text, attachments))
    said: Any = {"messages": [message]} if resume is None else Command(resume={"decisions": resume})
    stream = agent.astream(
        said,
        config,
        context=context or AgentContext(),
        stream_mode=["messages", "updates", "custom"],
        version="v2",
    )
    grounded = Grounded(known_from([*await _messages_so_far(agent, config), message]))
    async for part in stream:
        for event in read_part(part):
            for shown in grounded.take(event):
                yield shown
    for shown in grounded.end():
        yield shown


async def _messages_so_far(agent: Any, config: "RunnableConfig") -> list[BaseMessage]:
    """What the conversation holds before the turn; nothing for an agent without a memory."""
    if agent.checkpointer is None:
        return []
    state = await agent.aget_state(config)
    return list(state.values.get("messages", []))


def with_attachments(text: str, attachments: Sequence[Attachment]) -> str:
    """A message with one line for each attached sound at its end; the model calls it by the id in there."""
    lines = [f"[attached {each.id} {quoted(_short(each.name))}]" for each in attachments]
    return "\n".join([text, *lines])


def _short(name: str) -> str:
    """A file's name within `LONGEST_NAME` letters, its ending kept."""
    if len(name) <= LONGEST_NAME:
        return name
    ending = Path(name).suffix[-LONGEST_ENDING:]
    return f"{name[: LONGEST_NAME - 1 - len(ending)]}…{ending}"
