"""The pool of listening processes: a death is traced to the file that was being heard, and to no other."""

import os
import signal

import pytest

from core.errors import AudioError
from core.listening import Asked, Learned
from core.workers import ListenerPool
from tests.runs import WORKERS_ARE_SEEN, alive, descendants, tiny_wav

pytestmark = WORKERS_ARE_SEEN


def workers_of(pool: ListenerPool) -> list[int]:
    return [worker.process.pid for worker in pool._workers]


def test_results_belong_to_their_files_whatever_order_they_are_asked_for(folder):
    tiny_wav(folder / "b.wav", 1, seconds=0.3)
    with ListenerPool("builtin", "builtin", 1) as pool:
        finish_a, finish_b, finish_bad = (pool.submit(Asked(folder / name)) for name in ("a.wav", "b.wav", "none.wav"))
        problem, b, a = finish_bad.result(), finish_b.result(), finish_a.result()

    assert (a.duration_s, b.duration_s) == (0.1, 0.3)
    assert isinstance(problem, AudioError)
    assert str(problem) == "none.wav: No such file or directory; check the file and run again"


def test_an_idle_process_that_is_killed_costs_nothing(folder):
    """Nobody is to blame: the next file is heard by a new process."""
    with ListenerPool("builtin", "builtin", 1) as pool:
        assert isinstance(pool.submit(Asked(folder / "a.wav")).result(), Learned)
        (worker,) = pool._workers
        worker.process.kill()
        worker.process.join()

        assert isinstance(pool.submit(Asked(folder / "b.wav")).result(), Learned)


def test_an_idle_process_that_is_killed_while_another_one_listens_costs_nothing(folder):
    tiny_wav(folder / "long.wav", 9, seconds=60)
    with ListenerPool("builtin", "builtin", 2) as pool:
        first, second = pool.submit(Asked(folder / "a.wav")), pool.submit(Asked(folder / "b.wav"))
        assert isinstance(first.result(), Learned)
        assert isinstance(second.result(), Learned)
        long = pool.submit(Asked(folder / "long.wav"))
        (idle,) = [worker.process.pid for worker in pool._workers if not worker.tasks]
        os.kill(idle, signal.SIGKILL)

        assert long.result().duration_s == 60.0


@pytest.mark.parametrize("left_by", [None, KeyboardInterrupt])
def test_no_process_outlives_the_pool(folder, left_by):
    """An exception kills them, also in the middle of a file of ten minutes."""
    before = descendants(os.getpid())
    tiny_wav(folder / "long.wav", 9, seconds=600)
    started: list[int] = []
    try:
        with ListenerPool("builtin", "builtin", 2) as pool:
            for _ in range(2):
                finish = pool.submit(Asked(folder / ("long.wav" if left_by else "a.wav")))
            started = workers_of(pool)
            if left_by:
                raise left_by
            finish.result()
    except KeyboardInterrupt:
        assert left_by

    assert len(started) == 2
    assert not any(map(alive, started))
    assert not [pid for pid in descendants(os.getpid()) - before if pid in started]
