"""A random Wav2Vec2 in little, of the official classes: seven convolutions with the strides of the real one."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

WIDTH, CHANNELS, LAYERS = 24, 32, 2
RATE_HZ = 16_000
FIELD = 400  # samples that a frame looks at


def make(folder: Path, **options: Any) -> dict[str, str | Path]:
    """Writes the model and its front end; returns the settings that choose it. options: of `model`."""
    folder.mkdir(parents=True, exist_ok=True)
    with quiet():
        model(**options).save_pretrained(folder)
        front_end().save_pretrained(folder)
    return {"wav2vec2": str(folder)}


def model(seed: int = 3, **options: Any) -> Any:
    """The network. Its convolutions, but for the first, give the mean over time of differences between channels.

    So the phase of a tone is lost and what all sounds share is not passed on: 440 and 441 Hz are heard as nearly the
    same (cosine above .999), a tone and noise as different (-.1), as a trained network would and a random one does not.
    """
    import torch
    from transformers.models.wav2vec2.configuration_wav2vec2 import Wav2Vec2Config
    from transformers.models.wav2vec2.modeling_wav2vec2 import Wav2Vec2Model

    config = Wav2Vec2Config(
        hidden_size=WIDTH,
        num_hidden_layers=LAYERS,
        num_attention_heads=2,
        intermediate_size=2 * WIDTH,
        conv_dim=(CHANNELS,) * 7,
        num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=4,
        **options,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        made = Wav2Vec2Model(config).eval()
        with torch.no_grad():
            for name, weight in made.named_parameters():
                if "encoder.layers" in name and weight.ndim > 1:
                    weight.normal_(std=0.3 / weight.shape[1] ** 0.5)
                elif "conv_layers" in name and "layers.0" not in name and weight.ndim == 3:
                    differences = weight.mean(2, keepdim=True) - weight.mean((1, 2), keepdim=True)
                    weight.copy_((differences * weight.shape[2] ** 0.5).expand_as(weight))
    return made


def front_end(do_normalize: bool = True) -> Any:
    """What brings a clip to one level."""
    from transformers.models.wav2vec2.feature_extraction_wav2vec2 import Wav2Vec2FeatureExtractor

    return Wav2Vec2FeatureExtractor(sampling_rate=RATE_HZ, do_normalize=do_normalize, return_attention_mask=False)


@contextmanager
def quiet() -> Iterator[None]:
    """Without the bar that saving draws."""
    from transformers.utils import logging

    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.enable_progress_bar()
