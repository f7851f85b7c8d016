"""K-means: as many groups as a person says, around their means."""

import warnings

import numpy as np
from sklearn.cluster import KMeans, MiniBatchKMeans
from sklearn.exceptions import ConvergenceWarning

from core.clustering.methods.base import Found, Method, Points
from core.clustering.partition import filled
from core.errors import UnsupportedError

STARTS = 10  # the best of so many by the sum of squares
WHOLE = 20_000  # points; of more, small batches are learned from


class KMeansMethod(Method):
    """The best of several starts of K-means."""

    name = "kmeans"
    finds_number = False

    def fit(self, points: Points, k: int | None, seed: int) -> Found:
        """See `Method.fit`."""
        if k is None:
            raise UnsupportedError("kmeans needs the number of groups; give one, or use gmm, which finds it")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # equal points fill fewer than k groups, see filled
            if len(points) <= WHOLE:
                model = KMeans(k, n_init=STARTS, random_state=seed)
            else:
                model = MiniBatchKMeans(k, n_init=STARTS, batch_size=4_096, random_state=seed)
            labels = model.fit_predict(points).astype(np.int64)
        return Found(filled(labels, points, k))


BACKEND = KMeansMethod
