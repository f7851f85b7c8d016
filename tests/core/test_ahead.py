"""Results in the order of the work, as soon as they are there."""

import threading
from concurrent.futures import Future, ThreadPoolExecutor

from core.ahead import Now, Then, ahead


def test_results_come_in_the_order_of_the_work():
    with ThreadPoolExecutor(4) as threads:
        assert list(ahead((threads.submit(pow, n, 2) for n in range(50)), 8)) == [n * n for n in range(50)]


def test_a_result_that_is_there_does_not_wait_for_later_work():
    begun = []

    def work():
        for n in range(5):
            begun.append(n)
            yield Now(n)

    results = ahead(work(), 3)
    assert (next(results), begun) == (0, [0])
    assert (next(results), begun) == (1, [0, 1])


def test_so_much_is_begun_before_one_that_is_not_done_is_waited_for():
    slow: Future[int] = Future()
    begun = []

    def work():
        yield slow
        for n in range(1, 9):
            begun.append(n)
            yield Now(n)

    threading.Timer(0.05, slow.set_result, [0]).start()
    results = ahead(work(), 3)
    assert next(results) == 0
    assert begun == [1, 2, 3]
    assert list(results) == list(range(1, 9))


def test_what_is_made_of_a_result_waits_for_it():
    future: Future[int] = Future()
    doubled = Then(future, lambda n: 2 * n)
    assert not doubled.done()
    future.set_result(21)
    assert doubled.done()
    assert doubled.result() == 42
