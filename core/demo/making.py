"""Lays the demo library down in a folder as a person would have it: themes, formats, names good and bad, labels."""

import csv
import io
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from zlib import crc32

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import fft, signal

from core.demo.encode import audio_bytes, video_bytes
from core.demo.kinds import KINDS, Kind, Sound
from core.demo.scenes import SCORES, Event, Score
from core.demo.shaping import RATE_HZ
from core.demo.video import PER_S, fireworks
from core.records import Progress

LABELS, EVENTS = "labels.csv", "events.csv"
VIDEO = "video/fireworks.mp4"
UNSORTED = "unsorted"
UNSORTED_PART = 0.2
"""The part of every kind whose files bear a name that says nothing."""


@dataclass(slots=True)
class _Tables:
    """The rows of the two tables, filled while the files are made."""

    labels: list[tuple[str, str, str]] = field(default_factory=list)
    events: list[tuple[str, float, float, str]] = field(default_factory=list)

    def add(self, path: str, kind: str, seconds: float, events: Sequence[Event] = ()) -> None:
        self.labels.append((path, kind, f"{seconds:.3f}"))
        self.events += [(path, event.start_s, event.end_s, event.kind) for event in events]


def make_demo(folder: Path, *, seed: int = 0) -> Iterator[Progress]:
    """Makes the demo library in the folder, file by file; iterate it to the end.

    Yields one Progress per finished file. The same seed gives the same bytes on the same installed packages; a file
    that is there with the right bytes is left as it is, so a second run changes nothing, though it takes as long.
    A file appears whole or not at all.
    Besides the sounds: `labels.csv` (path, kind, seconds) of every file and `events.csv` (path, start_s, end_s, kind)
    of what happens in the long ones; paths are relative to the folder, with forward slashes.
    """
    tables = _Tables()
    total = sum(kind.variants for kind in KINDS.values()) + len(SCORES) + 3
    for done, (path, data) in enumerate(_files(seed, tables), start=1):
        _write(folder / path, data)
        yield Progress(done, total, path)


def _files(seed: int, tables: _Tables) -> Iterator[tuple[str, bytes]]:
    meaningless = _meaningless_names(seed)
    for kind in KINDS.values():
        yield from _kind_files(kind, seed, meaningless, tables)
    for score in SCORES:
        yield _recording(score, seed, tables)
    yield _video(seed, tables)
    yield LABELS, _csv(("path", "kind", "seconds"), sorted(tables.labels))
    yield EVENTS, _csv(("path", "start_s", "end_s", "kind"), sorted(tables.events))


def _kind_files(kind: Kind, seed: int, meaningless: Iterator[str], tables: _Tables) -> Iterator[tuple[str, bytes]]:
    sounds = [kind.variant(number, seed) for number in range(kind.variants)]
    nameless = _nameless(kind, seed)
    for number, (sound, name) in enumerate(zip(sounds, _telling_names(kind, sounds), strict=True)):
        rng = np.random.default_rng([seed, crc32(kind.name.encode()), number, 1])
        stem = f"{UNSORTED}/{next(meaningless)}" if number in nameless else f"{kind.folder}/{name}"
        channels, rate_hz, container = _as_recorded(sound, rng)
        path = f"{stem}.{container}"
        tables.add(path, kind.name, channels.shape[1] / rate_hz)
        yield path, audio_bytes(channels, rate_hz, container)


def _recording(score: Score, seed: int, tables: _Tables) -> tuple[str, bytes]:
    scene = score.record(seed)
    path = f"recordings/{score.name}.{score.container}"
    tables.add(path, score.name, len(scene.samples) / scene.sample_rate_hz, scene.events)
    return path, audio_bytes(scene.samples[None], scene.sample_rate_hz, score.container)


def _video(seed: int, tables: _Tables) -> tuple[str, bytes]:
    show = fireworks(seed)
    tables.add(VIDEO, "fireworks", len(show.sound) / RATE_HZ, show.events)
    return VIDEO, video_bytes(show.pictures, PER_S, show.sound[None], RATE_HZ)


# --- names ------------------------------------------------------------------------------------------------------------


def brightness_hz(sound: Sound) -> float:
    """The centre of gravity of the magnitude spectrum of the whole sound."""
    size = fft.next_fast_len(len(sound.samples), real=True)
    magnitude = np.abs(fft.rfft(sound.samples, size))
    frequency = fft.rfftfreq(size, 1 / sound.sample_rate_hz)
    return float((magnitude * frequency).sum() / magnitude.sum())


def _telling_names(kind: Kind, sounds: Sequence[Sound]) -> list[str]:
    """`kick_deep_02`: the kind, a word where it is true of the sound next to its siblings, and a number."""
    order = np.argsort([brightness_hz(sound) for sound in sounds])
    third = len(sounds) // 3
    words = {int(number): f"_{kind.words[0]}" for number in order[:third]}
    words |= {int(number): f"_{kind.words[1]}" for number in order[-third:]}
    return [f"{kind.name}{words.get(number, '')}_{number + 1:02d}" for number in range(len(sounds))]


def _nameless(kind: Kind, seed: int) -> set[int]:
    rng = np.random.default_rng([seed, crc32(kind.name.encode()), kind.variants, 2])
    count = round(UNSORTED_PART * kind.variants)
    return {int(number) for number in rng.permutation(kind.variants)[:count]}


def _meaningless_names(seed: int) -> Iterator[str]:
    """Names as recorders and people in a hurry give them, none twice, in an order that gives nothing away."""
    rng = np.random.default_rng([seed, 3])
    numbers = rng.permutation(200)
    for number in numbers:
        yield (f"take_{number:03d}", f"ZOOM{number:04d}", f"Untitled {number}", f"rec{number:03d}_final")[number % 4]


# --- files ------------------------------------------------------------------------------------------------------------


def _as_recorded(sound: Sound, rng: Generator) -> tuple[NDArray[np.float32], int, str]:
    """The sound in one of the formats of a real collection: (channels, samples), its rate, and `wav` or `flac`."""
    rate_hz = int(rng.choice([RATE_HZ, 22_050, 48_000], p=[0.78, 0.15, 0.07]))
    channels = _stereo(sound.samples, rng) if rng.random() < 0.06 else sound.samples[None]
    if rate_hz != sound.sample_rate_hz:
        peak = np.abs(channels).max()
        channels = signal.resample_poly(channels.astype(np.float64), rate_hz, sound.sample_rate_hz, axis=1)
        channels *= peak / np.abs(channels).max()
    packed = rng.random() < (0.95 if len(sound.samples) > 2 * sound.sample_rate_hz else 0.3)  # people pack what is long
    return channels.astype(np.float32), rate_hz, "flac" if packed else "wav"


def _stereo(samples: NDArray[np.float32], rng: Generator) -> NDArray[np.float32]:
    """The sound a little to one side: the far ear hears it up to 0.6 ms later and 6 dB softer."""
    late = int(rng.integers(5, 26))
    far = np.concatenate([np.zeros(late, np.float32), samples[:-late]]) * np.float32(rng.uniform(0.5, 0.8))
    return np.stack([samples, far] if rng.random() < 0.5 else [far, samples])


def _csv(header: Sequence[str], rows: Sequence[tuple[str | float, ...]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([tuple(header), *rows])
    return text.getvalue().encode()


def _write(path: Path, data: bytes) -> None:
    """Puts the bytes at the path unless they are there, by way of a file beside it: none is ever seen half written."""
    if path.is_file() and path.read_bytes() == data:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".making-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(data)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
