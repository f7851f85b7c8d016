"""What a sentence tells about the person, parted from what it asks for: "I am cutting a film, so please find rain".

People who write to a program as to a colleague say what they need a sound for. That is no part of the search.
"""

import re

from agent.llm.embedded.translating import in_english
from agent.llm.embedded.wants import sound_words

_STRONG = (
    r"please|could you|can you|would you|kindly|bitte|können sie|koennen sie|könnten sie|könntest du|kannst du"
    r"|würden sie"
)
_OPENER = (
    rf"(?:{_STRONG}|(?:may|might|could) i|(?:i|we) (?:(?:would|should) )?(?:also )?(?:like|need|ask|want|require|wish"
    r"|prefer|have to|must)\b|(?:i|we) (?:am|are) (?:looking|after|searching|in search)|find|search|show|give|let me"
    r"|let us|list|tell me|which|how many|how much|are there|is there|do (?:you|we) have"
    r"|(?:bräuchte|brauche|brauchen|suche|suchen|möchte|möchten|hätte|hätten|würde|müsste|muss|will|wollen)"
    r" (?:ich|wir)|(?:ich|wir) (?:bräuchte|brauche|brauchen|suche|suchen|möchte|hätte)"
    r"|(?:teilen|finden|zeigen|geben|suchen|kopieren|nennen|sagen) sie|such|finde|zeig|gib|gibt es|an welchen|wie viele"
    r"|in wie vielen|welche)\b"
)
_BETWEEN = (
    r"(?:[.!;:]\s+|\s*,\s*(?:(?:and|so|but|therefore|hence|und|also|daher|deshalb|aber)\s+)*"
    r"(?:for (?:that|this|it|which)\s*,?\s*|dafür\s+|dazu\s+)?"
    r"|\s+(?:(?:and|so)\s+)+(?:for (?:that|this|it)\s*,?\s*)?|\s+und\s+(?:dafür\s+|dazu\s+)?)"
)
_BOUNDARY = re.compile(rf"{_BETWEEN}(?={_OPENER})", re.IGNORECASE)
_TELLS = re.compile(
    r"(?:(?:good \w+|hello|hi|dear \w+|guten \w+|hallo)[,!.]?\s+)?"
    r"(?:i|i'm|we|we're|my|our|the|this|these|last|tomorrow|today|yesterday|next|as|since|because|now that"
    r"|in our|in my|ich|wir|mein\w*|unser\w*|der|die|das|dies\w*|da|weil|morgen|gestern|heute|nächste\w*|letzte\w*)\b",
    re.IGNORECASE,
)
_WANTS = re.compile(
    r"\b(?:needs?|wants?|would like|looking for|am after|find|search|show|give|brauch\w*|bräuchte\w*|such\w*"
    r"|möchte\w*|will (?:ich|wir)|(?:ich|wir) (?:will|wollen))\b",
    re.IGNORECASE,
)
_FEW = r"(?<!-)(?:two|three|four|five|six|seven|eight|nine|ten|zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn)"
_LIMITS = re.compile(
    rf"\d|\b(?:{_FEW}|longer|shorter|seconds?|minutes?|länger|kürzer|sekunden?|links?|playlists?|csv|zip|m3u8?|json\w*|copies|kopien)\b",
    re.IGNORECASE,
)
"""What says how a thing is to be, and is never only told."""

_DENIES = re.compile(r"n't\b|\b(?:no|not|without|never|none|kein\w*|nicht|ohne)\b", re.IGNORECASE)

_POINTS = re.compile(
    r"\b(?:these|those|its?|them|they|groups?|clusters?|selections?|piles?|attach\w*|numbers?|(?:first|second|third"
    r"|fourth|fifth)(?!-)|last (?:one|sound|recording|file|group)|results?|hits?|loudest|longest|shortest|quietest|best"
    r"|closest|nearest|brightest|darkest|everything|diese\w*|gruppen?|auswahl|angehängt\w*|ersten?|zweiten?|dritten?"
    r"|letzten?|beste\w*|treffer|alles)\b",
    re.IGNORECASE,
)
_NUMBERED = re.compile(
    rf"\b(?:group|sound|selection|gruppe|klang) (?:number |nummer )?(?:\d+|one|eins|{_FEW})\b", re.IGNORECASE
)
_POINTS_BACK = re.compile(
    r"\b(?:it|its(?! own\b)|them|they|their|accordingly|too|as well|these|those|that one|this one|the one|ones|such"
    r"|similar|the same|(?<!are )(?<!is )there(?! (?:is|are))|sie es|diese\w*|auch|solche\w*|ähnliche\w*|dort)\b",
    re.IGNORECASE,
)
_OF_THE_PROGRAM = re.compile(
    r"\b(?:groups?|clusters?|maps?|sub ?titles?|how many|how much|gruppen?|karte|untertitel|wie viele?)\b",
    re.IGNORECASE,
)
_WRITES = re.compile(
    r"\b(?:export|copy|save|store|put|move|label|change|make|rename|call|write|take|split|merge|group|sort|cluster"
    r"|divide|undo|kopier\w*|exportier\w*|speicher\w*|sicher\w*|leg\w*|schieb\w*|nenn\w*|teil\w*|gruppier\w*"
    r"|sortier\w*)\b",
    re.IGNORECASE,
)
_ADDS = re.compile(
    r"\b(?:add|import|ingest|scan|index|folders?|director\w+|ordner|verzeichnis|füge?|hinzufügen|hinzu)\b",
    re.IGNORECASE,
)
_PURPOSE = re.compile(
    r"(?:for|as part of|für) (?P<what>[^.;:!?]{3,90}?),?\s+"
    r"(?=(?:i|we) (?:would|need|want|am|are|must|have to|require|should)\b"
    r"|(?:bräuchte|brauche|brauchen|suche|suchen|möchte|möchten|hätte|würde|müsste|muss) (?:ich|wir)\b)",
    re.IGNORECASE,
)
_REASON = re.compile(
    r",\s+(?:as|since|because|so that|da|weil|damit) (?:i|we|my|our|he|she|they|ich|wir|mein\w*|unser\w*)\b(?! said)"
    r"[^.?!,]*(?=[.?!]*\s*$)"
    r"|,\s+(?:i'm|i am|we're|we are)\b(?! (?:looking|after|searching))[^.?!,]*(?=[.?!]*\s*$)",
    re.IGNORECASE,
)
_MADE = (
    r"scenes?|films?|movies?|videos?|lessons?|class|course|podcasts?|episodes?|streams?|games?|projects?|show|interview"
    r"|intro|outro|trailers?|documentary|lecture|presentation|concert|quiz|exhibition|museum|radio play|audio ?book"
    r"|chapter|report|installation|theatre|\w*szene|\w*film|unterricht|klasse|kurs|\w*folge|spiel|projekt"
    r"|sendung|hörspiel|hörbuch|vortrag|ausstellung|konzert"
)
_FOR = re.compile(
    r"\s+(?:for|für) (?:a|an|my|our|the|this|that|ein\w*|mein\w*|unser\w*|den|das|die)\s+"
    r"(?:[\w'-]+\s+){0,2}?"
    rf"(?:{_MADE})(?=\s*[,.;!?]|\s*$)",
    re.IGNORECASE,
)
_COURTEOUS = re.compile(
    r"^(?:if (?:it is not|it isn't|you (?:do not|don't) mind|i may|possible|you please)[^,.]{0,30},\s*"
    r"|(?:forgive the question|forgive me|excuse me|pardon me|entschuldigen sie|entschuldigung)\s*,?\s*"
    r"(?:(?:but|aber)\s+)?)"
    r"|,\s*if (?:you would be so (?:good|kind)|you (?:do not|don't) mind|i may|you please|that is all right|possible)"
    r"(?=\s*[.?!]*$)",
    re.IGNORECASE,
)
_IS_GIVEN = re.compile(r"[/\\\"“„«`]")  # paths and quotes hold anybody's words
_KNOWING = re.compile(
    r"(?:müsste|muss|möchte|würde) (?:ich|wir) (?:gern\w* )?wissen,\s+(?=in wie vielen|wie viele|an welchen|welche)",
    re.IGNORECASE,
)


def without_background(said: str) -> str:
    """What a message asks for, without what it tells of the person; as it is where the two cannot be parted surely.

    What is told stays where what is asked points back to it, where it says how something is to be, and where it names
    a sound and what is asked names none. Of a message that writes something only whole sentences about the person are
    cut: the rest may be a name, a form or a place. Of one that adds a folder nothing is.
    """
    if _IS_GIVEN.search(said) or _ADDS.search(said):
        return said
    asked = _asked(_COURTEOUS.sub("", said))
    if (purpose := _PURPOSE.match(asked)) and _is_idle(purpose["what"]) and not _sounds(purpose["what"]):
        asked = asked[purpose.end() :]
    if _WRITES.search(asked):
        return asked
    if (reason := _REASON.search(asked)) and _is_idle(reason[0]) and not _WANTS.search(reason[0]):
        asked = asked[: reason.start()] + asked[reason.end() :]
    if (made := _FOR.search(asked)) and _sounds(asked[: made.start()]):
        asked = asked[: made.start()] + asked[made.end() :]
    return _KNOWING.sub("", asked)


def _asked(said: str) -> str:
    if not _TELLS.match(said):
        return said
    for between in _BOUNDARY.finditer(said):
        told, asked = said[: between.start()], said[between.end() :]
        if not _is_idle(told, points=_NUMBERED.search(asked) is None) or _POINTS_BACK.search(asked):
            continue
        if between[0].strip().lower() in ("and", "so", "und") and not _IS_A_SENTENCE.search(told):
            continue
        wants = _WANTS.search(told) and not _ELSE.search(told)
        in_both = _sounds(told) <= _sounds(asked) if wants else bool(_sounds(asked) or not _sounds(told))
        if in_both and (_sounds(asked) or _OF_THE_PROGRAM.search(asked)):
            return asked
    return said


def _is_idle(told: str, *, points: bool = True) -> bool:
    """Whether a stretch says neither how something is to be nor, if that counts, which of what was shown is meant."""
    limits = _LIMITS.search(told if points else _NUMBER_OF.sub("", told))
    return not (limits or (points and _POINTS.search(told)) or (_DENIES.search(told) and _sounds(told)))


_IS_A_SENTENCE = re.compile(
    r"'(?:m|re|ve)\b|\b(?:am|are|is|was|were|have|has|had|will|\w+(?:ed|ing)|bin|ist|sind|habe\w*|hat|dreh\w*"
    r"|bereit\w*|schneid\w*|mach\w*)\b",
    re.IGNORECASE,
)
_ELSE = re.compile(r"\bsomething else\b|\b(?:et)?was anderes\b", re.IGNORECASE)
_NUMBER_OF = re.compile(rf"\b(?:{_FEW}|\d+) (?:groups|gruppen)\b", re.IGNORECASE)


def _sounds(words: str) -> set[str]:
    """The words that name a sound, in the singular."""
    said = set(re.findall(r"[a-z]{3,}", in_english(words).lower())) - _OF_ANYTHING
    known = sound_words()
    return {word.removesuffix("s") for word in said if {word, word.removesuffix("s"), word.removesuffix("es")} & known}


_OF_ANYTHING = frozenset(
    "and background call change clip close computer effect field fill for inside large middle new open recording"
    " recordings room single small sound sounds starting tool video walk with working writing".split()
)
"""Words in the names of AudioSet's classes that name no sound by themselves."""
