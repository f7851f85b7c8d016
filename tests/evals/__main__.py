"""`python -m tests.evals [--model provider:name] [--kind KIND]`: how well a chat model works here, as a table."""

import argparse
import asyncio
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from agent.llm.base import connect
from agent.sources import read_settings
from tests.evals.evaluate import SETS, conversations, evaluate, failures, make_library, table

COLUMNS = ("conversations", "turns", "tool", "arguments", "grounded", "answer", "tokens a turn", "median s", "95 % s")
out = Console(width=120)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.evals", description=__doc__)
    parser.add_argument("--model", default="embedded", help="as EARSHOT_MODEL")
    parser.add_argument("--set", default="seen", choices=SETS, help="which conversations")
    parser.add_argument("--kind", help="only conversations of this kind")
    arguments = parser.parse_args()
    model = connect(read_settings().model_copy(update={"model": arguments.model}))
    chosen = [each for each in conversations(arguments.set) if arguments.kind in (None, each["kind"])]
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        make_library(folder / "made")
        scores = asyncio.run(evaluate(folder / "made", model, folder / "runs", chosen))
    for score in failures(scores):
        marks = [name for name in ("tool", "args", "answer", "grounded") if not getattr(score, name)]
        out.print(f"{score.said!r} ({', '.join(marks)}): {score.called} {score.text[:120]!r}", markup=False)
    drawn = Table(*COLUMNS, title=f"{arguments.model}: {len(chosen)} conversations")
    for row in table(scores):
        drawn.add_row(*row)
    out.print(drawn)


if __name__ == "__main__":
    main()
