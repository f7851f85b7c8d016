"""What a message wants, and which of its words say what it is about: two linear models over words and letters.

Both were fitted (`learning`) to the sentences in `said`, English and German, that people of many kinds might write. A
sentence is its words, pairs of words and runs of letters, hashed into one row, and the mean vector of its words
(`core.words`), by which "glue" is near "merge" though no sentence says it. Knows nothing of what was shown before.
"""

import re
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agent.llm.embedded.tokens import Token, tokens
from core.ontology import audioset
from core.words import shipped_vectors

MODEL = Path(__file__).with_name("wants.npz")
ATTACHED = "<attached>"
WIDTH = 2**15  # columns that the words of a sentence are hashed to
SPAN_WIDTH = 2**15  # those of a word and its neighbours
VECTOR = 0.6  # weight of the mean vector beside a row of length 1
_LETTERS = (3, 4, 5)
_LONGEST = 12

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Want:
    """A thing that may be wanted, by its name in `said`, and how likely it is, 0 to 1."""

    name: str
    score: float


@dataclass(frozen=True)
class Model:
    """What was fitted, as `wants` and `about` read it.

    names: the names of the wants, in the order of the rows.
    weights: the weight of each hashed column and of the mean vector for each want, (n_wants, WIDTH + dim).
    bias: the log-odds of each want before a word is read, (n_wants,).
    span_weights: the weights for one word to be part of what a sentence is about, (SPAN_WIDTH + 3 * dim,).
    span_bias: the log-odds of that before the word is read.
    stays: the log-odds, beside even ones, for a word to be as the one before it, outside and inside.
    often: the words of many sentences, the commonest with the highest number.
    """

    names: tuple[str, ...]
    weights: Floats
    bias: Floats
    span_weights: Floats
    span_bias: float
    stays: tuple[float, float]
    often: dict[str, int]


def said_often() -> dict[str, int]:
    """The words that give sentences their wording, with how common each is, the commonest highest."""
    return shipped().often


def wants(text: str, *, attached: bool = False) -> list[Want]:
    """All that may be wanted, the likeliest first."""
    model = shipped()
    said = sentence(tokens(text), attached=attached)
    logits = model.weights[:, WIDTH:] @ said.vector + model.bias
    for column, value in said.columns.items():
        logits += value * model.weights[:, column]
    odds = np.exp(logits - logits.max())
    odds /= odds.sum()
    order = np.argsort(-odds, kind="stable")
    return [Want(model.names[place], float(odds[place])) for place in order]


def about(text: str, want: str) -> list[tuple[int, int]]:
    """The stretches of a message that say what it is about, given what it wants: (start, end) in the text."""
    pieces = tokens(text)
    if not pieces:
        return []
    model = shipped()
    logits = np.empty(len(pieces), np.float32)
    for place in range(len(pieces)):
        word = neighbourhood(pieces, place, want)
        logits[place] = model.span_weights[SPAN_WIDTH:] @ word.vector + model.span_bias
        logits[place] += sum(value * model.span_weights[column] for column, value in word.columns.items())
    return _stretches(pieces, _likeliest(logits, model.stays))


@dataclass(frozen=True)
class Row:
    """Features: hashed columns with their values, and a vector."""

    columns: dict[int, float]
    vector: Floats


def sentence(pieces: Sequence[Token], *, attached: bool) -> Row:
    """The features of a whole message."""
    words = [*(piece.seen for piece in pieces if piece.is_word or piece.seen[0] in "<?!+#=%&:"), *[ATTACHED] * attached]
    counts: Counter[str] = Counter()
    counts.update({f"w {word}": 1.0 for word in words})  # type: ignore[arg-type]  # Counter adds any numbers
    counts.update({f"b {a} {b}": 1.0 for a, b in pairwise(["^", *words, "$"])})  # type: ignore[arg-type]
    counts.update({f"c {run}": 0.5 for word in words if word[0] != "<" for run in _runs(word)})  # type: ignore[arg-type]
    counts[f"n {min(len(words), _LONGEST)}"] = 0.3  # type: ignore[assignment]
    columns = _hashed(counts, WIDTH)
    length = float(np.sqrt(sum(value * value for value in columns.values()))) or 1.0
    return Row({column: value / length for column, value in columns.items()}, VECTOR * _mean(words))


def neighbourhood(pieces: Sequence[Token], place: int, want: str) -> Row:
    """The features of one word where it stands: it, its letters, its neighbours, and whether they name sounds."""
    seen = ["^^", "^", *(piece.seen for piece in pieces), "$", "$$"]
    at = place + 2
    word = seen[at]
    counts: Counter[str] = Counter(
        (
            *(f"{offset} {seen[at + offset]}" for offset in (-2, -1, 0, 1, 2)),
            *(f"{want} {offset} {seen[at + offset]}" for offset in (-1, 0, 1)),
            *(f"sound {offset} {seen[at + offset] in sound_words()}" for offset in (-1, 0, 1)),
            *(f"{a} {seen[at + a]} {b} {seen[at + b]}" for a, b in ((-2, -1), (-1, 0), (0, 1), (1, 2), (-1, 1))),
            f"want {want}",
            f"first {min(place, 3)}",
            f"left {min(len(pieces) - place, 4)}",
        )
    )
    counts.update({f"c {run}": 0.3 for run in _runs(word)})  # type: ignore[arg-type]
    before, after = _mean([seen[at - 1]]), _mean([seen[at + 1]])
    return Row(_hashed(counts, SPAN_WIDTH), np.concatenate([2 * _mean([word]), before, after]))


@cache
def sound_words() -> frozenset[str]:
    """The words in the names of AudioSet's classes."""
    return frozenset(re.findall(r"[a-z]{3,}", " ".join(known.name.lower() for known in audioset().classes)))


def shipped() -> Model:
    """The model that the program brings along."""
    return _read(MODEL)


@cache
def _read(path: Path) -> Model:
    with np.load(path, allow_pickle=False) as kept:
        return Model(
            tuple(kept["names"].tolist()),
            kept["weights"].astype(np.float32) * kept["scale"][:, None],
            kept["bias"],
            kept["span_weights"].astype(np.float32) * kept["span_scale"],
            float(kept["span_bias"]),
            (float(kept["stays"][0]), float(kept["stays"][1])),
            {word: -place for place, word in enumerate(kept["often"].tolist())},
        )


def _hashed(counts: Counter[str], width: int) -> dict[int, float]:
    """The values by column; those of features that meet in one are added."""
    columns: dict[int, float] = {}
    for name, value in counts.items():
        column = zlib.crc32(name.encode()) % width
        columns[column] = columns.get(column, 0.0) + value
    return columns


def _runs(word: str) -> list[str]:
    """The runs of letters of a word, its edges marked."""
    framed = f"_{word}_"
    return list(dict.fromkeys(framed[i : i + n] for n in _LETTERS for i in range(len(framed) - n + 1)))


def _mean(words: Sequence[str]) -> Floats:
    """The mean vector of the words that have one, of norm 1; a zero row if none has."""
    known = [vector for word in words if word[0] != "<" and (vector := _vector(word)) is not None]
    dim = shipped_vectors().table.shape[1]
    total = np.sum(known, axis=0) if known else np.zeros(dim, np.float32)
    length = float(np.linalg.norm(total)) or 1.0
    return (total / length).astype(np.float32)


@cache
def _vector(word: str) -> Floats | None:
    vector: Floats = shipped_vectors().encode([word])[0]
    return vector if vector.any() else None


def _likeliest(logits: Floats, stays: tuple[float, float]) -> list[bool]:
    """Which words are inside, by the best path (Viterbi) through outside and inside."""
    scores = np.array([0.0, logits[0]])
    back: list[NDArray[np.int64]] = []
    cost = np.array([[0.0, -stays[0]], [-stays[1], 0.0]])
    for logit in logits[1:]:
        paths = scores[:, None] + cost
        back.append(paths.argmax(axis=0))
        scores = paths.max(axis=0) + np.array([0.0, logit])
    states = [int(scores.argmax())]
    for before in reversed(back):
        states.append(int(before[states[-1]]))
    return [bool(state) for state in reversed(states)]


def _stretches(pieces: Sequence[Token], inside: Sequence[bool]) -> list[tuple[int, int]]:
    """The words inside as stretches that no sign begins or parts."""
    found: list[tuple[int, int]] = []
    was = False
    for piece, is_inside in zip(pieces, inside, strict=True):
        now = is_inside and piece.seen[0] not in ".,;:!?"
        if now and was:
            found[-1] = (found[-1][0], piece.end)
        elif now:
            found.append((piece.start, piece.end))
        was = now
    return found
