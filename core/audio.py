"""From a file to samples: decode anything that FFmpeg knows, mix to mono, resample, cut into windows, hash.

Knows nothing of libraries or models. Long files are read block by block, so that memory does not grow with length.
"""

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
import numpy as np
import soxr
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from numpy.typing import NDArray

from core.errors import AudioError
from core.records import Samples

BLOCK_S = 10.0  # seconds read at a time; long enough to be efficient, 3.8 MB at 48 kHz stereo
HASH_CHUNK = 1 << 20  # bytes
MAX_RATE_HZ = 768_000  # the highest rate any converter offers; a header that claims more is damaged
FULL_SCALE = {"u8": 128.0, "s16": 32768.0, "s32": 2147483648.0, "s64": 9223372036854775808.0}

Channels = NDArray[np.float32]
"""Sound at its own rate, shape (n_channels, n_samples), in [-1, 1]."""

av.logging.set_level(av.logging.PANIC)  # FFmpeg's own lines would go to stderr, into the middle of a progress bar


@dataclass(slots=True)
class Source:
    """A file opened for listening. `damaged` counts the packets that could not be decoded and were left out."""

    name: str
    sample_rate_hz: int
    channels: int
    codec: str
    container: str
    damaged: int = 0
    _blocks: Iterator[Channels] = field(default_factory=lambda: iter(()), repr=False)

    def blocks(self) -> Iterator[Channels]:
        """The sound in blocks of about `BLOCK_S` seconds at its own rate, in order; can be walked once.

        Raises AudioError when the file holds no sound that can be decoded.
        """
        return self._blocks


def open_source(path: Path) -> Source:
    """A file ready to be read; its first sound stream counts. Raises AudioError with the reason when there is none."""
    try:
        container = av.open(str(path), metadata_errors="ignore")
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise AudioError(path.name, _why_unreadable(path, error)) from error
    if not container.streams.audio:
        container.close()
        raise AudioError(path.name, "holds no sound stream; convert it or leave it out")
    stream = container.streams.audio[0]
    if not 0 < stream.rate <= MAX_RATE_HZ or stream.codec_context is None:
        container.close()
        raise AudioError(path.name, f"its header is damaged (sample rate {stream.rate}); convert it or remove it")
    source = Source(path.name, stream.rate, stream.channels, stream.codec_context.name, container.format.name)
    source._blocks = _read_blocks(container, stream, source)
    return source


def decode(path: Path, sample_rate_hz: int, start_s: float = 0.0, end_s: float | None = None) -> Samples:
    """A file, or the stretch of it between two seconds, as mono samples at the rate that is asked for.

    Raises AudioError when nothing can be decoded or the stretch lies outside of the sound.
    """
    if start_s < 0 or (end_s is not None and end_s <= start_s):
        end = "the end" if end_s is None else f"{end_s:g} s"
        raise AudioError(path.name, f"the part from {start_s:g} s to {end} is empty; give a start before the end")
    source = open_source(path)
    first = round(start_s * sample_rate_hz)
    last = None if end_s is None else round(end_s * sample_rate_hz)
    parts, position = [], 0
    for part in resampled(map(mono, source.blocks()), source.sample_rate_hz, sample_rate_hz):
        parts.append(part[max(0, first - position) : None if last is None else max(0, last - position)])
        position += len(part)
        if last is not None and position >= last:
            break
    samples = np.concatenate(parts) if parts else np.zeros(0, np.float32)
    if not len(samples):
        length_s = position / sample_rate_hz
        raise AudioError(path.name, f"is {length_s:.1f} s long, so there is nothing at {start_s:g} s; start earlier")
    return samples


def mono(block: Channels) -> Samples:
    """The mean of the channels."""
    mixed: Samples = block[0] if len(block) == 1 else block.mean(axis=0, dtype=np.float32)
    return mixed


class Resampler:
    """Turns mono blocks of one rate into blocks of another, without seams (soxr, high quality)."""

    def __init__(self, from_hz: int, to_hz: int) -> None:
        same = from_hz == to_hz
        self._stream = None if same else soxr.ResampleStream(from_hz, to_hz, 1, dtype="float32", quality="HQ")

    def push(self, block: Samples) -> Samples:
        """What the next block adds; it may be empty."""
        return block if self._stream is None else self._stream.resample_chunk(block)

    def finish(self) -> Samples:
        """What was still held back."""
        rest = np.zeros(0, np.float32)
        return rest if self._stream is None else self._stream.resample_chunk(rest, last=True)


def resampled(blocks: Iterator[Samples], from_hz: int, to_hz: int) -> Iterator[Samples]:
    """The same sound at another rate, block by block."""
    resampler = Resampler(from_hz, to_hz)
    for block in blocks:
        yield resampler.push(block)
    yield resampler.finish()


def count_windows(n_samples: int, window: int, hop: int) -> int:
    """How many windows cover a sound: one for a short sound, else enough that the last one reaches its end."""
    return max(1, math.ceil((n_samples - window) / hop) + 1)


def windows(blocks: Iterator[Samples], window: int, hop: int) -> Iterator[Samples]:
    """Windows of `window` samples, one every `hop`, over a sound that comes in blocks; the last one may be shorter.

    The number of windows is `count_windows` of the whole length, however the sound was cut into blocks.
    """
    held = np.zeros(0, np.float32)
    given = False
    for block in blocks:
        held = np.concatenate([held, block])
        while len(held) > window:
            yield held[:window]
            held = held[hop:]
            given = True
    # What is left reaches past the last window given, except where hop samples were all that was new.
    if not given or len(held) > window - hop:
        yield held


def content_hash(path: Path) -> str:
    """SHA-256 of the bytes of a file, in hex: what makes a sound the same sound."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for chunk in iter(lambda: file.read(HASH_CHUNK), b""):
            digest.update(chunk)
    return digest.hexdigest()


def _read_blocks(container: InputContainer, stream: AudioStream, source: Source) -> Iterator[Channels]:
    """Frames joined into blocks of even length. A packet that cannot be decoded is counted and left out."""
    wanted = round(BLOCK_S * source.sample_rate_hz)
    held: list[Channels] = []
    n_held = n_total = 0
    with container:
        for frame in _frames(container, stream, source):
            samples = _as_channels(frame, source.channels)
            held.append(samples)
            n_held += samples.shape[1]
            n_total += samples.shape[1]
            if n_held >= wanted:
                yield _clean(np.concatenate(held, axis=1), source)
                held, n_held = [], 0
    if not n_total:
        raise AudioError(source.name, f"no sound could be decoded ({source.codec}); convert it or remove it")
    if n_held:
        yield _clean(np.concatenate(held, axis=1), source)


def _frames(container: InputContainer, stream: AudioStream, source: Source) -> Iterator[AudioFrame]:
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except av.error.FFmpegError:  # the container itself breaks off here: what came before still counts
            source.damaged += 1
            return
        if packet is None:
            return
        try:
            frames = packet.decode()
        except av.error.FFmpegError:
            source.damaged += 1
            continue
        # A stream that changes its rate in the middle cannot be one sound; its first rate decides what is kept.
        yield from (frame for frame in frames if frame.sample_rate == source.sample_rate_hz)


def _as_channels(frame: AudioFrame, n_channels: int) -> Channels:
    """A frame as float32 in [-1, 1], shape (n_channels, n_samples); missing channels repeat the first."""
    if frame.format.name == "s64":  # PyAV makes no array of it
        samples: NDArray[Any] = np.frombuffer(memoryview(frame.planes[0]), np.int64, frame.samples * frame.layout.nb_channels)
    else:
        samples = frame.to_ndarray()
    if not frame.format.is_planar:
        samples = samples.reshape(-1, frame.layout.nb_channels).T
    kind = frame.format.name.rstrip("p")
    if kind in FULL_SCALE:
        centred = samples.astype(np.float32) - (128.0 if kind == "u8" else 0.0)
        samples = centred / np.float32(FULL_SCALE[kind])
    if len(samples) != n_channels:
        samples = samples[np.minimum(np.arange(n_channels), len(samples) - 1)]
    return samples.astype(np.float32, copy=False)


def _clean(block: Channels, source: Source) -> Channels:
    """Float files may hold NaN or infinity; one such sample would spoil every statistic of the sound."""
    if np.isfinite(block).all():
        return block
    source.damaged += 1
    return np.nan_to_num(block, nan=0.0, posinf=1.0, neginf=-1.0)


def _why_unreadable(path: Path, error: Exception) -> str:
    if not path.exists():
        return "does not exist; check the path"
    if path.is_dir():
        return "is a folder, not a sound; name a file in it"
    if path.stat().st_size == 0:
        return "is empty (0 bytes); copy it again or remove it"
    if isinstance(error, PermissionError):
        return "may not be read; change its permissions"
    return "is not a sound or video file that can be read; convert it or remove it"
