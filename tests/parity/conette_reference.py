"""What the conette package makes of a random model and some sounds. Runs in the environment of `requirements.txt` only.

Writes the model into FOLDER twice, as its users may find it: `safe` (safetensors, the vocabulary in config.json) and
`pickled` (pytorch_model.bin, the vocabulary beside the tensors); the sounds as sounds.npz; and reference.json. What the
package would download is replaced: spaCy's tokenizer and the lists of words are not needed to write captions.
"""

import importlib.machinery
import json
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import spacy
import torch
from safetensors.torch import save_file

RATE_HZ = 32_000
SEED = 4
GAIN = 0.5  # of the difference between sounds; with more, the rounding of float32 is heard as well
STOP_WORDS = ("a", "is", "the", "and", "of", "in", "with")
WORDS = (
    "dog bird man woman rain wind door car bell water drum crowd train piano engine thunder cat clock bee horn barks"
    " sings speaks talks falls blows closes passes rings flows plays cheers rattles sounds hums rolls meows ticks"
    " buzzes honks loud quiet far near slowly quickly metal wooden"
).split()
TASKS = ("clotho", "wavcaps_freesound")


def stand_in(name: str, **members: Any) -> types.ModuleType:
    """A module that is only there to be imported."""
    module = types.ModuleType(name)
    module.__spec__ = importlib.machinery.ModuleSpec(name, None)
    vars(module).update(members)
    sys.modules[name] = module
    return module


def build() -> Any:
    """The package's own model in its full geometry, with random weights that give other sounds other captions."""
    functional = stand_in("torchaudio.functional", resample=None)
    stand_in("torchaudio", functional=functional, load=None)
    spacy.load = lambda name: spacy.blank("en")
    from conette.huggingface import model as packaged
    from conette.huggingface.config import CoNeTTEConfig
    from conette.pl_modules import common
    from conette.tokenization.aac_tokenizer import AACTokenizer

    common.stopwords = types.SimpleNamespace(words=lambda language: list(STOP_WORDS))
    packaged.load_audioset_idx_to_name = lambda **options: {place: str(place) for place in range(527)}
    tokenizer = AACTokenizer()
    tokenizer.fit([" ".join((*STOP_WORDS, *WORDS))])
    config = CoNeTTEConfig(tokenizer_state=tokenizer.get_txt_state())
    made = packaged.CoNeTTEModel(config, device="cpu", offline=True)
    spread(made)
    return made


def spread(made: Any) -> None:
    """Weights wide enough that what is heard decides what is written; as they come, all captions are the same."""
    generator = torch.Generator().manual_seed(SEED)
    for name, weight in made.named_parameters():
        if "spectrogram_extractor" in name or "logmel_extractor" in name:
            continue
        noise = torch.randn(weight.shape, generator=generator)
        if name.endswith("scale_layer"):
            value = 1.0 + 0.1 * noise
        elif weight.ndim == 1:
            value = 0.03 * noise + (1.0 if "norm" in name and name.endswith("weight") else 0.0)
        elif name.endswith("in_proj_weight"):
            value = noise * weight.shape[1] ** -0.5
        else:
            fan_in = weight[0].numel()
            louder = 3.0 if "multihead_attn" in name or "classifier" in name else 2.0 if "projection" in name else 1.0
            value = louder * noise * fan_in**-0.5
        weight.data.copy_(value)
    bn, decoder = made.preprocessor.encoder.bn0, made.model.decoder
    bn.running_mean.copy_(-25 + torch.randn(224, generator=generator))
    bn.running_var.copy_(400 + 20 * torch.randn(224, generator=generator))
    bias, n_words = decoder.classifier.bias.data, made.model.tokenizer.get_vocab_size()
    bias.zero_()
    named = [place for place in range(n_words) if made.model.tokenizer.id_to_token(place).startswith("<")]
    bias[named] = -20.0  # a trained model writes none of these
    bias[made.model.eos_id] = 3.0


def centre(made: Any, heard: dict[str, np.ndarray]) -> None:
    """Takes away what all sounds share before the decoder sees them, and widens the rest, as training would."""
    with torch.inference_mode():
        frames = [made.preprocessor(torch.from_numpy(sound), RATE_HZ)["audio"][0] for sound in heard.values()]
    linear = made.model.projection[2]
    means = torch.stack([each.mean(0) for each in frames]).clone()
    linear.weight.data *= GAIN * means.shape[1] ** 0.5 / (means - means.mean(0)).norm(dim=1).mean()
    linear.bias.data -= linear.weight.data @ means.mean(0)


def sounds() -> dict[str, np.ndarray]:
    """Sounds of several lengths, float32 at 32 kHz, with a hiss 66 dB under full scale, as every recording has one.

    Without it the bands where nothing sounds would hold nothing but the rounding of a Fourier transform, in dB.
    """
    rng = np.random.default_rng(SEED)

    def times(seconds: float) -> np.ndarray:
        return np.arange(round(seconds * RATE_HZ)) / RATE_HZ

    made = {
        "tone": 0.5 * np.sin(2 * np.pi * 440 * times(1.0)),
        "noise": 0.3 * rng.uniform(-1, 1, len(times(2.5))),
        "sweep": 0.4 * np.sin(2 * np.pi * (100 + 900 * times(5.0)) * times(5.0)),
        "pulses": (np.sin(2 * np.pi * 3 * times(7.3)) > 0.9) * rng.uniform(-0.8, 0.8, len(times(7.3))),
        "fading": np.exp(-3 * times(1.7)) * np.sin(2 * np.pi * 180 * times(1.7)),
        "long": 0.2 * np.sin(2 * np.pi * 90 * times(30.0)) * (1 + np.sin(2 * np.pi * 0.2 * times(30.0))),
    }
    return {name: (sound + 5e-4 * rng.standard_normal(len(sound))).astype(np.float32) for name, sound in made.items()}


def answers(made: Any, batch: list[np.ndarray], task: str) -> list[dict[str, Any]]:
    """What the package says of a batch: caption, log-probabilities of all beams, tags, frames."""
    waves = [torch.from_numpy(sound)[None] for sound in batch]
    with torch.inference_mode():
        heard = made.preprocessor(waves, RATE_HZ)
        told = made(waves, RATE_HZ, task=task)
    counts = heard["audio_shape"][:, 1].tolist()
    return [
        {
            "caption": told["cands"][place],
            "log_probability": told["lprobs"][place].item(),
            "beams": sorted(zip(told["mult_lprobs"][place].tolist(), told["mult_cands"][place], strict=True))[::-1],
            "tags": told["tags_probs"][place].tolist(),
            "frames": heard["audio"][place, : counts[place]].double().mean(0).tolist(),
            "count": counts[place],
        }
        for place in range(len(batch))
    ]


def save(made: Any, folder: Path) -> None:
    """The model as safetensors with the vocabulary in config.json, and as a pickle with the vocabulary beside it."""
    for kind in ("safe", "pickled"):
        (folder / kind).mkdir(parents=True, exist_ok=True)
    state, config = made.state_dict(), json.loads(made.config.to_json_string(use_diff=False))
    config["task_names"] = list(made.config.task_names)
    save_file(state, folder / "safe" / "model.safetensors")
    (folder / "safe" / "config.json").write_text(json.dumps(config))
    torch.save(state, folder / "pickled" / "pytorch_model.bin")
    (folder / "pickled" / "config.json").write_text(json.dumps(config | {"tokenizer_state": None}))


def main(folder: Path) -> None:
    torch.set_num_threads(2)
    made, heard = build(), sounds()
    centre(made, heard)
    save(made, folder)
    np.savez(folder / "sounds.npz", **heard)
    told = {f"{name}, {task}": answers(made, [heard[name]], task)[0] for name in heard for task in TASKS}
    together = answers(made, list(heard.values()), TASKS[0])
    told |= {f"{name}, in a batch": answer for name, answer in zip(heard, together, strict=True)}
    (folder / "reference.json").write_text(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
