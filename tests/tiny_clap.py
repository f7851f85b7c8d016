"""A random CLAP in little, of the official classes: 10 s windows at 48 kHz, 16 bands, texts letter by letter."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.embedding.clap import ClapEmbedder
from core.settings import Settings

RATE_HZ, WINDOW_S = 48_000, 10
BANDS, HOP, FFT = 16, 1920, 1024  # 251 frames: the picture is 64 x 64 then
DIM, WIDTH, LAYERS = 24, 8, 3
SPECIAL = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,!?'-"
SPACE = "\u0120"  # how a byte-level vocabulary writes a blank


def make(folder: Path, fused: bool = False) -> dict[str, str | Path]:
    """Writes the model, its front end and its tokenizer; returns the settings that choose it.

    fused: whether it is of the kind that also takes sounds longer than a window, as laion/clap-htsat-fused does.
    """
    folder.mkdir(parents=True, exist_ok=True)
    model(fused).save_pretrained(folder)
    front_end(fused).save_pretrained(folder)
    tokenizer().save_pretrained(folder)
    return {"clap": str(folder)}


def model(fused: bool = False, seed: int = 4) -> Any:
    """The network with weights spread so widely that other sounds and other texts get other vectors."""
    import torch
    from transformers.models.clap.configuration_clap import ClapConfig
    from transformers.models.clap.modeling_clap import ClapModel

    audio = {
        "num_mel_bins": BANDS,
        "spec_size": 4 * BANDS,
        "window_size": 4,
        "depths": [1] * LAYERS,
        "num_attention_heads": [2] * LAYERS,
        "patch_embeds_hidden_size": WIDTH,
        "hidden_size": WIDTH * 2 ** (LAYERS - 1),  # each layer but the last doubles the width
        "enable_fusion": fused,
    }
    if fused:
        audio |= {"fusion_type": "aff_2d", "aff_block_r": 2}
    text = {
        "vocab_size": len(vocabulary()),
        "hidden_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 32,
        "max_position_embeddings": 130,
    }
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        made = ClapModel(ClapConfig(audio_config=audio, text_config=text, projection_dim=DIM)).eval()
        with torch.no_grad():
            for name, weight in made.named_parameters():
                if weight.ndim > 1:
                    weight.normal_(std=1.5 / weight[0].numel() ** 0.5)
                elif name.endswith("bias"):
                    weight.normal_(std=0.1)
    ears = made.audio_model.audio_encoder.batch_norm
    ears.running_mean.fill_(-30.0)  # decibels, about what sounds have on the mean
    ears.running_var.fill_(900.0)
    return made


def front_end(fused: bool = False) -> Any:
    """What makes pictures of sounds."""
    from transformers.models.clap.feature_extraction_clap import ClapFeatureExtractor

    return ClapFeatureExtractor(
        feature_size=BANDS,
        sampling_rate=RATE_HZ,
        hop_length=HOP,
        max_length_s=WINDOW_S,
        fft_window_size=FFT,
        frequency_min=50,
        frequency_max=14_000,
        truncation="fusion" if fused else "rand_trunc",
    )


def tokenizer() -> Any:
    """A tokenizer that knows letters and one pair of them."""
    from transformers.models.roberta.tokenization_roberta import RobertaTokenizer

    return RobertaTokenizer(vocab=vocabulary(), merges=[("t", "h")])


def vocabulary() -> dict[str, int]:
    """Every piece of a text and its number."""
    return {piece: number for number, piece in enumerate((*SPECIAL, SPACE, *LETTERS, "th"))}


def ears_of(model: Path | str, **chosen: Any) -> ClapEmbedder:
    """The ears of a model, on the processor."""
    return ClapEmbedder(Settings(clap=str(model), device="cpu", **chosen))


def library(folder: Path) -> tuple[Any, Any, Any]:
    """The model, the front end and the tokenizer of a folder, as transformers loads them."""
    from transformers.models.clap.feature_extraction_clap import ClapFeatureExtractor
    from transformers.models.clap.modeling_clap import ClapModel
    from transformers.models.roberta.tokenization_roberta import RobertaTokenizer

    classes = (ClapModel, ClapFeatureExtractor, RobertaTokenizer)
    model, front_end, tokenizer = (each.from_pretrained(folder) for each in classes)
    return model.eval(), front_end, tokenizer


def change_config(folder: Path, **changes: Any) -> None:
    """Gives the model other settings."""
    _change(folder / "config.json", changes)


def change_front_end(folder: Path, **changes: Any) -> None:
    """Gives the front end other settings."""
    _change(folder / "preprocessor_config.json", changes)


def change_weights(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Has the tensors changed, which come by name."""
    from safetensors.torch import load_file, save_file

    path = folder / "model.safetensors"
    held = {name: tensor.clone() for name, tensor in load_file(path).items()}
    change(held)
    save_file(held, path, metadata={"format": "pt"})


def _change(path: Path, changes: dict[str, Any]) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
