"""What a message most likely wants, by its words (`wants`) and by what was shown before it."""

import re
from collections.abc import Collection
from functools import lru_cache

from agent.llm.embedded import exporting
from agent.llm.embedded.pointing import plain
from agent.llm.embedded.spelling import once, slips
from agent.llm.embedded.translating import language_of
from agent.llm.embedded.turn import Turn
from agent.llm.embedded.wants import Want, said_often, wants
from core.words import shipped_vectors


def likely(turn: Turn) -> list[Want]:
    """What may be wanted, the likeliest first, after what was shown: what changes a list needs a list to change."""
    if set(re.findall(r"\w+", turn.said.lower())) <= _NOTHING:
        return [Want("fine", 0.0)]
    scores = _heard(turn)
    _weigh_by_what_was_shown(turn, scores)
    _take_up(turn, scores)
    _weigh_by_words(turn, scores)
    whole = sum(scores.values())
    return [Want(name, score / whole) for name, score in sorted(scores.items(), key=lambda item: -item[1])]


def _weigh_by_what_was_shown(turn: Turn, scores: dict[str, float]) -> None:
    """What there is nothing for becomes less likely; a map that is shown draws what is said of it."""
    memory = turn.memory
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


def _take_up(turn: Turn, scores: dict[str, float]) -> None:
    """The same words are about what was shown last: "only the dogs" changes a list, a timeline, a count or a copy."""
    memory = turn.memory
    if memory.timeline is not None and memory.latest is memory.timeline and _SAVE_IT.search(plain(turn)):
        _instead(scores, "save_subtitles", {"export", "events_change", "fine"})
    if (
        memory.selection is not None
        and not turn.slots.refs
        and _THESE.search(plain(turn))
        and len(turn.said.split()) < LONG
    ):
        _instead(scores, "selection", {"details", "describe", "overview", "pick", "help"})
    if memory.clustering is not None and memory.latest is memory.clustering:
        _instead(scores, "recluster", {"more"})
        if BY_SIZE.search(turn.said):
            _instead(scores, "describe", {"extreme"})
    if turn.slots.groups in memory.sizes.values() and _BACK.search(turn.said):
        _instead(scores, "restore", {"groups", "recluster", "cluster"})
    if memory.grouping is None:
        _instead(scores, "cluster", {"recluster"})
    if memory.timeline is not None:
        _instead(scores, "events_change", _OF_A_LIST)
    elif memory.counted is not None:
        _instead(scores, "count", _OF_A_LIST - {"more"} | ({"search"} if _GOES_ON.match(turn.said) else set()))
    elif memory.exported and not turn.slots.narrows:
        _instead(scores, "export", {"narrow", "pick"} | ({"more"} if scores["more"] < _SURELY_MORE else set()))
    if (
        turn.memory.done[-1:] == ["export"]
        and turn.memory.made[0] in ("export", "save_subtitles")
        and _AWAY.search(turn.said)
    ):
        _instead(scores, "undo", {"narrow", "events_change", "refuse", "move", "pick", "fine"})
    if SAME.search(plain(turn)) and (again := _done_last(turn)):
        _instead(scores, again, set(scores) - {again})


def _weigh_by_words(turn: Turn, scores: dict[str, float]) -> None:
    """What a want is hardly put without, such as "where" for moments, counts for more than the models know."""
    if turn.says("other"):
        _instead(scores, "other", {"pick"})
    if turn.memory.map is None and not _OF_A_MAP.search(spoken(turn)):
        scores["map"] *= 0.004
    if _LIKE_IT.search(plain(turn)):
        scores["like"] *= 3.0
    if _WHERE_EXACTLY.search(turn.said):
        scores["moments"] *= 3.0
    if turn.memory.map is not None and _SHADE.search(plain(turn)) and len(turn.said.split()) < LONG:
        _instead(scores, "map", {"quality", "more", "extreme", "narrow", "search", "details", "count"})
    if turn.memory.sounds(turn.slots.refs) or (_IN_ONE.search(plain(turn)) and not _MOMENTS.search(plain(turn))):
        _instead(scores, "events", {"moments"})
    if not _WHEN.search(turn.said):
        scores["moments"] *= 0.3
    if turn.slots.k and _EXAMPLES.search(plain(turn)) and not _GROUP.search(spoken(turn)):
        scores["search"] *= 5.0
    if any(exporting.how(turn).values()):
        scores["export"] *= 5.0
    if _INTRODUCES.match(turn.said) and not _REQUEST.search(turn.said):
        _instead(scores, "greeting", {"search", "fine", "thanks", "compare_ears"})
    if _SUBTITLES.search(plain(turn)):
        _instead(scores, "save_subtitles", {"export"})
    for name, holds in (
        ("overview", not (turn.slots.refs or turn.slots.clusters)),
        ("count", turn.memory.counted is not None or _NUMBER.search(turn.said)),
        (
            "describe",
            turn.memory.clustering or turn.memory.cluster or turn.slots.clusters or _GROUP.search(spoken(turn)),
        ),
        ("ears", _EARS.search(turn.said)),
        ("like", not _NEW_SEARCH.match(turn.said) or turn.attached or _ALIKE.search(plain(turn))),
        ("compare_ears", _EARS.search(turn.said)),
        ("events_change", not _NEW_SEARCH.match(turn.said)),
    ):
        scores[name] *= 1.0 if holds else 0.2


_NOTHING = frozenset("please pls plz bitte hm hmm um er".split())

_GOES_ON = re.compile(r"(?:and|or|what about|how about|und|oder)\b.*\?", re.IGNORECASE)

_BACK = re.compile(r"\b(?:back|earlier|previous|zurück)\b", re.IGNORECASE)

_SAVE_IT = re.compile(
    r"^(?:(?:and|now|please|then|ok|can you) )*(?:save|write|store|keep)(?: out)? (?:it|that|them|this|these"
    r"|those|all)\b"
)

_AWAY = re.compile(
    r"\b(?:away|back|remove|delete|undo|rückgängig|zurück|wieder weg)\b.*\b(?:again|file|folder|copy|copies"
    r"|wieder)\b|\btake (?:it|that|them) (?:away|back)\b",
    re.IGNORECASE,
)

BY_SIZE = re.compile(r"\b(?:biggest|largest|smallest|fullest|größten?|kleinsten?|groessten?)\b", re.IGNORECASE)

LONG = 9  # words of a sentence that grammars read badly
_SURELY_MORE = 0.7

_OF_A_MAP = re.compile(
    r"\b(?:maps?|karte\w*|pictures?|bild\w*|plots?|charts?|colou?r\w*|farb\w*|landscape|where|scatter\w*"
    r"|visuali\w+|draw\w*|tint\w*|paint\w*)\b|färb",
    re.IGNORECASE,
)

_WHEN = re.compile(
    r"\b(?:where|when|moments?|times?|seconds?|places?|points?|spots?|passages?"
    r"|wo|wann|stellen?|zeitpunkte?n?|momente?n?)\b",
    re.IGNORECASE,
)

_INTRODUCES = re.compile(
    r"(?:good (?:morning|afternoon|evening|day)|hello|hi|hey|hallo|guten (?:morgen|tag|abend)|moin|servus)\b.*"
    r"\b(?:i am|i'm|my name|we are|i lead|i work|i run|i make|ich bin|ich heiße|mein name|wir sind)\b",
    re.IGNORECASE,
)

_REQUEST = re.compile(
    r"\?|\b(?:find|show|look(?:ing)?(?! forward)|search\w*|need|want|play|give|group|export|count|list|such\w*|finde"
    r"|zeig\w*|brauche?|möchte(?!.*(?:vorbereiten|arbeiten|kennenlernen|anfangen))|gib)\b",
    re.IGNORECASE,
)

_WHERE_EXACTLY = re.compile(
    r"^(?:and )?where exactly\b|\bwhere\b.*\b(?:seconds?|moments?|timestamps?)\b", re.IGNORECASE
)

_SHADE = re.compile(
    r"\b(?:how (?:long|loud|bright|high|low|noisy|fast)|brightness|loudness|pitch|duration|length|tempo"
    r"|noisiness|domains?|kinds?|level)\b"
)

_SUBTITLES = re.compile(r"\bsub ?titles?\b")

_EXAMPLES = re.compile(r"\b\d+ (?:good )?examples?\b")

_NUMBER = re.compile(
    r"\b(?:many|much|counts?|counting|numbers?|totals?|amount|hours?|minutes?|share|percent\w*|proportion|tally|statistics"
    r"|which|how long|wie ?viele?|anzahl|zähl\w*|zahl|stunden|minuten|anteil|prozent|welche[rsnm]?|wie lang\w*)\b|%",
    re.IGNORECASE,
)

_GROUP = re.compile(r"\b(?:groups?|clusters?|piles?|buckets?|categor\w+|gruppen?|haufen|stapel)\b", re.IGNORECASE)

_EARS = re.compile(
    r"\b(?:ears?|ohr\w*|modell?\w*|clap|vggish|wav2vec\w*|conette|embed\w*|listen\w*|h(?:ö|oe)r\w*|hear\w*|network\w*"
    r"|netz\w*|built.?in|spaces?|backends?|encoder|tagger|compar\w*|rank\w*|vergleich\w*|wechsel\w*|switch\w*)\b",
    re.IGNORECASE,
)

_ALIKE = re.compile(r"\b(?:like|similar\w*|resembl\w*|close\w*|near\w*|alike|match\w*|same|comparable|ähnlich\w*)\b")

_LIKE_IT = re.compile(
    r"\b(?:sounds?|something|anything|others?|ones|more|recordings?|clips?)\b.*\b(?:like|similar to|close to"
    r"|resembl\w+)"
    r" (?:it|this|that|these|those|(?:the )?(?:first|second|third|fourth|fifth|last)|(?:number |sound )?\d+)\b"
)

_MOMENTS = re.compile(r"\b(?:moments?|places?|spots?) (?:with|where|of|in which)\b")

_IN_ONE = re.compile(
    r"\b(?:in|of|from) (?:it|this|that|(?:the|my|this|that) (?:attached )?(?:file|clip|recording|sound|video"
    r"|attachment))\b(?! (?:library|collection))"
)

_NEW_SEARCH = re.compile(
    r"(?:please |bitte |now |jetzt |then |dann )?(?:find|search|look|such|finde|suche|gibt es|are there|is there"
    r"|hast du)\b",
    re.IGNORECASE,
)

_THESE = re.compile(r"\b(?:this|these|those|they|them|it)\b")

SAME = re.compile(r"\bsame (?:for|with|again|of)\b|^(?:and )?now (?:for )?(?:(?:sound|number) )?\d+$")


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
        if abs(len(other) - len(word)) <= reach
        and (len(word) > 4 or len(other) > 3 or sorted(word) == sorted(other) or once(word) == once(other))
    ]
    best = min(near, default=(reach + 1, 0, word))
    return best[2] if best[0] <= reach else word


_LONG_WORD = 8


def _instead(scores: dict[str, float], name: str, others: Collection[str]) -> None:
    """Gives one want what others had."""
    for other in others:
        scores[name] += scores[other]
        scores[other] = 0.0


_OF_A_LIST = frozenset({"narrow", "shorter", "longer", "quality", "more"})

_OF_A_TIMELINE = frozenset({"events_change", "save_subtitles"})

_OF_GROUPS = frozenset({"which_group", "group_facts", "rename", "merge", "split", "move", "assign"})
