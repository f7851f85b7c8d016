"""Whether the title of a group is true: a search for it must find the sounds of the group before all others.

A title may be anybody's: of the built-in namer, of a chat model, of a person. Knows nothing of how it was made.
"""

import numpy as np
from numpy.typing import NDArray
from sqlite_utils import Database

from core import text_search
from core.store.clusterings import Members
from core.text_ears import TextEars

MOST = 10_000  # sounds that a title is checked with; of more, each group sends as many as make that, drawn by chance
MOST_BY_EAR = 2_000  # the same for a single word, of which many are tried
FEWEST = 20  # of a group, if it has so many
BORNE_OUT = 0.65  # the AUC from which the ears bear out a word


class NameCheck:
    """Checks titles against the sounds of one clustering; those of no group count as others."""

    def __init__(self, db: Database, ears: TextEars | None, members: Members) -> None:
        self._db, self._ears = db, ears
        rows = sample(members.clusters, MOST)
        self._sounds, self._clusters = members.sounds[rows], members.clusters[rows]
        self._allowed = set(self._sounds.tolist())
        self._few = sample(self._clusters, MOST_BY_EAR)

    def auc(self, title: str, cluster: int) -> float | None:
        """The chance that a search for the title puts a member of the cluster before a sound of another group.

        From 0 to 1; 0.5 says nothing, equal scores count half. None where there are no others to be told apart from.
        """
        inside = self._clusters == cluster
        if inside.all() or not inside.any():
            return None
        ranking = text_search.rank(self._db, self._ears, title, "", self._allowed, fits=0.0)
        scores = np.zeros(len(inside))
        scores[np.searchsorted(self._sounds, ranking.ids)] = ranking.scores
        return auc(scores, inside)

    def is_heard(self, word: str, cluster: int) -> bool:
        """Whether the ears hear what a word says in the sounds of a cluster more than in others."""
        inside = self._clusters[self._few] == cluster
        if self._ears is None or inside.all() or not inside.any():
            return True
        return auc(self._ears.fits(word, self._sounds[self._few]), inside) >= BORNE_OUT


def auc(scores: NDArray[np.floating], inside: NDArray[np.bool_]) -> float:
    """The area under the ROC curve: how often one of those inside scores higher than one outside, ties count half.

    By the ranks. Source: Mann and Whitney, On a test of whether one of two random variables is stochastically larger
    than the other, 1947.
    """
    from scipy.stats import rankdata  # a second of loading, at every start, that only groups need

    n_in, n_out = int(inside.sum()), int((~inside).sum())
    return float((rankdata(scores)[inside].sum() - n_in * (n_in + 1) / 2) / (n_in * n_out))


def sample(clusters: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """Rows in order: all if they are no more than `most`, else of each group a share by chance, but at least 20."""
    if len(clusters) <= most:
        return np.arange(len(clusters))
    draws, rows = np.random.default_rng(0), []
    for number in np.unique(clusters):
        inside = np.flatnonzero(clusters == number)
        wanted = min(len(inside), max(FEWEST, len(inside) * most // len(clusters)))
        rows.append(draws.choice(inside, wanted, replace=False))
    chosen: NDArray[np.int64] = np.sort(np.concatenate(rows))
    return chosen
