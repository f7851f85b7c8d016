"""What a large model runs on, and how it is fed there so that a batch changes no bit of a result.

On a processor every clip is computed on its own by one thread: ingest has a process for every core. On a GPU, clips of
one length go in batches that always have the same number of rows, filled up with zeros, in half precision.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.errors import UnsupportedError
from core.records import Samples

if TYPE_CHECKING:
    import torch

ROWS_ON_GPU = 16


@dataclass(frozen=True, slots=True)
class Device:
    """name: cpu, cuda or mps. rows: clips in a batch. half: whether weights and sound are float16 there."""

    name: str

    @property
    def rows(self) -> int:
        """Clips in a batch."""
        return 1 if self.name == "cpu" else ROWS_ON_GPU

    @property
    def dtype(self) -> "torch.dtype":
        """The precision that a model computes in."""
        import torch

        return torch.float32 if self.name == "cpu" else torch.float16


def choose(wanted: str) -> Device:
    """The device of a setting: cuda, mps or cpu, whichever is there first for `auto`.

    Raises UnsupportedError if the one that is asked for is not there. Sets torch to one thread: sums in another number
    of threads end in other bits, and a search must find what an ingest stored.
    """
    import torch

    torch.set_num_threads(1)
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if wanted == "auto":
        return Device(next(name for name, usable in there.items() if usable))
    if not there[wanted]:
        usable = ", ".join(name for name in there if there[name])
        raise UnsupportedError(f"there is no device {wanted!r} here; set EARSHOT_DEVICE to one of: auto, {usable}")
    return Device(wanted)


def in_batches(
    clips: Sequence[Samples], rows: int, compute: Callable[[NDArray[np.float32]], NDArray[np.float32]]
) -> NDArray[np.float32]:
    """What `compute` makes of clips, one row each, in their order.

    compute: takes float32 (rows, n_samples) of clips of one length, gives float32 (rows, dim). Only clips of one length
    share a batch, and a batch that is not full is filled up with zeros.
    """
    by_length: dict[int, list[int]] = {}
    for place, clip in enumerate(clips):
        by_length.setdefault(len(clip), []).append(place)
    results: dict[int, NDArray[np.float32]] = {}
    for length, places in by_length.items():
        for start in range(0, len(places), rows):
            chosen = places[start : start + rows]
            batch = np.zeros((rows, length), np.float32)
            batch[: len(chosen)] = [clips[place] for place in chosen]
            results |= dict(zip(chosen, compute(batch), strict=False))
    return np.stack([results[place] for place in range(len(clips))])
