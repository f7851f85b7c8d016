"""VGGish: what it hears of a sound, its network, and the post-processing that AudioSet's features went through.

Hershey et al., "CNN Architectures for Large-Scale Audio Classification" (ICASSP 2017). Geometry and constants are those
of the published model (tensorflow/models, research/audioset/vggish, Apache-2.0); names of weights are those of its port
harritaylor/torchvggish (Apache-2.0). Knows nothing of libraries or of where files lie; torch loads with the weights.
"""

import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from core.errors import MissingDependencyError, UnsupportedError
from core.records import Samples

if TYPE_CHECKING:
    from torch import Tensor

RATE_HZ = 16_000
FRAME = 400  # samples, 25 ms
STEP = 160  # samples, 10 ms
FFT = 512
BANDS = 64
LOW_HZ, HIGH_HZ = 125.0, 7500.0
OFFSET = 0.01  # added before the logarithm, so that silence has one
FRAMES = 96  # 0.96 s from the first to the next example
EXAMPLE = (FRAMES - 1) * STEP + FRAME  # 15600 samples: the last frame reaches 15 ms into the next example
DIM = 128

CONVOLUTIONS = (0, 3, 6, 8, 11, 13)  # places in `features`, where ReLU and pooling have numbers too
POOLED_AFTER = (0, 3, 8, 13)
LINEARS = (0, 2, 4)  # places in `embeddings`
GRID = (FRAMES // 16) * (BANDS // 16)  # what four halvings leave of a picture: 6 times 4

EIGENVECTORS, MEANS = "pca_eigen_vectors", "pca_means"
CLIP = 2.0  # whitened numbers beyond it are cut off

Rows = NDArray[np.float32]


def picture(clip: Samples) -> Rows:
    """What the network sees of a clip: the log of its mel bands, float32 (FRAMES, BANDS).

    clip: at RATE_HZ, at most EXAMPLE samples; a shorter one is filled up with silence. Computed in double precision and
    each clip on its own, so that nothing beside it changes a bit.
    """
    padded = np.zeros(EXAMPLE)
    padded[: len(clip)] = clip
    frames = np.lib.stride_tricks.sliding_window_view(padded, FRAME)[::STEP]
    magnitudes = np.abs(np.fft.rfft(frames * _hann(), FFT, axis=1))
    bands: NDArray[np.float64] = _mel_filters() @ magnitudes.T
    seen: Rows = np.log(bands + OFFSET).T.astype(np.float32)
    return seen


@dataclass(frozen=True, slots=True)
class Network:
    """Six convolutions and three linear layers, each with ReLU after it: 72.14 million numbers in the published file.

    weights: by torchvggish's names. How wide the layers are is read from their shapes.
    """

    weights: Mapping[str, "Tensor"]

    def run(self, pictures: Rows) -> Rows:
        """Raw embeddings of pictures (n, FRAMES, BANDS): float32 (n, DIM), none of them negative."""
        import torch
        from torch.nn import functional

        # The whitening enlarges small differences a lot, so no device may take shortcuts with the precision.
        exact = torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False)
        with torch.inference_mode(), exact:
            x = torch.from_numpy(pictures)[:, None].to(self._layer("features", CONVOLUTIONS[0])[0].device)
            for place in CONVOLUTIONS:
                x = functional.relu(functional.conv2d(x, *self._layer("features", place), padding=1))
                if place in POOLED_AFTER:
                    x = functional.max_pool2d(x, 2)
            x = x.permute(0, 2, 3, 1).flatten(1)  # channels last: the model was trained where they stand last
            for place in LINEARS:
                x = functional.relu(functional.linear(x, *self._layer("embeddings", place)))
            rows: Rows = x.cpu().numpy()
        return rows

    def to(self, device: str) -> "Network":
        """The same network on another device."""
        return Network({name: tensor.to(device) for name, tensor in self.weights.items()})

    def _layer(self, part: str, place: int) -> tuple["Tensor", "Tensor"]:
        return self.weights[f"{part}.{place}.weight"], self.weights[f"{part}.{place}.bias"]


@dataclass(frozen=True, slots=True)
class Whitening:
    """The rotation to uncorrelated numbers of equal spread. eigenvectors: float64 (DIM, DIM), one in a row.

    means: float64 (DIM,), of the embeddings that it was learned from.
    """

    eigenvectors: NDArray[np.float64]
    means: NDArray[np.float64]

    def post(self, raw: Rows) -> NDArray[np.uint8]:
        """Raw embeddings as AudioSet gives them out: whitened, cut off at -2 and 2, in whole steps of 4/255 from there.

        raw: (n, DIM), one row per example. Steps are cut to whole ones as in the release; torchvggish rounds them, and
        so may be one higher.
        """
        whitened = [(self.eigenvectors * (row.astype(np.float64) - self.means)).sum(axis=1) for row in raw]
        clipped = np.clip(np.array(whitened).reshape(-1, DIM), -CLIP, CLIP)
        steps: NDArray[np.uint8] = ((clipped + CLIP) * (255 / (2 * CLIP))).astype(np.uint8)
        return steps


def read_network(path: Path) -> Network:
    """The network in a file of torchvggish's kind, on the processor. No code in the file is run.

    Raises UnsupportedError, saying what is missing or wrong, for a file that is not one.
    """
    torch = import_torch()
    held = _load(path)
    wanted = [
        f"{part}.{place}.{kind}"
        for part, places in (("features", CONVOLUTIONS), ("embeddings", LINEARS))
        for place in places
        for kind in ("weight", "bias")
    ]
    _check_names(path, held, wanted)
    weights = {name: torch.as_tensor(values).float() for name, values in held.items()}
    n_channels = 1
    for place in CONVOLUTIONS:
        n_channels = _check_layer(path, weights, f"features.{place}", (n_channels, 3, 3))
    width = GRID * n_channels
    for place in LINEARS:
        width = _check_layer(path, weights, f"embeddings.{place}", (width,))
    if width != DIM:
        raise UnsupportedError(f"{path} gives embeddings of {width} numbers, not {DIM}; fetch the file again")
    return Network(weights)


def read_whitening(path: Path) -> Whitening:
    """The constants in a file of torchvggish's kind. No code in the file is run.

    Raises UnsupportedError, saying what is missing or wrong, for a file that is not one.
    """
    import_torch()
    held = _load(path)
    _check_names(path, held, [EIGENVECTORS, MEANS])
    eigenvectors, means = (np.asarray(held[name], np.float64) for name in (EIGENVECTORS, MEANS))
    if eigenvectors.shape != (DIM, DIM) or means.size != DIM:
        raise UnsupportedError(f"{path} has {EIGENVECTORS} of shape {eigenvectors.shape}; fetch the file again")
    if not (np.isfinite(eigenvectors).all() and np.isfinite(means).all()):
        raise UnsupportedError(f"{path} holds NaN or infinity; fetch the file again")
    return Whitening(eigenvectors, means.reshape(DIM))


def import_torch() -> Any:
    """The module torch. Raises MissingDependencyError with the command that installs it."""
    try:
        import torch
    except ModuleNotFoundError as missing:
        command = "pip install 'earshot[models]'"
        raise MissingDependencyError(
            f"embedder 'vggish' needs the package {missing.name}; install it with: {command}"
        ) from missing
    return torch


def _load(path: Path) -> dict[str, Any]:
    """What a file of torch holds by name: tensors, and arrays of numpy, as the published constants may be."""
    torch = import_torch()
    remake = np.zeros(0).__reduce__()[0]  # how a pickle makes an array, under its name of today and that of 2019
    arrays = [np.ndarray, np.dtype, *(type(np.dtype(kind)) for kind in ("float32", "float64"))]
    remakers = [(remake, f"numpy.{core}.multiarray._reconstruct") for core in ("core", "_core")]
    try:
        with torch.serialization.safe_globals([*arrays, *remakers]):
            held = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as problem:
        raise UnsupportedError(
            f"{path} holds more than numbers, and nothing in it was run; fetch it again"
        ) from problem
    except Exception as problem:  # what is no such file at all may end in nearly any error
        raise UnsupportedError(f"{path} is damaged ({type(problem).__name__}); fetch it again") from problem
    if not isinstance(held, Mapping):
        raise UnsupportedError(f"{path} holds no weights by name; fetch it again")
    return dict(held)


def _check_names(path: Path, held: Mapping[str, Any], wanted: list[str]) -> None:
    """Raises UnsupportedError if a name is missing, or there is one that stands for another kind of network."""
    if missing := [name for name in wanted if not hasattr(held.get(name), "shape")]:
        raise UnsupportedError(f"{path} is no VGGish: it lacks {', '.join(missing)}; fetch the file again")
    if strange := sorted(str(name) for name in set(held) - set(wanted)):
        raise UnsupportedError(f"{path} is another network: it also holds {', '.join(strange)}; fetch the file again")


def _check_layer(path: Path, weights: Mapping[str, Any], name: str, takes: tuple[int, ...]) -> int:
    """How many numbers a layer gives. Raises UnsupportedError if it takes others than the one before it gives."""
    weight, bias = weights[f"{name}.weight"], weights[f"{name}.bias"]
    shape = tuple(weight.shape)
    if shape[1:] != takes or tuple(bias.shape) != shape[:1] or not shape[0]:
        wanted = " x ".join(map(str, ("n", *takes)))
        raise UnsupportedError(f"{path} has {name}.weight of shape {shape}, not {wanted}; fetch the file again")
    if not (weight.isfinite().all() and bias.isfinite().all()):
        raise UnsupportedError(f"{path} holds NaN or infinity in {name}; fetch the file again")
    return int(shape[0])


@cache
def _hann() -> NDArray[np.float64]:
    """A periodic Hann window: the first sample of the next period is left out."""
    window: NDArray[np.float64] = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FRAME) / FRAME)
    return window


@cache
def _mel_filters() -> csr_matrix:
    """Triangles of height 1, their sides straight on the mel scale (not in hertz), float64 (BANDS, FFT // 2 + 1).

    mel = 1127 ln(1 + f / 700), as in HTK. Sparse for a fixed order of summing, as in `core.spectrum`, whose triangles
    have unit area and are straight in hertz.
    """
    low, high = (1127 * np.log1p(hz / 700) for hz in (LOW_HZ, HIGH_HZ))
    edges = np.linspace(low, high, BANDS + 2)[:, None]
    mels = 1127 * np.log1p(np.fft.rfftfreq(FFT, 1 / RATE_HZ) / 700)
    rising = (mels - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - mels) / (edges[2:] - edges[1:-1])
    return csr_matrix(np.maximum(0, np.minimum(rising, falling)))
