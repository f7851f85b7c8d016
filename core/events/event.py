"""What the events of a file are told as, and the moments of a library in which something is heard."""

from dataclasses import dataclass

from core.records import Record


@dataclass(frozen=True, slots=True)
class Event(Record):
    """What is heard and when, in seconds of the player. score: how well the label fits at its clearest, 0 to 1."""

    start_s: float
    end_s: float
    label: str
    score: float


@dataclass(frozen=True, slots=True)
class Timeline(Record):
    """All that is told of a file, in the order of time. note: what a person should know beside it, as one sentence."""

    events: list[Event]
    duration_s: float
    has_picture: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class Moment(Record):
    """A stretch of a sound in which what was asked for is heard. label: the kind of sound that is clearest in it.

    score: how well that fits, 0 to 1. is_sure: whether it is told without being asked for, or is as clear as that.
    """

    id: int
    path: str
    start_s: float
    end_s: float
    label: str
    score: float
    is_sure: bool


@dataclass(frozen=True, slots=True)
class Moments(Record):
    """The best moments for a text, those that are sure first. total, sure: how many there are, and are sure, in all.

    labels: the kinds of sound that the text means. listened: how many sounds were listened to, of how many that are
    there; older: how many of them by an older finder of events.
    """

    moments: list[Moment]
    total: int
    sure: int
    labels: list[str]
    listened: int
    older: int
    of: int
