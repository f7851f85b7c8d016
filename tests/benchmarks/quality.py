"""The table of quality: our ears, their parts, a peer and the teacher on the same labelled sounds."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich.table import Table

from core.labels import Labelled, read_labels
from core.training import evaluate
from core.training.evaluate import Result
from core.training.scoring import quality
from tests.benchmarks import peer

OURS = {evaluate.JOINED: "earshot", evaluate.NETWORK: "  its network alone", evaluate.TIMBRE: "  its timbre alone"}
VIDEO = ".mp4"  # the peer cannot read it


def table_of_quality(labels: Path, folder: Path, teacher: Path | None) -> Table:
    """Retrieval, grouping and text to sound, a row per kind of ears; the teacher's if its archive is given."""
    sounds = [sound for sound in read_labels(labels, folder=folder) if sound.path.suffix != VIDEO]
    results = evaluate.evaluate(sounds, teacher)
    of_peer, n_unread = _result_of_peer(sounds)
    n_classes = len({sound.label for sound in sounds})
    table = Table(
        "",
        "mAP",
        "top-1",
        "V",
        "text mAP",
        "text accuracy",
        title=f"Quality: {len(sounds)} sounds, {n_classes} classes",
    )
    for name, row in OURS.items():
        table.add_row(row, *_cells(results.pop(name)))
    table.add_row("peer (librosa MFCC)", *_cells(of_peer))
    for name, result in results.items():
        table.add_row(name, *_cells(result))
    table.caption = f"the peer leaves out {n_unread} sounds that it cannot read" if n_unread else None
    return table


def _result_of_peer(sounds: Sequence[Labelled]) -> tuple[Result, int]:
    """The peer's result on the sounds that it can read, and how many it cannot."""
    read, _ = peer.embed([sound.path for sound in sounds])
    known = [sound for sound in sounds if sound.path in read]
    vectors = np.stack([read[sound.path] for sound in known])
    by_sound = quality(vectors, [sound.label for sound in known], [sound.source for sound in known])
    return Result(by_sound, None), len(sounds) - len(known)


def _cells(result: Result) -> list[str]:
    numbers = [result.by_sound.map, result.by_sound.top1, result.by_sound.v]
    numbers += [result.by_text.map, result.by_text.accuracy] if result.by_text else []
    return [f"{number:.3f}" for number in numbers]
