"""What an event is called in a subtitle: [rain], [Dog barks], ♪ Piano ♪."""

from core.events.event import Event
from core.export.names import plain_line
from core.ontology import audioset
from core.phrases import bare, phrases
from core.sources import MUSIC_S, is_music, plays

STYLES = ("events", "sdh", "all")
"""events: [rain], [speech]. sdh: for the deaf and hard of hearing, [Rain], ♪ Music ♪. all: every event as a cue of its
own, for as long as it is heard, with its score.
"""

SPEECH = "Speech"


def worded(event: Event, style: str) -> str:
    """An event as a piece of a subtitle, on one line."""
    said = _said(event.label)
    if style == "sdh":
        capital = said[:1].upper() + said[1:]
        return f"♪ {capital} ♪" if _is_music(event) else f"[{capital}]"
    if event.label != "Music" and _is_music(event) and plays(event.label):
        said = f"music: {said}"
    return f"[{said} {event.score:.2f}]" if style == "all" else f"[{said}]"


def is_speech(label: str) -> bool:
    """Whether a label is one of somebody speaking, whose words a subtitle may hold."""
    return label == SPEECH or audioset().implies(label, SPEECH)


def _said(label: str) -> str:
    """A class as a caption says it, without its article; a person's own words as they are, but for signs of markup."""
    phrase = phrases().get(label)
    if phrase:
        return bare(phrase.sentence or phrase.noun)
    return plain_line(label).replace("<", "").replace(">", "").strip(" []") or "sound"


def _is_music(event: Event) -> bool:
    known = audioset()
    if event.label not in known.index:
        return event.label.lower() in ("music", "singing")
    lasts = event.end_s - event.start_s >= MUSIC_S
    singing = known.classes[known.index[event.label]].domain == "singing"
    return singing or (lasts and (is_music(event.label) or plays(event.label)))
