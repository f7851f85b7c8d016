"""The measures of events, on cases that can be worked out by hand, and the scenes that they are taken on."""

import numpy as np
import pytest

from tests.benchmarks.detection import Counts, by_events, by_segments
from tests.benchmarks.events import folded, scored
from tests.benchmarks.placing import RATE_HZ, SCENE_S, Placed, demo_sounds, timelines, trimmed
from tests.sounds import noise, silence

DOG, BELL = Placed(2.0, 3.5, "dog"), Placed(10.0, 14.0, "bell")


def test_an_event_is_right_within_half_a_second_and_its_end_within_half_its_length() -> None:
    assert by_events([DOG, BELL], [Placed(2.5, 4.2, "dog"), Placed(9.5, 12.0, "bell")]) == Counts(2, 2, 2)
    assert by_events([DOG], [Placed(2.6, 3.5, "dog")]) == Counts(0, 1, 1)  # begins too late
    assert by_events([DOG], [Placed(2.0, 4.3, "dog")]) == Counts(0, 1, 1)  # ends more than 0.75 s late
    assert by_events([DOG], [Placed(2.0, 3.5, "cat")]) == Counts(0, 1, 1)


def test_each_event_counts_once_and_as_many_are_matched_as_can_be() -> None:
    twice = [Placed(2.0, 3.5, "dog"), Placed(2.1, 3.5, "dog")]
    assert by_events([DOG], twice) == Counts(1, 2, 1)
    there = [Placed(2.0, 3.0, "dog"), Placed(2.4, 3.4, "dog")]
    found = [Placed(2.45, 3.4, "dog"), Placed(2.85, 3.6, "dog")]  # the first fits both, the second only the later one
    assert by_events(there, found) == Counts(2, 2, 2)


def test_a_segment_counts_wherever_an_event_reaches_into_it() -> None:
    assert by_segments([DOG], [Placed(3.0, 5.0, "dog")]) == Counts(1, 2, 2)  # 2, 3 there; 3, 4 found
    assert by_segments([DOG], [DOG, Placed(2.0, 3.0, "cat")]) == Counts(2, 3, 2)
    assert Counts(1, 2, 2).f1 == 0.5
    assert (Counts(0, 0, 0).f1, Counts(0, 3, 0).f1) == (1.0, 0.0)


def test_labels_are_folded_into_those_of_the_set_and_the_background_is_no_error() -> None:
    found = [Placed(0, 20, "Pink noise"), Placed(2, 3, "Bark"), Placed(2.5, 3.5, "Dog"), Placed(5, 6, "Animal")]
    labels = ["dog_bark", "owl", "bird"]
    assert folded(found, labels) == [Placed(2, 3.5, "dog_bark"), Placed(5, 6, "Animal")]  # type: ignore[arg-type]
    assert folded([Placed(0, 1, "Hoot")], labels) == [Placed(0, 1, "owl")]  # type: ignore[arg-type]
    assert scored([([DOG], [DOG]), ([BELL], [])]).events == Counts(1, 1, 2)


@pytest.mark.parametrize("n_at_once", [1, 3])
def test_scenes_come_back_and_hold_no_more_at_once_than_asked(n_at_once: int) -> None:
    sounds = demo_sounds()
    (scene,) = timelines(sounds, n_at_once, 10.0, 3, 1)
    (again,) = timelines(sounds, n_at_once, 10.0, 3, 1)
    assert np.array_equal(scene.samples, again.samples) and scene.placed == again.placed
    assert len(scene.samples) == SCENE_S * RATE_HZ and len(scene.placed) >= 2 * n_at_once
    edges = sorted([(p.start_s, 1) for p in scene.placed] + [(p.end_s, -1) for p in scene.placed])
    assert np.cumsum([step for _, step in edges]).max() <= n_at_once


def test_a_sound_stands_as_far_above_the_background_as_asked() -> None:
    (scene,) = timelines({"noise": lambda rng: noise(2.0, RATE_HZ)}, 1, 10.0, 4, 1)
    first = scene.placed[0]
    inside = scene.samples[round(first.start_s * RATE_HZ) : round(first.end_s * RATE_HZ)]
    before = scene.samples[: round(first.start_s * RATE_HZ)]
    above_db = 10 * np.log10(np.mean(inside**2) / np.mean(before**2))
    assert above_db == pytest.approx(10.4, abs=1.0)  # the sound and the background under it


def test_a_clip_is_trimmed_to_its_first_sound() -> None:
    clip = np.concatenate([silence(1), noise(0.5), silence(0.3), noise(0.5), silence(1), noise(0.5)])
    assert len(trimmed(clip)) == pytest.approx(1.3 * RATE_HZ, abs=0.03 * RATE_HZ)
