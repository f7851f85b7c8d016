"""The files of a CLAP: which checkpoints are refused and with what words, and what a space of one is known by.

Each test spoils or rearranges a tiny random checkpoint (`tests.tiny_clap`).
"""

import json
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.embedding import clap as module
from core.embedding.clap import ClapEmbedder
from core.errors import MissingDependencyError, NotFoundError, UnsupportedError
from tests import tiny_clap
from tests.sounds import noise, sine

RATE_HZ = tiny_clap.RATE_HZ


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkpoint of the test's own, of which no other test has found out anything."""
    monkeypatch.setenv("EARSHOT_MODELS", str(tmp_path / "models"))
    pytest.importorskip("torch", exc_type=ImportError)
    pytest.importorskip("transformers", exc_type=ImportError)
    tiny_clap.make(tmp_path / "tiny")
    return tmp_path / "tiny"


@pytest.fixture
def ears(folder: Path) -> ClapEmbedder:
    return tiny_clap.ears_of(folder)


def windows() -> list[np.ndarray]:
    return [sine(440, 10, RATE_HZ), noise(10, RATE_HZ)]


# --- checkpoints that are refused -------------------------------------------------------------------------------------


def test_a_good_checkpoint_is_made_ready(ears: ClapEmbedder) -> None:
    assert list(ears.prepare()) == []


@pytest.mark.parametrize(("tower", "what"), [("text", "texts"), ("audio", "sounds")])
def test_a_tower_that_gives_everything_the_same_vector_is_refused(folder: Path, tower: str, what: str) -> None:
    def flatten(held: dict[str, Any]) -> None:
        held[f"{tower}_projection.linear1.weight"].mul_(1e-6)

    tiny_clap.change_weights(folder, flatten)
    with pytest.raises(UnsupportedError, match=f"'clap' are broken: two different {what} get the same vector"):
        list(tiny_clap.ears_of(folder).prepare())


@pytest.mark.parametrize(("tower", "what"), [("text", "texts"), ("audio", "sounds")])
def test_weights_that_are_not_numbers_are_refused(folder: Path, tower: str, what: str) -> None:
    tiny_clap.change_weights(folder, lambda held: held[f"{tower}_projection.linear2.bias"].fill_(float("nan")))
    ears = tiny_clap.ears_of(folder)
    with pytest.raises(UnsupportedError, match=f"'clap' are broken: vectors of {what} hold NaN"):
        list(ears.prepare())
    with pytest.raises(UnsupportedError, match="hold NaN"):
        ears.embed_text(["rain"]) if tower == "text" else ears.hear([sine(440, 1, RATE_HZ)])


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "preprocessor_config.json", "tokenizer.json"])
def test_a_file_that_is_not_there_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    for use in uses(tiny_clap.ears_of(folder)):
        with pytest.raises(NotFoundError, match=f"lacks {name}"):
            use()


def uses(ears: ClapEmbedder) -> list[Callable[[], Any]]:
    """Every way in."""
    clip = sine(440, 1, RATE_HZ)
    return [
        lambda: list(ears.prepare()),
        lambda: ears.hear([clip]),
        lambda: ears.embed_text(["rain"]),
        ears.weights_hash,
    ]


def test_a_vocabulary_without_its_merges_is_not_taken_for_a_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()
    (folder / "vocab.json").write_text(json.dumps(tiny_clap.vocabulary()))
    with pytest.raises(NotFoundError, match=r"merges\.txt"):
        tiny_clap.ears_of(folder).embed_text(["rain"])


def test_a_vocabulary_with_its_merges_is_one(folder: Path) -> None:
    before = tiny_clap.ears_of(folder).embed_text(["the rain"])
    (folder / "tokenizer.json").unlink()
    (folder / "vocab.json").write_text(json.dumps(tiny_clap.vocabulary()))
    (folder / "merges.txt").write_text("#version: 0.2\nt h\n")
    assert tiny_clap.ears_of(folder).embed_text(["the rain"]).tobytes() == before.tobytes()


def test_another_kind_of_model_is_told_by_its_kind(folder: Path) -> None:
    tiny_clap.change_config(folder, model_type="wav2vec2")
    (folder / "preprocessor_config.json").unlink()  # what else is wrong matters less
    for use in uses(tiny_clap.ears_of(folder)):
        with pytest.raises(UnsupportedError, match=r"'wav2vec2' model, not a CLAP; set EARSHOT_CLAP"):
            use()


@pytest.mark.parametrize("text", ["{", "[]", "{}"])
def test_a_configuration_that_says_nothing_is_refused(folder: Path, text: str) -> None:
    (folder / "config.json").write_text(text)
    with pytest.raises(UnsupportedError, match=r"damaged|not a CLAP"):
        tiny_clap.ears_of(folder).hear([])


def test_half_a_file_of_weights_is_refused(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(UnsupportedError, match=r"model\.safetensors .* cannot be read .*; fetch its files again"):
        list(tiny_clap.ears_of(folder).prepare())


def test_weights_that_lack_a_part_are_not_filled_up_with_chance(folder: Path) -> None:
    tiny_clap.change_weights(folder, lambda held: held.pop("audio_projection.linear1.weight"))
    with pytest.raises(UnsupportedError, match=r"lacks 1 of its weights \(audio_projection\.linear1\.weight"):
        tiny_clap.ears_of(folder).hear([sine(440, 1, RATE_HZ)])


def test_weights_of_another_geometry_are_refused(folder: Path) -> None:
    import torch

    tiny_clap.change_weights(folder, lambda held: held.update({"audio_projection.linear2.bias": torch.zeros(7)}))
    with pytest.raises(UnsupportedError, match="cannot be read"):
        tiny_clap.ears_of(folder).hear([sine(440, 1, RATE_HZ)])


def test_weights_may_lack_what_follows_from_the_geometry(folder: Path) -> None:
    before = tiny_clap.ears_of(folder).hear(windows()[:2]).vectors

    def thin(held: dict[str, Any]) -> None:
        for name in [name for name in held if name.endswith(module.OF_NO_WEIGHT)]:
            del held[name]

    tiny_clap.change_weights(
        folder, thin
    )  # which moves the others in the file, and that may change how sums are rounded
    assert tiny_clap.ears_of(folder).hear(windows()[:2]).vectors == pytest.approx(before, abs=1e-6)


def test_pickled_weights_are_read(folder: Path) -> None:
    import torch
    from safetensors.torch import load_file

    before = tiny_clap.ears_of(folder).hear(windows()[:1]).vectors
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    assert tiny_clap.ears_of(folder).hear(windows()[:1]).vectors == pytest.approx(before, abs=1e-6)


class Sly:
    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> Any:
        return (Path.touch, (self.trace,))


def test_no_code_in_a_pickle_is_run(folder: Path, tmp_path: Path) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps({"logit_scale_a": Sly(tmp_path / "trace")}))
    with pytest.raises(UnsupportedError, match=r"pytorch_model\.bin .* cannot be read"):
        tiny_clap.ears_of(folder).hear([sine(440, 1, RATE_HZ)])
    assert not (tmp_path / "trace").exists()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"sampling_rate": 44_100, "nb_max_samples": 441_000}, "44100 Hz"),
        ({"max_length_s": 7, "nb_max_samples": 336_000}, "336000 samples"),
        ({"feature_size": 64}, "64 bands"),
        ({"padding": "mirror"}, "'mirror'"),
    ],
)
def test_a_front_end_that_hears_otherwise_is_refused(folder: Path, changes: dict[str, Any], told: str) -> None:
    tiny_clap.change_front_end(folder, **changes)
    with pytest.raises(UnsupportedError, match=f"{told}.*EARSHOT_CLAP"):
        tiny_clap.ears_of(folder).hear([sine(440, 1, RATE_HZ)])


def test_a_tokenizer_that_knows_more_than_the_model_is_refused(folder: Path) -> None:
    from transformers.models.roberta.tokenization_roberta import RobertaTokenizer

    larger = tiny_clap.vocabulary()
    larger |= {f"w{n}": len(larger) + n for n in range(9)}
    RobertaTokenizer(vocab=larger, merges=[]).save_pretrained(folder)
    with pytest.raises(UnsupportedError, match="another model's"):
        tiny_clap.ears_of(folder).embed_text(["rain"])


def test_a_model_that_is_not_on_this_machine_is_one_sentence(tmp_path: Path) -> None:
    pytest.importorskip("transformers", exc_type=ImportError)
    for model in ("laion/larger_clap_general", str(tmp_path / "nowhere")):
        for use in uses(tiny_clap.ears_of(model, offline=True)):
            with pytest.raises(NotFoundError, match=r"not on this machine|no model at") as told:
                use()
            assert "\n" not in str(told.value)


def test_without_the_libraries_it_says_how_to_install_them(ears: ClapEmbedder, monkeypatch: Any) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    for use in uses(ears)[:3]:
        with pytest.raises(MissingDependencyError, match=r"pip install 'earshot\[models\]'"):
            use()


# --- files and names --------------------------------------------------------------------------------------------------


def test_the_processors_own_file_serves_as_well(folder: Path) -> None:
    from transformers.models.clap.processing_clap import ClapProcessor

    before = tiny_clap.ears_of(folder).hear(windows()[:1]).vectors
    _, front_end, tokenizer = tiny_clap.library(folder)
    (folder / "preprocessor_config.json").unlink()
    ClapProcessor(front_end, tokenizer).save_pretrained(folder)
    assert not (folder / "preprocessor_config.json").exists()
    assert tiny_clap.ears_of(folder).hear(windows()[:1]).vectors.tobytes() == before.tobytes()


def test_a_configuration_of_the_first_years_is_understood(folder: Path) -> None:
    """The published ones were written by transformers 4.27, with entries that nobody reads any more."""
    before = tiny_clap.ears_of(folder).hear(windows()[:1]).vectors
    config = json.loads((folder / "config.json").read_text())
    old = {"_name_or_path": "", "bad_words_ids": None, "do_sample": False, "early_stopping": False, "num_beams": 1}
    old |= {"torch_dtype": None, "transformers_version": "4.27.0.dev0", "use_bfloat16": False, "tf_legacy_loss": False}
    text = config["text_config"] | old | {"fusion_hidden_size": 768, "position_embedding_type": "absolute"}
    ours = config["audio_config"] | old | {"chunk_size_feed_forward": 0, "enable_patch_fusion": True}
    tiny_clap.change_config(
        folder, text_config=text, audio_config=ours, torch_dtype="float32", transformers_version=None
    )
    assert tiny_clap.ears_of(folder).hear(windows()[:1]).vectors.tobytes() == before.tobytes()


def test_the_hash_tells_apart_what_gives_other_vectors(folder: Path, tmp_path: Path, monkeypatch: Any) -> None:
    tiny_clap.make(tmp_path / "fused", fused=True)
    before = tiny_clap.ears_of(folder).weights_hash()
    assert len(before) == 16
    assert (
        before == tiny_clap.ears_of(shutil.copytree(folder, tmp_path / "elsewhere")).weights_hash()
    )  # wherever the files lie
    assert before != tiny_clap.ears_of(tmp_path / "fused").weights_hash()
    monkeypatch.setattr(module, "PHRASINGS", ("{}",))
    assert tiny_clap.ears_of(folder).weights_hash() != before
    monkeypatch.undo()
    tiny_clap.change_front_end(folder, frequency_max=13_000)
    assert tiny_clap.ears_of(folder).weights_hash() != before


@pytest.mark.parametrize(
    ("model", "version"),
    [
        ("laion/larger_clap_general", "larger_clap_general-1"),
        ("/models/larger_clap_general", "larger_clap_general-1"),
        ("/hub/models--laion--larger_clap_general/snapshots/ada0c23a", "larger_clap_general-1"),
    ],
)
def test_the_version_names_the_model_wherever_it_lies(model: str, version: str) -> None:
    assert tiny_clap.ears_of(model).version == version


def test_what_a_space_is_known_by_needs_no_torch(folder: Path) -> None:
    code = (
        "import sys; from core.embedding import make_embedder; from core.settings import Settings;"
        f"ears = make_embedder('clap', Settings(clap={str(folder)!r}));"
        "ears.fingerprint(), ears.understands_text; print('torch' in sys.modules, 'transformers' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-B", "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["False", "False"]


def test_nothing_is_printed_and_the_library_is_left_as_loud_as_it_was(ears: ClapEmbedder, capfd: Any) -> None:
    from transformers.utils import logging

    capfd.readouterr()  # what making the checkpoint printed
    before = (logging.get_verbosity(), logging.is_progress_bar_enabled())
    list(ears.prepare())
    assert capfd.readouterr() == ("", "")
    assert (logging.get_verbosity(), logging.is_progress_bar_enabled()) == before
