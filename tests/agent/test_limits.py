"""How often a thing may be done."""

import pytest

from agent import limits
from agent.limits import Rate, wait_sentence


@pytest.fixture
def clock(monkeypatch):
    class Clock:
        now_s = 1000.0

        def monotonic(self) -> float:
            return self.now_s

    clock = Clock()
    monkeypatch.setattr(limits, "time", clock)
    return clock


def test_a_burst_is_let_through_and_then_one_in_each_while(clock):
    rate = Rate(burst=3, every_s=10)
    assert [rate.take("a") for _ in range(3)] == [0, 0, 0]
    assert rate.take("a") == pytest.approx(10)
    clock.now_s += 4
    assert rate.take("a") == pytest.approx(6), "a try that was refused costs nothing"
    clock.now_s += 6
    assert rate.take("a") == 0
    assert rate.take("a") == pytest.approx(10)
    clock.now_s += 1000
    assert [rate.take("a") for _ in range(4)] == [0, 0, 0, pytest.approx(10)], "no more than a burst is saved up"


def test_one_person_does_not_slow_down_another(clock):
    rate = Rate(burst=1, every_s=10)
    assert rate.take("a") == 0
    assert rate.take("a") > 0
    assert rate.take("b") == 0


def test_strangers_without_number_fill_no_memory(clock, monkeypatch):
    monkeypatch.setattr(limits, "MOST_KEYS", 100)
    rate = Rate(burst=1, every_s=1)
    for number in range(1000):
        clock.now_s += 1
        rate.take(str(number))
    assert len(rate._full_at_s) <= 100


def test_the_wait_is_told_in_whole_seconds():
    assert wait_sentence(0.2) == "That was too often at once; wait 1 second and try again."
    assert "wait 8 seconds" in wait_sentence(7.5)
