"""What every embedder promises; a new file in `core/embedding/` is tested by being there."""

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest

import core.embedding
from core.embedding import EMBEDDERS, Embedder
from core.embedding.base import pooled
from core.errors import AudioError, MissingDependencyError, UnsupportedError
from tests.sounds import clicks, noise, silence, sine
from tests.tiny import choose_tiny

TOY = '''
"""Ears that hear two numbers: the level of the first half and of the second."""
import numpy as np
from core.embedding.base import Embedder, Heard

class ToyEmbedder(Embedder):
    name, version, dim, sample_rate_hz, window_s, hop_s = "toy", "1", 2, 8000, 1.0, 0.5
    def hear(self, clips):
        halves = [[np.abs(half).sum() + 1e-6 for half in np.array_split(clip, 2)] for clip in clips]
        vectors = np.array([half / np.linalg.norm(half) for half in halves], np.float32).reshape(-1, 2)
        return Heard(vectors, np.zeros((len(clips), 0), np.float32))
    def weights_hash(self):
        return "none"

BACKEND = ToyEmbedder
'''


@pytest.fixture(params=EMBEDDERS.names())
def embedder(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Embedder:
    """Each of the ears; large models with tiny random weights."""
    try:
        choose_tiny(request.param, tmp_path_factory, monkeypatch)
        return EMBEDDERS.load(request.param)()
    except MissingDependencyError as missing:
        pytest.skip(str(missing))


def clips_for(ears: Embedder) -> list[np.ndarray]:
    """One clip of each kind, of several lengths, none longer than a window."""
    rate_hz, window_s = ears.sample_rate_hz, ears.window_s
    return [
        sine(440, window_s, rate_hz),
        noise(window_s, rate_hz),
        silence(window_s, rate_hz),
        clicks(8, window_s / 2, rate_hz),
        sine(220, 0.03, rate_hz),
        noise(window_s, rate_hz, seed=1)[:-1],
        np.full(1, 0.5, np.float32),
    ]


def test_the_built_in_ears_need_nothing() -> None:
    assert EMBEDDERS.load("builtin")().hear([sine(440, 1)]).vectors.any()


def test_it_bears_the_name_of_its_file(embedder: Embedder, request: pytest.FixtureRequest) -> None:
    assert embedder.name == request.node.callspec.params["embedder"]


def test_rate_window_and_hop_make_sense(embedder: Embedder) -> None:
    assert 8000 <= embedder.sample_rate_hz <= 96_000
    assert 0 < embedder.hop_s <= embedder.window_s <= 60  # a hop beyond the window would leave sound unheard
    assert embedder.window == embedder.window_s * embedder.sample_rate_hz
    assert embedder.hop == embedder.hop_s * embedder.sample_rate_hz
    assert embedder.dim >= 2
    assert len(set(embedder.labels)) == len(embedder.labels)


def test_one_row_of_each_kind_comes_per_clip(embedder: Embedder) -> None:
    clips = clips_for(embedder)
    for heard, n_clips in ((embedder.hear(clips), len(clips)), (embedder.hear([]), 0)):
        assert heard.vectors.shape == (n_clips, embedder.dim)
        assert heard.tags.shape == (n_clips, len(embedder.labels))
        for rows in (heard.vectors, heard.tags):
            assert rows.dtype == np.float32
            assert np.isfinite(rows).all()


def test_a_batch_changes_no_bit(embedder: Embedder) -> None:
    clips = clips_for(embedder)
    alone = [embedder.hear([clip]) for clip in clips]
    for order in (range(len(clips)), range(len(clips))[::-1], [3, 0, 0, 6, 2, 3, 1, 5, 4, 1]):
        heard = embedder.hear([clips[number] for number in order])
        for row, number in enumerate(order):
            assert heard.vectors[row].tobytes() == alone[number].vectors[0].tobytes()
            assert heard.tags[row].tobytes() == alone[number].tags[0].tobytes()


def test_another_instance_hears_the_same_bits(embedder: Embedder) -> None:
    clips = clips_for(embedder)
    assert type(embedder)().hear(clips).vectors.tobytes() == embedder.hear(clips).vectors.tobytes()


def test_clips_are_not_written_to(embedder: Embedder) -> None:
    clips = clips_for(embedder)
    for clip in clips:
        clip.flags.writeable = False
    embedder.hear(clips)


def test_vectors_have_norm_one_and_silence_is_a_zero_row(embedder: Embedder) -> None:
    vectors = embedder.hear(clips_for(embedder)).vectors
    norms = np.linalg.norm(vectors.astype(np.float64), axis=1)
    assert norms[[0, 1, 3, 4, 5]] == pytest.approx(np.ones(5), abs=1e-5)
    assert not vectors[2].any()
    assert norms[6] == pytest.approx(round(norms[6]), abs=1e-5)  # one sample: a sound or silence, nothing between


def test_probabilities_lie_between_0_and_1(embedder: Embedder) -> None:
    heard = embedder.hear(clips_for(embedder))
    for rows in (heard.tags,):
        assert ((rows >= 0) & (rows <= 1)).all()


@pytest.mark.parametrize("wrong", ["nan", "infinity", "empty"])
def test_a_clip_that_cannot_be_heard_is_refused_by_its_position(embedder: Embedder, wrong: str) -> None:
    good = sine(440, 0.5, embedder.sample_rate_hz)
    bad = {"nan": good.copy(), "infinity": good.copy(), "empty": good[:0]}
    bad["nan"][7] = np.nan
    bad["infinity"][7] = -np.inf
    with pytest.raises(AudioError, match="2"):
        embedder.hear([good, good, bad[wrong], good])


def test_440_hz_is_nearer_to_441_hz_than_to_noise(embedder: Embedder) -> None:
    rate_hz, seconds = embedder.sample_rate_hz, embedder.window_s
    clips = [sine(440, seconds, rate_hz), sine(441, seconds, rate_hz), noise(seconds, rate_hz)]
    a, b, hiss = embedder.hear(clips).vectors
    assert a @ b > 0.99
    assert a @ b > a @ hiss + 0.1


def test_the_fingerprint_names_the_space(embedder: Embedder) -> None:
    print_ = embedder.fingerprint()
    assert print_ == type(embedder)().fingerprint()
    assert (print_.name, print_.version, print_.dim) == (embedder.name, embedder.version, embedder.dim)
    assert (print_.sample_rate_hz, print_.window_s, print_.hop_s) == (
        embedder.sample_rate_hz,
        embedder.window_s,
        embedder.hop_s,
    )
    assert print_.weights


def test_other_weights_are_another_space(embedder: Embedder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = importlib.import_module(type(embedder).__module__)
    if not isinstance(getattr(module, "WEIGHTS", None), Path):
        pytest.skip(f"the weights of {embedder.name!r} are not a file in the tree")
    before = embedder.fingerprint()
    other = tmp_path / module.WEIGHTS.name
    other.write_bytes(module.WEIGHTS.read_bytes() + b"\0")
    monkeypatch.setattr(module, "WEIGHTS", other)
    assert type(embedder)().fingerprint() != before


def test_text_is_understood_or_refused(embedder: Embedder) -> None:
    if embedder.understands_text:
        vectors = embedder.embed_text(["rain", "a dog barks"])
        assert vectors.shape == (2, embedder.dim)
        assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(2), abs=1e-5)
    else:
        with pytest.raises(UnsupportedError, match=embedder.name):
            embedder.embed_text(["rain", "a dog barks"])


def test_the_vector_of_a_sound_is_the_mean_of_its_windows_scaled_to_one() -> None:
    windows = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 0]], np.float32)  # the third one is silent
    assert pooled(windows) == pytest.approx(np.array([0.7071068, 0.7071068, 0]), abs=1e-6)
    assert not pooled(np.zeros((2, 3), np.float32)).any()


def test_the_built_in_ears_know_a_sound_again_when_it_is_quieter() -> None:
    ears = EMBEDDERS.load("builtin")()
    sound, other = clicks(4, 1) + sine(300, 1), clicks(4, 1) + sine(700, 1)
    loud, quiet, another = ears.hear([sound, sound / 4, other]).vectors
    assert loud @ quiet > 0.95
    assert loud @ quiet > loud @ another + 0.1


def test_a_new_file_is_a_new_embedder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "toy.py").write_text(TOY)
    before = EMBEDDERS.names()
    monkeypatch.setattr(core.embedding, "__path__", [*core.embedding.__path__, str(tmp_path)])
    try:
        assert EMBEDDERS.names() == sorted([*before, "toy"])
        toy = EMBEDDERS.load("toy")()
        assert toy.hear([np.array([3, 4], np.float32)]).vectors == pytest.approx(np.array([[0.6, 0.8]]), abs=1e-6)
        test_rate_window_and_hop_make_sense(toy)
        test_a_batch_changes_no_bit(toy)
        with pytest.raises(AssertionError):
            test_vectors_have_norm_one_and_silence_is_a_zero_row(toy)  # it breaks this promise: the contract notices
    finally:
        sys.modules.pop("core.embedding.toy", None)
