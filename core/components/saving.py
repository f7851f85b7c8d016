"""Writes the components of a file as sounds of their own, with a listing. The file itself is only read.

Everything is written beside its place and moved there when it is whole, so what breaks off leaves nothing behind.
"""

import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer

from core.audio import decode, stretch
from core.components.hearing import without_kinds
from core.components.labelling import make_labeller
from core.embedding import DESCRIBER, make_embedder
from core.errors import EarshotError
from core.export.names import plain_line, title_name
from core.records import Progress, Record, Samples, Tag
from core.separation.base import Separator

LISTING = "components.json"
MOST_HEARD = 3
MOST_IN_FRAME = 1 << 16  # samples
HEARD_S = 60.0  # of a component are listened to for its names


@dataclass(frozen=True, slots=True)
class SavedComponent(Record):
    """A component that was written. level_db: of its mean power, in dBFS; None for silence. heard: its labels."""

    file: str
    name: str
    level_db: float | None
    heard: list[Tag]


@dataclass(frozen=True, slots=True)
class Saved(Record):
    """What was written: the components of a file, which add up to it (mono, at this rate)."""

    source: str
    folder: str
    separator: str
    sample_rate_hz: int
    duration_s: float
    components: list[SavedComponent]


class SaveRun:
    """A file being taken apart into a folder; walk it to do the work, then read `saved`.

    queries: what the separator looks for, and what the components are labelled with; none for AudioSet's names.
    Raises EarshotError for a folder that already holds a listing, before anything is read.
    """

    saved: Saved

    def __init__(self, path: Path, folder: Path, separator: Separator, queries: Sequence[str] = ()) -> None:
        self.path, self.folder, self.separator, self.queries = path, folder.expanduser(), separator, list(queries)
        self.labeller = make_labeller(make_embedder(DESCRIBER), () if separator.understands_text else self.queries)
        if (self.folder / LISTING).exists():
            raise EarshotError(f"{self.folder} already holds components; choose another folder")

    def __iter__(self) -> Iterator[Progress]:
        """Does the work, and tells in seconds how far it is. Raises AudioError for a file with no sound."""
        blocks = stretch(self.path, self.separator.sample_rate_hz)
        first = next(blocks)  # what cannot be decoded makes no folder
        self.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.folder, prefix=".part-") as scratch:
            names: dict[str, str] = {}
            n_samples = 0
            for n_samples in self._write(_after(first, blocks), Path(scratch), names):
                done_s = n_samples // self.separator.sample_rate_hz
                yield Progress(done_s, done_s + 1, self.path.name)
            self.saved = self._listed(Path(scratch), names, n_samples)
            listing = json.dumps(self.saved.as_dict(), ensure_ascii=False, indent=1)
            (Path(scratch) / LISTING).write_text(listing, encoding="utf-8")
            self._put_there(Path(scratch), [*names.values(), LISTING])

    def _write(self, blocks: Iterator[Samples], scratch: Path, names: dict[str, str]) -> Iterator[int]:
        """Writes the components piece by piece; gives how many samples are done, and fills in their files."""
        files: dict[str, _FloatWav] = {}
        n_samples = 0
        with ExitStack() as stack:
            for parts in self.separator.pieces(blocks, self.queries):
                length = len(next(iter(parts.values())))
                for name in [name for name in parts if name not in files]:
                    names[name] = f"{len(names) + 1:02d} {title_name(name.replace(': ', ' '), 'component')}.wav"
                    wav = _FloatWav(scratch / names[name], self.separator.sample_rate_hz)
                    files[name] = stack.enter_context(closing(wav))
                    wav.write_silence(n_samples)
                for name, file in files.items():
                    file.write(parts.get(name, np.zeros(length, np.float32)))
                n_samples += length
                yield n_samples

    def _listed(self, scratch: Path, names: dict[str, str], n_samples: int) -> Saved:
        rate_hz = self.separator.sample_rate_hz
        return Saved(
            plain_line(self.path.name),
            str(self.folder.absolute()),
            self.separator.name,
            rate_hz,
            round(n_samples / rate_hz, 3),
            [self._component(scratch / file, name) for name, file in names.items()],
        )

    def _component(self, path: Path, name: str) -> SavedComponent:
        rate_hz = self.separator.sample_rate_hz
        energy, n_samples = 0.0, 0
        for block in stretch(path, rate_hz):
            energy += float(np.square(block, dtype=np.float64).sum())
            n_samples += len(block)
        power = energy / n_samples
        begun = decode(path, rate_hz, 0.0, HEARD_S)
        heard = without_kinds(self.labeller.labels(begun, rate_hz, self.labeller.sure))
        level_db = round(10 * float(np.log10(power)), 1) if power > 0 else None
        return SavedComponent(path.name, name, level_db, heard[:MOST_HEARD])

    def _put_there(self, scratch: Path, names: Sequence[str]) -> None:
        """Moves what was written to its place. Raises EarshotError, before any is moved, for a name that is taken."""
        for name in names:
            if (self.folder / name).exists():
                raise EarshotError(f"{self.folder / name} is there already; choose another folder")
        for name in names:
            os.replace(scratch / name, self.folder / name)


def _after(first: Samples, blocks: Iterator[Samples]) -> Iterator[Samples]:
    yield first
    yield from blocks


class _FloatWav:
    """A WAV file of mono 32-bit floats, in which a sum of components stays exact."""

    def __init__(self, path: Path, sample_rate_hz: int) -> None:
        self._container: OutputContainer = av.open(str(path), "w", format="wav")
        stream = self._container.add_stream("pcm_f32le", rate=sample_rate_hz)
        assert isinstance(stream, AudioStream)
        stream.layout = "mono"
        self._stream = stream

    def write(self, samples: Samples) -> None:
        """Adds samples, float32 (n_samples,)."""
        for start in range(0, len(samples), MOST_IN_FRAME):
            part = np.ascontiguousarray(samples[None, start : start + MOST_IN_FRAME])
            frame = av.AudioFrame.from_ndarray(part, format="flt", layout="mono")
            frame.sample_rate = self._stream.rate
            self._container.mux(self._stream.encode(frame))

    def write_silence(self, n_samples: int) -> None:
        """Adds so many zeros."""
        for start in range(0, n_samples, MOST_IN_FRAME):
            self.write(np.zeros(min(MOST_IN_FRAME, n_samples - start), np.float32))

    def close(self) -> None:
        """Ends the file."""
        self._container.mux(self._stream.encode(None))
        self._container.close()
