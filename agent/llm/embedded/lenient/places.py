"""What is pointed at by its place in a list, however it is put: "1st + 3rd", "all but the first", "the top two"."""

import re

from agent.llm.embedded.lists import lexicon
from agent.llm.embedded.pointing import plain
from agent.llm.embedded.slots import Ref
from agent.llm.embedded.turn import Turn


def leave_out(turn: Turn) -> bool:
    """Reads "all but the first" as all the others of the list shown; whether the message says something of the kind."""
    n_places, words = len(turn.memory.places), plain(turn)
    match = _ALL_BUT.search(words) or _WITHOUT_PLACE.search(words)
    gone = {place(nth) for nth in NTH.findall(match["what"])} if match else set()
    if not gone or not n_places or turn.memory.places_are != "sounds":
        return False
    copied = turn.memory.exporting.get("sounds")  # of what was to be copied just before, else of the list shown
    sounds = [str(sound) for sound in copied] if isinstance(copied, list) and len(copied) > 1 else turn.memory.places
    n_places = len(sounds)
    left = [n for n in range(1, n_places + 1) if n not in gone and n - n_places - 1 not in gone]
    turn.slots.refs = [Ref("id", sounds[n - 1]) for n in left]
    return True


def point(turn: Turn) -> None:
    """Reads what is pointed at by place where no grammar did: "1st + 3rd", "all but the first", "the top two"."""
    memory, words = turn.memory, plain(turn)
    n_places = len(memory.places)
    if leave_out(turn) or (turn.slots.clusters and memory.places_are != "sounds"):
        return
    if point_at_several(turn):
        return
    several = [
        Ref("last" if end in ("last", "bottom", "final") else "first", number=int(n))
        for end, n in _FIRST_N.findall(words)
    ]
    said = several or [Ref("place", number=place(nth)) for nth in NTH.findall(words)]
    if (n_places and len(memory.sounds(said)) > len(memory.sounds(turn.slots.refs))) or (
        not turn.slots.refs and memory.places_are != "sounds" and not turn.slots.clusters
    ):
        turn.slots.refs = said


def point_at_several(turn: Turn) -> bool:
    """Reads "both" and "those three" as the sounds they are; whether the message says something of the kind."""
    found = [] if turn.attached else _several(turn, plain(turn))
    if found:
        turn.slots.refs, turn.slots.k = [Ref("id", sound) for sound in found], None
    return bool(found)


def _several(turn: Turn, words: str) -> list[str]:
    """What "both" and "those three" are: the sounds shown alone one after the other, else the first of the list."""
    match = _SO_MANY.search(words)
    if match is None or turn.memory.places_are != "sounds" or turn.memory.counted is not None:
        return []
    n, memory = int(match["n"] or 2), turn.memory
    if len(memory.seen) >= n:
        return memory.seen[-n:]
    return memory.places[:n] if len(memory.places) >= n else []


_SO_MANY = re.compile(
    r"\b(?:both(?! .* and )|(?:those|these|of the|all|the) (?P<n>[2-9]|1\d)(?: of (?:them|those|these)| ones|"
    r" sounds| recordings| clips| files)?(?=$| ?[,.?!;]| (?:in|into|to|as|please|is|are|has|have|does|for|and|with)\b))"
)


def place(nth: str) -> int:
    """The place that an ordinal names, from 1; "last" is -1."""
    return 1 if nth in ("top", "best") else lexicon()["ordinals"][nth]


_ORDINALS = "|".join(lexicon()["ordinals"])

_SOME_PLACES = rf"(?P<what>(?: for| the| and| one| 1| ?,| (?:{_ORDINALS})| top)+)"

NTH = re.compile(rf"\b(?:{_ORDINALS}|top(?= (?:one|1)\b))\b(?! (?:[2-9]|\d\d))")

_FIRST_N = re.compile(r"\b(first|top|best|last|bottom|final) ([2-9]|1\d|20)\b(?! (?:s|secs?|seconds?|min\w*|hours?)\b)")

_ALL_BUT = re.compile(
    rf"\b(?:all|everything|each|every one|them)(?: of (?:them|those|these))?"
    rf" (?:but|except|besides|apart from|other than){_SOME_PLACES}"
)

_WITHOUT_PLACE = re.compile(
    rf"\b(?:ditch|drop|skip|without|not|leave out|forget|lose|minus|except(?: for)?){_SOME_PLACES}\b"
    r".*\b(?:rest|others?|remaining)\b"
)
