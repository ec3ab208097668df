"""Command line of the training room: python -m train fit|evaluate|grow|promote."""

import argparse
import os
import sys
from dataclasses import MISSING, fields
from pathlib import Path

from pneumo_core.errors import PneumoError, RunError
from pneumo_core.types import CLASSES, FilmClass
from train.config import FitConfig

_DATA_HELP = "manifest CSV, or a folder with one folder for each class"
_FIT_HELP = {
    "data": _DATA_HELP,
    "backbone": "name of a backbone of pneumo_core.model.architecture",
    "head": "published or linear",
    "weights": "imagenet, none, or a .weights.h5 file of the model or of its backbone",
    "size": "rows and columns of the input",
    "batch_size": "films in a training step",
    "films_per_epoch": "films drawn in an epoch; 0 draws all",
    "augmentation": "strength of the augmentation, 0 (left-right flips only) to 1",
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
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # TensorFlow's greetings hide the progress bars
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
    for name, add, summary in (
        ("fit", _add_fit, "train a network"),
        ("evaluate", _add_evaluate, "measure a bundle, a run, or the baseline on a data set"),
        ("grow", _add_grow, "grow the B0 of a run into a B7 that computes the same"),
        ("promote", _add_promote, "make a bundle of a run: calibrate, measure, write the card"),
    ):
        add(
            commands.add_parser(
                name, help=summary, description=summary, formatter_class=argparse.ArgumentDefaultsHelpFormatter
            )
        )
    return parser


def _add_fit(parser: argparse.ArgumentParser) -> None:
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
    # Keras takes seconds to import: each command imports what it needs.
    from train.fit import fit
    from train.run import RunDirectory

    if not options.resume and not options.data:
        raise RunError("--data is missing. Give a manifest CSV or a folder with one folder for each class.")
    settings = {setting.name: getattr(options, setting.name) for setting in fields(FitConfig)}
    fit(RunDirectory(options.run), FitConfig(**settings), options.resume)


def _add_evaluate(parser: argparse.ArgumentParser) -> None:
    evaluated = parser.add_mutually_exclusive_group(required=True)
    evaluated.add_argument("--bundle", type=Path, help="folder of a model bundle")
    evaluated.add_argument("--run", type=Path, help="run directory, for its best weights")
    evaluated.add_argument("--baseline", choices=("thumbnails",), help="a baseline, fitted to the train split")
    parser.add_argument("--data", type=Path, required=True, help=_DATA_HELP)
    parser.add_argument("--split", nargs="+", default=["test"], help="names of splits, such as train val test external")
    parser.add_argument("--sources", default="", metavar="PREFIX", help="only sources whose name begins so")
    parser.add_argument(
        "--classes", type=_classes, default=CLASSES, metavar="A,B", help="only films of these classes, and among them"
    )
    parser.add_argument("--sample", type=int, default=0, metavar="N", help="at most N films of a split; 0 takes all")
    parser.add_argument("--seed", type=int, default=0, help="seed of the sample")
    parser.add_argument("--engine", choices=("auto", "openvino", "tensorflow"), default="auto", help="for --bundle")
    parser.add_argument(
        "--out", type=Path, help="folder for predictions.csv and metrics.json; a run's own folder where none is given"
    )


def _classes(text: str) -> tuple[FilmClass, ...]:
    named = set(text.split(","))
    chosen = tuple(film_class for film_class in CLASSES if film_class in named)
    if len(chosen) != len(named) or len(chosen) < 2:
        raise argparse.ArgumentTypeError(f"{text!r} are not two or more of {','.join(CLASSES)}")
    return chosen


def _evaluate(options: argparse.Namespace) -> None:
    from train.baseline import fit_thumbnails
    from train.data import read_rows
    from train.evaluate import Selection, evaluate
    from train.predict import bundle_predictor, run_predictor
    from train.run import RunDirectory

    selection = Selection(tuple(options.split), options.sources, options.classes, options.sample, options.seed)
    out = options.out
    if options.bundle:
        predictor = bundle_predictor(options.bundle, options.engine)
    elif options.run:
        predictor = run_predictor(RunDirectory(options.run))
        out = out or options.run
    else:
        predictor = fit_thumbnails(Selection().rows(read_rows(options.data), "train"))
    print(evaluate(predictor, options.data, selection, out))


def _add_grow(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--source", type=Path, required=True, help="run directory of the trained efficientnetb0")
    parser.add_argument("--run", type=Path, required=True, help="run directory of the grown network")
    parser.add_argument("--data", type=Path, required=True, help=f"{_DATA_HELP}; val proves the growth")
    parser.add_argument("--seed", type=int, default=0, help="seed of new weights and of the noise")


def _grow(options: argparse.Namespace) -> None:
    from train.grow import grow
    from train.run import RunDirectory

    target = RunDirectory(options.run)
    difference = grow(RunDirectory(options.source), target, options.data, options.seed)
    print(f"{target.best_file}: the grown network's logits differ from the B0's by at most {difference:.1e}.")


def _add_promote(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--run", type=Path, required=True, help="run directory, for its best weights")
    parser.add_argument("--name", required=True, help="name of the bundle, a new folder in assets/models")
    parser.add_argument("--data", type=Path, required=True, help="the data set of the run")
    parser.add_argument("--note", default="", help="a remark for the model card")


def _promote(options: argparse.Namespace) -> None:
    from train.promote import Promotion, promote
    from train.run import RunDirectory

    bundle = promote(Promotion(RunDirectory(options.run), options.name, options.data, options.note))
    print(bundle.card)
    print(f"Written to {bundle.folder} as {bundle.label}.")


_COMMANDS = {"fit": _fit, "evaluate": _evaluate, "grow": _grow, "promote": _promote}

if __name__ == "__main__":
    sys.exit(main())
