"""Searches, by likeness and by words, and those that go on from the last one."""

import math
import re
import statistics
from collections.abc import Sequence
from typing import Any

from agent.llm.embedded import replies
from agent.llm.embedded.content import Subject, beside, qualities, says_any, subject, with_qualities
from agent.llm.embedded.intents import vocabulary
from agent.llm.embedded.lists import lexicon
from agent.llm.embedded.memory import Memory
from agent.llm.embedded.patterns import first
from agent.llm.embedded.plans import Call, Plan, ask, call, given, limits
from agent.llm.embedded.pointing import plain
from agent.llm.embedded.slots import Slots
from agent.llm.embedded.turn import Turn

MOST_AT_ONCE = 4  # sounds searched for in one turn, one call each
_MORE = 10
MOST_HITS = 50  # what the tools list at most
_LONG_S, _SHORT_S = 5.0, 1.0  # "the long ones" and "the short ones", whatever was shown
_ATTACHED = r"attach\w*|upload\w*"
_TO_BE_ATTACHED = r"i (?:(?:will|am|want|would|like|going|about|can|to|now|then) )*(?:attach|upload)(?:ing)?"
_AWAY = r"remove|drop|skip|hide|without|exclude|leave out|take out|get rid of|no(?! ,)|not"
_AS = r"like|similar|close|near\w*|resembl\w*|than"
_SHORTER = r"shorter|briefer|shortest|(?:not so|less|too) long"
_LONGER = r"longer|longest|(?:not so|less|too) short"
_SO_MANY = re.compile(
    r"(?<!to )(?<!and )(?<![\w.:])(\d{1,2}) (?:of (?:my|the|our|all)|(?:other |more |most |closest |nearest |similar )*"
    r"(?:sounds?|recordings?|files?|clips?|samples?|takes?|ones|hits)|(?:most|closest|nearest|similar))\b"
)
FILE_NAME = re.compile(r"\b[^\W\d_]\w*_\w+\b|\b[^\W\d_]+\d{2,}\b")
_LAST = re.compile(r"\b(?:that|the|this) last(?: (?:one|1))?\b")
_THE_SHORT = r"(?:the|only|just) (?:really |very )?short|short (?:ones|sounds)"
_THE_LONG = r"(?:the|only|just) (?:really |very )?long|long (?:ones|sounds)"


def like(turn: Turn) -> Plan:
    """Sounds like those that were named, attached or spoken of last."""
    slots = turn.slots
    if turn.attached and slots.k is None and (many := _SO_MANY.search(plain(turn))):
        slots.k, slots.refs = int(many[1]), []
    these = bool(turn.attached) and all(ref.kind == "first" for ref in slots.refs)  # "these two" are the attached ones
    sounds = [] if these else turn.memory.sounds(slots.refs)
    if not sounds and turn.memory.looked_at and _LAST.search(plain(turn)):
        sounds = [turn.memory.looked_at]
    if not sounds and slots.refs and not these:
        return unknown(turn, "like", replies.WHICH_SOUND)
    if not sounds and slots.paths:
        return ask("like", replies.A_FILE_IS_ATTACHED)
    sounds = sounds or list(dict.fromkeys(attached.id for attached in turn.attached)) or meant(turn)
    if not sounds:
        return ask("like", replies.ATTACH_IT if turn.says(_ATTACHED) else replies.WHICH_SOUND)
    args = {"k": slots.k or slots.k_more, "start_s": slots.start_s, "end_s": slots.end_s}
    calls = (Call("search_by_audio", given({"sound": sound, **args, **_bound(turn, sound)})) for sound in sounds)
    return Plan("like", tuple(calls)[:MOST_AT_ONCE])


def _bound(turn: Turn, sound: str) -> dict[str, Any]:
    """What else was said of sounds like one: words, what to leave out, a length.

    Of a part of a sound words can say nothing (`caveats` tells). How long an attached sound is, is not known here:
    longer than that one becomes the word "long".
    """
    about, bounds = beside(turn.wording, vocabulary()), limits(turn.slots)
    length_s = turn.memory.lengths.get(sound)
    text = about.text if turn.slots.start_s is None and turn.slots.end_s is None else ""
    for name, pattern, side, word in (("max_s", _SHORTER, -1, "short"), ("min_s", _LONGER, 1, "long")):
        if turn.says(pattern) and length_s:
            bounds[name] = _next_to(length_s, side)
        elif turn.says(pattern):
            text = f"{text} {word}".strip()
    return bounds | {"text": text, "without": about.without}


def meant(turn: Turn) -> list[str]:
    """What "this" means: the attached sound if it says so, else the one last spoken of, else the nearest hit shown.

    Nothing, if it says that a sound was or will be attached, and there is none.
    """
    memory = turn.memory
    if turn.says(_ATTACHED):
        return [] if turn.says(_TO_BE_ATTACHED) else memory.attached[-1:]
    if memory.focus:
        return [memory.focus]
    return memory.places[:1] if memory.places_are == "sounds" else []


def unknown(turn: Turn, intent: str, which: str) -> Plan:
    """A name that was never shown is looked up by its words; a place that no list has is asked about."""
    names = [ref.value for ref in turn.slots.refs if ref.kind == "name"]
    if names:
        return call(intent, "search_by_text", text=names[0])
    return ask(intent, replies.NOT_IN_LIST if turn.memory.places else which)


def words(turn: Turn) -> Plan:
    """A search by words; one that says nothing but limits lists whatever is within them."""
    slots, about = turn.slots, subject(turn.wording)
    if turn.attached or _has_model(turn):
        return like(turn)
    bounds = limits(slots) | _length_of_range(slots)
    narrows = bool(given(bounds))
    if not about.text and turn.memory.search and (about.without or narrows) and not _on_its_own(turn, about):
        return narrow(turn)
    text = about.text or slots.domain or ""
    text = whole_name(turn, text)
    if not text and not narrows:
        return ask("words", replies.WHAT_TO_FIND)
    args = {"without": about.without, "k": slots.k or slots.k_more, **bounds}
    return Plan("words", (Call("search_by_text", {"text": text, **given(args)}),))


def whole_name(turn: Turn, text: str) -> str:
    """The name of a file that a message holds, where what is looked for is only a part of it: "thunder_3"."""
    name = FILE_NAME.search(turn.said)
    return name[0] if name and text and text.lower() in name[0].lower() else text


def _has_model(turn: Turn) -> bool:
    """Whether a sound is named that others are to be like, or shorter than."""
    return turn.says(_AS) and bool(turn.memory.sounds(turn.slots.refs))


_ANY = re.compile(
    r"(?:(?:and|or|so) )*(?:(?:are there|do you have) )?any(?:thing|one|of them)?\b(?! (?:sounds?|recordings?"
    r"|files?|clips?|samples?))"
)


def _on_its_own(turn: Turn, about: Subject) -> bool:
    """Whether a sentence with limits is a search of its own ("sounds under 3 seconds"), not the end of the last one.

    It is if it says what to find, be it just "sounds", and points at nothing ("only those under 3 seconds").
    """
    named = bool(about.text) or says_any(turn.wording, "generic", "anything")
    if _ANY.match(turn.wording.words):
        return False
    return turn.slots.narrows and named and not says_any(turn.wording, "pointing")


def _length_of_range(slots: Slots) -> dict[str, Any]:
    """Of a sound that is only described, "from 2 to 4 seconds" says how long it is."""
    if slots.start_s is None or slots.min_s is not None or slots.max_s is not None:
        return {}
    return {"min_s": slots.start_s or None, "max_s": slots.end_s}


def repeat(turn: Turn, intent: str, **changes: Any) -> Plan:
    """The last search again with some arguments changed; where there was none, sounds like the one spoken of."""
    search = turn.memory.search
    if search is None and turn.memory.focus:
        search = ("search_by_audio", {"sound": turn.memory.focus})
    if search is None:
        return ask(intent, replies.NO_SEARCH)
    name, args = search
    args = {**args, **given(changes)}
    if (args.get("min_s") or 0) >= (args.get("max_s") or math.inf):  # the newer bound wins
        args.pop("min_s" if changes.get("max_s") else "max_s")
    return Plan(intent, (Call(name, args),))


def shorter(turn: Turn) -> Plan:
    """Below the length of the one sound shown, else below the median of those listed; "the short ones": under 1 s."""
    if _has_model(turn):
        return like(turn)
    if turn.slots.max_s is not None:
        return narrow(turn)
    half = turn.says("much|lot|far|way|half")
    limit_s = _next_to(_typical_s(turn.memory, "max_s") * (0.5 if half else 1), -1)
    return _of_a_kind(turn) or repeat(turn, "shorter", max_s=limit_s)


def longer(turn: Turn) -> Plan:
    """Above the length of the one sound shown, else above the median of those listed; "the long ones": over 5 s."""
    if _has_model(turn):
        return like(turn)
    if turn.slots.min_s is not None:
        return narrow(turn)
    if (
        turn.says("as well|too|also") and "max_s" in (turn.memory.search or ("", {}))[1]
    ):  # not instead of the short ones
        name, args = turn.memory.search or ("", {})
        return Plan("longer", (Call(name, {key: value for key, value in args.items() if key != "max_s"}),))
    double = turn.says("much|lot|far|way|twice|double")
    limit_s = _next_to(_typical_s(turn.memory, "min_s") * (2 if double else 1), 1)
    return _of_a_kind(turn) or repeat(turn, "longer", min_s=limit_s)


def _of_a_kind(turn: Turn) -> Plan | None:
    """The long ones or the short ones, or all but these: limits that do not go by what was shown."""
    away = turn.says(_AWAY)
    if turn.says(_THE_LONG):
        return repeat(turn, "longer", **{"max_s" if away else "min_s": _LONG_S})
    if turn.says(_THE_SHORT):
        return repeat(turn, "shorter", **{"min_s" if away else "max_s": _SHORT_S})
    return None


def _typical_s(memory: Memory, bound: str) -> float:
    """The length to go by; where nothing was shown, half of the old upper bound or twice the old lower one."""
    if memory.looked_at and memory.lengths.get(memory.looked_at):
        return memory.lengths[memory.looked_at]
    if memory.lengths_s:
        return statistics.median(memory.lengths_s)
    old = (memory.search[1] if memory.search else {}).get(bound)
    return float(old) * (0.5 if bound == "max_s" else 2) if old else _LONG_S


def _next_to(length_s: float, side: int) -> float:
    """A round length just under (-1) or just over (1) another: at least 2% off, to two digits."""
    target = length_s * (1 + 0.02 * side)
    if target <= 0:
        return 0.1
    step = 10.0 ** (math.floor(math.log10(target)) - 1)
    return round((math.ceil if side > 0 else math.floor)(round(target / step, 9)) * step, 6)


def narrow(turn: Turn) -> Plan:
    """The last search with tighter limits, or with something left out, or with something added to look for."""
    search, about = turn.memory.search, subject(turn.wording)
    if search is None or _has_model(turn) or _on_its_own(turn, about):
        fresh = about.text or turn.slots.narrows or turn.slots.refs
        return words(turn) if fresh else ask("narrow", replies.NO_SEARCH)
    bounds = limits(turn.slots) | _length_of_range(turn.slots)
    added = beside(turn.wording, vocabulary()).text if given(bounds) else about.text
    without = _both(search[1].get("without", ""), about.without, ", ")
    text = "" if about.without else _both(search[1].get("text", ""), added, " ")
    return repeat(turn, "narrow", **bounds, k=turn.slots.k, without=without, text=text)


def _both(before: str, now: str, between: str) -> str:
    return between.join(part for part in dict.fromkeys((before, now)) if part)


def quality(turn: Turn) -> Plan:
    """The last search for the same, but brighter, darker, lower: the word joins what was looked for."""
    asked = qualities(turn.wording)
    if asked and turn.memory.sounds(turn.slots.refs):
        return like(turn)
    others = beside(turn.wording, vocabulary()).text.split()
    if not asked or [word for word in others if word not in {*asked, *_opposites(asked)}]:
        return words(turn)
    search = turn.memory.search
    text = with_qualities(search[1].get("text", "") if search else "", asked)
    return repeat(turn, "quality", text=text)


def _opposites(words: Sequence[str]) -> list[str]:
    return [lexicon()["opposites"].get(word, "") for word in words]


def more(turn: Turn) -> Plan:
    """The last search with a longer list, or a shorter one; of a sound that is named, others like it."""
    if turn.memory.sounds(turn.slots.refs):
        return like(turn)
    if turn.memory.search is None:
        return ask("more", replies.NO_SEARCH)
    k = int(turn.memory.search[1].get("k", _MORE))
    if turn.slots.k:
        k = turn.slots.k
    elif turn.says("fewer|less"):
        k = max(1, k // 2)
    elif k >= MOST_HITS:
        return Plan("more", text=replies.NO_LONGER_LIST)
    else:
        k = min(MOST_HITS, k + (turn.slots.k_more or _MORE))
    return repeat(turn, "more", k=k)


def going_on(turn: Turn) -> Plan | None:
    """The step for "how many are there?" and "and of 29?" after a search; None for any other message."""
    memory, last = turn.memory, turn.memory.last
    if memory.search is None or last is None or last.kind != "hits":
        return None
    if first("count_found", turn.wording.words):
        args = memory.search[1]
        if memory.search[0] == "search_by_text" and not args.get("text"):  # of all that is so long, not of a list
            within = {name: args[name] for name in ("min_s", "max_s", "domain") if name in args}
            return call("count", "count_sounds", heard=[], **within)
        return repeat(turn, "more")
    number = next((ref.number for ref in turn.slots.refs if ref.kind == "number"), 0)
    if 0 < number <= MOST_HITS and len(turn.slots.refs) == 1 and first("only_so_many", turn.wording.words):
        return repeat(turn, "more", k=number)
    by_likeness = memory.search[0] == "search_by_audio" and memory.sounds(turn.slots.refs)
    return like(turn) if by_likeness and first("also_like", turn.wording.words) else None


def count(turn: Turn, about: str) -> Plan:
    """How many there are of a kind: the nearest are shown, no search knows where a kind ends (`caveats`)."""
    listed = {"k": MOST_HITS} if not about else {}
    return Plan("count", (Call("search_by_text", {"text": about, **given(limits(turn.slots)), **listed}),))


def other(turn: Turn) -> Plan:
    """The other of two sounds; asked about where there are more."""
    memory = turn.memory
    searched = str((memory.search[1] if memory.search else {}).get("sound", ""))
    attached = _rest(memory.attached, [searched]) if searched in memory.attached else []
    if len(attached) == 1:
        return call("other", "search_by_audio", sound=attached[0])
    left = _rest(memory.places, meant(turn)) if memory.places_are == "sounds" else []
    if len(left) == 1:
        return call("other", "get_metadata", sounds=left)
    return ask("details", replies.WHICH_OTHER)


def _rest(sounds: Sequence[str], without: Sequence[str]) -> list[str]:
    return [sound for sound in dict.fromkeys(sounds) if sound not in without]
