"""All sounds of a training table in one array, so that an epoch costs no decoding.

A pack is a folder: `samples.raw` (int16 at 32 kHz, one sound after the other) and `sounds.csv` (what lies where).
"""

import csv
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core import audio
from core.errors import AudioError, EarshotError
from core.spectrum import RATE_HZ

LONGEST_S = 120.0  # of a longer recording the first two minutes are taken; an hour of one stream teaches little more
FULL_SCALE = 32767.0

Int16 = NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Example:
    """A row of a training table: where the file is, and the recording, speaker or maker it comes from."""

    path: Path
    group: str


@dataclass(frozen=True, slots=True)
class Pack:
    """samples: (n_samples,); starts and lengths: (n_sounds,), in samples; groups: one per sound."""

    samples: Int16
    starts: NDArray[np.int64]
    lengths: NDArray[np.int64]
    groups: tuple[str, ...]


def read_table(folder: Path, table: Path) -> list[Example]:
    """The files of a CSV with the columns path, group and source_set; without a group, a file is one of its own."""
    with table.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    if not rows or "path" not in rows[0]:
        raise EarshotError(f"{table.name} has no rows with a column 'path'; give the table of the training sounds")
    return [Example(folder / row["path"], _group(row)) for row in rows]


def make(examples: Sequence[Example], out: Path) -> list[str]:
    """Decodes every file into a pack; returns the names of the files that could not be read."""
    out.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor() as pool:
        return write(examples, pool.map(_decoded, [example.path for example in examples], chunksize=16), out)


def write(examples: Sequence[Example], decoded: Iterable[Int16 | None], out: Path) -> list[str]:
    """Writes what was decoded, in the order of the examples; returns the names of those that are None."""
    unread: list[str] = []
    with (out / "samples.raw").open("wb") as raw, (out / "sounds.csv").open("w", newline="", encoding="utf-8") as table:
        rows = csv.writer(table)
        rows.writerow(["name", "group", "start", "length"])
        start = 0
        for example, samples in zip(examples, decoded, strict=True):
            if samples is None:
                unread.append(example.path.name)
                continue
            raw.write(samples.tobytes())
            rows.writerow([example.path.name, example.group, start, len(samples)])
            start += len(samples)
    return unread


def read(folder: Path) -> Pack:
    """A pack that `make` wrote; the samples stay on disk until they are asked for."""
    with (folder / "sounds.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    samples = np.memmap(folder / "samples.raw", np.int16, "r")
    starts = np.array([int(row["start"]) for row in rows])
    lengths = np.array([int(row["length"]) for row in rows])
    return Pack(samples, starts, lengths, tuple(row["group"] for row in rows))


def join(packs: Sequence[Pack]) -> Pack:
    """Several packs as one."""
    shifts = np.cumsum([0, *(len(pack.samples) for pack in packs[:-1])])
    return Pack(
        np.concatenate([pack.samples for pack in packs]),
        np.concatenate([pack.starts + shift for pack, shift in zip(packs, shifts, strict=True)]),
        np.concatenate([pack.lengths for pack in packs]),
        tuple(group for pack in packs for group in pack.groups),
    )


def _group(row: dict[str, str]) -> str:
    return f"{row.get('source_set', '')}/{row.get('group') or row['path']}"


def _decoded(path: Path) -> Int16 | None:
    try:
        return as_int16(audio.decode(path, RATE_HZ, 0.0, LONGEST_S))
    except AudioError:
        return None


def as_int16(samples: NDArray[np.float32]) -> Int16:
    """Samples in [-1, 1] as 16 bits."""
    return np.round(np.clip(samples, -1, 1) * FULL_SCALE).astype(np.int16)
