"""Spaces and vectors: what is stored comes back, a space is one fingerprint, and a change makes caches stale."""

import numpy as np
import pytest

from core.errors import NotFoundError
from core.heard import N_CLASSES, whole
from core.store import sounds, spaces
from tests.core.store.conftest import HandEars, listening


def put(db, space, number: int, vectors: list[list[float]]) -> int:
    sound_id = sounds.add_sound(db, f"sha{number}", 1, listening(), "builtin")
    spaces.put_vectors(db, space, sound_id, np.array(vectors, np.float16))
    return sound_id


def test_the_same_ears_are_the_same_space_and_other_weights_another(store):
    with store.writing() as db:
        first, again = spaces.put_space(db, HandEars()), spaces.put_space(db, HandEars())
        other = spaces.put_space(db, HandEars("w2"))

        assert first == again
        assert (first.id, other.id) == (1, 2)
        assert first.fingerprint == HandEars().fingerprint()
        assert spaces.find_space(db, "hand") == other, "the newest one"
        assert spaces.find_space(db, "hand", first.fingerprint) == first, "the one of the ears of today"
        assert [space.id for space in spaces.list_spaces(db)] == [1, 2]


def test_an_unknown_space_is_told_with_those_there_are(store):
    with store.writing() as db:
        with pytest.raises(NotFoundError, match=r"no sound was heard with the ears 'clap'; .*: none yet"):
            spaces.find_space(db, "clap")
        spaces.put_space(db, HandEars())
        with pytest.raises(NotFoundError, match="spaces of this library: hand"):
            spaces.find_space(db, "clap")


def test_vectors_come_back_as_unit_rows_and_silence_as_zero(store):
    """0.6 and 0.8 are no float16 numbers: stored they make a row a little off length 1, read they have length 1."""
    with store.writing() as db:
        space = spaces.put_space(db, HandEars())
        put(db, space, 1, [[0.6, 0.8], [0, 0], [-1, 0]])
        held = spaces.get_vectors(db, space, 1)

    assert held.dtype == np.float32
    np.testing.assert_allclose(held, [[0.6, 0.8], [0, 0], [-1, 0]], atol=5e-4)
    np.testing.assert_allclose(np.linalg.norm(held, axis=1), [1, 0, 1], atol=1e-7)


def test_vectors_are_stored_as_float16_bit_for_bit(store):
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((5, 2)).astype(np.float16)
    with store.writing() as db:
        space = spaces.put_space(db, HandEars())
        put(db, space, 1, vectors.tolist())
        ((data, n_windows),) = db.execute("SELECT data, n_windows FROM vectors").fetchall()

    assert (data, n_windows) == (vectors.tobytes(), 5)


def test_all_vectors_are_one_per_sound_and_one_per_window(store):
    with store.writing() as db:
        space = spaces.put_space(db, HandEars())
        for number, vectors in enumerate([[[1, 0], [0, 1]], [[0, 0]], [[0, -1]]], start=1):
            put(db, space, number, vectors)
        held = spaces.all_vectors(db, space)

    half = np.sqrt(0.5)
    assert held.sounds.tolist() == [1, 2, 3]
    np.testing.assert_allclose(held.vectors, [[half, half], [0, 0], [0, -1]], atol=1e-6)
    assert held.chunk_sounds.tolist() == [1, 1, 2, 3]
    assert held.chunk_indexes.tolist() == [0, 1, 0, 0]
    np.testing.assert_allclose(held.chunks, [[1, 0], [0, 1], [0, 0], [0, -1]], atol=1e-7)


def test_an_empty_space_has_vectors_of_its_width(store):
    with store.writing() as db:
        held = spaces.all_vectors(db, spaces.put_space(db, HandEars()))

    assert (held.vectors.shape, held.chunks.shape) == ((0, 2), (0, 2))
    assert len(held.sounds) == len(held.chunk_sounds) == len(held.chunk_indexes) == 0


def test_a_vector_is_never_read_from_another_space(store):
    with store.writing() as db:
        first, second = spaces.put_space(db, HandEars()), spaces.put_space(db, HandEars("w2"))
        put(db, first, 1, [[1, 0]])

        assert spaces.heard_ids(db, first) == {1}
        assert spaces.heard_ids(db, second) == set()
        assert len(spaces.all_vectors(db, second).sounds) == 0
        with pytest.raises(NotFoundError, match="sound 1 was not heard with the ears 'hand'; ingest it again"):
            spaces.get_vectors(db, second, 1)


def test_vectors_of_another_width_are_a_mistake(store):
    with store.writing() as db:
        space = spaces.put_space(db, HandEars())
        with pytest.raises(AssertionError, match="belong to the space of their embedder"):
            put(db, space, 1, [[1, 0, 0]])


def test_every_change_has_a_revision_of_its_own(store):
    with store.writing() as db:
        space = spaces.put_space(db, HandEars())
        spaces.touch(db, space)
        touched = spaces.find_space(db, "hand")
        other = spaces.put_space(db, HandEars("w2"))

    assert (space.revision, touched.revision) == (0, 1)
    assert other.id != space.id
    assert space != touched


def test_what_was_heard_comes_back_by_window_and_for_the_whole_sound(store):
    heard = np.zeros((3, N_CLASSES), np.uint8)
    heard[1, 7], heard[:, 500] = 200, 90
    with store.writing() as db:
        space = spaces.put_space(db, HandEars())
        silent = put(db, space, 1, [[1, 0]])
        sound = sounds.add_sound(db, "sha2", 1, listening(), "builtin")
        spaces.put_vectors(db, space, sound, np.ones((3, 2), np.float16), heard)
        windows = spaces.heard_windows(db, space, [silent, sound])
        held = spaces.all_vectors(db, space)

    assert list(windows) == [sound]
    assert np.array_equal(windows[sound], heard)
    assert held.sounds.tolist() == [silent, sound]
    assert np.array_equal(held.heard, np.stack([np.zeros(N_CLASSES, np.uint8), whole(heard)]))


def test_what_was_heard_is_of_the_same_windows_as_the_vectors(store):
    with store.writing() as db:
        space = spaces.put_space(db, HandEars())
        sound = sounds.add_sound(db, "sha1", 1, listening(), "builtin")
        with pytest.raises(AssertionError, match="the same windows"):
            spaces.put_vectors(db, space, sound, np.ones((2, 2), np.float16), np.ones((3, N_CLASSES), np.uint8))
