"""The table of stages: where the processor's time goes in an ingest, measured around the program's own functions.

The whole ingest runs in one process here, and every stage counts the time of its own thread, less that of the stages
within it. The rest is what none of them holds: loading the ears, finding the files, handing things on.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Lock, local
from typing import Any
from unittest import mock

from rich.table import Table
from threadpoolctl import threadpool_limits

from core import audio, ingest, patches, timbre
from core.descriptors import Meter
from core.embedding import builtin
from core.library import Library
from core.listening import Listener
from core.loudness import LoudnessMeter
from core.scan import find_files
from tests.runs import ListenerInThisProcess

SAMPLE = 300  # files
REST = "the rest"

STAGES: tuple[tuple[str, Any, tuple[str, ...]], ...] = (
    ("hash", ingest, ("_hash",)),
    ("decode, resample", audio, ("open_source",)),
    ("decode, resample", audio.Source, ("blocks",)),
    ("decode, resample", audio.Resampler, ("__init__", "push", "finish")),
    ("loudness", LoudnessMeter, ("__init__", "add", "integrated_lufs")),
    ("descriptors", Meter, ("add", "measure")),
    ("patches", patches, ("patch",)),
    ("network", builtin, ("run",)),
    ("timbre, projection", timbre, ("features",)),
    ("timbre, projection", patches, ("levels_db",)),
    ("timbre, projection", builtin.Joint, ("vector",)),
    ("tags, caption", Listener, ("_describe",)),
    ("database", ingest.Ingest, ("_remember", "_commit")),
)
"""What each stage is: the functions of a module, or the methods of a class."""


class Stopwatch:
    """Seconds of CPU by stage. A stage that is entered within another stops the other's clock in that thread."""

    def __init__(self, clock: Callable[[], float] = time.thread_time) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._clock, self._lock, self._of_thread = clock, Lock(), local()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """The time of the block, less that of the stages within it."""
        running: list[str] = self._of_thread.__dict__.setdefault("running", [])
        self._charge(running)
        running.append(name)
        try:
            yield
        finally:
            self._charge(running)
            running.pop()

    def _charge(self, running: list[str]) -> None:
        """Gives the time since the last change of stage to the one that runs."""
        now = self._clock()
        if running:
            with self._lock:
                self.seconds[running[-1]] += now - self._of_thread.since
        self._of_thread.since = now

    def timed(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """A function that does the same and is timed; of an iterator that it returns, every step is."""

        def measured(*arguments: Any, **named: Any) -> Any:
            with self.stage(name):
                result = function(*arguments, **named)
            return self._timed_steps(name, result) if isinstance(result, Iterator) else result

        return measured

    def _timed_steps(self, name: str, steps: Iterable[Any]) -> Iterator[Any]:
        iterator, end = iter(steps), object()
        while True:
            with self.stage(name):
                step = next(iterator, end)
            if step is end:
                return
            yield step


def table_of_stages(sounds: Path, library: Path) -> Table:
    """The ingest of up to SAMPLE files, evenly taken, by stage."""
    paths = [Path(file.path) for file in find_files([sounds])]
    chosen = paths[:: -(-len(paths) // SAMPLE)]
    watch, seconds_of_audio = Stopwatch(), 0.0
    with _watched(watch), watch.stage(REST):
        run = Library(library).ingest(chosen)
        list(run)
        seconds_of_audio = run.report.seconds_of_audio
    total = sum(watch.seconds.values())
    title = f"Where the time of an ingest goes: {len(chosen)} files, {seconds_of_audio:.0f} s of sound"
    table = Table("", "seconds of CPU", "share", title=title)
    for name in dict.fromkeys([*(stage[0] for stage in STAGES), REST]):
        table.add_row(name, f"{watch.seconds[name]:.2f}", f"{watch.seconds[name] / total:.0%}")
    table.add_section()
    table.add_row("total", f"{total:.2f}", f"{seconds_of_audio / total:.0f} x real time on a core")
    return table


@contextmanager
def _watched(watch: Stopwatch) -> Iterator[None]:
    """Every stage is timed while the block runs, and all of an ingest happens in this process, on one core."""
    with ExitStack() as stack:
        stack.enter_context(threadpool_limits(1))
        stack.enter_context(mock.patch.object(ingest, "ListenerPool", ListenerInThisProcess))
        for name, owner, functions in STAGES:
            for function in functions:
                timed = watch.timed(name, getattr(owner, function))
                stack.enter_context(mock.patch.object(owner, function, timed))
        yield
