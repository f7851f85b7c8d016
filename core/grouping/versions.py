"""What stays the same from one version of a clustering to the next, and how the difference is told.

Pure: drafts in, drafts and texts out.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from core.grouping.describing import BUILT_IN, PERSON, Namer, joined_titles
from core.records import Group
from core.store.clusterings import Draft, Members

if TYPE_CHECKING:
    from core.clustering.matching import Difference

TOLD = 3  # titles in a sentence


def told(difference: "Difference", before: Draft, after: Draft) -> str:
    """A difference as a sentence (`core.clustering.matching.told`); where no sound moved, which titles are new."""
    from core.clustering import matching

    old, now = titles_of(before), titles_of(after)
    new = [now[number] for number, earlier in difference.same.items() if old[earlier] != now[number]]
    if difference.is_none and new:
        what = "is a new title" if len(new) == 1 else "are new titles"
        return f"no sound moved, but {joined_titles(new[:TOLD])} {what}"
    return matching.told(difference, old)


def renumbered(draft: Draft, numbers: Mapping[int, int], based_on: int | None) -> Draft:
    """A draft whose clusters, numbered from 1, have other numbers."""
    places = np.array([0, *(numbers[number] for number in range(1, len(numbers) + 1))], np.int64)
    members = replace(draft.members, clusters=places[draft.members.clusters])
    return replace(draft, members=members, based_on=based_on)


def words_that_stay(before: Draft, draft: Draft, difference: "Difference", namer: Namer | None) -> Mapping[int, Group]:
    """The groups that keep their titles: those that a person named if they are the same groups, and those that a chat
    model named if they hold the same sounds and no other model is asked.
    """
    stay = {}
    for group in before.groups:
        number, by = group.cluster.cluster, group.cluster.named_by
        same = difference.same.get(number) == number
        equal = same and np.array_equal(before.members.of(number), draft.members.of(number))
        if (by == PERSON and same) or (by != BUILT_IN and equal and (namer is None or namer.name == by)):
            stay[number] = group
    return stay


def firm(group: Group, score: float | None) -> Group:
    """A group with its stability, if it was measured."""
    known = score is not None and np.isfinite(score)
    return replace(group, cluster=replace(group.cluster, stability=round(float(score or 0), 3) if known else None))


def numbers_of_sounds(members: Members) -> dict[int, int]:
    """The cluster of each sound, as `core.clustering.matching` takes it."""
    return dict(zip(members.sounds.tolist(), members.clusters.tolist(), strict=True))


def titles_of(draft: Draft) -> dict[int, str]:
    """The titles of the clusters, by number."""
    return {group.cluster.cluster: group.cluster.title for group in draft.groups}


def is_same(before: Draft, draft: Draft) -> bool:
    """Whether a clustering says what an earlier one says, in numbers and in words."""
    same = np.array_equal(before.members.sounds, draft.members.sounds) and np.array_equal(
        before.members.clusters, draft.members.clusters
    )
    return same and (before.method, list(before.groups)) == (draft.method, list(draft.groups))
