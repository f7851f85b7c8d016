"""The tables of speed: a whole ingest beside a peer's features, and search by index."""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.table import Table

from core.embedding.builtin import BuiltinEmbedder
from core.scan import find_files
from core.store.vectors import INDEXES
from tests.benchmarks import peer
from tests.runs import CHECKOUT

DIM = BuiltinEmbedder.dim
QUERIES = 20


def table_of_ingest(sounds: Path, library: Path) -> Table:
    """A whole ingest (hash, decode, embed, tag, measure, describe, commit) against the peer's features alone.

    The program runs as people run it, in processes of its own; the peer's libraries are loaded before its clock starts.
    """
    first, again = _ingested(sounds, library), _ingested(sounds, library)
    peak_mb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    paths = [Path(file.path) for file in find_files([sounds])]
    peer.warm_up()
    started = time.perf_counter()
    read, seconds = peer.embed(paths)
    took = time.perf_counter() - started
    ours = first["seconds_of_audio"] / first["elapsed_s"]
    table = Table("", "files", "hours", "seconds", "x real time", title=f"Ingest of {sounds.name}")
    table.add_row("earshot", *_row(first["indexed"], first["seconds_of_audio"], first["elapsed_s"]))
    table.add_row("earshot, nothing new", *_row(again["unchanged"], 0, again["elapsed_s"]))
    table.add_row("peer (librosa MFCC)", *_row(len(read), seconds, took))
    table.add_section()
    table.add_row("earshot / peer", "", "", "", f"{ours / (seconds / took):.2f}")
    unread = len(paths) - len(read)
    table.caption = f"earshot's largest process {peak_mb:.0f} MB; the peer leaves out {unread} files it cannot read"
    return table


def table_of_search() -> Table:
    """Median time of a search for ten neighbours among random vectors of the size of the builtin ears', per index."""
    rng = np.random.default_rng(0)
    title = f"Search, {DIM} numbers, median of {QUERIES} in ms"
    table = Table("vectors", *INDEXES.names(), "ratio", title=title)
    for n in (1_000, 10_000, 100_000, 1_000_000):
        vectors = rng.standard_normal((n, DIM), dtype=np.float32)
        times = [_median_ms(name, vectors) for name in INDEXES.names()]
        table.add_row(f"{n:,}", *(f"{each:.2f}" for each in times), f"{times[0] / times[-1]:.2f}")
    return table


def _ingested(sounds: Path, library: Path) -> dict[str, Any]:
    """The report of a run of the real command; its progress goes where ours would."""
    command = [sys.executable, "-m", "agent.cli", "ingest", str(sounds), "--library", str(library), "--json"]
    run = subprocess.run(command, stdout=subprocess.PIPE, cwd=CHECKOUT, check=True)
    report: dict[str, Any] = json.loads(run.stdout)
    return report


def _median_ms(name: str, vectors: NDArray[np.float32]) -> float:
    index = INDEXES.load(name)()
    index.build(vectors)
    times = []
    for query in vectors[:QUERIES]:
        started = time.perf_counter()
        index.search(query, 10)
        times.append(time.perf_counter() - started)
    return float(np.median(times) * 1000)


def _row(files: int, seconds_of_audio: float, took_s: float) -> Iterator[str]:
    yield from (f"{files:,}", f"{seconds_of_audio / 3600:.2f}", f"{took_s:.1f}")
    yield f"{seconds_of_audio / took_s:.0f}" if seconds_of_audio else ""
