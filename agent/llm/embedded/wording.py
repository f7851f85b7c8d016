"""A person's sentence as plain lower-case words, with names and paths set aside. Knows nothing of tools or intents.

A thing set aside stands in the words as a mark in capitals and a number (`PATH0`), so that no grammar can read inside a
file name, and the name itself comes back exactly as it was written.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from urllib.parse import unquote

from agent.llm.embedded.lists import lexicon
from agent.llm.embedded.spelling import slips

MARK = re.compile(r"\b([A-Z]+)(\d+)\b")
"""A mark in the words: what kind of thing stands there, and its place in the list of things set aside."""

_AUDIO = "wav|wave|mp3|flac|ogg|oga|opus|aiff?|aifc|m4a|aac|wma|mp4|m4v|mov|mkv|webm|avi|caf|au|amr|mp2|ac3"
_QUOTED = (
    r"\"(?P<q1>[^\"\n]+)\"|“(?P<q2>[^”\n]+)”|„(?P<q6>[^“”\"\n]+)[“”\"]|«(?P<q3>[^»\n]+)»|`(?P<q4>[^`\n]+)`"
    r"|(?<![\w'])['‘](?P<q5>[^'’\n]+)['’](?!\w)"
)
_ROOT = r"(?:file://|[A-Za-z]:[\\/]|\\\\\w|~[\w.-]*[\\/]|\.{1,2}[\\/]|/(?=[^\s/]))"
_PATH_END = (  # a path may hold blanks: it runs to the end of the sentence, but for politeness and a second command
    r"(?=\s*(?:[.!?,;:]*\s*(?:$|\n)|[,;]?\s+(?:please|pls|plz|for me|thanks|thank you|thx|cheers|and then|then)\b|,\s"
    r"|\s+(?:in)?to (?:my|the|our) (?:library|collection|index)\b"
    r"|\s+(?:(?-i:folder|directory)|again|too|also|as well|now|first|next)\s*(?:[.!?]*\s*$|,)))"
)
_PATH = rf"(?<![^\s(:])(?P<path>{_ROOT}[^\n]*?|~){_PATH_END}"
_ESCAPED = r"(?<![^\s(:])(?P<escaped>(?:[^\s\\]+\\ )+[^\s,;?!]+)"  # "My\ Sounds", as a terminal writes blanks
_FILE = rf"(?<![\w/\\])(?P<file>[\w()\[\]&+#.-]*\w\.(?:{_AUDIO}))(?!\w)"
_WORD = (  # drum machines, and what is larger than any number here, are no numbers
    r"(?<!\w)(?P<word>(?:tr-?)?(?:505|606|626|707|727|808|909)s?|\d{19,})(?![\w:])"
)
_IS_PATH = re.compile(_ROOT + r"|~$", re.IGNORECASE)
_IS_FILE = re.compile(rf".*\w\.(?:{_AUDIO})$", re.IGNORECASE)
_IS_STEM = re.compile(r"[a-z]+(?:[_-]?\w*\d\w*|_\w+)")
_TOKEN = re.compile(
    r"[A-Z]+\d+\b|\b[aA][0-9a-fA-F]{8}\b|\d+(?::\d+)+(?:\.\d+)?|\d+(?:st|nd|rd|th)\b|\d+(?:\.\d+)?|w/o\b"
    r"|[^\W\d_](?:[\w'-]*\w)?|[<>]=?|[≤≥~=#,.!?;-]"
)
_COUNTED = re.compile(r"seconds?|minutes?|hours?|groups?|clusters?|piles?|sounds?|more|samples?|results?|hits?|hundred")
_COUNTING = frozenset(
    {
        "groups",
        "clusters",
        "piles",
        "numbers",
        "number",
        "cluster",
        "group",
        "pile",
        "clustering",
        "into",
        "top",
        "no",
        "sound",
        "result",
        "hit",
    }
)
_MOST_NAMES = 300
_LONGEST_WORD = 20


@dataclass
class Wording:
    """A sentence made plain.

    words: lower-case, one blank between words and signs, numbers as digits, marks for what was set aside.
    text: the sentence as it was written.
    aside: what each mark stands for, as it was written, by mark.
    refs: the sounds that marked names belong to, by mark.
    slips: the words that were corrected, as they were written, by the word each was taken for.
    cased: the words that were written with capitals, as they were, by their lower-case form.
    names: the words of the file names that the conversation knows.
    """

    words: str = ""
    text: str = ""
    aside: dict[str, str] = field(default_factory=dict)
    refs: dict[str, str] = field(default_factory=dict)
    slips: dict[str, str] = field(default_factory=dict)
    cased: dict[str, str] = field(default_factory=dict)
    names: frozenset[str] = frozenset()

    def written(self, words: str) -> str:
        """A stretch of words with the marks replaced by what they stand for."""
        return MARK.sub(lambda mark: self.aside.get(mark[0], mark[0]), words)

    def spelled(self, words: str) -> str:
        """A stretch of words as the person spelled it: what is looked for is never corrected."""
        as_typed = " ".join(self.slips.get(word, word) for word in words.split())
        return re.sub(r" ([,.;!?])", r"\1", self.written(as_typed)).strip()

    def marks(self, *kinds: str) -> list[str]:
        """The marks of these kinds that stand in the words, in their order."""
        return [mark[0] for mark in MARK.finditer(self.words) if mark[1] in kinds]

    def set_aside(self, kind: str, written: str) -> str:
        """A new mark for something that was written."""
        mark = f"{kind}{len(self.aside)}"
        self.aside[mark] = written
        return mark


def read_wording(text: str, names: Mapping[str, str], vocabulary: frozenset[str]) -> Wording:
    """The plain words of a sentence.

    names: file names the conversation has shown or been given, with the sound each belongs to.
    vocabulary: the words that a slip of the keyboard is corrected to.
    """
    wording = Wording(text=text, names=_words_of(tuple(names)))
    marked = _set_names_aside(text.replace("’", "'"), names, wording)
    written = _TOKEN.findall(marked)
    wording.cased = {token.lower(): token for token in written if token not in wording.aside and not token.islower()}
    tokens = (token if token in wording.aside else token.lower() for token in written)
    typed = _written_out(" ".join(tokens)).split()
    words = [_corrected(word, vocabulary) for word in typed]
    for place, (word, slip) in enumerate(zip(words[:-1], typed[:-1], strict=True)):
        if word != slip and (_COUNTED.fullmatch(words[place + 1]) or words[place + 1] == "of"):  # "thre groups"
            words[place] = next((n for n in lexicon()["numbers"] if slips(slip, n) == 1 and n[0] == slip[0]), word)
    wording.slips = {word: slip for word, slip in zip(words, typed, strict=True) if word != slip}
    wording.words = _with_digits(" ".join(words))
    return wording


def _set_names_aside(text: str, names: Mapping[str, str], wording: Wording) -> str:
    known = _typeable(names)

    def mark(found: re.Match[str]) -> str:
        kind, written = next((kind, part.strip()) for kind, part in found.groupdict().items() if part is not None)
        ref = known.get(written.lower())
        if ref is not None or _IS_FILE.match(written):
            kind = "FILE"
        if kind == "escaped" or _IS_PATH.match(written):
            kind, written = "PATH", _plain_path(written)
        new = wording.set_aside("QUOTE" if kind.startswith("q") else kind.upper(), written)
        if ref is not None:
            wording.refs[new] = ref
        return f" {new} "

    return _aside(tuple(sorted(known, key=len, reverse=True))).sub(mark, text)


def _plain_path(written: str) -> str:
    """A path as the system knows it: no scheme in front, no escapes of a terminal or a browser in it."""
    if written.lower().startswith("file://"):
        path = unquote(re.sub(r"^file://(?:localhost)?", "", written, flags=re.IGNORECASE))
        return path[1:] if re.match(r"/[A-Za-z]:", path) else path
    return written if re.match(r"[A-Za-z]:|\\\\", written) else re.sub(r"\\(?=[ ()&'])", "", written)


@lru_cache(maxsize=16)
def _words_of(names: tuple[str, ...]) -> frozenset[str]:
    return frozenset(re.findall(r"[a-z]{4,}", " ".join(names[-_MOST_NAMES:]).lower()))


def _typeable(names: Mapping[str, str]) -> dict[str, str]:
    """The names to look for, and those of their stems that are no words.

    A name that may be part of a sentence ("10", "my drums") is left out: a file called "cluster" keeps nobody from
    clustering.
    """
    recent = {name.lower(): ref for name, ref in list(names.items())[-_MOST_NAMES:]}
    files = {name: ref for name, ref in recent.items() if _IS_FILE.match(name)}
    stems = {name.rpartition(".")[0]: ref for name, ref in files.items()}
    return {**{stem: ref for stem, ref in stems.items() if _IS_STEM.fullmatch(stem)}, **files}


@lru_cache(maxsize=16)
def _aside(names: tuple[str, ...]) -> re.Pattern[str]:
    shown = [rf"(?<!\w)(?P<name>{'|'.join(map(re.escape, names))})(?!\.?\w)"] if names else []
    return re.compile("|".join([_QUOTED, _PATH, *shown, _ESCAPED, _FILE, _WORD]), re.IGNORECASE)


def _written_out(words: str) -> str:
    forms: Mapping[str, str] = lexicon()["short_forms"]
    pattern = _short_forms(tuple(forms))
    return pattern.sub(lambda form: forms[form[0]], words)


@cache
def _short_forms(forms: tuple[str, ...]) -> re.Pattern[str]:
    longest_first = sorted(forms, key=len, reverse=True)
    return re.compile(rf"(?<!\S)(?:{'|'.join(map(re.escape, longest_first))})(?!\S)")


def _corrected(word: str, vocabulary: frozenset[str]) -> str:
    if (
        not 4 <= len(word) <= _LONGEST_WORD
        or not word.isalpha()
        or word in vocabulary
        or word in _kept()
        or not word.islower()
    ):
        return word
    return _nearest(word, vocabulary)


@cache
def _kept() -> frozenset[str]:
    return frozenset(lexicon()["spelling"]["kept"].split())


@lru_cache(maxsize=4096)
def _nearest(word: str, vocabulary: frozenset[str]) -> str:
    """The known word at most one slip away (two from eight letters on), beginning alike; else the word itself.

    A word of four letters is only corrected where two letters changed places: "fnid" is find, "wind" is wind.
    """
    reach = 2 if len(word) >= 8 else 1
    near = [
        (slips(word, known), len(known) < len(word), abs(len(known) - len(word)), known)  # a letter is sooner lost
        for known in vocabulary
        if abs(len(known) - len(word)) <= reach and known.isalpha() and len(known) >= 4
        and (known[0] == word[0] or sorted(known[:2]) == sorted(word[:2]))
        and (len(word) > 4 or sorted(known) == sorted(word) or (len(known) > 4 and len(known) > len(word)))
    ]  # fmt: skip
    best = min(near, default=(reach + 1, False, 0, word))
    return best[3] if best[0] <= reach else word


_HALF_A = re.compile(r"\bhalf an? (?=second|minute|hour|dozen)|\bhalf (?=second|minute|hour)")
_AND_A_HALF = re.compile(r"\b(\d+) and a half\b")
_UNIT_AND_A_HALF = re.compile(r"\b(?:an?|1) (second|minute|hour) and a half\b")
_HUNDRED = re.compile(r"\b(?:(\d|an?) )?hundred(?: and)?(?: (\d\d?))?\b")
_DOZEN = re.compile(r"\b(?:(\d+(?:\.\d+)?|an?) )?dozen\b(?: of)?")
_NTH = re.compile(r"\b(\d+)(?:st|nd|rd|th)\b")


def _with_digits(words: str) -> str:
    """Number words as digits: "twenty five" is 25, "half a minute" 0.5 minute, "3rd" third."""
    words = _UNIT_AND_A_HALF.sub(r"1.5 \1s", _small_numbers(words))
    words = _HALF_A.sub("0.5 ", _AND_A_HALF.sub(r"\1.5", words))
    words = _DOZEN.sub(lambda m: f"{12 * float(m[1] if m[1] and m[1][0].isdigit() else 1):g}", words)
    words = _HUNDRED.sub(lambda m: str(100 * int(m[1] if m[1] and m[1].isdigit() else 1) + int(m[2] or 0)), words)
    names = {value: name for name, value in lexicon()["ordinals"].items() if value > 0}
    return _NTH.sub(lambda m: names.get(int(m[1]), m[0]), words)


def _small_numbers(words: str) -> str:
    numbers: Mapping[str, int] = lexicon()["numbers"]
    said = re.sub(r"(?<=\w)-(?=\w)", " ", words).split()
    digits: list[str] = []
    for place, word in enumerate(said):
        value = numbers.get(word, -1)
        if not 0 <= value < 100 or word == "dozen" or (word == "one" and not _counts(said, place)):
            digits.append(word)
        elif 0 < value < 10 and place and 20 <= numbers.get(said[place - 1], 0) < 100:
            digits[-1] = str(int(digits[-1]) + value)
        else:
            digits.append(str(value))
    return " ".join(digits)


def _counts(said: list[str], place: int) -> bool:
    """Whether the "one" here is a number, and not as in "this one"."""
    after = said[place + 1] if place + 1 < len(said) else ""
    before = said[place - 1] if place else ""
    if before in lexicon()["ordinals"] and after not in lexicon()["seconds_per"]:  # "the third one sounds good"
        return False
    if before == "between" and after in {"and", "to"}:  # "between one and two seconds"
        return True
    return bool(_COUNTED.fullmatch(after)) or before in _COUNTING or said[place + 1 : place + 4] == ["and", "a", "half"]
