"""Probabilities in a byte, and how well sounds fit a text: by hand and against brute force."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import heard
from core.heard import COMMONNESS, FAINT, HALF, N_CLASSES, RARE, fit, levels, pack, probabilities, unpack, whole
from core.ontology import audioset

CAT, DOG, RAIN = (audioset().index[name] for name in ("Cat", "Dog", "Rain"))


def meaning(*parts: dict[int, float]) -> np.ndarray:
    """Weights over the classes, a row for each part."""
    rows = np.zeros((len(parts), N_CLASSES), np.float32)
    for row, part in zip(rows, parts, strict=True):
        for place, weight in part.items():
            row[place] = weight
    return rows


def sounds(*heard_in: dict[int, float]) -> np.ndarray:
    """What was heard in some sounds, a column for each."""
    columns = np.zeros((N_CLASSES, len(heard_in)), np.float32)
    for column, classes in enumerate(heard_in):
        for place, probability in classes.items():
            columns[place, column] = probability
    return levels(columns)


def test_there_is_a_byte_for_each_class_of_the_ontology() -> None:
    assert len(audioset().names) == N_CLASSES
    assert len(json.loads(COMMONNESS.read_text())["common"]) == N_CLASSES


@given(st.floats(0.003, 0.997))
def test_a_probability_comes_back_within_a_step(probability: float) -> None:
    back = float(probabilities(levels(np.array([probability], np.float32)))[0])
    odds = (back / (1 - back)) / (probability / (1 - probability))
    assert odds == pytest.approx(1, rel=0.026)


def test_what_is_hardly_heard_is_not_heard_and_what_is_sure_stays_sure() -> None:
    assert levels(np.array([0, 1e-9, 0.0024, 0.0026], np.float32)).tolist() == [0, 0, 0, 1]
    assert probabilities(levels(np.array([0.0, 1.0], np.float32))) == pytest.approx([0, 0.9988], abs=1e-4)
    assert np.array_equal(probabilities(np.zeros((2, N_CLASSES), np.uint8)), np.zeros((2, N_CLASSES)))


def test_rows_come_back_from_the_database_as_they_went() -> None:
    rows = np.random.default_rng(0).integers(0, 256, (7, N_CLASSES), np.uint8)
    assert np.array_equal(unpack(pack(rows)), rows)
    assert len(pack(np.zeros((100, N_CLASSES), np.uint8))) < 200


def test_a_moment_counts_less_than_all_of_a_sound_and_more_than_its_mean() -> None:
    """A bark in one window of four: the mean is 0.2, the clearest 0.8, the sound 0.3 * 0.2 + 0.7 * 0.8 = 0.62."""
    windows = np.zeros((4, N_CLASSES), np.float32)
    windows[2, DOG], windows[:, RAIN] = 0.8, 0.5
    sound = probabilities(whole(levels(windows)))
    assert sound[[DOG, RAIN, CAT]] == pytest.approx([0.62, 0.5, 0], abs=0.01)


def test_a_sound_fits_by_how_much_likelier_than_common_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Dogs as common as 0.03: a probability of 0.4 is 8 times that and RARE, and 8 / (8 + HALF) of a fit."""
    monkeypatch.setattr(heard, "likelier", lambda: probabilities(np.arange(256, dtype=np.uint8)) / (0.03 + RARE) * ALL)
    fits = fit(meaning({DOG: 1.0}), sounds({DOG: 0.4}, {CAT: 0.4}, {}))
    assert fits == pytest.approx([8 / (8 + HALF), 0, 0], abs=0.005)
    half = fit(meaning({DOG: 0.5, CAT: 0.5}), sounds({DOG: 0.4}, {DOG: 0.4, CAT: 0.4}))
    assert half == pytest.approx([4 / (4 + HALF), 8 / (8 + HALF)], abs=0.005)


ALL = np.ones((N_CLASSES, 1), np.float32)


def test_a_text_of_two_parts_wants_both() -> None:
    both, dog, rain = fit(meaning({DOG: 1.0}, {RAIN: 1.0}), sounds({DOG: 0.3, RAIN: 0.3}, {DOG: 0.99}, {RAIN: 0.99}))
    assert both > 3 * max(dog, rain)


def test_nothing_meant_or_nothing_heard_fits_nothing() -> None:
    assert fit(meaning(), sounds({DOG: 0.9}, {})).tolist() == [0, 0]
    assert fit(meaning({DOG: 1.0}), sounds({}, {RAIN: 0.9})).tolist() == [0, 0]
    assert fit(meaning({DOG: 1.0}), sounds()).shape == (0,)


@pytest.mark.parametrize("n_parts", [1, 2, 4])
def test_scores_are_those_of_brute_force(n_parts: int) -> None:
    rng = np.random.default_rng(n_parts)
    held = rng.integers(0, 256, (N_CLASSES, 40), np.uint8)
    parts = meaning(*({int(place): float(rng.random()) for place in rng.choice(N_CLASSES, 5)} for _ in range(n_parts)))
    common = json.loads(COMMONNESS.read_text())["common"]
    expected = []
    for column in held.T:
        heard_in = probabilities(column)
        product = 1.0
        for part in parts:
            product *= FAINT + sum(w * p / (c + RARE) for w, p, c in zip(part, heard_in, common, strict=True))
        times = product ** (1 / n_parts) - FAINT
        expected.append(times / (times + HALF))
    assert fit(parts, held) == pytest.approx(expected, rel=1e-4)
