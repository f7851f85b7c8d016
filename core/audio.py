"""From a file to samples: decode anything that FFmpeg knows, mix to mono, resample, cut into windows, hash.

Knows nothing of libraries or models. Long files are read block by block, so that memory does not grow with length.
"""

import hashlib
import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import av
import numpy as np
import soxr
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Disposition
from numpy.typing import NDArray

from core.errors import AudioError, CancelledError
from core.records import Samples

BLOCK_S = 10.0  # seconds read at a time; long enough to be efficient, 3.8 MB at 48 kHz stereo
HASH_CHUNK = 1 << 20  # bytes
MIN_RATE_HZ = 500  # a header that claims 1 Hz would turn a small file into hours of sound
MAX_RATE_HZ = 768_000  # the highest rate any converter offers; a header that claims more is damaged
SHORTEST_LEAD_S = 0.05  # less is the padding of a codec
CANCELLED = 0.001  # a mix with less than this share of its loudest channel's energy has cancelled itself (-30 dB)
LOUDEST = 1000.0  # of full scale, 60 dB over it; a float file that says more is damaged there
LISTS = frozenset({"concat", "dash", "hls", "imf", "sdp"})  # these only name other files; their hash means nothing
CLOCK = re.compile(r"(\d{1,6}):(\d\d):(\d\d(?:\.\d+)?)")
FULL_SCALE = {"u8": 128.0, "s16": 32768.0, "s32": 2147483648.0, "s64": 9223372036854775808.0}

AttachedPic = Disposition.attached_pic

Channels = NDArray[np.float32]
"""Sound at its own rate, shape (n_channels, n_samples), in [-1, 1]."""

av.logging.set_level(av.logging.PANIC)  # FFmpeg's own lines would go to stderr, into the middle of a progress bar


class Source:
    """A file opened for listening. `damaged` counts what could not be decoded, or has another rate, and is left out.

    Closes itself when it was read to the end; use it as a context manager where that is not sure.
    """

    def __init__(self, name: str, container: InputContainer, stream: AudioStream) -> None:
        self.name = name
        self.sample_rate_hz: int = stream.rate
        self.channels: int = stream.channels
        self.codec: str = stream.codec_context.name
        self.container: str = container.format.name
        self.declared_s = max(0.0, (container.duration or 0) / av.time_base)
        """How long the file says it is, 0 where it does not; good for a progress bar, not to be relied on."""
        self.sound_s = _told_s(container, stream) if container.streams.video else 0.0
        """How long a video says that this stream of it is, 0 where it does not: less was cut off."""
        self.has_picture = any(AttachedPic not in each.disposition for each in container.streams.video)
        """Whether it is a video; the cover of a record is none."""
        self.damaged = 0
        self._container, self._stream = container, stream

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._container.close()

    def blocks(self) -> Iterator[Channels]:
        """The sound in blocks of about `BLOCK_S` seconds at its own rate, in order; can be walked once.

        Raises AudioError when the file holds no sound that can be decoded.
        """
        with self._container:
            blocks = _joined(self._channels(), round(BLOCK_S * self.sample_rate_hz))
            first = next(blocks, None)
            if first is None:
                raise AudioError(self.name, f"no sound could be decoded ({self.codec}); convert it or remove it")
            yield from self._lead_in()
            yield self._clean(first)
            yield from map(self._clean, blocks)

    def _channels(self) -> Iterator[Channels]:
        """The samples of every frame that can be decoded."""
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets, None)
            except av.error.FFmpegError:  # the container itself breaks off here: what came before still counts
                self.damaged += 1
                return
            if packet is None:
                return
            try:
                frames = packet.decode()
            except av.error.FFmpegError:
                self.damaged += 1
                continue
            for frame in frames:
                if frame.sample_rate == self.sample_rate_hz:
                    yield _as_channels(frame, self.channels)
                else:  # a stream that changes its rate in the middle is not one sound; its first rate decides
                    self.damaged += 1

    def _lead_in(self) -> Iterator[Channels]:
        """Silence for as long as a video runs before its sound begins, so that seconds are those of the player."""
        stream, container = self._stream, self._container
        if not container.streams.video or stream.start_time is None or stream.time_base is None:
            return
        late_s = float(stream.start_time * stream.time_base) - (container.start_time or 0) / av.time_base
        length_s = (container.duration or 0) / av.time_base
        if SHORTEST_LEAD_S < late_s < length_s:
            yield np.zeros((self.channels, round(late_s * self.sample_rate_hz)), np.float32)

    def _clean(self, block: Channels) -> Channels:
        """Float files may hold NaN, infinity or what is no sound; one such sample would spoil every statistic of it."""
        if np.abs(block).max(initial=0.0) <= LOUDEST:  # false for NaN as well
            return block
        self.damaged += 1
        return np.where(np.abs(block) <= LOUDEST, block, np.nan_to_num(np.sign(block)))


def open_source(path: Path, track: int = 1) -> Source:
    """A file ready to be read. track: which of its sound streams, counted from 1.

    Raises AudioError with the reason when there is none.
    """
    container = open_container(path)
    problem = _why_unusable(container, track)
    if problem:
        container.close()
        raise AudioError(path.name, problem)
    return Source(path.name, container, container.streams.audio[track - 1])


def open_container(path: Path) -> InputContainer:
    """A file with all its streams, read from the disk alone. Raises AudioError with the reason when it cannot be."""
    try:
        return av.open(str(path), metadata_errors="ignore", options={"protocol_whitelist": "file"})
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise AudioError(path.name, _why_unreadable(path, error)) from error


def stretch(path: Path, sample_rate_hz: int, start_s: float = 0.0, end_s: float | None = None) -> Iterator[Samples]:
    """A file, or the part of it between two seconds, as mono blocks at the rate that is asked for.

    Raises AudioError when nothing can be decoded or the part lies outside of the sound.
    """
    if start_s < 0 or (end_s is not None and end_s <= start_s):
        end = "the end" if end_s is None else f"{end_s:g} s"
        raise AudioError(path.name, f"the part from {start_s:g} s to {end} is empty; give a start before the end")
    first = round(start_s * sample_rate_hz)
    last = None if end_s is None else round(end_s * sample_rate_hz)
    with open_source(path) as source:
        whole = resampled(map(mono, source.blocks()), source.sample_rate_hz, sample_rate_hz)
        position = 0
        for block in whole:
            part = block[max(0, first - position) : None if last is None else max(0, last - position)]
            position += len(block)
            if len(part):
                yield part
            if last is not None and position >= last:
                return
    if position <= first:
        length_s = position / sample_rate_hz
        raise AudioError(path.name, f"is {length_s:.1f} s long, so there is nothing at {start_s:g} s; start earlier")


def decode(path: Path, sample_rate_hz: int, start_s: float = 0.0, end_s: float | None = None) -> Samples:
    """All of `stretch` at once: float32 (n_samples,)."""
    return np.concatenate(list(stretch(path, sample_rate_hz, start_s, end_s)))


def digest(path: Path, sample_rate_hz: int, longest_s: float | None, duration_s: float) -> Samples:
    """All of a sound, or of a longer one than `longest_s` a third each from its beginning, middle and end, joined.

    The whole file is read, in blocks; only what is kept takes memory. duration_s: how long the sound is.
    """
    if longest_s is None or duration_s <= longest_s:
        return decode(path, sample_rate_hz)
    size, total = round(longest_s * sample_rate_hz / 3), round(duration_s * sample_rate_hz)
    kept, position = [], 0
    for block in stretch(path, sample_rate_hz):
        for start in (0, (total - size) // 2, total - size):
            part = block[max(0, start - position) : max(0, start + size - position)]
            if len(part):
                kept.append(part.copy())  # a part alone, even an empty one, would hold on to its whole block
        position += len(block)
    return np.concatenate(kept)


def mono(block: Channels) -> Samples:
    """The mean of the channels; where they cancel each other (one of them inverted), the loudest of them."""
    mixed: Samples = block[0] if len(block) == 1 else block.mean(axis=0, dtype=np.float32)
    if len(block) == 1:
        return mixed
    energies = np.einsum("cn,cn->c", block, block)
    if float(mixed @ mixed) < CANCELLED * float(energies.max()):
        loudest: Samples = block[int(energies.argmax())]
        return loudest
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
    """The same sound at another rate, block by block; where no sample would be left of it, one of silence."""
    resampler = Resampler(from_hz, to_hz)
    n_samples = 0
    for block in blocks:
        part = resampler.push(block)
        n_samples += len(part)
        yield part
    rest = resampler.finish()
    yield rest if n_samples + len(rest) else np.zeros(1, np.float32)


def count_windows(n_samples: int, window: int, hop: int) -> int:
    """How many windows cover a sound: one for a short sound, else enough that the last one reaches its end."""
    return max(1, math.ceil((n_samples - window) / hop) + 1)


def windows(blocks: Iterator[Samples], window: int, hop: int) -> Iterator[Samples]:
    """Windows of `window` samples, one every `hop`, over a sound that comes in blocks; the last ends with the sound.

    So a long sound has no short window at its end, which would look like a short sound. There are `count_windows` of
    them, they begin at `window_start`, and it does not matter how the sound was cut into blocks.
    """
    before = held = np.zeros(0, np.float32)
    for block in blocks:
        held = np.concatenate([held, block])
        while len(held) > window:
            yield held[:window]
            before, held = held[:hop], held[hop:]
    # What is held beyond window - hop samples was not given yet; of a sound that fits one window, nothing was.
    if not len(before) or len(held) > window - hop:
        yield np.concatenate([before, held])[-window:]


def window_start(index: int, n_samples: int, window: int, hop: int) -> int:
    """The sample at which a window begins."""
    return min(index * hop, max(0, n_samples - window))


def content_hash(path: Path, stopped: Callable[[], bool] = lambda: False) -> str:
    """SHA-256 of the bytes of a file, in hex: what makes a sound the same sound.

    Raises CancelledError soon after `stopped` says so.
    """
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for chunk in iter(lambda: file.read(HASH_CHUNK), b""):
            if stopped():
                raise CancelledError(f"{path.name} was not read to its end")
            digest.update(chunk)
    return digest.hexdigest()


def _told_s(container: InputContainer, stream: AudioStream) -> float:
    """How long a stream says that it is, 0 where it does not. Matroska has but a tag of when it ends."""
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    tags = (said for name, said in stream.metadata.items() if name.upper().startswith("DURATION"))
    clock = next(filter(None, map(CLOCK.match, tags)), None)
    if clock is None:
        return 0.0
    return int(clock[1]) * 3600 + int(clock[2]) * 60 + float(clock[3]) - (container.start_time or 0) / av.time_base


def _joined(parts: Iterator[Channels], wanted: int) -> Iterator[Channels]:
    """Parts joined into blocks of at least `wanted` samples, but for the last."""
    held: list[Channels] = []
    n_held = 0
    for part in parts:
        held.append(part)
        n_held += part.shape[1]
        if n_held >= wanted:
            yield np.concatenate(held, axis=1)
            held, n_held = [], 0
    if n_held:
        yield np.concatenate(held, axis=1)


def _as_channels(frame: AudioFrame, n_channels: int) -> Channels:
    """A frame as float32 in [-1, 1], shape (n_channels, n_samples); missing channels repeat the first."""
    if frame.format.name == "s64":  # PyAV makes no array of it
        count = frame.samples * frame.layout.nb_channels
        samples: NDArray[Any] = np.frombuffer(memoryview(frame.planes[0]), np.int64, count)
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


def _why_unusable(container: InputContainer, track: int) -> str:
    if container.format.name in LISTS:
        return "is a list of other files, not a sound; add those files"
    if not container.streams.audio:
        return "holds no sound stream; convert it or leave it out"
    n_tracks = len(container.streams.audio)
    if not 1 <= track <= n_tracks:
        held = "one sound track" if n_tracks == 1 else f"{n_tracks} sound tracks"
        return f"holds {held}, and no track {track}; choose {'track 1' if n_tracks == 1 else f'from 1 to {n_tracks}'}"
    stream = container.streams.audio[track - 1]
    if stream.codec_context is None:
        return "its sound is in a format that cannot be decoded; convert it or remove it"
    if not MIN_RATE_HZ <= stream.rate <= MAX_RATE_HZ:
        return f"its header is damaged (sample rate {stream.rate}); convert it or remove it"
    return ""


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
