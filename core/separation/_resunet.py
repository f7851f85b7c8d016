"""The network of AudioSep (ResUNet30): its names, its geometry, and one pass through it.

Liu et al., "Separate Anything You Describe" (2023, arXiv 2308.05037); Kong et al. 2021 for the masks. Geometry and
names of weights are those of Audio-AGI/AudioSep (MIT); this is written for this program. Knows nothing of texts.
"""

import pickle
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.errors import UnsupportedError
from core.records import Samples

if TYPE_CHECKING:
    from torch import Tensor

RATE_HZ = 32_000
HOP = 320
WIDTHS = (32, 32, 64, 128, 256, 384, 384, 384)  # of what goes into the blocks: the first layer, six down, the middle
CONDITION = 512
BINS = 1025
SHRINKS = ((2, 2),) * 5 + ((1, 2), (1, 1))  # time and frequency, by the seven blocks on the way down
STEPS_OF = 32  # frames are filled up to a multiple of it
LEAST_POWER = 1e-10
PREFIX = "ss_model."  # of the separator's names in the published checkpoint, beside those of its text encoder
DOWN = (*(f"encoder_block{number}" for number in range(1, 7)), "conv_block7a")
UP = tuple(f"decoder_block{number}" for number in range(1, 7))
CONSTANTS = (
    "base.stft.conv_real.weight",
    "base.stft.conv_imag.weight",
    "base.istft.conv_real.weight",
    "base.istft.conv_imag.weight",
    "base.istft.ola_window",
)
"""What the published file holds beside what was learned: the Fourier transform as convolutions. Not used here."""

Shape = tuple[int, ...]


def shapes(widths: Shape = WIDTHS, n_bins: int = BINS, condition: int = CONDITION) -> dict[str, Shape]:
    """The names of all that was learned and the shape of each; with CONSTANTS, the 332 names of the published file."""
    return dict(_layers(widths, n_bins, condition))


@dataclass(frozen=True, slots=True)
class Network:
    """The separator. weights: by the published names, float32."""

    weights: Mapping[str, "Tensor"]

    @property
    def condition(self) -> int:
        """Numbers in the vector of a text."""
        return int(self.weights["film.encoder_block1->conv_block1->beta1.weight"].shape[1])

    def run(self, mixture: Samples, text: Samples) -> Samples:
        """What of a mixture a text means: float32 (n_samples,), as long as the mixture.

        mixture: at RATE_HZ, longer than half a frame of the transform. text: (condition,), of norm 1.
        """
        import torch

        with torch.inference_mode():
            on = self.weights["base.bn0.weight"].device
            wave, vector = (torch.from_numpy(np.ascontiguousarray(each)).to(on) for each in (mixture, text))
            n_fft = 2 * (len(self.weights["base.bn0.weight"]) - 1)
            window = torch.hann_window(n_fft, device=on)
            spectrum = torch.stft(wave, n_fft, HOP, window=window, pad_mode="reflect", return_complex=True).T
            magnitude = (spectrum.real.square() + spectrum.imag.square()).clamp(min=LEAST_POWER).sqrt()
            masks = self._masks(magnitude, vector)
            turn = torch.complex(torch.tanh(masks[1]), torch.tanh(masks[2]))
            turn = turn / turn.abs().clamp(min=1e-10)
            found = torch.sigmoid(masks[0]) * spectrum * turn
            samples: Samples = torch.istft(found.T, n_fft, HOP, window=window, length=len(wave)).cpu().numpy()
        return samples

    def to(self, device: str) -> "Network":
        """The same network on another device."""
        return Network({name: tensor.to(device) for name, tensor in self.weights.items()})

    def _masks(self, magnitude: "Tensor", text: "Tensor") -> "Tensor":
        """Three maps (3, n_frames, n_bins): how much, and the cosine and sine of how far turned, before squashing."""
        from torch.nn import functional

        n_frames = len(magnitude)
        x = self._normalised("base.bn0", magnitude.T[None, :, :, None])[0, :, :, 0].T[None, None]
        x = functional.pad(x[..., :-1], (0, 0, 0, -n_frames % STEPS_OF))
        x = functional.conv2d(x, *self._both("base.pre_conv"))
        passed: list[Tensor] = []
        for block, shrink in zip(DOWN, SHRINKS, strict=True):
            x = self._residual(f"{block}.conv_block1", x, text)
            passed.append(x)
            x = functional.avg_pool2d(x, shrink)
        passed.pop()
        for block, grow in zip(UP, SHRINKS[5::-1], strict=True):
            x = self._activated(f"base.{block}.bn1", f"{block}->beta1", x, text)
            x = functional.conv_transpose2d(x, self.weights[f"base.{block}.conv1.weight"], stride=grow)
            x = self._residual(f"{block}.conv_block2", self._joined(x, passed.pop()), text)
        x = functional.conv2d(x, *self._both("base.after_conv"))
        return functional.pad(x, (0, 1))[0, :, :n_frames]

    def _joined(self, x: "Tensor", passed: "Tensor") -> "Tensor":
        import torch

        return torch.cat((x, passed), dim=1)

    def _residual(self, block: str, x: "Tensor", text: "Tensor") -> "Tensor":
        """Two convolutions, and beside them the input as it is or, where the width changes, through a third one."""
        from torch.nn import functional

        place, steered = f"base.{block}", block.replace(".", "->")
        inner = self._activated(f"{place}.bn1", f"{steered}->beta1", x, text)
        inner = functional.conv2d(inner, self.weights[f"{place}.conv1.weight"], padding=1)
        inner = self._activated(f"{place}.bn2", f"{steered}->beta2", inner, text)
        inner = functional.conv2d(inner, self.weights[f"{place}.conv2.weight"], padding=1)
        if f"{place}.shortcut.weight" in self.weights:
            x = functional.conv2d(x, *self._both(f"{place}.shortcut"))
        return inner.add_(x)

    def _activated(self, normal: str, steered: str, x: "Tensor", text: "Tensor") -> "Tensor":
        """Normalised, shifted by what the text asks for, and bent."""
        from torch.nn import functional

        shift = functional.linear(text, *self._both(f"film.{steered}"))
        return functional.leaky_relu_(self._normalised(normal, x).add_(shift[None, :, None, None]), 0.01)

    def _normalised(self, name: str, x: "Tensor") -> "Tensor":
        from torch.nn import functional

        mean, var = (self.weights[f"{name}.running_{what}"] for what in ("mean", "var"))
        return functional.batch_norm(x, mean, var, *self._both(name))

    def _both(self, name: str) -> tuple["Tensor", "Tensor"]:
        return self.weights[f"{name}.weight"], self.weights[f"{name}.bias"]


def read_network(path: Path) -> Network:
    """The separator in a file: a checkpoint as published, or its weights alone. No code in the file is run.

    Raises UnsupportedError, saying what is missing or wrong, for a file that is not one.
    """
    held = _load(path)
    if any(str(name).startswith(PREFIX) for name in held):
        held = {name[len(PREFIX) :]: value for name, value in held.items() if name.startswith(PREFIX)}
    if not all(hasattr(value, "shape") for value in held.values()):
        raise UnsupportedError(f"{path} holds more than weights by name; take the published file")
    _check(path, {str(name): tuple(value.shape) for name, value in held.items()})
    weights = {name: value for name, value in held.items() if name not in CONSTANTS}
    return Network({name: value.float() if value.is_floating_point() else value for name, value in weights.items()})


def _load(path: Path) -> dict[str, Any]:
    import torch

    try:
        held = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except pickle.UnpicklingError as problem:
        why = f"{path} holds more than numbers, and nothing in it was run"
        raise UnsupportedError(f"{why}; take the published file, or save its weights alone") from problem
    except Exception as problem:  # what is no such file at all may end in nearly any error
        raise UnsupportedError(f"{path} is damaged ({type(problem).__name__}); fetch it again") from problem
    held = held.get("state_dict", held) if isinstance(held, Mapping) else held
    if not isinstance(held, Mapping) or not held:
        raise UnsupportedError(f"{path} holds no weights by name; take the published file")
    return dict(held)


def _check(path: Path, found: Mapping[str, Shape]) -> None:
    """Raises UnsupportedError unless names and shapes are just those of a network of this kind."""
    names = shapes()
    if missing := sorted(set(names) - set(found)):
        raise UnsupportedError(
            f"{path} is no AudioSep: it lacks {len(missing)} weights ({missing[0]}...); take the published file"
        )
    if strange := sorted(set(found) - set(names) - set(CONSTANTS)):
        raise UnsupportedError(
            f"{path} is another network: it also holds {strange[0]} and {len(strange) - 1} more;"
            " take the published file"
        )
    wide = [found["base.pre_conv.weight"][0], *(found[f"base.{block}.conv_block1.conv2.weight"][0] for block in DOWN)]
    condition = found["film.encoder_block1->conv_block1->beta1.weight"][-1]
    wanted = shapes(tuple(wide), found["base.bn0.weight"][0], condition)
    for name, shape in wanted.items():
        if found[name] != shape:
            raise UnsupportedError(f"{path} has {name} of shape {found[name]}, not {shape}; take the published file")


def _layers(widths: Shape, n_bins: int, condition: int) -> Iterator[tuple[str, Shape]]:
    yield from _norm("base.bn0", n_bins)
    yield from _with_bias("base.pre_conv", (widths[0], 1, 1, 1))
    for block, into, out in zip(DOWN, widths, widths[1:], strict=False):
        yield from _block(f"{block}.conv_block1", into, out, condition)
    for block, into, out in zip(UP, (widths[7], *widths[6:1:-1]), widths[6:0:-1], strict=True):
        height, width = SHRINKS[5 - UP.index(block)]
        yield f"base.{block}.conv1.weight", (into, out, height, width)
        for number in (1, 2):  # the second is in the published file and takes no part
            yield from _norm(f"base.{block}.bn{number}", into)
            yield from _with_bias(f"film.{block}->beta{number}", (into, condition))
        yield from _block(f"{block}.conv_block2", 2 * out, out, condition)
    yield from _with_bias("base.after_conv", (3, widths[1], 1, 1))


def _block(block: str, into: int, out: int, condition: int) -> Iterator[tuple[str, Shape]]:
    steered = block.replace(".", "->")
    for number, width in ((1, into), (2, out)):
        yield from _norm(f"base.{block}.bn{number}", width)
        yield f"base.{block}.conv{number}.weight", (out, width, 3, 3)
        yield from _with_bias(f"film.{steered}->beta{number}", (width, condition))
    if into != out:
        yield from _with_bias(f"base.{block}.shortcut", (out, into, 1, 1))


def _norm(name: str, width: int) -> Iterator[tuple[str, Shape]]:
    for what in ("weight", "bias", "running_mean", "running_var"):
        yield f"{name}.{what}", (width,)
    yield f"{name}.num_batches_tracked", ()


def _with_bias(name: str, shape: Shape) -> Iterator[tuple[str, Shape]]:
    yield f"{name}.weight", shape
    yield f"{name}.bias", shape[:1]
