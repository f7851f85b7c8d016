"""Loudness and peak of a sound that comes in blocks, by ITU-R BS.1770-4 (gated, in LUFS)."""

from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.signal import sosfilt

from core.audio import Channels

SILENCE_LUFS = (
    -70.0
)  # the standard's absolute gate: quieter blocks do not count, a sound of only such blocks is silence
SHELF_MIN_RATE_HZ = 4000
BLOCK_STEPS = 4  # a gating block of 400 ms moves in steps of 100 ms
RELATIVE_GATE_LU = -10.0
OFFSET_LUFS = -0.691  # makes a 997 Hz sine of full scale in one channel read -3.01


class LoudnessMeter:
    """Feed it blocks, then read `integrated_lufs()` and `peak_dbfs()`."""

    def __init__(self, sample_rate_hz: int, n_channels: int) -> None:
        self._filter = k_weighting(sample_rate_hz)
        self._state = np.zeros((len(self._filter), n_channels, 2))
        self._step = max(1, round(0.1 * sample_rate_hz))
        self._weights = _channel_weights(n_channels)
        self._held = np.zeros((n_channels, 0))
        self._energies: list[NDArray[np.float64]] = []
        self._peak = 0.0

    def add(self, block: Channels) -> None:
        """The next block, at the rate and with the channels the meter was made for."""
        self._peak = max(self._peak, float(np.abs(block).max(initial=0.0)))
        weighted, self._state = sosfilt(self._filter, block, axis=1, zi=self._state)
        held = np.concatenate([self._held, weighted], axis=1)
        n_steps = held.shape[1] // self._step
        whole = held[:, : n_steps * self._step].reshape(len(held), n_steps, self._step)
        self._energies.append(self._weights @ np.einsum("cns,cns->cn", whole, whole) / self._step)
        self._held = held[:, n_steps * self._step :]

    def integrated_lufs(self) -> float:
        """Loudness of all that was added; never below -70. A sound under 400 ms counts as one block."""
        steps = np.concatenate([*self._energies, np.zeros(0)])
        if len(steps) < BLOCK_STEPS:
            blocks = np.array([self._mean_of_short(steps)])
        else:
            blocks = np.convolve(steps, np.full(BLOCK_STEPS, 1 / BLOCK_STEPS), mode="valid")
        loud = blocks[_lufs(blocks) > SILENCE_LUFS]
        if not len(loud):
            return SILENCE_LUFS
        gate = _lufs(loud.mean()) + RELATIVE_GATE_LU
        return max(SILENCE_LUFS, float(_lufs(loud[_lufs(loud) > gate].mean())))

    def peak_dbfs(self) -> float:
        """The largest sample, in dB re full scale; never below -120."""
        return float(20 * np.log10(max(self._peak, 1e-6)))

    def _mean_of_short(self, steps: NDArray[np.float64]) -> float:
        rest = self._held.shape[1]
        energy = steps.sum() * self._step + float(self._weights @ np.square(self._held).sum(axis=1))
        return float(energy / max(1, len(steps) * self._step + rest))


@cache
def k_weighting(sample_rate_hz: int) -> NDArray[np.float64]:
    """The standard's two filters (head shelf, low cut) as second-order sections for any sample rate.

    The standard gives coefficients at 48 kHz only. These are the analogue filters behind them, warped to the rate
    (bilinear transform); parameters as derived by De Man, "Evaluation of implementations of the EBU R128 loudness
    measurement", AES 145 (2018). At 48 kHz they equal the standard's table to 1e-6.
    """
    k = np.tan(np.pi * 1681.974450955533 / sample_rate_hz)
    q, gain = 0.7071752369554196, 10 ** (3.999843853973347 / 20)
    shape = gain**0.4996667741545416
    norm = 1 + k / q + k * k
    shelf = [gain + shape * k / q + k * k, 2 * (k * k - gain), gain - shape * k / q + k * k]
    shelf_poles = [norm, 2 * (k * k - 1), 1 - k / q + k * k]
    k = np.tan(np.pi * 38.13547087602444 / sample_rate_hz)
    q = 0.5003270373238773
    cut_norm = 1 + k / q + k * k
    cut_poles = [1.0, 2 * (k * k - 1) / cut_norm, (1 - k / q + k * k) / cut_norm]
    first = np.array([*shelf, *shelf_poles]) / norm
    cut = [1.0, -2.0, 1.0, *cut_poles]
    # Below this rate the shelf's corner nears half the rate: there is nothing to lift, and the filter is unstable.
    sections: NDArray[np.float64] = np.array([first, cut] if sample_rate_hz > SHELF_MIN_RATE_HZ else [cut])
    return sections


def _channel_weights(n_channels: int) -> NDArray[np.float64]:
    """Front channels count once, surround channels 1.41 times; the fourth of 5.1 is the sub, which does not count."""
    weights = np.ones(n_channels)
    if n_channels in (5, 6):
        weights[-2:] = 1.41
    if n_channels == 6:
        weights[3] = 0.0
    return weights


def _lufs(energy: NDArray[np.float64] | float) -> NDArray[np.float64]:
    lufs: NDArray[np.float64] = OFFSET_LUFS + 10 * np.log10(np.maximum(energy, 1e-12))
    return lufs
