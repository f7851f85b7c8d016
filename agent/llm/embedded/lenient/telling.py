"""Counts, moments, details, the map and the ears."""

import re

from agent.llm.embedded import counting, hearing, looking, mapping, moments, searching
from agent.llm.embedded.lenient.changing import groups_said
from agent.llm.embedded.lenient.finding import search
from agent.llm.embedded.lenient.grouping import describe
from agent.llm.embedded.lenient.lengths import bounds
from agent.llm.embedded.lenient.timelines import events
from agent.llm.embedded.lenient.topics import EMPTY, parted, phrase_in_english, topic, topics, without_empty
from agent.llm.embedded.patterns import first
from agent.llm.embedded.plans import Call, Plan, call, given, limits
from agent.llm.embedded.pointing import plain, slots_of
from agent.llm.embedded.translating import in_english
from agent.llm.embedded.turn import Turn


def show_map(turn: Turn) -> Plan:
    """The map, in the colour that is named in English or German; of the clustering it was last drawn for."""
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


def count(turn: Turn) -> Plan:
    """How many sounds hold what is named, without what is excluded; a count that says neither goes on from the last."""
    by_pattern = counting.about_counts(turn)
    if by_pattern is not None and by_pattern.calls:
        return by_pattern
    if re.search(r"\b(?:domains?|(?:each|every|per) (?:kind|type)|kinds?|types?|bereich\w*|arten)\b", turn.said, re.I):
        return call("count", "count_sounds", by="domain")
    kept, left = parted(turn)
    heard, without = counting.things(kept) or _known_words(turn, kept), counting.things(left) or []
    within = given(limits(turn.slots) | bounds(turn))
    if within and not (heard or without or turn.memory.counted or _ASKS_NUMBER.search(turn.said)):
        return searching.words(turn)
    if not (heard or without or within):
        return searching.count(turn, kept) if kept else call("overview", "get_metadata")
    before = turn.memory.counted or {}
    goes_on = not heard and bool(before.get("heard"))
    heard = list(before["heard"]) if goes_on else heard
    return Plan("count", (Call("count_sounds", {"heard": heard, **without_empty({"without": without}), **within}),))


_ASKS_NUMBER = re.compile(
    r"\b(?:how (?:many|much|long)|count|number|total|wie ?viele?|anzahl|zähl\w*)\b", re.IGNORECASE
)


def _known_words(turn: Turn, kept: str) -> list[str]:
    """Words of a message that the ears know, where it does not say more clearly what it is about."""
    said = re.findall(r"[a-z]{4,}", kept or (turn.text.lower() if turn.text != turn.said else ""))
    return [word for word in dict.fromkeys(said) if word not in EMPTY and counting.things(word)][:1]


def overview(turn: Turn) -> Plan:
    """What the library holds, as a whole where the message is about nothing in it."""
    return looking.overview(turn) if turn.slots.narrows or topics(turn) else call("overview", "get_metadata")


def moments_of(turn: Turn) -> Plan:
    """When something is heard in all sounds; a search where the ears know nothing of the kind."""
    by_pattern = moments.about_moments(turn)
    if by_pattern is not None:
        return by_pattern
    many = moments.limit(turn)
    if not many and turn.memory.sounds(turn.slots.refs):
        return events(turn)
    named = [re.sub(r",.*$", "", phrase_in_english(turn, start, end)) for start, end in topics(turn)]
    known = next((kind for kind in named if counting.things(kind)), None)
    return call("moments", "find_moments", text=known, **many) if known else search(turn)


def ears_use(turn: Turn) -> Plan:
    """Other ears, by their name; all of them where none is named."""
    return hearing.about_ears(turn) or hearing.use_named(turn) or call("ears", "ears")


def compare_ears(turn: Turn) -> Plan:
    """How two pairs of ears differ, by folder where folders are spoken of and not excluded."""
    if not re.search(r"\b(?:folders?|ordner\w*)\b", turn.said, re.IGNORECASE):
        return call("compare_ears", "compare_ears")
    no = re.search(r"\b(?:disregard|ignore|ignoring|without|not|no|regardless|ohne|nicht)\b", turn.said, re.IGNORECASE)
    return call("compare_ears", "compare_ears", by_folder=no is None)


def details(turn: Turn) -> Plan:
    """What is known of sounds, or of groups where groups were shown; what a question back was about stays named."""
    if turn.memory.places_are == "clusters" and not looking.clusters_named(turn):
        groups = groups_said(turn)
        pointed = [ref for ref in turn.slots.refs if ref.kind == "place"]
        if groups and pointed:
            return describe(turn)
    made = looking.details(turn)
    if made.asked and turn.before and not turn.slots.refs:
        named = turn.memory.sounds(slots_of(turn, in_english(turn.before).lower()).refs)
        return call("details", "get_metadata", sounds=named) if named else made
    if made.asked and not turn.slots.refs and (name := searching.FILE_NAME.search(turn.said)):
        return call("details", "search_by_text", text=name[0])
    return made


def play(turn: Turn) -> Plan:
    """A sound to be heard; a search where a kind of sound is named that was not looked for just before."""
    before = str((turn.memory.search or ("", {}))[1].get("text", "")).lower().split()
    wanted = topic(turn).lower().split()
    points = turn.slots.refs or turn.slots.clusters or turn.attached
    return search(turn) if wanted and not points and not set(wanted) & set(before) else looking.play(turn)


def selection(turn: Turn) -> Plan:
    """What a selection on the map holds, the one made last where none is named."""
    numbered = first("selection", plain(turn))
    number = int(numbered[1]) if numbered else turn.memory.selection
    return call("selection", "describe_selection", selection=number) if number else mapping.selection(turn)
