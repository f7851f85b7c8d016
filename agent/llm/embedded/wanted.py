"""The step for what a message most likely wants (`wants`), where no pattern reads it and no example is near.

What it names is read as leniently as what it wants: any number may be that of a group where a group is wanted.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any

from agent.llm.embedded import (
    counting,
    exporting,
    hearing,
    looking,
    mapping,
    moments,
    regrouping,
    replies,
    revisiting,
    searching,
    subtitling,
    surveying,
)
from agent.llm.embedded.lists import lexicon
from agent.llm.embedded.patterns import first
from agent.llm.embedded.plans import Call, Plan, ask, call, given, limits
from agent.llm.embedded.pointing import may_be_groups, plain, shown_id, slots_of
from agent.llm.embedded.slots import Ref
from agent.llm.embedded.spelling import mended, slips
from agent.llm.embedded.translating import in_english, language_of, stretch_in_english
from agent.llm.embedded.turn import Turn
from agent.llm.embedded.wants import Want, about, said_often, sound_words, wants
from core.words import shipped_vectors

LIKELY = 0.25
"""How likely the likeliest has to be; under it nothing is done."""
_AS_WELL = 0.3
"""What is at least this share as likely as the likeliest is tried where that lacks something."""


def likely(turn: Turn) -> list[Want]:
    """What may be wanted, the likeliest first, after what was shown: what changes a list needs a list to change."""
    memory = turn.memory
    if set(re.findall(r"\w+", turn.said.lower())) <= _NOTHING:
        return [Want("fine", 0.0)]
    scores = _heard(turn)
    has_list = memory.search is not None or memory.counted is not None
    has_groups = memory.clustering is not None or memory.cluster is not None
    for names, holds, factor in (
        (_OF_A_TIMELINE, memory.timeline is None, 0.02),
        (_OF_A_LIST, not (has_list or memory.timeline is not None), 0.2),
        (_OF_GROUPS, not has_groups, 0.5),
        ({"map"}, memory.map is not None, 3.0),
        ({"selection"}, memory.selection is None and "selection" not in turn.wording.words, 0.3),
    ):
        for name in names if holds else ():
            scores[name] *= factor
    if memory.selection is not None and _THESE.search(plain(turn)) and len(turn.said.split()) < _LONG:
        _instead(scores, "selection", {"details", "describe", "overview", "pick", "help"})
    if memory.clustering is not None and memory.latest is memory.clustering:
        _instead(scores, "recluster", {"more"})
    if memory.grouping is None:
        _instead(scores, "cluster", {"recluster"})
    if memory.timeline is not None:
        _instead(scores, "events_change", _OF_A_LIST)
    elif memory.counted is not None:
        _instead(scores, "count", _OF_A_LIST - {"more"})
    elif memory.exported and not turn.slots.narrows:
        _instead(scores, "export", {"narrow", "pick"} | ({"more"} if scores["more"] < _SURELY_MORE else set()))
    if _SAME.search(plain(turn)) and (again := _done_last(turn)):
        _instead(scores, again, set(scores) - {again})
    if turn.says("other"):
        _instead(scores, "other", {"pick"})
    if memory.map is None and not _OF_A_MAP.search(spoken(turn)):
        scores["map"] *= 0.02
    if not _WHEN.search(turn.said):
        scores["moments"] *= 0.3
    if any(exporting.how(turn).values()):
        scores["export"] *= 5.0
    whole = sum(scores.values())
    return [Want(name, score / whole) for name, score in sorted(scores.items(), key=lambda item: -item[1])]


_NOTHING = frozenset("please pls plz bitte hm hmm um er".split())
_SURELY_MORE = 0.7
_OF_A_MAP = re.compile(r"\b(?:maps?|karte\w*|pictures?|bild\w*|plots?|charts?|colou?r\w*|farb\w*|landscape|where|scatter\w*|visuali\w+|draw\w*|tint\w*|paint\w*)\b|färb", re.IGNORECASE)
_WHEN = re.compile(r"\b(?:where|when|moments?|times?|seconds?|places?|points?|spots?|passages?|wo|wann|stellen?|zeitpunkte?n?|momente?n?)\b", re.IGNORECASE)
_THESE = re.compile(r"\b(?:this|these|those|they|them|it)\b")
_SAME = re.compile(r"\bsame (?:for|with|again|of)\b|^(?:and )?now (?:for )?(?:(?:sound|number) )?\d+$")


def _done_last(turn: Turn) -> str:
    """What was asked for just before, for "the same for 31"; empty where it is none of these."""
    memory = turn.memory
    if memory.exported:
        return "export"
    kind = str((memory.latest or {}).get("kind", ""))
    if kind == "hits":
        return "like" if memory.search and memory.search[0] == "search_by_audio" else ""
    return {"sounds": "details", "timeline": "events", "cluster": "describe"}.get(kind, "")


_IDLE = frozenset({"thanks", "fine", "greeting", "rude"})
_CLAUSE = re.compile(r"[.;!?:,-]\s+(?=\w)")


def _heard(turn: Turn) -> dict[str, float]:
    """How likely each thing is by the words alone; what follows a word of thanks counts, and not the thanks."""
    text, attached = spoken(turn), bool(turn.attached)
    found = wants(text, attached=attached)
    for pause in _CLAUSE.finditer(text):
        if found[0].name not in _IDLE:
            break
        rest = wants(text[pause.end() :], attached=attached)
        if rest[0].name not in _IDLE and rest[0].score > _SURE_OF_REST:
            found = rest
    return {want.name: want.score for want in found}


_SURE_OF_REST = 0.5


def spoken(turn: Turn) -> str:
    """The message in a language that the models know: as it was written, else in English as far as it can be."""
    said = turn.said if language_of(turn.said) in ("", "de") else turn.text
    return re.sub(r"(?<![\w/\\.{])[a-z]{3,20}(?![\w/\\.}])", lambda word: _well_spelled(word[0]), said)


@lru_cache(maxsize=4096)
def _well_spelled(word: str) -> str:
    """A word of no sentence that is one slip away from one that is, two from eight letters on; else as it is."""
    known = said_often()
    if word in known or word in shipped_vectors().rows:
        return word
    reach = 2 if len(word) >= _LONG_WORD else 1
    near = [
        (slips(word, other), -known[other], other)
        for other in known
        if abs(len(other) - len(word)) <= reach and (len(word) > 4 or len(other) > 3) and sorted(word)[0] <= "z"
    ]
    best = min(near, default=(reach + 1, 0, word))
    return best[2] if best[0] <= reach else word


_LONG_WORD = 8


def _instead(scores: dict[str, float], name: str, others: Collection[str]) -> None:
    for other in others:
        scores[name] += scores[other]
        scores[other] = 0.0


def point(turn: Turn) -> None:
    """Reads what is pointed at by place where no grammar did: "1st + 3rd", "all but the first", "the top two"."""
    memory, words = turn.memory, plain(turn)
    n_places = len(memory.places)
    if memory.places_are == "sounds" and n_places and (match := _ALL_BUT.search(words) or _WITHOUT_PLACE.search(words)):
        gone = {_place(nth) for nth in _NTH.findall(match["what"])}
        left = [n for n in range(1, n_places + 1) if n not in gone and n - n_places - 1 not in gone]
        turn.slots.refs = [Ref("place", number=n) for n in left]
        return
    if turn.slots.clusters and memory.places_are != "sounds":
        return
    several = [
        Ref("last" if end in ("last", "bottom", "final") else "first", number=int(n)) for end, n in _FIRST_N.findall(words)
    ]
    said = several or [Ref("place", number=_place(nth)) for nth in _NTH.findall(words)]
    if n_places and len(memory.sounds(said)) > len(memory.sounds(turn.slots.refs)):
        turn.slots.refs = said
    elif not turn.slots.refs and memory.places_are != "sounds" and not turn.slots.clusters:
        turn.slots.refs = said


def _place(nth: str) -> int:
    return 1 if nth in ("top", "best") else lexicon()["ordinals"][nth]


_ORDINALS = "|".join(lexicon()["ordinals"])
_SOME_PLACES = rf"(?P<what>(?: for| the| and| one| 1| ?,| {_ORDINALS}| top)+)"
_NTH = re.compile(rf"\b(?:{_ORDINALS}|top(?= (?:one|1)\b))\b(?! (?:[2-9]|\d\d))")
_FIRST_N = re.compile(r"\b(first|top|best|last|bottom|final) ([2-9]|1\d|20)\b(?! (?:s|secs?|seconds?|min\w*|hours?)\b)")
_ALL_BUT = re.compile(
    rf"\b(?:all|everything|each|every one|them)(?: of (?:them|those|these))? (?:but|except|besides|apart from|other than){_SOME_PLACES}"
)
_WITHOUT_PLACE = re.compile(
    rf"\b(?:ditch|drop|skip|without|not|leave out|forget|lose|minus|except(?: for)?){_SOME_PLACES}\b.*\b(?:rest|others?|remaining)\b"
)


def says_too_much(turn: Turn, made: Plan) -> bool:
    """Whether a search is for words that are no part of what the message is about, and that name no sound.

    The same for a title with a pause in it, one part of which the message is about.
    """
    title = str(made.calls[0].args.get("title", "")) if made.calls else ""
    if re.search(r"[,;.]", title):
        return any(turn.said[start:end] in title for start, end in topics(turn))
    found = {word for start, end in topics(turn) for word in re.findall(r"[^\W\d_]+", _in_english(turn, start, end).lower())}
    text = " ".join(str(each.args.get(name, "")) for each in made.calls for name in ("text", "without"))
    before = str((turn.memory.search or ("", {}))[1].get("text", "")).lower().split()
    rest = set(re.findall(r"[^\W\d_]{2,}", text.lower())) - found - set(before) - _SMALL
    meant = sound_words() | _qualities()
    return bool(found) and any(word not in meant and word in said_often() for word in rest)


_SMALL = frozenset("a an the of on in at with and or under over by from to".split())


def step(turn: Turn, steps: Mapping[str, Callable[[Turn], Plan]]) -> Plan:
    """The step for the likeliest thing that has all it needs, else the question back for the likeliest."""
    point(turn)
    best, *others = likely(turn)
    plans = [steps[best.name](turn)]
    for other in others:
        if plans[0].asked and plans[0].text != replies.WHICH_OTHER and other.score >= _AS_WELL * best.score and other.name != "search":
            plans.append(steps[other.name](turn))
    return next((each for each in plans if each.calls), plans[0])


_OF_A_LIST = frozenset({"narrow", "shorter", "longer", "quality", "more"})
_OF_A_TIMELINE = frozenset({"events_change", "save_subtitles"})
_OF_GROUPS = frozenset({"which_group", "group_facts", "rename", "merge", "split", "move", "assign"})


def topics(turn: Turn) -> list[tuple[int, int]]:
    """Where a message says what it is about: stretches with a word in them that means something."""
    if language_of(turn.said) not in ("", "de"):
        return []
    found = about(turn.said, likely(turn)[0].name)
    return [(_with_qualities(turn.said, start), end) for start, end in found if not _means_nothing(turn.said[start:end])]


def _with_qualities(text: str, start: int) -> int:
    """Where a stretch begins with the words before it that describe it: "soft" in "soft piano"."""
    while (word := re.search(r"([^\W\d_]+) $", text[:start])) and word[1].lower() in _qualities():
        start = word.start()
    return start


@cache
def _qualities() -> frozenset[str]:
    """Words that describe sounds."""
    table = lexicon()
    return frozenset({*table["sounds"]["words"].split(), *table["comparatives"].values(), *table["lengths"].values()})


def _means_nothing(words: str) -> bool:
    said = set(re.findall(r"[^\W\d_]+", words.lower()))
    return said <= _EMPTY or all(slips(word, "seconds") <= 2 for word in said)


_EMPTY = frozenset(
    "a an the some any it its that this those these them they one ones all everything something anything what which who"
    " i you we she he me my our your and or of in on at to for from with is are was be do does did have has more less"
    " sound sounds recording recordings file files clip clips sample samples take takes kind kinds people"
    " thing things stuff library collection archive group groups cluster clusters ein eine einen der die das den dem des"
    " es ich sie er wir mir mich alles etwas was und oder von in im am mit für zu zum klang klänge klaenge geräusch"
    " geräusche aufnahme aufnahmen datei dateien art gruppe gruppen sammlung archiv treffer stück stücke".split()
)


def topic(turn: Turn) -> str:
    """What a message is about, in English; empty if it says nothing of the kind."""
    return ", ".join(_in_english(turn, start, end) for start, end in topics(turn))


def _in_english(turn: Turn, start: int, end: int) -> str:
    words = re.sub(r"^\W*(?:\d+\s+)?|[\s.,;:!?]+$", "", stretch_in_english(turn.said, start, end))
    words = re.sub(r"^(?:(?:a|an|the|some|any|of|with|on|in|someone|for|more|just|only)\s+)+", "", words, flags=re.IGNORECASE)
    meant = {**lexicon()["comparatives"], **lexicon()["superlatives"]}
    return mended(" ".join(meant.get(word, word) for word in words.split()), turn.wording.names)


_SPAN_S = r"(?P<n>\d*\.?\d+) ?(?P<u>ms|milliseconds?|s|secs?|seconds?|min|mins|minutes?)?\b"
_MORE_THAN = r"longer than|more than|over|above|exceed(?:s|ing)?|beyond|past|at least|min(?:imum)?|not less than|no less than|from"
_LESS_THAN = r"shorter than|less than|under|below|at most|max(?:imum|imal)?|up to|within|not exceeding|tops"
_BOUND = re.compile(rf"\b(?:(?P<more>{_MORE_THAN})|(?P<less>{_LESS_THAN}))(?: of)? {_SPAN_S}")
_BOUND_AFTER = re.compile(
    rf"(?<![\w.]){_SPAN_S} (?:long )?(?:(?P<more>or (?:more|longer|over|up)|and (?:up|more|over)|upwards|plus|at least|min)|"
    r"(?P<less>or (?:less|shorter|under)|at most|max(?:imum)?|tops|at the most))"
)
_FLIPS = re.compile(r"\b(?:no|not|nothing|none|without|omit|exclude|drop|remove|cut|skip|hide|lose|ditch|rid of|leave out|nor|never)\b[^.;!?]{0,40}$")
_MAY_GO = re.compile(r"^[^.;!?]{0,12}\b(?:may go|can go|has to go|must go|should go|is out|are out)\b")
_FIXED = re.compile(r"at least|min|at most|max|up to|within|not ")


def bounds(turn: Turn) -> dict[str, float]:
    """The shortest and the longest length that a message allows, in seconds, where no grammar read one."""
    slots = turn.slots
    if slots.start_s is not None or slots.min_s is not None or slots.max_s is not None:
        return given({"min_s": slots.min_s, "max_s": slots.max_s})
    found: dict[str, float] = {}
    words = re.sub(r"(?<![\d.])\.(?=\d)", "0.", plain(turn))
    for match in (*_BOUND.finditer(words), *_BOUND_AFTER.finditer(words)):
        unit = match["u"] or "s"
        length_s = float(match["n"]) * (0.001 if unit.startswith("mi") and "l" in unit or unit == "ms" else 60 if unit.startswith("min") else 1)
        is_least = match["more"] is not None
        if not _FIXED.search(match["more"] or match["less"]):
            flips = bool(_FLIPS.search(words[: match.start()])) or bool(_MAY_GO.search(words[match.end() :]))
            is_least = is_least != flips
        found.setdefault("min_s" if is_least else "max_s", round(length_s, 6))
    return found


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


def _search(turn: Turn) -> Plan:
    text, without = _parted(turn)
    if turn.attached or not text:
        return searching.words(turn)
    args = given({"without": without, "k": _how_many(turn), **limits(turn.slots), **bounds(turn)})
    return Plan("words", (Call("search_by_text", {"text": text, **args}),))


def _narrow(turn: Turn) -> Plan:
    search, (text, without) = turn.memory.search, _parted(turn)
    if search is None or turn.attached:
        return _search(turn)
    within = limits(turn.slots) | bounds(turn)
    if not (text or without or given(within) or turn.slots.k):
        return _of_lengths(turn) or searching.narrow(turn)
    if turn.slots.narrows and not is_loose(turn) and (made := searching.narrow(turn)).calls and made.calls[0].args.get("text", "x") != "":
        return made
    before = search[1]
    both = ", ".join(part for part in dict.fromkeys((str(before.get("without", "")), without)) if part)
    more = text if text and text.lower() not in str(before.get("text", "")).lower() else ""
    wanted = " ".join(part for part in (str(before.get("text", "")), more) if part)
    return searching.repeat(turn, "narrow", **within, k=turn.slots.k, without=both, text=wanted)


def _of_lengths(turn: Turn) -> Plan | None:
    """The step for "only the short ones"; None where no such word is said."""
    if turn.says("short|shorter|brief|tight|tighter"):
        return searching.shorter(turn)
    return searching.longer(turn) if turn.says("long|longer") else None


def _quality(turn: Turn) -> Plan:
    made = searching.quality(turn)
    search = turn.memory.search
    if search is not None and topic(turn) and not set(topic(turn).split()) & set(str(search[1].get("text", "")).split()):
        return searching.words(turn)
    if search is None or (made.calls and made.calls[0].args.get("text", "") != "" and _goes_on(made, search)):
        return made
    words = [word for word in re.findall(r"[a-z]{4,}(?:er|est)\b|\b[a-z]+(?=y\b)y", plain(turn))]
    if not words:
        return made
    plainest = re.sub(r"i(?:er|est)$", "y", words[-1])
    plainest = re.sub(r"(?:er|est)$", "", plainest)
    return searching.repeat(turn, "quality", text=f"{search[1].get('text', '')} {plainest}".strip())


def _goes_on(made: Plan, search: tuple[str, dict[str, Any]]) -> bool:
    before = str(search[1].get("text", "")).split()
    return not before or bool(set(before) & set(str(made.calls[0].args.get("text", "")).split()))


_NOT = re.compile(
    r"\b(?:no|not|nor|without|w/o|except|minus|excluding|exclude|excludes|drop|ditch|cut|lose|loose|skip|hide|remove|kill|nix"
    r"|omit|ignore|avoid|discard|rid|away|ohne|nichts|niemals|does not need|kein|keine|keinen|keinem|nicht|ausser|außer|weg|raus|minus|never|none"
    r"|nothing|leave|leaving|filter|mute|disregards?|disregard|spare|unless|instead of|rather than|streich|lass|lösch)\b",
    re.IGNORECASE,
)
_AWAY_AFTER = re.compile(
    r"^[^,.;]{0,20}\b(?:keine[mnrs]?|weg|raus|may go|can go|(?:is|are) not needed|not needed|need(?:s)? to go|nicht)\b", re.IGNORECASE
)
_OUT_AFTER = re.compile(r"^[^,.;]{0,16}\b(?:out|away|off|weg|raus|aus|may go|can go|not)\b", re.IGNORECASE)


def _parted(turn: Turn) -> tuple[str, str]:
    """What is looked for and what is to be left out, as far as a message says what it is about."""
    kept: list[str] = []
    left: list[str] = []
    end = 0
    out = False
    for start, stop in _joined(turn.said, topics(turn)):
        between = turn.said[end:start]
        denied = bool(_NOT.search(between))
        goes_on = out and re.fullmatch(r"\W*(?:and|or|nor|und|oder|,)?\W*", between) is not None
        out = denied or goes_on or bool(_AWAY_AFTER.match(turn.said[stop:])) or bool(_OUT_AFTER.match(turn.said[stop:]) and _NOT.search(turn.said[:start]))
        (left if out else kept).append(_in_english(turn, start, stop))
        end = stop
    return " ".join(kept), ", ".join(left)


def _more(turn: Turn) -> Plan:
    bare = next((ref.number for ref in turn.slots.refs if ref.kind in ("number", "first", "last")), 0)
    if bare and turn.memory.search is not None and not turn.slots.k and not turn.slots.k_more:
        return searching.repeat(turn, "more", k=min(bare, searching.MOST_HITS))
    return searching.more(turn)


_METHODS = {"hdbscan": r"h?dbscan", "kmeans": r"k[- ]?means", "gmm": r"gmm|gaussian mixture"}
_TOO_MANY = re.compile(r"\b\d+ (?:groups? |piles? |clusters? )?(?:is|are|was|were) (?:far |way |a bit )?too (?:many|few|much)\b")


_THOSE_N = re.compile(r"\b(?:those|these|the) \d+\b(?! (?:groups?|piles?|clusters?))(?: (?:sounds?|recordings?|clips?|hits?))?(?=.*\d)")


def _read_grouping(turn: Turn) -> None:
    """Reads the method wherever it is named, and no number that is too many."""
    words = plain(turn)
    turn.slots.method = turn.slots.method or next(
        (name for name, pattern in _METHODS.items() if re.search(rf"\b(?:{pattern})\b", words)), None
    )
    if _TOO_MANY.search(words) or _THOSE_N.search(words):
        rest = slots_of(turn, _THOSE_N.sub("these", _TOO_MANY.sub(" ", words)))
        turn.slots.groups, turn.slots.k, turn.slots.refs = rest.groups, rest.k, rest.refs


def _recluster(turn: Turn) -> Plan:
    _read_grouping(turn)
    return looking.recluster(turn)


def _cluster(turn: Turn) -> Plan:
    _read_grouping(turn)
    made = looking.cluster(turn)
    if looking.these(turn):
        return made
    if not made.calls or not (about_what := topic(turn)):
        return _only_known(turn, made)
    args = made.calls[0].args
    if "sounds" in args or "selection" in args:
        return made
    return call("cluster", "cluster", k=args.get("k"), method=args.get("method"), query=about_what)


def _only_known(turn: Turn, made: Plan) -> Plan:
    """Words that no part of the message is about are no choice of sounds: "group em" groups all."""
    if not made.calls or "query" not in made.calls[0].args:
        return made
    args = {name: value for name, value in made.calls[0].args.items() if name != "query"}
    number = turn.memory.selection
    return call("cluster", "cluster", **args, selection=number if number is not None else None)


def _groups_said(turn: Turn, *, several: bool = False) -> list[int]:
    """The groups that the numbers of a message mean, else the one that was looked at or changed last."""
    named = [number for number, _ in looking.clusters_named(turn)]
    if len(named) > 1 or (named and not several):
        return named
    shown = (turn.memory.clustering or {}).get("clusters") or []
    known = [int(group["cluster"]) for group in shown]
    numbers: list[int] = []
    for ref in turn.slots.refs:
        numbers += _as_groups(ref, known)
    if not numbers or several:
        for nth in _NTH.findall(plain(turn)):
            numbers += _as_groups(Ref("place", number=_place(nth)), known)
    return list(dict.fromkeys([*numbers, *named]))


def _as_groups(ref: Ref, known: Sequence[int]) -> list[int]:
    if ref.kind in ("number", "id") and (ref.number or ref.value.isdigit()):
        return [ref.number or int(ref.value)]
    if ref.kind == "first":
        return list(known[: ref.number])
    if ref.kind == "last":
        return list(known[-ref.number :])
    if ref.kind == "place" and known:
        place = ref.number - 1 if ref.number > 0 else ref.number
        return [known[place]] if -len(known) <= place < len(known) else []
    return [ref.number] if ref.kind == "place" and ref.number > 0 else []


def _meant_group(turn: Turn) -> list[int]:
    """The group that "it" means."""
    memory = turn.memory
    if memory.looked_at is not None:  # "it" is that sound
        return []
    if memory.cluster is not None:
        return [int(memory.cluster["cluster"])]
    return memory.edited if len(memory.edited) == 1 else []


def _edit(turn: Turn, change: str, **args: object) -> Plan:
    return call(change, "edit_clusters", change=change, **args, clustering=shown_id(turn))


def _rename(turn: Turn) -> Plan:
    by_pattern = regrouping.rename(turn)
    if by_pattern.calls:
        return by_pattern
    groups, title = _groups_said(turn)[:1] or _meant_group(turn), _title(turn)
    if not groups:
        return by_pattern
    if not title:
        return ask("rename", replies.WHICH_TITLE.format(groups[0]))
    return _edit(turn, "rename", clusters=groups, title=title)


_NAMING = re.compile(
    r"(?:\b(?:call(?:ed|ing)?|nam(?:e|ed|ing|ens)|titled?|title|dub(?:bed)?|label(?:led|ed)?|relabel|rename[d]?|known as|be|is|as|to|into"
    r"|hei(?:ß|ss)en|hei(?:ß|ss)t|nenn(?:e|en|st)?|umbenennen in|taufe?n?|read|bear|get|name)\b|=|:|->|→)"
    r"(?:\s+(?:it|that|this|them|one|the name|a name|name|the title|as|to|be|group|cluster|pile|\d+|sie|ihn|es|das|die|den|der|gruppe))*\s+",
    re.IGNORECASE,
)
_TRAILING = re.compile(
    r"[\s,.!?;:]*(?:\b(?:please|pls|thanks|thx|for me|now|instead|then|from now on|bitte|danke|jetzt|ab jetzt"
    r"|if you please|if i may|relabel it|rename it|nennen|hei(?:ß|ss)en|taufen|umbenennen|as its (?:name|title))\b[\s,.!?;:]*)+$|[\s,.!?;:]+$",
    re.IGNORECASE,
)


def _title(turn: Turn) -> str:
    """A title as it was written: in quotes, else what the message is about, else what follows a word of naming."""
    if turn.slots.quotes:
        return turn.slots.quotes[-1]
    spans = _joined(turn.said, topics(turn))
    if match := _TO_BE_CALLED.search(turn.said):
        return _without_trailing(match["title"])
    if spans:
        start, end = spans[-1]
        further = re.match(r"(?: (?:of|and|the|in|on) [A-Z][\w'-]*| [A-Z][\w'-]*)+", turn.said[end:])
        return _without_trailing(turn.said[start : end + (further.end() if further else 0)])
    last = None
    for match in _NAMING.finditer(turn.said):
        last = match
    if last is None or not (said := _without_trailing(turn.said[last.end() :])) or not re.search(r"[^\W\d_]", said):
        return ""
    return said if len(said) <= _LONGEST_TITLE else ""


_LONGEST_TITLE = 60


def _joined(text: str, spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Stretches with nothing but small words between them as one: "Weather" and "Sky" are one title."""
    found: list[tuple[int, int]] = []
    for start, end in spans:
        if found and re.fullmatch(r"\s*(?:and|und|&|of|the|in|on|von|im|,)*\s*", text[found[-1][1] : start]):
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return found


_TO_BE_CALLED = re.compile(
    r"(?:\b(?:soll(?:te)?|sollen)(?: (?:die|das|der|sie|es|gruppe \d+|jetzt|bitte|künftig|lieber))*\s+|\b(?:würde|wuerde|möchte|will|wollen)"
    r" (?:ich |wir )?(?:sie|die|das|es|ihn)(?: (?:gern|gerne|lieber|bitte))?\s+)(?P<title>.+?)\s+(?:hei(?:ß|ss)en|nennen|taufen)\b",
    re.IGNORECASE,
)


def _without_trailing(text: str) -> str:
    return _TRAILING.sub("", text).strip(" \"“”„'‘’")


def _merge(turn: Turn) -> Plan:
    by_pattern = regrouping.merge(turn)
    groups = _groups_said(turn, several=True)
    if by_pattern.calls or not groups or not (looking.clusters_named(turn) or may_be_groups(turn)):
        return by_pattern
    if len(groups) == 1:
        groups = [*_meant_group(turn), *groups]
    groups = list(dict.fromkeys(groups))
    return _edit(turn, "merge", clusters=groups) if len(groups) > 1 else by_pattern


def _split(turn: Turn) -> Plan:
    by_pattern = regrouping.split(turn)
    if by_pattern.calls:
        return by_pattern
    groups = _groups_said(turn)
    k = turn.slots.groups or turn.slots.k
    if len(groups) > 1 and k is None and not looking.clusters_named(turn):
        groups, k = groups[:1], groups[1]
    elif looking.clusters_named(turn) and k is None:
        k = next((ref.number for ref in turn.slots.refs if ref.kind == "number"), None)
    groups = groups[:1] or _meant_group(turn)
    return _edit(turn, "split", clusters=groups, k=k) if groups else by_pattern


def _move(turn: Turn) -> Plan:
    by_pattern = regrouping.move(turn)
    if by_pattern.calls:
        return by_pattern
    target, refs = list(turn.slots.clusters[-1:]), list(turn.slots.refs)
    if not target and refs and refs[-1].kind in ("number", "place") and len(refs) > 1:
        target = _as_groups(refs.pop(), [])
    sounds = turn.memory.sounds(refs) or ([turn.memory.looked_at] if turn.memory.looked_at else [])
    if _OUT_OF.search(turn.said):
        target = [0]
    return _edit(turn, "move", clusters=target, sounds=sounds) if target and sounds else by_pattern


_OUT_OF = re.compile(
    r"\b(?:out of|take .{1,30} out|remove|kick|does not belong|doesn'?t belong|do not belong|don'?t belong|raus|heraus"
    r"|gehört (?:da )?nicht|nirgends|nowhere|no group|out)\b",
    re.IGNORECASE,
)


def _map(turn: Turn) -> Plan:
    words = f"{plain(turn)} {turn.said.lower()}"
    colour = next((name for name, pattern in _COLOURS.items() if re.search(rf"\b(?:{pattern})", words)), "")
    clustering = turn.slots.clustering
    if clustering is None and turn.memory.map_args is not None and colour:
        number = turn.memory.map_args.get("clustering")
        clustering = number if isinstance(number, int) else None
    return call("map", "show_map", clustering=clustering, colour=colour)


_COLOURS = {
    "brightness": r"bright|dark|hell|dunkel",
    "loudness": r"loud|quiet|volume|level|lufs|laut|leis|pegel",
    "pitch": r"pitch|frequen|how high|tonhöhe|tonhoehe|höhe|hoehe",
    "duration": r"duration|length|how long|länge|laenge|dauer|wie lang",
    "tempo": r"tempo|bpm|speed|beats",
    "noisiness": r"nois|rausch|hiss",
    "domain": r"domain|kind\b|kinds\b|type|art\b|arten\b|bereich",
}


def _events(turn: Turn) -> Plan:
    by_pattern = subtitling.about_events(turn)
    if by_pattern is not None and by_pattern.calls:
        return by_pattern
    sound = subtitling.source(turn)
    if sound is None:
        return ask("events", replies.WHICH_TO_SUBTITLE)
    kept, left = _parted(turn)
    stretch = subtitling.stretch(subtitling.in_seconds(plain(turn)))
    args = {"only": _list(kept), "without": _list(left), **subtitling.style(turn.said)}
    return Plan("events", (Call("hear_events", {"sound": sound, **given(stretch), **_filled(args)}),))


def _change_events(turn: Turn) -> Plan:
    shown = turn.memory.timeline
    by_pattern = subtitling.about_events(turn)
    if shown is None:
        return _events(turn)
    if by_pattern is not None and by_pattern.calls and len(by_pattern.calls[0].args) > 1:
        return by_pattern
    before: Mapping[str, Any] = shown.get("edits") or {}
    kept, left = _parted(turn)
    edits: dict[str, Any] = dict(before) | given(subtitling.stretch(subtitling.in_seconds(plain(turn)))) | subtitling.style(turn.said)
    if (renamed := _RENAMED.search(turn.said)) and (old := _plain(renamed["old"] or renamed["old2"])) and (
        new := _plain(renamed["new"] or renamed["new2"])
    ):
        edits["rename"] = {**edits.get("rename", {}), old: new}
    else:
        edits |= _filled({"only": _list(kept)})
        if left:
            edits["without"] = list(dict.fromkeys([*edits.get("without", []), *_list(left)]))
    return Plan("events", (Call("hear_events", {"sound": str(shown["sound"]), **edits}),))


_RENAMED = re.compile(
    r"(?:\b(?:write|put|say|read|call (?:it|that)|label (?:it|that)|schreib\w*|nenn\w*)\s+)(?P<new2>[^,;]+?)\s+(?:instead of|in place of|rather than|not|statt|anstatt|statt)\s+(?P<old2>[^,;.!?]+)|"
    r"(?:where(?:ver)? (?:it says|you (?:wrote|say)|there is) )(?P<old>[^,;]+?),? (?:please )?(?:write|put|say|make (?:it|that))"
    r" (?P<new>[^,;.]+?)(?: instead| please|[.!]|$)",
    re.IGNORECASE,
)


def _plain(words: str) -> str:
    return _without_trailing(re.sub(r"^(?:the|a|an|it)\s+", "", words.strip()))


def _list(words: str) -> list[str]:
    parts = re.split(r"\s*(?:,|\band\b|&|\bund\b)\s*", words)
    return [plain_part for part in parts if (plain_part := re.sub(r"^(?:the|all|any|some|a|an)\s+", "", part.strip()))]


def _filled(args: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in args.items() if value}


def _count(turn: Turn) -> Plan:
    by_pattern = counting.about_counts(turn)
    if by_pattern is not None and by_pattern.calls:
        return by_pattern
    if re.search(r"\b(?:domains?|(?:each|every|per) (?:kind|type)|kinds?|types?|bereich\w*|arten)\b", turn.said, re.I):
        return call("count", "count_sounds", by="domain")
    kept, left = _parted(turn)
    heard, without = counting.things(kept) or _known_words(turn, kept), counting.things(left) or []
    within = given(limits(turn.slots) | bounds(turn))
    if not (heard or without or within):
        return searching.count(turn, kept) if kept else call("overview", "get_metadata")
    before = turn.memory.counted or {}
    goes_on = not heard and bool(before.get("heard"))
    heard = list(before["heard"]) if goes_on else heard
    return Plan("count", (Call("count_sounds", {"heard": heard, **_filled({"without": without}), **within}),))


def _known_words(turn: Turn, kept: str) -> list[str]:
    """Words of a message that the ears know, where it does not say more clearly what it is about."""
    said = re.findall(r"[a-z]{4,}", kept or (turn.text.lower() if turn.text != turn.said else ""))
    return [word for word in dict.fromkeys(said) if word not in _EMPTY and counting.things(word)][:1]


def _overview(turn: Turn) -> Plan:
    return looking.overview(turn) if turn.slots.narrows or topics(turn) else call("overview", "get_metadata")


def _moments(turn: Turn) -> Plan:
    by_pattern = moments.about_moments(turn)
    if by_pattern is not None:
        return by_pattern
    kept, _ = _parted(turn)
    things = counting.things(kept) or []
    return call("moments", "find_moments", text=kept) if things else _search(turn)


def _ears_use(turn: Turn) -> Plan:
    return hearing.about_ears(turn) or hearing.use_named(turn) or call("ears", "ears")


def _compare_ears(turn: Turn) -> Plan:
    if not re.search(r"\b(?:folders?|ordner\w*)\b", turn.said, re.IGNORECASE):
        return call("compare_ears", "compare_ears")
    no = re.search(r"\b(?:disregard|ignore|ignoring|without|not|no|regardless|ohne|nicht)\b", turn.said, re.IGNORECASE)
    return call("compare_ears", "compare_ears", by_folder=no is None)


def _describe(turn: Turn) -> Plan:
    made = looking.describe(turn)
    if made.calls:
        return made
    groups = _groups_said(turn)
    if not groups and turn.memory.clustering is None:
        return call("groups", "versions", current=True)
    of = shown_id(turn)
    calls = tuple(Call("summarize_cluster", given({"cluster": number, "clustering": of})) for number in groups[:4])
    return Plan("describe", calls) if calls else made


def _details(turn: Turn) -> Plan:
    if turn.memory.places_are == "clusters" and not looking.clusters_named(turn):
        groups = _groups_said(turn)
        pointed = [ref for ref in turn.slots.refs if ref.kind == "place"]
        if groups and pointed:
            return _describe(turn)
    made = looking.details(turn)
    if made.asked and turn.before and not turn.slots.refs:
        named = turn.memory.sounds(slots_of(turn, in_english(turn.before).lower()).refs)
        return call("details", "get_metadata", sounds=named) if named else made
    return made


def _group_facts(turn: Turn) -> Plan:
    groups = _groups_said(turn)[:1]
    if groups:
        return _describe(turn)
    return mapping.about_maps(turn) or surveying.all_groups(turn, plain(turn))


def _rename_clustering(turn: Turn) -> Plan:
    title, number = _title(turn), turn.slots.clustering
    back = number if number != (turn.memory.clustering or {}).get("clustering") else None
    return call("versions", "versions", restore=back, name=title) if title else revisiting.versions(turn)


def _restore(turn: Turn) -> Plan:
    made = revisiting.about_versions(turn)
    if made is not None and made.calls and "restore" in made.calls[0].args:
        return made
    numbers = [turn.slots.clustering] if turn.slots.clustering else [_place(n) for n in _NTH.findall(plain(turn))][:1]
    numbers = numbers or [ref.number for ref in turn.slots.refs if ref.kind == "number"][:1]
    if not numbers:
        earlier = [each for each in turn.memory.clusterings if each != shown_id(turn)]
        numbers = earlier[-1:]
    return call("versions", "versions", restore=numbers[0] if numbers else None)


def _versions(turn: Turn) -> Plan:
    made = revisiting.about_versions(turn)
    if made is not None and made.calls:
        return made
    if re.search(r"\b(?:differ\w*|chang\w*|compare\w*|unterschied\w*|vergleich\w*|geändert)\b", turn.said, re.I):
        shown = shown_id(turn)
        numbers = _groups_said(turn)
        return call("versions", "versions", compare=numbers[:2] or [shown or exporting.MEANT_NOW])
    return call("versions", "versions")


def _selection(turn: Turn) -> Plan:
    numbered = first("selection", plain(turn))
    number = int(numbered[1]) if numbered else turn.memory.selection
    return call("selection", "describe_selection", selection=number) if number else mapping.selection(turn)


def _export(turn: Turn) -> Plan:
    words, how, memory = plain(turn), exporting.how(turn), turn.memory
    name = _folder_name(turn)
    selection = int(numbered[1]) if (numbered := first("selection", words)) else memory.selection
    if selection is not None and (numbered or "selection" in words):
        return call("export", "export", selection=selection, name=name, **how)
    if _SAME.search(words) and turn.slots.clusters:
        kept = {key: value for key, value in memory.exporting.items() if key in ("format", "link", "clustering")}
        return call("export", "export", **kept, clusters=turn.slots.clusters)
    if _WHOLE.search(turn.said):
        return call("export", "export", clustering=shown_id(turn) or exporting.MEANT_NOW, name=name, **how)
    again = given(how) or re.search(r"\b(?:that|the|this) export\b|\bafter all\b|\bdoch\b", words)
    if memory.exporting and not turn.slots.refs and not turn.slots.clusters and again:
        return call("export", "export", **{**memory.exporting, **given(how)})
    made = exporting.export(turn)
    if made.calls:
        args = dict(made.calls[0].args)
        if name or _means_nothing(str(args.get("name", ""))):
            args["name"] = name
        return call("export", "export", **args)
    group = _meant_group(turn)
    return call("export", "export", clustering=shown_id(turn), clusters=group, name=name, **how) if group else made


_FOLDER = re.compile(
    r"\b(?:folder|directory|ordner|verzeichnis)\s+(?:(?:that is |to be )?(?:called|named|titled)|(?:with|by|under) the name(?: of)?|name|namens|mit dem namen"
    r"|genannt|der|as)?\s*(?:hei(?:ß|ss)t\s+)?(?P<name>[^,.;!?\n]+)",
    re.IGNORECASE,
)


def _folder_name(turn: Turn) -> str:
    """What the folder is to be called, as it was written; empty where nothing of the kind is said clearly."""
    found = _FOLDER.search(turn.said)
    if found is None or not (name := _without_trailing(found["name"])):
        return ""
    in_topics = any(start >= found.start() for start, _ in topics(turn))
    clearly = re.search(r"call|name|titled|namens|genannt|hei(?:ß|ss)t", found[0][: found.start("name") - found.start()], re.I)
    capital = name[0].isupper() and name.split()[0].lower() not in _EMPTY
    return name if len(name) <= _LONGEST_TITLE and (clearly or (capital and (in_topics or len(name.split()) < 3))) else ""


_WHOLE = re.compile(r"\b(?:whole|entire|complete|ganze\w*|komplette\w*) (?:grouping|clustering|gruppierung)", re.IGNORECASE)


def _like(turn: Turn) -> Plan:
    stretch = given(subtitling.stretch(subtitling.in_seconds(plain(turn)))) if turn.slots.start_s is None else {}
    if stretch and len(turn.slots.refs) > 1:
        del turn.slots.refs[1:]  # "from second 1 to second 2" names no sounds
    made = searching.like(turn)
    if not made.calls or made.calls[0].name != "search_by_audio":
        return made
    more: dict[str, Any] = {}
    if is_loose(turn):
        kept, left = _parted(turn)
        more = {"text": kept if not stretch else "", "without": left}
    calls = (Call(each.name, {**{k: v for k, v in each.args.items() if k not in more}, **_filled(more), **stretch, **bounds(turn)}) for each in made.calls)
    return Plan("like", tuple(calls))


def is_loose(turn: Turn) -> bool:
    """Whether a sentence is one that grammars read badly: long, of several clauses, or of another language."""
    return turn.said != turn.text or len(turn.said.split()) > _LONG or re.search(r"[.;!?] \S", turn.said) is not None


_LONG = 9


STEPS: dict[str, Callable[[Turn], Plan]] = {
    "search": _search,
    "like": _like,
    "export": _export,
    "quality": _quality,
    "overview": _overview,
    "selection": _selection,
    "moments": _moments,
    "narrow": _narrow,
    "more": _more,
    "cluster": _cluster,
    "recluster": _recluster,
    "describe": _describe,
    "details": _details,
    "group_facts": _group_facts,
    "pick": _details,
    "count": _count,
    "rename": _rename,
    "rename_clustering": _rename_clustering,
    "merge": _merge,
    "split": _split,
    "move": _move,
    "versions": _versions,
    "restore": _restore,
    "map": _map,
    "events": _events,
    "events_change": _change_events,
    "save_subtitles": _events,
    "ears": lambda _: call("ears", "ears"),
    "ears_use": _ears_use,
    "compare_ears": _compare_ears,
}
"""The steps that read leniently, by what is wanted; of the others the planner knows the step."""

TOOLS: dict[str, frozenset[str]] = {
    name: frozenset(tools.split())
    for name, tools in {
        "add": "ingest",
        "update": "ingest",
        "like": "search_by_audio",
        "search": "search_by_text search_by_audio count_sounds",
        "narrow": "search_by_text search_by_audio hear_events count_sounds",
        "shorter": "search_by_text search_by_audio",
        "longer": "search_by_text search_by_audio",
        "quality": "search_by_text search_by_audio",
        "more": "search_by_text search_by_audio cluster",
        "cluster": "cluster",
        "recluster": "cluster",
        "describe": "summarize_cluster describe_selection versions",
        "groups": "versions",
        "which_group": "versions summarize_cluster",
        "group_facts": "versions summarize_cluster",
        "details": "get_metadata summarize_cluster",
        "pick": "get_metadata summarize_cluster export",
        "play": "get_metadata",
        "extreme": "get_metadata search_by_text",
        "overview": "get_metadata count_sounds",
        "count": "count_sounds get_metadata search_by_text",
        "skips": "get_metadata",
        "export": "export",
        "rename": "edit_clusters hear_events",
        "rename_clustering": "versions edit_clusters",
        "merge": "edit_clusters",
        "split": "edit_clusters cluster",
        "move": "edit_clusters",
        "undo": "edit_clusters export versions",
        "assign": "edit_clusters",
        "versions": "versions",
        "restore": "versions edit_clusters",
        "map": "show_map",
        "selection": "describe_selection",
        "events": "hear_events find_moments",
        "events_change": "hear_events",
        "save_subtitles": "hear_events save_subtitles",
        "moments": "find_moments hear_events search_by_text",
        "ears": "ears",
        "ears_use": "ears ingest",
        "compare_ears": "compare_ears",
    }.items()
}
"""The tools that may serve each thing that is wanted; those that are not here call none."""
