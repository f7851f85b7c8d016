"""A random AudioSep in little: the published names and geometry with few channels, and a tiny CLAP that reads texts."""

from pathlib import Path
from typing import Any

import torch

from core.separation._resunet import CONSTANTS, PREFIX, shapes
from tests import tiny_clap

WIDTHS = (2, 2, 3, 4, 5, 6, 6, 6)


def make(folder: Path) -> dict[str, str | Path]:
    """Writes the models below `folder`; returns the settings that choose them."""
    chosen = dict(tiny_clap.make(folder))
    condition = tiny_clap.ears_of(chosen["clap"]).dim
    return {**chosen, "audiosep": write(folder / "audiosep.ckpt", state(WIDTHS, condition)), "device": "cpu"}


def state(widths: tuple[int, ...], condition: int, seed: int = 0) -> dict[str, Any]:
    """Random weights under all of the published names, in their order or any other."""
    made = torch.Generator().manual_seed(seed)
    weights: dict[str, Any] = {name: torch.zeros(1) for name in CONSTANTS}
    for name, shape in shapes(widths, condition=condition).items():
        if name.endswith("num_batches_tracked"):
            weights[name] = torch.tensor(7)
        elif name.endswith("running_var"):
            weights[name] = torch.rand(shape, generator=made) + 0.5
        elif len(shape) == 1:
            centre = 1.0 if ".bn" in name and name.endswith("weight") else 0.0
            weights[name] = centre + 0.2 * torch.randn(shape, generator=made)
        else:
            fan_in = max(1, torch.Size(shape[1:]).numel())
            weights[name] = torch.randn(shape, generator=made) / fan_in**0.5
    return weights


def write(path: Path, weights: dict[str, Any]) -> Path:
    """A checkpoint as published: the weights under a prefix, beside others."""
    held = {f"{PREFIX}{name}": tensor for name, tensor in weights.items()}
    torch.save({"state_dict": {**held, "query_encoder.model.logit_scale": torch.zeros(())}, "epoch": 3}, path)
    return path
