"""Vectors of files without a library: pooled by hand, in every format, in order, whole or not at all."""

import json
import tracemalloc
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core import audio, embed_files
from core.demo.encode import video_bytes
from core.embed_files import embed_file, write_npy
from core.embedding import Embedder, Heard, make_embedder
from core.embedding.base import pooled, pooled_groups
from core.embedding.vggish import VggishEmbedder
from core.errors import AudioError, EarshotError, UnknownNameError, UnsupportedError
from core.settings import Settings
from tests import tiny_vggish
from tests.sounds import noise, silence, sine, write_sound

STEPS = (0.1, 0.2, 0.0, 0.4)  # what the toy's sound holds, a second of each


class Plain(Embedder):
    """Hears the level of a window: (3, 4) where it is below 0.3, (4, -3) above; all at norm 1."""

    name, version, dim, sample_rate_hz, window_s, hop_s = "plain", "1", 2, 8000, 1.0, 1.0

    def hear(self, clips: Sequence[np.ndarray]) -> Heard:
        rows = [[3, 4] if clip.mean() < 0.3 else [4, -3] for clip in clips]
        vectors = np.array(rows, np.float32) / 5 * [[clip.any()] for clip in clips]
        return Heard(vectors.astype(np.float32), np.zeros((len(clips), 0), np.float32))

    def weights_hash(self) -> str:
        return "none"


class Raw(Plain):
    """Gives its rows as they are as well: the level, and how many windows it heard before; zeros for silence."""

    name = "raw"
    n_heard = 0

    def raw(self, clips: Sequence[np.ndarray]) -> np.ndarray:
        rows = []
        for clip in clips:
            rows.append([clip.mean(), self.n_heard] if clip.any() else [0, 0])
            self.n_heard += 1
        return np.array(rows, np.float32)


class Posted(Raw):
    """Its post-processing: ten times each number, one more, in whole steps."""

    name = "posted"

    def post(self, rows: np.ndarray) -> np.ndarray:
        return np.round(10 * rows + 1).astype(np.uint8)


@pytest.fixture
def steps(tmp_path: Path) -> Path:
    sound = np.repeat(np.array(STEPS, np.float32), 8000)
    return write_sound(tmp_path / "steps.wav", sound, 8000, "pcm_f32le")


# --- pooling ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ears", "post", "total"),
    [
        (Plain, False, (0.6 + 0.6 + 0.8, 0.8 + 0.8 - 0.6)),
        (Raw, False, (0.1 + 0.2 + 0.4, 0 + 1 + 3)),
        (Posted, True, (2 + 3 + 5, 1 + 11 + 31)),  # the third window is silent and stays zero
    ],
)
def test_pooling_sums_or_averages_the_windows(
    steps: Path, ears: type[Embedder], post: bool, total: tuple[float, float]
) -> None:
    summed = embed_file(steps, ears(), "sum", post=post, normalised=False)
    mean = embed_file(steps, ears(), "mean", post=post, normalised=False)
    assert summed == pytest.approx(np.array(total), abs=1e-5)
    assert mean == pytest.approx(np.array(total) / 4, abs=1e-5)
    for pooling in ("sum", "mean"):
        vector = embed_file(steps, ears(), pooling, post=post)
        assert vector.dtype == np.float32
        assert vector == pytest.approx(np.array(total) / np.hypot(*total), abs=1e-6)


def test_more_windows_than_fit_a_batch_are_pooled_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    levels = np.linspace(0.1, 0.9, 70, dtype=np.float32)
    path = write_sound(tmp_path / "long.wav", np.repeat(levels, 8000), 8000, "pcm_f32le")
    vectors = []
    for size in (1, 7, 32, 70, 100):
        monkeypatch.setattr(embed_files, "BATCH", size)
        vectors.append(embed_file(path, Raw(), "sum", normalised=False))
    assert vectors[0] == pytest.approx(np.array([35, 69 * 70 / 2]), rel=1e-5)
    assert len({each.tobytes() for each in vectors}) == 1


@pytest.mark.parametrize("post", [False, True])
def test_silence_is_a_vector_of_zeros(tmp_path: Path, post: bool) -> None:
    path = write_sound(tmp_path / "silence.wav", silence(2.5, 8000), 8000)
    assert embed_file(path, Posted(), post=post).tolist() == [0, 0]


def test_any_ears_give_the_vector_that_a_library_would_keep(demo_folder: Path) -> None:
    ears = make_embedder("builtin")
    path = demo_folder / "rain" / "rain_0.wav"
    windows = list(audio.windows(audio.stretch(path, ears.sample_rate_hz), ears.window, ears.hop))
    vector = embed_file(path, ears)
    assert vector == pytest.approx(pooled(ears.hear(windows).vectors), abs=1e-6)
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-6)


def test_what_cannot_be_asked_for_is_told_in_a_sentence(steps: Path) -> None:
    with pytest.raises(UnknownNameError, match="no pooling is called 'max'; known are mean, sum"):
        embed_file(steps, Plain(), "max")
    for ears in (Plain(), Raw()):
        with pytest.raises(UnsupportedError, match=f"the ears '{ears.name}' have no post-processing; leave it out"):
            embed_file(steps, ears, post=True)
        with pytest.raises(UnsupportedError, match="post-processing"):
            next(embed_files.embed_files([Path("absent.wav")], ears, post=True))


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_numbers_that_are_not_finite_are_never_given(steps: Path, wrong: float) -> None:
    class Broken(Raw):
        def raw(self, clips: Sequence[np.ndarray]) -> np.ndarray:
            return super().raw(clips) + np.float32(wrong)

    with pytest.raises(UnsupportedError, match=r"not finite for .*steps\.wav"):
        embed_file(steps, Broken())


def test_memory_does_not_grow_with_the_length(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "long.wav", np.full(8000 * 60 * 15, 0.25, np.float32), 8000, "pcm_u8")
    tracemalloc.start()
    try:
        vector = embed_file(path, Raw(), "sum", normalised=False)
        peak_mb = tracemalloc.get_traced_memory()[1] / 1e6
    finally:
        tracemalloc.stop()
    assert vector.tolist() == [900 * 0.25, 899 * 900 / 2]
    assert peak_mb < 8  # the whole of it would be 29


# --- many files -------------------------------------------------------------------------------------------------------


def test_files_come_in_the_order_given_also_twice(tmp_path: Path) -> None:
    paths = [
        write_sound(tmp_path / f"{level}.wav", np.full(8000, level, np.float32), 8000, "pcm_f32le")
        for level in (0.5, 0.1)
    ]
    paths = [paths[1], paths[0], paths[1]]
    given = list(embed_files.embed_files(paths, Plain()))
    assert [each.path for each in given] == [str(path) for path in paths]
    rows = [[0.6, 0.8], [0.8, -0.6], [0.6, 0.8]]
    assert np.stack([each.vector for each in given]) == pytest.approx(np.array(rows), abs=1e-6)
    told = json.loads(json.dumps([each.as_dict() for each in given]))
    assert told[1] == {"path": str(paths[1]), "vector": pytest.approx([0.8, -0.6], abs=1e-6)}
    assert list(embed_files.embed_files([], Plain())) == []


def test_a_file_that_is_not_there_is_told_before_any_is_heard(steps: Path, tmp_path: Path) -> None:
    class Deaf(Plain):
        def hear(self, clips: Sequence[np.ndarray]) -> Heard:
            raise AssertionError

    (tmp_path / "text.wav").write_text("not a sound")
    for name, reason in (("absent.wav", "does not exist"), ("text.wav", "is not a sound")):
        with pytest.raises(AudioError, match=reason) as caught:
            next(embed_files.embed_files([steps, tmp_path / name], Deaf()))
        assert str(caught.value).startswith(f"{tmp_path / name}: ")


def test_a_file_that_holds_no_sound_is_told_with_its_path_after_those_before_it(steps: Path, tmp_path: Path) -> None:
    data = write_sound(tmp_path / "sub" / "steps.wav", silence(0.1, 8000), 8000).read_bytes()
    hollow = tmp_path / "sub" / "steps.wav"
    hollow.write_bytes(data[: data.index(b"data") + 8])
    given = embed_files.embed_files([steps, hollow], Plain())
    assert next(given).path == str(steps)
    with pytest.raises(AudioError, match="no sound could be decoded") as caught:
        next(given)
    assert str(caught.value).startswith(f"{hollow}: ")


# --- files of vectors -------------------------------------------------------------------------------------------------


def test_vectors_are_written_as_float32_rows(tmp_path: Path) -> None:
    path = tmp_path / "vectors"  # no ending is added
    write_npy(path, [np.array([0.6, 0.8]), np.array([1, 0])])
    assert [each.name for each in tmp_path.iterdir()] == ["vectors"]
    rows = np.load(path, allow_pickle=False)
    assert (rows.dtype, rows.shape) == (np.float32, (2, 2))
    assert rows == pytest.approx(np.array([[0.6, 0.8], [1, 0]]))


def test_a_file_of_vectors_is_there_whole_or_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "vectors.npy"
    write_npy(path, [np.ones(2)])
    before = path.read_bytes()

    def save(file: Any, *_: object, **__: object) -> None:
        file.write(b"half of it")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "save", save)
    with pytest.raises(EarshotError, match=r"vectors\.npy: No space left on device; choose another place"):
        write_npy(path, [np.zeros(2)])
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_place_that_cannot_be_written_to_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "absent" / "v.npy", tmp_path / "file" / "v.npy", tmp_path):
        with pytest.raises(EarshotError, match="choose another place"):
            write_npy(path, [np.ones(2)])
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


# --- VGGish -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def vggish(tmp_path_factory: pytest.TempPathFactory) -> VggishEmbedder:
    pytest.importorskip("torch", exc_type=ImportError)
    chosen: dict[str, Any] = tiny_vggish.make(tmp_path_factory.mktemp("tiny"))
    return VggishEmbedder(Settings(device="cpu", **chosen))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """One sound of 2.5 s, a tone and then noise, as wav, mp3, m4a and the sound of a video."""
    folder = tmp_path_factory.mktemp("formats")
    sound = np.concatenate([sine(440, 1.2, 44_100), noise(1.3, 44_100)])
    written = [
        write_sound(folder / f"a.{ending}", sound, 44_100, codec)
        for ending, codec in (("wav", "pcm_s16le"), ("mp3", "libmp3lame"), ("m4a", "aac"))
    ]
    video = folder / "a.mp4"
    video.write_bytes(video_bytes([np.full((64, 64, 3), 99, np.uint8)] * 25, 10, sound[None], 44_100))
    return [*written, video]


@pytest.mark.parametrize("post", [False, True])
@pytest.mark.parametrize("pooling", ["mean", "sum"])
def test_vggish_gives_128_numbers_for_every_format(
    vggish: VggishEmbedder, files: list[Path], pooling: str, post: bool
) -> None:
    given = list(embed_files.embed_files(files, vggish, pooling, post=post))
    rows = np.stack([each.vector for each in given])
    assert (rows.shape, rows.dtype) == ((4, 128), np.float32)
    assert np.linalg.norm(rows, axis=1) == pytest.approx(np.ones(4), abs=1e-6)
    assert (rows @ rows[0]).min() > 0.98  # the codecs change little of it


@pytest.mark.parametrize("post", [False, True])
def test_vggish_is_pooled_before_it_is_normalised(vggish: VggishEmbedder, files: list[Path], post: bool) -> None:
    sound = audio.decode(files[0], 16_000)
    assert len(sound) == 40_000
    examples = [sound[:15_600], sound[15_360:30_960], sound[-15_600:]]
    rows = vggish.raw(examples)
    rows = vggish.post(rows).astype(float) if post else rows.astype(float)
    summed = embed_file(files[0], vggish, "sum", post=post, normalised=False)
    assert summed == pytest.approx(rows.sum(axis=0), rel=1e-5, abs=1e-6)
    vector = embed_file(files[0], vggish, post=post)
    assert vector == pytest.approx(summed / np.linalg.norm(summed), abs=1e-6)
    of_unit_rows = pooled(pooled_groups(rows.astype(np.float32), np.ones(3, np.int64)))
    assert np.abs(vector - of_unit_rows).max() > 1e-4  # which is another vector


def test_vggish_post_processing_is_of_each_example_not_of_their_mean(vggish: VggishEmbedder, files: list[Path]) -> None:
    mean = embed_file(files[0], vggish, normalised=False)
    posted = embed_file(files[0], vggish, post=True, normalised=False)
    assert posted.max() <= 255
    assert np.abs(vggish.post(mean[None])[0] - posted).max() > 1
