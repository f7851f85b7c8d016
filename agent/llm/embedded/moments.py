"""Questions after moments: where a dog barks in the recordings, when there is thunder, where somebody speaks.

Asked of one sound ("when does it bark in 412?") that is `subtitling`'s; here it is asked of all of them.
"""

import re

from agent.llm.embedded.plans import Call, Plan
from agent.llm.embedded.pointing import plain
from agent.llm.embedded.spelling import mended
from agent.llm.embedded.turn import Turn
from agent.llm.embedded.wording import MARK
from core.counting import labels_of
from core.errors import NotFoundError

_MOST_WORDS = 5  # of a kind of sound; more are a sentence about something else
_ALL = r"(?:recordings|sounds|files|clips|samples|tapes|takes|tracks|videos|library|collection|archive)"
_EVERYWHERE = re.compile(
    rf"\b(?:in|of|from|on|across|throughout|among) (?:(?:all|any|my|our|the|your|these|those|of) )*{_ALL}\b"
    r"|\b(?:anywhere|everywhere)\b|\bin (?:them|here)(?: all)?\b"
)
_TIMES = r"(?:moments?|seconds?|times?|points?|places?|spots?|passages?|stretch(?:es)?|minutes?)"
_LEAD = (
    r"(?:(?:and|so|please|can|could|would|you|do|know|tell|show|give|find|list|play|look|for|get|me|us|i|want|need|to"
    r"|up|at most|no more than|the|\d+|exactly|also|hey|hi|then|now|ok|okay|yes|well) ,? ?)*"
)
_WHERE = re.compile(
    rf"^{_LEAD}(?:where|in (?:which|what) {_ALL} and (?:where|when|at (?:which|what) {_TIMES})) (?P<what>.+)$"
)
_WHEN = re.compile(rf"^{_LEAD}(?:when|(?:at|in) (?:which|what) {_TIMES}) (?P<what>.+)$")
_MOMENTS = re.compile(
    rf"^{_LEAD}(?:(?:all|every|any|each|the|of|best|which|what) )*{_TIMES} (?:where|when|at which|in which|with|of|"
    r"that (?:have|hold|contain)|(?:do|does|have|has|hold|contain)) (?P<what>.+)$"
)
_LISTEN = re.compile(
    rf"^{_LEAD}listen (?:to )?(?:all|everything|the (?:rest|others|other sounds|remaining \w+))\b(?: of (?:it|them))?"
)
_IS = re.compile(r"^(?:(?:is|are)\b(?!.*\b(?:there|hear|heard|audible|\w{2,}ing)\b)|can (?:i|we|you)\b)")
"""What a search answers as well: where a sound is, not where it is heard."""
_OF_FILES = re.compile(
    r"\b(?:files?|folders?|stored?|saved?|located|path|database|groups?|clusters?|map|version|exports?|it|this|that|they"
    r"|them|these|those|he|she|my|our|your|recorded|made|added|ingest\w*|settings?|options?|button|from|come|comes|did|was|were"
    r"|belongs?|fits?|goes|go|lives?|lies?|put|new)\b"
)
_EDGE = (
    "do does is are can could may one somebody hear hears heard i you we there a an the any some of to be audible"
    " sound sounds like out loud again please begin begins start starts occur occurs happen happens appear appears"
)
_EDGES = re.compile(
    rf"^(?:(?:{'|'.join(_EDGE.split())})\b[ ,]*)+|(?:[ ,]*\b(?:{'|'.join(_EDGE.split())}|in|on|at))+[ ,.?!]*$"
)
_VERB_FIRST = re.compile(r"^(\w+) (?:an?|the) (.+)$")  # "barks a dog", as other languages ask
_IT = re.compile(r"^(?:does|is) it (\w+)(?=[ ?.!]*$)")  # "does it rain": nothing is pointed at


def about_moments(turn: Turn) -> Plan | None:
    """The step for a question after the moments of a kind of sound in the library; None for any other message."""
    words = plain(turn)
    if turn.attached or turn.slots.clusters or (turn.slots.refs and not _SO_MANY.search(words)):
        return None
    last = turn.memory.latest or {}
    if last.get("kind") == "moments" and _LISTEN.match(words):
        return Plan("moments", (Call("find_moments", {"text": str(last["text"]), "listen_to_all": True}),))
    words = _AND_LISTEN.sub("", words)
    rest = " ".join(_EVERYWHERE.sub(" ", words).split())
    of_all = rest != words
    where, when = _WHERE.match(rest) or _MOMENTS.match(rest), _WHEN.match(rest)
    match = where or when
    if match is None or MARK.search(match["what"]):
        return None
    if not of_all and ((when and not where and _is_of_one(turn)) or (where and _IS.match(match["what"]))):
        return None
    said = match["what"] if _is_of_one(turn) else _IT.sub(r"\1", match["what"])
    thing = _kind(said)
    return Plan("moments", (Call("find_moments", {"text": thing} | limit(turn)),)) if thing else None


def _is_of_one(turn: Turn) -> bool:
    """Whether one sound is being talked about: "when" asks for a second of that one."""
    memory = turn.memory
    return memory.timeline is not None or memory.focus is not None or bool(memory.attached)


def limit(turn: Turn) -> dict[str, float]:
    """How many moments are asked for and how sure ones, as arguments; nothing where that is not said."""
    many = _SO_MANY.search(plain(turn))
    k = turn.slots.k or (int(many[1]) if many else None)
    return ({"k": k} if k else {}) | least_score(turn) | listening(turn)


def listening(turn: Turn) -> dict[str, bool]:
    """Whether all sounds are to be listened to first, as an argument; nothing where that is not said."""
    return {"listen_to_all": True} if _LISTEN_ALL.search(plain(turn)) else {}


def least_score(turn: Turn) -> dict[str, float]:
    """How sure the ears have to be, 0 to 1, as an argument; nothing where that is not said."""
    match = _SCORE.search(plain(turn))
    if match is None:
        return {}
    number = float(match["n"] or match["n2"])
    return {"min_score": number / 100 if number > 1 else number}


_LISTEN_ALL = re.compile(r"\blisten(?:ing)? to (?:all|every|everything|the rest|the others)\b")
_AND_LISTEN = re.compile(rf"[.,;] (?:please |and )*{_LISTEN_ALL.pattern}.*$")
_SCORE = re.compile(
    r"\b(?:scores?|confidence|certainty|sure|probability)\b\D{0,24}?(?P<n>\d*\.?\d+)(?: ?%| percent)?"
    r"|(?P<n2>0?\.\d+)(?: or (?:more|better|higher))? (?:scores?|confidence)"
)
_SO_MANY = re.compile(
    rf"(?<![\w.:])([1-9]\d?) (?:best |first |such |clearest |loudest )*{_TIMES}\b(?<!seconds)(?<!minutes)"
)


def _kind(said: str) -> str:
    """The kind of sound that is said, a slip of the keyboard mended; empty where the ears know none."""
    kind = _EDGES.sub("", said.strip(" ,.?!"))
    while (shorter := _EDGES.sub("", kind)) != kind:
        kind = shorter
    kind = _VERB_FIRST.sub(r"\2 \1", kind)
    if not kind or len(kind.split()) > _MOST_WORDS or _OF_FILES.search(kind):
        return ""
    for each in (kind, mended(kind)):
        try:
            labels_of(each)
        except NotFoundError:
            continue
        return each
    return ""
