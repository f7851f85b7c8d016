"""Groups of sounds in words: what a clustering keeps of each."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core import naming
from core.records import Cluster
from core.store.sounds import name_words

EXEMPLARS = 3


def described(
    cards: Sequence[dict[str, Any]],
    chosen: NDArray[np.int64],
    labels: NDArray[np.int64],
    typicality: NDArray[np.float64],
) -> tuple[list[Cluster], list[str]]:
    """The groups with titles, keywords and exemplars, and a summary of each.

    cards: of the chosen sounds. chosen, labels, typicality: (n,), of the same sounds; a label is a group, from 0.
    """
    words = {card["id"]: _words(card) for card in cards}
    groups: list[list[naming.Described]] = [[] for _ in range(int(labels.max()) + 1)]
    for sound_id, label in zip(chosen.tolist(), labels, strict=True):
        groups[label].append(words[sound_id])
    ranked = naming.keywords(groups)
    clusters, summaries = [], []
    for g, title in enumerate(naming.titles(ranked)):
        inside = np.flatnonzero(labels == g)
        best = inside[np.lexsort((chosen[inside], -typicality[inside]))][:EXEMPLARS]
        clusters.append(Cluster(g + 1, title, len(inside), ranked[g], chosen[best].tolist()))
        summaries.append(naming.summarise(groups[g], ranked[g]))
    return clusters, summaries


def _words(card: dict[str, Any]) -> naming.Described:
    words = naming.sound_words(name_words(card["path"]), card["tags"])
    return naming.Described(words, card["duration_s"], card["domain"])
