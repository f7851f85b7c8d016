"""Lessons from names: learned where the vectors know more than the network, and not kept where they do not."""

import numpy as np
import pytest
from scipy.special import expit

from core.embedding import builtin
from core.embedding.builtin import BuiltinEmbedder, Lessons, read_lessons, write_lessons
from core.errors import EarshotError
from core.heard import LOWEST
from core.ontology import audioset
from core.training import lessons, settling
from core.training.calibration import Labelled

DRUM, CAT, SPEECH = (audioset().index[name] for name in ("Bass drum", "Cat", "Speech"))


def sounds(n: int = 240) -> tuple[Labelled, np.ndarray]:
    """Half are drums: the network does not hear it, the first number of the vector tells it. The others are cats, which
    the network hears and no number tells.
    """
    rng = np.random.default_rng(0)
    is_drum = np.arange(n) % 2 == 0
    vectors = rng.standard_normal((n, 8)).astype(np.float32) * 0.3
    vectors[:, 0] += np.where(is_drum, 1, -1)
    heard = np.full((n, 521), 0.01, np.float32)
    heard[~is_drum, CAT] = 0.9
    heard[:, DRUM] = rng.uniform(0.01, 0.02, n)
    certain = [frozenset({"Bass drum" if drum else "Cat"}) for drum in is_drum]
    return Labelled(heard, certain, [f"maker {i // 2 % 8}" for i in range(n)], np.ones(n)), vectors


def test_what_the_network_does_not_hear_is_learned_from_names() -> None:
    labelled, vectors = sounds()
    learned, gains = lessons.fit(labelled, vectors)
    before, after = gains["Bass drum"]
    assert after > 0.98 > 0.7 > before
    row = learned.places.tolist().index(DRUM)
    assert learned.weights[row].argmax() == 0
    odds = np.full(521, -4, np.float32)
    drum, other = np.eye(8, dtype=np.float32)[0], -np.eye(8, dtype=np.float32)[0]
    assert learned.applied(odds, drum)[DRUM] > -4 > learned.applied(odds, other)[DRUM]


def test_a_class_that_gains_nothing_has_no_lesson() -> None:
    learned, gains = lessons.fit(*sounds())
    assert "Cat" not in gains
    untouched = learned.applied(np.zeros(521, np.float32), np.ones(8, np.float32))
    assert not untouched[[CAT, SPEECH]].any()


def test_a_class_of_too_few_makers_is_left_alone() -> None:
    labelled, vectors = sounds()
    makers = ["one" if "Bass drum" in certain else "two" for certain in labelled.certain]
    many = [f"{maker} {i % 8}" if maker == "two" else maker for i, maker in enumerate(makers)]
    alone = Labelled(labelled.probabilities, labelled.certain, many, labelled.weights)
    assert "Bass drum" not in lessons.fit(alone, vectors)[1]


def test_lessons_are_read_as_they_were_written(tmp_path) -> None:
    learned, _ = lessons.fit(*sounds())
    write_lessons(learned, tmp_path / "lessons.npz")
    again = read_lessons(tmp_path / "lessons.npz")
    assert again.places.tolist() == learned.places.tolist()
    np.testing.assert_allclose(again.weights, learned.weights, rtol=1e-3, atol=1e-6)


def test_below_what_is_kept_of_a_sound_no_class_is_told_from_another() -> None:
    learned = Lessons(np.array([DRUM]), np.zeros((1, 8), np.float32), np.array([5], np.float32))
    deep, kept = np.full(521, -9, np.float32), np.full(521, LOWEST, np.float32)
    vector = np.zeros(8, np.float32)
    assert learned.applied(deep, vector)[DRUM] == learned.applied(kept, vector)[DRUM] == LOWEST + 5
    assert learned.applied(deep, vector)[CAT] == -9


def test_windows_are_taught_one_by_one_and_silence_is_left_alone() -> None:
    heard = np.full((2, 521), 0.5, np.float32)
    vectors = np.stack([np.eye(8, dtype=np.float32)[0], np.zeros(8, np.float32)])
    learned = Lessons(np.array([DRUM]), np.eye(8, dtype=np.float32)[:1] * 2, np.array([1], np.float32))
    taught = settling.taught(settling.Known(vectors, heard, "", ""), learned)
    assert taught[:, DRUM] == pytest.approx([expit(3), 0.5])
    assert taught[:, CAT] == pytest.approx([0.5, 0.5])


def test_ears_with_lessons_are_not_settled_again(tmp_path) -> None:
    assert len(read_lessons(builtin.LESSONS).places) > 0
    with pytest.raises(EarshotError, match="export the network again"):
        settling.settle(tmp_path, tmp_path, tmp_path / "table.csv")


def test_every_lesson_that_ships_is_of_a_known_class_and_fits_the_vectors() -> None:
    shipped = read_lessons(builtin.LESSONS)
    assert shipped.weights.shape == (len(shipped.places), BuiltinEmbedder.dim)
    assert len(set(shipped.places.tolist())) == len(shipped.places) == len(shipped.offsets)
    assert 0 <= shipped.places.min() <= shipped.places.max() < len(audioset().names)
