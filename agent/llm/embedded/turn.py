"""The person's last message, read together with what the conversation has shown by then."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage

from agent.llm.embedded.attachments import Attached, split_attachments
from agent.llm.embedded.background import without_background
from agent.llm.embedded.intents import vocabulary
from agent.llm.embedded.memory import Memory, remember
from agent.llm.embedded.slots import Slots, read_slots
from agent.llm.embedded.translating import in_english
from agent.llm.embedded.wants import said_often
from agent.llm.embedded.wording import Wording, read_wording
from core.words import shipped_vectors

ASKED = "earshot_asked"
"""Key in an answer's `additional_kwargs`: which intent the question back was about."""

_DECIMAL = re.compile(r"(?<![\d,.])(\d+),(\d{1,3})(?= ?(?:s|sek\w*|sec\w*|m|min\w*)\b)")  # "0,6 s"
_BARE_POINT = re.compile(r"(?<![\w.,/\\])\.(?=\d+ ?(?:s|secs?|seconds?|sek\w*|min\w*)\b)")  # ".4 s"
_MOST_READ = 1000  # letters of a message; what comes after them is no command


@dataclass
class Turn:
    """The person's last message, read.

    text: what the message asks, in English as far as it can be; said: as it was written, but for slips in words that
    frame it and without what it only tells of the person.
    asked: the intent that a question back was about, if this message follows one; before: what had been said then.
    told: all that has been answered so far.
    results: what tools have answered to it so far. answers: those of them that answer the latest calls.
    """

    text: str
    attached: list[Attached]
    wording: Wording
    slots: Slots
    memory: Memory
    said: str = ""
    asked: str = ""
    before: str = ""
    told: str = ""
    results: list[ToolMessage] = field(default_factory=list)
    answers: list[ToolMessage] = field(default_factory=list)

    def says(self, pattern: str) -> bool:
        """Whether the words hold one of these."""
        return re.search(rf"\b(?:{pattern})\b", self.wording.words) is not None


def read_turn(messages: Sequence[BaseMessage]) -> Turn:
    """The last message of the person, with what the conversation has shown by now."""
    last = max((place for place, message in enumerate(messages) if isinstance(message, HumanMessage)), default=-1)
    latest = max((place for place, message in enumerate(messages) if isinstance(message, AIMessage)), default=-1)
    text, attached = split_attachments(messages[last].text if last >= 0 else "")
    earlier = messages[: max(last, 0)]
    asked, before = _question(earlier)
    turn = _read(text if asked else without_background(text[:_MOST_READ]), attached, remember(messages))
    turn.asked, turn.before = asked, before
    turn.told = "\n".join(message.text for message in earlier if isinstance(message, AIMessage))
    turn.results = [message for message in messages[last + 1 :] if isinstance(message, ToolMessage)]
    turn.answers = [message for message in messages[max(last, latest) + 1 :] if isinstance(message, ToolMessage)]
    return turn


def completed(turn: Turn) -> Turn:
    """A message that answers a question back, read as the end of the sentence that the question was about."""
    whole = _read(f"{turn.before}, {turn.text}", turn.attached, turn.memory)
    whole.results, whole.answers, whole.told = turn.results, turn.answers, turn.told
    return whole


def _read(text: str, attached: list[Attached], memory: Memory) -> Turn:
    said = _BARE_POINT.sub("0.", _DECIMAL.sub(r"\1.\2", text[:_MOST_READ]))
    text = in_english(said)
    wording = read_wording(text, memory.names, vocabulary())
    for word, slip in wording.slips.items():
        if word in said_often() and slip not in said_often() and slip not in shipped_vectors().rows:
            said = re.sub(rf"(?<![\w/\\.]){re.escape(slip)}(?![\w/\\])", word, said)
    slots = read_slots(wording)
    return Turn(text, attached, wording, slots, memory, said)


def _question(earlier: Sequence[BaseMessage]) -> tuple[str, str]:
    """Which intent was asked back about just before, and the person's words that led to it."""
    last = earlier[-1] if earlier else None
    asked = str(last.additional_kwargs.get(ASKED, "")) if isinstance(last, AIMessage) else ""
    said = [message.text for message in earlier if isinstance(message, HumanMessage)]
    return asked, split_attachments(said[-1])[0] if said else ""
