"""What a sentence is about once its slots are taken out: words to search by, what to leave out, a name to save as.

The words that stand around all this are in `lexicon.toml` under `content`.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache

from agent.llm.embedded.lists import lexicon
from agent.llm.embedded.spelling import mended
from agent.llm.embedded.wording import MARK, Wording

_IN_TEXT = {"QUOTE", "WORD", "PLACE", "NUMBER", "FILE", "PATH", "SOME", "METHOD", "GROUPS", "CLUSTER", "CLUSTERING"}
_IN_QUERY = {"QUOTE", "WORD", "METHOD", "GROUPS"}
_WITHOUT = re.compile(
    r"(?:^|[ ,])(?:"
    r"(?:but |and |, )*(?:without|excluding|except(?: for)?|minus|other than|leaving out|leave out|exclude|drop"
    r"|skip|filter out|take away|take out|get rid of|hide|avoid|ignoring|ignore"
    r"|(?:but|and|,) (?:not|no|none|nothing|never)|with no"
    r"|(?:that|which) (?:is|are) not|not)"
    r"|^(?:no|none|nothing|remove)|(?<= )no) (?P<rest>.+)"
)
_NEXT_LEFT_OUT = re.compile(r" ?, ?(?:and |or |but )?(?:no |not |without )?| (?:and|or|nor) (?:no|not|without) ")
_WANTED_AFTER = re.compile(
    r"(?P<out>.+?) ?(?:, (?:please )?(?=(?:find|show|give|search|look|get|just|only|but)\b)"
    r"|\bbut (?!no\b|not\b|without\b))(?P<wanted>.+)"
)
_GROUPING = (
    "cluster|group|sort|split|divide|organi[sz]e|arrange|partition|categori[sz]e|classify|put"
    "|clusters|groups|piles|clustering"
)
_GROUP_WHAT = re.compile(rf"\b(?:{_GROUPING}|GROUPS\d+)\b(?: (?:of|from|out of|for|with|only))?(?P<rest> .*)?")
_GROUPED = re.compile(r"(?P<rest>.+?) (?:sorted|grouped|clustered|split|divided|organi[sz]ed|arranged)\b")
_QUERY_END = re.compile(
    r"\b(?:into|with|using|by|via|automatically|please|thanks|for|together|in|on|METHOD\d+|GROUPS\d+|COUNT\d+)\b|[.!?,;]"
)
_NAMED = re.compile(
    r"\b(?:as|called|named|name|titled|under(?: the name)?(?: of)?|by the name of|with the name|to|into|in)"
    r" (?P<name>.+)$"
)


_NAME = r"(?P<name>[^\s,.?!:;\"']+(?:\.\w+|[\\/][^\s,?!;]+)*(?: (?-i:[A-Z0-9])[^\s,.?!;]*)*)"
_FOLDER_NAMED = re.compile(rf"\b(?:folder|directory)\s+(?:called\s+|named\s+|of name\s+)?{_NAME}", re.IGNORECASE)
_FOLDER_IN = re.compile(rf"\b(?:in|from|inside|under|below|at)\s+(?:my\s+(?=[a-z])|the\s+)?{_NAME}", re.IGNORECASE)
_FOLDER_BEFORE = re.compile(r"(?P<name>[^\s,.?!:;]+)\s+(?:folder|directory)\b", re.IGNORECASE)
_FOLDER_WITHIN = re.compile(r"(?<!\S)(?P<name>[\w.-]+(?:[\\/][\w.-]+)+)")
_FOLDER_BARE = re.compile(
    r"^(?:\w+ )?(?i:add|index|import|ingest|scan|load) (?:my |the )?(?P<name>[A-Z][^\s,?!;]*(?: [A-Z][^\s,?!;]*)*)"
)


@dataclass(frozen=True)
class Subject:
    """What to look for and what to leave out, as search words; empty where nothing was said."""

    text: str
    without: str


def subject(wording: Wording) -> Subject:
    """What a search is about."""
    words = _without_marks(wording.words, _IN_TEXT)
    found = _WITHOUT.search(words)
    about, rest = (words[: found.start()], found["rest"]) if found else (words, "")
    about, rest = _main_clause(about, rest)
    return Subject(_search_words(wording, _trimmed(about, "lead", "tail")), _search_words(wording, _left_out(rest)))


def _search_words(wording: Wording, words: str) -> str:
    """As the person spelled them, but for slips in words for sounds; "louder" and "loudest" are "loud"."""
    plain = {**lexicon()["comparatives"], **lexicon()["superlatives"], **lexicon()["lengths"]}
    asked = " ".join(plain.get(word, word) for word in words.split())
    return mended(wording.spelled(asked), wording.names)


def beside(wording: Wording, known: Collection[str]) -> Subject:
    """What a sentence that names a sound says besides: "like number 2 but with rain" is about rain.

    known: words that carry no meaning of their own here, but for those that describe a sound.
    """
    words = re.sub(r"^(?:no|not that one|nope) ?,", "", _without_marks(wording.words, {"QUOTE", "WORD"}))
    found = _WITHOUT.search(words)
    about, rest = (words[: found.start()], found["rest"]) if found else (words, "")
    left_out = _left_out(rest)
    told = _telling(left_out, known)
    return Subject(_search_words(wording, _telling(about, known)), _search_words(wording, left_out if told else ""))


def _telling(words: str, known: Collection[str]) -> str:
    """The words of a stretch that tell something of a sound."""
    meant = {*lexicon()["sounds"]["words"].split(), *lexicon()["comparatives"], *lexicon()["superlatives"]}
    idle = _words("lead", "tail", "generic", "chatter", "cluster_words")
    kept = [
        word
        for word in re.findall(r"[A-Z]+\d+|[\w'-]*\w", words)
        if word in meant or not (word in idle or word in known or word.isdigit())
    ]
    return " ".join(word for word in kept if word not in _words("length_words"))


def qualities(wording: Wording) -> list[str]:
    """What the sounds are to be more of: "brighter", "no, lower ones", "too dark"."""
    less = re.findall(r"\b(?:too|less|not so) (\w+)", wording.words)
    asked = [plain for word in wording.words.split() if (plain := lexicon()["comparatives"].get(word))]
    return [*asked, *(other for word in less if (other := lexicon()["opposites"].get(word)))]


def with_qualities(text: str, asked: list[str]) -> str:
    """Words to search by with further qualities; what is their opposite goes."""
    gone = {*asked, *(lexicon()["opposites"].get(each, "") for each in asked)}
    return " ".join([*(word for word in text.split() if word.lower() not in gone), *dict.fromkeys(asked)])


def says_any(wording: Wording, *lists: str, table: str = "content") -> bool:
    """Whether the words hold one of those in some lists of the lexicon."""
    wanted = {word for name in lists for word in lexicon()[table][name].split()}
    return not wanted.isdisjoint(wording.words.split())


def holds_only(words: str, *lists: str) -> bool:
    """Whether each word of a stretch is in some lists of the lexicon."""
    return set(re.findall(r"[a-z]+", words)) <= _words(*lists)


def _left_out(rest: str) -> str:
    """Just the things: "the thunder, and no birds please" is "thunder, birds"."""
    parts = _NEXT_LEFT_OUT.split(re.sub(r"[.!?;].*", "", rest))
    kept = (_trimmed(part, "without_lead", "tail", "without_tail") for part in parts)
    return ", ".join(part for part in kept if part)


def _main_clause(about: str, rest: str) -> tuple[str, str]:
    """What is looked for may follow what is left out: "without wind, find rain", "no cats but dogs"."""
    follows = _WANTED_AFTER.fullmatch(rest)
    return (follows["wanted"], follows["out"]) if follows and not _trimmed(about, "lead", "tail") else (about, rest)


def grouped(wording: Wording) -> str:
    """Which sounds to group, as search words; empty for all of them."""
    words = _without_marks(wording.words, _IN_QUERY)
    verb = _GROUPED.search(words) or _GROUP_WHAT.search(words)
    phrase = _QUERY_END.split((verb["rest"] or "").strip(), maxsplit=1)[0].split() if verb else []
    generic = next((place for place, word in enumerate(phrase) if word in _words("generic")), None)
    if generic is not None:  # "the drum sounds", "sounds of drums", and nothing of "my sounds real quick"
        after = phrase[generic + 1 :]
        phrase = phrase[:generic] + (after[1:] if after[:1] in (["of"], ["about"]) else [])
    kept = [word for word in phrase if word not in _words("cluster_words") or word == "and"]
    return _search_words(wording, " ".join(kept).removeprefix("and ").removesuffix(" and").strip())


def save_name(wording: Wording, quotes: list[str], paths: list[str]) -> str:
    """What an exported folder is to be called, or nothing. Of a path only the last part counts."""
    written = next(iter([*quotes[-1:], *paths[-1:]]), "") or _said_name(wording)
    return re.split(r"[\\/]", written.strip().rstrip("\\/"))[-1].strip(" .")


def _said_name(wording: Wording) -> str:
    """The words after "as", "called" or "into", the last of these: "into a folder called wet roofs"."""
    said = re.sub(r"[.!?;]+$", "", wording.words).strip()
    found = _NAMED.search(said)
    while found:
        said = found["name"]
        further = _NAMED.search(said)
        if further is None:
            break
        found = further
    words = [word for word in said.partition(",")[0].split() if word != "-"] if found else []
    while words and words[-1] in _words("no_name"):
        words.pop()
    while words and words[0] in _words("no_name"):
        words.pop(0)
    return " ".join(wording.cased.get(word, word) for word in wording.spelled(" ".join(words)).split())


def folder_name(wording: Wording) -> str:
    """The folder in "index the folder loops" or "add the sounds in Sounds2": a bare name, as it was written, or ""."""
    patterns = (_FOLDER_NAMED, _FOLDER_IN, _FOLDER_BEFORE, _FOLDER_BARE, _FOLDER_WITHIN)
    names = (match["name"].rstrip(".") for pattern in patterns for match in pattern.finditer(wording.text))
    return next((name for name in names if _may_be_folder(name)), "")


def _may_be_folder(name: str) -> bool:
    idle = name.lower() in _words("no_name", "lead", "tail", "generic")
    return not idle or (name != name.lower() and name.lower() not in _words("no_name"))


@cache
def _words(*lists: str) -> frozenset[str]:
    return frozenset(word for name in lists for word in lexicon()["content"][name].split())


def _without_marks(words: str, keep: set[str]) -> str:
    """The words without the slots that say how, not what."""
    kept = MARK.sub(lambda mark: mark[0] if mark[1] in keep else "|", words)
    return re.sub(r"\s+", " ", re.sub(r"(?: ?, ?)*\|", " ", kept)).strip()


def _trimmed(words: str, lead: str, *tail: str) -> str:
    parts = re.sub(r"\s*[.!?;=#<>~]+\s*$", "", words).replace(" - ", " ").split()
    start, end = 0, len(parts)
    together = lexicon()["content"]["together"]
    while start < end and (parts[start] in _words(lead) or not parts[start][0].isalnum()):
        if " ".join(parts[start : start + 2]) in together:
            break
        start += 1
    while end > start and (parts[end - 1] in _words(*tail) or not parts[end - 1][0].isalnum()):
        end -= 1
    return " ".join(parts[start:end])
