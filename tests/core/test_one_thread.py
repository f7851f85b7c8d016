"""Libraries calculate with one thread for as long as anybody asks for it, and with as many as before afterwards."""

import threading
from collections.abc import Iterator

import numpy as np
import pytest
from sklearn.cluster import KMeans  # brings OpenMP along
from threadpoolctl import ThreadpoolController, threadpool_info, threadpool_limits

from core.one_thread import one_thread


@pytest.fixture(autouse=True)
def two_threads() -> Iterator[None]:
    limits = threadpool_limits(2)  # no block: threads other than the one that is in it may then set nothing
    with ThreadpoolController().limit(limits=2):
        pass  # and who has ended such a block leaves that to others
    yield
    limits.restore_original_limits()


def used(user_api: str) -> set[int]:
    return {each["num_threads"] for each in threadpool_info() if each["user_api"] == user_api}


def test_there_is_something_to_be_limited() -> None:
    assert KMeans(2, n_init=1, random_state=0).fit_predict(np.array([[0.0], [1.0]])).sum() == 1
    assert used("blas") == used("openmp") == {2}


def test_of_two_threads_that_overlap_the_first_to_end_takes_nothing_from_the_other() -> None:
    entered, left, seen = threading.Event(), threading.Event(), dict[str, set[int]]()

    def second() -> None:
        with ThreadpoolController().select(user_api="openmp").limit(limits=2), one_thread():
            entered.set()
            assert left.wait(10)
            seen["blas"], seen["openmp"] = used("blas"), used("openmp")
        seen["after"] = used("openmp")

    thread = threading.Thread(target=second)
    with one_thread():
        thread.start()
        assert entered.wait(10)
    assert used("openmp") == {2}, "that of this thread"
    left.set()
    thread.join()
    assert seen == {"blas": {1}, "openmp": {1}, "after": {2}}
    assert used("blas") == {2}


def test_blocks_lie_within_each_other_and_end_with_errors() -> None:
    with one_thread():
        with pytest.raises(ZeroDivisionError), one_thread():
            raise ZeroDivisionError
        assert used("blas") == used("openmp") == {1}
    assert used("blas") == used("openmp") == {2}


def test_none_waits_for_another() -> None:
    done = threading.Event()

    def short() -> None:
        with one_thread():
            done.set()

    with one_thread():
        thread = threading.Thread(target=short)
        thread.start()
        assert done.wait(10)
        thread.join()
        assert used("blas") == {1}
