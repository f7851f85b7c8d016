"""The order of messages that Mistral's servers accept; they refuse any other, and the thread with it.

Rules as observed by users of the API: one system message first; no empty assistant; no user right after a tool; users
in a row are one; the last message is a user's or a tool's; arguments of a call are a JSON object.
"""

from collections.abc import Sequence

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage

INTERRUPTED = "(The turn ended here.)"
NOTHING_SAID = "Go on."


def accepted(messages: Sequence[BaseMessage]) -> list[BaseMessage]:
    """The same conversation in an order that is accepted. Calls are expected to have their answers already."""
    system = "\n\n".join(message.text for message in messages if isinstance(message, SystemMessage))
    ordered: list[BaseMessage] = [SystemMessage(system)] if system else []
    for message in messages:
        if isinstance(message, AIMessage):
            ordered += [_with_readable_calls(message)] if _says_something(message) else []
        elif isinstance(message, HumanMessage):
            _add_user(ordered, message)
        elif isinstance(message, ToolMessage):
            ordered.append(message)
    while ordered and isinstance(ordered[-1], AIMessage):
        ordered.pop()
    if not ordered or isinstance(ordered[-1], SystemMessage):
        ordered.append(HumanMessage(NOTHING_SAID))
    return ordered


def _says_something(message: AIMessage) -> bool:
    return bool(message.text.strip() or message.tool_calls or message.invalid_tool_calls)


def _add_user(ordered: list[BaseMessage], message: HumanMessage) -> None:
    last = ordered[-1] if ordered else None
    if isinstance(last, HumanMessage):
        ordered[-1] = HumanMessage(f"{last.text}\n\n{message.text}")
        return
    if isinstance(last, ToolMessage):
        ordered.append(AIMessage(INTERRUPTED))
    ordered.append(message if message.text.strip() else HumanMessage(NOTHING_SAID))


def _with_readable_calls(message: AIMessage) -> AIMessage:
    """A call that could not be read has been answered by an error; here it stands without its arguments."""
    if not message.invalid_tool_calls:
        return message
    unread = [
        {"name": call["name"] or "unknown", "args": {}, "id": call["id"], "type": "tool_call"}
        for call in message.invalid_tool_calls
    ]
    return AIMessage(message.text, tool_calls=[*message.tool_calls, *unread])
