"""Groups of vectors: made by one of several methods, measured, matched with earlier ones, and added to.

Knows nothing of sounds, words or databases. The same vectors and seed give the same groups. Importing it is cheap: what
learns is loaded when something is to be grouped.
"""

import numpy as np

from core.clustering.methods import METHODS
from core.clustering.partition import Grouping, by_size, typicality
from core.errors import UnsupportedError
from core.one_thread import one_thread
from core.records import Vectors

__all__ = ["METHODS", "Grouping", "check", "group"]


def group(vectors: Vectors, k: int | None, method: str = "gmm", seed: int = 0) -> Grouping:
    """Groups float32 (n, dim) unit vectors into k groups, or into as many as the method finds.

    A zero row is silence: it is like nothing, and belongs to no group, whatever the method.
    Raises UnknownNameError for a method that there is not, and UnsupportedError when there are too few vectors for k,
    or k is asked of a method that finds none.
    """
    check(len(vectors), k, method)
    audible = vectors.any(axis=1)
    heard = vectors[audible]
    _check_audible(len(heard), len(vectors), k)
    from core.clustering.reduction import reduce

    with one_thread():  # sums in a fixed order: the same groups on every machine of one kind
        found = METHODS.load(method)().fit(reduce(heard, seed), k, seed)
        labels = np.full(len(vectors), -1, np.int64)
        labels[audible] = found.labels
        labels = by_size(labels)
        cosines = typicality(vectors, labels)
    return Grouping(labels, cosines, int(labels.max(initial=-1)) + 1, sorted(found.bic), found.note)


def check(n: int, k: int | None, method: str) -> None:
    """Raises when n vectors cannot be grouped as asked, in a sentence for the person."""
    METHODS.load(method)().check(n, k)


def _check_audible(n: int, total: int, k: int | None) -> None:
    """What `check` cannot know: how many of the vectors are silence."""
    if n < max(2, k or 1):
        wanted = "be grouped" if k is None or n < 2 else f"make {k} groups"
        raise UnsupportedError(
            f"only {n} of the {total} sounds can be heard, the others are silent; {n} cannot {wanted}"
        )
