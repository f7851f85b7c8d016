"""A random CoNeTTE model in little: a folder with the names of the official weights, and captions that vary."""

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np

TASKS = ("clotho", "audiocaps")
N_FFT, MELS, WIDTHS, CLASSES, WIDTH, HIDDEN, LAYERS, POSITIONS = 1024, 64, (8, 12, 16, 24), 527, 16, 32, 2, 64
SPECIAL = ("<pad>", "<bos>", "<eos>", "<unk>")
STOP_WORDS = ("a", "is", "and", "the")
NAMES = "dog bird man rain wind door car bell water drum crowd train piano engine thunder cat".split()
VERBS = "barks sings speaks falls blows closes passes rings flows plays cheers rattles sounds hums rolls meows".split()
WORDS = (*SPECIAL, *STOP_WORDS, *NAMES, *VERBS)


def make(folder: Path) -> dict[str, str | Path]:
    """Writes the model with its weights as safetensors; returns the settings that choose it."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    save_file(state(), folder / "model.safetensors")
    write_config(folder)
    return {"conette": str(folder)}


def write_config(folder: Path, **changes: Any) -> None:
    """config.json, with some of its entries changed; the package gives its items these names."""
    config = {
        "task_mode": "ds_src",
        "task_names": list(TASKS),
        "nhead": 4,
        "acti_name": "gelu",
        "beam_size": 3,
        "min_pred_size": 3,
        "max_pred_size": 8,
        "tokenizer_state": tokenizer_state(),
    }
    (folder / "config.json").write_text(json.dumps(config | changes))


def tokenizer_state() -> dict[str, Any]:
    """The text form in which the package saves its tokenizer."""
    ids = {word: place for place, word in enumerate((*WORDS, *(f"<bos_{task}>" for task in TASKS)))}
    held = {
        "hparams": {"level": "word", "lowercase": True},
        "stoi": ids,
        "itos": {str(ids[word]): word for word in ids},
    }
    return {"_version_": "2.2.0", "_type_": "txt", "tokenizer": held}


def packed(value: Any) -> Any:
    """A pickle as the package hides it among tensors: uint8, one byte each."""
    import torch

    return torch.frombuffer(bytearray(pickle.dumps(value)), dtype=torch.uint8)


def state(seed: int = 3) -> dict[str, Any]:
    """The weights by their official names; spread widely, so that other sounds get other captions."""
    import torch

    rng = np.random.default_rng(seed)
    n_words = len(WORDS) + len(TASKS)

    def spread(*shape: int, std: float = 1.0) -> torch.Tensor:
        fan_in = int(np.prod(shape[1:])) if len(shape) > 1 else 1
        return torch.from_numpy((std * rng.standard_normal(shape) / np.sqrt(fan_in)).astype(np.float32))

    made: dict[str, torch.Tensor] = {}

    def layer(name: str, *shape: int, std: float = 1.0) -> None:
        made[f"{name}.weight"], made[f"{name}.bias"] = spread(*shape, std=std), spread(shape[0], std=0.1)

    def norm(name: str, width: int) -> None:
        made[f"{name}.weight"], made[f"{name}.bias"] = 1 + spread(width, std=0.1), spread(width, std=0.1)

    ears = "preprocessor.encoder"
    for part in ("real", "imag"):  # computed here, and so never read
        made[f"{ears}.spectrogram_extractor.stft.conv_{part}.weight"] = torch.zeros(1)
    made[f"{ears}.logmel_extractor.melW"] = torch.from_numpy(filters())
    norm(f"{ears}.bn0", MELS)
    made[f"{ears}.bn0.running_mean"] = torch.full((MELS,), -20.0)
    made[f"{ears}.bn0.running_var"] = torch.full((MELS,), 400.0)
    made[f"{ears}.bn0.num_batches_tracked"] = torch.tensor(1)
    layer(f"{ears}.downsample_layers.0.0", WIDTHS[0], 1, 4, 4)
    norm(f"{ears}.downsample_layers.0.1", WIDTHS[0])
    for stage, width in enumerate(WIDTHS):
        if stage:
            norm(f"{ears}.downsample_layers.{stage}.0", WIDTHS[stage - 1])
            layer(f"{ears}.downsample_layers.{stage}.1", width, WIDTHS[stage - 1], 2, 2)
        block = f"{ears}.stages.{stage}.0"
        layer(f"{block}.dwconv", width, 1, 7, 7)
        norm(f"{block}.norm", width)
        layer(f"{block}.pwconv1", 4 * width, width)
        layer(f"{block}.pwconv2", width, 4 * width)
        made[f"{block}.scale_layer"] = 0.5 + spread(width, std=0.1)
    norm(f"{ears}.norm", WIDTHS[-1])
    layer(f"{ears}.head_audioset", CLASSES, WIDTHS[-1])

    layer("model.projection.2", WIDTH, WIDTHS[-1], std=2.0)
    made["model.decoder.emb_layer.weight"] = spread(n_words, WIDTH)
    made["model.decoder.pos_encoding.pos_embedding"] = torch.from_numpy(positions()[:, None])
    for number in range(LAYERS):
        block = f"model.decoder.layers.{number}"
        for attention in ("self_attn", "multihead_attn"):
            made[f"{block}.{attention}.in_proj_weight"] = spread(3 * WIDTH, WIDTH)
            made[f"{block}.{attention}.in_proj_bias"] = spread(3 * WIDTH, std=0.1)
            layer(f"{block}.{attention}.out_proj", WIDTH, WIDTH, std=3.0 if attention == "multihead_attn" else 1.0)
        layer(f"{block}.linear1", HIDDEN, WIDTH)
        layer(f"{block}.linear2", WIDTH, HIDDEN)
        for place in (1, 2, 3):
            norm(f"{block}.norm{place}", WIDTH)
    layer("model.decoder.classifier", n_words, WIDTH, std=3.0)
    made["model.decoder.classifier.bias"][: len(SPECIAL)] = -20.0  # a trained model says none of these, but for the end
    made["model.decoder.classifier.bias"][len(WORDS) :] = -20.0
    made["model.decoder.classifier.bias"][SPECIAL.index("<eos>")] = 1.0
    made["model.task_id_to_token_id"] = torch.arange(len(WORDS), n_words)
    stop = [word in STOP_WORDS for word in (*WORDS, *TASKS)]
    made["model.forbid_rep_mask"] = ~torch.tensor(stop)
    return made


def filters() -> np.ndarray:
    """Triangles of equal width on the mel scale, float32 (513, MELS), 50 to 14000 Hz."""
    edges = 700 * (10 ** (np.linspace(*(2595 * np.log10(1 + np.array([50, 14000]) / 700)), MELS + 2) / 2595) - 1)
    hz = np.linspace(0, 16000, N_FFT // 2 + 1)[:, None]
    low, middle, high = edges[:-2], edges[1:-1], edges[2:]
    return np.maximum(0, np.minimum((hz - low) / (middle - low), (high - hz) / (high - middle))).astype(np.float32)


def positions() -> np.ndarray:
    """Sines and cosines of Vaswani et al. (2017), float32 (POSITIONS, WIDTH)."""
    angles = np.arange(POSITIONS)[:, None] * np.exp(-np.arange(0, WIDTH, 2) * np.log(10000) / WIDTH)
    return np.stack([np.sin(angles), np.cos(angles)], 2).reshape(POSITIONS, WIDTH).astype(np.float32)
