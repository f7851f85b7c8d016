"""Takes out of a text what names something that nobody has returned, and everything that would load from elsewhere.

Works sentence by sentence, so that it can follow a stream: what is shown has been checked. Any pieces of a text give
what the whole would give.
"""

import re
from dataclasses import dataclass

from agent.grounding.known import Known
from agent.grounding.references import Reference, find

NOT_FOUND = {
    "sound": "(a sound that was not found here)",
    "cluster": "(a group that is not there)",
    "clustering": "(a clustering that is not there)",
    "selection": "(a selection that is not there)",
    "file": "(a file that was not found here)",
}
TAKEN_OUT = "The chat model named something that no tool had returned; it was taken out of the answer."
LONGEST_HELD = 2000  # letters without an end of a sentence
SPARE_S = 0.05  # by which a second may lie beyond the end, since both are rounded

_END = re.compile(r"\n+|(?<=[.!?:;])(?<!\]:)[ \t]+")
_GOES_ON = re.compile(r"[\d#(]")  # after "no. " and "sounds: "
_IMAGE = re.compile(r"!\[([^\]]*)\]\([^)]*\)?")
_LINK = re.compile(r"\[([^\]]*)\]\((?!/library/audio/)[^)]*\)?")
_PLAYED = re.compile(r"\[(?P<words>[^\]]*)\]\(/library/audio/(?P<id>\d{1,18})[^)]*\)?")
_DEFINITION = re.compile(r"^[ \t]*\[[^\]]+\]:[ \t]*\S+.*$", re.MULTILINE)
_HTML = re.compile(r"</?[a-z!][^>\n]*>?", re.IGNORECASE)
_SECOND = re.compile(
    r"\s*[,(]?\s*(?:(?:at|from|bei|ab|à|en)\s+)?(?:second\s+)?(?P<s>\d+(?:[.,]\d+)?)\s*s(?:ec(?:onds?)?)?\b\)?",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Checked:
    """A text that may be shown, and whether anything was taken out of it."""

    text: str
    mended: bool


def checked(text: str, known: Known) -> Checked:
    """A whole text without what is not known."""
    reader = Checker(known)
    shown = reader.feed(text) + reader.end()
    return Checked(shown, reader.mended)


class Checker:
    """Follows a stream of one message. `mended` tells whether anything was taken out."""

    def __init__(self, known: Known) -> None:
        self._known = known
        self._held = ""
        self.mended = False

    def feed(self, text: str) -> str:
        """What of the text so far may be shown: all whole sentences."""
        self._held += text
        shown = ""
        while (end := _first_end(self._held)) is not None:
            sentence, self._held = self._held[:end], self._held[end:]
            shown += self._mend(sentence)
        return shown

    def end(self) -> str:
        """The rest, when the message has ended."""
        rest, self._held = self._held, ""
        return self._mend(rest)

    def _mend(self, sentence: str) -> str:
        plain = _PLAYED.sub(self._heard, _without_loading(sentence))
        pieces, at = [], 0
        for reference in find(plain):
            pieces.append(plain[at : reference.start])
            said, at = self._named(plain, reference)
            pieces.append(said)
        mended = "".join([*pieces, plain[at:]])
        self.mended = self.mended or mended != plain
        return mended

    def _heard(self, link: re.Match[str]) -> str:
        """A link to the sound of the library that it plays; its words alone if that is not known."""
        known = self._known.has("sound", int(link["id"]))
        self.mended = self.mended or not known
        return link[0] if known else link["words"]

    def _named(self, text: str, reference: Reference) -> tuple[str, int]:
        """What is shown for a reference, and where the text goes on after it."""
        if reference.kind == "file":
            good = self._known.has_name(reference.text.strip())
            return (reference.text if good else NOT_FOUND["file"]), reference.end
        wrong = [number for number in reference.numbers if not self._known.has(reference.kind, number)]
        if not wrong:
            return reference.text, self._after_second(text, reference)
        good_ones = [number for number in reference.numbers if number not in wrong]
        if not good_ones:
            second = _SECOND.match(text, reference.end)
            return NOT_FOUND[reference.kind], second.end() if second else reference.end
        head = text[reference.start : reference.list_start]
        return f"{head}{', '.join(map(str, good_ones))} {NOT_FOUND[reference.kind]}", reference.end

    def _after_second(self, text: str, reference: Reference) -> int:
        """Behind a second that lies beyond the end of the sound, which is left out; else behind the reference."""
        length_s = self._known.lengths_s.get(reference.numbers[0]) if len(reference.numbers) == 1 else None
        second = _SECOND.match(text, reference.end)
        if reference.kind != "sound" or length_s is None or second is None:
            return reference.end
        beyond = float(second["s"].replace(",", ".")) > length_s + SPARE_S
        return second.end() if beyond else reference.end


def _first_end(text: str) -> int | None:
    """Where the first sentence ends; None while it cannot be known."""
    for match in _END.finditer(text):
        if match.end() == len(text):
            break
        inside = text.count("[", 0, match.start()) > text.count("]", 0, match.start())
        if "\n" in match[0] or not (inside or _GOES_ON.match(text, match.end())):
            return match.end()
    return LONGEST_HELD if len(text) > LONGEST_HELD else None


def _without_loading(text: str) -> str:
    """Text whose images and links to elsewhere are only their words, and whose tags are not there."""
    for pattern, put in ((_DEFINITION, ""), (_IMAGE, r"\1"), (_LINK, r"\1"), (_HTML, "")):
        text = pattern.sub(put, text)
    return text
