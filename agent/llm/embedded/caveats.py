"""What must be said beside an answer: where less was done than was asked for."""

import re

from agent.llm.embedded import replies
from agent.llm.embedded.content import beside
from agent.llm.embedded.intents import vocabulary
from agent.llm.embedded.lists import lexicon
from agent.llm.embedded.searching import MOST_AT_ONCE, MOST_HITS
from agent.llm.embedded.turn import Turn


def caveat(turn: Turn) -> str:
    """A sentence to put before the answer to a search, or nothing."""
    if not {result.name for result in turn.answers} & {"search_by_text", "search_by_audio"}:
        return ""
    if any(result.status == "error" for result in turn.answers):
        return ""
    if len(turn.attached) > MOST_AT_ONCE:
        return f"I compared the first {MOST_AT_ONCE} of the {len(turn.attached)} attached sounds."
    if is_foreign(turn):
        return "" if replies.ENGLISH_ONLY in turn.told else replies.ENGLISH_ONLY
    if turn.slots.start_s is not None and beside(turn.wording, vocabulary()).text:
        return replies.PART_WITHOUT_WORDS
    if turn.says("how many|count") and not beside(turn.wording, vocabulary()).text:
        return _of_count(turn)
    said = [each["says"] for each in lexicon()["caveat"] if re.search(each["pattern"], turn.wording.words)]
    return str(said[0]) if said else ""


def _of_count(turn: Turn) -> str:
    """A list that is full may have been cut off; a shorter one is all there is."""
    hits = [hit for result in turn.answers for hit in (result.artifact or {}).get("hits", [])]
    return replies.MORE_MAY_BE if len(hits) >= MOST_HITS else ""


def is_foreign(turn: Turn) -> bool:
    """Whether a message that names nothing else is in another language than English, by its small words or its script.

    A word that is also English or a name ("die", "la") counts half.
    """
    if turn.attached or turn.slots.paths or turn.slots.refs or turn.slots.quotes:
        return False
    text = turn.text.casefold()
    letters = [letter for letter in text if letter.isalpha()]
    if letters and sum(letter > "\u024f" for letter in letters) > len(letters) / 2:
        return True
    said = set(re.findall(r"[^\W\d_]+", text))
    table = lexicon()["other_languages"]
    sure, maybe = (sum(word in table[name].split() for word in said) for name in ("sure", "maybe"))
    english = sum(word in vocabulary() for word in said)
    return sure + maybe / 2 >= 1 and sure + maybe > english
