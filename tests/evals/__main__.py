"""`python -m tests.evals [--model provider:name] [--set SET] [--kind KIND] [--json]`: how well a chat model does."""

import argparse
import asyncio
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from agent.llm.base import connect
from agent.sources import read_settings
from tests.evals.evaluate import SETS, conversations, evaluate
from tests.evals.scoring import COLUMNS, Score, as_json, failures, table
from tests.evals.stage import make_library

out = Console(width=120)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.evals", description=__doc__)
    parser.add_argument("--model", default="embedded", help="as EARSHOT_MODEL")
    parser.add_argument("--set", default="seen", choices=SETS, help="which conversations")
    parser.add_argument("--kind", help="only conversations of this kind")
    parser.add_argument("--json", action="store_true", help="one JSON document with all turns in place of the table")
    arguments = parser.parse_args()
    model = connect(read_settings().model_copy(update={"model": arguments.model}))
    chosen = [each for each in conversations(arguments.set) if arguments.kind in (None, each["kind"])]
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        make_library(folder / "made")
        scores = asyncio.run(evaluate(folder / "made", model, folder / "runs", chosen))
    if arguments.json:
        told = {"model": arguments.model, "set": arguments.set, "conversations": len(chosen), **as_json(scores)}
        out.out(json.dumps(told, ensure_ascii=False, indent=1), highlight=False)
    else:
        _draw(scores, f"{arguments.model}, {arguments.set}: {len(chosen)} conversations")


def _draw(scores: Sequence[Score], title: str) -> None:
    for score in failures(scores):
        told = score.trouble or f"{score.called} {score.invented or score.text[:120]!r}"
        out.print(f"{score.said!r} ({', '.join(score.missed)}): {told}", markup=False)
    drawn = Table(*COLUMNS, title=title)
    for row in table(scores):
        drawn.add_row(*row)
    out.print(drawn)


if __name__ == "__main__":
    main()
