"""Sounds whose numbers are known by hand, and files of them in any format that FFmpeg writes."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

RATE_HZ = 32_000  # what the built-in ears and the meters listen at


def sine(hz: float, seconds: float, rate_hz: int = RATE_HZ, amplitude: float = 0.5) -> np.ndarray:
    """A tone, float32 (n_samples,)."""
    t = np.arange(round(seconds * rate_hz)) / rate_hz
    return (amplitude * np.sin(2 * np.pi * hz * t)).astype(np.float32)


def noise(seconds: float, rate_hz: int = RATE_HZ, amplitude: float = 0.3, seed: int = 0) -> np.ndarray:
    """White noise, even between plus and minus `amplitude`."""
    rng = np.random.default_rng(seed)
    return rng.uniform(-amplitude, amplitude, round(seconds * rate_hz)).astype(np.float32)


def silence(seconds: float, rate_hz: int = RATE_HZ) -> np.ndarray:
    """Nothing but zeros."""
    return np.zeros(round(seconds * rate_hz), np.float32)


def clicks(per_s: float, seconds: float, rate_hz: int = RATE_HZ) -> np.ndarray:
    """Bursts of noise of 5 ms, the first a quarter of a period after the start."""
    wave, burst = silence(seconds, rate_hz), noise(0.005, rate_hz, 0.8)
    period = rate_hz / per_s
    for start in np.arange(period / 4, len(wave) - len(burst), period).astype(int):
        wave[start : start + len(burst)] = burst
    return wave


def cut(wave: np.ndarray, size: int) -> list[np.ndarray]:
    """The same sound in blocks of a size, along its last axis."""
    return [wave[..., start : start + size] for start in range(0, wave.shape[-1], size)]


def write_sound(path: Path, sound: np.ndarray, rate_hz: int = RATE_HZ, codec: str = "pcm_s16le") -> Path:
    """A file of a sound, float32 (n_samples,) or (n_channels, n_samples); its ending says the container."""
    path.parent.mkdir(parents=True, exist_ok=True)
    channels = np.atleast_2d(sound)
    layout = {1: "mono", 2: "stereo", 3: "2.1", 4: "quad", 6: "5.1"}[len(channels)]
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(channels, np.float32), "fltp", layout)
    frame.sample_rate, frame.pts, frame.time_base = rate_hz, 0, Fraction(1, rate_hz)
    with av.open(str(path), "w") as out:
        stream: Any = out.add_stream(codec, rate=rate_hz, layout=layout)
        stream.codec_context.format = kind = stream.codec_context.codec.audio_formats[0].name
        resampler = av.AudioResampler(kind, layout, rate_hz, frame_size=stream.codec_context.frame_size or 1024)
        for piece in (
            *resampler.resample(frame),
            *resampler.resample(None),
            None,
        ):  # None: what the encoder still holds
            for packet in stream.encode(piece):
                out.mux(packet)
    return path
