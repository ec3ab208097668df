"""Command line of the training room: python -m train --help."""

import argparse
import errno
import json
import os
import shlex
import sys
from dataclasses import MISSING, fields
from pathlib import Path

from pneumo_core.errors import PneumoError, RunError
from pneumo_core.types import CLASSES, FilmClass
from train import side_commands
from train.compare import STARTS, TUNINGS
from train.config import DATA_HELP, FIT_HELP, HALVES, FitConfig
from train.jobs import OUT_OF_MEMORY, work

_OUT_OF_MEMORY = {"ResourceExhaustedError", "RESOURCE_EXHAUSTED", "OutOfMemoryError"}


def main(arguments: list[str] | None = None) -> int:
    """Run one command.

    Returns:
        0; with a message on standard error 2 if it can not be done, and 3 if the accelerator's memory does not suffice.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # TensorFlow's greetings hide the progress bars
    parser = _parser()
    words = sys.argv[1:] if arguments is None else arguments
    options = parser.parse_args(words, argparse.Namespace(words=words))
    try:
        _COMMANDS[options.command](options)
    except PneumoError as error:
        return _refuse(parser, options, str(error), 2)
    except OSError as error:
        # HDF5's errors carry their number in the text only.
        if error.errno != errno.ENOSPC and os.strerror(errno.ENOSPC) not in str(error):
            raise
        what = "The disk is full. Nothing that was finished is lost: free some space, then go on (fit: by --resume)."
        return _refuse(parser, options, what, 2)
    except Exception as error:
        # Each Keras backend has its own class for it; all name the status.
        if not {type(error).__name__, *str(error).replace(":", " ").split()} & _OUT_OF_MEMORY:
            raise
        what = "The accelerator's memory does not suffice. Use a smaller --batch-size, --size, or backbone."
        return _refuse(parser, options, what, OUT_OF_MEMORY)
    return 0


def _refuse(parser: argparse.ArgumentParser, options: argparse.Namespace, what: str, status: int) -> int:
    print(f"{parser.prog} {options.command}: {what}", file=sys.stderr)
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m train", description="Train Pneumo's networks.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, add, summary in (
        ("fit", _add_fit, "train a network"),
        ("evaluate", _add_evaluate, "measure a bundle, a run, or the baseline on a data set"),
        ("compare", _add_compare, "compare backbones, starts, tuning, and heads on the same budget"),
        ("average", _add_average, "average the weights of runs that began as one network"),
        ("grow", _add_grow, "grow the B0 of a run, or of two, into a B7 that computes the same"),
        ("shrink", _add_shrink, "take the B0 back out of a grown B7, to train it on at a fraction of the price"),
        ("restore", side_commands.add_restore, "train the autoencoder that restores low-resolution films"),
        ("promote", _add_promote, "make a bundle of a run: calibrate, measure, write the card"),
        ("gate", _add_gate, "make a bundle the app's model if no class loses more than a margin on val"),
        ("shortcuts", _add_shortcuts, "measure what a bundle answers where disease can not be seen"),
        ("check", _add_check, "check a data set before training"),
        ("intake", side_commands.add_intake, "make the intake gate, which tells frontal chest films from all else"),
        ("lungs", side_commands.add_lungs, "train the network that finds the lungs"),
        ("lungs-promote", side_commands.add_lungs_promote, "write the folder of a trained lung network"),
        ("resolution", side_commands.add_resolution, "measure accuracy on films reduced to fewer pixels"),
        ("map-quality", side_commands.add_map_quality, "measure the maps of a bundle against controls"),
        ("uncertainty", side_commands.add_uncertainty, "measure whether a spread of answers tells unsure films"),
        ("similar", side_commands.add_similar, "make the index of training films that a reader sees as similar films"),
        ("work", _add_work, "do the queued jobs of a folder of runs, one after another"),
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
    parser.add_argument(
        "--workers", type=int, default=1, help="threads that make batches ahead of the training step; 1 for none"
    )
    parser.add_argument("--all-devices", action="store_true", help="share each batch out to all devices (JAX backend)")
    for setting in fields(FitConfig):
        default = None if setting.default is MISSING else setting.default
        parser.add_argument(
            f"--{setting.name.replace('_', '-')}",
            type=type(default) if default is not None else str,
            default=default,
            help=FIT_HELP[setting.name],
        )


def _fit(options: argparse.Namespace) -> None:
    # Keras takes seconds to import: each command imports what it needs.
    from train.allocator import keep_freed_memory
    from train.fit import fit
    from train.parallel import Crew, use_all_devices
    from train.run import FollowedRun, RunDirectory

    keep_freed_memory()
    if not options.resume and not options.data:
        raise RunError("--data is missing. Give a manifest CSV or a folder with one folder for each class.")
    settings = {setting.name: getattr(options, setting.name) for setting in fields(FitConfig)}
    crew = Crew()
    if options.all_devices:
        # A resumed run trains with its own settings, whatever the command line says.
        own = RunDirectory(options.run).config()["settings"] if options.resume else {}
        crew = use_all_devices(own.get("batch_size", options.batch_size))
        print(f"{crew.devices} devices, process {crew.number + 1} of {crew.processes}")
    run = (RunDirectory if crew.number == 0 else FollowedRun)(options.run)
    fit(run, FitConfig(**settings), options.resume, crew, options.workers)


def _add_evaluate(parser: argparse.ArgumentParser) -> None:
    evaluated = parser.add_mutually_exclusive_group(required=True)
    evaluated.add_argument("--bundle", type=Path, help="folder of a model bundle")
    evaluated.add_argument("--run", type=Path, help="run directory, for its best weights")
    evaluated.add_argument("--baseline", choices=("thumbnails",), help="a baseline, fitted to the train split")
    parser.add_argument("--data", type=Path, required=True, help=DATA_HELP)
    parser.add_argument("--split", nargs="+", default=["test"], help="names of splits, such as train val test external")
    parser.add_argument("--sources", default="", metavar="PREFIX", help="only sources whose name begins so")
    parser.add_argument(
        "--classes", type=_classes, default=CLASSES, metavar="A,B", help="only films of these classes, and among them"
    )
    parser.add_argument("--sample", type=int, default=0, metavar="N", help="at most N films of a split; 0 takes all")
    parser.add_argument("--seed", type=int, default=0, help="seed of the sample")
    parser.add_argument(
        "--reduced-to", type=int, default=0, metavar="N", help="reduce films to N x N pixels first; 0 leaves them"
    )
    parser.add_argument("--restorer", default="", metavar="RUN", help="restore films by this run of `restore` first")
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

    selection = Selection(
        tuple(options.split),
        options.sources,
        options.classes,
        options.sample,
        options.seed,
        options.reduced_to,
        options.restorer,
    )
    out = options.out
    if options.bundle:
        predictor = bundle_predictor(options.bundle, options.engine)
    elif options.run:
        predictor = run_predictor(RunDirectory(options.run))
        out = out or options.run
    else:
        predictor = fit_thumbnails(Selection().rows(read_rows(options.data), "train"))
    print(evaluate(predictor, options.data, selection, out))


def _add_compare(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, required=True, help=DATA_HELP)
    parser.add_argument("--runs", type=Path, required=True, help="folder of the runs; what is in it is not done again")
    parser.add_argument("--out", type=Path, required=True, help="path of the report, without suffix")
    parser.add_argument("--backbones", nargs="+", default=["efficientnetb0"], help="names of backbones")
    parser.add_argument("--starts", nargs="+", choices=STARTS, default=["none"], help="what the backbone starts from")
    parser.add_argument("--tunings", nargs="+", choices=TUNINGS, default=["fine-tuned"], help="backbone frozen or not")
    parser.add_argument("--heads", nargs="+", default=["published"], help="names of heads")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0], help="one run for each")
    parser.add_argument("--epochs", type=int, default=5, help="epochs of every run")
    parser.add_argument("--train-sample", type=int, default=1000, help="films of train that the gap is told by")
    parser.add_argument(
        "--weights", nargs="+", type=_named_file, default=[], metavar="BACKBONE=FILE", help="files of the start 'given'"
    )
    parser.add_argument("--options", default="", help="further options of fit, such as '--size 160 --batch-size 16'")


def _named_file(text: str) -> tuple[str, Path]:
    name, _, file = text.partition("=")
    if not file:
        raise argparse.ArgumentTypeError(f"{text!r} is not BACKBONE=FILE")
    return name, Path(file).absolute()


def _compare(options: argparse.Namespace) -> None:
    from train.compare import Plan, run_arms
    from train.compare_report import write_report

    plan = Plan(
        data=options.data.absolute(),
        runs=options.runs.absolute(),
        backbones=tuple(options.backbones),
        starts=tuple(options.starts),
        tunings=tuple(options.tunings),
        heads=tuple(options.heads),
        seeds=tuple(options.seeds),
        epochs=options.epochs,
        train_sample=options.train_sample,
        weights=dict(options.weights),
        options=tuple(shlex.split(options.options)),
    )
    run_arms(plan)
    write_report(plan, options.out, options.words)
    print(f"Written to {options.out}.md and {options.out}.html.")


def _add_average(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--source", type=Path, required=True, action="append", help="run directory; give two or more")
    parser.add_argument("--run", type=Path, required=True, help="run directory of the mean, for `fit --weights`")


def _average(options: argparse.Namespace) -> None:
    from train.average import average
    from train.run import RunDirectory

    target = RunDirectory(options.run)
    average([RunDirectory(source) for source in options.source], target)
    print(f"{target.best_file}: the mean of {len(options.source)} runs.")


def _add_grow(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--source",
        type=Path,
        required=True,
        action="append",
        help="run directory of a trained efficientnetb0; given twice, two that were trained from one start become one",
    )
    parser.add_argument("--run", type=Path, required=True, help="run directory of the grown network")
    parser.add_argument("--data", type=Path, required=True, help=f"{DATA_HELP}; val proves the growth")
    parser.add_argument("--seed", type=int, default=0, help="seed of new weights and of the noise")


def _grow(options: argparse.Namespace) -> None:
    from train.grow import grow
    from train.run import RunDirectory

    target = RunDirectory(options.run)
    if len(options.source) > 2:
        raise RunError(f"{len(options.source)} runs were given as --source. Give one or two.")
    difference = grow([RunDirectory(source) for source in options.source], target, options.data, options.seed)
    what = "logits differ from the B0's" if len(options.source) == 1 else "features differ from those of the two B0s"
    print(f"{target.best_file}: the grown network's {what} by at most {difference:.1e}.")


def _add_shrink(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--bundle", type=Path, required=True, help="folder of a bundle whose B7 was grown from a B0")
    parser.add_argument("--run", type=Path, required=True, help="run directory of the B0, for `fit --weights`")
    parser.add_argument("--half", choices=HALVES, default="", help="which one of two B0s to take out")


def _shrink(options: argparse.Namespace) -> None:
    from train.run import RunDirectory
    from train.shrink import shrink

    target = RunDirectory(options.run)
    shrink(options.bundle, target, options.half)
    print(f"{target.best_file}: the B0 inside the bundle's B7. Train it on with `fit --weights`.")


def _add_promote(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--run", type=Path, required=True, help="run directory, for its best weights")
    parser.add_argument("--name", required=True, help="name of the bundle, a new folder in assets/models")
    parser.add_argument("--data", type=Path, required=True, help="the data set of the run")
    parser.add_argument("--note", default="", help="a remark for the model card")
    parser.add_argument("--models", type=Path, help="folder of the bundle; assets/models where none is given")


def _promote(options: argparse.Namespace) -> None:
    from train.promote import MODELS, Promotion, promote
    from train.run import RunDirectory

    models = options.models or MODELS
    bundle = promote(Promotion(RunDirectory(options.run), options.name, options.data, options.note, models))
    print(bundle.card)
    print(f"Written to {bundle.folder} as {bundle.label}.")


def _add_gate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--bundle", type=Path, required=True, help="folder of the bundle that is to take over")
    parser.add_argument("--data", type=Path, required=True, help=f"{DATA_HELP}; only val is looked at")
    parser.add_argument("--margin", type=float, required=True, help="sensitivity that each class may lose, 0 to 1")
    parser.add_argument("--out", type=Path, required=True, help="JSON file that the outcome goes to")


def _gate(options: argparse.Namespace) -> None:
    from pneumo_core.model.active import default_bundle
    from train.gate import gate

    passed = gate(options.bundle, default_bundle(), options.data, options.margin, options.out)
    print("Passed: it is the app's model now." if passed else f"Not passed, see {options.out}.")


def _add_shortcuts(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--bundle", type=Path, required=True, help="folder of a model bundle")
    parser.add_argument("--data", type=Path, required=True, help="manifest CSV; lungs/ and unspecified.csv beside it")
    parser.add_argument("--sample", type=int, default=400, help="films read of each set, at most")
    parser.add_argument("--seed", type=int, default=0, help="seed of the samples")
    parser.add_argument("--out", type=Path, help="JSON file that the figures go to")
    parser.add_argument("--into-bundle", action="store_true", help="write them into model.json and the card, too")


def _shortcuts(options: argparse.Namespace) -> None:
    from train.run import write_json
    from train.shortcuts import measure_shortcuts
    from train.shortcuts_report import put_into_bundle, shortcuts_report

    found = measure_shortcuts(options.bundle, options.data, options.sample, options.seed)
    print(shortcuts_report(found))
    if options.out:
        write_json(options.out, found)
    if options.into_bundle:
        print(f"Written into {options.bundle}, which is {put_into_bundle(options.bundle, found)} now.")


def _add_check(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, required=True, help=DATA_HELP)
    parser.add_argument("--out", type=Path, help="JSON file that the report goes to; standard output without one")


def _check(options: argparse.Namespace) -> None:
    from train.check_data import check
    from train.run import write_json

    report = check(options.data)
    if options.out:
        write_json(options.out, report)
    else:
        print(json.dumps(report, indent=2))


def _add_work(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--runs", type=Path, required=True, help="folder of runs")


def _work(options: argparse.Namespace) -> None:
    work(options.runs)


_COMMANDS = {
    "fit": _fit,
    "evaluate": _evaluate,
    "compare": _compare,
    "average": _average,
    "grow": _grow,
    "shrink": _shrink,
    "restore": side_commands.restore,
    "promote": _promote,
    "gate": _gate,
    "shortcuts": _shortcuts,
    "check": _check,
    "intake": side_commands.intake,
    "lungs": side_commands.lungs,
    "lungs-promote": side_commands.lungs_promote,
    "resolution": side_commands.resolution,
    "map-quality": side_commands.map_quality,
    "uncertainty": side_commands.uncertainty,
    "similar": side_commands.similar,
    "work": _work,
}

if __name__ == "__main__":
    sys.exit(main())
