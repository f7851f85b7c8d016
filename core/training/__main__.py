"""Makes the built-in ears: `python -m core.training pack | train | evaluate | export`."""

import argparse
import json
import os
import sys
from pathlib import Path

MINUTES = 60.0


def main() -> None:
    """Runs the command that the arguments name; a report per line goes to stdout as JSON."""
    arguments = _parser().parse_args()
    arguments.run(arguments)


def _pack(arguments: argparse.Namespace) -> None:
    from core.training import pack, synthesised

    if arguments.table is None:
        n_sounds = synthesised.make(arguments.out, arguments.variants)
        _say({"sounds": n_sounds})
        return
    examples = pack.read_table(arguments.folder, arguments.table)
    unread = pack.make(examples, arguments.out)
    _say({"sounds": len(examples) - len(unread), "unread": unread})


def _train(arguments: argparse.Namespace) -> None:
    import torch

    from core.training import pack
    from core.training.distil import Course, Distillation

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.backends.cudnn.benchmark = True
    torch.set_float32_matmul_precision("high")
    course = Course(arguments.patches, arguments.batch, arguments.rate, seed=arguments.seed)
    training = Distillation(pack.join([pack.read(folder) for folder in arguments.pack]), arguments.teacher, course, device)
    checkpoint: Path = arguments.out
    if checkpoint.exists():
        training.load(torch.load(checkpoint, map_location="cpu", weights_only=True))
    if arguments.compile:
        training.compile()
    for report in training.run(arguments.minutes * MINUTES):
        part = checkpoint.with_suffix(".part")
        torch.save(training.state(), part)
        os.replace(part, checkpoint)
        _say(report)


def _say(report: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(report) + "\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m core.training", description=__doc__)
    commands = parser.add_subparsers(required=True)
    pack = commands.add_parser("pack", help="decode sounds into one array")
    pack.add_argument("--folder", type=Path, help="where the paths of the table begin")
    pack.add_argument("--table", type=Path, help="CSV with path, group, source_set; without it, sounds are synthesised")
    pack.add_argument("--variants", type=int, default=40, help="of each synthesised kind")
    pack.add_argument("--out", type=Path, required=True)
    pack.set_defaults(run=_pack)
    train = commands.add_parser("train", help="distil the teacher; goes on where the checkpoint stands")
    train.add_argument("--pack", type=Path, action="append", required=True)
    train.add_argument("--teacher", type=Path, required=True, help="archive of YAMNet's weights")
    train.add_argument("--out", type=Path, required=True, help="the checkpoint")
    train.add_argument("--patches", type=int, default=2_000_000)
    train.add_argument("--batch", type=int, default=96)
    train.add_argument("--rate", type=float, default=2e-3)
    train.add_argument("--minutes", type=float, default=float("inf"), help="stop after so long, to go on another time")
    train.add_argument("--seed", type=int, default=0)
    train.add_argument("--compile", action="store_true")
    train.set_defaults(run=_train)
    return parser


if __name__ == "__main__":
    main()
