"""An autoencoder being taught: one network makes 9 x 9 x 1 numbers of a block of a spectrogram, another draws it again.

Knows nothing of files; imported only where torch is there.
"""

import math
import time
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from core import spectrogram_image
from core.embedding.autoencoder import DIM, Convolution, Encoder
from core.records import Progress
from core.spectrogram_image import BLOCK, BLOCKS, COLUMNS, ROWS

if TYPE_CHECKING:
    from core.training.autoencoder import Course

WIDTHS = (16, 32, 64, 96)  # channels after each halving: 144 to 72, 36, 18, 9
EMPTY_SHARE = 0.05  # of the blocks that are taught: they are all alike, but it must know them
MOST_ROUNDS = 60  # through all blocks, of a small library
CHECKS = 12  # of the error on what was held out
PATIENCE = 4  # checks without a better one before it ends
STATISTICS = 500  # pictures that the scale of the codes is taken from
LEAST_SPREAD = 0.1  # of the mean variance: a code that hardly ever varies is not blown up
PICTURES = 6  # held-out sounds that are drawn
TELL_EVERY_S = 0.5


class Training:
    """A training in progress: the encoder and the decoder, the blocks that they are taught and checked with."""

    def __init__(
        self, levels: NDArray[np.uint8], held_out: NDArray[np.bool_], course: "Course", seed: int, device: str
    ) -> None:
        self._course, self._device = course, torch.device(device)
        self._rng = np.random.default_rng(seed)
        self._levels, self._held_out = levels, held_out
        self._colours = torch.from_numpy(spectrogram_image.colours().astype(np.float32) / 255).to(self._device)
        self._full = np.stack([spectrogram_image.cut(each).any(axis=(1, 2)) for each in levels])
        self._taught_blocks = self._with_some_empty(np.argwhere(self._full & ~self._held_out[:, None]))
        self._checked_blocks = np.argwhere(self._full & self._held_out[:, None])
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.networks = nn.Sequential(encoder(), decoder())
        self.networks.to(self._device, memory_format=torch.channels_last)
        self._curve: list[float] = []
        self._error_of_mean = math.nan

    def run(self) -> Iterator[Progress]:
        """Teaches until the course is over or nothing is gained any more; keeps the best of what was checked."""
        self._error_of_mean = self._find_error_of_mean()
        optimiser = torch.optim.Adam(self.networks.parameters(), lr=self._course.peak_rate)
        per_round = math.ceil(len(self._taught_blocks) / self._course.batch)
        steps = min(math.ceil(self._course.blocks / self._course.batch), MOST_ROUNDS * per_round)
        checks = {round(steps * (number + 1) / CHECKS) for number in range(CHECKS)}
        best, label, told = self._copied(), "learning to draw", time.monotonic()
        for step, blocks in enumerate(islice(self._shuffled(), steps), start=1):
            for group in optimiser.param_groups:
                group["lr"] = self._course.peak_rate * _pace(step / steps)
            self._teach(optimiser, blocks)
            if step in checks:
                self._curve.append(self._error())
                label = f"error {self._curve[-1]:.4f} (mean picture {self._error_of_mean:.4f})"
                if self._curve[-1] == min(self._curve):
                    best = self._copied()
                if len(self._curve) - 1 - int(np.argmin(self._curve)) >= PATIENCE:
                    break
            if time.monotonic() - told > TELL_EVERY_S or step == steps:
                told = time.monotonic()
                yield Progress(step, steps, label)
        self.networks.load_state_dict(best)
        self.networks.eval()

    def figures(self) -> dict[str, Any]:
        """What the card says of the result.

        error: mean squared error of the colours, 0 to 1, over those blocks of held-out files that are not empty.
        error_of_mean: that of drawing the mean of all taught blocks of the same place, whatever is heard. explained:
        the share of the latter that is gone. curve: the error at each check.
        """
        error = min(self._curve)
        return {
            "blocks": len(self._taught_blocks),
            "blocks_held_out": len(self._checked_blocks),
            "parameters": sum(each.numel() for each in self.networks.parameters()),
            "error": error,
            "error_of_mean": self._error_of_mean,
            "explained": 1 - error / self._error_of_mean,
            "curve": self._curve,
        }

    def encoder(self) -> Encoder:
        """The half that hears, with the scale of its codes over taught pictures."""
        layers = tuple(folded(self.networks[0]))
        plain = Encoder(layers, np.zeros(DIM, np.float32), np.ones(DIM, np.float32))
        taught = np.flatnonzero(~self._held_out)
        chosen = taught[np.linspace(0, len(taught) - 1, min(len(taught), STATISTICS)).astype(int)]
        codes = np.stack([plain.codes(self._levels[n]) for n in chosen]).astype(np.float64)
        variance = codes.var(axis=0)
        scale = np.sqrt(variance + LEAST_SPREAD * variance.mean() + 1e-12)
        return Encoder(layers, codes.mean(axis=0).astype(np.float32), scale.astype(np.float32))

    def decoder(self) -> list[Convolution]:
        """The half that draws."""
        return list(folded(self.networks[1]))

    def drawn(self) -> spectrogram_image.Image:
        """Held-out sounds on the left, from the barest picture to the fullest; on the right what is drawn of each."""
        held_out = np.flatnonzero(self._held_out)
        ranked = held_out[np.argsort([np.count_nonzero(self._levels[n]) for n in held_out], kind="stable")]
        chosen = ranked[np.linspace(0, len(ranked) - 1, min(len(ranked), PICTURES)).round().astype(int)]
        rows = [np.hstack([spectrogram_image.coloured(self._levels[n]), self._draw(self._levels[n])]) for n in chosen]
        return np.vstack(rows)

    def _with_some_empty(self, full: NDArray[np.int64]) -> NDArray[np.int64]:
        """Blocks that hold something, (n, 2) of image and place, and a few of those that hold nothing."""
        empty = np.argwhere(~self._full & ~self._held_out[:, None])
        n_empty = min(len(empty), math.ceil(EMPTY_SHARE * len(full)))
        return np.concatenate([full, self._rng.permutation(empty)[:n_empty]])

    def batch(self, blocks: NDArray[np.int64]) -> Any:
        """Some blocks as float32 (n, 3, BLOCK, BLOCK), from 0 to 1."""
        rows, columns = np.divmod(blocks[:, 1], COLUMNS)
        grid = self._levels.reshape(-1, ROWS, BLOCK, COLUMNS, BLOCK)
        levels = torch.from_numpy(grid[blocks[:, 0], rows, :, columns, :]).to(self._device)
        return self._colours[levels.long()].permute(0, 3, 1, 2)

    def _shuffled(self) -> Iterator[NDArray[np.int64]]:
        """Batches of the blocks that are taught, round after round in other orders, without end."""
        while True:
            yield from self._parts(self._rng.permutation(self._taught_blocks))

    def _teach(self, optimiser: Any, blocks: NDArray[np.int64]) -> None:
        self.networks.train()
        pictures = self.batch(blocks)
        loss = torch.nn.functional.mse_loss(self.networks(pictures), pictures)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()

    def _error(self) -> float:
        self.networks.eval()
        total = 0.0
        with torch.inference_mode():
            for part in self._parts(self._checked_blocks):
                pictures = self.batch(part)
                total += float((self.networks(pictures) - pictures).square().mean()) * len(part)
        return total / len(self._checked_blocks)

    def _find_error_of_mean(self) -> float:
        """The error of a network that draws the same for every sound."""
        total = 0.0
        for place in range(BLOCKS):
            taught, checked = (
                blocks[blocks[:, 1] == place]
                for blocks in (np.argwhere(self._full & ~self._held_out[:, None]), self._checked_blocks)
            )
            if not len(checked):
                continue
            mean = sum(self.batch(part).sum(0) for part in self._parts(taught)) / max(1, len(taught))
            total += sum(float((self.batch(part) - mean).square().mean()) * len(part) for part in self._parts(checked))
        return total / len(self._checked_blocks)

    def _parts(self, blocks: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
        size = self._course.batch
        return (blocks[start : start + size] for start in range(0, len(blocks), size))

    def _draw(self, picture: spectrogram_image.Levels) -> spectrogram_image.Image:
        """What the network draws of a picture, (HEIGHT, WIDTH, 3)."""
        pictures = self._colours[torch.from_numpy(spectrogram_image.cut(picture)).to(self._device).long()]
        with torch.inference_mode():
            drawn = self.networks(pictures.permute(0, 3, 1, 2)).permute(0, 2, 3, 1).cpu().numpy()
        return spectrogram_image.joined(np.rint(255 * drawn).astype(np.uint8))

    def _copied(self) -> dict[str, Any]:
        return {name: each.detach().clone() for name, each in self.networks.state_dict().items()}


def encoder() -> nn.Sequential:
    """Blocks (n, 3, 144, 144) to codes (n, 1, 9, 9)."""
    layers, n_in = list[nn.Module](), 3
    for n_out in WIDTHS:
        layers += [nn.Conv2d(n_in, n_out, 4, 2, 1, bias=False), nn.BatchNorm2d(n_out), nn.ReLU()]
        n_in = n_out
    layers += [nn.Conv2d(n_in, n_in, 3, 1, 1, bias=False), nn.BatchNorm2d(n_in), nn.ReLU(), nn.Conv2d(n_in, 1, 1)]
    return nn.Sequential(*layers)


def decoder() -> nn.Sequential:
    """Codes (n, 1, 9, 9) to blocks (n, 3, 144, 144), from 0 to 1."""
    n_in = WIDTHS[-1]
    layers = [nn.Conv2d(1, n_in, 3, 1, 1, bias=False), nn.BatchNorm2d(n_in), nn.ReLU()]
    for n_out in WIDTHS[-2::-1]:
        layers += [nn.ConvTranspose2d(n_in, n_out, 4, 2, 1, bias=False), nn.BatchNorm2d(n_out), nn.ReLU()]
        n_in = n_out
    return nn.Sequential(*layers, nn.ConvTranspose2d(n_in, 3, 4, 2, 1), nn.Sigmoid())


def folded(network: nn.Sequential) -> Iterator[Convolution]:
    """The convolutions of a network, each doing the work of the normalisation that follows it."""
    modules = list(network)
    for module, after in zip(modules, [*modules[1:], None], strict=True):
        if not hasattr(module, "stride"):
            continue
        weight = module.weight.detach().cpu().double().numpy()
        if module.bias is not None:
            bias = module.bias.detach().cpu().double().numpy()
        else:
            variance, mean, gain, offset = (
                each.detach().cpu().double().numpy()
                for each in (after.running_var, after.running_mean, after.weight, after.bias)
            )
            factor = gain / np.sqrt(variance + after.eps)
            outward = (1, -1, 1, 1) if type(module).__name__ == "ConvTranspose2d" else (-1, 1, 1, 1)
            weight, bias = weight * factor.reshape(outward), offset - mean * factor
        yield Convolution(weight.astype(np.float32), bias.astype(np.float32))


def _pace(done: float) -> float:
    """The learning rate over its peak: a short rise, then half a cosine down to 0."""
    rise = 0.05
    return (done + 1e-3) / (rise + 1e-3) if done < rise else 0.5 * (1 + math.cos(math.pi * (done - rise) / (1 - rise)))
