"""Random sounds made on the fly: tones, sweeps, noise bands, clicks and rhythms that no recording holds.

They fill the space between the recordings, so that the network copies the teacher there too (the idea of learning from
procedural sounds: Cherep & Singh 2024, "Contrastive learning from synthetic audio doppelgangers").
"""

import math

import torch
from torch import Tensor

PARTIALS = 6
GRAINS = 16


def random_sounds(n: int, length: int, rate_hz: int, like: Tensor) -> Tensor:
    """As many sounds as n, (n, length), with a peak of about 1; a third each mostly of tones, of noise, of both."""
    t = torch.arange(length, device=like.device) / rate_hz
    tonal = _tones(n, t, like) * _envelopes(n, t, like)
    noisy = _noises(n, length, rate_hz, like) * _envelopes(n, t, like)
    share = (torch.rand(n, 1, device=like.device) * 3 - 1).clamp(0, 1)
    mixed = tonal * share + noisy * (1 - share)
    return mixed / mixed.abs().amax(1, keepdim=True).clamp(min=1e-3)


def _tones(n: int, t: Tensor, like: Tensor) -> Tensor:
    """Partials over a pitch that glides and trembles; the partials are harmonic, stretched or anywhere."""
    pitch = 40 * 2 ** (7 * torch.rand(n, 1, device=like.device))
    glide = torch.randn(n, 1, device=like.device) * (torch.rand(n, 1, device=like.device) < 0.5)
    tremble_hz = 30 ** torch.rand(n, 1, device=like.device)
    depth = 0.1 * torch.rand(n, 1, device=like.device) ** 4
    course = pitch * 2 ** (glide * t) * (1 + depth * torch.sin(2 * math.pi * tremble_hz * t))
    phase = 2 * math.pi * torch.cumsum(course, 1) * (t[1] - t[0])
    stretch = 1 + torch.rand(n, 1, device=like.device) * (torch.rand(n, 1, device=like.device) < 0.4)
    slope = 0.3 + 2 * torch.rand(n, 1, device=like.device)
    total = torch.zeros_like(phase)
    for partial in range(1, PARTIALS + 1):
        strength = torch.rand(n, 1, device=like.device) / partial**slope
        audible = pitch * partial**stretch < 14_000
        total += torch.where(audible, strength, 0.0) * torch.sin(phase * partial**stretch)
    return total


def _noises(n: int, length: int, rate_hz: int, like: Tensor) -> Tensor:
    """Noise with a random slope and a random band."""
    spectrum = torch.fft.rfft(torch.randn(n, length, device=like.device))
    hz = torch.fft.rfftfreq(length, 1 / rate_hz, device=like.device).clamp(min=20)
    slope = torch.rand(n, 1, device=like.device) * 2.0
    centre = 60 * 2 ** (7.5 * torch.rand(n, 1, device=like.device))
    octaves = 0.1 + 4 * torch.rand(n, 1, device=like.device) ** 2
    band = torch.exp(-0.5 * (torch.log2(hz / centre) / octaves) ** 2)
    wide = torch.rand(n, 1, device=like.device) < 0.3
    noise = torch.fft.irfft(spectrum * torch.where(wide, 1.0, band) * (hz / 1000) ** (-slope / 2), length)
    return noise / noise.abs().amax(1, keepdim=True).clamp(min=1e-6)


def _envelopes(n: int, t: Tensor, like: Tensor) -> Tensor:
    """Steady, one event, a regular train of events, or a scatter of them."""
    kind = torch.randint(0, 4, (n, 1), device=like.device)
    attack = 0.001 * 300 ** torch.rand(n, 1, device=like.device)
    decay = 0.005 * 200 ** torch.rand(n, 1, device=like.device)
    every_s = 0.02 * 40 ** torch.rand(n, 1, device=like.device)
    start = torch.rand(n, 1, device=like.device) * 0.7 * t[-1]
    one = _event(t - start, attack, decay)
    train = _event(torch.remainder(t + start, every_s), attack.clamp(max=0.01), decay)
    scatter = torch.zeros_like(one)
    for _ in range(GRAINS):
        at = torch.rand(n, 1, device=like.device) * t[-1]
        scatter += torch.rand(n, 1, device=like.device) ** 2 * _event(t - at, attack.clamp(max=0.01), decay)
    steady = torch.ones_like(one)
    return torch.where(kind == 0, steady, torch.where(kind == 1, one, torch.where(kind == 2, train, scatter)))


def _event(t: Tensor, attack_s: Tensor, decay_s: Tensor) -> Tensor:
    """Rises within the attack, falls exponentially; nothing before 0."""
    return torch.where(t >= 0, (t / attack_s).clamp(max=1) * torch.exp(-t.clamp(min=0) / decay_s), 0.0)
