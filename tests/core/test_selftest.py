"""Which ears are refused: those whose vectors are no unit vectors, or to which everything sounds or reads the same."""

import numpy as np
import pytest

from core import selftest
from core.embedding.base import Embedder, Heard
from core.errors import UnsupportedError


class Angles(Embedder):
    """Ears in a plane: the n-th sound or text lies at the n-th of some angles, in degrees."""

    name, version, dim = "angles", "1", 2
    sample_rate_hz, window_s, hop_s = 8000, 1.0, 1.0
    understands_text = True
    sounds, texts, norm = (0.0, 90.0, 0.0, 0.0), (0.0, 90.0), 1.0

    def hear(self, clips):
        return Heard(self._at(self.sounds[: len(clips)]), np.zeros((len(clips), 0), np.float32))

    def embed_text(self, texts):
        return self._at(self.texts[: len(texts)])

    def weights_hash(self):
        return "none"

    def _at(self, degrees):
        radians = np.radians(degrees)
        return (self.norm * np.stack([np.cos(radians), np.sin(radians)], axis=1)).astype(np.float32)


def test_ears_that_tell_any_two_sounds_apart_are_sound():
    """The cosine of 2.5 degrees is 0.99905, that of 3 is 0.9986; in the middle lies the limit."""
    ears = Angles()
    ears.sounds = (0, 2.5, 2.5, -0.5)  # two of them are 3 degrees apart
    selftest.check(ears)
    ears.sounds = (0, 2.5, 2.5, 0.5)
    with pytest.raises(UnsupportedError, match=r"two different sounds get the same vector \(cosine 0\.9990\); choose"):
        selftest.check(ears)


def test_a_text_tower_that_reads_the_same_in_all_is_refused():
    ears = Angles()
    ears.texts = (0, 2.1)  # the worst tower known: 0.9993
    with pytest.raises(UnsupportedError, match=r"two different texts get the same vector \(cosine 0\.9993\)"):
        selftest.check(ears)
    ears.understands_text = False
    selftest.check(ears)


@pytest.mark.parametrize(("norm", "told"), [(0.5, "norm 0.5, 0.5, 0.5, 0.5"), (np.nan, "norm nan"), (0.0, "norm 0, 0")])
def test_vectors_that_are_not_of_norm_one_are_refused(norm, told):
    ears = Angles()
    ears.norm = norm
    with pytest.raises(UnsupportedError, match=f"'angles' are broken: vectors of sounds have {told}"):
        selftest.check(ears)


def test_the_sounds_are_four_that_differ_and_always_the_same():
    made = selftest.sounds(8000, 8000)
    assert [sound.tobytes() for sound in made] == [sound.tobytes() for sound in selftest.sounds(8000, 8000)]
    assert all(sound.dtype == np.float32 and 0.1 < np.abs(sound).max() < 1 for sound in made)
    alike = np.corrcoef(made) - np.eye(4)
    assert np.abs(alike).max() < 0.1
    tone, _, clicks, sweep = ((sound[1:] > 0) & (sound[:-1] <= 0) for sound in made)
    assert tone.sum() == pytest.approx(440, abs=1)
    assert clicks.sum() == 3  # and one at the very beginning
    assert sweep.sum() == pytest.approx(200 * 15 / np.log(16), abs=2)  # cycles from 200 to 3200 Hz within a second
