"""What every captioner promises. One file beside this one is one captioner."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from core.qualities import Measured
from core.records import Progress, Samples, Tag
from core.settings import Settings


@dataclass(frozen=True, slots=True)
class Subject:
    """What a captioner gets to know of one sound. `samples` is None for a captioner that wants none."""

    measured: Measured
    tags: Sequence[Tag]
    domain: str
    samples: Samples | None = None


class Captioner(ABC):
    """Writes captions: one sentence, no claim that is not known, the same for the same sound.

    settings: which model, which device. Weights load on first use, not in the constructor.
    """

    name: ClassVar[str]
    longest_s: ClassVar[float | None] = None
    """How much of a sound it wants; of a longer one it gets a third each from its beginning, middle and end."""
    most_processes: ClassVar[int | None] = None
    """How many processes may write at once, for a captioner that fills the memory."""
    sample_rate_hz: ClassVar[int | None] = None
    """The rate it wants the samples at; None when it works from tags and measurements alone."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()

    def prepare(self) -> Iterator[Progress]:
        """Makes the captioner ready to write, and tells how far that is: fetches what it needs, and tests it.

        The one place where anything may be fetched. Raises EarshotError with the next step if it cannot be used.
        """
        yield from ()

    @abstractmethod
    def caption(self, subjects: Sequence[Subject]) -> list[str]:
        """One caption per sound, in the order given."""
