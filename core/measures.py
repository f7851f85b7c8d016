"""How good spaces of the same sounds are: by labels, or without any by what can be said all the same.

Knows nothing of libraries: vectors, names and labels in, scores out. With labels a space is good where sounds of one
label lie together. Without them nothing tells which ears are right; how far they agree, know a sound again and group it
the same way twice are only hints, and are said to be no more.
"""

import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from core.errors import UnsupportedError
from core.one_thread import one_thread
from core.records import Record, Vectors

QUERIES = 5_000  # sounds that are asked for their neighbours, drawn by chance where there are more
NEIGHBOURS = 10
DRAWS = 2_000  # of the bootstrap
SPLITS = 3  # of the sounds, each grouped on its own
GROUPS = (2, 3, 5, 8, 13, 20)  # numbers of groups to try; which one fits is not known
FEWEST = 10  # sounds without labels that are compared, and recordings on which a difference is believed
GRID = 1e6  # cosines are rounded to a millionth: equal vectors are equally near wherever the matrix product sums them
BLOCK = 1 << 24  # cosines held at a time: 64 MB
NEXT_STEP = "add another with: earshot ingest --embedder clap"

Codes = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class SpaceSounds:
    """What some ears made of the sounds that are compared, the same sounds in the same order for all ears.

    held: how many sounds the space holds in all. vectors: float32 (n, dim), unit rows. halves: the vectors of the first
    and of the second half of m of the sounds, (m, dim) each, made of windows that share no moment; None where no sound
    is long enough for it.
    """

    name: str
    held: int
    vectors: Vectors
    halves: tuple[Vectors, Vectors] | None = None


@dataclass(frozen=True, slots=True)
class SpaceScore(Record):
    """How good a space is. rank: 1 is best; equals share one. sounds: how many it holds, compared or not.

    With labels: map, top1 and v_measure, from 0 to 1 (`compare_by_labels`). behind: by how much its mAP is behind the
    best one's, the bounds of the 95% interval; None for the best. told_apart: whether that is more than chance.
    Without: agreement, recognition and stability, 0 by chance and 1 at best, and mean_rank, the mean of the ranks by
    each of them, which the rows are ranked by (`compare_by_agreement`). What was not measured is None.
    """

    space: str
    dim: int
    sounds: int
    rank: int = 1
    map: float | None = None
    top1: float | None = None
    v_measure: float | None = None
    behind: tuple[float, float] | None = None
    told_apart: bool | None = None
    agreement: float | None = None
    recognition: float | None = None
    stability: float | None = None
    mean_rank: float | None = None


@dataclass(frozen=True, slots=True)
class Comparison(Record):
    """Spaces from the best to the worst.

    ranked_by: "map" where the sounds are `labelled`, else "mean_rank". sounds: how many were compared, of which
    `queries` were asked for their neighbours. labels: how many different ones; 0 without. chance: the mAP of ears that
    hear no difference. left_out: sounds that not all ears have heard, or that are silent. unmatched: labelled files
    that the library does not hold. ambiguous: sounds with two labels, which count for none. note: what a person should
    know of it, in sentences.
    """

    ranked_by: str
    labelled: bool
    sounds: int
    labels: int
    rows: list[SpaceScore]
    note: str
    queries: int
    chance: float | None = None
    left_out: int = 0
    unmatched: int = 0
    ambiguous: int = 0
    elapsed_s: float = field(default=0.0, compare=False)

    def table(self) -> tuple[list[str], list[list[str]]]:
        """Columns and rows, the best ears first; only what was measured has a column."""
        measured = {
            "mAP": "map",
            "top-1": "top1",
            "V-measure": "v_measure",
            "agreement": "agreement",
            "recognition": "recognition",
            "stability": "stability",
            "mean rank": "mean_rank",
        }
        rows = [row.as_dict() for row in self.rows]
        shown = {title: key for title, key in measured.items() if any(row[key] is not None for row in rows)}
        told = [["" if row[key] is None else f"{row[key]:.3f}" for key in shown.values()] for row in rows]
        return ["", "ears", *shown], [
            [str(row["rank"]), row["space"], *cells] for row, cells in zip(rows, told, strict=True)
        ]


@dataclass(frozen=True, slots=True)
class Retrieval:
    """How well queries find sounds of their label; chance: the mAP if all were equally near.

    influence: float64 (n,), how much the mAP rises with the weight of each sound, per unit; the sum over all is 0.
    """

    map: float
    top1: float
    chance: float
    influence: NDArray[np.float64]


# With labels


def compare_by_labels(
    spaces: Iterable[SpaceSounds], labels: Sequence[str], sources: Sequence[str], seed: int = 0
) -> Comparison:
    """Spaces ranked by the mAP with which a sound finds the others of its label; a neighbour from its source is no one.

    labels, sources: of the n sounds. map: average precision of all others ranked by cosine, mean over queries. top1:
    how often the nearest one has the same label. Sounds that are equally near share a place, the last of it for the
    mAP, so the order of the sounds gives nothing away. v_measure: of K-means with as many groups as labels, mean over
    three seeds, on as many sounds as are asked.

    behind: 95% of a bootstrap over sources. It draws the influence that each sound has on the difference, as the one
    that asks and as one that is found; drawing only the queries calls equal ears different one time in four (our trial
    with 40 to 200 sounds of 6 to 10 labels; this way it is 6 to 7%). Source: Efron, The Jackknife, the Bootstrap and
    Other Resampling Plans, 1982, chapter 6. It says nothing of labels that are not there, and on fewer than ten sources
    it is not believed.
    Raises UnsupportedError where no label has sounds of two sources.
    """
    label, source = _codes(labels), _codes(sources)
    pairs = np.unique(np.stack([label, source]), axis=1)
    able = np.flatnonzero(np.bincount(pairs[0])[label] > 1)
    if not len(able):
        raise UnsupportedError("no label has sounds of two recordings, so none can be found; label more sounds")
    queries, grouped = sample(able, seed), sample(np.arange(len(label)), seed)
    found = []
    for space in spaces:
        score = SpaceScore(space.name, space.vectors.shape[1], space.held)
        found.append((score, retrieval(space.vectors, label, source, queries), _v_measure(space, label, grouped)))
    found.sort(key=lambda each: (-each[1].map, each[0].space))
    best = found[0][1]
    believed = len(np.unique(source)) >= FEWEST
    rows: list[SpaceScore] = []
    for place, (score, one, v) in enumerate(found):
        behind = None if one is best else _interval(best, one, source, seed)
        apart = None if behind is None else believed and behind[0] > 0
        rank = rows[-1].rank if rows and rows[-1].map == one.map else place + 1
        rows.append(replace(score, rank=rank, map=one.map, top1=one.top1, v_measure=v, behind=behind, told_apart=apart))
    n, n_labels, n_asked = len(label), int(label.max()) + 1, len(queries)
    note = _who_is_best(rows, n) + _sampled(n_asked, len(able))
    return Comparison("map", True, n, n_labels, rows, note, n_asked, best.chance)


def _codes(names: Sequence[str]) -> Codes:
    """Numbers from 0 in the order in which names first come, so that other names change no draw."""
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
    return np.array([numbers[name] for name in names], np.int64)


def retrieval(vectors: Vectors, labels: Codes, sources: Codes, queries: Codes) -> Retrieval:
    """What queries find among unit vectors (n, dim). labels, sources: int64 (n,). queries: rows that can find one.

    The influence is the derivative of the mAP by the weight of a sound, both as a query and in the precisions of
    others (the infinitesimal jackknife; source: see `compare_by_labels`).
    """
    precisions, firsts, shares = (np.zeros(len(queries)) for _ in range(3))
    influence = np.zeros(len(vectors))
    for places, block in _cosines(vectors[queries], vectors):
        for place, cosines in zip(places, block, strict=True):
            query = queries[place]
            others = sources != sources[query]
            relevant = others & (labels == labels[query])
            cosines[~others] = -np.inf
            order = np.argsort(cosines)
            rising, right = cosines[order], relevant[order]
            ranked, found = _precision(rising, rising[right])
            precisions[place] = found.mean()
            nearest = right[np.searchsorted(rising, rising[-1]) :]
            firsts[place], shares[place] = nearest.mean(), relevant.sum() / others.sum()
            first_at = len(rising) - ranked  # from there on a sound is at least as near as the relevant one
            more = np.bincount(first_at, 1 / ranked, len(rising)).cumsum()
            less = np.bincount(first_at, found / ranked, len(rising)).cumsum()
            change = np.where(right, more, 0.0) - less
            change[right] += found - precisions[place]
            influence[order] += change / len(found)
    influence[queries] += precisions - precisions.mean()
    found_best, by_chance = float(firsts.mean()), float(shares.mean())
    return Retrieval(float(precisions.mean()), found_best, by_chance, influence / len(queries))


def _precision(rising: NDArray[np.float32], right: NDArray[np.float32]) -> tuple[Codes, NDArray[np.float64]]:
    """How many are at least as near as each relevant one, and the share of relevant ones among them."""
    ranked = len(rising) - np.searchsorted(rising, right)
    return ranked, (len(right) - np.searchsorted(right, right)) / ranked


def _interval(best: Retrieval, other: Retrieval, sources: Codes, seed: int) -> tuple[float, float]:
    by_source = np.bincount(sources, best.influence - other.influence)
    draws = np.random.default_rng(seed)
    shifts = [by_source[draws.integers(len(by_source), size=len(by_source))].sum() for _ in range(DRAWS)]
    low, high = best.map - other.map + np.percentile(shifts, [2.5, 97.5])
    return float(low), float(high)


def _v_measure(space: SpaceSounds, labels: Codes, rows: Codes) -> float:
    from sklearn.metrics import v_measure_score

    vectors, truth = space.vectors[rows], labels[rows]
    guesses = [_k_means(vectors, vectors, len(np.unique(truth)), seed) for seed in range(3)]
    return float(np.mean([v_measure_score(truth, guess) for guess in guesses]))


# Without labels


def compare_by_agreement(spaces: Iterable[SpaceSounds], seed: int = 0) -> Comparison:
    """Spaces ranked by the mean of their ranks in three measures that need no labels; less than 0.01 ranks none higher.

    agreement: how many of the ten nearest of a sound (of fewer in a small library) other ears find among theirs, mean
    over sounds and the other spaces, 0 where it is as by chance. It favours what most ears hear alike: the only ones
    that hear right would come last. Of two spaces it says nothing, as it is the same for both.
    recognition: the mean of 1 / the place at which the first half of a sound finds its second half among those of all
    other sounds. Ears that know a room or a microphone again do well in it too. None where fewer than ten sounds are
    twice as long as the longest window.
    stability: adjusted Rand index of two groupings of all sounds by K-means, each learned from another half of them,
    mean over three splits and over 2 to 20 groups, at most one for four sounds. A grouping may be stable and useless.
    Source: von Luxburg, Clustering stability: an overview, 2010; Hubert and Arabie, Comparing partitions, 1985.
    Raises UnsupportedError for fewer than ten sounds.
    """
    rows: list[SpaceScore] = []
    nearest: list[Codes] = []
    n, n_asked = 0, 0
    for place, space in enumerate(spaces):
        n = len(space.vectors)
        if n < FEWEST:
            raise UnsupportedError(f"{n} sounds that all ears have heard are too few to compare; add sounds")
        queries = sample(np.arange(n), seed)
        n_asked, known = len(queries), recognition(*space.halves) if space.halves else None
        nearest.append(neighbours(space.vectors, queries, _n_neighbours(n), seed + place))
        steady = stability(space.vectors[queries], seed)
        score = SpaceScore(space.name, space.vectors.shape[1], space.held, recognition=known, stability=steady)
        rows.append(score)
    agreed = [agreement(one, [other for other in nearest if other is not one], n) for one in nearest]
    rows = [replace(row, agreement=each) for row, each in zip(rows, agreed, strict=True)]
    note = "No label says which ears are right; this only tells which agree with the others and are steady."
    if len(rows) == 2:
        note += " Of two spaces agreement tells nothing, as it is the same for both."
    if any(row.recognition is None for row in rows):
        note += " Too few sounds are long enough to see whether a half of one finds the other."
    return Comparison("mean_rank", False, n, 0, _by_mean_rank(rows), note + _sampled(n_asked, n), n_asked)


def neighbours(vectors: Vectors, queries: Codes, k: int, seed: int) -> Codes:
    """The rows of the k vectors nearest to each query, itself left out, (n_queries, k), in no order.

    Among equally near ones chance decides, so that ears that hear no difference do not agree by the order of sounds.
    """
    draws = np.random.default_rng(seed)
    found = np.zeros((len(queries), k), np.int64)
    for places, block in _cosines(vectors[queries], vectors):
        block += draws.random(block.shape, np.float32)  # less than the millionth by which others differ at least
        block[np.arange(len(places)), queries[places]] = -np.inf
        found[places] = np.argpartition(block, -k, axis=1)[:, -k:]
    return found


def agreement(found: Codes, others: Sequence[Codes], n: int) -> float:
    """The mean share of neighbours (n_queries, k) that are found by others as well, of n sounds; 0: as by chance."""
    k = found.shape[1]
    shares = [float((found[:, :, None] == other[:, None, :]).sum()) / found.size for other in others]
    chance = k / (n - 1)
    return float((np.mean(shares) - chance) / (1 - chance))


def recognition(first: Vectors, second: Vectors) -> float:
    """The mean of 1 / the place at which each row finds its own among the rows of another array; 0 for a silent one."""
    found = np.zeros(len(first))
    for places, block in _cosines(first, second):
        own = block[np.arange(len(places)), places]
        found[places] = 1 / (block >= own[:, None]).sum(axis=1)
    return float((found * first.any(axis=1) * second.any(axis=1)).mean())


def stability(vectors: Vectors, seed: int = 0) -> float:
    """How alike two groupings are that were learned from two halves of at least eight vectors.

    See `compare_by_agreement`. Vectors that fall into one group tell nothing: they score 0.
    """
    from sklearn.metrics import adjusted_rand_score

    n, draws, scores = len(vectors), np.random.default_rng(seed), []
    for _ in range(SPLITS):
        halves = np.array_split(draws.permutation(n), 2)
        for k in [k for k in GROUPS if 4 * k <= n]:
            one, other = (_k_means(vectors[half], vectors, k, seed) for half in halves)
            scores.append(adjusted_rand_score(one, other) if min(one.max(), other.max()) > 0 else 0.0)
    return float(np.mean(scores))


def _n_neighbours(n: int) -> int:
    return max(1, min(NEIGHBOURS, (n - 1) // 4))


def _by_mean_rank(rows: list[SpaceScore]) -> list[SpaceScore]:
    from scipy.stats import rankdata

    measured = [[row.agreement, row.recognition, row.stability] for row in rows]
    scores = [np.round(np.array(each, float), 2) for each in zip(*measured, strict=True) if None not in each]
    means = np.mean([rankdata(-each) for each in scores], axis=0)
    ranks = rankdata(means, "min")
    ranked = [replace(row, mean_rank=float(m), rank=int(r)) for row, m, r in zip(rows, means, ranks, strict=True)]
    return sorted(ranked, key=lambda row: (row.rank, row.space))


# Parts of both


def _cosines(queries: Vectors, vectors: Vectors) -> Iterator[tuple[Codes, NDArray[np.float32]]]:
    """The places of some queries and their cosines with all vectors, in millionths, block by block."""
    size = max(1, BLOCK // max(1, len(vectors)))
    for start in range(0, len(queries), size):
        block = queries[start : start + size] @ vectors.T
        block *= GRID
        yield np.arange(start, start + len(block)), np.rint(block, out=block)


def _k_means(learned: Vectors, vectors: Vectors, k: int, seed: int) -> Codes:
    """The group of each vector by the means of k groups of others; fewer where those are not so many."""
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings(), one_thread():  # sums in a fixed order: the same groups every time
        warnings.simplefilter("ignore", ConvergenceWarning)  # equal vectors fill fewer than k groups
        groups: Codes = KMeans(k, n_init=3, random_state=seed).fit(learned).predict(vectors).astype(np.int64)
    return groups


def sample(rows: Codes, seed: int) -> Codes:
    """All rows, or `QUERIES` of them by chance, in their order."""
    if len(rows) <= QUERIES:
        return rows
    drawn: Codes = np.sort(np.random.default_rng(seed).choice(rows, QUERIES, replace=False))
    return drawn


# What a person is told


def _who_is_best(rows: Sequence[SpaceScore], n: int) -> str:
    best, others = rows[0].space, rows[1:]
    if not others:
        return f"There is only the space {best!r}; {NEXT_STEP}."
    close = ", ".join(row.space for row in others if not row.told_apart)
    if close:
        return f"{best} comes first, but these {n} sounds do not tell it apart from {close}."
    return f"{best} is the best of them for these sounds, by more than chance."


def _sampled(n_asked: int, n: int) -> str:
    return f" Measured with {n_asked} of {n} sounds, drawn by chance." if n_asked < n else ""
