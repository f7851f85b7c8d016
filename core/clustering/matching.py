"""What is different between two clusterings of mostly the same sounds, in numbers and in a sentence.

Knows only which sound is in which cluster; cluster 0 means that it belongs to none.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from core.records import Record

SAME = 0.3  # Jaccard of two clusters from which on one is the other
PART = 0.15  # of a cluster; a smaller share that went elsewhere are sounds that moved, and no split
TOLD = 3  # changes of one sort that a sentence names


@dataclass(frozen=True, slots=True)
class Difference(Record):
    """How a later clustering differs from an earlier one.

    same: the number that a cluster had before, by its number now. split: the clusters that one is in now, by its number
    before. merged: the numbers that a cluster had before, by its number now. vanished, new: clusters before without one
    now, and the other way round. moved: sounds of both that are in another cluster than theirs, and neither because it
    split nor because it merged. added, gone: sounds that only the later, or only the earlier one holds.
    """

    same: dict[int, int]
    split: dict[int, list[int]]
    merged: dict[int, list[int]]
    vanished: list[int]
    new: list[int]
    moved: int
    added: int
    gone: int

    @property
    def is_none(self) -> bool:
        """Whether nothing is different but, at most, the numbers of the clusters."""
        counted = self.moved or self.added or self.gone
        return not (counted or self.split or self.merged or self.vanished or self.new)


def match(before: Mapping[int, int], after: Mapping[int, int]) -> Difference:
    """The difference of two clusterings, each the cluster of every sound; 0 is none.

    Clusters are paired so that the sum of what pairs have in common (Jaccard, of sounds that both hold) is largest
    (Kuhn, The Hungarian method, 1955); a pair is the same cluster if that is at least 0.3. A cluster split if at least
    two clusters have more of their sounds from it than from all others together, and each of them at least 15% of it;
    merging is the same, backwards.
    """
    common = before.keys() & after.keys()
    pairs = Counter((before[sound], after[sound]) for sound in common)
    olds, news = _numbers(before.values()), _numbers(after.values())
    shared = np.array([[pairs[old, new] for new in news] for old in olds], float).reshape(len(olds), len(news))
    of_old = np.array([sum(pairs[old, new] for new in [*news, 0]) for old in olds], float)
    of_new = np.array([sum(pairs[old, new] for old in [*olds, 0]) for new in news], float)
    same = _same(shared, of_old, of_new, olds, news)
    split = _parts(shared, of_old, of_new, olds, news)
    merged = _parts(shared.T, of_new, of_old, news, olds)
    parts = {(old, new) for old, each in split.items() for new in each}
    parts |= {(old, new) for new, each in merged.items() for old in each}
    parts |= {(old, new) for new, old in same.items()} | {(0, 0)}
    return Difference(
        same=same,
        split=split,
        merged=merged,
        vanished=[old for old in olds if old not in same.values() and not any(old == one for one, _ in parts)],
        new=[new for new in news if new not in same and not any(new == one for _, one in parts)],
        moved=sum(count for pair, count in pairs.items() if pair not in parts),
        added=len(after.keys() - common),
        gone=len(before.keys() - common),
    )


def kept_numbers(difference: Difference, before: Iterable[int], after: Iterable[int]) -> dict[int, int]:
    """A number for each cluster of the later clustering: that which it had before, or the lowest that was not in use.

    before, after: the numbers of the clusters of both.
    """
    numbers = dict(difference.same)
    taken = {0, *before, *numbers.values()}
    for cluster in _numbers(after):
        if cluster not in numbers:
            numbers[cluster] = next(free for free in range(1, len(taken) + 1) if free not in taken)
            taken.add(numbers[cluster])
    return numbers


def told(difference: Difference, titles: Mapping[int, str] | None = None) -> str:
    """The difference as a short sentence: "12 sounds moved, cluster 4 split into 4 and 9, 30 sounds are new".

    titles: of the clusters before, by number; clusters are told by number alone without.
    """
    if difference.is_none:
        return "nothing changed"
    names = titles or {}
    parts = [_counted(difference.moved, "moved", "moved")]
    parts += _few([f"{_old(old, names)} split into {_list(new)}" for old, new in difference.split.items()], "split")
    merges = [f"clusters {_list(olds)} became {new}" for new, olds in difference.merged.items()]
    parts += _few(merges, "came from several")
    parts += _few([f"{_old(old, names)} is gone" for old in difference.vanished], "are gone")
    parts += _few([f"cluster {new} is new" for new in difference.new], "are new")
    parts += [
        _counted(difference.added, "is new", "are new"),
        _counted(difference.gone, "is not in it", "are not in it"),
    ]
    return ", ".join(part for part in parts if part)


def _numbers(clusters: Iterable[int]) -> list[int]:
    return sorted(set(clusters) - {0})


def _same(
    shared: np.ndarray, of_old: np.ndarray, of_new: np.ndarray, olds: list[int], news: list[int]
) -> dict[int, int]:
    union = of_old[:, None] + of_new[None, :] - shared
    jaccard = shared / np.maximum(union, 1)
    pairs = zip(*linear_sum_assignment(jaccard, maximize=True), strict=True)
    return dict(sorted((news[column], olds[row]) for row, column in pairs if jaccard[row, column] >= SAME))


def _parts(
    shared: np.ndarray, of_whole: np.ndarray, of_part: np.ndarray, wholes: list[int], parts: list[int]
) -> dict[int, list[int]]:
    """The parts of every whole that has at least two."""
    is_part = (shared > of_part[None, :] / 2) & (shared >= PART * of_whole[:, None]) & (shared > 0)
    return {
        whole: [parts[place] for place in np.flatnonzero(row)]
        for whole, row in zip(wholes, is_part, strict=True)
        if row.sum() > 1
    }


def _counted(n: int, one: str, many: str) -> str:
    return f"{n} sound {one}" if n == 1 else f"{n:,} sounds {many}" if n else ""


def _few(parts: list[str], rest: str) -> list[str]:
    """The first parts, and how many more there are."""
    more = len(parts) - TOLD
    if more < 2:
        return parts
    return [*parts[:TOLD], f"{more} more clusters {rest}"]


def _old(cluster: int, titles: Mapping[int, str]) -> str:
    return f"cluster {cluster} ({titles[cluster]})" if titles.get(cluster) else f"cluster {cluster}"


def _list(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers[:-1])) + f" and {numbers[-1]}"
