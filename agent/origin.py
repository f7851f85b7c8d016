"""What a message of a chat model says of itself: who wrote it, and whether it is whole."""

from langchain_core.messages import AIMessage, BaseMessage

EMBEDDED_MARK = {"model_provider": "earshot"}
CUT_OFF = ("length", "model_length")


def is_embedded(message: BaseMessage) -> bool:
    """Whether the embedded model wrote it, which names nothing but what tools returned."""
    return getattr(message, "response_metadata", {}).get("model_provider") == EMBEDDED_MARK["model_provider"]


def was_cut_off(message: AIMessage) -> bool:
    """Whether an answer ended because the model may not say more at once."""
    return message.response_metadata.get("finish_reason") in CUT_OFF
