"""Makes and scores the built-in ears: `python -m core.training pack | train | export | settle | evaluate | names`."""

import argparse
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.errors import EarshotError, MissingDependencyError

MINUTES = 60.0


def main() -> None:
    """Runs the command that the arguments name; a report per line goes to stdout as JSON."""
    arguments = _parser().parse_args()
    try:
        arguments.run(arguments)
    except EarshotError as problem:
        sys.exit(str(problem))


def _pack(arguments: argparse.Namespace) -> None:
    from core.training import pack, synthesised

    if arguments.table is None:
        n_sounds = synthesised.make(arguments.out, arguments.variants)
        _say({"sounds": n_sounds})
        return
    if arguments.folder is None:
        raise EarshotError("a table needs --folder, where its paths begin; give it")
    examples = pack.read_table(arguments.folder, arguments.table)
    unread = pack.make(examples, arguments.out)
    _say({"sounds": len(examples) - len(unread), "unread": unread})


def _train(arguments: argparse.Namespace) -> None:
    torch = _torch()

    from core.training import pack
    from core.training.distil import Course, Distillation

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.backends.cudnn.benchmark = True
    torch.set_float32_matmul_precision("high")
    course = Course(arguments.patches, arguments.batch, arguments.rate, seed=arguments.seed)
    training = Distillation(
        pack.join([pack.read(folder) for folder in arguments.pack]), arguments.teacher, course, device
    )
    checkpoint: Path = arguments.out
    if checkpoint.exists():
        training.load(torch.load(checkpoint, map_location="cpu", weights_only=True))
    if arguments.compile:
        training.compile()

    def save() -> None:
        part = checkpoint.with_suffix(".part")
        torch.save(training.state(), part)
        os.replace(part, checkpoint)

    try:
        for report in training.run(arguments.minutes * MINUTES):
            save()
            _say(report)
    except KeyboardInterrupt:
        save()
        raise SystemExit(130) from None


def _export(arguments: argparse.Namespace) -> None:
    torch = _torch()
    from core.embedding.builtin import JOINT, WEIGHTS
    from core.training import export, joining, lessons, pack
    from core.training.network import Ears

    ears = Ears().eval()
    ears.load_state_dict(torch.load(arguments.checkpoint, map_location="cpu", weights_only=True)["average"])
    apart = export.write(ears, WEIGHTS)
    windows = joining.fit(pack.join([pack.read(folder) for folder in arguments.pack]), JOINT)
    lessons.forget()
    _say({"apart": apart, "windows": windows})


def _settle(arguments: argparse.Namespace) -> None:
    from core.training import card, settling

    settled = settling.settle(arguments.library, Path(os.path.abspath(arguments.folder)), arguments.table)
    card.write()
    _say(settled.as_dict())


def _evaluate(arguments: argparse.Namespace) -> None:
    from core.labels import read_labels
    from core.training import evaluate

    sounds = read_labels(arguments.table, folder=arguments.folder)
    results = evaluate.evaluate(sounds, arguments.teacher)
    _say({"sounds": len(sounds)} | {name: result.as_dict() for name, result in results.items()})


def _names(arguments: argparse.Namespace) -> None:
    from core.training import names

    report = names.measure(arguments.library, arguments.folder, arguments.names, arguments.seed)
    _say(report.as_dict())


def _torch() -> Any:
    """The library that trains. Raises MissingDependencyError where it, or what the export needs, is not installed."""
    try:
        import onnx  # noqa: F401  asked for here, so that hours of training do not end without it
        import torch
    except ModuleNotFoundError as missing:
        message = f"training needs the package {missing.name}; install it with: pip install 'earshot[train]'"
        raise MissingDependencyError(message) from missing
    return torch


def _say(report: Mapping[str, object]) -> None:
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
    export = commands.add_parser(
        "export", help="write a checkpoint's network, and its joint with the timbre, as assets"
    )
    export.add_argument("--checkpoint", type=Path, required=True)
    export.add_argument("--pack", type=Path, action="append", required=True, help="sounds that the joint is fitted on")
    export.set_defaults(run=_export)
    settle = commands.add_parser(
        "settle", help="fit lessons, commonness and calibration on a library that exported ears have heard"
    )
    settle.add_argument("--library", type=Path, required=True, help="a library that holds the folder")
    settle.add_argument("--folder", type=Path, required=True, help="where the paths of the table begin")
    settle.add_argument("--table", type=Path, required=True, help="CSV with path, label and source_set")
    settle.set_defaults(run=_settle)
    evaluate = commands.add_parser("evaluate", help="score the built-in ears, and the teacher, on labelled sounds")
    evaluate.add_argument(
        "--table", type=Path, required=True, help="CSV with path, label or kind, source_clip or group"
    )
    evaluate.add_argument("--folder", type=Path, required=True, help="where the paths of the table begin")
    evaluate.add_argument("--teacher", type=Path, help="archive of YAMNet's weights; needs torch")
    evaluate.set_defaults(run=_evaluate)
    names = commands.add_parser("names", help="recall of file names as text queries, with the names hidden")
    names.add_argument("--library", type=Path, required=True, help="a library that was ingested; it is left as it is")
    names.add_argument("--folder", type=Path, required=True, help="whose files' names are asked for")
    names.add_argument("--names", type=int, default=200)
    names.add_argument("--seed", type=int, default=0)
    names.set_defaults(run=_names)
    return parser


if __name__ == "__main__":
    main()
