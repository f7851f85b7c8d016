"""Pictures of sounds as CLAP learned from them: log-mel frames of ten seconds, the same for the same sound every time.

The library that CLAP comes with cuts a random stretch out of a longer sound and marks one of a batch at random as
longer. Nothing of that happens here: a clip is never longer than a window, and a shorter one is filled up.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import UnsupportedError
from core.one_thread import one_thread
from core.records import Samples

Picture = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class FrontEnd:
    """The geometry of a checkpoint's own ClapFeatureExtractor.

    filters: float64 (n_fft // 2 + 1, n_bands). hop: samples from one frame to the next. window: samples of a picture.
    padding: how a short clip is filled up, by the names that the checkpoints use: repeat, repeatpad or pad.
    """

    filters: NDArray[np.float64]
    n_fft: int
    hop: int
    window: int
    padding: str

    @property
    def n_bands(self) -> int:
        """Bands of a picture."""
        return int(self.filters.shape[1])

    def pictures(self, clips: list[Samples]) -> list[Picture]:
        """Log-mel pictures in dB, each float32 (n_frames, n_bands), of clips of at most a window.

        Source: `ClapFeatureExtractor` of transformers (Apache-2.0): power spectra of Hann windows, centred, bands of
        Slaney's scale for checkpoints of single windows and of the HTK scale for those that were trained with fusion.
        """
        from transformers.audio_utils import spectrogram, window_function

        shape = window_function(self.n_fft, "hann")
        geometry = {"frame_length": self.n_fft, "hop_length": self.hop, "mel_filters": self.filters}
        with one_thread():  # sums in a fixed order: the processes of an ingest have one thread, a search more
            return [
                np.ascontiguousarray(
                    spectrogram(filled(clip, self.window, self.padding), shape, power=2.0, log_mel="dB", **geometry).T,
                    np.float32,
                )
                for clip in clips
            ]


def read_front_end(folder: Path, rate_hz: int, window: int, n_bands: int) -> FrontEnd:
    """The front end of the checkpoint in a folder.

    Raises UnsupportedError for one that does not make pictures of `n_bands` bands from `window` samples at `rate_hz`.
    Other errors are those of the library that reads it.
    """
    from transformers.models.clap.feature_extraction_clap import ClapFeatureExtractor

    made: Any = ClapFeatureExtractor.from_pretrained(folder, local_files_only=True)
    wanted, found = (rate_hz, window, n_bands), (made.sampling_rate, made.nb_max_samples, made.feature_size)
    if found != wanted or made.padding not in FILLING:
        told = f"{found[2]} bands, windows of {found[1]} samples at {found[0]} Hz, padding {made.padding!r}"
        needed = f"{wanted[2]} bands, {wanted[1]} samples at {wanted[0]} Hz, padding {' or '.join(FILLING)}"
        raise UnsupportedError(f"the CLAP model in {folder} hears {told}, not {needed}; choose another in EARSHOT_CLAP")
    filters = made.mel_filters if made.truncation == "fusion" else made.mel_filters_slaney
    return FrontEnd(filters, made.fft_window_size, made.hop_length, window, made.padding)


def filled(clip: Samples, n_samples: int, padding: str) -> Samples:
    """A clip brought to a length as in the training of a checkpoint, float32 (n_samples,).

    repeatpad: repeated as often as it fits in whole, then silence. repeat: repeated, then cut. pad: silence.
    """
    return FILLING[padding](clip, n_samples)


def _repeated(clip: Samples, n_samples: int) -> Samples:
    return np.tile(clip, -(-n_samples // len(clip)))[:n_samples]


def _repeated_whole(clip: Samples, n_samples: int) -> Samples:
    return _padded(np.tile(clip, n_samples // len(clip)), n_samples)


def _padded(clip: Samples, n_samples: int) -> Samples:
    return np.pad(clip, (0, n_samples - len(clip)))


FILLING = {"repeatpad": _repeated_whole, "repeat": _repeated, "pad": _padded}
