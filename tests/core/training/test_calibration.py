"""Calibration from weak labels: what a name says, what is left open, and that the numbers come nearer to the truth."""

from pathlib import Path

import numpy as np
import pytest
from scipy.special import expit, logit

from core import tagging
from core.ontology import audioset
from core.training.calibration import Labelled, fit, named, reliability, write

ONTOLOGY = audioset()
FIRST, OTHERS = "Speech", ("Wind", "Fire", "Explosion", "Glass", "Wood", "Laughter", "Engine")


@pytest.mark.parametrize(
    ("label", "classes"),
    [
        ("berklee/dog_bark", {"Dog", "Bark"}),
        ("drums/kick/kick", {"Bass drum"}),
        ("GlassBreak", {"Glass", "Breaking"}),
        ("walking_on_wood", {"Walk, footsteps"}),  # what it is on is no source
        ("hihat_open", {"Hi-hat"}),
        ("fly_theremin", {"Theremin"}),  # to fly is not a fly
        ("birds_outside", {"Bird"}),  # nobody names a file after its surroundings
        ("tom_01", {"Drum"}),
        ("synth/keyboard_c3", set()),  # what is played, not typed on
        ("take_017", set()),
        ("tape_measure", set()),  # no tap
    ],
)
def test_a_label_names_the_classes_whose_words_it_holds(label: str, classes: set[str]) -> None:
    assert named(label) == classes


def heard_sounds(n: int = 1200) -> Labelled:
    """Sounds of one class each, by ears that believe too much of everything and too little of `FIRST`."""
    rng = np.random.default_rng(3)
    names = (FIRST, *OTHERS)
    certain = [names[int(which)] for which in rng.integers(0, len(names), n)]
    odds = np.full((n, 521), logit(0.002))
    for column, name in enumerate(names):
        there = np.array([held == name for held in certain])
        odds[:, ONTOLOGY.index[name]] = rng.normal(np.where(there, 1.0, -3.0), 1.5) + 1.0
        if not column:
            odds[:, ONTOLOGY.index[name]] -= 3.0
    groups = [f"maker {row % 12}" for row in range(n)]
    probabilities = expit(odds).astype(np.float32)
    return Labelled(probabilities, [frozenset({name}) for name in certain], groups, np.ones(n))


def test_a_class_that_is_underrated_gets_an_offset_of_its_own() -> None:
    calibration, _, _ = fit(heard_sounds())
    offsets = dict(zip(ONTOLOGY.names, calibration.class_offsets, strict=True))
    assert offsets[FIRST] > 1.0 > max(offsets[name] for name in OTHERS)
    assert offsets["Trombone"] == pytest.approx(0.0, abs=1e-6)  # no file is named after it


def test_held_out_numbers_come_nearer_to_the_shares_they_stand_for() -> None:
    _, held_out, raw = fit(heard_sounds())
    assert held_out.error < raw.error
    assert held_out.n_pairs > 0 and len(held_out.curve) == 10
    assert [mean for mean, _ in held_out.curve] == sorted(mean for mean, _ in held_out.curve)


def test_sounds_without_a_name_say_nothing() -> None:
    sounds = heard_sounds(400)
    more = Labelled(
        np.concatenate([sounds.probabilities, np.full((50, 521), 0.9, np.float32)]),
        [*sounds.certain, *[frozenset[str]()] * 50],
        [*sounds.groups, *["nameless"] * 50],
        np.ones(450),
    )
    assert fit(more)[0] == fit(sounds)[0]


def test_the_error_is_the_mean_gap_between_number_and_share() -> None:
    numbers, true = np.repeat([0.2, 0.8], 50), np.array([1, 0, 0, 0, 0] * 10 + [1, 1, 1, 0, 0] * 10, bool)
    found = reliability(numbers, true, np.ones(100))
    assert found.n_pairs == 100
    assert found.error == pytest.approx(0.1)  # 0.2 holds, of 0.8 three in five are there
    assert found.curve[0] == pytest.approx((0.2, 0.2)) and found.curve[-1] == pytest.approx((0.8, 0.6))


def test_numbers_too_small_to_be_said_are_not_judged() -> None:
    assert reliability(np.full(10, 0.01), np.ones(10, bool), np.ones(10)).n_pairs == 0


def test_what_is_written_is_read_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calibration, _, _ = fit(heard_sounds(400))
    write(calibration, tmp_path / "calibration.json")
    monkeypatch.setattr(tagging, "CALIBRATION", tmp_path / "calibration.json")
    tagging.shipped_calibration.cache_clear()
    read = tagging.shipped_calibration()
    tagging.shipped_calibration.cache_clear()
    assert (read.slope, read.offset) == (calibration.slope, calibration.offset)
    np.testing.assert_allclose(read.class_offsets, calibration.class_offsets, atol=1e-4)
