"""Searches, and what changes the list that one has shown."""

import re
from collections.abc import Sequence
from typing import Any

from agent.llm.embedded import searching, subtitling
from agent.llm.embedded.lenient.lengths import bounds
from agent.llm.embedded.lenient.likely import LONG
from agent.llm.embedded.lenient.topics import EMPTY, parted, phrase_in_english, qualities, topic, topics, without_empty
from agent.llm.embedded.lists import lexicon
from agent.llm.embedded.plans import Call, Plan, call, given, limits
from agent.llm.embedded.pointing import plain
from agent.llm.embedded.slots import Ref
from agent.llm.embedded.translating import stretch_in_english
from agent.llm.embedded.turn import Turn
from agent.llm.embedded.wants import about, said_often, sound_words


def says_too_much(turn: Turn, made: Plan) -> bool:
    """Whether a search is for words that are no part of what the message is about, and that name no sound.

    The same for a title with a pause in it, one part of which the message is about.
    """
    title = str(made.calls[0].args.get("title", "")) if made.calls else ""
    if re.search(r"[,;.]", title):
        return any(turn.said[start:end] in title for start, end in topics(turn))
    if _FREQUENCY.search(turn.said):  # "tones pitched at 440 Hz"
        return False
    found = {
        word
        for start, end in topics(turn)
        for word in re.findall(r"[^\W\d_]+", phrase_in_english(turn, start, end).lower())
    }
    text = " ".join(str(each.args.get(name, "")) for each in made.calls for name in ("text", "without"))
    before = str((turn.memory.search or ("", {}))[1].get("text", "")).lower().split()
    rest = set(re.findall(r"[^\W\d_]{2,}", text.lower())) - found - set(before) - _SMALL
    meant = sound_words() | qualities()
    return bool(found) and any(word not in meant and word in said_often() for word in rest)


_FREQUENCY = re.compile(r"\b\d+ ?k?hz\b", re.IGNORECASE)

_SMALL = frozenset("a an the of on in at with and or under over by from to".split())


def _how_many(turn: Turn) -> int | None:
    """How many are asked for: as the grammars read it, else a number that stands right before what is looked for."""
    if turn.slots.k or turn.slots.k_more:
        return turn.slots.k or turn.slots.k_more
    for start, end in topics(turn):
        before = re.search(r"([\w-]+)\s*$", turn.said[:start]) or re.match(r"([\w-]+)\s", turn.said[start:end])
        word = before[1].lower() if before else ""
        number = int(word) if word.isdigit() else lexicon()["numbers"].get(stretch_in_english(word, 0, len(word)), 0)
        if 1 < number <= searching.MOST_HITS:
            return int(number)
    return None


def search(turn: Turn) -> Plan:
    """A search for what the message is about, without what it excludes; the words as a whole where it is not clear."""
    if names := [ref.value for ref in turn.slots.refs if ref.kind == "name"]:
        return call("words", "search_by_text", text=names[0])
    text, without = parted(turn)
    if turn.attached or not text:
        return searching.words(turn)
    text = searching.whole_name(turn, text)
    if turn.slots.domain:  # "a warm pad, only music"
        text = " ".join(word for word in text.split() if word != turn.slots.domain) or text
    args = given({"without": without, "k": _how_many(turn), **limits(turn.slots), **bounds(turn)})
    return Plan("words", (Call("search_by_text", {"text": text, **args}),))


def narrow(turn: Turn) -> Plan:
    """The last search with more asked of it: words, what is to be left out, a length or a number."""
    last, (text, without) = turn.memory.search, parted(turn)
    if last is None or turn.attached:
        return search(turn)
    if _ANY_LENGTH.search(turn.said):
        return _of_any_length(turn)
    within = limits(turn.slots) | bounds(turn)
    if not (text or without or given(within) or turn.slots.k):
        return _of_lengths(turn) or searching.narrow(turn)
    if (
        turn.slots.narrows
        and not is_loose(turn)
        and (made := searching.narrow(turn)).calls
        and made.calls[0].args.get("text", "x") != ""
    ):
        return made
    before = last[1]
    both = ", ".join(part for part in dict.fromkeys((str(before.get("without", "")), without)) if part)
    added = text if text and text.lower() not in str(before.get("text", "")).lower() else ""
    wanted = " ".join(part for part in (str(before.get("text", "")), added) if part)
    return searching.repeat(turn, "narrow", **within, k=turn.slots.k, without=both, text=wanted)


_ANY_LENGTH = re.compile(
    r"\b(?:length|duration)s? (?:does not|doesn't|do not|don't) matter\b|\b(?:of )?any (?:length|duration)\b"
    r"|\bno matter how (?:long|short)\b"
    r"|\bregardless of (?:the |their )?(?:length|duration)\b|\bforget (?:about )?the (?:length|duration|limit)\b"
    r"|\b(?:länge|dauer) (?:ist |spielt )?(?:egal|keine rolle)\b|\begal wie lang\b|\bbeliebige[rn]? länge\b",
    re.IGNORECASE,
)


def _of_any_length(turn: Turn) -> Plan:
    """The last search without its bounds on length, for another kind where one is named."""
    if (another := _another_kind(turn)) is not None:
        return another
    name, args = turn.memory.search or ("search_by_text", {})
    return Plan("narrow", (Call(name, {key: value for key, value in args.items() if key not in ("min_s", "max_s")}),))


def _of_lengths(turn: Turn) -> Plan | None:
    """The step for "only the short ones"; None where no such word is said."""
    if turn.says("short|shorter|brief|tight|tighter"):
        return searching.shorter(turn)
    return searching.longer(turn) if turn.says("long|longer") else None


def quality(turn: Turn) -> Plan:
    """The last search in another shade, "darker ones"; a new one for what it was not about."""
    made = searching.quality(turn)
    last = turn.memory.search
    if last is None:
        return made
    before = str(last[1].get("text", ""))
    if topic(turn) and not set(topic(turn).split()) & set(before.split()):
        return searching.words(turn)
    if made.calls and made.calls[0].args.get("text", "") != "" and _goes_on(made, before.split()):
        return made
    words = re.findall(r"[a-z]{4,}(?:er|est)\b|\b[a-z]+(?=y\b)y", plain(turn))
    if not words:
        return made
    positive = re.sub(r"(?:er|est)$", "", re.sub(r"i(?:er|est)$", "y", words[-1]))
    return searching.repeat(turn, "quality", text=f"{before} {positive}".strip())


def _goes_on(made: Plan, before: Sequence[str]) -> bool:
    """Whether a search holds a word of the one before it."""
    return not before or bool(set(before) & set(str(made.calls[0].args.get("text", "")).split()))


def more(turn: Turn) -> Plan:
    """More of the last search; a bare number says how many."""
    if (named := _another_kind(turn)) is not None:
        return named
    if turn.memory.search is None or (turn.memory.search[0] == "search_by_audio" and topic(turn)):
        return search(turn) if topic(turn) else searching.more(turn)
    bare = next((ref.number for ref in turn.slots.refs if ref.kind in ("number", "first", "last")), 0)
    if bare and turn.memory.search is not None and not turn.slots.k and not turn.slots.k_more:
        return searching.repeat(turn, "more", k=min(bare, searching.MOST_HITS))
    return searching.more(turn)


def _another_kind(turn: Turn) -> Plan | None:
    """A search for a kind that the last one was not for, and how many of it: "and crickets, but just three"."""
    before = str((turn.memory.search or ("", {}))[1].get("text", "")).lower().split()
    for start, end in about(turn.said, "search"):
        text = phrase_in_english(turn, start, end)
        words = set(text.lower().split())
        if words & sound_words() and not words & {*before, *EMPTY}:
            return Plan("words", (Call("search_by_text", {"text": text, **given({"k": turn.slots.k})}),))
    return None


def like(turn: Turn) -> Plan:
    """Sounds like a named or attached one, or like a stretch of it, and what else a longer sentence asks of them."""
    stretch = given(subtitling.stretch(subtitling.in_seconds(plain(turn)))) if turn.slots.start_s is None else {}
    if _HALF_SECOND.search(plain(turn)):
        turn.slots.refs = []
        turn.slots.start_s, turn.slots.end_s = 0.0, 0.5
    if whose := _OF_ONE.search(plain(turn)):
        turn.slots.refs = [Ref("number", whose[1], int(whose[1]))]
    if stretch and len(turn.slots.refs) > 1:
        del turn.slots.refs[1:]  # "from second 1 to second 2" names no sounds
    made = searching.like(turn)
    if not made.calls or made.calls[0].name != "search_by_audio":
        return made
    asked: dict[str, Any] = {}
    if is_loose(turn):
        kept, left = parted(turn)
        asked = {"text": kept if not stretch else "", "without": left}
    besides = {**without_empty(asked), **stretch, **bounds(turn)}
    calls = (
        Call(each.name, {**{k: v for k, v in each.args.items() if k not in asked}, **besides}) for each in made.calls
    )
    return Plan("like", tuple(calls))


_HALF_SECOND = re.compile(r"\bfirst (?:half (?:a )?|0\.5 )seconds?\b")
_OF_ONE = re.compile(r"\b(?:seconds?|s|part|half|beginning|end) of (?:sound |number |recording )?(\d+)\b")


def is_loose(turn: Turn) -> bool:
    """Whether a sentence is one that grammars read badly: long, of several clauses, or of another language."""
    return turn.said != turn.text or len(turn.said.split()) > LONG or re.search(r"[.;!?] \S", turn.said) is not None
