"""Places on a plane for vectors: UMAP where there are enough of them, and a way to put new ones among those that lie.

Knows nothing of sounds, files or pictures. The same vectors and seed give the same places, bit for bit.

Source: McInnes, Healy and Melville, "UMAP: Uniform Manifold Approximation and Projection for Dimension Reduction"
(2018). The start is the principal plane instead of the spectral one, which keeps the large shape as well and is fixed
(Kobak and Linderman, "Initialization is critical for preserving global data structure", 2021).
"""

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from core.one_thread import one_thread
from core.records import Progress, Vectors

Points: TypeAlias = NDArray[np.float32]
"""Places, shape (n, 2): x and y from 0 to 1, one unit as long in both."""

Ids: TypeAlias = NDArray[np.int64]
Report: TypeAlias = Callable[[Progress], None]

DIMENSIONS = 50  # principal axes that neighbours are looked for in; ten times faster than 512, hardly another map
MOST_FITTED = 20_000  # vectors that UMAP moves (about 20 s on one core); the rest is put among them
FEWEST_FITTED = 15  # below this there is no neighbourhood that UMAP could keep
DISCRIMINATED = 24  # principal axes that groups are told apart in, as many as they are made in
NEIGHBOURS = 15
MIN_DISTANCE = 0.1
EPOCHS_SMALL, EPOCHS_LARGE, LARGE = 500, 200, 10_000  # as UMAP itself chooses by the number of vectors
PLACED_BY = 10  # neighbours that say where a new one goes
TOGETHER = 0.06  # neighbours this close on the map are of one place
FAR, SLACK = 0.01, 0.1  # the outer hundredth of each side is drawn in where it is further off than a tenth of the rest
MARGIN = 0.04  # between the outermost place and the rim
LEAST_JITTER = 0.003  # so that twins do not cover each other
MOST_JITTER = 0.012
HELD = 1 << 22  # cosines at a time: 16 MB


def lay_out(vectors: Vectors, ids: Ids, seed: int = 0, report: Report = lambda _: None) -> Points:
    """Places for float32 (n, dim) unit vectors; those alike lie together. Zero rows lie at the lower rim.

    ids: int64 (n,), what the small shifts of equal ones are drawn from. Of more than 20,000 vectors a sample is laid
    out and the rest put among it.
    """
    points = np.zeros((len(vectors), 2), np.float32)
    silent = ~vectors.any(axis=1)
    heard = np.flatnonzero(~silent)
    if not len(heard):
        return rim(ids, points[heard])
    fitted = fitted_rows(vectors, seed)
    rest = np.setdiff1d(heard, fitted)
    with one_thread():  # sums in a fixed order
        report(Progress(0, len(heard), "looking for neighbours"))
        points[fitted] = normalised(_run(vectors[fitted], ids[fitted], seed)[-1].places)
    report(Progress(len(fitted), len(heard), "laid out"))
    points[rest] = place(vectors[rest], ids[rest], vectors[fitted], points[fitted], report)
    points[silent] = rim(ids[silent], points[heard])
    return points


def fitted_rows(vectors: Vectors, seed: int) -> NDArray[np.int64]:
    """Which of some vectors `lay_out` moves by UMAP: all but zero rows, or a sample of 20,000 of them."""
    return _sample(np.flatnonzero(vectors.any(axis=1)), seed)


@dataclass(frozen=True, slots=True)
class Moment:
    """Where a run of UMAP is after some epochs: places float32 (n, 2), which are not normalised."""

    epoch: int
    places: NDArray[np.float32]


def shaping(vectors: Vectors, ids: Ids, seed: int, n_moments: int) -> list[Moment]:
    """How `lay_out` comes to its places, from the principal plane at epoch 0 to the end; at most so many moments.

    Without zero rows and for at most 20,000 vectors. Too few of them for UMAP stay in the principal plane.
    """
    assert vectors.any(axis=1).all(), "silence has a place of its own"
    with one_thread():
        return _run(vectors, ids, seed, n_moments)


def place(vectors: Vectors, ids: Ids, known: Vectors, known_points: Points, report: Report = lambda _: None) -> Points:
    """Places for new vectors among known ones, none of which moves.

    Each goes to the weighted mean of its nearest neighbours, of those that lie together where most of them are: the
    middle between two heaps would be near to neither. A small shift, drawn from its id, keeps it from covering others.
    Of more than 20,000 known ones a sample is looked among, the same each time.
    """
    points = np.zeros((len(vectors), 2), np.float32)
    silent, heard = ~vectors.any(axis=1), np.flatnonzero(known.any(axis=1))
    points[silent] = rim(ids[silent], known_points[heard])
    rows, among, done = np.flatnonzero(~silent), _sample(heard, 0), 0
    if len(rows) and not len(among):
        points[rows] = lay_out(vectors[rows], ids[rows])
    elif len(rows):
        with one_thread():
            for near, distances in _nearest(*_reduced(vectors[rows], known[among]), PLACED_BY):
                block = rows[done : done + len(near)]
                points[block] = _between(known_points[among[near]], distances, ids[block])
                done += len(block)
                report(Progress(len(known) + done, len(known) + len(rows), "placed"))
    return points


def rim(ids: Ids, heard: Points) -> Points:
    """Places for silence, below the places of what is heard and to the left; drawn from its ids, so that it stays."""
    drawn = _drawn(ids)
    lowest = heard[:, 1].min() if len(heard) else 1.5 * MARGIN
    spots = [MARGIN + 0.12 * drawn[:, 0], lowest - MARGIN + 0.4 * MARGIN * drawn[:, 1]]
    return np.stack(spots, axis=1).astype(np.float32)


def normalised(points: NDArray[Any], like: NDArray[Any] | None = None) -> Points:
    """The same places within the margins, with one scale for both axes and the shorter one centred.

    The few that lie far out, whose distance says nothing in UMAP, are drawn nearer, in order, so that they do not cost
    all others their room. like: the places whose extent counts, for frames of one run; these are cut at the rim.
    """
    points, like = points.astype(np.float64), (points if like is None else like).astype(np.float64)
    low, high = np.quantile(like, [FAR, 1 - FAR], axis=0)
    slack = SLACK * max(float((high - low).max()), 1e-9)

    def drawn_in(places: NDArray[np.float64]) -> NDArray[np.float64]:
        over, under = np.maximum(places - high, 0) / slack, np.maximum(low - places, 0) / slack
        return np.asarray(np.clip(places, low, high) + slack * (np.log1p(over) - np.log1p(under)))

    points, like = drawn_in(points), drawn_in(like)
    low, high = like.min(axis=0), like.max(axis=0)
    scale = (1 - 2 * MARGIN) / max(float((high - low).max()), 1e-9)
    moved: Points = np.clip(0.5 + (points - (low + high) / 2) * scale, 0, 1).astype(np.float32)
    return moved


def principal_plane(vectors: NDArray[Any], n: int = 2) -> NDArray[np.float64]:
    """The first n principal components of (rows, dim), float64; each axis points to where its largest weight is."""
    centred = vectors.astype(np.float64) - vectors.mean(axis=0, dtype=np.float64)
    axes = _axes(centred, n)
    axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])
    plane = centred @ axes
    return np.pad(plane, ((0, 0), (0, n - plane.shape[1])))


def discriminant_plane(vectors: Vectors, groups: NDArray[np.int64]) -> NDArray[np.float64]:
    """Places, float64 (n, 2), on the plane in which the groups of some vectors lie furthest apart.

    groups: int64 (n,), the number of each one's group. Linear, so a Gaussian stays one; a unit is the standard
    deviation within groups. Source: Fisher, "The use of multiple measurements in taxonomic problems" (1936), on the
    main axes of the vectors. Of none there is no plane, and no place.
    """
    if not len(vectors):
        return np.zeros((0, 2))
    with one_thread():
        rows = principal_plane(vectors, min(DISCRIMINATED, vectors.shape[1]))
        numbers, which = np.unique(groups, return_inverse=True)
        sizes = np.bincount(which)
        means = np.stack([np.bincount(which, column) for column in rows.T], axis=1) / sizes[:, None]
        within = rows - means[which]
        spread, axes = np.linalg.eigh(within.T @ within / max(1, len(rows) - len(numbers)))
        white = axes / np.sqrt(np.maximum(spread, 1e-6 * spread[-1] + 1e-12))
        between = (means * np.sqrt(sizes)[:, None]) @ white
        whole = rows @ white
        # a little of the whole spread gives two groups, whose means lie on a line, a second direction
        directions = np.linalg.eigh(between.T @ between + 1e-3 * (whole.T @ whole))[1][:, ::-1][:, :2]
        plane = whole @ directions
        return np.pad(plane, ((0, 0), (0, 2 - plane.shape[1])))


def _sample(rows: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """All of some rows, or as many of them by chance as UMAP moves, in their order."""
    if len(rows) <= MOST_FITTED:
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, MOST_FITTED, replace=False))


def _run(vectors: Vectors, ids: Ids, seed: int, n_moments: int = 1) -> list[Moment]:
    """Some moments of one run, the last one last."""
    reduced, _ = _reduced(vectors, vectors)
    start = principal_plane(reduced)
    start += 1e-4 * (np.ptp(start) or 1.0) * _disc(ids)  # equal vectors start apart
    if len(vectors) < FEWEST_FITTED:
        return [Moment(0, start.astype(np.float32))]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # ImportWarning: TensorFlow, which a part that we do not use would need
        from umap.umap_ import find_ab_params, fuzzy_simplicial_set, simplicial_set_embedding
    k = min(NEIGHBOURS, len(vectors) - 1)
    found = list(_nearest(reduced, reduced, k, own=True))
    near, distances = (np.concatenate(each) for each in zip(*found, strict=True))
    state = np.random.RandomState(seed)
    graph, *_ = fuzzy_simplicial_set(reduced, k, state, "cosine", {}, near.astype(np.int32), distances)
    epochs = _epochs(EPOCHS_SMALL if len(vectors) <= LARGE else EPOCHS_LARGE, n_moments)
    a, b = find_ab_params(1.0, MIN_DISTANCE)
    run: tuple[Any, dict[str, Any]] = simplicial_set_embedding(
        reduced,
        graph,
        n_components=2,
        initial_alpha=1.0,
        a=a,
        b=b,
        gamma=1.0,
        negative_sample_rate=5,
        n_epochs=epochs,
        init=start.astype(np.float32),
        random_state=state,
        metric="cosine",
        metric_kwds={},
        densmap=False,
        densmap_kwds={},
        output_dens=False,
    )
    begun = 10 * (start - start.min(axis=0)) / np.ptp(start, axis=0)  # as UMAP stretches what it starts from
    places = [begun, *(np.asarray(each, np.float64) for each in run[1].get("embedding_list", [run[0]]))]
    turn = _lying(places[-1])
    return [Moment(epoch, (each @ turn).astype(np.float32)) for epoch, each in zip([0, *epochs], places, strict=True)]


def _lying(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """The rotation that lays the longer side of some places level, as screens are: UMAP knows no above and beside."""
    x, y = _axes(points - points.mean(axis=0), 2)[:, 0]
    x, y = (x, y) if x >= 0 else (-x, -y)
    return np.array([[x, -y], [y, x]])


def _epochs(last: int, n_moments: int) -> list[int]:
    """When to look: often at first, where most of it happens, then more and more seldom."""
    return sorted({max(1, round(last * (i / max(1, n_moments - 1)) ** 2)) for i in range(1, n_moments)} | {last})


def _reduced(vectors: Vectors, basis: Vectors) -> tuple[Vectors, Vectors]:
    """Both as unit vectors along the main axes of the second: their products are nearly the cosines of before."""
    if basis.shape[1] <= DIMENSIONS:
        return vectors, basis
    axes = _axes(basis.astype(np.float64), DIMENSIONS).astype(np.float32)
    return _unit(vectors @ axes), _unit(basis @ axes)


def _axes(rows: NDArray[np.float64], n: int) -> NDArray[np.float64]:
    """The n directions in which rows are largest, as columns, the first one first."""
    _, axes = np.linalg.eigh(rows.T @ rows)
    return np.asarray(axes[:, ::-1][:, :n])


def _unit(rows: Vectors) -> Vectors:
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return (rows / np.where(norms > 0, norms, 1)).astype(np.float32)


def _nearest(
    rows: Vectors, among: Vectors, k: int, *, own: bool = False
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
    """The k nearest by cosine, in blocks of rows: their numbers and distances, nearest first; with own, itself first.

    Distances are 1 - cosine, from 0. Exact: for 20,000 rows it takes a few seconds and no index.
    """
    k, size = min(k, len(among)), max(1, HELD // max(1, len(among)))
    for start in range(0, len(rows), size):
        products = rows[start : start + size] @ among.T
        here = np.arange(len(products))
        if own:
            products[here, start + here] = 2.0
        near = np.argpartition(products, -k, axis=1)[:, -k:]
        found = np.take_along_axis(products, near, axis=1)
        order = np.lexsort((near, -found), axis=1)
        near, found = np.take_along_axis(near, order, axis=1), np.take_along_axis(found, order, axis=1)
        yield near, np.maximum(1 - found, 0).astype(np.float32)


def _between(places: Points, distances: NDArray[np.float32], ids: Ids) -> Points:
    """Where n new ones go: places (n, k, 2) and distances (n, k) are those of their neighbours."""
    weights = 1 / (distances.astype(np.float64) ** 2 + 1e-6)
    apart = np.linalg.norm(places[:, :, None] - places[:, None], axis=-1)
    support = ((apart < TOGETHER) * weights[:, None]).sum(axis=-1)
    best = support.argmax(axis=1)
    weights = weights * (apart[np.arange(len(places)), best] < TOGETHER)
    weights /= weights.sum(axis=1, keepdims=True)
    middle = (weights[..., None] * places).sum(axis=1)
    spread = np.sqrt((weights[..., None] * (places - middle[:, None]) ** 2).sum(axis=(1, 2)))
    shift = _disc(ids) * np.clip(spread, LEAST_JITTER, MOST_JITTER)[:, None]
    where: Points = np.clip(middle + shift, 0, 1).astype(np.float32)
    return where


def _disc(ids: Ids) -> NDArray[np.float64]:
    """A point of the unit disc for each id, always the same, not too near to its middle."""
    drawn = _drawn(ids)
    radius, angle = np.sqrt(0.25 + 0.75 * drawn[:, 0]), 2 * np.pi * drawn[:, 1]
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def _drawn(ids: Ids) -> NDArray[np.float64]:
    """Two numbers from 0 to 1 for each id, always the same (SplitMix64; Steele, Lea and Flood, 2014)."""
    columns = []
    for step in (1, 2):
        mixed = (2 * ids.astype(np.uint64) + np.uint64(step)) * np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        columns.append((mixed ^ (mixed >> np.uint64(31))) / 2.0**64)
    return np.stack(columns, axis=1).astype(np.float64)
