"""Teaches the network to hear as the teacher does: the same endless mixtures for both, nothing but agreement counts
(Beyer et al. 2022, "Knowledge distillation: a good teacher is patient and consistent").
"""

import json
import math
import time
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from core import patches, spectrum
from core.errors import EarshotError
from core.training.mixing import Mixer
from core.training.network import Ears
from core.training.pack import Pack
from core.training.teacher import PATCH as TEACHER_PATCH
from core.training.teacher import RATE_HZ as TEACHER_RATE_HZ
from core.training.teacher import Teacher

HELD_OUT = 0.03  # of the groups; the agreement on them is reported
CHECK_BATCHES = 8
CHECK_EVERY_S = 60.0
COPY_WEIGHT, CLASS_WEIGHT = 5.0, 0.3


@dataclass(frozen=True, slots=True)
class Course:
    """How long and how fast. patches: over the whole training, all runs together."""

    patches: int
    batch: int = 96
    peak_rate: float = 2e-3
    warm_up: float = 0.02
    decay: float = 0.02
    average: float = 0.9995
    seed: int = 0


class Features(nn.Module):
    """`core.patches.patch` in torch: samples (n, PATCH) to bands (n, FRAMES, BANDS)."""

    hann: Tensor
    filters: Tensor

    def __init__(self) -> None:
        super().__init__()
        filters = spectrum.mel_filters(patches.BANDS, patches.LOW_HZ, patches.HIGH_HZ).toarray()
        self.register_buffer("hann", torch.from_numpy(spectrum.hann()))
        self.register_buffer("filters", torch.from_numpy(filters.T.copy()))

    def forward(self, samples: Tensor) -> Tensor:
        """The picture of each window."""
        frames = samples.unfold(-1, spectrum.FRAME, patches.STEP) * self.hann
        bands = torch.view_as_real(torch.fft.rfft(frames)).square().sum(-1) @ self.filters
        return (10 * torch.log10(bands.clamp(min=spectrum.FLOOR)) - patches.MIDDLE_DB) / patches.SPREAD_DB


class Distillation:
    """A training in progress. Everything that must survive a stop is in `state` and comes back by `load`."""

    def __init__(self, pack: Pack, teacher: Path, course: Course, device: torch.device) -> None:
        torch.manual_seed(course.seed)
        self.course, self.device = course, device
        self._n_groups = len(set(pack.groups))
        self._taught, self._held_out = (sounds.to(device) for sounds in split(pack, course.seed))
        self._mixer = Mixer(pack, device)
        self._teacher = Teacher(teacher).to(device).eval()
        self._features = Features().to(device)
        self.ears = Ears().to(device, memory_format=torch.channels_last)
        self.average = deepcopy(self.ears).eval()
        self._optimiser = torch.optim.AdamW(_grouped(self.ears, course.decay), lr=course.peak_rate)
        self.step = 0
        self.log: list[dict[str, float]] = []
        self._centre = self._find_centre()

    def compile(self) -> None:
        """Slow to begin with, faster afterwards; worth it on an accelerator."""
        self._heard = torch.compile(self._heard)

    @property
    def steps(self) -> int:
        """How many batches the whole course has."""
        return math.ceil(self.course.patches / self.course.batch)

    def run(self, seconds: float = math.inf) -> Iterator[dict[str, float]]:
        """Trains until the course or the time is over; yields a report about once a minute and at the end."""
        torch.manual_seed(self.course.seed + self.step)
        end, told, since = time.monotonic() + seconds, time.monotonic(), self.step
        while self.step < self.steps and time.monotonic() < end:
            loss = self._train_one()
            if time.monotonic() - told > CHECK_EVERY_S or self.step == self.steps:
                speed = (self.step - since) * self.course.batch / (time.monotonic() - told)
                yield self._report(float(loss), speed)
                told, since = time.monotonic(), self.step
        if self.step != since:
            yield self._report(float(loss), 0.0)

    def state(self) -> dict[str, Any]:
        """What is needed to go on. The mixtures that follow are others than those of an unbroken run."""
        return {
            "groups": self._n_groups,
            "course": asdict(self.course),
            "step": self.step,
            "ears": self.ears.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "centre": self._centre,
            "log": json.dumps(self.log),
        }

    def load(self, state: dict[str, Any]) -> None:
        """Goes back to where `state` was taken.

        Raises EarshotError for one of other sounds or another seed: what was held out then would be taught now.
        """
        if (state["groups"], state["course"]["seed"]) != (self._n_groups, self.course.seed):
            raise EarshotError("the checkpoint is of other sounds or another seed; give those, or another --out")
        self.step, self._centre = state["step"], state["centre"].to(self.device)
        self.ears.load_state_dict(state["ears"])
        self.average.load_state_dict(state["average"])
        self._optimiser.load_state_dict(state["optimiser"])
        self.log = json.loads(state["log"])

    def _train_one(self) -> Tensor:
        for group in self._optimiser.param_groups:
            group["lr"] = self.course.peak_rate * self._pace()
        bands, embedding, odds = self._heard(*self._mixer.batch(self.course.batch, self._taught))
        with self._autocast():
            loss = self._loss_of(self.ears, bands, embedding, odds)
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.ears.parameters(), 5.0)
        self._optimiser.step()
        self.step += 1
        self._move_average()
        return loss.detach()

    def _pace(self) -> float:
        """The learning rate over its peak: a short rise, then half a cosine down to 0."""
        done = self.step / self.steps
        rise = self.course.warm_up
        return done / rise if done < rise else 0.5 * (1 + math.cos(math.pi * (done - rise) / (1 - rise)))

    @torch.no_grad()
    def _heard(self, clean: Tensor, faint: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What the network sees, and what the teacher makes of it: embedding and log-odds."""
        halved = torch.fft.irfft(torch.fft.rfft(clean)[:, : TEACHER_RATE_HZ // 2 + 1], TEACHER_RATE_HZ) / 2
        margin = (TEACHER_RATE_HZ - TEACHER_PATCH) // 2
        with self._autocast(torch.float16):  # more exact than bfloat16, and nothing in it can overflow
            embedding, odds = self._teacher(halved[:, margin : margin + TEACHER_PATCH])
        return self._features(faint), embedding.float(), odds.float()

    def _loss_of(self, ears: Ears, bands: Tensor, embedding: Tensor, odds: Tensor) -> Tensor:
        own, own_odds = ears(bands)
        copy = ears.copy(own).float()
        distance = 1 - functional.cosine_similarity(copy, embedding - self._centre)
        surprise = functional.binary_cross_entropy_with_logits(own_odds.float(), odds.sigmoid(), reduction="none")
        return COPY_WEIGHT * distance.mean() + CLASS_WEIGHT * surprise.sum(1).mean()

    @torch.no_grad()
    def _move_average(self) -> None:
        keep = min(self.course.average, (1 + self.step) / (10 + self.step))
        theirs = list(self.ears.state_dict().values())
        ours = list(self.average.state_dict().values())
        pairs = [(a, b) for a, b in zip(ours, theirs, strict=True) if a.is_floating_point()]
        torch._foreach_lerp_([a for a, _ in pairs], [b for _, b in pairs], 1 - keep)

    @torch.no_grad()
    def _find_centre(self) -> Tensor:
        means = [self._heard(*self._mixer.batch(self.course.batch, self._taught))[1].mean(0) for _ in range(8)]
        return torch.stack(means).mean(0)

    @torch.no_grad()
    def _report(self, loss: float, speed: float) -> dict[str, float]:
        """How well the averaged network agrees with the teacher on sounds that it was not taught with."""
        with torch.random.fork_rng(devices=[self.device] if self.device.type == "cuda" else []):
            torch.manual_seed(1)
            agreement = [self._agreement() for _ in range(CHECK_BATCHES)]
        cosine, divergence, top = torch.tensor(agreement).mean(0).tolist()
        report = {"patches": float(self.step * self.course.batch), "per_s": round(speed, 1), "loss": round(loss, 4)}
        report |= {"cosine": round(cosine, 4), "divergence": round(divergence, 4), "same_top": round(top, 4)}
        self.log.append(report)
        return report

    def _agreement(self) -> tuple[float, float, float]:
        """Cosine with the centred embedding, Bernoulli divergence summed over classes, share of equal top classes."""
        bands, embedding, odds = self._heard(*self._mixer.batch(self.course.batch, self._held_out))
        own, own_odds = self.average(bands)
        cosine = functional.cosine_similarity(self.average.copy(own), embedding - self._centre).mean()
        target = odds.sigmoid()
        surprise = functional.binary_cross_entropy_with_logits(own_odds, target, reduction="none").sum(1)
        least = functional.binary_cross_entropy_with_logits(odds, target, reduction="none").sum(1)
        same = (own_odds.argmax(1) == odds.argmax(1)).float().mean()
        return float(cosine), float((surprise - least).mean()), float(same)

    def _autocast(self, kind: torch.dtype = torch.bfloat16) -> torch.autocast:
        return torch.autocast(self.device.type, kind, enabled=self.device.type == "cuda")


def split(pack: Pack, seed: int) -> tuple[Tensor, Tensor]:
    """The numbers of the sounds to teach with and of those held out, whole groups each."""
    names = sorted(set(pack.groups))
    order = torch.randperm(len(names), generator=torch.Generator().manual_seed(seed)).tolist()
    held = {names[number] for number in order[: max(1, round(HELD_OUT * len(names)))]}
    out = torch.tensor([group in held for group in pack.groups])
    return (~out).nonzero()[:, 0], out.nonzero()[:, 0]


def _grouped(ears: Ears, decay: float) -> list[dict[str, Any]]:
    """Weights of more than one axis decay; biases and normalisations do not."""
    weights = [p for p in ears.parameters() if p.ndim > 1]
    others = [p for p in ears.parameters() if p.ndim <= 1]
    return [{"params": weights, "weight_decay": decay}, {"params": others, "weight_decay": 0.0}]
