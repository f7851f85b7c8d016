"""How well sounds fit a text by ear alone, from 0 to 1: by the classes that were heard, or by a text tower.

`core.text_search` joins it with what names, tags and captions say; it does not know which of the two it gets.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlite_utils import Database

from core.embedding import Embedder
from core.heard import fit
from core.index import SpaceIndex
from core.ontology import audioset
from core.records import Vectors
from core.store import spaces
from core.words import understand

BACKGROUND = 8  # every eighth class of the ontology stands for what a text could say as well
SAMPLE = 2_000  # sounds that the spread of the cosines is measured on
FITS_FROM, FITS_SURELY = 1.0, 4.0  # standard deviations over what any text gets: nothing fits, all fits

Ids = NDArray[np.int64]
Scores = NDArray[np.float32]


class TextEars(ABC):
    """What ears that understand text know of the sounds of one space."""

    def __init__(self, index: SpaceIndex) -> None:
        self.index = index

    def fits(self, text: str, ids: Ids) -> Scores:
        """How well each of some sounds fits a text, float32 (n_ids,); 0 where they know nothing. ids: sorted."""
        placed = np.zeros(len(ids), np.float32)
        rows = np.flatnonzero(np.isin(self.index.sounds, ids))
        scores = self._fits(text, rows)
        if scores is not None:
            placed[np.searchsorted(ids, self.index.sounds[rows])] = scores
        return placed

    @abstractmethod
    def moments(self, db: Database, text: str, chosen: Sequence[int], fits: float) -> dict[int, int]:
        """The window of each chosen sound that fits a text best, where one fits at least so well."""

    @abstractmethod
    def _fits(self, text: str, rows: Ids) -> Scores | None:
        """How well the sounds in some rows of the index fit; None for a text that they do not understand."""


class ByClasses(TextEars):
    """Ears that heard the classes of the ontology: a text is weights over them (`core.words`)."""

    def moments(self, db: Database, text: str, chosen: Sequence[int], fits: float) -> dict[int, int]:
        """See `TextEars.moments`."""
        meaning = understand(text)
        if not len(meaning):
            return {}
        heard = spaces.heard_windows(db, self.index.space, chosen)
        found = {sound: fit(meaning, windows.T) for sound, windows in heard.items()}
        return {sound: int(each.argmax()) for sound, each in found.items() if each.max() >= fits}

    def _fits(self, text: str, rows: Ids) -> Scores | None:
        meaning = understand(text)
        if not len(meaning):
            return None
        every = len(rows) == len(self.index.sounds)
        return fit(meaning, self.index.heard if every else self.index.heard[:, rows])


class ByTower(TextEars):
    """Ears with sound and text in one space: the cosine, held against what other texts get from the same sound.

    A cosine means nothing by itself, as some sounds are near to every text. So the mean cosine of a sound with the
    names of classes of the ontology is taken off, and the rest counted in standard deviations of all such cosines: one
    is no fit, four a full one. The two bounds are set by reason and not measured on official weights.
    """

    def __init__(self, index: SpaceIndex, ears: Embedder, cache: Path) -> None:
        super().__init__(index)
        self._ears = ears
        self._cache = cache / f"texts-{ears.fingerprint().weights}.npy"
        self._texts: dict[str, Vectors] = {}

    def moments(self, db: Database, text: str, chosen: Sequence[int], fits: float) -> dict[int, int]:
        """See `TextEars.moments`."""
        vector, found = self._vector(text), {}
        for row in np.flatnonzero(np.isin(self.index.sounds, chosen)):
            sound = int(self.index.sounds[row])
            cosines = spaces.get_vectors(db, self.index.space, sound) @ vector
            best = int(cosines.argmax())
            if self._fitting(cosines[best : best + 1], self._usual[row : row + 1])[0] >= fits:
                found[sound] = best
        return found

    def _fits(self, text: str, rows: Ids) -> Scores | None:
        if not any(letter.isalnum() for letter in text):
            return None
        cosines = self.index.by_sound.scores(self._vector(text), rows)
        return np.where(self._is_sound[rows], self._fitting(cosines, self._usual[rows]), 0).astype(np.float32)

    def _fitting(self, cosines: NDArray[np.floating], usual: NDArray[np.float64]) -> NDArray[np.float64]:
        deviations = (cosines - usual) / self._spread
        fitting: NDArray[np.float64] = np.clip((deviations - FITS_FROM) / (FITS_SURELY - FITS_FROM), 0, 1)
        return fitting

    def _vector(self, text: str) -> NDArray[np.float32]:
        if text not in self._texts:
            self._texts[text] = self._ears.embed_text([text])
        vector: NDArray[np.float32] = self._texts[text][0]
        return vector

    @cached_property
    def _background(self) -> Vectors:
        """Texts of all kinds as vectors, (n, dim); reading them takes a second or two, so they are kept."""
        try:
            kept: Vectors = np.load(self._cache, allow_pickle=False)
            if kept.shape[1:] == (self._ears.dim,):
                return kept
        except (OSError, ValueError, EOFError):
            kept = np.zeros((0, self._ears.dim), np.float32)  # there are none, or half of a file
        vectors = self._ears.embed_text(audioset().names[::BACKGROUND])
        self._cache.parent.mkdir(parents=True, exist_ok=True)
        np.save(self._cache, vectors)
        return vectors

    @cached_property
    def _usual(self) -> NDArray[np.float64]:
        """The mean cosine of each sound with the background, float64 (n_sounds,)."""
        mean = self._background.mean(axis=0)
        every = np.arange(len(self.index.sounds))
        cosines: NDArray[np.float64] = self.index.by_sound.scores(mean, every) * float(np.linalg.norm(mean))
        return cosines

    @cached_property
    def _is_sound(self) -> NDArray[np.bool_]:
        """Which sounds are no silence, which is like nothing and has the cosine 0 with everything."""
        every = np.arange(len(self.index.sounds))
        first, second = (self.index.by_sound.scores(text, every) for text in self._background[:2])
        sounding: NDArray[np.bool_] = (first != 0) | (second != 0)
        return sounding

    @cached_property
    def _spread(self) -> float:
        """The standard deviation of the cosines of sounds with the background, each held against its own mean."""
        some = np.random.default_rng(0).permutation(np.flatnonzero(self._is_sound))[:SAMPLE]
        if not len(some):
            return 1.0
        cosines = np.stack([self.index.by_sound.scores(text, some) for text in self._background])
        return max(float((cosines - cosines.mean(axis=0)).std()), 1e-6)
