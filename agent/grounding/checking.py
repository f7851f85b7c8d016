"""Takes out of a text what names something that nobody has returned, and everything that would load from elsewhere.

Works sentence by sentence, so that it can follow a stream: what is shown has been checked. Any pieces of a text give
what the whole would give.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from agent.grounding.columns import Columns
from agent.grounding.known import Known
from agent.grounding.markup import as_read, heard_links, lifeless, on_lines
from agent.grounding.references import NOT_AMONG, Reference, apart, find
from agent.grounding.seconds import SPARE_S, moment_after, moments

NOT_FOUND = {
    "sound": "(a sound that was not found here)",
    "cluster": "(a group that is not there)",
    "clustering": "(a clustering that is not there)",
    "selection": "(a selection that is not there)",
    "file": "(a file that was not found here)",
}
TAKEN_OUT = "The chat model named something that no tool had returned; it was taken out of the answer."
LONGEST_HELD = 2000  # letters without an end of a sentence
MOST_PASSES = 6

_END = re.compile(r"\n+|(?<=[.!?:;])(?<!\]:)[ \t]+")
_GOES_ON = re.compile(r"[*_`~\[]*(?:[\d#(&]|\Z)")  # after "no. " and "sounds: "
_BREAK = re.compile(r"[ \t]+(?=[^\W\d])")


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
        self._columns = Columns()
        self.mended = False

    def feed(self, text: str) -> str:
        """What of the text so far may be shown: all whole sentences."""
        self._held += on_lines(text)
        shown = ""
        while (end := _first_end(self._held)) is not None:
            sentence, self._held = self._held[:end], self._held[end:]
            shown += self._checked(sentence)
        return shown

    def end(self) -> str:
        """The rest, when the message has ended."""
        rest, self._held = self._held, ""
        return self._checked(rest)

    def _checked(self, sentence: str) -> str:
        shown = sentence
        for _ in range(MOST_PASSES):  # what is left of a sentence may stand together as another name
            before, shown = shown, self._mended(shown)
            if shown == before:
                break
        self._columns.passed(lifeless(sentence))
        return shown

    def _mended(self, sentence: str) -> str:
        text, unknown = heard_links(lifeless(sentence), self._may_be_heard)
        read = lifeless(as_read(text))
        if self._wrong(read) != self._wrong(text):
            text = read  # emphasis or signs within a name hid it, or made it another one
        self.mended = self.mended or unknown
        pieces, at = [], 0
        for start, end, put, is_mended in self._changes(text):
            if start >= at:
                between = " " if put and text[at:start].endswith("]") else ""  # not to become the end of a link
                pieces += [text[at:start], between, put]
                at = end
                self.mended = self.mended or is_mended
        return "".join([*pieces, text[at:]])

    def _may_be_heard(self, sound: int, from_s: float | None) -> bool:
        length_s = self._known.lengths_s.get(sound)
        return self._known.has("sound", sound) and (from_s is None or length_s is None or from_s <= length_s + SPARE_S)

    def _references(self, text: str) -> list[Reference]:
        return apart([*find(text), *self._columns.find(text)])

    def _wrong(self, text: str) -> set[tuple[str, int]]:
        """The numbers that are named and not known, with what they are said to name."""
        return {(each.kind, number) for each in self._references(text) for number in self._unknown(each)}

    def _unknown(self, reference: Reference) -> list[int]:
        if reference.kind == "file":
            return []
        return [number for number in reference.numbers if not self._known.has(reference.kind, number)]

    def _changes(self, text: str) -> list[tuple[int, int, str, bool]]:
        """What is put where in a text: start, end, words, and whether something was taken out; in their order."""
        references = self._references(text)
        sounds = [each for each in references if each.kind == "sound"]
        changes = [change for each in references for change in self._named(text, each)]
        for each in sounds:
            if not self._unknown(each):
                changes += self._beyond(text, each, alone=len(sounds) == 1)
        return sorted(changes, key=lambda each: (each[0], -each[1]))

    def _named(self, text: str, reference: Reference) -> Iterator[tuple[int, int, str, bool]]:
        """What is put for a name that is not known."""
        start, end = reference.start, reference.end
        if reference.kind == "file":
            if not self._known.has_name(reference.text.strip()):
                yield start, end, NOT_FOUND["file"], True
            return
        wrong = self._unknown(reference)
        if not wrong:
            return
        good = [number for number in reference.numbers if number not in wrong]
        if not good and all(self._known.was_asked(reference.kind, number) for number in wrong):
            yield end, end, NOT_AMONG, False
        elif good:
            head = text[start : reference.list_start]
            yield start, end, f"{head}{', '.join(map(str, good))} {NOT_FOUND[reference.kind]}", True
        else:
            yield start, moment_after(text, end) if reference.kind == "sound" else end, NOT_FOUND[reference.kind], True

    def _beyond(self, text: str, reference: Reference, *, alone: bool) -> Iterator[tuple[int, int, str, bool]]:
        """Nothing in place of a second that lies beyond the end of all sounds that it is told of."""
        lengths_s = [self._known.lengths_s.get(number) for number in reference.numbers]
        known_s = [each for each in lengths_s if each is not None]
        if len(known_s) < len(lengths_s):
            return
        for each in moments(text, reference.start, reference.end, alone=alone):
            if each.last_s > max(known_s) + SPARE_S:
                yield each.start, each.end, "", True


def _first_end(text: str) -> int | None:
    """Where the first sentence ends; None while it cannot be known."""
    for match in _END.finditer(text):
        if match.end() == len(text):
            break
        inside = text.count("[", 0, match.start()) > text.count("]", 0, match.start())
        if "\n" in match[0] or not (inside or _GOES_ON.match(text, match.end())):
            return match.end() if match.end() <= LONGEST_HELD else _break(text)
    return _break(text) if len(text) > LONGEST_HELD else None


def _break(text: str) -> int:
    """Where to cut a sentence that is too long: between two words, neither of them a number, if there are such."""
    return max((each.end() for each in _BREAK.finditer(text, 0, LONGEST_HELD)), default=LONGEST_HELD)
