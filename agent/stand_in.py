"""When the chat model stays away, the embedded one takes the turn and says so.

Only model calls are caught here; a tool that fails is told by the tool. What the person was shown of half an answer
stays, and the stand-in begins a message of its own.
"""

import logging
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from langchain.agents.middleware import AgentMiddleware, ModelRequest, ModelResponse
from langchain_core.language_models import BaseChatModel

from agent.context import AgentContext, notify
from agent.llm.explain import explain

log = logging.getLogger(__name__)

STOOD_IN = (
    "The chat model does not answer: {why}. The embedded one takes this turn; your next message goes to the chat model."
)

Request: TypeAlias = ModelRequest[AgentContext]
Response: TypeAlias = ModelResponse[Any]


class StandInMiddleware(AgentMiddleware[Any, AgentContext, Any]):
    """Gives the rest of a turn to another model when the chat model fails."""

    def __init__(self, stand_in: BaseChatModel) -> None:
        super().__init__()
        self._stand_in = stand_in

    def wrap_model_call(self, request: Request, handler: Callable[[Request], Response]) -> Response:
        """The answer of a synchronous call, by the stand-in if the model fails or has failed in this turn."""
        away = request.runtime.context.stood_in
        if not away.is_set():
            try:
                return handler(request)
            except AssertionError:  # a mistake of ours, and nothing of the model's
                raise
            except Exception as problem:  # every provider has errors of its own
                away.set()
                _tell(problem)
        return handler(request.override(model=self._stand_in))

    async def awrap_model_call(self, request: Request, handler: Callable[[Request], Awaitable[Response]]) -> Response:
        """The same of an asynchronous call."""
        away = request.runtime.context.stood_in
        if not away.is_set():
            try:
                return await handler(request)
            except AssertionError:  # a mistake of ours, and nothing of the model's
                raise
            except Exception as problem:  # every provider has errors of its own
                away.set()
                _tell(problem)
        return await handler(request.override(model=self._stand_in))


def _tell(problem: Exception) -> None:
    why = explain(problem)
    log.warning("the chat model failed (%s): %s", type(problem).__name__, why)
    notify(STOOD_IN.format(why=why))
