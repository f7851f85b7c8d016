"""What a turn carries beside its messages: live handles that are never written to a checkpoint."""

import threading
from contextvars import ContextVar
from dataclasses import dataclass, field

from core.errors import CancelledError
from core.records import Progress

current_call: ContextVar[str] = ContextVar("current_call", default="")
"""The id of the tool call that runs in this thread or task."""

approved: ContextVar[str | None] = ContextVar("approved", default=None)
"""The seal of what the person agreed to before that call; None where nobody has to be asked."""


@dataclass(frozen=True, slots=True)
class AgentContext:
    """Handed to the graph on every turn. Setting `cancelled` ends a long tool after the file it is at.

    stood_in: set when the embedded chat model answers what is left of the turn, as the chosen one failed, or all of it,
    as the person wants that. asks_always: whether the person is asked before every change, also one they asked for.
    """

    cancelled: threading.Event = field(default_factory=threading.Event)
    stood_in: threading.Event = field(default_factory=threading.Event)
    asks_always: bool = False


def notify(text: str) -> None:
    """Tells the person in this turn something that the program itself has to say."""
    from langgraph.config import get_stream_writer  # the page is up before LangGraph is

    get_stream_writer()({"notice": text})


def report(progress: Progress) -> None:
    """Tells the turn in this context how far its tool is. Raises CancelledError if the person pressed Stop."""
    from langgraph.config import get_stream_writer
    from langgraph.runtime import get_runtime

    if get_runtime(AgentContext).context.cancelled.is_set():
        raise CancelledError(f"stopped after {progress.done} of {progress.total}; what was finished is kept")
    get_stream_writer()({"call_id": current_call.get(), **progress.as_dict()})
