"""The ears `wav2vec2` against the library's own output on a tiny random model, and with a head upon them."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core import heads
from core.embedding import make_embedder
from core.embedding.wav2vec2 import Wav2Vec2Embedder
from core.errors import EarshotError, MissingDependencyError, NotFoundError, UnknownNameError, UnsupportedError
from core.heads import Head
from core.settings import Settings
from tests import tiny_wav2vec2
from tests.sounds import clicks, noise, silence, sine
from tests.tiny_wav2vec2 import FIELD, WIDTH

RATE_HZ = 16_000
REAL = os.environ.get("EARSHOT_WEIGHTS", "")  # read before the fixtures take such settings away
N_IN = 2 * WIDTH


@pytest.fixture(scope="module")
def torch() -> Any:
    return pytest.importorskip("torch", exc_type=ImportError)


@pytest.fixture(scope="module")
def made(torch: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "tiny"
    tiny_wav2vec2.make(folder)
    return folder


@pytest.fixture
def model(made: Path, tmp_path: Path) -> Path:
    """A copy of the model that a test may damage."""
    shutil.copytree(made, tmp_path / "tiny")
    return tmp_path / "tiny"


@pytest.fixture
def ears(model: Path) -> Wav2Vec2Embedder:
    return ears_of(model)


def ears_of(model: Path, variant: str = "") -> Wav2Vec2Embedder:
    return Wav2Vec2Embedder(Settings(wav2vec2=str(model), models=model.parent / "models", device="cpu"), variant)


def keep_head(ears: Wav2Vec2Embedder, name: str, seed: int = 0, n_in: int = N_IN, backbone: str = "") -> Head:
    """Puts a random head where the ears look for it."""
    rng = np.random.default_rng(seed)
    shapes = ((n_in,), (n_in,), (7, n_in), (7,), (5, 7), (5,))
    head = Head(*(rng.standard_normal(shape).astype(np.float32) for shape in shapes))
    np.abs(head.scale, out=head.scale)
    file = heads.head_bytes(head, backbone or ears.backbone_hash(), "tiny")
    heads.save(heads.folder_of(ears.settings, name), {"head.npz": file})
    return head


def reference(model: Path, clip: np.ndarray) -> np.ndarray:
    """What transformers itself makes of a clip: its front end, its model, then mean and standard deviation."""
    import torch
    from transformers.models.wav2vec2.feature_extraction_wav2vec2 import Wav2Vec2FeatureExtractor
    from transformers.models.wav2vec2.modeling_wav2vec2 import Wav2Vec2Model

    front_end = Wav2Vec2FeatureExtractor.from_pretrained(model)
    values = front_end(clip, sampling_rate=RATE_HZ, return_tensors="pt").input_values
    values = torch.nn.functional.pad(values, (0, max(0, FIELD - values.shape[1])))
    with torch.no_grad():
        frames = Wav2Vec2Model.from_pretrained(model).eval()(values).last_hidden_state[0].numpy()
    return np.concatenate([frames.mean(axis=0), frames.std(axis=0)])


# --- the bare model ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("do_normalize", [True, False])
@pytest.mark.parametrize(
    "clip", [sine(440, 5, RATE_HZ), noise(1.3, RATE_HZ), clicks(8, 0.5, RATE_HZ), sine(900, 0.01, RATE_HZ)]
)
def test_the_numbers_are_those_of_transformers(model: Path, clip: np.ndarray, do_normalize: bool) -> None:
    with tiny_wav2vec2.quiet():
        tiny_wav2vec2.front_end(do_normalize).save_pretrained(model)
        expected = reference(model, clip)
    ears = ears_of(model)
    assert ears.statistics([clip])[0] == pytest.approx(expected, abs=1e-5)
    assert ears.hear([clip]).vectors[0] == pytest.approx(expected / np.linalg.norm(expected), abs=1e-5)


@pytest.mark.parametrize("geometry", [{"feat_extract_norm": "layer", "do_stable_layer_norm": True, "conv_bias": True}])
def test_the_geometry_of_the_larger_models_is_read(torch: Any, tmp_path: Path, geometry: dict[str, Any]) -> None:
    tiny_wav2vec2.make(tmp_path / "large", **geometry)
    clip = noise(1, RATE_HZ)
    with tiny_wav2vec2.quiet():
        expected = reference(tmp_path / "large", clip)
    assert ears_of(tmp_path / "large").statistics([clip])[0] == pytest.approx(expected, abs=1e-5)


def test_weights_of_the_pretraining_class_are_read(torch: Any, model: Path) -> None:
    """The published model was saved with what its training needed, under longer names, by torch itself."""
    before = ears_of(model).hear([noise(1, RATE_HZ)]).vectors
    state = {f"wav2vec2.{name}": weight for name, weight in tiny_wav2vec2.model().state_dict().items()}
    old = {"parametrizations.weight.original0": "weight_g", "parametrizations.weight.original1": "weight_v"}
    for new, name in old.items():
        state = {key.replace(new, name): weight for key, weight in state.items()}
    (model / "model.safetensors").unlink()
    torch.save(state | {"project_q.weight": torch.zeros(3, 3)}, model / "pytorch_model.bin")
    config = json.loads((model / "config.json").read_text())
    config |= {"architectures": ["Wav2Vec2ForPreTraining"], "gradient_checkpointing": True}
    (model / "config.json").write_text(json.dumps(config))
    assert ears_of(model).hear([noise(1, RATE_HZ)]).vectors.tobytes() == before.tobytes()


def test_short_clips_are_heard_and_still_ones_are_not(ears: Wav2Vec2Embedder) -> None:
    clips = [np.full(1, 0.5, np.float32), silence(5, RATE_HZ), np.full(9000, 0.5, np.float32), noise(1, RATE_HZ) * 1e-7]
    assert not ears.hear(clips).vectors.any()
    short = [np.array([0.5, -0.5], np.float32), noise(1, RATE_HZ)[: FIELD - 1], noise(1, RATE_HZ)[:FIELD]]
    vectors = ears.hear(short).vectors
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(3), abs=1e-6)
    assert not vectors[:, WIDTH:].any()  # of one frame, nothing deviates


def test_how_loud_a_sound_is_does_not_matter(ears: Wav2Vec2Embedder) -> None:
    sound = noise(1, RATE_HZ, 0.5)
    loud, quiet = ears.hear([sound, sound / 8]).vectors
    assert loud @ quiet > 0.9999


def test_batches_of_a_gpu_change_nothing_but_rounding(ears: Wav2Vec2Embedder, monkeypatch: pytest.MonkeyPatch) -> None:
    clips = [noise(1, RATE_HZ, seed=seed) for seed in range(5)] + [sine(300, 0.5, RATE_HZ)]
    alone = ears.hear(clips).vectors
    monkeypatch.setattr(Wav2Vec2Embedder, "rows", 4)
    assert ears.hear(clips).vectors == pytest.approx(alone, abs=1e-5)


def test_other_weights_and_another_front_end_are_other_spaces(model: Path, torch: Any) -> None:
    before = ears_of(model).fingerprint()
    assert before == ears_of(model).fingerprint()
    with tiny_wav2vec2.quiet():
        tiny_wav2vec2.front_end(do_normalize=False).save_pretrained(model)
        other = ears_of(model).fingerprint()
        tiny_wav2vec2.make(model, seed=8)
    assert len({each.weights for each in (before, other, ears_of(model).fingerprint())}) == 3
    assert (before.name, before.version, before.dim) == ("wav2vec2", "tiny-mean-std-1", N_IN)


def test_making_ready_fetches_nothing_for_a_folder_and_tests_the_ears(ears: Wav2Vec2Embedder) -> None:
    assert list(ears.prepare()) == []


# --- a head -----------------------------------------------------------------------------------------------------------


def test_a_head_makes_other_vectors_and_another_space(ears: Wav2Vec2Embedder) -> None:
    head = keep_head(ears, "birds")
    birds = make_embedder("wav2vec2:birds", ears.settings)
    clips = [noise(1, RATE_HZ), silence(1, RATE_HZ), sine(440, 0.03, RATE_HZ)]
    vectors = birds.hear(clips).vectors
    statistics = ears.statistics(clips)
    assert vectors.shape == (3, 5)
    assert vectors[[0, 2]] == pytest.approx(head.vectors(statistics[[0, 2]]), abs=0)
    assert not vectors[1].any()
    assert birds.hear(clips[2:]).vectors.tobytes() == vectors[2:].tobytes()
    told, bare = birds.fingerprint(), ears.fingerprint()
    assert (told.name, told.version, told.dim) == ("wav2vec2:birds", "tiny-mean-std-1-head-1", 5)
    assert told.weights != bare.weights
    keep_head(ears, "birds", seed=1)
    assert make_embedder("wav2vec2:birds", ears.settings).fingerprint().weights != told.weights
    assert list(birds.prepare()) == []


def test_a_head_that_is_not_there_is_told_with_those_that_are(ears: Wav2Vec2Embedder) -> None:
    with pytest.raises(UnknownNameError, match=r"'birds'; trained are: none yet; .*earshot train heads --labels"):
        next(make_embedder("wav2vec2:birds", ears.settings).prepare())
    keep_head(ears, "bats")
    keep_head(ears, "frogs")
    for use in (lambda each: each.dim, lambda each: each.weights_hash(), lambda each: each.hear([])):
        with pytest.raises(UnknownNameError, match="trained are: bats, frogs;"):
            use(make_embedder("wav2vec2:birds", ears.settings))
    with pytest.raises(UnknownNameError, match="letters, digits"):
        make_embedder("wav2vec2:../birds", ears.settings)


def test_a_head_of_another_backbone_is_refused(ears: Wav2Vec2Embedder) -> None:
    keep_head(ears, "birds", backbone="0123456789abcdef")
    with pytest.raises(UnsupportedError, match=r"trained on tiny \(weights 0123456789abcdef\).*train it again"):
        ears_of(Path(ears.settings.wav2vec2), "birds").hear([noise(1, RATE_HZ)])


@pytest.mark.parametrize("damage", ["cut", "empty", "other", "nan"])
def test_a_damaged_head_is_told(ears: Wav2Vec2Embedder, damage: str) -> None:
    head = keep_head(ears, "birds", n_in=N_IN + 2 * (damage == "other"))
    path = heads.folder_of(ears.settings, "birds") / "head.npz"
    if damage == "nan":
        head.outer[0, 0] = np.nan
        path.write_bytes(heads.head_bytes(head, ears.backbone_hash(), "tiny"))
    elif damage != "other":
        path.write_bytes(path.read_bytes()[: 300 if damage == "cut" else 0])
    with pytest.raises(EarshotError, match="the head 'birds' is damaged; train it again"):
        ears_of(Path(ears.settings.wav2vec2), "birds").hear([noise(1, RATE_HZ)])


def test_a_card_is_read_and_a_damaged_one_told(ears: Wav2Vec2Embedder) -> None:
    folder = heads.folder_of(ears.settings, "birds")
    with pytest.raises(UnknownNameError, match="'birds'"):
        heads.read_card(ears.settings, "birds")
    heads.save(folder, {"head.npz": b"", "card.json": b'{"name": "birds"}'})
    assert heads.read_card(ears.settings, "birds") == {"name": "birds"}
    heads.save(folder, {"head.npz": b"", "card.json": b'{"na'})
    with pytest.raises(EarshotError, match="is damaged"):
        heads.read_card(ears.settings, "birds")


# --- what cannot be used ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lacking", "told"),
    [
        ("config.json", "lacks config.json"),
        ("model.safetensors", "lacks model.safetensors or pytorch_model.bin"),
        ("preprocessor_config.json", "lacks preprocessor_config.json or processor_config.json"),
    ],
)
def test_a_folder_that_is_not_whole_is_told_what_it_lacks(model: Path, lacking: str, told: str) -> None:
    (model / lacking).unlink()
    for use in (lambda ears: ears.weights_hash(), lambda ears: next(ears.prepare())):
        with pytest.raises(NotFoundError, match=told):
            use(ears_of(model))


def test_a_model_of_another_kind_is_told(model: Path) -> None:
    (model / "config.json").write_text('{"model_type": "hubert"}')
    (model / "model.safetensors").unlink()
    with pytest.raises(UnsupportedError, match="holds a 'hubert' model, not a Wav2Vec2; set EARSHOT_WAV2VEC2"):
        ears_of(model).weights_hash()
    (model / "config.json").write_text("{")
    with pytest.raises(UnsupportedError, match=r"config\.json is damaged"):
        next(ears_of(model).prepare())


def test_another_rate_is_refused(model: Path) -> None:
    path = model / "preprocessor_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"sampling_rate": 8000}))
    with pytest.raises(UnsupportedError, match="hears 8000 Hz, not 16000"):
        ears_of(model).hear([noise(1, RATE_HZ)])


def test_a_front_end_kept_with_a_whole_processor_is_read(model: Path) -> None:
    path = model / "preprocessor_config.json"
    (model / "processor_config.json").write_text(json.dumps({"feature_extractor": {"do_normalize": False}}))
    path.unlink()
    loud, quiet = ears_of(model).statistics([noise(1, RATE_HZ), noise(1, RATE_HZ) / 8])
    assert loud != pytest.approx(quiet, abs=1e-4)


def test_weights_that_are_cut_or_lack_a_layer_are_refused(model: Path) -> None:
    from safetensors.numpy import load_file, save_file

    weights = load_file(model / "model.safetensors")
    weights.pop("encoder.layers.1.attention.k_proj.weight")
    save_file(weights, model / "model.safetensors", {"format": "pt"})
    with pytest.raises(UnsupportedError, match=r"lacks 1 of its weights \(encoder.layers.1.attention.k_proj.weight"):
        ears_of(model).hear([noise(1, RATE_HZ)])
    path = model / "model.safetensors"
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(UnsupportedError, match=r"cannot be read .*fetch its files again"):
        ears_of(model).hear([noise(1, RATE_HZ)])


def test_a_broken_model_is_noticed_when_it_is_made_ready(torch: Any, model: Path) -> None:
    from safetensors.torch import load_file, save_file

    weights = load_file(model / "model.safetensors")
    for last, value in (("layer_norm.weight", 0.0), ("layer_norm.bias", 1.0)):
        weights[f"encoder.layers.1.final_{last}"].fill_(value)  # every frame is the same then
    save_file(weights, model / "model.safetensors", {"format": "pt"})
    with pytest.raises(UnsupportedError, match="two different sounds get the same vector"):
        list(ears_of(model).prepare())


def test_without_torch_the_command_that_installs_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingDependencyError, match=r"'wav2vec2' needs the package torch.*'earshot\[models\]'"):
        next(ears_of(tmp_path).prepare())


# --- the published model ----------------------------------------------------------------------------------------------


@pytest.mark.weights
def test_the_published_model_tells_sounds_apart(torch: Any) -> None:
    """Put the files of facebook/wav2vec2-base into the folder `wav2vec2-base` of that which EARSHOT_WEIGHTS names."""
    folder = Path(REAL) / "wav2vec2-base"
    if not REAL or not folder.is_dir():
        pytest.skip(f"the files of facebook/wav2vec2-base are not in {folder}; name its parent in EARSHOT_WEIGHTS")
    ears = ears_of(folder)
    assert list(ears.prepare()) == []
    assert ears.dim == 1536
    a, b, hiss = ears.hear([sine(440, 5, RATE_HZ), sine(441, 5, RATE_HZ), noise(5, RATE_HZ)]).vectors
    assert a @ b > a @ hiss
