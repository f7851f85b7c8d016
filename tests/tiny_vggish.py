"""A tiny VGGish: files of some kilobytes, with random numbers in them and true hashes in their names."""

import hashlib
import io
from pathlib import Path
from typing import Any

import numpy as np

from core import vggish

WIDTHS = (4, 4, 8, 8, 8, 8)
HIDDEN = 16
SEED = 11  # of the first twenty, one that hears a tone and noise well apart: their cosine is 0.6


def make(folder: Path) -> dict[str, str | Path]:
    """Writes both files into a folder and gives the settings that choose them."""
    write(folder, "vggish", state())
    write(folder, "vggish_pca_params", whitening())
    return {"vggish": folder}


def state(seed: int = SEED, widths: tuple[int, ...] = WIDTHS, hidden: int = HIDDEN) -> dict[str, Any]:
    """Random weights by torchvggish's names, spread so that the sound is still told apart in the last layer."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    shapes: dict[str, tuple[int, ...]] = {}
    takes = 1
    for place, width in zip(vggish.CONVOLUTIONS, widths, strict=True):
        shapes[f"features.{place}"] = (width, takes, 3, 3)
        takes = width
    takes *= vggish.GRID
    for place, width in zip(vggish.LINEARS, (hidden, hidden, vggish.DIM), strict=True):
        shapes[f"embeddings.{place}"] = (width, takes)
        takes = width
    held: dict[str, Any] = {}
    for name, shape in shapes.items():
        spread = (2 / np.prod(shape[1:])) ** 0.5
        held[f"{name}.weight"] = torch.randn(shape, generator=generator) * spread
        held[f"{name}.bias"] = torch.randn(shape[0], generator=generator) * 0.1
    return held


def whitening(seed: int = SEED) -> dict[str, Any]:
    """Random constants of the post-processing, as tensors, with rows that make whitened numbers of about 1."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    return {
        vggish.EIGENVECTORS: torch.randn(vggish.DIM, vggish.DIM, generator=generator) * 0.1,
        vggish.MEANS: torch.rand(vggish.DIM, generator=generator),
    }


def write(folder: Path, stem: str, held: Any, *, as_today: bool = True) -> Path:
    """A file of torch, in its format of today or that of 2019, with the beginning of its hash in its name."""
    import torch

    buffer = io.BytesIO()
    torch.save(held, buffer, _use_new_zipfile_serialization=as_today)
    return write_bytes(folder, stem, buffer.getvalue())


def write_bytes(folder: Path, stem: str, data: bytes) -> Path:
    """A file of some bytes with the beginning of their hash in its name."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{stem}-{hashlib.sha256(data).hexdigest()[:8]}.pth"
    path.write_bytes(data)
    return path
