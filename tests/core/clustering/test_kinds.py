"""Groups of sounds that the built-in ears heard: about as many as there are kinds, and the same again."""

import itertools

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score, v_measure_score

from core.audio import resampled, windows
from core.clustering import group
from core.clustering.assigning import assign
from core.clustering.stability import stability
from core.demo import KINDS
from core.embedding import make_embedder
from core.embedding.base import pooled

CHOSEN = "kick snare hand_bell church_bell flute_note rain engine siren bird dog_bark footsteps singing".split()
EACH = 6


@pytest.fixture(scope="module")
def heard() -> tuple[np.ndarray, np.ndarray]:
    """The vectors of six sounds of each of twelve kinds, and the kind of each."""
    ears = make_embedder("builtin")
    vectors = []
    for name, number in itertools.product(CHOSEN, range(EACH)):
        sound = KINDS[name].variant(number, seed=0)
        blocks = resampled(iter([sound.samples]), sound.sample_rate_hz, ears.sample_rate_hz)
        vectors.append(pooled(ears.hear(list(windows(blocks, ears.window, ears.hop))).vectors))
    return np.stack(vectors), np.repeat(np.arange(len(CHOSEN)), EACH)


@pytest.mark.parametrize("method", ["gmm", "hdbscan"])
def test_about_as_many_groups_are_found_as_there_are_kinds(heard, method: str) -> None:
    vectors, truth = heard
    grouping = group(vectors, None, method)
    assert 9 <= grouping.k <= 15
    assert v_measure_score(truth, grouping.labels) > 0.85


@pytest.mark.parametrize("method", ["gmm", "kmeans"])
def test_other_seeds_give_nearly_the_same_groups(heard, method: str) -> None:
    vectors, truth = heard
    runs = [group(vectors, len(CHOSEN), method, seed).labels for seed in range(5)]
    assert np.mean([adjusted_rand_score(one, other) for one, other in itertools.combinations(runs, 2)]) > 0.9
    assert min(v_measure_score(truth, run) for run in runs) > 0.85


def test_kinds_come_back_and_halves_of_all_do_not(heard) -> None:
    vectors, _ = heard
    right, wrong = (stability(vectors, group(vectors, k).labels) for k in (len(CHOSEN), 4))
    assert right.mean() > 0.8
    assert right.mean() > wrong.mean() + 0.1


def test_a_sound_that_was_left_out_joins_its_kind(heard) -> None:
    vectors, truth = heard
    out = np.arange(len(vectors)) % EACH == 0
    found = assign(vectors[out], vectors[~out], truth[~out] + 1).clusters
    assert (found == truth[out] + 1).sum() >= 10
    assert set(found[found != truth[out] + 1].tolist()) <= {0}  # the others join none, and no wrong one
