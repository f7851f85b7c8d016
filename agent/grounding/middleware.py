"""Keeps what was invented out of the memory of a conversation as well: the model shall not believe itself later."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, TypeAlias

from langchain.agents.middleware import AgentMiddleware, ModelRequest, ModelResponse
from langchain_core.messages import AIMessage

from agent.context import AgentContext
from agent.grounding.checking import checked
from agent.grounding.known import Known, known_from
from agent.origin import is_embedded

Request: TypeAlias = ModelRequest[AgentContext]
Response: TypeAlias = ModelResponse[Any]


class GroundingMiddleware(AgentMiddleware[Any, AgentContext, Any]):
    """Mends every answer of a chat model before it is kept, in the same way as the stream of it was mended."""

    def wrap_model_call(self, request: Request, handler: Callable[[Request], Response]) -> Response:
        """Mends what a synchronous call answers."""
        return _mended(handler(request), known_from(request.messages))

    async def awrap_model_call(self, request: Request, handler: Callable[[Request], Awaitable[Response]]) -> Response:
        """Mends what an asynchronous call answers."""
        return _mended(await handler(request), known_from(request.messages))


def _mended(response: Response, known: Known) -> Response:
    return replace(response, result=[_mend(message, known) for message in response.result])


def _mend(message: Any, known: Known) -> Any:
    if not isinstance(message, AIMessage) or is_embedded(message) or not message.text:
        return message
    kept = checked(message.text, known)
    return message.model_copy(update={"content": kept.text}) if kept.text != message.text else message
