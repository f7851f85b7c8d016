"""CLAP against transformers' own output, and the checkpoints that must be refused.

The checkpoints here are tiny and random (`tests.tiny_clap`); the real one is tested under the mark `weights`.
"""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import soxr

from core import audio
from core.demo import KINDS
from core.embedding._clap_frontend import filled
from core.embedding.clap import PHRASINGS, ClapEmbedder
from core.errors import EarshotError, UnsupportedError
from core.listening import hear_windows
from tests import tiny_clap
from tests.sounds import clicks, cut, noise, silence, sine

RATE_HZ, WINDOW = 48_000, 480_000
REAL = os.environ.get("EARSHOT_WEIGHTS", "")  # read before the fixtures take such settings away


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two checkpoints, `unfused` and `fused`; do not write to them."""
    pytest.importorskip("torch", exc_type=ImportError)
    pytest.importorskip("transformers", exc_type=ImportError)
    folder = tmp_path_factory.mktemp("clap")
    for kind in ("unfused", "fused"):
        tiny_clap.make(folder / kind, kind == "fused")
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """A checkpoint of the test's own."""
    return Path(shutil.copytree(made / "unfused", tmp_path / "tiny"))


@pytest.fixture
def ears(made: Path) -> ClapEmbedder:
    return tiny_clap.ears_of(made / "unfused")


def theirs(folder: Path, clips: list[np.ndarray]) -> np.ndarray:
    """The vectors that transformers itself gives; no clip is marked as longer, for none is."""
    import torch

    model, front_end, _ = tiny_clap.library(folder)
    features = front_end(clips, sampling_rate=RATE_HZ, return_tensors="pt")["input_features"]
    longer = torch.zeros((len(clips), 1), dtype=torch.bool)
    with torch.inference_mode():
        return model.get_audio_features(features, is_longer=longer).pooler_output.numpy()


def windows() -> list[np.ndarray]:
    return [sine(440, 10, RATE_HZ), noise(10, RATE_HZ), clicks(8, 10, RATE_HZ), sine(5000, 10, RATE_HZ, 0.01)]


# --- sounds -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["unfused", "fused"])
def test_full_windows_give_the_vectors_of_transformers(made: Path, kind: str) -> None:
    clips = windows()
    ours = tiny_clap.ears_of(made / kind).hear(clips).vectors
    assert ours == pytest.approx(theirs(made / kind, clips), abs=1e-5)
    assert np.abs(ours[0] - ours[1]).max() > 0.1


@pytest.mark.parametrize("kind", ["unfused", "fused"])
def test_short_sounds_are_filled_up_as_transformers_does(made: Path, kind: str) -> None:
    lengths_s = (0.03, 0.7, 3.0, 4.9, 5.0, 5.1, 9.99)
    clips = [noise(length_s, RATE_HZ, seed=n) for n, length_s in enumerate(lengths_s)]
    assert tiny_clap.ears_of(made / kind).hear(clips).vectors == pytest.approx(theirs(made / kind, clips), abs=1e-5)


@pytest.mark.parametrize(
    ("padding", "expected"),
    [("repeatpad", [1, 2, 3, 1, 2, 3, 0, 0]), ("repeat", [1, 2, 3, 1, 2, 3, 1, 2]), ("pad", [1, 2, 3, 0, 0, 0, 0, 0])],
)
def test_a_clip_is_filled_up_in_the_way_that_its_checkpoint_names(padding: str, expected: list[float]) -> None:
    assert filled(np.array([1, 2, 3], np.float32), 8, padding).tolist() == expected
    assert filled(np.arange(8, dtype=np.float32), 8, padding).tolist() == list(range(8))


@pytest.mark.parametrize("padding", ["repeat", "pad"])
def test_another_filling_of_a_checkpoint_is_respected(folder: Path, padding: str) -> None:
    tiny_clap.change_front_end(folder, padding=padding)
    clip = clicks(3, 3.3, RATE_HZ)
    assert tiny_clap.ears_of(folder).hear([clip]).vectors == pytest.approx(theirs(folder, [clip]), abs=1e-5)


@pytest.mark.parametrize("kind", ["unfused", "fused"])
def test_chance_has_no_part_in_a_vector(made: Path, kind: str) -> None:
    import torch

    clips = [noise(10, RATE_HZ), clicks(2, 1.5, RATE_HZ)]
    heard = []
    for seed in (0, 1, 2):
        np.random.seed(seed)
        torch.manual_seed(seed)
        before = np.random.get_state()[1].tobytes()
        heard.append(tiny_clap.ears_of(made / kind).hear(clips).vectors.tobytes())
        assert np.random.get_state()[1].tobytes() == before  # nor does it draw any numbers
    assert heard[0] == heard[1] == heard[2]


def test_a_batch_changes_no_bit(ears: ClapEmbedder) -> None:
    clips = [*windows(), noise(0.03, RATE_HZ), silence(1, RATE_HZ), clicks(8, 3, RATE_HZ)]
    alone = [ears.hear([clip]).vectors[0].tobytes() for clip in clips]
    for order in (list(range(len(clips))), [6, 2, 2, 0, 5, 1, 4, 3]):
        together = ears.hear([clips[place] for place in order]).vectors
        assert [row.tobytes() for row in together] == [alone[place] for place in order]


def test_batches_of_a_gpu_give_the_same_vectors(ears: ClapEmbedder) -> None:
    import torch

    class Batches:
        name, rows, dtype = "cpu", 16, torch.float32

    one_by_one = ears.hear(windows()).vectors
    ears.__dict__["_device"] = Batches()
    assert ears.hear(windows()).vectors == pytest.approx(one_by_one, abs=1e-5)


def test_silence_is_a_zero_row_and_thirty_milliseconds_are_a_sound(ears: ClapEmbedder) -> None:
    vectors = ears.hear([silence(10, RATE_HZ), silence(0.03, RATE_HZ) + 1e-7, sine(440, 0.03, RATE_HZ)]).vectors
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([0, 0, 1], abs=1e-6)
    assert ears.hear([]).vectors.shape == (0, tiny_clap.DIM)


def test_a_long_sound_is_heard_in_full_windows_of_which_the_last_ends_with_it(ears: ClapEmbedder) -> None:
    sound = np.concatenate([sine(440, 12, RATE_HZ), noise(13, RATE_HZ)])
    vectors = hear_windows(ears, iter(cut(sound, 70_001))).vectors
    stretches = [sound[:WINDOW], sound[WINDOW : 2 * WINDOW], sound[-WINDOW:]]
    assert vectors.tobytes() == ears.hear(stretches).vectors.tobytes()
    assert len(vectors) == audio.count_windows(len(sound), ears.window, ears.hop)


def test_a_checkpoint_in_half_precision_is_computed_in_full_on_a_processor(folder: Path) -> None:
    tiny_clap.change_weights(
        folder, lambda held: held.update({n: t.half() for n, t in held.items() if t.is_floating_point()})
    )
    tiny_clap.change_config(folder, dtype="float16")
    ears = tiny_clap.ears_of(folder)
    vectors = ears.hear(windows()).vectors
    assert str(ears._model.dtype) == "torch.float32"
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(4), abs=1e-6)


# --- texts ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["unfused", "fused"])
def test_a_text_is_the_mean_of_its_phrasings_as_transformers_reads_them(made: Path, kind: str) -> None:
    import torch

    texts = ["a dog barks twice", "heavy rain on a tin roof"]
    model, _, tokenizer = tiny_clap.library(made / kind)
    expected = []
    for text in texts:
        rows = []
        for phrasing in PHRASINGS:  # one by one: what fills up the shorter of a batch is not looked at
            tokens = tokenizer([phrasing.format(text)], return_tensors="pt")
            with torch.inference_mode():
                rows.append(model.get_text_features(**tokens).pooler_output[0].numpy())
        mean = np.mean(rows, axis=0)
        expected.append(mean / np.linalg.norm(mean))
    ours = tiny_clap.ears_of(made / kind).embed_text(texts)
    assert ours == pytest.approx(np.array(expected), abs=1e-5)
    assert ours.dtype == np.float32


def test_the_vector_of_a_text_does_not_depend_on_the_texts_beside_it(ears: ClapEmbedder) -> None:
    texts = ["rain", "a very long text about a dog that barks at a car in the rain", "", "\U0001f415 {braces} %s"]
    together = ears.embed_text(texts)
    for text, row in zip(texts, together, strict=True):
        assert ears.embed_text([text])[0].tobytes() == row.tobytes()
    assert np.linalg.norm(together, axis=1) == pytest.approx(np.ones(4), abs=1e-5)
    assert ears.embed_text([]).shape == (0, tiny_clap.DIM)


def test_blanks_and_the_stop_of_a_sentence_say_nothing(ears: ClapEmbedder) -> None:
    plain, spaced = ears.embed_text(["a dog barks", "  a dog\n barks. "])
    assert plain.tobytes() == spaced.tobytes()


def test_a_text_beyond_the_longest_is_cut_there(ears: ClapEmbedder) -> None:
    one, other, early = ears.embed_text(["rain " * 40 + "x", "rain " * 40 + "y", "x " + "rain " * 40])
    assert one.tobytes() == other.tobytes()
    assert one.tobytes() != early.tobytes()


@pytest.mark.parametrize(
    "place", ["larger_clap_music", "models--laion--larger_clap_music/snapshots/a0b1", "LAION/larger_clap_music/"]
)
def test_the_model_whose_text_tower_is_broken_is_refused_for_texts_and_hears(
    made: Path, tmp_path: Path, place: str
) -> None:
    shutil.copytree(made / "unfused", tmp_path / place)
    check_reads_nothing_but_hears(tiny_clap.ears_of(tmp_path / place))


def test_it_is_known_by_its_configuration_too(folder: Path) -> None:
    tiny_clap.change_config(folder, _name_or_path="laion/larger_clap_music")
    check_reads_nothing_but_hears(tiny_clap.ears_of(folder))


def check_reads_nothing_but_hears(ears: ClapEmbedder) -> None:
    assert not ears.understands_text
    with pytest.raises(UnsupportedError, match=r"'clap' do not understand text.*larger_clap_general"):
        ears.embed_text(["rain"])
    assert list(ears.prepare()) == []
    assert ears.hear([sine(440, 1, RATE_HZ)]).vectors.any()


@pytest.mark.parametrize(
    ("model", "understands"),
    [
        ("laion/larger_clap_music", False),
        ("laion/larger_clap_music_and_speech", True),
        ("laion/larger_clap_general", True),
        ("laion/clap-htsat-fused", True),
    ],
)
def test_whether_a_text_is_understood_is_known_before_anything_is_there(model: str, understands: bool) -> None:
    assert tiny_clap.ears_of(model).understands_text is understands


# --- the real weights -------------------------------------------------------------------------------------------------


@pytest.mark.weights
def test_the_real_model_names_sounds_that_it_was_never_taught() -> None:
    """Made sounds find their names among six; texts are as far apart as issue 5069 of mteb says (mean cosine 0.29)."""
    folder = Path(REAL) / "larger_clap_general"
    if not REAL or not (folder / "config.json").is_file():
        pytest.skip("put the files of laion/larger_clap_general into a folder of that name, inside EARSHOT_WEIGHTS")
    pytest.importorskip("transformers", exc_type=ImportError)
    ears = tiny_clap.ears_of(folder, offline=True)
    try:
        list(ears.prepare())
    except EarshotError as problem:
        pytest.fail(str(problem))
    named = {"rain": "rain", "hand_bell": "a bell rings", "kick": "a kick drum", "siren": "a siren"}
    texts = ears.embed_text([*named.values(), "a man speaks", "a cat meows"])
    sounds = [KINDS[kind].variant(0, seed=0) for kind in named]
    clips = [soxr.resample(sound.samples, sound.sample_rate_hz, RATE_HZ).astype(np.float32) for sound in sounds]
    cosines = ears.hear([clip[:WINDOW] for clip in clips]).vectors @ texts.T
    assert (cosines.argmax(axis=1) == np.arange(len(named))).sum() >= 3
    assert (texts @ texts.T)[np.triu_indices(len(texts), 1)].mean() < 0.7
