"""Fits the constants of the signal-feature ears: `python -m core.training.signal_ears FOLDER TABLE`.

TABLE is a CSV with the columns path, domain and group. Standardisation and rotation need no labels; the reading of the
domain is a multinomial logistic regression, scored on groups (recordings, speakers, makers) that it was not fitted on.
"""

import csv
import json
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupShuffleSplit

from core import audio
from core.embedding.builtin import WEIGHTS, BuiltinEmbedder, signal_features
from core.errors import AudioError
from core.listening import SURE_OF_DOMAIN
from core.records import Samples

WHITENING = 0.5  # 0 keeps the variances of the components, 1 makes them all alike
WINDOWS_PER_FILE = 10  # a long file must not outweigh a hundred short ones
HELD_OUT = 0.2
SEED = 0


@dataclass(frozen=True, slots=True)
class Example:
    """A file of the table."""

    path: Path
    domain: str
    group: str


def read_table(folder: Path, table: Path) -> list[Example]:
    """The rows of the table as examples."""
    with table.open(newline="") as file:
        return [Example(folder / row["path"], row["domain"], row["group"]) for row in csv.DictReader(file)]


def fit(examples: list[Example], out: Path = WEIGHTS) -> dict[str, float]:
    """Writes the constants to `out`; returns the held-out scores of the domain reading."""
    with ProcessPoolExecutor() as pool:
        features = list(pool.map(partial(_features_of), [example.path for example in examples], chunksize=32))
    heard = [index for index, rows in enumerate(features) if len(rows)]
    windows = np.concatenate([features[index] for index in heard])
    owner = np.concatenate([np.full(len(features[index]), index) for index in heard])
    mean, scale = windows.mean(axis=0), windows.std(axis=0) + 1e-6
    rotation = _rotation((windows - mean) / scale)
    vectors = ((windows - mean) / scale) @ rotation
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    labelled = np.array([bool(examples[index].domain) for index in owner])
    domains = np.array([examples[index].domain for index in owner])[labelled]
    groups = np.array([examples[index].group for index in owner])[labelled]
    reading, names, scores = _domain_reading(vectors[labelled], domains, groups)
    np.savez(
        out,
        mean=mean.astype(np.float32),
        scale=scale.astype(np.float32),
        rotation=rotation.astype(np.float32),
        domains=np.array(names),
        domain_reading=reading.astype(np.float32),
    )
    return scores | {"files": float(len(heard)), "windows": float(len(windows))}


def _features_of(path: Path) -> NDArray[np.float32]:
    ears = BuiltinEmbedder
    try:
        samples = audio.decode(path, ears.sample_rate_hz)
    except AudioError:
        return np.zeros((0, 0), np.float32)
    rows = [signal_features(clip) for clip in _some_windows(samples)]
    kept = [row for row in rows if row is not None]
    return np.stack(kept) if kept else np.zeros((0, 0), np.float32)


def _some_windows(samples: Samples) -> Iterator[Samples]:
    window, hop = (round(s * BuiltinEmbedder.sample_rate_hz) for s in (BuiltinEmbedder.window_s, BuiltinEmbedder.hop_s))
    every = list(audio.windows(iter([samples]), window, hop))
    stride = max(1, len(every) // WINDOWS_PER_FILE)
    yield from every[::stride][:WINDOWS_PER_FILE]


def _rotation(standardised: NDArray[np.float32]) -> NDArray[np.float64]:
    """Principal components, half whitened, shape (N_FEATURES, dim); the features have no mean any more."""
    covariance = np.cov(standardised, rowvar=False)
    variances, components = np.linalg.eigh(covariance)
    order = np.argsort(-variances)[: BuiltinEmbedder.dim]
    signs = np.sign(
        components[np.abs(components[:, order]).argmax(axis=0), order]
    )  # eigenvectors have no sign of their own
    rotation: NDArray[np.float64] = components[:, order] * signs / variances[order] ** (WHITENING / 2)
    return rotation


def _domain_reading(
    vectors: NDArray[np.float32], domains: NDArray[np.str_], groups: NDArray[np.str_]
) -> tuple[NDArray[np.float64], list[str], dict[str, float]]:
    """Weights and bias (dim + 1, n_domains), the names, and how well it does on groups that were held out."""
    # Not balanced: rare domains would be seen everywhere. So a domain is claimed as rarely as it is.
    model = LogisticRegression(C=1.0, max_iter=2000)
    split = GroupShuffleSplit(n_splits=5, test_size=HELD_OUT, random_state=SEED)
    right, claimed = [], []
    for fitted, held_out in split.split(vectors, domains, groups):
        model.fit(vectors[fitted], domains[fitted])
        sure = model.predict_proba(vectors[held_out]).max(axis=1) >= SURE_OF_DOMAIN
        right.append((model.predict(vectors[held_out]) == domains[held_out])[sure].mean())
        claimed.append(sure.mean())
    model.fit(vectors, domains)
    reading = np.vstack([model.coef_.T, model.intercept_])
    return reading, list(model.classes_), {"precision": float(np.mean(right)), "claimed": float(np.mean(claimed))}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(fit(read_table(Path(sys.argv[1]), Path(sys.argv[2])))) + "\n")
