"""Events and cues as the texts of files: SRT, WebVTT, CSV, JSON, Audacity's labels, Raven's selection tables."""

import csv
import io
import json
import re
from collections.abc import Sequence

from core.events.event import Event
from core.export.lists import no_formula
from core.export.names import plain_line
from core.spectrum import RATE_HZ
from core.subtitles.cues import Cue

KEPT_TAGS = re.compile(r"&lt;(/?[biu])&gt;")
"""Those of SRT that WebVTT knows as well."""
SRT_TAGS = re.compile(r"</?[biu]>")


def as_srt(cues: Sequence[Cue]) -> str:
    """SubRip: a number, times with a comma, the lines."""
    return "\n".join(
        f"{number}\n{_clock(cue.start_s, ',')} --> {_clock(cue.end_s, ',')}\n{srt_text(cue)}\n"
        for number, cue in enumerate(cues, start=1)
    )


def as_vtt(cues: Sequence[Cue]) -> str:
    """WebVTT (W3C, 2019): what would be markup is escaped; bold, italics and underlines stay."""
    return "WEBVTT\n\n" + "\n".join(
        f"{_clock(cue.start_s, '.')} --> {_clock(cue.end_s, '.')}\n{vtt_text(cue)}\n" for cue in cues
    )


def as_csv(events: Sequence[Event]) -> str:
    """A table with a row of names above. A label that a spreadsheet would take for a formula begins with an
    apostrophe.
    """
    file = io.StringIO()
    table = csv.writer(file, lineterminator="\n")
    table.writerow(["start_s", "end_s", "label", "score"])
    table.writerows([event.start_s, event.end_s, no_formula(event.label), event.score] for event in events)
    return file.getvalue()


def as_json(events: Sequence[Event], name: str, duration_s: float) -> str:
    """One object: the name of the file that was heard, how long it is, and each event with the fields of `Event`."""
    document = {
        "file": plain_line(name),
        "duration_s": round(duration_s, 3),
        "events": [event.as_dict() for event in events],
    }
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def as_audacity(events: Sequence[Event]) -> str:
    """A label track: start and end in seconds and the label, between tabs, no row of names."""
    return "".join(f"{event.start_s:.6f}\t{event.end_s:.6f}\t{plain_line(event.label)}\n" for event in events)


def as_raven(events: Sequence[Event]) -> str:
    """A selection table of Raven Pro, over all that the ears can hear."""
    header = "Selection,View,Channel,Begin Time (s),End Time (s),Low Freq (Hz),High Freq (Hz),Annotation,Score"
    lines = [header.replace(",", "\t")]
    for number, event in enumerate(events, start=1):
        where = f"{number}\tSpectrogram 1\t1\t{event.start_s:.3f}\t{event.end_s:.3f}\t0\t{RATE_HZ // 2}"
        lines.append(f"{where}\t{plain_line(event.label)}\t{event.score}")
    return "\n".join(lines) + "\n"


def srt_text(cue: Cue) -> str:
    """The lines of a cue, in which nothing is left that ends a cue or looks like its times."""
    return "\n".join(plain_line(line).replace("-->", "→") for line in cue.lines if line.strip())


def vtt_text(cue: Cue) -> str:
    """The same for WebVTT, whose markup it cannot be taken for."""
    return _escaped(srt_text(cue))


def bare_text(cue: Cue) -> str:
    """The same for what knows no markup at all: bold, italics and underlines are lost."""
    return SRT_TAGS.sub("", srt_text(cue))


def _clock(seconds: float, sign: str) -> str:
    ms = round(seconds * 1000)
    return f"{ms // 3_600_000:02d}:{ms // 60_000 % 60:02d}:{ms // 1000 % 60:02d}{sign}{ms % 1000:03d}"


def _escaped(text: str) -> str:
    plain = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return KEPT_TAGS.sub(r"<\1>", plain)
