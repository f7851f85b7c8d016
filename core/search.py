"""Which sounds answer a question, by likeness or by words: one match per sound, with its best moment."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.embedding.base import pooled
from core.index import SpaceIndex
from core.records import Vectors

RRF = 60  # Cormack, Clarke & Buettcher 2009, "Reciprocal rank fusion": the constant of their best run


@dataclass(frozen=True, slots=True)
class Match:
    """A sound and how well it fits, with the window of it that fits best; None stands for the whole sound."""

    sound_id: int
    score: float
    chunk: int | None


def by_sound(index: SpaceIndex, windows: Vectors, k: int, allowed: set[int]) -> list[Match]:
    """The k sounds most like one with these windows, float32 (n_windows, dim).

    The score of a sound is the larger of two cosines with the mean of the windows: of its own mean, and of its best
    window. The first is the better judge of whole sounds; the second finds a moment in a long recording.
    """
    query = pooled(windows)
    if not query.any():
        return []  # silence is like nothing
    rows = _rows(index.sounds, allowed)
    whole = index.by_sound.search(query, k, rows)
    scores = dict(zip(index.sounds[whole.ids].tolist(), whole.scores.tolist(), strict=True))
    for sound_id, score in best_chunks(index, query, k, allowed):
        scores[sound_id] = max(score, scores.get(sound_id, -1.0))
    best = sorted(scores, key=lambda sound_id: (-scores[sound_id], sound_id))[:k]
    return [Match(sound_id, scores[sound_id], best_chunk(index, query, sound_id)) for sound_id in best]


def best_chunks(index: SpaceIndex, query: NDArray[np.float32], k: int, allowed: set[int]) -> list[tuple[int, float]]:
    """The k sounds with the best single window, as (sound, score), best first.

    Exact: windows are asked for until k different sounds are among them, or there are no more.
    """
    rows = _rows(index.chunk_sounds, allowed)
    asked = 4 * k
    while True:
        nearest = index.by_chunk.search(query, asked, rows)
        best: dict[int, float] = {}
        for row, score in zip(nearest.ids, nearest.scores, strict=True):
            best.setdefault(int(index.chunk_sounds[row]), float(score))
        if len(best) >= k or len(nearest.ids) < asked:
            return list(best.items())[:k]
        asked *= 4


def best_chunk(index: SpaceIndex, query: NDArray[np.float32], sound_id: int) -> int:
    """The window of a sound that is most like the query; the first of those that are equally so."""
    rows = np.flatnonzero(index.chunk_sounds == sound_id)
    return int(index.chunk_indexes[rows[index.by_chunk.scores(query, rows).argmax()]])


def _rows(sounds: NDArray[np.int64], allowed: set[int]) -> NDArray[np.int64] | None:
    """The rows of the allowed sounds; None where that is all of them, which is quicker to search."""
    chosen = np.isin(sounds, np.fromiter(allowed, np.int64, len(allowed)))
    return None if chosen.all() else np.flatnonzero(chosen)


def fused(rankings: Iterable[Sequence[int]]) -> dict[int, float]:
    """Reciprocal rank fusion: each list gives 1 / (60 + rank) to its members; higher is better."""
    scores: dict[int, float] = {}
    for ranking in rankings:
        for rank, sound_id in enumerate(ranking, start=1):
            scores[sound_id] = scores.get(sound_id, 0.0) + 1 / (RRF + rank)
    return scores


def words_query(text: str, *, beginnings: bool = True) -> str:
    """A full-text query for any text: each word may match, by its stem or its beginning; no operator gets through.

    Empty if the text holds no word that is worth a search.
    """
    return " OR ".join(query_words(text, beginnings=beginnings))


def query_words(text: str, *, beginnings: bool = True) -> list[str]:
    """The same, a query for each word."""
    text = unicodedata.normalize("NFC", text.lower())
    words = [word for word in re.findall(r"[^\W_]+", text) if word not in IDLE_WORDS]
    return [f'"{word}" OR "{word}"*' if beginnings and len(word) > 2 else f'"{word}"' for word in dict.fromkeys(words)]


# Words that say nothing about a sound; every caption holds some of them.
IDLE_WORDS = frozenset(
    "a an and any are as at be by for from has have i in is it its like me my of on or some something sound sounds that"
    " the them there these they this to was were what with".split()
)
