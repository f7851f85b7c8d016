"""Changes that a person makes to groups by hand: what becomes of the members, and how it is told.

Pure: members in, members out. What is changed becomes a version of its own (`core.grouping.groups`), so every change
can be taken back.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from core.errors import NotFoundError, UnsupportedError
from core.grouping.describing import LONGEST_TITLE, joined_titles
from core.grouping.plain import one_line, words_in
from core.records import Clustering
from core.store.clusterings import Members, numbers_of


@dataclass(frozen=True, slots=True)
class Edit:
    """What a change comes to. change: told as a sentence. touched: the clusters whose members are others now.

    fresh: those of them whose titles and words are made anew. gone: those that are not there any more. titles: those
    that a person gave, by number.
    """

    members: Members
    change: str
    touched: frozenset[int] = frozenset()
    fresh: frozenset[int] = frozenset()
    gone: frozenset[int] = frozenset()
    titles: dict[int, str] = field(default_factory=dict)


def rename(whole: Clustering, members: Members, cluster: int, title: str) -> Edit:
    """A cluster gets a title from a person. Raises UnsupportedError for an empty one, or one that another has."""
    title, before = one_line(title, LONGEST_TITLE), _titles(whole)
    _require(whole, [cluster])
    if not words_in(title):
        raise UnsupportedError(f"{title!r} is no title; give cluster {cluster} a word or two")
    twin = [number for number, other in before.items() if number != cluster and words_in(other) == words_in(title)]
    if twin:
        raise UnsupportedError(f"cluster {twin[0]} is called “{title}” already; choose another title, or merge the two")
    change = f"Cluster {cluster}, “{before[cluster]}”, is called “{title}” now."
    return Edit(members, change, titles={cluster: title})


def merge(whole: Clustering, members: Members, clusters: Sequence[int]) -> Edit:
    """Several clusters become one, with the number of the first of them."""
    chosen = list(dict.fromkeys(clusters))
    _require(whole, chosen)
    if len(chosen) < 2:
        raise UnsupportedError("one cluster cannot be merged with itself; name at least two")
    into = chosen[0]
    moved = np.where(np.isin(members.clusters, chosen), into, members.clusters)
    titles = _titles(whole)
    told = joined_titles(titles[number] for number in chosen)
    change = f"Clusters {_listed(chosen)}, {told}, are cluster {into} now."
    return Edit(replace(members, clusters=moved), change, frozenset({into}), frozenset({into}), frozenset(chosen[1:]))


def split(
    whole: Clustering, members: Members, cluster: int, k: int, group: Callable[[NDArray[np.int64]], NDArray[np.int64]]
) -> Edit:
    """A cluster becomes k: the largest part keeps its number, the others get new ones after the highest.

    group: gives the rows of some members labels from 0, the largest part first.
    """
    _require(whole, [cluster])
    rows = np.flatnonzero(members.clusters == cluster)
    if not 2 <= k <= len(rows):
        few = f"cluster {cluster} has {len(rows)} sounds"
        raise UnsupportedError(f"{few} and cannot be split into {k}; {_possible(len(rows))}")
    labels = group(rows)
    highest = max(each.cluster for each in whole.clusters)
    numbers = np.array([cluster, *range(highest + 1, highest + k)])
    clusters = members.clusters.copy()
    clusters[rows] = numbers[labels]
    parts = frozenset(int(number) for number in numbers)
    title = _titles(whole)[cluster]
    change = f"Cluster {cluster}, “{title}”, is split into {_listed([int(number) for number in numbers])}."
    return Edit(replace(members, clusters=clusters), change, parts, parts)


def move(whole: Clustering, members: Members, sounds: Sequence[int], cluster: int) -> Edit:
    """Some sounds go to another cluster, or out of all for 0. Raises NotFoundError for a sound that is not grouped."""
    if cluster:
        _require(whole, [cluster])
    known = set(members.sounds.tolist())
    if (missing := next((sound for sound in sounds if sound not in known), None)) is not None:
        raise NotFoundError(f"sound {missing} is not in clustering {whole.clustering}; cluster all sounds first")
    wanted = np.unique(np.array(sounds, np.int64))
    rows = np.searchsorted(members.sounds, wanted)
    rows = rows[members.clusters[rows] != cluster]
    if not len(rows):
        raise UnsupportedError(
            f"{_count(len(wanted))} {'is' if len(wanted) == 1 else 'are'} in cluster {cluster} already"
        )
    left = {int(number) for number in members.clusters[rows]} - {0}
    clusters, how = members.clusters.copy(), list(members.how) or ["fitted"] * len(members.sounds)
    clusters[rows] = cluster
    for row in rows:
        how[row] = "moved"
    where = f"cluster {cluster}, “{_titles(whole)[cluster]}”" if cluster else "no group"
    change = f"{_count(len(rows), 'One')} went from {_clusters(sorted(left))} to {where}."
    gone = frozenset(number for number in left if not (clusters == number).any())
    touched = frozenset({*left, cluster} - {0} - gone)
    return Edit(replace(members, clusters=clusters, how=how), change, touched, gone=gone)


def assign(members: Members, new: NDArray[np.int64], clusters: NDArray[np.int64]) -> Edit:
    """New sounds join the clusters that were found for them; 0 is none."""
    n_placed, n_loose = int((clusters > 0).sum()), int((clusters == 0).sum())
    went = f"{_count(n_placed, 'One new', 'new')} went to the nearest groups" if n_placed else ""
    loose = f"{_count(n_loose, 'one new' if n_placed else 'One new', 'new')} fit nowhere" if n_loose else ""
    order = np.argsort(np.concatenate([members.sounds, new]))
    how = np.array([*members.how, *["assigned"] * len(new)], object)[order].tolist()
    sounds, numbers = np.concatenate([members.sounds, new])[order], np.concatenate([members.clusters, clusters])[order]
    touched = frozenset(int(number) for number in np.unique(clusters) if number)
    change = f"{'; '.join(filter(None, [went, loose]))}."
    return Edit(Members(sounds, numbers, np.zeros(len(sounds)), how), change, touched)


def _require(whole: Clustering, clusters: Sequence[int]) -> None:
    known = {each.cluster for each in whole.clusters}
    for number in clusters:
        if number not in known:
            what = f"clustering {whole.clustering} has no cluster {number}"
            raise NotFoundError(f"{what}; it has {numbers_of(whole)}")


def _titles(whole: Clustering) -> Mapping[int, str]:
    return {each.cluster: each.title for each in whole.clusters}


def _listed(numbers: Sequence[int]) -> str:
    return " and ".join([", ".join(map(str, numbers[:-1])), str(numbers[-1])]) if len(numbers) > 1 else str(numbers[0])


def _clusters(numbers: Sequence[int]) -> str:
    if not numbers:
        return "no group"
    return f"cluster{'s' if len(numbers) > 1 else ''} {_listed(numbers)}"


def _count(n: int, one: str = "one", kind: str = "") -> str:
    return f"{one} sound" if n == 1 else f"{n} {f'{kind} ' if kind else ''}sounds"


def _possible(n: int) -> str:
    return "a single sound cannot be split" if n < 2 else f"ask for 2 to {n}"
