"""Training patches: stretches of recordings and made-up sounds, changed and mixed until no two are alike.

What is done to a patch is heard by the teacher as well; only a loss of level is kept from it now and then.
Everything happens on the device that holds the pack, a whole batch at a time.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from core.patches import PATCH
from core.spectrum import RATE_HZ
from core.training.pack import FULL_SCALE, Pack
from core.training.synthesis import random_sounds

SYNTHETIC = 0.12  # the share of sources that are made up
SPEEDS = 0.35  # ... that are played faster or slower
BACKWARDS = 0.05
COLOURED = 0.4  # ... whose spectrum is bent
CUT = 0.25  # ... that lose their top or bottom
REVERBERANT = 0.2
GATED = 0.15
MIXED = 0.65  # the share of patches that hold a second source
CROWDED = 0.2  # ... a third
NOISY = 0.2
CODED = 0.1
CLIPPED = 0.06
FAINT = 0.15  # the share that the network hears at a lower level than the teacher
LONGEST_S = 20.0  # a recording is drawn in proportion to the root of its length, up to this


class Mixer:
    """Draws batches of patches from a pack that lies on a device. The state of its generators is torch's own."""

    def __init__(self, pack: Pack, device: torch.device) -> None:
        self._samples = torch.from_numpy(np.array(pack.samples)).to(device)
        self._starts = torch.from_numpy(pack.starts).to(device)
        self._lengths = torch.from_numpy(pack.lengths).to(device)
        self._weights = (self._lengths / RATE_HZ).clamp(0.5, LONGEST_S).sqrt()
        self._device = device

    def batch(self, n: int, sounds: Tensor) -> tuple[Tensor, Tensor]:
        """A batch of n patches as the teacher hears them and as the network does, both float32 (n, PATCH).

        sounds: the numbers of the pack's sounds that may be drawn from, on the mixer's device.
        """
        x = self._sources(n, sounds)
        x = self._mixed(x, self._shuffled(x), MIXED)
        x = self._mixed(x, self._shuffled(x), CROWDED)
        x = self._mixed(x, self._noise(n), NOISY)
        x = self._some(CODED, x, coded)
        x = self._some(CLIPPED, x, self._clipped)
        x = x * 10 ** ((self._rand(n) * 15 - 12) / 20)
        x = x / x.abs().amax(1, keepdim=True).clamp(min=1)
        faint = self._where(FAINT, x * 10 ** (-self._rand(n)), x)
        return x, faint

    def _sources(self, n: int, sounds: Tensor) -> Tensor:
        x = self._stretches(n, sounds)
        x = self._some(SYNTHETIC, x, self._made_up)
        x = self._filtered(x)
        return self._some(GATED, x, lambda part: part * self._gate(len(part)))

    def _made_up(self, x: Tensor) -> Tensor:
        return random_sounds(len(x), PATCH, RATE_HZ, x) * 10 ** (-self._rand(len(x)))

    def _clipped(self, x: Tensor) -> Tensor:
        drive = 1 + 9 * self._rand(len(x))
        return torch.tanh(drive * x) / torch.tanh(drive)

    def _stretches(self, n: int, sounds: Tensor) -> Tensor:
        """Pieces of recordings at speeds of 0.5 to 2; a short sound mostly begins at the start of its patch."""
        sound = sounds[torch.multinomial(self._weights[sounds], n, replacement=True)][:, None]
        length, start = self._lengths[sound], self._starts[sound]
        speed = torch.where(self._rand(n) < SPEEDS, 2 ** (2 * self._rand(n) - 1), 1.0)
        slack = length - PATCH * speed
        early = torch.where(self._rand(n) < 0.7, 0.0, -0.6 * PATCH * self._rand(n))
        begin = torch.where(slack > 0, slack.clamp(min=0) * self._rand(n), early)
        place = begin + torch.arange(PATCH, device=self._device) * speed
        place = torch.where(self._rand(n) < BACKWARDS, place.flip(1), place)
        inside = (place >= 0) & (place <= length - 1)
        place = place.clamp(min=0).minimum((length - 1).to(place.dtype))
        left = place.floor().long()
        share = place - left
        right = (left + 1).minimum(length - 1)
        samples = self._samples[start + left] * (1 - share) + self._samples[start + right] * share
        return torch.where(inside, samples / FULL_SCALE, 0.0)

    def _filtered(self, x: Tensor) -> Tensor:
        """A bent spectrum, a missing top or bottom, and a room, all as one filter."""
        n = len(x)
        size = 2 * PATCH
        hz = torch.fft.rfftfreq(size, 1 / RATE_HZ, device=self._device).clamp(min=20)
        octave = torch.log2(hz / 1000)
        bend_db = sum(
            self._randn(n) * 5 * torch.sin(octave * (0.4 + wave * self._rand(n)) + 6.3 * self._rand(n))
            for wave in (0.5, 1.0, 2.0)
        )
        gain = torch.where(self._rand(n) < COLOURED, 10 ** (bend_db / 20), 1.0)
        top = torch.where(self._rand(n) < CUT, 1500 * 2 ** (3.3 * self._rand(n)), 1e6)
        bottom = torch.where(self._rand(n) < CUT, 40 * 2 ** (4 * self._rand(n)), 1.0)
        gain = gain / torch.sqrt((1 + (hz / top) ** 8) * (1 + (bottom / hz) ** 4))
        spectrum = torch.fft.rfft(x, size) * gain
        room = torch.where(self._rand(n) < REVERBERANT, torch.fft.rfft(self._rooms(n), size), 1.0)
        return torch.fft.irfft(spectrum * room, size)[:, :PATCH]

    def _rooms(self, n: int) -> Tensor:
        """Impulse responses: the direct sound and noise that dies away within 0.1 to 1.5 s."""
        t = torch.arange(PATCH, device=self._device) / RATE_HZ
        decay_s = 0.1 * 15 ** self._rand(n)
        tail = torch.randn(n, PATCH, device=self._device) * torch.exp(-6.9 * t / decay_s)
        tail = tail / tail.norm(dim=1, keepdim=True) * (0.2 + self._rand(n))
        tail[:, 0] += 1
        return tail

    def _gate(self, n: int) -> Tensor:
        """Cuts an event out of what goes on: in after a while, out with a fade."""
        t = torch.arange(PATCH, device=self._device) / PATCH
        begin, length = 0.6 * self._rand(n), 0.03 + 0.6 * self._rand(n)
        fade = 0.002 + 0.2 * self._rand(n) ** 2
        return ((t - begin) / 0.004).clamp(0, 1) * torch.exp(-((t - begin - length) / fade).clamp(min=0))

    def _mixed(self, x: Tensor, other: Tensor, chance: float) -> Tensor:
        """The patch with another under or over it, from -15 to +5 dB of its level; silence takes it as it is."""
        level, others = _level(x), _level(other)
        wanted = level * 10 ** ((20 * self._rand(len(x)) - 15) / 20)
        factor = torch.where((level > 1e-4) & (others > 1e-5), wanted / others.clamp(min=1e-5), 1.0).clamp(max=30)
        return self._where(chance, x + factor * other, x)

    def _noise(self, n: int) -> Tensor:
        """Noise whose power falls by 0 to 6 dB an octave."""
        spectrum = torch.fft.rfft(torch.randn(n, PATCH, device=self._device))
        hz = torch.fft.rfftfreq(PATCH, 1 / RATE_HZ, device=self._device).clamp(min=20)
        return torch.fft.irfft(spectrum * (hz / 1000) ** (-self._rand(n)), PATCH) * 0.05

    def _shuffled(self, x: Tensor) -> Tensor:
        return x[torch.randperm(len(x), device=self._device)]

    def _some(self, share: float, x: Tensor, change: Callable[[Tensor], Tensor]) -> Tensor:
        """The batch with a share of its patches changed; what is dear is done for those alone."""
        chosen = torch.randperm(len(x), device=self._device)[: round(share * len(x))]
        return x.index_copy(0, chosen, change(x[chosen])) if len(chosen) else x

    def _where(self, chance: float, changed: Tensor, x: Tensor) -> Tensor:
        return torch.where(self._rand(len(x)) < chance, changed, x)

    def _rand(self, n: int) -> Tensor:
        return torch.rand(n, 1, device=self._device)

    def _randn(self, n: int) -> Tensor:
        return torch.randn(n, 1, device=self._device)


def coded(x: Tensor) -> Tensor:
    """What a codec at a low rate leaves (simulated): weak bins gone, strong ones smeared, a top that is cut off."""
    window = torch.hann_window(1024, device=x.device)
    spectrum = torch.stft(x, 1024, 256, window=window, return_complex=True)
    size = spectrum.abs()
    loud = torch.nn.functional.max_pool2d(size[:, None], (17, 3), 1, (8, 1))[:, 0]
    depth = 10 ** (-0.5 - 1.5 * torch.rand(len(x), 1, 1, device=x.device))
    smear = 1 + depth * torch.randn_like(spectrum)
    kept = torch.where(size > depth * loud, spectrum * smear, 0.0)
    cutoff = (100 + 412 * torch.rand(len(x), 1, 1, device=x.device)).long()
    kept = torch.where(torch.arange(513, device=x.device)[:, None] < cutoff, kept, 0.0)
    return torch.istft(kept, 1024, 256, window=window, length=x.shape[1])


def _level(x: Tensor) -> Tensor:
    return x.square().mean(1, keepdim=True).sqrt()
