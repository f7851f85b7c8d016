"""An autoencoder is taught with a dozen sounds: it learns, repeats itself, and leaves nothing half done."""

from pathlib import Path

import numpy as np
import pytest

from core import spectrogram_image
from core.embedding import make_embedder
from core.embedding.autoencoder import CARD_NAME, WEIGHTS_NAME, folder_of, read_card, read_encoder, read_weights
from core.errors import MissingDependencyError, NotFoundError, UnknownNameError, UnsupportedError
from core.settings import Settings
from core.training import autoencoder
from core.training.autoencoder import Course, pictures_of, train_autoencoder
from tests.sounds import RATE_HZ, clicks, noise, silence, sine, write_sound

SHORT = Course(blocks=400, batch=8, threads=1)
FILES = {WEIGHTS_NAME, CARD_NAME, "card.md", "reconstructions.png"}


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch", exc_type=ImportError)


@pytest.fixture(scope="module")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Twelve sounds of a second, tones, hisses and clicks; a copy of one, one that is silent and one that is none."""
    folder = tmp_path_factory.mktemp("sounds")
    kinds = [
        *(sine(hz, 1) * np.linspace(1, 0, RATE_HZ, dtype=np.float32) for hz in (300, 900, 2000, 4000)),
        *(noise(1, seed=seed) * np.float32(np.arange(RATE_HZ) < seed * 8000) for seed in (1, 2, 3, 4)),
        *(clicks(per_s, 1) for per_s in (3, 5, 8, 12)),
    ]
    paths = [write_sound(folder / f"{number}.wav", sound) for number, sound in enumerate(kinds)]
    (folder / "none.wav").write_text("no sound")
    copy = folder / "copy.wav"
    copy.write_bytes(paths[0].read_bytes())
    return [*paths, copy, write_sound(folder / "silent.wav", silence(1)), folder / "none.wav"]


def settings_in(folder: Path) -> Settings:
    return Settings(models=folder, device="cpu")


@pytest.fixture(scope="module")
def models(torch, sounds: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    progress = list(train_autoencoder(sounds, settings=settings_in(folder), course=SHORT))
    assert all(0 < each.done <= each.total for each in progress)
    assert progress[-1].label.startswith("trained the autoencoder 'default': the error is 0.")
    return folder


def test_it_draws_sounds_that_were_held_out_better_than_their_mean(models: Path, sounds: list[Path]) -> None:
    card = read_card(settings_in(models))
    assert card["error"] == min(card["curve"]) < 0.7 * card["error_of_mean"]
    assert card["explained"] == pytest.approx(1 - card["error"] / card["error_of_mean"])
    assert card["curve"][-1] < card["curve"][0]
    assert (card["files"], card["images"]) == (12, 12)  # the copy is the same sound
    assert [Path(path).name for path in card["unread"]] == ["none.wav"]
    assert [Path(path).name for path in card["silent"]] == ["silent.wav"]


def test_beside_the_weights_stand_a_card_and_a_picture(models: Path) -> None:
    folder = folder_of(settings_in(models), "default")
    assert {path.name for path in folder.iterdir()} == FILES
    card = read_card(settings_in(models))
    assert card["weights"] == make_embedder("autoencoder", settings_in(models)).weights_hash()
    assert f"{card['error']:.4f}" in (folder / "card.md").read_text(encoding="utf-8")
    assert (folder / "reconstructions.png").read_bytes().startswith(b"\x89PNG")


def test_what_was_trained_hears(models: Path) -> None:
    ears = make_embedder("autoencoder", settings_in(models))
    list(ears.prepare())
    low, near, hiss = ears.hear([sine(440, 1), sine(450, 1), noise(1)]).vectors
    assert low @ near > low @ hiss + 0.3


def test_the_encoder_in_numpy_equals_the_one_that_was_trained(torch, sounds: list[Path]) -> None:
    from core.training.drawing import Training

    picture = pictures_of(sounds[0])[0]
    training = Training(np.stack([picture] * 2), np.array([False, True]), SHORT, 0, "cpu")
    for _ in range(3):  # so that the normalisations hold something
        training.networks(training.batch(np.argwhere(np.ones((1, 6)))))
    training.networks.eval()
    with torch.inference_mode():
        blocks = training.batch(np.argwhere(np.ones((1, 6))))
        expected = training.networks[0](blocks)
    assert blocks.numpy().transpose(0, 2, 3, 1)[1] == pytest.approx(
        spectrogram_image.coloured(spectrogram_image.cut(picture))[1] / np.float32(255)
    )
    assert training.encoder().codes(picture) == pytest.approx(expected.numpy().reshape(-1), abs=1e-4)


def test_the_same_seed_makes_the_same_weights_whatever_the_order_of_the_files(
    torch, sounds: list[Path], tmp_path: Path
) -> None:
    course = Course(blocks=32, batch=8, threads=1)
    made = []
    for number, (paths, seed) in enumerate([(sounds, 1), (sounds[::-1], 1), (sounds, 2)]):
        settings = settings_in(tmp_path / str(number))
        list(train_autoencoder(paths, name="a", settings=settings, seed=seed, course=course))
        made.append(read_weights(folder_of(settings, "a")))
    assert made[0] == made[1] != made[2]


@pytest.mark.parametrize("when", ["looked at", "error 0"])
def test_a_training_that_is_stopped_leaves_what_was_there(
    models: Path, sounds: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    folder = folder_of(settings_in(models), "default")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    training = train_autoencoder(
        sounds, settings=settings_in(models), seed=9, course=Course(blocks=32, batch=8, threads=1)
    )
    with pytest.raises(KeyboardInterrupt):
        for progress in training:
            if when in progress.label:
                training.throw(KeyboardInterrupt())
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_is_full_leaves_what_was_there(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = folder_of(settings_in(models), "default")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    def full(path: Path, text: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    card = read_card(settings_in(models))
    with pytest.raises(OSError, match="No space"):
        autoencoder.put(folder, b"other", card, np.zeros((2, 2, 3), np.uint8))
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_too_few_sounds_are_refused_and_nothing_is_written(torch, sounds: list[Path], tmp_path: Path) -> None:
    for paths in ([], sounds[:7], [*sounds[:7], *sounds[-3:-1]]):
        with pytest.raises(UnsupportedError, match="too few to train an autoencoder; give it at least 8"):
            list(train_autoencoder(paths, settings=settings_in(tmp_path)))
    with pytest.raises(UnknownNameError, match="letters, digits"):
        list(train_autoencoder(sounds, name="../a", settings=settings_in(tmp_path)))
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(NotFoundError, match="not trained yet"):
        read_card(settings_in(tmp_path))


def test_a_long_file_gives_six_pictures_of_its_first_minute(tmp_path: Path) -> None:
    tones = np.concatenate([sine(200 * (1 + second), 1) for second in range(70)])
    pictures = pictures_of(write_sound(tmp_path / "long.wav", tones))
    brightest = [int(spectrogram_image.row_hz()[picture[:, 200].argmax()]) for picture in pictures]
    assert len(pictures) == 6
    assert brightest == sorted(brightest)
    assert brightest[0] == pytest.approx(200 * 3, rel=0.03)  # in the third second, which begins at 2 s
    assert brightest[-1] == pytest.approx(200 * 58, rel=0.03)  # the last window ends with the minute


def test_a_large_library_is_sampled(torch, sounds: list[Path], tmp_path: Path) -> None:
    gathering = autoencoder.gather(sounds, Course(images=9), 0, tmp_path / "raw")
    with pytest.raises(StopIteration) as ended:
        while True:
            next(gathering)
    assert ended.value.value.levels.shape == (9, 288, 432)
    assert ended.value.value.held_out.sum() == 1


def test_without_torch_the_command_that_installs_it_is_told(
    sounds: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'earshot\[models\]'"):
        list(train_autoencoder(sounds, settings=settings_in(tmp_path)))


def test_the_decoder_is_kept_beside_the_encoder(models: Path) -> None:
    folder = folder_of(settings_in(models), "default")
    encoder = read_encoder(read_weights(folder), folder)
    with np.load(folder / WEIGHTS_NAME) as arrays:
        sides = [arrays[f"decoder_{n}_weight"].shape for n in range(5)]
    assert [layer.weight.shape[0] for layer in encoder.layers][-1] == 1  # 9 x 9 x 1
    assert sides[0][1] == 1
    assert sides[-1][1] == 3
