"""Events of components that ears with a text tower name, or that are named by what the sound itself suggests.

Such ears hear ten seconds at a time. What is heard in a component is told of the times at which it sounds.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from core.components.labelling import WINDOW_S, Label, label_components, make_labeller
from core.components.sounding import PAUSE_S
from core.embedding import Embedder
from core.events.event import Event
from core.events.finding import EventRun
from core.listening import Counter, tapped
from core.records import Samples
from core.separation.base import Separator


class LabelledRun(EventRun):
    """As `EventRun`, but each window of so many seconds is taken apart, and its components are named.

    queries: a person's own labels, which the separator looks for too; none for AudioSet's names. from_clip: names only
    what each window's own tags suggest. Raises UnsupportedError for ears that cannot name by text.
    """

    def __init__(
        self,
        path: Path,
        separator: Separator,
        ears: Embedder,
        queries: Sequence[str] = (),
        track: int = 1,
        window_s: float = WINDOW_S,
        *,
        from_clip: bool = False,
    ) -> None:
        super().__init__(path, (), track)
        make_labeller(ears, queries)
        self.separator, self.ears, self.queries = separator, ears, list(queries)
        self.window_s, self.from_clip = window_s, from_clip

    @property
    def _rate_hz(self) -> int:
        return self.separator.sample_rate_hz

    def _hear(self, blocks: Iterator[Samples]) -> Iterator[float]:
        counter, labels = Counter(), list[Label]()
        named = label_components(
            tapped(blocks, counter),
            self.separator,
            self.ears,
            self.queries,
            from_clip=self.from_clip,
            window_s=self.window_s,
        )
        for label in named:
            labels.append(label)
            yield label.end_s
        self.events, self.duration_s = joined(labels), counter.n_samples / self._rate_hz


def joined(labels: Iterable[Label]) -> list[Event]:
    """The labels of all windows as events in the order of time; what goes on, or stops for a moment, is one."""
    last: dict[str, Event] = {}
    done: list[Event] = []
    for each in sorted(labels, key=lambda label: label.start_s):
        before = last.get(each.label)
        if before and each.start_s - before.end_s < PAUSE_S:
            end_s, score = max(before.end_s, each.end_s), max(before.score, each.score)
            last[each.label] = replace(before, end_s=end_s, score=score)
            continue
        if before:
            done.append(before)
        last[each.label] = Event(round(each.start_s, 3), each.end_s, each.label, each.score)
    found = [replace(event, end_s=round(event.end_s, 3)) for event in (*done, *last.values())]
    return sorted(found, key=lambda event: (event.start_s, -event.score))
