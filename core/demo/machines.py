"""Machines and signals: engines, rotors, horns, sirens, alarms, telephones, clocks."""

import numpy as np
from numpy.random import Generator
from scipy import signal

from core.demo.shaping import (
    Wave,
    band_pass,
    between,
    cycles,
    fall,
    high_pass,
    hold,
    length,
    low_pass,
    mix,
    modes,
    moving_noise,
    noise,
    points,
    resonate,
    room,
    saw,
    sine,
    square,
    unit,
    wander,
)


def engine(rng: Generator) -> Wave:
    """A car with four cylinders, idling or revved: two bangs a turn into a resonant exhaust, heard through noise.

    No two cylinders are alike, so there is a beat at half the speed of the crank as well.
    """
    n = length(between(rng, 2.0, 2.6))
    idle = between(rng, 11, 16)  # turns per second
    top = idle * between(rng, 2.2, 3.6) if rng.random() < 0.6 else idle
    turns = idle + (top - idle) * points(n, (0, 0), (0.15, 0.05), (0.45, 1), (0.6, 0.9), (1, 0.1))
    turns = turns * (1 + 0.05 * wander(rng, n, 9, -1, 1))
    bang = cycles(2 * turns, n)
    number = bang.astype(np.int64)
    start = np.flatnonzero(np.diff(number, prepend=-1))
    pulses = np.zeros(n)
    pulses[start] = rng.uniform(0.5, 1.0, 4)[number[start] % 4] * rng.uniform(0.7, 1.3, len(start))
    burst_n = length(0.09)
    burst = low_pass(noise(rng, burst_n, 1.0), 900) * fall(burst_n, 0.09)
    thump = signal.oaconvolve(pulses, burst)[:n]
    pipe = low_pass(thump, 160) + 0.5 * thump + 0.6 * resonate(thump, between(rng, 180, 320), 120)
    since = bang % 1.0
    puff = np.exp(-3 * since)  # gas that rushes out after each bang
    rush: Wave = noise(rng, n, 1.2) * (0.4 + puff) + 0.25 * band_pass(noise(rng, n), 900, 5000, 1) * (0.3 + puff)
    load = 0.45 + 0.55 * turns / turns.max()
    sound: Wave = (unit(pipe) + between(rng, 0.06, 0.14) * rush) * load * hold(n, 0.08, 0.25)
    return sound


def helicopter(rng: Generator) -> Wave:
    """A helicopter: the blades beat the air ten to sixteen times a second, over the rumble and a faint turbine.

    Source: Schmitz 1991 on blade slap: a rounded pulse for every blade, most of it below 500 Hz.
    """
    n = length(between(rng, 2.0, 2.6))
    phase = cycles(between(rng, 11, 16) * (1 + 0.01 * wander(rng, n, 2, -1, 1)), n) % 1.0
    beat = between(rng, 0.33, 0.8) + np.exp(-0.5 * ((phase - 0.4) / between(rng, 0.1, 0.17)) ** 2)
    thump = band_pass(noise(rng, n, 1.0), 50, between(rng, 420, 700), 1) * beat
    swish = low_pass(high_pass(noise(rng, n, 1.0), 400, 1), 3500, 1) * beat
    rumble = low_pass(noise(rng, n, 1.5), 250)
    turbine = moving_noise(rng, np.full(n, between(rng, 1400, 3600)), 0.25)
    out = thump / np.std(thump) + 0.14 * swish / np.std(swish) + 0.35 * rumble / np.std(rumble) + 0.04 * turbine
    return out * points(n, (0, rng.uniform(0.5, 1)), (0.5, 1), (1, rng.uniform(0.5, 1))) * hold(n, 0.1, 0.25)


def siren(rng: Generator) -> Wave:
    """The siren of an emergency car: a slow wail, a quick yelp, or two tones in turn; the horn favours 1 to 3 kHz."""
    n = length(between(rng, 2.4, 3.2))
    style = rng.integers(3)
    low, high = between(rng, 550, 700), between(rng, 1150, 1500)
    if style == 2:
        step = (cycles(between(rng, 0.9, 1.3), n) % 1.0) < 0.5
        smooth = np.where(step, 1.0, 0.0)
        pitch = between(rng, 420, 480) * 1.335 ** signal.lfilter([0.002], [1, -0.998], smooth)
    else:
        rate = between(rng, 0.3, 0.5) if style == 0 else between(rng, 2.4, 3.4)
        swing = 0.5 - 0.5 * np.cos(2 * np.pi * (cycles(rate, n) + rng.random()))
        pitch = low * (high / low) ** swing
    tone = 0.7 * square(pitch, n) + 0.3 * saw(pitch, n)
    horn = band_pass(tone, 500, 3200, 1) + 0.5 * resonate(tone, 1400, 500)
    return horn * hold(n, 0.1, 0.3)


def car_horn(rng: Generator) -> Wave:
    """A car horn: two reeds between a minor and a major third apart, blown long or twice, in a street."""
    low, apart = between(rng, 375, 430), between(rng, 1.2, 1.25)
    blows = [between(rng, 0.6, 1.3)] if rng.random() < 0.5 else [0.2, between(rng, 0.4, 0.7)]
    throat, edge = between(rng, 1500, 2200), between(rng, 0.12, 0.6)
    parts, start_s = [], 0.0
    for seconds in blows:
        n = length(seconds)
        bend = 1 - 0.03 * fall(n, 0.06)
        reeds = saw(low * bend, n) + saw(apart * low * bend, n, 0.4)
        horn = 0.3 * low_pass(reeds, 4000) + resonate(reeds, throat, 600) + edge * resonate(reeds, 2500, 700)
        parts.append((start_s, np.tanh(unit(horn)) * hold(n, 0.02, 0.05)))
        start_s += seconds + 0.12
    return room(mix(parts), rng, between(rng, 0.22, 0.4), 0.3)


def alarm(rng: Generator) -> Wave:
    """An alarm clock or a smoke alarm: one high tone, on and off in a fixed pattern."""
    pitch = between(rng, 1900, 3300)
    on_s, off_s, in_group, pause_s = (
        (0.06, 0.06, 4, 0.45),
        (0.45, 0.4, 3, 0.6),
        (0.12, 0.12, 100, 0.0),
    )[rng.integers(3)]
    n = length(on_s)
    beep = (sine(pitch, n) + 0.3 * sine(3 * pitch, n) + 0.15 * sine(5 * pitch, n)) * hold(n, 0.003, 0.003)
    parts, start_s, done = [], 0.0, 0
    while start_s < 1.7:
        parts.append((start_s, beep))
        done += 1
        start_s += on_s + off_s + (pause_s if done % in_group == 0 else 0)
    return mix(parts)


def telephone(rng: Generator) -> Wave:
    """A telephone that rings: two gongs and a clapper at 20 strokes a second, or the warble of a desk set."""
    rate = between(rng, 18, 23)
    ring_s = between(rng, 0.9, 1.4)
    if rng.random() < 0.35:
        n = length(ring_s)
        first = (cycles(rate * 0.8, n) % 1.0) < 0.5
        low = between(rng, 900, 1500)
        tone = square(np.where(first, low, 1.25 * low), n)
        return np.concatenate([low_pass(tone, 6000) * hold(n, 0.005, 0.01), np.zeros(length(0.3))])
    gongs = [between(rng, 1000, 1500), between(rng, 1500, 2100)]
    parts = []
    for stroke in range(int(ring_s * rate)):
        pitch = gongs[stroke % 2]
        ratios, t60 = (1.0, 2.42, 4.3, 6.4), (0.9, 0.7, 0.5, 0.3)
        ring = modes(rng, length(0.9), [pitch * r for r in ratios], t60, [1.0, 0.9, 0.6, 0.3])
        parts.append((stroke / rate, ring * rng.uniform(0.8, 1.0)))
    return mix(parts)


def clock(rng: Generator) -> Wave:
    """A clock that ticks and tocks: the same little escapement, heard from either side, in a wooden case."""
    gap = between(rng, 0.25, 0.6)
    metal = [between(rng, 1700, 2600) * ratio for ratio in (1.0, 1.83, 2.9, 4.2)]
    case = [between(rng, 300, 600) * ratio for ratio in (1.0, 1.6, 2.3)]
    parts = []
    for beat in range(int(2.3 / gap)):
        tune = 1.0 if beat % 2 else 0.9
        n = length(0.05)
        ring = modes(rng, n, [tune * p for p in metal], [0.025, 0.02, 0.014, 0.01], [0.5, 0.6, 0.4, 0.3])
        snap = band_pass(noise(rng, n), 1500, 9000) * fall(n, 0.008)
        wood = modes(rng, n, [tune * p for p in case], [0.04, 0.03, 0.02], [0.3, 0.25, 0.2])
        click = unit(snap) + 0.5 * ring + 0.6 * wood
        parts.append((beat * gap, click * rng.uniform(0.85, 1.0)))
        parts.append((beat * gap + 0.018, 0.3 * click))
    return mix(parts)


def typing(rng: Generator) -> Wave:
    """Typing on a keyboard: every key clacks when it goes down and clicks, softer, when it comes up."""
    parts, start_s = [], 0.0
    rate, dull = between(rng, 4.8, 6.5), between(rng, 2100, 3200)
    sharp, board_size, dry_s = between(rng, 0.5, 1.3), between(rng, 0.15, 0.4), between(rng, 0.014, 0.034)
    while start_s < 1.9:
        wide = rng.random() < 0.12  # the space bar
        for later_s, loud in ((0.0, 1.0), (rng.uniform(0.07, 0.12), 0.42)):
            n = length(0.045)
            centre = between(rng, dull, 2 * dull) * (0.6 if wide else 1.0)
            clack = resonate(noise(rng, n), centre, 0.6 * centre) + sharp * high_pass(noise(rng, n), 3000)
            clack *= fall(n, dry_s * rng.uniform(0.7, 1.4))
            board = low_pass(noise(rng, n), 450) * fall(n, 0.04)
            parts.append((start_s + later_s, loud * rng.uniform(0.4, 1) * (unit(clack) + board_size * unit(board))))
        start_s += rng.exponential(0.4 / rate) + 0.6 / rate
    return room(mix(parts), rng, between(rng, 0.11, 0.19), 0.25)
