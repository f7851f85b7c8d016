"""The teacher: YAMNet (Plakal & Ellis 2020, Apache-2.0) from an archive of its weights, in torch.

The archive holds for layer i the weight `c{i}w` and bias `c{i}b` of a convolution (odd: pointwise, even: depthwise),
with its normalisation folded in, and `fcw`, `fcb` of the classifier.
"""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

RATE_HZ = 16_000
PATCH = 15_600  # samples, 96 frames
FRAME, STEP, FFT = 400, 160, 512  # samples
BANDS, LOW_HZ, HIGH_HZ = 64, 125.0, 7500.0
LAYERS = 27
STRIDED = frozenset({4, 8, 12, 24})


class Teacher(nn.Module):
    """16 kHz mono (n, PATCH) to its embedding (n, 1024) and log-odds of 521 AudioSet classes (n, 521)."""

    filters: Tensor
    hann: Tensor

    def __init__(self, archive: Path) -> None:
        super().__init__()
        with np.load(archive, allow_pickle=False) as weights:
            for name in weights.files:
                self.register_buffer(name, torch.from_numpy(weights[name].astype(np.float32)))
        self.register_buffer("filters", torch.from_numpy(_mel_filters()))
        self.register_buffer("hann", torch.hann_window(FRAME, periodic=True))

    def forward(self, samples: Tensor) -> tuple[Tensor, Tensor]:
        """The embedding and the log-odds."""
        with torch.autocast(samples.device.type, enabled=False):
            bands = self._bands(samples)
        x = self._layer(bands[:, None], 1, stride=2)
        for number in range(2, LAYERS + 1):
            x = self._layer(x, number, stride=2 if number in STRIDED else 1)
        embedding = x.float().mean((2, 3))
        return embedding, embedding @ self.get_buffer("fcw").T + self.get_buffer("fcb")

    def _bands(self, samples: Tensor) -> Tensor:
        frames = samples.unfold(-1, FRAME, STEP) * self.hann
        return torch.log(torch.fft.rfft(frames, FFT).abs() @ self.filters + 0.001)

    def _layer(self, x: Tensor, number: int, stride: int) -> Tensor:
        weight, bias = self.get_buffer(f"c{number}w"), self.get_buffer(f"c{number}b")
        kernel = weight.shape[-1]
        groups = x.shape[1] // weight.shape[1]
        x = functional.conv2d(_padded(x, kernel, stride), weight, bias, stride=stride, groups=groups)
        return functional.relu6(x)


def _padded(x: Tensor, kernel: int, stride: int) -> Tensor:
    """TensorFlow's SAME: as little as is needed, the odd one at the end."""
    needs = [max((-(-size // stride) - 1) * stride + kernel - size, 0) for size in (x.shape[-1], x.shape[-2])]
    return functional.pad(x, [side for need in needs for side in (need // 2, need - need // 2)])


def _mel_filters() -> np.ndarray:
    """Triangles on the HTK mel scale, float32 (FFT // 2 + 1, BANDS)."""
    bins = _mel(np.linspace(0, RATE_HZ / 2, FFT // 2 + 1))[:, None]
    edges = np.linspace(_mel(np.array(LOW_HZ)), _mel(np.array(HIGH_HZ)), BANDS + 2)
    low, middle, high = edges[:-2], edges[1:-1], edges[2:]
    triangles = np.maximum(0, np.minimum((bins - low) / (middle - low), (high - bins) / (high - middle)))
    triangles[0] = 0  # the constant part of the signal belongs to no band
    return triangles.astype(np.float32)


def _mel(hz: np.ndarray) -> np.ndarray:
    return np.asarray(1127 * np.log1p(hz / 700))
