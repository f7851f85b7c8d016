"""What the events of a file are told as."""

from dataclasses import dataclass

from core.records import Record


@dataclass(frozen=True, slots=True)
class Event(Record):
    """What is heard and when, in seconds of the player. score: how well the label fits at its clearest, 0 to 1."""

    start_s: float
    end_s: float
    label: str
    score: float
