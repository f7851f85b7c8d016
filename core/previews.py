"""Short previews of sounds, small enough that thousands fit into one page. Knows nothing of pages or of libraries."""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Any

import av
import numpy as np

from core.ahead import ahead
from core.audio import mono, open_source, resampled
from core.errors import AudioError
from core.records import Samples

RATE_HZ = 24_000  # Opus carries 12 kHz of it; enough to tell two cymbals apart
BITS_PER_S = 24_000
PREVIEW_S = 1.5
SEARCHED_S = 120.0  # the loudest part is looked for in the first two minutes; an archive of hours would take as long
STEP_S = 0.05
LEAD_S = 0.05  # before the loudest part, so that no attack is cut
FADE_S = 0.01
PEAK = 0.7  # -3 dB of full scale: what comes of every preview, so that the next one never startles
MOST_GAIN = 10.0  # a hum at -60 dB stays quiet
MOST_THREADS = 8
AHEAD = 32  # previews made before the first is taken


def previews(paths: Sequence[Path | None]) -> Iterator[bytes]:
    """The previews of some files in their order, empty for None and for a file that cannot be heard (any more).

    Made in a thread for each processor, a few ahead of who takes them; what is not taken is not made.
    """
    with ThreadPoolExecutor(min(os.cpu_count() or 1, MOST_THREADS), "preview") as threads:
        begun: Iterator[Future[bytes]] = (threads.submit(_preview_or_nothing, path) for path in paths)
        try:
            yield from ahead(begun, AHEAD)
        finally:
            threads.shutdown(wait=False, cancel_futures=True)


def preview(path: Path) -> bytes:
    """The loudest second and a half of a file as Ogg with Opus, mono, about 4.5 kB; the whole of a shorter one.

    Its peak is brought to -3 dB, but by 20 dB at the most. Of a long file the first two minutes are searched.
    Raises AudioError when the file holds no sound that can be decoded.
    """
    samples, rate_hz = _beginning(path)
    start = _loudest(samples, rate_hz)
    part = samples[start : start + round(PREVIEW_S * rate_hz)]
    return _encoded(_finished(np.concatenate(list(resampled(iter([part]), rate_hz, RATE_HZ)))))


def _preview_or_nothing(path: Path | None) -> bytes:
    try:
        return preview(path) if path is not None else b""
    except (AudioError, OSError):
        return b""


def _beginning(path: Path) -> tuple[Samples, int]:
    """The first two minutes at their own rate, which comes with them: only what is kept of them is resampled."""
    blocks, n_samples = [], 0
    with open_source(path) as source:
        for block in source.blocks():
            blocks.append(mono(block))
            n_samples += len(blocks[-1])
            if n_samples >= SEARCHED_S * source.sample_rate_hz:
                break
    return np.concatenate(blocks), source.sample_rate_hz


def _loudest(samples: Samples, rate_hz: int) -> int:
    """Where to begin: of the windows with nearly the most energy the last, which begins where the sound does."""
    step, size = round(STEP_S * rate_hz), round(PREVIEW_S * rate_hz)
    if len(samples) <= size:
        return 0
    energies = np.add.reduceat(np.square(samples), np.arange(0, len(samples), step), dtype=np.float64)
    sums = np.concatenate([[0.0], np.cumsum(energies)])
    per_window = size // step
    windows = sums[per_window:] - sums[:-per_window]
    first = int(np.flatnonzero(windows >= 0.98 * windows.max())[-1]) * step
    return max(0, min(first - round(LEAD_S * rate_hz), len(samples) - size))


def _finished(samples: Samples) -> Samples:
    """The same part at an even level, without clicks at its ends."""
    peak = float(np.abs(samples).max(initial=0.0))
    finished: Samples = samples * np.float32(min(MOST_GAIN, PEAK / peak) if peak else 1.0)
    n = min(round(FADE_S * RATE_HZ), len(samples) // 2)
    ramp = np.linspace(0.0, 1.0, n, endpoint=False, dtype=np.float32)
    finished[:n] *= ramp
    finished[len(finished) - n :] *= ramp[::-1]
    return finished


def _encoded(samples: Samples) -> bytes:
    buffer = BytesIO()
    with av.open(buffer, "w", format="ogg", container_options={"fflags": "+bitexact"}) as out:
        stream: Any = out.add_stream("libopus", rate=RATE_HZ, layout="mono")
        stream.bit_rate = BITS_PER_S
        stream.options = {"frame_duration": "60", "compression_level": "3"}  # long frames spare a fifth of the bytes
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples[None]), format="flt", layout="mono")
        frame.sample_rate = RATE_HZ
        for packet in (*stream.encode(frame), *stream.encode(None)):
            out.mux(packet)
    return buffer.getvalue()
