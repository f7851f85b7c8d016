"""Animals and the human voice: whistles of birds, wings of insects, throats with formants."""

import numpy as np
from numpy.random import Generator

from core.demo.shaping import (
    Wave,
    band_pass,
    between,
    cycles,
    fall,
    formants,
    glottis,
    high_pass,
    hold,
    length,
    low_pass,
    mix,
    noise,
    points,
    resonate,
    room,
    sine,
    unit,
    wander,
)


def _syllable(rng: Generator, seconds: float, *bends_hz: float) -> Wave:
    """A whistled syllable that glides through the pitches given."""
    n = length(seconds)
    pitch = np.exp(np.interp(np.linspace(0, 1, n), np.linspace(0, 1, len(bends_hz)), np.log(bends_hz)))
    tone = sine(pitch, n) + 0.06 * sine(2 * pitch, n)
    return tone * hold(n, 0.25 * seconds, 0.4 * seconds) * rng.uniform(0.7, 1.0)


def bird(rng: Generator) -> Wave:
    """A song bird: a phrase of two or three motifs of fast glides, each repeated a few times.

    Source: Thorpe's sonagrams in Catchpole and Slater 2008: syllables of 30 to 200 ms between 2 and 8 kHz.
    """
    parts, start_s = [], 0.0
    for _ in range(int(rng.integers(2, 4))):
        seconds, gap = between(rng, 0.035, 0.16), between(rng, 0.02, 0.07)
        middle = between(rng, 2800, 5200)
        bends = [middle * between(rng, 0.7, 1.5) for _ in range(int(rng.integers(2, 5)))]
        for _ in range(int(rng.integers(2, 4 + int(0.3 / seconds)))):
            wobble = [bend * rng.uniform(0.98, 1.02) for bend in bends]
            parts.append((start_s, _syllable(rng, seconds, *wobble)))
            start_s += seconds + gap
        start_s += between(rng, 0.04, 0.2)
    return mix(parts)


def crickets(rng: Generator) -> Wave:
    """Crickets at night: each chirps a row of pulses of one tone near 5 kHz, one to three times a second.

    Source: Bennet-Clark 1989: pulses of about 12 ms at 27 a second, the tone set by the wing.
    """
    n = length(between(rng, 1.9, 2.6))
    middle = between(rng, 4700, 5400)
    out = np.zeros(n)
    for near in (1.0, 0.45, 0.25)[: int(rng.integers(1, 4))]:
        in_chirp = (cycles(between(rng, 1.2, 3.0), n) + rng.random()) % 1.0
        in_pulse = cycles(between(rng, 26, 28.5), n) % 1.0
        on = between(rng, 0.3, 0.44)
        pulse = np.where(in_pulse < on, np.sin(np.pi * in_pulse / on), 0.0)
        gate = low_pass((in_chirp < between(rng, 0.38, 0.6)).astype(np.float64), 150, 1)
        out += near * gate * pulse * sine(middle * between(rng, 0.95, 1.05) * (1 - 0.006 * in_pulse), n)
    return out * hold(n, 0.05, 0.1)


def frog(rng: Generator) -> Wave:
    """A frog: a quick row of croaked pulses, each ringing in the throat sac, often in two halves (rib-bit).

    Source: Wells 2007, treefrogs: pulses 40 to 70 a second, two bands near 1 and 2.2 kHz, hardly anything below 500 Hz.
    """
    parts, start_s = [], 0.0
    throat = between(rng, 850, 1250)
    for _ in range(int(rng.integers(2, 5))):
        for part, seconds in enumerate((between(rng, 0.09, 0.14), between(rng, 0.14, 0.22))):
            n = length(seconds)
            rate = between(rng, 50, 70) * (1 + 0.15 * wander(rng, n, 30, -1, 1))
            since = cycles(rate, n) % 1.0
            puff = np.exp(-5 * since) * (0.9 * noise(rng, n) + 0.6 * glottis(rate * 3, n, 0.4))
            rise = (1.0 + 0.2 * part) * points(n, (0, 0.95), (1, 1.05)).mean()
            croak = resonate(puff, throat * rise, 90) + 1.1 * resonate(puff, 2.15 * throat * rise, 180)
            croak = high_pass(croak, 600, 4)
            parts.append((start_s, unit(croak) * hold(n, 0.015, 0.06) * (0.6 + 0.4 * part)))
            start_s += seconds + 0.01
        start_s += between(rng, 0.2, 0.45)
    return mix(parts)


def dog_bark(rng: Generator) -> Wave:
    """A dog that barks: a rough cry whose pitch jumps up and falls, as the jaws open and shut, in a yard.

    Source: Riede and Fitch 1999, Yeon 2007: 0.15 to 0.3 s, 300 to 700 Hz for a mid-sized dog, the first formant near
    0.9 kHz, noise between the harmonics, since the folds swing out of step.
    """
    parts, start_s = [], 0.05
    small = rng.random()  # from 0, a big dog, to 1, a small one
    top, mouth = 330 + 330 * small * rng.uniform(0.8, 1), 720 + 400 * small * rng.uniform(0.6, 1)
    gap, rasp = between(rng, 0.27, 0.43), between(rng, 0.13, 0.4)
    for _ in range(int(rng.integers(2, 4))):
        n = length(between(rng, 0.15, 0.21))
        pitch = top * points(n, (0, 0.65), (0.25, 1.0), (0.5, 0.95), (1, 0.4))
        shiver = low_pass(noise(rng, n), 250)
        chaos = np.exp(rng.uniform(0.02, 0.08) * shiver / np.std(shiver))
        source = glottis(pitch * chaos, n, 0.36) + rasp * noise(rng, n, 0.5)
        shut = [(0.6 * mouth, 200, 0), (1.3 * mouth, 300, -8), (2.9 * mouth, 500, -16)]
        wide = [(mouth, 170, 0), (1.75 * mouth, 230, -4), (3.2 * mouth, 600, -10), (5 * mouth, 900, -16)]
        jaw = points(n, (0, 0), (0.3, 1), (0.6, 0.9), (1, 0))
        cry = formants(source, wide) * jaw + formants(source, shut) * (1 - jaw)
        bark = high_pass(np.tanh(between(rng, 1.6, 3.5) * unit(cry)), 0.4 * top)
        parts.append((start_s, unit(bark) * hold(n, between(rng, 0.02, 0.04), 0.13) * rng.uniform(0.8, 1)))
        start_s += gap * rng.uniform(0.9, 1.1)
    return room(mix(parts), rng, 0.42, 0.2)


def cat_meow(rng: Generator) -> Wave:
    """A cat: a long cry that rises and falls while the mouth opens from m over i and a to u.

    Source: Nicastro 2004: 0.5 to 1 s near 600 Hz; the second to fifth harmonic, at 1.2 to 3 kHz, carry the colour.
    """
    n = length(between(rng, 0.62, 0.9))
    base = between(rng, 560, 680)
    pitch = base * points(n, (0, 0.83), (0.2, 1.05), (0.5, 1.05), (0.8, 0.95), (1, 0.79))
    source = glottis(pitch * (1 + 0.018 * wander(rng, n, 35, -1, 1)), n, 0.46) + 0.1 * noise(rng, n, 0.5)
    source = high_pass(source, 1.3 * base, 1)
    bright, open_hz = between(rng, 2150, 2400), between(rng, 1030, 1250)
    mouths = (
        ((700, 150, 0), (bright, 300, -6), (3800, 500, -14)),
        ((1000, 200, -3), (1.05 * bright, 300, -5), (3700, 400, -4), (5500, 800, -12)),
        ((open_hz, 250, 0), (0.85 * bright, 300, -5), (3500, 450, -5), (5200, 800, -12)),
        ((900, 200, 0), (1400, 250, -3), (3400, 450, -16)),
    )
    out = np.zeros(n)
    for number, mouth in enumerate(mouths):
        share = np.clip(1 - np.abs(points(n, (0, 0), (0.2, 1), (0.6, 2), (1, 3)) - number), 0, 1)
        out += share * formants(source, mouth)
    return room(np.tanh(0.9 * unit(out)) * hold(n, 0.08, 0.2), rng, 0.17, 0.2)


def bee(rng: Generator) -> Wave:
    """Bees or flies that pass: the beat of the wings, rich in harmonics and never steady, louder as one goes by."""
    n = length(between(rng, 1.6, 2.6))
    out = np.zeros(n)
    for _ in range(int(rng.integers(1, 4))):
        shiver = low_pass(noise(rng, n), 60)
        wings = between(rng, 165, 240) * (1 + 0.05 * wander(rng, n, 6, -1, 1) + 0.02 * shiver / np.std(shiver))
        buzz = glottis(wings, n, 0.35) + 0.3 * glottis(2.01 * wings, n, 0.4)
        rasp = 0.35 * noise(rng, n, 0.5) * (0.3 + np.abs(sine(0.5 * wings, n)))
        body = band_pass(buzz + rasp, 180, 2500, 1) + 0.5 * resonate(buzz, between(rng, 600, 1100), 500)
        out += body * wander(rng, n, 5, 0.3, 1.0) * np.exp(-3 * (np.linspace(0, 1, n) - rng.uniform(0.3, 0.7)) ** 2)
    return out * hold(n, 0.1, 0.2)


def owl(rng: Generator) -> Wave:
    """An owl: low, soft, nearly pure hoots, the last one shaking.

    Source: Kinstler 2009 on great horned owls: 300 to 450 Hz.
    """
    pitch = between(rng, 350, 390)
    sag = rng.uniform(0.79, 0.85)
    parts, start_s = [], 0.1
    long_s, gap = between(rng, 0.22, 0.3), between(rng, 0.42, 0.62)
    for seconds, pause, shaken in ((long_s, gap, 0.0), (0.12, 0.1, 0.0), (between(rng, 0.3, 0.38), 0.0, 0.25)):
        n = length(seconds)
        bend = points(n, (0, sag), (0.3, 1.0), (0.7, 1.0), (1, sag))
        shake = shaken * sine(between(rng, 9, 11), n)
        tone = sine(pitch * bend * (1 + 0.02 * shake), n) + 0.024 * sine(2 * pitch * bend, n)
        breath = 0.012 * unit(resonate(noise(rng, n), pitch, 200))
        parts.append((start_s, (tone + breath) * (1 + 0.5 * shake) * hold(n, 0.06, 0.1)))
        start_s += seconds + pause
    return room(mix(parts), rng, between(rng, 0.4, 0.52), 0.35)


VOWELS = {
    "a": ((800, 80, 0), (1150, 90, -6), (2900, 120, -24), (3900, 130, -20), (4950, 140, -40)),
    "e": ((400, 60, 0), (1700, 80, -14), (2700, 120, -20), (3300, 150, -24), (4950, 200, -40)),
    "i": ((350, 50, 0), (1950, 100, -16), (2800, 120, -18), (3500, 150, -26), (4950, 200, -40)),
    "o": ((450, 70, 0), (800, 80, -9), (2830, 100, -16), (3800, 130, -28), (4950, 135, -45)),
    "u": ((325, 50, 0), (700, 60, -12), (2530, 170, -26), (3500, 180, -36), (4950, 200, -45)),
}
"""Sung vowels: (pitch, width, level) of five formants. After the Csound manual's formant table."""


def singing(rng: Generator, pitch_hz: float | None = None) -> Wave:
    """A sung vowel, low or high, with a vibrato that grows; the formants move with the size of the head."""
    n = length(between(rng, 1.2, 2.2))
    pitch = pitch_hz or between(rng, 120, 420)
    head = 0.86 if pitch < 200 else 1.0
    late = points(n, (0, 0), (0.3, 0.4), (0.6, 1), (1, 1))
    shake = sine(between(rng, 5.0, 6.2), n) * late
    moving = pitch * (1 + 0.012 * shake + 0.004 * wander(rng, n, 12, -1, 1)) * (1 - 0.06 * fall(n, 0.15))
    source = glottis(moving, n, 0.6) + 0.02 * noise(rng, n)
    vowel = VOWELS[str(rng.choice(list(VOWELS)))]
    voice = formants(source, [(head * f, w, db) for f, w, db in vowel])
    return voice * (1 + 0.1 * shake) * hold(n, 0.1, 0.2)
