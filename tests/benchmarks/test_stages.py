"""The stopwatch of the benchmark: every second goes to one stage."""

import threading
from collections.abc import Iterator

from tests.benchmarks.stages import STAGES, Stopwatch


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += seconds


def test_a_stage_within_another_stops_its_clock() -> None:
    clock = Clock()
    watch = Stopwatch(clock)
    with watch.stage("outer"):
        clock.wait(1)
        watch.timed("inner", clock.wait)(10)
        clock.wait(100)
    clock.wait(1000)  # nobody's
    assert watch.seconds == {"outer": 101, "inner": 10}


def test_an_iterator_is_timed_while_it_works_and_not_while_it_waits() -> None:
    clock = Clock()
    watch = Stopwatch(clock)

    def steps() -> Iterator[int]:
        clock.wait(1)
        yield 7
        clock.wait(2)
        yield 8
        clock.wait(4)

    found = []
    for step in watch.timed("steps", steps)():
        clock.wait(100)
        found.append(step)
    assert found == [7, 8]
    assert watch.seconds == {"steps": 7}


def test_the_clock_stops_when_a_stage_fails() -> None:
    clock = Clock()
    watch = Stopwatch(clock)
    try:
        with watch.stage("outer"), watch.stage("inner"):
            clock.wait(3)
            raise ValueError
    except ValueError:
        clock.wait(50)
    with watch.stage("later"):
        clock.wait(1)
    assert watch.seconds["inner"] == 3
    assert watch.seconds["outer"] == 0
    assert watch.seconds["later"] == 1


def test_threads_do_not_stop_each_others_clocks() -> None:
    clock = Clock()
    watch = Stopwatch(clock)
    with watch.stage("here"):
        other = threading.Thread(target=watch.timed("there", clock.wait), args=(5,))
        other.start()
        other.join()
        clock.wait(1)
    assert watch.seconds["there"] == 5
    assert watch.seconds["here"] == 6  # it waited for the other; a clock per thread would not count that


def test_every_stage_names_functions_that_there_are() -> None:
    assert all(callable(getattr(owner, name)) for _, owner, names in STAGES for name in names)
