"""Spectrograms as pictures, and the ears that take their codes for vectors."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest

from core import spectrogram_image
from core.embedding import make_embedder
from core.embedding.autoencoder import DIM, WEIGHTS_NAME, AutoencoderEmbedder, Convolution, folder_of, trained
from core.errors import EarshotError, NotFoundError, UnknownNameError
from core.settings import Settings
from core.spectrogram_image import BLOCK, HEIGHT, STEP, WIDTH, WINDOW, coloured, cut, joined, levels, row_hz
from tests import tiny_autoencoder
from tests.sounds import RATE_HZ, clicks, noise, silence, sine


@pytest.fixture(scope="module")
def ears(tmp_path_factory: pytest.TempPathFactory) -> AutoencoderEmbedder:
    return AutoencoderEmbedder(Settings(**tiny_autoencoder.make(tmp_path_factory.mktemp("models"))))


# --- pictures ---------------------------------------------------------------------------------------------------------


def test_a_picture_is_432_columns_of_10_ms_and_288_rows() -> None:
    assert (HEIGHT, WIDTH, BLOCK, STEP / RATE_HZ, WINDOW / RATE_HZ) == (288, 432, 144, 0.01, 4.32)
    picture = levels(noise(4.32, RATE_HZ))
    assert (picture.shape, picture.dtype) == ((288, 432), np.uint8)
    assert coloured(picture).shape == (288, 432, 3)


@pytest.mark.parametrize("hz", [110, 440, 1000, 5000, 12_000])
def test_a_sine_is_one_bright_row_at_the_height_of_its_pitch(hz: float) -> None:
    picture = levels(sine(hz, 4.32, RATE_HZ))
    row = int(np.abs(row_hz() - hz).argmin())
    inside = picture[:, 10:-10]
    assert (np.abs(inside.argmax(axis=0).astype(int) - row) <= 1).all()
    assert inside[row].min() > 240
    assert (inside[np.abs(np.arange(HEIGHT) - row) > 12] < 200).all()  # 17 dB and more below it


def test_the_rows_are_even_on_the_mel_scale_from_the_top() -> None:
    assert row_hz()[0] > row_hz()[-1]
    mel = 2595 * np.log10(1 + row_hz() / 700)
    assert np.diff(mel) == pytest.approx(np.full(287, (mel[-1] - mel[0]) / 287))


def test_a_click_is_one_bright_stroke_at_its_column() -> None:
    sound = silence(4.32, RATE_HZ)
    sound[round(2.005 * RATE_HZ)] = 0.5
    picture = levels(sound)
    assert picture[:, 200].min() > 250  # 200 columns of 10 ms before it; it is the middle of this one
    assert not picture[:, :196].any()
    assert not picture[:, 205:].any()


def test_beside_a_short_sound_the_picture_is_black_and_time_is_not_stretched() -> None:
    short, long = levels(noise(1, RATE_HZ)), levels(noise(4.32, RATE_HZ))
    assert not short[:, 104:].any()
    assert (short[:, :96].mean(axis=1) > 150).all()
    apart = short[:, :96].astype(float) - long[:, :96]  # their loudest cells differ, and with them the white
    assert 0 < apart.mean() < 10
    assert apart.std() < 1


def test_a_quieter_copy_makes_one_picture_but_what_is_nearly_silent_stays_dark() -> None:
    sound = noise(1, RATE_HZ) + sine(700, 1, RATE_HZ)
    assert np.abs(levels(sound).astype(int) - levels(sound / 16)).max() <= 1
    faint = levels(noise(1, RATE_HZ, amplitude=2**-15))
    assert 0 < faint.max() < 128
    assert not levels(silence(1, RATE_HZ)).any()


def test_20_db_are_a_quarter_of_the_range() -> None:
    picture = levels(sine(300, 4.32, RATE_HZ, 0.5) + sine(3000, 4.32, RATE_HZ, 0.05))
    rows = [int(np.abs(row_hz() - hz).argmin()) for hz in (300, 3000)]
    loud, quiet = (int(picture[row - 2 : row + 3, 200].max()) for row in rows)
    # A band at 300 Hz is narrower than the frame's main lobe, one at 3 kHz wider: it holds a smaller mean of the peak.
    assert loud == 255
    assert 255 * (1 - 26 / 80) < quiet <= 255 * (1 - 20 / 80) + 1


def test_blocks_are_cut_row_by_row_and_make_the_picture_again() -> None:
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    places = (columns // BLOCK + 3 * (rows // BLOCK)).astype(np.uint8)
    blocks = cut(places)
    assert blocks.shape == (6, BLOCK, BLOCK)
    assert all((block == place).all() for place, block in enumerate(blocks))
    picture = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH)).astype(np.uint8)
    assert (cut(picture)[4] == picture[144:, 144:288]).all()
    assert (joined(cut(picture)) == picture).all()
    assert (joined(cut(coloured(picture))) == coloured(picture)).all()


def test_louder_is_lighter_in_grey_too() -> None:
    grey = spectrogram_image.colours() @ np.array([0.30, 0.59, 0.11])
    assert (grey[0], grey[-1]) == (0, pytest.approx(255))
    assert (grey[8:] > grey[:-8]).all()
    assert np.abs(grey - np.arange(256)).max() < 16
    assert len({tuple(colour) for colour in spectrogram_image.colours().tolist()}) > 250


def test_a_png_holds_the_image() -> None:
    image = np.random.default_rng(0).integers(0, 256, (5, 7, 3)).astype(np.uint8)
    png = spectrogram_image.png_bytes(image)
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", png[16:24]) == (7, 5)
    (length,) = struct.unpack(">I", png[33:37])
    assert zlib.crc32(png[37 : 41 + length]) == struct.unpack(">I", png[41 + length : 45 + length])[0]
    rows = np.frombuffer(zlib.decompress(png[41 : 41 + length]), np.uint8).reshape(5, 22)
    assert (rows[:, 1:].reshape(5, 7, 3) == image).all()


# --- vectors ----------------------------------------------------------------------------------------------------------


def test_a_convolution_is_the_sum_over_its_field() -> None:
    rng = np.random.default_rng(0)
    picture = rng.standard_normal((1, 8, 8, 2)).astype(np.float32)
    padded = np.pad(picture, ((0, 0), (1, 1), (1, 1), (0, 0)))[0].astype(np.float64)
    for side, stride in ((4, 2), (3, 1)):
        layer = Convolution(rng.standard_normal((3, 2, side, side)).astype(np.float32), np.float32([1, 2, 3]))
        got = layer(picture)
        assert got.shape == (1, 8 // stride, 8 // stride, 3)
        field = padded[2 * stride : 2 * stride + side, stride : stride + side]
        expected = (field.transpose(2, 0, 1) * layer.weight).sum(axis=(1, 2, 3)) + layer.bias
        assert got[0, 2, 1] == pytest.approx(expected, abs=1e-5)


def test_a_vector_is_the_six_codes_of_nine_by_nine_standardised(ears: AutoencoderEmbedder) -> None:
    encoder = tiny_autoencoder.encoder()
    clip = clicks(6, 4.32, RATE_HZ)
    codes = encoder.codes(levels(clip))
    assert codes.shape == (DIM,) == (486,)
    alone = encoder.codes(joined(np.stack([cut(levels(clip))[4]] * 6)))  # a block's code knows nothing of the others
    assert codes[4 * 81 : 5 * 81] == pytest.approx(alone[:81], abs=1e-5)
    standard = (codes - encoder.mean) / encoder.scale
    assert ears.hear([clip]).vectors[0] == pytest.approx(standard / np.linalg.norm(standard), abs=1e-6)


def test_vectors_do_not_depend_on_the_batch_and_silence_has_none(ears: AutoencoderEmbedder) -> None:
    clips = [sine(440, 4.32, RATE_HZ), silence(1, RATE_HZ), sine(220, 0.03, RATE_HZ), np.full(1, 0.5, np.float32)]
    together = ears.hear(clips).vectors
    assert together.tobytes() == b"".join(ears.hear([clip]).vectors.tobytes() for clip in clips)
    assert np.linalg.norm(together, axis=1) == pytest.approx([1, 0, 1, 1], abs=1e-5)


def test_a_name_is_a_model_of_its_own(tmp_path: Path) -> None:
    settings = Settings(**tiny_autoencoder.make(tmp_path))
    tiny_autoencoder.make(tmp_path, "birds", seed=1)
    first, second = make_embedder("autoencoder", settings), make_embedder("autoencoder:birds", settings)
    assert (first.name, second.name) == ("autoencoder", "autoencoder:birds")
    assert first.weights_hash() != second.weights_hash()
    assert first.weights_hash() == make_embedder("autoencoder", settings).weights_hash()
    assert [each.label for each in second.prepare()] == ["autoencoder:birds is ready"]
    assert trained(settings) == ["birds", "default"]
    assert first.clustering == ("kmeans", 20)


def test_ears_that_are_not_trained_say_how_to_train_them(tmp_path: Path) -> None:
    settings = Settings(models=tmp_path)
    assert make_embedder("autoencoder", settings).hear([]).vectors.shape == (0, 486)
    for use in (
        lambda ears: ears.hear([sine(440, 1)]),
        lambda ears: ears.weights_hash(),
        lambda ears: [*ears.prepare()],
    ):
        with pytest.raises(
            NotFoundError, match=r"'default' is not trained yet; train it with: earshot train autoencoder$"
        ):
            use(make_embedder("autoencoder", settings))
    tiny_autoencoder.make(tmp_path)
    with pytest.raises(NotFoundError, match=r"autoencoder --name birds, or use one that is: default$"):
        make_embedder("autoencoder:birds", settings).weights_hash()


@pytest.mark.parametrize("name", ["../other", "a/b", "a b", ".hidden", "x" * 65])
def test_a_name_never_leads_out_of_the_folder_of_models(tmp_path: Path, name: str) -> None:
    with pytest.raises(UnknownNameError, match="letters, digits"):
        make_embedder(f"autoencoder:{name}", Settings(models=tmp_path))


def test_damaged_weights_are_told(tmp_path: Path) -> None:
    settings = Settings(**tiny_autoencoder.make(tmp_path))
    path = folder_of(settings, "default") / WEIGHTS_NAME
    whole = path.read_bytes()
    for damaged in (whole[:-100], b"", b"not weights", whole[:2000]):
        path.write_bytes(damaged)
        with pytest.raises(EarshotError, match="is damaged; train it again"):
            make_embedder("autoencoder", settings).hear([sine(440, 1)])
