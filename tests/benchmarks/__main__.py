"""`make bench [SOUNDS=FOLDER] [LABELS=TABLE.csv]`: prints what Earshot and a peer do on the same files in the same run.

SOUNDS: a folder to ingest; the demo library if not given. LABELS: a table with the columns path (beside the table, in a
folder of its name) and label, and source_clip or group for what belongs together; the demo's kinds if not given.
"""

import argparse
import csv
import resource
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from core import clustering
from core.demo import make_demo
from core.embedding.base import pooled
from core.library import Library
from core.listening import Listener
from core.scan import find_files
from core.store.vectors import INDEXES
from tests.benchmarks import peer
from tests.benchmarks.metrics import Quality, quality

QUERIES = 20
out = Console(width=110)


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("--sounds", type=Path)
    parser.add_argument("--labels", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "demo"
        if not (arguments.sounds and arguments.labels):
            list(make_demo(folder))
        sounds = arguments.sounds or folder
        table, files = (
            (arguments.labels, arguments.labels.with_suffix(""))
            if arguments.labels
            else (folder / "labels.csv", folder)
        )
        out.print(speed_of_ingest(sounds, Path(scratch) / "library"))
        out.print(quality_of_ears(files, table))
    out.print(speed_of_search())
    out.print(speed_of_clustering())


def speed_of_ingest(sounds: Path, folder: Path) -> Table:
    """A whole ingest (hash, decode, embed, measure, describe, commit) against the peer's features alone."""
    paths = [Path(file.path) for file in find_files([sounds])]
    run = Library(folder).ingest([sounds])
    list(run)
    again = Library(folder).ingest([sounds])
    list(again)
    started = time.perf_counter()
    read, seconds = peer.embed(paths)
    took = time.perf_counter() - started
    ours = run.report.seconds_of_audio / run.report.elapsed_s
    table = Table("", "files", "hours", "seconds", "x real time", title=f"Ingest of {sounds.name}")
    table.add_row("earshot", *_row(run.report.indexed, run.report.seconds_of_audio, run.report.elapsed_s))
    table.add_row("earshot, nothing new", *_row(again.report.unchanged, 0, again.report.elapsed_s))
    table.add_row("peer (librosa MFCC)", *_row(len(read), seconds, took))
    table.add_section()
    table.add_row("earshot / peer", "", "", "", f"{ours / (seconds / took):.2f}")
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / 1024
    table.caption = f"largest process {peak:.0f} MB; the peer leaves out {len(paths) - len(read)} files it cannot read"
    return table


def quality_of_ears(files: Path, labels: Path) -> Table:
    """The builtin ears against the peer on labelled sounds."""
    with labels.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if (files / row["path"]).suffix != ".mp4"]
    paths = [files / row["path"] for row in rows]
    names = [row.get("label") or row["kind"] for row in rows]
    groups = [row.get("source_clip") or row.get("group") or row["path"] for row in rows]
    listener = Listener()
    heard = np.stack([pooled(listener.embed(path)) for path in paths])
    read, _ = peer.embed(paths)
    table = Table(
        "",
        "mAP",
        "top-1",
        "V",
        title=f"Same-class retrieval and K-means: {len(rows)} sounds, {len(set(names))} classes",
    )
    table.add_row("earshot, builtin", *_scores(quality(heard, names, groups)))
    known = [index for index, path in enumerate(paths) if path in read]
    kept = [paths[index] for index in known]
    mfcc = quality(np.stack([read[path] for path in kept]), [names[i] for i in known], [groups[i] for i in known])
    table.add_row("peer (librosa MFCC)", *_scores(mfcc))
    return table


def speed_of_search() -> Table:
    """Median time of a search for ten neighbours among random vectors of the builtin ears' size, per index."""
    rng = np.random.default_rng(0)
    table = Table("vectors", *INDEXES.names(), "ratio", title=f"Search, 64 numbers, median of {QUERIES} in ms")
    for n in (1_000, 10_000, 100_000, 1_000_000):
        vectors = rng.standard_normal((n, 64), dtype=np.float32)
        times = [_median_ms(name, vectors) for name in INDEXES.names()]
        table.add_row(f"{n:,}", *(f"{each:.2f}" for each in times), f"{times[0] / times[-1]:.2f}")
    return table


def speed_of_clustering() -> Table:
    """Seconds to group random blobs, the number found or forced."""
    table = Table("sounds", "gmm, found", "gmm, 20", "kmeans, 20", title="Clustering, seconds")
    for n in (1_000, 10_000):
        vectors = _blobs(n)
        times = [_seconds(vectors, k, method) for k, method in ((None, "gmm"), (20, "gmm"), (20, "kmeans"))]
        table.add_row(f"{n:,}", *(f"{each:.2f}" for each in times))
    return table


def _median_ms(name: str, vectors: NDArray[np.float32]) -> float:
    index = INDEXES.load(name)()
    index.build(vectors)
    times = []
    for query in vectors[:QUERIES]:
        started = time.perf_counter()
        index.search(query, 10)
        times.append(time.perf_counter() - started)
    return float(np.median(times) * 1000)


def _blobs(n: int) -> NDArray[np.float32]:
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((30, 64))
    vectors = centres[rng.integers(30, size=n)] + 0.5 * rng.standard_normal((n, 64))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def _seconds(vectors: NDArray[np.float32], k: int | None, method: str) -> float:
    started = time.perf_counter()
    clustering.group(vectors, k, method)
    return time.perf_counter() - started


def _row(files: int, seconds_of_audio: float, took_s: float) -> Iterator[str]:
    yield from (f"{files:,}", f"{seconds_of_audio / 3600:.2f}", f"{took_s:.1f}")
    yield f"{seconds_of_audio / took_s:.0f}" if seconds_of_audio else ""


def _scores(scores: Quality) -> Sequence[str]:
    return f"{scores.map:.3f}", f"{scores.top1:.3f}", f"{scores.v:.3f}"


if __name__ == "__main__":
    main()
