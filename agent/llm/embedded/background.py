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
    r"(?:i|i'm|we|we're|my|our|the|this|these|last|tomorrow|today|yesterday|next|as|since|because|while|when|now that"
    r"|in our|in my|ich|wir|mein\w*|unser\w*|der|die|das|dies\w*|da|weil|morgen|gestern|heute|nächste\w*|letzte\w*)\b",
    re.IGNORECASE,
)
_WANTS = re.compile(
    r"\b(?:need|want|would like|looking for|am after|find|search|show|give|brauche\w*|bräuchte\w*|suche\w*"
    r"|möchte\w*)\b",
    re.IGNORECASE,
)
_FEW = r"(?:one|two|three|four|five|six|seven|eight|nine|ten)"
_POINTS = re.compile(
    r"\b(?:these|those|its?|them|they|groups?|clusters?|selections?|piles?|attach\w*|number|(?:first|second|third"
    r"|fourth|fifth)(?!-)|last one|diese\w*|gruppen?|auswahl|angehängt\w*|ersten?|zweiten?|dritten?)\b|[\d\"“„]",
    re.IGNORECASE,
)
_NUMBERED = re.compile(rf"\b(?:group|sound|selection|gruppe|klang) (?:\d+|{_FEW})\b", re.IGNORECASE)
_POINTS_BACK = re.compile(
    r"\b(?:it|its(?! own\b)|them|they|their|accordingly|too|as well|these|those|sie es|diese\w*|auch)\b", re.IGNORECASE
)
_OF_THE_PROGRAM = re.compile(
    r"\b(?:groups?|clusters?|maps?|sub ?titles?|export|copy|gruppen?|karte|untertitel|kopier\w*)\b", re.IGNORECASE
)
_PURPOSE = re.compile(
    r"(?:for|as part of|für) (?P<what>[^.;:!?]{3,90}?),?\s+"
    r"(?=(?:i|we) (?:would|need|want|am|are|must|have to|require|should)\b"
    r"|(?:bräuchte|brauche|brauchen|suche|suchen|möchte|möchten|hätte|würde|müsste|muss) (?:ich|wir)\b)",
    re.IGNORECASE,
)
_REASON = re.compile(
    r",\s+(?:as|since|because|so that|da|weil|damit) (?:i|we|my|our|he|she|they|ich|wir|mein\w*|unser\w*)\b[^.?!]*"
    r"|,\s+(?:i'm|i am|we're|we are)\b(?! (?:looking|after|searching))[^.?!,]*(?=[.?!]*\s*$)",
    re.IGNORECASE,
)
_MADE = (
    r"scenes?|films?|movies?|videos?|lessons?|class|course|podcasts?|episodes?|streams?|games?|projects?|show|interview"
    r"|intro|outro|trailers?|documentary|lecture|presentation|concert|quiz|exhibition|museum|radio play|audio ?book"
    r"|chapter|report|installation|theatre|\w*szene|\w*film|videos?|unterricht|klasse|kurs|\w*folge|spiel|projekt"
    r"|sendung|hörspiel|hörbuch|vortrag|ausstellung|konzert"
)
_FOR = re.compile(
    r"\s+(?:for|für|in the background of) (?:a|an|my|our|the|this|that|ein\w*|mein\w*|unser\w*|den|das|die)\s+"
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
_NAMES = re.compile(
    r"\b(?:call\w*|nam(?:e|ed|ing)|renam\w*|(?<!sub )titl\w*|relabel\w*|folder|\w*nenn\w*|hei(?:ß|ss)\w*|ordner)\b",
    re.IGNORECASE,
)
_KNOWING = re.compile(
    r"(?:müsste|muss|möchte|würde) (?:ich|wir) (?:gern\w* )?wissen,\s+(?=in wie vielen|wie viele|an welchen|welche)",
    re.IGNORECASE,
)


def without_background(said: str) -> str:
    """What a message asks for, without what it tells of the person; as it is where the two cannot be parted surely.

    What is told stays where what is asked points back to it, or where it names what only a list or a group has. No name
    that is given to something is cut.
    """
    if _IS_GIVEN.search(said):
        return said
    asked = _asked(_COURTEOUS.sub("", said))
    if (purpose := _PURPOSE.match(asked)) and not (_POINTS.search(purpose["what"]) or _names_a_sound(purpose["what"])):
        asked = asked[purpose.end() :]
    if _NAMES.search(asked):  # what it is to be called may be any words
        return asked
    if (reason := _REASON.search(asked)) and _says_enough(asked[: reason.start()]):
        asked = asked[: reason.start()] + asked[reason.end() :]
    if (made := _FOR.search(asked)) and _names_a_sound(asked[: made.start()]):
        asked = asked[: made.start()] + asked[made.end() :]
    return _KNOWING.sub("", asked)


def _asked(said: str) -> str:
    if not _TELLS.match(said):
        return said
    for between in _BOUNDARY.finditer(said):
        told, asked = said[: between.start()], said[between.end() :]
        is_strong = re.match(rf"(?:{_STRONG})\b", asked, re.IGNORECASE) is not None
        points = _POINTS.search(told) and not _NUMBERED.search(asked)
        if points or _POINTS_BACK.search(asked) or (_WANTS.search(told) and not is_strong):
            continue
        if _says_enough(asked):
            return asked
    return said


def _says_enough(asked: str) -> bool:
    """Whether a request names a sound, a number, or a thing that only this program has."""
    return bool(re.search(rf"\d|\b{_FEW}\b", asked) or _OF_THE_PROGRAM.search(asked)) or _names_a_sound(asked)


def _names_a_sound(words: str) -> bool:
    said = set(re.findall(r"[a-z]{3,}", in_english(words).lower())) - _OF_ANYTHING
    return any({word, word.removesuffix("s"), word.removesuffix("es")} & sound_words() for word in said)


_OF_ANYTHING = frozenset(
    "and background call change clip close computer effect field fill for inside large middle new open recording"
    " recordings room single small sound sounds starting tool video with working writing".split()
)
"""Words in the names of AudioSet's classes that name no sound by themselves."""
