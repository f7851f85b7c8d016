"""A random autoencoder in little: the encoder's geometry with few channels, its codes standardised on four sounds."""

from pathlib import Path

import numpy as np

from core import spectrogram_image
from core.embedding.autoencoder import DEFAULT, WEIGHTS_NAME, Convolution, Encoder, weights_bytes
from tests.sounds import RATE_HZ, clicks, noise, sine

SIDES, WIDTHS = (4, 4, 4, 4, 3, 1), (4, 6, 8, 8, 8, 1)


def make(folder: Path, name: str = DEFAULT, seed: int = 0) -> dict[str, str | Path]:
    """Writes the model below `folder`; returns the settings that choose it."""
    place = folder / "autoencoders" / name
    place.mkdir(parents=True, exist_ok=True)
    (place / WEIGHTS_NAME).write_bytes(weights_bytes(encoder(seed)))
    return {"models": folder}


def encoder(seed: int = 0) -> Encoder:
    """Random layers, the same for the same seed."""
    rng = np.random.default_rng(seed)
    layers, n_in = [], 3
    for side, n_out in zip(SIDES, WIDTHS, strict=True):
        weight = rng.standard_normal((n_out, n_in, side, side)) * np.sqrt(2 / (n_in * side * side))
        layers.append(Convolution(weight.astype(np.float32), (0.1 * rng.standard_normal(n_out)).astype(np.float32)))
        n_in = n_out
    plain = Encoder(tuple(layers), np.zeros(1, np.float32), np.ones(1, np.float32))
    sounds = [sine(300, 4, RATE_HZ), noise(4, RATE_HZ), clicks(5, 4, RATE_HZ), sine(3000, 1, RATE_HZ)]
    codes = np.stack([plain.codes(spectrogram_image.levels(sound)) for sound in sounds])
    return Encoder(tuple(layers), codes.mean(axis=0), codes.std(axis=0) + np.float32(0.1))
