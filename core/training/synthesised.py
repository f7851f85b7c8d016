"""A pack of the program's own synthesised sounds, other variants than the demo library holds."""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import soxr

from core.demo.kinds import KINDS
from core.spectrum import RATE_HZ
from core.training import pack
from core.training.pack import Example, Int16

SEED = 1  # the demo library is seed 0


def make(out: Path, variants: int) -> int:
    """Synthesises so many variants of every kind into a pack; returns how many sounds it holds."""
    wanted = [(kind, number) for kind in KINDS for number in range(variants)]
    examples = [Example(Path(f"{kind}_{number}"), f"synthesised/{kind}_{number}") for kind, number in wanted]
    out.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor() as pool:
        pack.write(examples, _each(pool, wanted), out)
    return len(wanted)


def _each(pool: ProcessPoolExecutor, wanted: list[tuple[str, int]]) -> Iterator[Int16]:
    return pool.map(_synthesised, *zip(*wanted, strict=True), chunksize=8)


def _synthesised(kind: str, number: int) -> Int16:
    sound = KINDS[kind].variant(number, SEED)
    samples: np.ndarray = soxr.resample(sound.samples, sound.sample_rate_hz, RATE_HZ)
    return pack.as_int16(samples)
