"""Instruments that play a note or a chord: strings, keys, pipes and a toy ray gun. Each recipe gives one `Wave`.

Where a recipe takes `pitch_hz`, that is the fundamental that is heard; without it one is drawn.
"""

import numpy as np
from numpy.random import Generator
from scipy import signal

from core.demo.shaping import (
    RATE_HZ,
    Wave,
    band_pass,
    between,
    fall,
    high_pass,
    hold,
    length,
    low_pass,
    noise,
    points,
    resonate,
    room,
    saw,
    sine,
    times,
    unit,
    wander,
)


def note_hz(midi: float) -> float:
    """The pitch of a MIDI note in equal temperament, 69 being A at 440 Hz."""
    return float(440 * 2 ** ((midi - 69) / 12))


def string(rng: Generator, pitch_hz: float, seconds: float, bright: float, t60_s: float) -> Wave:
    """A plucked string: a burst of noise that goes round in a loop, and loses treble each time.

    bright: from 0 to 1. Source: Karplus and Strong 1983; loop gain and tuning after Jaffe and Smith 1983.
    """
    period = RATE_HZ / pitch_hz - 0.5  # the average of two neighbours delays by half a sample
    whole, part = int(period), period % 1.0
    gain = 10 ** (-3 / (t60_s * pitch_hz))
    back = np.zeros(whole + 3)
    back[0] = 1.0
    # two-point average (the losses) times linear interpolation (the tuning)
    back[whole : whole + 3] -= gain * np.convolve([0.5, 0.5], [1 - part, part])
    n = length(seconds)
    pluck = np.zeros(n)
    burst = low_pass(noise(rng, whole), 800 + 9000 * bright)
    pick = int(whole * rng.uniform(0.1, 0.3)) + 1  # plucked at a point: a comb takes out the modes that rest there
    pluck[:whole] = burst - np.roll(burst, pick)
    out: Wave = signal.lfilter([1.0], back, pluck)
    return out


def plucked_string(rng: Generator, pitch_hz: float | None = None) -> Wave:
    """One note of an acoustic guitar: a plucked string on a wooden body."""
    pitch = pitch_hz or note_hz(float(rng.integers(43, 68)))
    seconds = between(rng, 1.3, 2.2)
    wave = string(rng, pitch, seconds, rng.uniform(0.02, 0.3), between(rng, 5, 8))
    body = 0.5 * resonate(wave, 105, 25) + 0.5 * resonate(wave, 210, 35) + 0.3 * resonate(wave, 420, 60)
    return unit(wave + body) * hold(len(wave), 0.001, 0.2)


def bass(rng: Generator, pitch_hz: float | None = None) -> Wave:
    """One note of a bass: a thick string, or a synthesiser's sawtooth under a closing filter."""
    pitch = pitch_hz or note_hz(float(rng.integers(28, 46)))
    seconds = between(rng, 0.7, 1.6)
    n = length(seconds)
    deep = 0.5 * sine(pitch, n) * fall(n, 1.5 * seconds)
    if rng.random() < 0.5:
        wave = unit(low_pass(string(rng, pitch, seconds, 0.05 + 0.3 * rng.random(), between(rng, 2, 5)), 2500)) + deep
    else:
        teeth = saw(pitch, n) + 0.5 * saw(1.004 * pitch, n, 0.3)
        bite = fall(n, between(rng, 0.2, 0.7))
        wave = low_pass(teeth, 3.5 * pitch, 4) * (1 - 0.5 * bite) + bite * low_pass(teeth, between(rng, 900, 2500), 2)
        wave = unit(wave) * fall(n, 2 * seconds) + deep
    return wave * hold(n, 0.003, 0.12)


CHORDS = ((0, 4, 7), (0, 3, 7), (0, 4, 7, 11), (0, 3, 7, 10), (0, 5, 7), (0, 7, 12, 16))
DRAWBARS = (0.5, 1.5, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0)  # the nine feet of a Hammond, over the note


def organ_chord(rng: Generator) -> Wave:
    """A chord on a tone-wheel organ through a turning loudspeaker, with a key click."""
    seconds = between(rng, 1.5, 2.6)
    n = length(seconds)
    root = int(rng.integers(48, 62))
    chord = CHORDS[rng.integers(len(CHORDS))]
    bars = np.array([1, 0.7, 1, 0.6, 0.4, 0.35, 0.2, 0.2, 0.3]) * rng.uniform(0.3, 1.0, 9)
    turn = sine(between(rng, 5.5, 7.0), n, rng.random())
    out = np.zeros(n)
    for step in chord:
        for ratio, size in zip(DRAWBARS, bars, strict=True):
            pitch = note_hz(root + step) * ratio
            out += size * sine(pitch * (1 + 0.0025 * turn), n, rng.random())
    click = band_pass(noise(rng, n), 1000, 5000) * fall(n, 0.015)
    swell = 1 + 0.22 * turn
    return np.tanh(1.5 * (unit(out) * swell + 0.05 * click)) * hold(n, 0.006, 0.06)


def piano(rng: Generator, pitch_hz: float | None = None) -> Wave:
    """One note of a piano: stiff strings with stretched partials, two to a note, struck by a felt hammer.

    Source: Fletcher 1964, partial n at n f sqrt(1 + B n**2); each dies in two stages, Weinreich 1977.
    """
    pitch = pitch_hz or note_hz(float(rng.integers(42, 78)))
    t = times(between(rng, 1.3, 2.2))
    stiff = 2.5e-4 * (pitch / 261.6) ** 0.8
    soft = between(rng, 700, 1500)  # where the felt begins to swallow
    last = between(rng, 7, 11) * (261.6 / pitch) ** 0.5
    out = np.zeros(len(t))
    for number in range(1, min(24, int(7000 / pitch)) + 1):
        partial = number * pitch * np.sqrt(1 + stiff * number**2)
        size = np.exp(-partial / soft) * (0.15 + abs(np.sin(np.pi * number / 8))) / number**0.4  # struck at an eighth
        rate = 6.9 * (1 + 0.3 * number) / last
        envelope = 0.74 * np.exp(-rate / 0.3 * t) + 0.26 * np.exp(-rate * t)
        for tune in 1 + rng.normal(0, 0.0005, 2):
            out += size * envelope * np.sin(2 * np.pi * (partial * tune * t + rng.random()))
    wood = low_pass(noise(rng, len(t)), 350) * fall(len(t), 0.12)
    felt = band_pass(noise(rng, len(t)), 400, 2500) * fall(len(t), 0.05)
    note = (unit(out) + 0.2 * unit(wood + 0.4 * felt)) * hold(len(t), 0.003, 0.25)
    return room(note, rng, between(rng, 0.4, 0.9), 0.15)


def flute(rng: Generator) -> Wave:
    """One note of a flute: few harmonics, vibrato that comes in late, breath around the harmonics."""
    pitch = note_hz(float(rng.integers(67, 86)))
    n = length(between(rng, 1.2, 1.7))
    late = points(n, (0, 0), (0.25, 0.2), (0.6, 1), (1, 1))
    shake = sine(between(rng, 4.5, 5.6), n) * late
    moving = pitch * (1 + rng.uniform(0.004, 0.009) * shake + 0.002 * wander(rng, n, 8, -1, 1))
    moving *= 1 - 0.03 * fall(n, 0.12)
    sizes = (1.0, between(rng, 0.03, 0.1), between(rng, 0.1, 0.22), 0.006, 0.003)
    tone = np.zeros(n)
    for number, size in enumerate(sizes, start=1):
        tone += size * sine(number * moving, n, rng.random()) * (1 + 0.06 * shake)
    breath = unit(resonate(noise(rng, n), pitch, 0.25 * pitch)) + 0.5 * unit(band_pass(noise(rng, n), 1500, 7000))
    blown = unit(tone) + between(rng, 0.013, 0.03) * breath * (1 + 3 * fall(n, 0.15))
    return room(blown * hold(n, between(rng, 0.06, 0.14), 0.15), rng, between(rng, 0.5, 1.0), 0.1)


def brass(rng: Generator) -> Wave:
    """One note of a trumpet or trombone: the louder the brighter, so the index of the modulation follows the level.

    Source: Chowning 1973, brass-like tones, with the two carriers of Morrill 1977.
    """
    pitch = note_hz(float(rng.integers(54, 75)))
    seconds = between(rng, 1.0, 1.6)
    n = length(seconds)
    loud = hold(n, between(rng, 0.04, 0.09), 0.12) * points(n, (0, 1), (0.12, 1), (0.25, 0.8), (0.85, 0.75), (1, 0.6))
    shake = sine(between(rng, 4.8, 5.6), n) * points(n, (0, 0), (0.4, 0), (0.7, 1), (1, 1))
    moving = pitch * (1 + 0.005 * shake + 0.002 * wander(rng, n, 15, -1, 1)) * (1 - 0.04 * fall(n, 0.07))
    turn = 2 * np.pi * np.cumsum(moving) / RATE_HZ
    index = between(rng, 3.0, 5.5) * loud
    formant = max(1, round(1500 / pitch))
    wave = np.sin(turn + index * np.sin(turn)) + 0.25 * loud * np.sin(formant * turn + 0.7 * index * np.sin(turn))
    return high_pass(wave * loud, 0.7 * pitch)


def laser(rng: Generator) -> Wave:
    """A ray gun of a video game: a tone that falls by octaves in a moment, at times in a rapid burst."""
    seconds = between(rng, 0.15, 0.5)
    n = length(seconds)
    top, bottom = between(rng, 2500, 6500), between(rng, 120, 350)
    pitch = top * (bottom / top) ** (np.linspace(0, 1, n) ** between(rng, 0.45, 0.8))
    wave = sine(pitch, n) if rng.random() < 0.4 else low_pass(saw(pitch, n), 8000)
    ring = 1 + rng.uniform(0, 0.8) * sine(between(rng, 40, 160), n)
    shot = wave * ring * hold(n, 0.003, 0.5 * seconds)
    shots = int(rng.integers(1, 4))
    return np.concatenate([shot] * shots)
