"""The network that becomes the ears: inverted residual blocks over a log-mel patch (Howard et al. 2019, "MobileNetV3").

Needs torch; used for training alone. `core.training.export` writes what `core.embedding.builtin` runs.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from core.heard import N_CLASSES

N_TEACHER = 1024
"""Width of the teacher's embedding, which the network learns to copy and which is not shipped."""


@dataclass(frozen=True, slots=True)
class BlockPlan:
    """One inverted residual block. `attends`: squeeze and excitation (Hu et al. 2018) over the whole patch."""

    kernel: int
    expanded: int
    out: int
    stride: int
    attends: bool
    smooth: bool
    """Hard swish instead of ReLU."""


STEM = 24
PLAN = (
    BlockPlan(3, 24, 24, 1, False, False),
    BlockPlan(3, 72, 40, 2, False, False),
    BlockPlan(3, 120, 40, 1, False, False),
    BlockPlan(5, 120, 56, 2, True, False),
    BlockPlan(5, 168, 56, 1, True, False),
    BlockPlan(5, 168, 56, 1, True, False),
    BlockPlan(3, 280, 104, 2, False, True),
    BlockPlan(3, 260, 104, 1, False, True),
    BlockPlan(3, 260, 104, 1, False, True),
    BlockPlan(3, 624, 144, 1, True, True),
    BlockPlan(3, 720, 144, 1, True, True),
    BlockPlan(5, 720, 192, 2, True, True),
    BlockPlan(5, 960, 192, 1, True, True),
    BlockPlan(5, 960, 192, 1, True, True),
)
WIDTH = 1024
"""Channels of the last convolution; their mean over the patch is the network's own embedding."""


class Scaled(nn.Sequential):
    """A convolution without bias, and a batch normalisation that the export folds into it."""

    def __init__(self, n_in: int, n_out: int, kernel: int = 1, stride: int = 1, groups: int = 1) -> None:
        conv = nn.Conv2d(n_in, n_out, kernel, stride, kernel // 2, groups=groups, bias=False)
        super().__init__(conv, nn.BatchNorm2d(n_out, eps=1e-3, momentum=0.01))


class Attention(nn.Module):
    """Weighs each channel by what the whole patch holds."""

    def __init__(self, n_channels: int) -> None:
        super().__init__()
        squeezed = max(8, n_channels // 4 // 8 * 8)
        self.reduce = nn.Conv2d(n_channels, squeezed, 1)
        self.expand = nn.Conv2d(squeezed, n_channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(n, channels, time, bands) of the same shape."""
        mean = x.mean((2, 3), keepdim=True)
        return x * nn.functional.hardsigmoid(self.expand(torch.relu(self.reduce(mean))))


class Block(nn.Module):
    """Widen, filter each channel, attend, narrow; added to its input where the shapes allow."""

    def __init__(self, n_in: int, plan: BlockPlan) -> None:
        super().__init__()
        self.widen = Scaled(n_in, plan.expanded) if plan.expanded != n_in else None
        self.filter = Scaled(plan.expanded, plan.expanded, plan.kernel, plan.stride, groups=plan.expanded)
        self.attention = Attention(plan.expanded) if plan.attends else None
        self.narrow = Scaled(plan.expanded, plan.out)
        self.act = nn.Hardswish() if plan.smooth else nn.ReLU()
        self.adds = plan.stride == 1 and n_in == plan.out

    def forward(self, x: Tensor) -> Tensor:
        """(n, n_in, time, bands) to (n, out, time / stride, bands / stride)."""
        y = x if self.widen is None else self.act(self.widen(x))
        y = self.act(self.filter(y))
        if self.attention is not None:
            y = self.attention(y)
        y = self.narrow(y)
        return x + y if self.adds else y


class Ears(nn.Module):
    """A patch of log-mel bands (n, frames, bands) to its embedding (n, WIDTH) and class log-odds (n, N_CLASSES)."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = Scaled(1, STEM, 3, 2)
        widths = [STEM, *(plan.out for plan in PLAN)]
        self.blocks = nn.ModuleList(Block(n_in, plan) for n_in, plan in zip(widths, PLAN, strict=False))
        self.last = Scaled(widths[-1], WIDTH)
        self.act = nn.Hardswish()
        self.classes = nn.Linear(WIDTH, N_CLASSES)
        nn.init.constant_(self.classes.bias, -6.0)  # most classes are absent most of the time
        self.copy = nn.Linear(WIDTH, N_TEACHER)

    def forward(self, bands: Tensor) -> tuple[Tensor, Tensor]:
        """The embedding and the log-odds."""
        x = self.act(self.stem(bands[:, None]))
        for block in self.blocks:
            x = block(x)
        embedding = self.act(self.last(x)).mean((2, 3))
        return embedding, self.classes(embedding)
