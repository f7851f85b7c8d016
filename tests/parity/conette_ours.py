"""Compares our CoNeTTE with what the conette package wrote into a folder (`conette_reference.py`), and prints it."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from core.conette.model import Conette

TOLERANCE = 1e-5  # of log-probabilities and tags
TOLERANCE_OF_FRAMES = 1e-5  # of the largest value in a mean frame; sums of 600,000 products lie behind each
out = Console(width=110)


@dataclass(frozen=True, slots=True)
class Compared:
    """One sound in both implementations: the greatest differences, and whether every caption of the beam agrees."""

    name: str
    caption: str
    same: bool
    log_probability: float
    tags: float
    frames: float

    @property
    def agrees(self) -> bool:
        """Whether all of it is within what float32 leaves open."""
        near = max(self.log_probability, self.tags) <= TOLERANCE and self.frames <= TOLERANCE_OF_FRAMES
        return self.same and near


def compare(model: Conette, sounds: dict[str, np.ndarray], told: dict[str, Any]) -> list[Compared]:
    """Every answer of the package beside ours."""
    together = model.encode(list(sounds.values()))
    found = []
    for key, expected in told.items():
        name, _, how = key.partition(", ")
        if how == "in a batch":
            encoded, place, task = together, list(sounds).index(name), next(iter(model.starts))
        else:
            encoded, place, task = model.encode([sounds[name]]), 0, how
        found.append(_compared(model, encoded, place, task, key, expected))
    return found


def _compared(model: Conette, encoded: Any, place: int, task: str, key: str, expected: dict[str, Any]) -> Compared:
    described = model.describe(encoded, task)[place]
    beams = [(each.score, model.vocabulary.text(each.tokens)) for each in described.hypotheses]
    count = encoded.counts[place]
    frames, wanted = encoded.frames[place, :count].double().mean(0).numpy(), np.array(expected["frames"])
    return Compared(
        name=key,
        caption=described.text,
        same=count == expected["count"]
        and [described.text, *(text for _, text in beams)]
        == [expected["caption"], *(text for _, text in expected["beams"])],
        log_probability=max(
            abs(described.score - expected["log_probability"]),
            *(abs(ours - theirs) for (ours, _), (theirs, _) in zip(beams, expected["beams"], strict=True)),
        ),
        tags=float(np.abs(encoded.tags[place].numpy() - expected["tags"]).max()),
        frames=float(np.abs(frames - wanted).max() / np.abs(wanted).max()),
    )


def main(folder: Path) -> bool:
    """Whether both kinds of file give what the package gives; prints every figure."""
    told = json.loads((folder / "reference.json").read_text())
    with np.load(folder / "sounds.npz") as held:
        sounds = {name: held[name] for name in held.files}
    agree = True
    for kind in ("safe", "pickled"):
        found = compare(Conette.read(folder / kind), sounds, told)
        agree = agree and all(each.agrees for each in found)
        out.print(_table(f"ours beside conette, {kind} weights", found))
    captions = len({answer["caption"] for answer in told.values()})
    out.print(f"{len(told)} answers, {captions} different captions: {'all agree' if agree else 'NOT ALL AGREE'}")
    return agree


def _table(title: str, found: list[Compared]) -> Table:
    table = Table("sound", "caption", "same", "log-prob.", "tags", "frames", title=title, title_justify="left")
    for each in found:
        figures = (f"{figure:.1e}" for figure in (each.log_probability, each.tags, each.frames))
        table.add_row(each.name, each.caption, "yes" if each.same else "NO", *figures)
    return table


if __name__ == "__main__":
    sys.exit(not main(Path(sys.argv[1])))
