"""From a file of the library to a file that any browser can play, with its media type. Knows nothing of HTTP.

Most files are played as they are. Others are decoded to a WAV once, kept in a cache that may be deleted at any time.
"""

import hashlib
import logging
import os
import threading
import wave
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from weakref import WeakValueDictionary

import numpy as np

from core.audio import Channels, Source, open_source
from core.errors import AudioError

log = logging.getLogger(__name__)

CACHE_BYTES = 2 << 30  # the oldest WAV files go when the cache grows over this
WAV_BYTES = (1 << 32) - 4096  # a WAV counts its bytes in 32 bits

# What the audio element of today's Chrome, Firefox and Safari plays, as container -> codecs; all else is sent as WAV.
PLAYED: dict[str, tuple[str, tuple[str, ...]]] = {
    "wav": ("audio/wav", ("pcm_u8", "pcm_s16le", "pcm_s24le", "pcm_f32le")),
    "mp3": ("audio/mpeg", ("mp3", "mp3float")),
    "flac": ("audio/flac", ("flac",)),
    "ogg": ("audio/ogg", ("vorbis", "opus", "libopus", "libvorbis")),
    "aac": ("audio/aac", ("aac",)),
    "mov,mp4,m4a,3gp,3g2,mj2": ("audio/mp4", ("aac", "mp3", "mp3float")),
}

_being_made: WeakValueDictionary[Path, threading.Lock] = WeakValueDictionary()
_looking = threading.Lock()
_pruning = threading.Lock()


@dataclass(frozen=True, slots=True)
class Playable:
    """A file and what a browser is to take it for."""

    path: Path
    media_type: str


def playable(path: Path, cache: Path) -> Playable:
    """The file itself if browsers play it, else a WAV of its sound in `cache`, made on the first call.

    Raises AudioError if it holds no sound.
    """
    source = open_source(path)
    media_type, codecs = PLAYED.get(source.container, ("", ()))
    if source.codec in codecs:
        return Playable(path, media_type.replace("audio/", "video/") if source.has_picture else media_type)
    return Playable(_wav_of(path, source, cache), "audio/wav")


def _wav_of(path: Path, source: Source, cache: Path) -> Path:
    stat = path.stat()
    name = hashlib.sha256(f"{path}\0{stat.st_size}\0{stat.st_mtime_ns}".encode()).hexdigest()[:32]
    target = cache / f"{name}.wav"
    with _lock_of(target):
        with suppress(FileNotFoundError):
            os.utime(target)  # what was asked for last is kept longest
            return target
        cache.mkdir(parents=True, exist_ok=True)
        part = target.with_suffix(f".{os.getpid()}.part")
        try:
            _write_wav(source, part)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
        log.info("%s (%s, %s) made playable", path.name, source.container, source.codec)
    with _pruning:
        _prune(cache, keep=target)
    return target


def _lock_of(target: Path) -> threading.Lock:
    """One lock for all who want the same file; it is gone when nobody does."""
    with _looking:
        return _being_made.setdefault(target, threading.Lock())


def _write_wav(source: Source, target: Path) -> None:
    """16-bit samples at the sound's own rate; more than two channels are mixed to one."""
    channels = source.channels if source.channels <= 2 else 1
    written = 0
    with target.open("wb") as file, wave.open(file, "wb") as wav:
        wav.setnchannels(channels)
        wav.setsampwidth(2)
        wav.setframerate(source.sample_rate_hz)
        for block in source.blocks():
            samples = _as_int16(block, channels)
            written += len(samples)
            if written > WAV_BYTES:
                raise AudioError(source.name, "is too long to be played here; open it in another program")
            wav.writeframesraw(samples)


def _as_int16(block: Channels, channels: int) -> bytes:
    kept = block if len(block) == channels else block.mean(axis=0, keepdims=True)
    scaled = np.clip(np.rint(kept * 32768.0), -32768, 32767).astype("<i2")
    return bytes(scaled.T.tobytes())


def _prune(cache: Path, keep: Path) -> None:
    files = sorted(cache.glob("*.wav"), key=lambda file: file.stat().st_mtime, reverse=True)
    total = 0
    for file in files:
        total += file.stat().st_size
        if total > CACHE_BYTES and file != keep:
            file.unlink(missing_ok=True)
