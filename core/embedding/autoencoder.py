"""Ears that a person's own sounds taught: codes of an autoencoder that learned to draw their spectrograms.

A window is a picture of 288 x 432 x 3 (`core.spectrogram_image`), cut into six blocks of 144 x 144 x 3; a network turns
each into 9 x 9 x 1 numbers from which another one draws the block again (`core.training.autoencoder` teaches both).
They have no idea of what a sound is, only of how it looks: they tell shapes in time and pitch apart, not sources.

Hearing needs numpy alone; torch is needed to train.
"""

import json
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from core import spectrogram_image
from core.embedding.base import Embedder, Heard, check_clips
from core.errors import EarshotError, NotFoundError, UnknownNameError
from core.records import Progress, Samples
from core.settings import Settings
from core.spectrogram_image import BLOCKS, WINDOW, Levels
from core.spectrum import RATE_HZ

DEFAULT = "default"
SIDE = 9  # of the square code of a block
DIM = BLOCKS * SIDE * SIDE
WEIGHTS_NAME, CARD_NAME = "weights.npz", "card.json"
NAMES = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")

Rows = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Convolution:
    """One layer. weight: (n_out, n_in, side, side), bias: (n_out,).

    A side of 4 halves the picture (stride 2, a margin of 1), one of 3 or 1 keeps its size.
    """

    weight: Rows
    bias: Rows

    def __call__(self, pictures: Rows) -> Rows:
        """(n, height, width, n_in) to (n, height or half of it, width or half of it, n_out)."""
        side = self.weight.shape[-1]
        margin, stride = (side - 1) // 2, 2 if side == 4 else 1
        padded = np.pad(pictures, ((0, 0), (margin, margin), (margin, margin), (0, 0)))
        fields = np.lib.stride_tricks.sliding_window_view(padded, (side, side), (1, 2))[:, ::stride, ::stride]
        n, height, width = fields.shape[:3]
        flat = fields.reshape(n * height * width, -1) @ self.weight.reshape(len(self.weight), -1).T
        result: Rows = (flat + self.bias).reshape(n, height, width, -1)
        return result


@dataclass(frozen=True, slots=True)
class Encoder:
    """What makes a vector of a picture: the layers, with ReLU between them, and how codes are standardised.

    mean, scale: (DIM,), over the pictures that taught it.
    """

    layers: tuple[Convolution, ...]
    mean: Rows
    scale: Rows

    def codes(self, picture: Levels) -> Rows:
        """The six codes of a picture, one after the other: float32 (DIM,)."""
        blocks = spectrogram_image.coloured(spectrogram_image.cut(picture)).astype(np.float32) / np.float32(255)
        with _controller().limit(limits=1, user_api="blas"):  # so that products are summed in one order
            for number, layer in enumerate(self.layers):
                blocks = layer(blocks if not number else np.maximum(blocks, 0))
        return blocks.reshape(DIM)

    def vector(self, picture: Levels) -> Rows:
        """The codes standardised and brought to norm 1: float32 (DIM,)."""
        standard = (self.codes(picture) - self.mean) / self.scale
        unit: Rows = standard / max(float(np.sqrt(np.square(standard, dtype=np.float64).sum())), 1e-9)
        return unit.astype(np.float32)


class AutoencoderEmbedder(Embedder):
    """Hears windows of 4.32 s. "autoencoder" alone is the one that is called "default", "autoencoder:birds" another."""

    name = "autoencoder"
    version = "autoencoder-1"
    dim = DIM
    sample_rate_hz: ClassVar[int] = RATE_HZ
    window_s: ClassVar[float] = WINDOW / RATE_HZ
    hop_s: ClassVar[float] = WINDOW / RATE_HZ
    has_variants: ClassVar[bool] = True
    clustering: ClassVar[tuple[str, int | None]] = ("kmeans", 20)

    def __init__(self, settings: Settings | None = None, variant: str = "") -> None:
        super().__init__(settings, variant)
        self.folder = folder_of(self.settings, variant or DEFAULT)
        if variant:
            self.name = f"autoencoder:{variant}"

    def prepare(self) -> Iterator[Progress]:
        """Tests the ears; nothing is fetched. Raises NotFoundError where they are not trained yet."""
        from core.selftest import check

        check(self)
        yield Progress(1, 1, f"{self.name} is ready")

    def hear(self, clips: Sequence[Samples]) -> Heard:
        """See `Embedder.hear`. Raises NotFoundError where the ears are not trained yet."""
        check_clips(clips)
        vectors = np.zeros((len(clips), self.dim), np.float32)
        for row, clip in enumerate(clips):
            picture = spectrogram_image.levels(clip)
            if picture.any():
                vectors[row] = self._encoder.vector(picture)
        return Heard(vectors, np.zeros((len(clips), 0), np.float32))

    def weights_hash(self) -> str:
        """See `Embedder.weights_hash`: of the encoder, the decoder and the scale of the codes."""
        return sha256(self._file).hexdigest()[:16]

    @cached_property
    def _file(self) -> bytes:
        """Read once: a training that ends meanwhile must not give the hash of one model and the vectors of another."""
        return read_weights(self.folder)

    @cached_property
    def _encoder(self) -> Encoder:
        return read_encoder(self._file, self.folder)


def folder_of(settings: Settings, name: str) -> Path:
    """Where an autoencoder is kept. Raises UnknownNameError for a name that cannot be one of a folder."""
    if not NAMES.fullmatch(name):
        raise UnknownNameError(f"no autoencoder can be called {name!r}; use letters, digits, - and _, at most 64")
    return settings.models / "autoencoders" / name


def trained(settings: Settings) -> list[str]:
    """The names of the autoencoders that are trained, sorted."""
    return _names_in(folder_of(settings, DEFAULT).parent)


def read_card(settings: Settings, name: str = DEFAULT) -> dict[str, Any]:
    """What is known of an autoencoder's training: `core.training.autoencoder` says what each number means.

    Raises NotFoundError if it is not trained yet.
    """
    folder = folder_of(settings, name)
    try:
        card: dict[str, Any] = json.loads((folder / CARD_NAME).read_text(encoding="utf-8"))
    except FileNotFoundError as missing:
        raise _untrained(folder) from missing
    return card


def read_weights(folder: Path) -> bytes:
    """The file of an autoencoder. Raises NotFoundError with the command that trains it if there is none."""
    try:
        return (folder / WEIGHTS_NAME).read_bytes()
    except FileNotFoundError as missing:
        raise _untrained(folder) from missing


def read_encoder(file: bytes, folder: Path) -> Encoder:
    """The half of an autoencoder that hears. Raises EarshotError for a file that is damaged; folder: named in it."""
    try:
        with np.load(BytesIO(file), allow_pickle=False) as arrays:
            n_layers = sum(name.startswith("encoder_") and name.endswith("_weight") for name in arrays.files)
            layers = [Convolution(arrays[f"encoder_{n}_weight"], arrays[f"encoder_{n}_bias"]) for n in range(n_layers)]
            encoder = Encoder(tuple(layers), arrays["mean"], arrays["scale"])
        encoder.vector(np.zeros((spectrogram_image.HEIGHT, spectrogram_image.WIDTH), np.uint8))
    except (zipfile.BadZipFile, EOFError, KeyError, OSError, TypeError, ValueError) as problem:
        command = _command(folder.name)
        raise EarshotError(f"{folder / WEIGHTS_NAME} is damaged; train it again with: {command}") from problem
    return encoder


def weights_bytes(encoder: Encoder, decoder: Sequence[Convolution] = ()) -> bytes:
    """An autoencoder as a file; the same numbers give the same bytes. The decoder is kept for whoever wants to draw."""
    arrays: dict[str, NDArray[Any]] = {"mean": encoder.mean, "scale": encoder.scale}
    for half, layers in (("encoder", encoder.layers), ("decoder", decoder)):
        for number, layer in enumerate(layers):
            arrays |= {f"{half}_{number}_weight": layer.weight, f"{half}_{number}_bias": layer.bias}
    file = BytesIO()
    np.savez(file, allow_pickle=False, **arrays)
    return file.getvalue()


def _untrained(folder: Path) -> NotFoundError:
    there = _names_in(folder.parent)
    others = f", or use one that is: {', '.join(there)}" if there else ""
    return NotFoundError(
        f"the autoencoder {folder.name!r} is not trained yet; train it with: {_command(folder.name)}{others}"
    )


def _names_in(folder: Path) -> list[str]:
    return sorted(path.parent.name for path in folder.glob(f"*/{WEIGHTS_NAME}") if NAMES.fullmatch(path.parent.name))


def _command(name: str) -> str:
    return "earshot train autoencoder" + ("" if name == DEFAULT else f" --name {name}")


@cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()


BACKEND = AutoencoderEmbedder
