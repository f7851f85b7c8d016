"""When a component sounds within its window, by its level alone: taken apart, it is quiet where it is not heard."""

import numpy as np

from core.records import Samples

FRAME_S = 0.016
SMOOTH = 7  # frames, a tenth of a second
FALLEN_DB = 10.0  # below its loudest a component is no longer heard
STANDS_OUT_DB = 6.0  # between its quietest and its loudest; with less it goes on all the while
PAUSE_S = 0.5  # a shorter one is none
SHORTEST_S = 0.1
QUIET, LOUD = 10, 98  # percentiles of the level
SILENCE = 1e-10  # of the power, -100 dB


def stretches(samples: Samples, sample_rate_hz: int) -> list[tuple[float, float]]:
    """From when to when a component sounds, in seconds from its start, in order; all of it where its level stays."""
    from scipy.ndimage import uniform_filter1d  # half a second to import, which commands that hear nothing do without

    length_s = len(samples) / sample_rate_hz
    size = max(1, round(FRAME_S * sample_rate_hz))
    n_frames = len(samples) // size
    if n_frames < SMOOTH:
        return [(0.0, length_s)]
    power = np.square(samples[: n_frames * size], dtype=np.float64).reshape(n_frames, size).mean(axis=1)
    level_db = 10 * np.log10(uniform_filter1d(power, SMOOTH) + SILENCE)
    quiet_db, loud_db = np.percentile(level_db, QUIET), np.percentile(level_db, LOUD)
    if loud_db - quiet_db < STANDS_OUT_DB:
        return [(0.0, length_s)]
    edge_db = max(loud_db - FALLEN_DB, quiet_db + STANDS_OUT_DB / 2)
    joined: list[tuple[float, float]] = []
    for first, last in _runs(level_db > edge_db):
        start_s, end_s = first * size / sample_rate_hz, last * size / sample_rate_hz
        if joined and start_s - joined[-1][1] < PAUSE_S:
            joined[-1] = (joined[-1][0], end_s)
        else:
            joined.append((start_s, end_s))
    return [each for each in joined if each[1] - each[0] >= SHORTEST_S]


def _runs(sounds: np.ndarray) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], sounds, [False]]).astype(np.int8)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))
