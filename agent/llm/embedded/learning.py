"""`python -m agent.llm.embedded.learning`: fits the two models of `wants` to the sentences in `said`.

Two logistic regressions by scikit-learn, of many wants and of inside or outside, kept as whole numbers with a scale.
Braces in a sentence hold what it is about; it is learnt with what stands there, and twice with what stands in others.
"""

import hashlib
import random
import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack

from agent.llm.embedded.spelling import slips
from agent.llm.embedded.tokens import Token, tokens
from agent.llm.embedded.wants import MODEL, SPAN_WIDTH, WIDTH, Row, neighbourhood, sentence
from core.ontology import audioset
from core.words import shipped_vectors

SAID = Path(__file__).with_name("said")
ATTACHED = "[attached]"
FILLINGS = 3  # times that a sentence with braces is learnt from
SEED = 2026
_OFTEN = 3  # sentences or more that a word is in to be one that tells
_SPELLED_WELL = 20  # sentences from which on a word that has no vector is no slip
_BRACES = re.compile(r"\{([^}]*)\}")
_TITLES = {"rename", "rename_clustering", "export", "add", "save_subtitles"}
"""Wants whose braces hold a name; all others hold sounds."""


def said() -> dict[str, list[str]]:
    """All sentences by what they want."""
    found: dict[str, list[str]] = {}
    for path in sorted(SAID.glob("*.toml")):
        for want, sentences in tomllib.loads(path.read_text(encoding="utf-8")).items():
            found.setdefault(want, []).extend(sentences)
    return found


def fingerprint() -> str:
    """Of all that the models are made of: the sentences, and the code that reads them."""
    made_of = [
        *sorted(SAID.glob("*.toml")),
        *(MODEL.with_name(f"{name}.py") for name in ("tokens", "wants", "learning")),
    ]
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in made_of)).hexdigest()


def learn(sentences: dict[str, list[str]], to: Path) -> None:
    """Fits both models and writes them."""
    filled = _all_filled(sentences)
    names = sorted(sentences)
    wanted = _fitted_wants(filled, names)
    spans = _fitted_spans(filled)
    weights, scale = _packed(wanted.coef_)
    span_weights, span_scale = _packed(spans.coef_)
    np.savez_compressed(
        to,
        names=np.array(names),
        weights=weights,
        scale=scale,
        bias=wanted.intercept_.astype(np.float32),
        span_weights=span_weights[0],
        span_scale=span_scale[0],
        span_bias=np.float32(spans.intercept_[0]),
        stays=np.array(_stays([each.inside for each in filled]), np.float32),
        often=np.array(_often(sentences)),
        made_of=np.array(fingerprint()),
    )


@dataclass(frozen=True)
class _Filled:
    """A sentence as it is learnt from. attached: whether a sound came with it. inside: which tokens stood in braces."""

    want: str
    pieces: list[Token]
    attached: bool
    inside: list[bool]


def _all_filled(sentences: dict[str, list[str]]) -> list[_Filled]:
    """Every sentence, and after them everything that may be looked for, as a search of nothing else."""
    filled = [each for want, texts in sentences.items() for each in _fillings(want, texts, sentences)]
    sounds = sorted({inner for want in sentences if want not in _TITLES for inner in _inner(sentences[want])})
    alone = [_marked("search", f"{{{sound}}}", None, (), attached=False) for sound in [*sounds, *_classes()]]
    return filled + alone


def _fitted_wants(filled: Sequence[_Filled], names: Sequence[str]) -> Any:
    """Tells the wants apart; its rows are in the order of the names."""
    from sklearn.linear_model import LogisticRegression

    rows = [sentence(each.pieces, attached=each.attached) for each in filled]
    return LogisticRegression(C=30, max_iter=400).fit(_matrix(rows, WIDTH), [names.index(each.want) for each in filled])


def _fitted_spans(filled: Sequence[_Filled]) -> Any:
    """Tells words that a sentence is about from all others."""
    from sklearn.linear_model import LogisticRegression

    words = [(each, place) for each in filled for place in range(len(each.pieces))]
    rows = [neighbourhood(each.pieces, place, each.want) for each, place in words]
    return LogisticRegression(C=0.5, max_iter=400).fit(
        _matrix(rows, SPAN_WIDTH), [each.inside[place] for each, place in words]
    )


def _inner(texts: Sequence[str]) -> list[str]:
    return [inner for text in texts for inner in _BRACES.findall(text)]


def _classes() -> list[str]:
    """The names of AudioSet's classes: whoever types nothing but one looks for it."""
    return [name.strip().lower() for known in audioset().classes for name in known.name.split(",")]


def _fillings(want: str, texts: Sequence[str], sentences: dict[str, list[str]]) -> Iterator[_Filled]:
    """Each sentence as it stands and, where it has braces, with what stands in those of others."""
    chance = random.Random(f"{SEED} {want}")  # noqa: S311  the same fillings each time, and no secret
    pool = [
        inner for other in sentences if (other in _TITLES) == (want in _TITLES) for inner in _inner(sentences[other])
    ]
    for text in texts:
        plain, attached = text.removesuffix(ATTACHED).strip(), text.endswith(ATTACHED)
        for number in range(FILLINGS if "{" in plain else 1):
            yield _marked(want, plain, chance if number else None, pool, attached=attached)


def _marked(want: str, text: str, chance: random.Random | None, pool: Sequence[str], *, attached: bool) -> _Filled:
    """A sentence without its braces. chance: draws from the pool what stands in them; None leaves what does."""
    parts, spans, at = [], [], 0
    for match in _BRACES.finditer(text):
        inner = chance.choice(pool) if chance else match[1]
        parts += [text[at : match.start()], inner]
        begin = sum(map(len, parts)) - len(inner)
        spans.append((begin, begin + len(inner)))
        at = match.end()
    pieces = tokens("".join([*parts, text[at:]]))
    return _Filled(want, pieces, attached, [any(a <= piece.start < b for a, b in spans) for piece in pieces])


def _matrix(rows: Sequence[Row], width: int) -> csr_matrix:
    values = [value for row in rows for value in row.columns.values()]
    columns = [column for row in rows for column in row.columns]
    starts = np.cumsum([0, *(len(row.columns) for row in rows)])
    hashed = csr_matrix((np.array(values, np.float32), columns, starts), shape=(len(rows), width))
    return hstack([hashed, csr_matrix(np.stack([row.vector for row in rows]))]).tocsr()


def _packed(weights: NDArray[np.float64]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Weights as whole numbers from -127 to 127, and what to multiply each row by to have them back."""
    scale = np.abs(weights).max(axis=1) / 127
    return np.round(weights / scale[:, None]).astype(np.int8), scale.astype(np.float32)


def _often(sentences: dict[str, list[str]]) -> list[str]:
    """The words that give sentences their wording, the commonest first; no slips of the keyboard that are in them."""
    plain = (_BRACES.sub(" ", text) for texts in sentences.values() for text in texts)
    counts = Counter(piece.seen for text in plain for piece in tokens(text) if piece.is_word)
    often = [word for word, count in counts.most_common() if count >= _OFTEN]
    spelled = [word for word in often if shipped_vectors().encode([word])[0].any() or counts[word] >= _SPELLED_WELL]
    return [word for word in often if word in spelled or not any(slips(word, other) == 1 for other in spelled)]


def _stays(filled: Sequence[Sequence[bool]]) -> tuple[float, float]:
    """Log-odds that the next word is outside after one outside, and inside after one inside, beside even odds."""
    pairs = [(a, b) for inside in filled for a, b in pairwise(inside)]
    odds = []
    for state in (False, True):
        after = [b for a, b in pairs if a is state]
        same = sum(b is state for b in after)
        odds.append(float(np.log((same + 1) / (len(after) - same + 1))) / 2)
    return odds[0], odds[1]


if __name__ == "__main__":
    learn(said(), MODEL)
