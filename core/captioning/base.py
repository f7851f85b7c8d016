"""What every captioner promises. One file beside this one is one captioner."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from core.qualities import Measured
from core.records import Samples, Tag


@dataclass(frozen=True, slots=True)
class Subject:
    """What a captioner gets to know of one sound. `samples` is None for a captioner that wants none."""

    measured: Measured
    tags: Sequence[Tag]
    domain: str
    samples: Samples | None = None


class Captioner(ABC):
    """Writes captions: one sentence, no claim that is not known, the same for the same sound."""

    name: ClassVar[str]
    sample_rate_hz: ClassVar[int | None] = None
    """The rate it wants the samples at; None when it works from tags and measurements alone."""

    @abstractmethod
    def caption(self, subjects: Sequence[Subject]) -> list[str]:
        """One caption per sound, in the order given."""
