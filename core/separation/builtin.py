"""The separator that comes with the program: what lasts from what strikes, and in each what the ears can name.

Harmonic and percussive by median filters (Fitzgerald 2010; Driedger, Mueller and Disch 2014) with masks that add up to
one; then a few parts of each by non-negative matrix factorisation (Lee and Seung 2001, Kullback-Leibler), shared out
by Wiener masks. Parts in which the ears hear the same are joined; those that they cannot name stay unnamed together.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter
from scipy.signal import istft, stft

from core.components.hearing import heard, told
from core.one_thread import one_thread
from core.ontology import audioset
from core.records import Samples, Tag
from core.separation.base import Separator

FRAME, HOP = 2048, 512  # samples: 64 ms and 16 ms
LASTING = 31  # frames, half a second: what goes on for less is struck
BROAD = 31  # bins, 480 Hz: what is narrower is a tone
PARTS = 3  # of each half
ROUNDS = 50
SURE = 0.3  # of a name that a part gets
SEED = 0
TINY = 1e-8

HARMONIC, PERCUSSIVE = "harmonic", "percussive"

Complex = NDArray[np.complex64]
Magnitudes = NDArray[np.float32]


class BuiltinSeparator(Separator):
    """Needs nothing and understands no text: queries are left to what labels the components."""

    name = "builtin"
    sample_rate_hz: ClassVar[int] = 32_000
    chunk_s: ClassVar[float] = 10.0
    overlap_s: ClassVar[float] = 1.0

    def take_apart(self, chunk: Samples, queries: Sequence[str]) -> Mapping[str, Samples]:  # noqa: ARG002  # it understands none
        """Names are "harmonic" and "percussive" for what has no other, else with what is heard: "harmonic: Flute"."""
        with one_thread():
            spectrum = _spectrum(chunk)
            lasting = harmonic_mask(np.abs(spectrum))
            parts: dict[str, Samples] = {}
            for name, mask in ((HARMONIC, lasting), (PERCUSSIVE, 1 - lasting)):
                parts |= self._named(name, spectrum * mask, len(chunk))
        return parts

    def _named(self, half: str, spectrum: Complex, n_samples: int) -> dict[str, Samples]:
        """The parts of a half, those of one name together."""
        masks = part_masks(np.abs(spectrum))
        waves = [_wave(spectrum * mask, n_samples) for mask in masks]
        likeliest = [next(iter(told(heard(wave, self.sample_rate_hz), SURE)), None) for wave in waves]
        named: dict[str, Samples] = {}
        for wave, label in zip(waves, agreed(likeliest), strict=True):
            name = f"{half}: {label}" if label else half
            named[name] = named[name] + wave if name in named else wave
        return named


def harmonic_mask(magnitudes: Magnitudes) -> Magnitudes:
    """How much of each bin lasts, 0 to 1: float32 (n_bins, n_frames). The rest of it strikes."""
    lasting = median_filter(magnitudes, (1, LASTING), mode="reflect") ** 2
    striking = median_filter(magnitudes, (BROAD, 1), mode="reflect") ** 2
    mask: Magnitudes = ((lasting + TINY**2) / (lasting + striking + 2 * TINY**2)).astype(np.float32)
    return mask


def part_masks(magnitudes: Magnitudes, n_parts: int = PARTS) -> list[Magnitudes]:
    """Masks (n_bins, n_frames) of the parts of a sound, which add up to one; the same for the same sound."""
    rng = np.random.default_rng(SEED)
    n_bins, n_frames = magnitudes.shape
    scale = np.sqrt(magnitudes.mean() + TINY)
    spectra = (rng.uniform(0.5, 1.5, (n_bins, n_parts)) * scale).astype(np.float32)
    levels = (rng.uniform(0.5, 1.5, (n_parts, n_frames)) * scale / n_parts).astype(np.float32)
    for _ in range(ROUNDS):
        ratio = magnitudes / (spectra @ levels + TINY)
        spectra *= (ratio @ levels.T) / (levels.sum(axis=1) + TINY)
        ratio = magnitudes / (spectra @ levels + TINY)
        levels *= (spectra.T @ ratio) / (spectra.sum(axis=0)[:, None] + TINY)
    shares = [np.outer(spectra[:, part], levels[part]) + TINY for part in range(n_parts)]
    whole = np.sum(shares, axis=0)
    return [share / whole for share in shares]


def agreed(likeliest: Sequence[Tag | None]) -> list[str]:
    """A name for each part, empty where nothing is sure: of names that agree, one for all, the surest."""
    ontology, names = audioset(), list[str]()
    for tag in likeliest:
        kin = [other for other in likeliest if tag and other and ontology.related(tag.label, other.label)]
        names.append(max(kin, key=lambda other: (other.score, other.label)).label if kin else "")
    return names


def _spectrum(samples: Samples) -> Complex:
    padded = np.pad(samples, (0, max(0, FRAME - len(samples))))
    spectrum: Complex = stft(padded, nperseg=FRAME, noverlap=FRAME - HOP)[2]
    return spectrum


def _wave(spectrum: Complex, n_samples: int) -> Samples:
    wave: Samples = istft(spectrum, nperseg=FRAME, noverlap=FRAME - HOP)[1][:n_samples].astype(np.float32)
    return wave


BACKEND = BuiltinSeparator
