"""`make bench [SOUNDS=FOLDER] [LABELS=TABLE.csv] [TEACHER=ARCHIVE.npz]`: prints what Earshot and a peer do on the same
files in the same run.

SOUNDS: a folder to ingest; the demo library if not given. LABELS: a table with the columns path (beside the table, in a
folder of its name) and label, and source_clip or group for what belongs together; the demo's kinds if not given.
TEACHER: YAMNet's weights, to score what taught our ears as well.
"""

import argparse
import tempfile
from pathlib import Path

from rich.console import Console

from core.demo import make_demo
from tests.benchmarks.events import tables_of_events
from tests.benchmarks.grouping import table_of_clustering, table_of_groups
from tests.benchmarks.quality import table_of_quality
from tests.benchmarks.separation import table_of_components
from tests.benchmarks.speed import table_of_ingest, table_of_search
from tests.benchmarks.stages import table_of_stages

out = Console(width=110)


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("--sounds", type=Path)
    parser.add_argument("--labels", type=Path)
    parser.add_argument("--teacher", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        demo = Path(scratch) / "demo"
        if not (arguments.sounds and arguments.labels):
            list(make_demo(demo))
        labels, folder = demo / "labels.csv", demo
        if arguments.labels:
            labels, folder = arguments.labels, arguments.labels.with_suffix("")
        sounds = (arguments.sounds or demo).absolute()
        out.print(table_of_quality(labels, folder, arguments.teacher))
        out.print(table_of_groups(labels, folder))
        out.print(table_of_components(labels, folder))
        for table in tables_of_events(arguments.labels, folder):
            out.print(table)
        out.print(table_of_ingest(sounds, Path(scratch) / "library"))
        out.print(table_of_stages(sounds, Path(scratch) / "stages"))
        out.print(table_of_clustering(Path(scratch) / "library"))
    out.print(table_of_search())


if __name__ == "__main__":
    main()
