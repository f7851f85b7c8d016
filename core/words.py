"""What a text says about sounds: weights over the 521 classes of `core.ontology`, by the likeness of words.

The words are static vectors made of a sentence model (`core.training.words`, card in `core/assets/words/`), read from
files of the program. Knows nothing of sounds, of libraries or of full text.
"""

import csv
import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.ontology import audioset

FOLDER = Path(__file__).parent / "assets" / "words"
VECTORS = "model.safetensors"
TOKENIZER = "tokenizer.json"
ALIASES = "aliases.csv"

Weights = NDArray[np.float32]
"""Of the 521 classes for each part of a text, shape (n_parts, 521); a row sums to how well the part is understood."""

TEMPERATURE = 0.05  # of the softmax over classes
MOST_CLASSES = 5  # that one part of a text may mean; the tail of a softmax over 521 is noise
DESCRIPTIONS = 0.3  # weight of the likeness to a class's name and description, beside that to its names
UNLIKE, ALIKE = 0.45, 0.65  # a part less like any name than the first means nothing here; from the second on, all of it
EXACT = 0.04  # what a name gains when the text is that name
MOST_PARTS = 6  # of a text that are read
SHORTEST_PART = 3  # letters of a word that another is made of
LONGEST_WORD = 40  # letters; what it is made of takes time that grows with their square

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class WordVectors:
    """rows: where each word's vector is. table: float32 (n_words, dim), a rare word longer than a common one."""

    rows: dict[str, int]
    table: NDArray[np.float32]

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors, float32 (n_texts, dim): the mean of the words that are known; zero where none is."""
        sums = (
            np.stack([self._sum(text) for text in texts]) if texts else np.zeros((0, self.table.shape[1]), np.float32)
        )
        norms = np.linalg.norm(sums, axis=1, keepdims=True)
        return (sums / np.where(norms > 0, norms, 1)).astype(np.float32)

    def rows_of(self, word: str) -> list[int]:
        """The rows of a word, or of what it is made of: `dogs` is dog, `metalhit` is metal and hit.

        None for a word that is unknown or longer than any.
        """
        if len(word) > LONGEST_WORD:
            return []
        for form in _forms(word):
            if form in self.rows:
                return [self.rows[form]]
        return [self.rows[part] for part in self._made_of(word)]

    def _sum(self, text: str) -> NDArray[np.float32]:
        rows = [row for word in words_of(text) for row in self.rows_of(word)]
        total: NDArray[np.float32] = self.table[rows].sum(axis=0)
        return total

    def _made_of(self, word: str) -> list[str]:
        """The fewest known words that make up another one, of those the ones whose rarest is the most common."""
        best: list[tuple[tuple[int, int], list[str]] | None] = [((0, 0), []), *[None] * len(word)]
        for end in range(SHORTEST_PART, len(word) + 1):
            for start in range(end - SHORTEST_PART + 1):
                before, part = best[start], word[start:end]
                if before is None or part not in self.rows:
                    continue
                cost = (before[0][0] + 1, max(before[0][1], self.rows[part]))
                held = best[end]
                if held is None or cost < held[0]:
                    best[end] = (cost, [*before[1], part])
        found = best[-1]
        return found[1] if found else []


@dataclass(frozen=True)
class ClassNames:
    """The names that the classes go by, as vectors: several to a class."""

    words: WordVectors
    names: tuple[str, ...]
    owners: Rows

    def understand(self, text: str) -> Weights:
        """What each part of a text means ("rain and a dog" has two); no rows where it says nothing about sounds.

        Of a text with more than six parts the first six are read.
        """
        spoken = parts_of(text)
        if len(spoken) > MOST_PARTS:
            spoken = spoken[:MOST_PARTS]
            text = ", ".join(spoken)
        whole = self._meaning(text if len(spoken) == len(split(text)) else ", ".join(spoken))
        parts = [meaning for part in spoken if (meaning := self._meaning(part))[0] > UNLIKE]
        if len(parts) < 2 or whole[0] >= min(likeness for likeness, _ in parts):  # "drum and bass" is one thing
            parts = [whole] if whole[0] > UNLIKE else parts
        rows = [_trust(likeness) * weights for likeness, weights in parts]
        return np.stack(rows) if rows else np.zeros((0, len(audioset().names)), np.float32)

    def _meaning(self, text: str) -> tuple[float, NDArray[np.float32]]:
        """How like any name a text is, and its weights over the classes, which sum to 1.

        Words of form are left out, unless the text is more like a name with them ("heavy metal").
        """
        heard = [word for word in words_of(text) if word not in UNHEARD_WORDS]
        vectors = self.words.encode([text, " ".join(heard)])
        likenesses = (self._vectors @ vectors.T + EXACT * self._called(words_of(text), heard)) * vectors[1].any()
        said, bare = likenesses.max(axis=0)
        best = int(bare > said + 1e-3)
        vector = vectors[best]
        by_name = np.full(len(audioset().names), -1.0, np.float32)
        np.maximum.at(by_name, self.owners, likenesses[:, best])
        likeness = (by_name + DESCRIPTIONS * (self._descriptions @ vector)) / (1 + DESCRIPTIONS)
        odds = np.exp((likeness - likeness.max()) / TEMPERATURE)
        odds[np.argsort(-odds, kind="stable")[MOST_CLASSES:]] = 0
        return float(by_name.max()), (odds / odds.sum()).astype(np.float32)

    def _called(self, *texts: list[str]) -> NDArray[np.float32]:
        """Whether a class is called just so, 1 or 0, float32 (n_names, n_texts); vectors know no order of words."""
        result = np.zeros((len(self.names), len(texts)), np.float32)
        for column, text in enumerate(texts):
            result[self._spelt.get(tuple(text), []), column] = 1
        return result

    @cached_property
    def _spelt(self) -> dict[tuple[str, ...], list[int]]:
        spelt: dict[tuple[str, ...], list[int]] = {}
        for place, name in enumerate(self.names):
            spelt.setdefault(tuple(words_of(name)), []).append(place)
        return spelt

    @cached_property
    def _vectors(self) -> NDArray[np.float32]:
        return self.words.encode(self.names)

    @cached_property
    def _descriptions(self) -> NDArray[np.float32]:
        return self.words.encode([f"{known.name}. {known.description}" for known in audioset().classes])


def understand(text: str) -> Weights:
    """What a text says about sounds, with the words that ship: float32 (n_parts, 521), (0, 521) for nothing at all."""
    return shipped_names().understand(text)


@cache
def shipped_names() -> ClassNames:
    """The names of the classes: what the ontology calls them, each alternative of it, and the aliases."""
    aliases = read_aliases(FOLDER / ALIASES)
    named = [
        (name, place)
        for place, known in enumerate(audioset().classes)
        for name in dict.fromkeys((known.name, *_alternatives(known.name), *aliases.get(known.name, ())))
    ]
    return ClassNames(shipped_vectors(), tuple(name for name, _ in named), np.array([place for _, place in named]))


@cache
def shipped_vectors() -> WordVectors:
    """The vectors in `core/assets/words/`, read once."""
    return read_vectors(FOLDER)


def read_vectors(folder: Path) -> WordVectors:
    """The words of a folder in model2vec's format, as `core.training.words` writes it."""
    vocabulary = json.loads((folder / TOKENIZER).read_text(encoding="utf-8"))["model"]["vocab"]
    tensors = _tensors((folder / VECTORS).read_bytes())
    table = tensors["embeddings"].astype(np.float32) * tensors["weights"][:, None]
    return WordVectors({word: row for word, row in vocabulary.items() if row}, table)


def read_aliases(path: Path) -> dict[str, tuple[str, ...]]:
    """What else a class is called, by its name."""
    with path.open(encoding="utf-8", newline="") as file:
        return {row["class"]: tuple(row["aliases"].split("; ")) for row in csv.DictReader(file)}


def words_of(text: str) -> list[str]:
    """The words of a text, in small letters without accents; numbers stand alone."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.findall(r"[a-z]+|\d+", plain)


def parts_of(text: str) -> list[str]:
    """The parts of a text that are said to be heard together; what is said not to be is left out."""
    return [part for part in split(text) if not part.startswith(DENIED)]


def split(text: str) -> list[str]:
    """The parts of a text, those included that are said not to be heard ("no thunder")."""
    return [part.strip() for part in TOGETHER.split(text.lower()) if part.strip()]


def _trust(likeness: float) -> float:
    return min(1.0, max(0.0, (likeness - UNLIKE) / (ALIKE - UNLIKE)))


def _alternatives(name: str) -> list[str]:
    """The names in a name: `Bee, wasp, etc.` is bee and wasp, `Camera (old)` is camera."""
    bare = re.sub(r"\(.*?\)", "", name)
    return [part.strip() for part in bare.split(",") if part.strip() not in ("", "etc.")]


def _forms(word: str) -> Iterable[str]:
    """A word, then what it may be a form of: barks, barked, barking, clapping, whining."""
    yield word
    for ending in ENDINGS:
        stem = word.removesuffix(ending)
        if len(stem) >= SHORTEST_PART and stem != word:
            yield stem
            yield stem + "e"
            if stem[-1] == stem[-2]:
                yield stem[:-1]
            if stem[-1] == "i":
                yield stem[:-1] + "y"


def _tensors(data: bytes) -> dict[str, NDArray[np.float32]]:
    """The arrays in a safetensors file: the length of a JSON header, the header, the numbers."""
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:start])
    header.pop("__metadata__", None)
    return {
        name: np.frombuffer(
            data[start + about["data_offsets"][0] : start + about["data_offsets"][1]], TYPES[about["dtype"]]
        ).reshape(about["shape"])
        for name, about in header.items()
    }


TYPES = {"I8": np.int8, "F32": np.float32}
ENDINGS = ("s", "es", "ed", "ing", "er", "ers", "ly", "y")
TOGETHER = re.compile(
    r"[,;:&+/]|\b(?:and|while|with|plus|then|followed by|before|after|as|over|during|near|beside|behind|against)\b"
)
DENIED = ("no ", "not ", "without ", "except ")

# Words that are about the form of a sound, or about nothing; full text and descriptors know what to make of them.
UNHEARD_WORDS = frozenset(
    "a an any are at be been being by for from has have i in is it its like me my of off on one or out some someone"
    " something sound sounds sounding that the them there these they thing things this to two three very was were what"
    " which several multiple many few first second times twice once again continuous continuously constantly"
    " intermittent short shorter long longer brief quick quickly fast slow slowly loud loudly quiet quietly soft softly"
    " gentle gently hard bright dark warm cold harsh clean dry wet big small large little heavy light high low deep mid"
    " pitched tonal percussive steady sustained silent distant distance close far away nearby background foreground"
    " good nice best new old recording recorded take sample samples file version left right mono stereo".split()
)
