"""The table of memory: a file taken apart by AudioSep, and what the process held at most, as the file gets longer.

The weights are random, in the published geometry: the separator's, and those of a CLAP of the size that reads its
texts. What they take does not depend on their values. The real command runs in a process of its own for each length.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import wave
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from core.separation import _resunet
from tests.runs import CHECKOUT

LENGTHS_S = (60, 600)
RATE_HZ = 32_000
QUERY = "dog"
HTSAT_BASE = {
    "patch_embeds_hidden_size": 128,
    "hidden_size": 1024,
    "depths": [2, 2, 12, 2],
    "num_attention_heads": [4, 8, 16, 32],
}
"""The ears of laion/larger_clap_general, the base size of HTSAT."""

SEPARATE = """
import sys
from agent.cli import main
from tests.benchmarks.memory import peak_mb
try:
    main()
finally:
    print(peak_mb(), file=sys.stderr)
"""


def peak_mb() -> float:
    """The most memory that this process has held; what `getrusage` says may be its parent's."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM")) / 1024


def table_of_memory(folder: Path, lengths_s: tuple[int, ...] = LENGTHS_S) -> Table:
    """Peak memory and time of `earshot separate --separator audiosep` with one query. folder: for files of 1 GB."""
    settings = _make_models(folder)
    table = Table("sound", "peak memory", "seconds", "of real time", title="AudioSep, random weights, one query")
    for length_s in lengths_s:
        sound = _write_noise(folder / f"{length_s}.wav", length_s)
        mb, took_s = _separated(sound, folder / f"parts-{length_s}", settings)
        table.add_row(f"{length_s} s", f"{mb:.0f} MB", f"{took_s:.0f}", f"{took_s / length_s:.2f}")
    return table


def _separated(sound: Path, parts: Path, settings: dict[str, str]) -> tuple[float, float]:
    """The peak in MB and the seconds of one run."""
    command = [sys.executable, "-c", SEPARATE, "separate", str(sound), "--out", str(parts), "--query", QUERY]
    started = time.perf_counter()
    run = subprocess.run(
        [*command, "--separator", "audiosep", "--json"],
        capture_output=True,
        text=True,
        cwd=CHECKOUT,
        env={**os.environ, **settings},
        check=True,
    )
    took_s = time.perf_counter() - started
    saved = json.loads(run.stdout)
    names = [component["name"] for component in saved["components"]]
    assert QUERY in names and round(saved["duration_s"]) == int(sound.stem), saved
    return float(run.stderr.split()[-1]), took_s


def _write_noise(path: Path, length_s: int) -> Path:
    """A second of noise, repeated."""
    second = np.random.default_rng(0).integers(-9000, 9000, RATE_HZ, dtype="<i2").tobytes()
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
        for _ in range(length_s):
            file.writeframes(second)
    return path


def _make_models(folder: Path) -> dict[str, str]:
    """Writes both models, and gives the variables that choose them."""
    import torch
    from transformers.models.clap.configuration_clap import ClapConfig
    from transformers.models.clap.feature_extraction_clap import ClapFeatureExtractor
    from transformers.models.clap.modeling_clap import ClapModel

    from tests import tiny_audiosep, tiny_clap

    torch.manual_seed(0)
    clap = folder / "clap"
    ClapModel(ClapConfig(audio_config=HTSAT_BASE, projection_dim=_resunet.CONDITION)).save_pretrained(clap)
    ClapFeatureExtractor(truncation="rand_trunc").save_pretrained(clap)
    tiny_clap.tokenizer().save_pretrained(clap)
    weights = tiny_audiosep.state(_resunet.WIDTHS, _resunet.CONDITION)
    separator = tiny_audiosep.write(folder / "audiosep.ckpt", weights)
    return {"EARSHOT_AUDIOSEP": str(separator), "EARSHOT_CLAP": str(clap), "EARSHOT_DEVICE": "cpu"}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.memory")
    parser.add_argument("--seconds", type=int, nargs="+", default=LENGTHS_S, help="the lengths of the sounds")
    with tempfile.TemporaryDirectory() as scratch:
        Console(width=110).print(table_of_memory(Path(scratch), tuple(parser.parse_args().seconds)))
