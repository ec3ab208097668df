"""Command line of the training room: python -m train fit|evaluate|grow|promote."""

import argparse
import sys
from dataclasses import MISSING, fields
from pathlib import Path

from pneumo_core.errors import PneumoError

_FIT_HELP = {
    "data": "manifest CSV, or a folder with one folder for each class",
    "backbone": "name of a backbone of pneumo_core.model.architecture",
    "head": "published or linear",
    "weights": "imagenet, none, or a .weights.h5 file of the model or of its backbone",
    "size": "rows and columns of the input",
    "batch_size": "films in a training step",
    "films_per_epoch": "films drawn in an epoch; 0 draws all",
    "frozen_epochs": "epochs of the head alone, over a frozen backbone",
    "epochs": "at most so many epochs of fine-tuning",
    "unfreeze_from": "first backbone layer to fine-tune; empty fine-tunes all",
    "head_learning_rate": "peak learning rate of the frozen phase",
    "learning_rate": "peak learning rate of the fine-tuning phase",
    "weight_decay": "AdamW's weight decay",
    "class_balance": "0 weighs all films the same, 1 all classes",
    "patience": "stop after so many fine-tuning epochs without a better one",
    "precision": "float32, or mixed_bfloat16 on a GPU that has it",
    "seed": "seed of order, augmentation, dropout, and new weights",
}


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns 0, or 2 with a message on standard error if it can not be done."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        _COMMANDS[options.command](options)
    except PneumoError as error:
        print(f"{parser.prog} {options.command}: {error}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m train", description="Train Pneumo's networks.")
    commands = parser.add_subparsers(dest="command", required=True)
    _add_fit(commands.add_parser("fit", help="train a network", formatter_class=_Formatter))
    return parser


class _Formatter(argparse.ArgumentDefaultsHelpFormatter):
    pass


def _add_fit(parser: argparse.ArgumentParser) -> None:
    from train.fit import FitConfig

    parser.add_argument("--run", type=Path, required=True, help="run directory")
    parser.add_argument("--resume", action="store_true", help="go on with the run, with its own settings")
    for setting in fields(FitConfig):
        default = None if setting.default is MISSING else setting.default
        parser.add_argument(
            f"--{setting.name.replace('_', '-')}",
            type=type(default) if default is not None else str,
            default=default,
            help=_FIT_HELP[setting.name],
        )


def _fit(options: argparse.Namespace) -> None:
    from pneumo_core.errors import RunError
    from train.fit import FitConfig, fit
    from train.run import RunDirectory

    if not options.resume and not options.data:
        raise RunError("--data is missing. Give a manifest CSV or a folder with one folder for each class.")
    settings = {setting.name: getattr(options, setting.name) for setting in fields(FitConfig)}
    fit(RunDirectory(options.run), FitConfig(**settings), options.resume)


_COMMANDS = {"fit": _fit}

if __name__ == "__main__":
    sys.exit(main())
