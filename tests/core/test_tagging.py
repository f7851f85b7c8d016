"""From probabilities of windows to tags and a domain, with numbers that can be worked out by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from core.ontology import audioset
from core.records import Tag
from core.tagging import (
    MOST_TAGS,
    SURE_OF_BODIES,
    TAG_FLOOR,
    Calibration,
    calibrated,
    domain_of,
    log_odds,
    named,
    pooled,
    shipped_calibration,
    tags,
    telling_first,
    with_parents,
)

ONTOLOGY = audioset()
AS_IT_IS = Calibration(1.0, 0.0, (0.0,) * 521)

Probabilities = NDArray[np.float32]


def heard(**scores: float) -> Probabilities:
    """Probabilities of one window: `heard(Dog=0.5)`; words of a name are joined with an underscore."""
    window = np.zeros(521, np.float32)
    for name, score in scores.items():
        window[ONTOLOGY.index[name.replace("_", " ")]] = score
    return window


def of(probabilities: Probabilities, name: str) -> float:
    return float(probabilities[ONTOLOGY.index[name]])


# --- pooling ----------------------------------------------------------------------------------------------------------


def test_one_window_is_its_own_sound() -> None:
    np.testing.assert_allclose(pooled(heard(Dog=0.8)[None]), heard(Dog=0.8), rtol=1e-6)


def test_a_bark_in_a_minute_of_rain_counts_but_stands_behind_the_rain() -> None:
    minute = np.tile(heard(Rain=0.8), (60, 1))
    minute[20:22] = heard(Rain=0.8, Bark=0.9)
    assert of(pooled(minute), "Rain") == pytest.approx(0.8)
    assert of(pooled(minute), "Bark") == pytest.approx(0.7 * 0.9 + 0.3 * 0.9 * 2 / 60)  # 0.64


@settings(max_examples=20)
@given(seed=st.integers(0, 1000), n_windows=st.integers(1, 30))
def test_pooling_knows_no_order_and_stays_between_mean_and_maximum(seed: int, n_windows: int) -> None:
    rng = np.random.default_rng(seed)
    windows = rng.random((n_windows, 521), np.float32)
    result = pooled(windows)
    np.testing.assert_allclose(result, pooled(rng.permutation(windows)), rtol=1e-5)
    assert (result <= windows.max(axis=0) + 1e-6).all() and (result >= windows.mean(axis=0) - 1e-6).all()


# --- parents ----------------------------------------------------------------------------------------------------------


def test_what_stands_above_a_class_is_at_least_as_likely() -> None:
    result = with_parents(heard(Bark=0.6, Animal=0.7, Dog=0.2))
    assert [of(result, name) for name in ("Bark", "Dog", "Domestic animals, pets", "Animal")] == pytest.approx(
        [0.6, 0.6, 0.6, 0.7]
    )


def test_several_names_of_one_event_are_one_witness() -> None:
    assert of(with_parents(heard(Bark=0.3, Yip=0.3, Howl=0.3)), "Animal") == pytest.approx(0.3)


def test_a_hiss_is_no_cat() -> None:
    assert of(with_parents(heard(Hiss=0.9)), "Cat") == 0


# --- tags -------------------------------------------------------------------------------------------------------------


def test_the_likely_classes_are_remembered_best_first() -> None:
    assert [(tag.label, tag.score) for tag in tags(heard(Rain=0.3, Dog=0.8, Wind=TAG_FLOOR - 0.01))] == [
        ("Dog", 0.8),
        ("Rain", 0.3),
    ]


def test_among_equals_the_narrowest_comes_first() -> None:
    found = [tag.label for tag in tags(with_parents(heard(Bark=0.6)))]
    assert found == ["Bark", "Dog", "Domestic animals, pets", "Animal"]


def test_nobody_is_told_of_bodies_on_a_mere_belief() -> None:
    assert tags(heard(Fart=SURE_OF_BODIES - 0.1)) == []
    assert [tag.label for tag in tags(heard(Fart=SURE_OF_BODIES + 0.1))] == ["Fart"]


@pytest.mark.parametrize(
    ("scores", "told"),
    [
        ({"Animal": 0.7, "Dog": 0.6, "Bark": 0.6}, ["Bark", "Dog", "Animal"]),
        ({"Animal": 0.7, "Dog": 0.3}, ["Animal", "Dog"]),  # not nearly as likely
        ({"Water": 0.9, "Rain": 0.7, "Waterfall": 0.4}, ["Rain", "Water", "Waterfall"]),
        ({"short": 0.9, "Rain": 0.95}, ["Rain", "short"]),
        ({}, []),
    ],
)
def test_a_kind_stands_behind_what_is_one_of_it(scores: dict[str, float], told: list[str]) -> None:
    assert [tag.label for tag in telling_first([Tag(*each) for each in scores.items()])] == told


def test_no_more_than_a_couple_of_dozen_are_remembered() -> None:
    assert len(tags(np.full(521, 0.5, np.float32))) == MOST_TAGS


def test_silence_is_no_tag_of_a_sound() -> None:
    assert tags(heard(Silence=0.9)) == []


def test_a_room_is_remembered_only_beside_something_likelier() -> None:
    room = "Inside, small room"
    window = heard(Dog=0.5, Echo=0.9)
    window[ONTOLOGY.index[room]] = 0.3
    assert [tag.label for tag in tags(window)] == ["Dog", room]
    assert tags(heard(Echo=0.9)) == []


# --- domain -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "domain"), [("Speech", "speech"), ("Choir", "singing"), ("Dog", "animal"), ("Rain", "nature")]
)
def test_the_domain_is_that_of_what_prevails(name: str, domain: str) -> None:
    assert domain_of(heard(**{name: 0.8})[None]) == (domain, 1.0)


def test_the_probability_of_a_domain_is_its_share_of_the_evidence() -> None:
    windows = np.stack([heard(Speech=0.9, Music=0.3), heard(Speech=0.9, Music=0.3)])
    assert domain_of(windows) == ("speech", pytest.approx(0.75))


def test_many_names_of_one_domain_weigh_no_more_than_the_likeliest() -> None:
    assert domain_of(heard(Speech=0.9, Dog=0.6, Bark=0.6, Animal=0.6)[None]) == ("speech", pytest.approx(0.6))


def test_no_domain_is_chosen_between_equals_or_on_little_evidence() -> None:
    assert domain_of(heard(Speech=0.5, Music=0.5, Dog=0.5)[None]) == ("", 0.0)
    assert domain_of(heard(Speech=0.1)[None]) == ("", 0.0)


def test_a_room_tells_no_domain() -> None:
    assert domain_of(heard(Echo=0.9, Radio=0.9)[None]) == ("", 0.0)


# --- all of it --------------------------------------------------------------------------------------------------------


def test_a_silent_sound_is_silence_whatever_the_ears_believe() -> None:
    windows = heard(Speech=0.9)[None]
    for result in (named(windows, np.array([True]), True), named(windows, np.array([False]), False)):
        assert [tag.label for tag in result.tags] == ["Silence"]
        assert (result.domain, result.domain_score) == ("silence", 1.0)


def test_windows_of_silence_do_not_count() -> None:
    windows = np.stack([heard(Dog=0.9), heard(Speech=0.9)])
    alone = named(windows[:1], np.array([True]), False)
    assert named(windows, np.array([True, False]), False) == alone
    assert alone.tags[0].label in {"Animal", "Dog", "Domestic animals, pets"} and alone.domain == "animal"


# --- calibration ------------------------------------------------------------------------------------------------------


def test_log_odds_are_finite_at_both_ends() -> None:
    assert np.isfinite(log_odds(np.array([0, 0.5, 1], np.float32))).all()
    assert log_odds(np.array([0.5], np.float32))[0] == 0


def test_no_slope_and_no_offset_change_nothing() -> None:
    window = np.linspace(0.01, 0.99, 521, dtype=np.float32)
    np.testing.assert_allclose(calibrated(window, AS_IT_IS), window, rtol=1e-4)


def test_an_offset_of_log_3_makes_even_chances_three_to_one_for_its_class_alone() -> None:
    window = np.full((2, 521), 0.5, np.float32)
    result = calibrated(window, Calibration(1.0, 0.0, (float(np.log(3)), *(0.0,) * 520)))
    np.testing.assert_allclose(result[:, 0], 0.75, rtol=1e-5)
    np.testing.assert_allclose(result[:, 1:], 0.5, rtol=1e-5)


def test_the_calibration_that_ships_keeps_the_order_of_sounds_in_every_class() -> None:
    shipped = shipped_calibration()
    assert len(shipped.class_offsets) == 521 and shipped.slope > 0
    less, more = (calibrated(np.full(521, p, np.float32)) for p in (0.2, 0.8))
    assert (more > less).all() and less.dtype == np.float32
