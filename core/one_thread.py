"""Sums in a fixed order: while it counts, the libraries that calculate use one thread, whoever else calculates here.

`threadpool_limits` alone is not enough where two threads of this process overlap: BLAS knows one number for all of
them, which the first to end would set back under the other, and which the other would then set to one for good.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from threadpoolctl import ThreadpoolController

_LOCK = threading.Lock()
_held: list[Any] = []  # limits of BLAS, one for each time that somebody came in since nobody was inside
_inside = 0


@contextmanager
def one_thread() -> Iterator[None]:
    """While any block of this kind runs, BLAS uses one thread, and OpenMP one for each that runs such a block.

    Blocks may overlap and lie within each other; none waits for another. What was set before holds again when the last
    one has ended.
    """
    found = ThreadpoolController()
    # each kind selected: a limit of one kind sets back all that it was made from
    with found.select(user_api="openmp").limit(limits=1):  # a number of each thread's own
        _enter(found)
        try:
            yield
        finally:
            _leave()


def _enter(found: ThreadpoolController) -> None:
    global _inside
    with _LOCK:
        _inside += 1
        _held.append(found.select(user_api="blas").limit(limits=1))  # each: a library may have been loaded since


def _leave() -> None:
    global _inside
    with _LOCK:
        _inside -= 1
        while not _inside and _held:
            _held.pop().restore_original_limits()  # the first one last, who found what was set before
