"""What a conversation waits for: the questions that are open in it, and what a person's words answer to them.

Read from the agent's memory, so a question is still open after a restart. Knows no page and no terminal.
"""

import re
from dataclasses import dataclass
from typing import Any

YES = frozenset(
    "yes|y|yeah|yep|yup|ok|okay|sure|approve|approved|confirm|confirmed|go ahead|do it|do that|go for it|yes go ahead"
    "|yes do it|yes do that|do|of course|ja|mach das|oui|sí|si".split("|")
)
NO = frozenset(
    "no|n|nope|nah|not now|no not now|not yet|don't|dont|do not|don't do it|do not do it|stop|cancel|reject|rejected"
    "|never mind|nevermind|nein|non".split("|")
)
POLITE = re.compile(r"\b(?:please|thanks|thank you|bitte|danke|merci)\b")
SAID_NO = "The person said no. Do not try again unless they ask for it."


@dataclass(frozen=True, slots=True)
class Pending:
    """An open question: its id, and for each call the words it is asked in."""

    id: str
    questions: list[str]


async def pending(agent: Any, thread_id: str) -> Pending | None:
    """What the last turn of a conversation asked and nobody has answered; None if nothing is open."""
    state = await agent.aget_state({"configurable": {"thread_id": thread_id}})
    for asked in state.interrupts:
        requests = asked.value["action_requests"]
        return Pending(asked.id, [str(each.get("description") or f"Run {each['name']}?") for each in requests])
    return None


def decisions(answers: list[bool]) -> list[dict[str, Any]]:
    """What a turn is resumed with, one decision for each call that was asked about."""
    return [{"type": "approve"} if yes else {"type": "reject", "message": SAID_NO} for yes in answers]


def spoken(text: str) -> bool | None:
    """Whether a message says yes or no to what was asked; None if it says something else."""
    said = POLITE.sub(" ", text.casefold().replace("’", "'"))
    said = " ".join(re.sub(r"[^\w' ]+", " ", said).split())
    if said in YES:
        return True
    return False if said in NO else None
