"""The tables of clustering: how right and steady groups are on labelled sounds, and what many sounds cost.

`python -m tests.benchmarks.grouping VECTORS.npy METHOD [K]` groups in a process of its own and prints what it took.
"""

import itertools
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.table import Table
from sklearn.metrics import adjusted_rand_score, v_measure_score

from core import clustering
from core.clustering.assigning import assign
from core.clustering.methods import METHODS
from core.clustering.stability import stability
from core.embed_files import embed_files
from core.embedding import make_embedder
from core.labels import read_labels
from core.store import spaces
from core.store.db import Store
from tests.benchmarks.memory import peak_mb
from tests.runs import CHECKOUT

SEEDS = 20
SIZES = (10_000, 100_000)
NOISE = 0.03  # of each number of a unit vector; cosine with the sound that it was made from about 0.93
FORCED = 20
NEW = 1_000  # sounds that are assigned


def table_of_groups(labels: Path, folder: Path) -> Table:
    """Groups of labelled sounds by the built-in ears: the number found, and V-measure and agreement over seeds."""
    sounds = read_labels(labels, folder=folder)
    embedded = embed_files([sound.path for sound in sounds], make_embedder("builtin"))
    vectors = np.stack([each.vector for each in embedded])
    truth = [sound.label for sound in sounds]
    n_classes = len(set(truth))
    title = f"Groups: {len(truth)} sounds, {n_classes} classes, {SEEDS} seeds"
    table = Table("", "groups", "V", "agreement (ARI)", "left out", title=title)
    for name in METHODS:
        for k in [None, n_classes] if METHODS.load(name).finds_number else [n_classes]:
            runs = [clustering.group(vectors, k, name, seed) for seed in range(SEEDS)]
            numbers = sorted(run.k for run in runs)
            v = np.mean([v_measure_score(truth, run.labels) for run in runs])
            pairs = itertools.combinations(runs, 2)
            agreement = np.mean([adjusted_rand_score(one.labels, other.labels) for one, other in pairs])
            left_out = np.mean([(run.labels < 0).mean() for run in runs])
            found = f"{numbers[0]} to {numbers[-1]}" if numbers[0] < numbers[-1] else str(numbers[0])
            row = f"{name}, {'found' if k is None else 'forced'}"
            table.add_row(row, found, f"{v:.3f}", f"{agreement:.3f}", f"{left_out:.0%}")
    return table


def table_of_clustering(library: Path) -> Table:
    """Seconds and memory to group vectors made from those of a library by small noise, each in a process of its own."""
    table = Table("", title="Clustering: seconds, and MB beyond the vectors themselves")
    for n in SIZES:
        table.add_column(f"{n:,} sounds")
    tasks = [(name, k) for name in METHODS for k in (None, FORCED) if k or METHODS.load(name).finds_number]
    files = [_many(library, n) for n in SIZES]
    for name, k in tasks:
        cells = []
        for file in files:
            took = _in_a_process(file, name, k)
            cells.append(f"{took['seconds']:.1f} s, {took['mb']:.0f} MB, {took['k']} groups")
        table.add_row(f"{name}, {'found' if k is None else k}", *cells)
    table.add_section()
    table.add_row("stability of gmm", *(f"{_of_stability(file):.1f} s" for file in files))
    table.add_row(f"{NEW:,} new sounds", *(f"{_of_assigning(file):.1f} s" for file in files))
    return table


def _many(library: Path, n: int) -> Path:
    """A file of n unit vectors beside a library, made from those of the library."""
    with Store(library).reading() as db:
        held = spaces.all_vectors(db, spaces.find_space(db, "builtin")).vectors
    held = held[held.any(axis=1)]
    rng = np.random.default_rng(0)
    vectors = held[rng.integers(len(held), size=n)]
    vectors += NOISE * rng.standard_normal(vectors.shape, dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    file = library / f"vectors_{n}.npy"
    np.save(file, vectors)
    return file


def _in_a_process(file: Path, method: str, k: int | None) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.benchmarks.grouping", str(file), method, *([str(k)] if k else [])]
    run = subprocess.run(command, stdout=subprocess.PIPE, cwd=CHECKOUT, check=True)
    took: dict[str, Any] = json.loads(run.stdout)
    return took


def _of_stability(file: Path) -> float:
    vectors = np.load(file)
    labels = clustering.group(vectors, FORCED).labels
    started = time.perf_counter()
    stability(vectors, labels)
    return time.perf_counter() - started


def _of_assigning(file: Path) -> float:
    vectors: NDArray[np.float32] = np.load(file)
    clusters = clustering.group(vectors, FORCED, "kmeans").labels + 1
    started = time.perf_counter()
    assign(vectors[:NEW], vectors[NEW:], clusters[NEW:])
    return time.perf_counter() - started


def _measure(file: Path, method: str, k: int | None) -> dict[str, Any]:
    vectors = np.load(file)
    clustering.group(vectors[:100], 2, method)  # what is loaded on first use is loaded by then
    before, started = peak_mb(), time.perf_counter()
    grouping = clustering.group(vectors, k, method)
    return {"seconds": time.perf_counter() - started, "mb": peak_mb() - before, "k": grouping.k}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_measure(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]) if sys.argv[3:] else None)))
