"""Cues from events, by the limits of subtitle guides: long enough to be read, a few lines, nothing that flickers.

What begins or ends nearly together does so together, by at most half of the shortest time that a cue is shown.
"""

import textwrap
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, zip_longest
from math import inf

from core.events.event import Event
from core.records import Record
from core.settings import Settings
from core.subtitles.wording import worded

SOON_S = 0.5  # the same is said once of two that are this close


@dataclass(frozen=True, slots=True)
class Limits:
    """What a reader can take; the defaults are those of Netflix's Timed Text Style Guide (English, 2023).

    chars: letters in a line. lines: of sounds at once. chars_per_s: how fast people read. shortest_s, longest_s: how
    long a sound is shown; longest_s 0 for as long as it is heard. gap_s: between two cues that do not go on in each
    other (2 frames of 24).
    """

    chars: int = 42
    lines: int = 2
    chars_per_s: float = 20.0
    shortest_s: float = 0.833
    longest_s: float = 7.0
    gap_s: float = 0.083

    @classmethod
    def of(cls, settings: Settings) -> "Limits":
        """Those of the settings."""
        return cls(
            settings.subtitle_chars,
            settings.subtitle_lines,
            settings.subtitle_chars_per_s,
            settings.subtitle_min_s,
            settings.subtitle_max_s,
            settings.subtitle_gap_s,
        )


@dataclass(frozen=True, slots=True)
class Cue(Record):
    """Lines and when they are shown."""

    start_s: float
    end_s: float
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """A piece of text that is to be shown. score: what is left out first where there is no room has the lowest."""

    start_s: float
    end_s: float
    text: str
    score: float


@dataclass(frozen=True, slots=True)
class _Page:
    """What is shown until something changes."""

    start_s: float
    end_s: float
    texts: tuple[str, ...]


def make_cues(events: Sequence[Event], style: str = "events", limits: Limits | None = None) -> list[Cue]:
    """The cues of events in the order of time. style: one of `core.subtitles.wording.STYLES`.

    No two overlap, but in the style `all`, where each event has its own.
    """
    limits = limits or Limits()
    if style == "all":
        return [
            Cue(event.start_s, event.end_s, _packed([worded(event, style)], limits))
            for event in sorted(events, key=lambda each: each.start_s)
        ]
    shown = _once(_shown(event, style, limits) for event in sorted(events, key=lambda each: each.start_s))
    pages = _spaced(_joined(_cut(shown, limits)), limits)
    return [Cue(round(page.start_s, 3), round(page.end_s, 3), _packed(page.texts, limits)) for page in pages]


def in_turn(cues: Sequence[Cue]) -> list[Cue]:
    """The same, none at the same time as another: where several are shown, one holds the lines of all of them.

    For what can show one cue at a time, such as a subtitle track of mp4. Times to a thousandth of a second.
    """
    rounded = [replace(cue, start_s=round(cue.start_s, 3), end_s=round(cue.end_s, 3)) for cue in cues]
    waiting = deque(sorted(rounded, key=lambda cue: cue.start_s))
    times = sorted({time_s for cue in rounded for time_s in (cue.start_s, cue.end_s)})
    shown, pages = list[Cue](), list[Cue]()
    for start_s, end_s in pairwise(times):
        while waiting and waiting[0].start_s <= start_s:
            shown.append(waiting.popleft())
        shown = [cue for cue in shown if cue.end_s > start_s]
        if shown:
            pages.append(Cue(start_s, end_s, tuple(line for cue in shown for line in cue.lines)))
    return pages


def _shown(event: Event, style: str, limits: Limits) -> Shown:
    """An event for as long as it is shown: long enough to be read, not so long that nobody reads it any more."""
    text = worded(event, style)
    readable_s = max(limits.shortest_s, len(text) / limits.chars_per_s)
    heard_s = event.end_s - event.start_s
    kept_s = min(heard_s, limits.longest_s) if limits.longest_s else heard_s
    return Shown(event.start_s, event.start_s + max(readable_s, kept_s), text, event.score)


def _once(shown: Iterable[Shown]) -> list[Shown]:
    """The same, one text never twice at once or in quick succession."""
    last: dict[str, Shown] = {}
    done: list[Shown] = []
    for one in shown:
        before = last.get(one.text)
        if before and one.start_s <= before.end_s + SOON_S:
            end_s, score = max(before.end_s, one.end_s), max(before.score, one.score)
            last[one.text] = replace(before, end_s=end_s, score=score)
            continue
        if before:
            done.append(before)
        last[one.text] = one
    return sorted([*done, *last.values()], key=lambda each: (each.start_s, -each.score))


def _cut(shown: Sequence[Shown], limits: Limits) -> Iterator[_Page]:
    """A page from each change to the next that is worth one."""
    waiting, active, now_s = deque(shown), list[Shown](), 0.0
    while waiting or active:
        if not active:
            now_s = max(now_s, waiting[0].start_s)
        while waiting and waiting[0].start_s <= now_s + limits.shortest_s / 2:
            active.append(waiting.popleft())
        until_s = _next_change(now_s, active, waiting[0].start_s if waiting else inf, limits.shortest_s)
        yield _Page(now_s, until_s, _with_room(active, limits))
        active = [one for one in active if one.end_s > until_s + limits.shortest_s / 2]
        now_s = until_s


def _next_change(now_s: float, active: Sequence[Shown], next_s: float, shortest_s: float) -> float:
    """When what is shown changes: where all has ended, where something begins, or where one ends well before that."""
    earliest_s = now_s + shortest_s
    over_s = max(earliest_s, max(one.end_s for one in active))
    over_s = max(earliest_s, next_s) if next_s <= over_s else over_s
    for end_s in sorted(one.end_s for one in active):
        if end_s >= earliest_s and end_s + shortest_s <= over_s:
            return end_s
    return over_s


def _with_room(active: Sequence[Shown], limits: Limits) -> tuple[str, ...]:
    """The texts that find room, the surest first to get it, in the order in which they began."""
    ranked = sorted(active, key=lambda one: -one.score)
    kept = [ranked[0]]
    for one in ranked[1:]:
        if len(_packed([each.text for each in active if each in (*kept, one)], limits)) <= limits.lines:
            kept.append(one)
    return tuple(one.text for one in active if one in kept)


def _packed(texts: Sequence[str], limits: Limits) -> tuple[str, ...]:
    """Texts on as few lines as they fit on side by side."""
    lines: list[str] = []
    for text in texts:
        if lines and len(lines[-1]) + 1 + len(text) <= limits.chars:
            lines[-1] += f" {text}"
        else:
            lines += textwrap.wrap(text, limits.chars, max_lines=limits.lines, placeholder="…")
    return tuple(lines)


def _joined(pages: Iterable[_Page]) -> list[_Page]:
    """Neighbours that say the same are one."""
    joined: list[_Page] = []
    for page in pages:
        if joined and joined[-1].texts == page.texts and page.start_s <= joined[-1].end_s:
            joined[-1] = replace(joined[-1], end_s=page.end_s)
        else:
            joined.append(page)
    return joined


def _spaced(pages: Sequence[_Page], limits: Limits) -> Iterator[_Page]:
    """A gap before each page in which nothing goes on: what stays would blink, what is new is noticed."""
    for page, following in zip_longest(pages, pages[1:]):
        latest_s = page.end_s
        if following and not set(page.texts) & set(following.texts):
            latest_s = max(following.start_s - limits.gap_s, page.start_s + limits.shortest_s)
        yield replace(page, end_s=min(page.end_s, latest_s))
