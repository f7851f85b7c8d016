"""Words and sounds in one subtitle: the words stay where they are, what is heard beside them stands above them."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from core.events.event import Event
from core.subtitles.cues import Cue, Limits, make_cues
from core.subtitles.wording import is_speech

T = TypeVar("T", Cue, Event)


def subtitled(events: Sequence[Event], words: Sequence[Cue], style: str, limits: Limits) -> list[Cue]:
    """The cues of events in a style (`core.subtitles.wording.STYLES`), with the words of another subtitle, if any."""
    if not words:
        return make_cues(events, style, limits)
    return merged(make_cues(without_spoken(events, words, limits), style, limits), words, limits)


def without_spoken(events: Sequence[Event], words: Sequence[Cue], limits: Limits) -> list[Event]:
    """The events, but of speech only those parts whose words are not there, if they are long enough to be shown."""
    return [
        part for event in events for part in ([event] if not is_speech(event.label) else _unsaid(event, words, limits))
    ]


def _unsaid(event: Event, words: Sequence[Cue], limits: Limits) -> list[Event]:
    """The parts of speech in which no words are shown; all of it where there are none."""
    parts = list(_outside(event, words))
    return [part for part in parts if part == event or part.end_s - part.start_s >= limits.shortest_s]


def merged(sounds: Sequence[Cue], words: Sequence[Cue], limits: Limits) -> list[Cue]:
    """All cues in the order of time. A cue of words is cut in two where a sound begins or ends well within it.

    No text of the words is changed, nor when it appears and goes. sounds, words: each in the order of time.
    """
    cues = [part for spoken in words for part in _with_sounds(spoken, sounds, limits)]
    heard = {sound for cue in cues for sound in sounds if _shares(cue, sound) and set(sound.lines) <= set(cue.lines)}
    for sound in sounds:
        pieces = list(_outside(sound, words))
        long_enough = [piece for piece in pieces if piece.end_s - piece.start_s >= limits.shortest_s]
        cues += long_enough or (pieces if sound not in heard else [])
    return sorted(cues, key=lambda cue: (cue.start_s, cue.end_s))


def _with_sounds(spoken: Cue, sounds: Sequence[Cue], limits: Limits) -> Iterator[Cue]:
    """A cue of words in the parts that what is heard meanwhile makes of it."""
    meanwhile = [sound for sound in sounds if _shares(spoken, sound)]
    edges = [spoken.start_s]
    for edge_s in sorted(edge for sound in meanwhile for edge in (sound.start_s, sound.end_s)):
        if edge_s - edges[-1] >= limits.shortest_s and spoken.end_s - edge_s >= limits.shortest_s:
            edges.append(edge_s)
    for start_s, end_s in zip(edges, [*edges[1:], spoken.end_s], strict=True):
        part = Cue(start_s, end_s, spoken.lines)
        above = max(meanwhile, key=lambda sound: _shared_s(part, sound), default=None)
        if above and 2 * _shared_s(part, above) >= min(end_s - start_s, above.end_s - above.start_s):
            part = replace(part, lines=(*above.lines, *spoken.lines))
        yield part


def _outside(sound: T, words: Sequence[Cue]) -> Iterator[T]:
    """The parts of a cue or an event in which no words are shown."""
    start_s = sound.start_s
    for spoken in words:
        if _shares(spoken, sound):
            if spoken.start_s > start_s:
                yield replace(sound, start_s=start_s, end_s=spoken.start_s)
            start_s = max(start_s, spoken.end_s)
    if start_s < sound.end_s:
        yield replace(sound, start_s=start_s)


def _shares(one: Cue, other: Cue | Event) -> bool:
    return one.start_s < other.end_s and other.start_s < one.end_s


def _shared_s(one: Cue, other: Cue) -> float:
    return max(0.0, min(one.end_s, other.end_s) - max(one.start_s, other.start_s))
