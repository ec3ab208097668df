"""The commands of the networks beside the classifier, of the measure of its maps, and of its similar films."""

import argparse
import json
from dataclasses import fields
from pathlib import Path

from pneumo_core.errors import RunError
from train.config import DATA_HELP
from train.marks import PNEUMONIA


def add_restore(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `restore`: the autoencoder for low-resolution films."""
    parser.add_argument("--run", type=Path, required=True, help="run directory")
    parser.add_argument("--data", required=True, help=DATA_HELP)
    parser.add_argument("--films", type=int, default=24_000, help="degraded films to train on")
    parser.add_argument("--seed", type=int, default=0, help="seed of weights, order, and degradation")


def restore(options: argparse.Namespace) -> None:
    """Run `restore`: the autoencoder for low-resolution films."""
    from train.restore import RestoreConfig, fit_restorer
    from train.run import RunDirectory

    errors = fit_restorer(RunDirectory(options.run), RestoreConfig(options.data, options.films, options.seed))
    print(f"Mean absolute error on val: {errors['before']:.4f} degraded, {errors['after']:.4f} restored.")


def add_intake(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `intake`: the gate."""
    parser.add_argument("--data", type=Path, required=True, help="manifest CSV with ood/, dicom/ and lungs/ beside it")
    parser.add_argument("--weights", type=Path, required=True, help=".weights.h5 file of an EfficientNetB0's backbone")
    parser.add_argument("--out", type=Path, required=True, help="folder of the gate, a new one")
    parser.add_argument("--films", type=int, default=1500, help="films of train that are drawn")
    parser.add_argument("--epochs", type=int, default=6, help="epochs of the head")
    parser.add_argument("--seed", type=int, default=0, help="seed of everything")


def intake(options: argparse.Namespace) -> None:
    """Run `intake`: the gate."""
    from train.intake import IntakeConfig, make_gate

    settings = {setting.name: getattr(options, setting.name) for setting in fields(IntakeConfig)}
    print(json.dumps(make_gate(IntakeConfig(**settings)), indent=1))


def add_lungs(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `lungs`: the network that finds the lungs."""
    parser.add_argument("--run", type=Path, required=True, help="run directory, a new one")
    parser.add_argument("--data", required=True, help="CSV with the columns film, mask, source, split")
    parser.add_argument("--epochs", type=int, default=16, help="epochs; the learning rate ends at nothing")
    parser.add_argument("--seed", type=int, default=0, help="seed of everything")


def lungs(options: argparse.Namespace) -> None:
    """Run `lungs`: the network that finds the lungs."""
    from train.lungs import LungsConfig, fit_lungs

    print(fit_lungs(options.run, LungsConfig(options.data, epochs=options.epochs, seed=options.seed)))


def add_lungs_promote(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `lungs-promote`: its folder."""
    parser.add_argument("--run", type=Path, required=True, help="finished run of `lungs`")
    parser.add_argument("--out", type=Path, required=True, help="folder of the network, a new one")


def lungs_promote(options: argparse.Namespace) -> None:
    """Run `lungs-promote`: its folder."""
    from train.lungs_promote import promote_lungs

    print(json.dumps(promote_lungs(options.run, options.out)["dice"], indent=1))


def add_resolution(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `resolution`."""
    parser.add_argument("--bundle", type=Path, nargs="+", required=True, help="folders; the first one is the measure")
    parser.add_argument("--data", type=Path, required=True, help=DATA_HELP)
    parser.add_argument("--restorer", type=Path, help="run of `restore`: reduced films are read restored, too")
    parser.add_argument("--split", default="test", help="name of the split")
    parser.add_argument("--sizes", type=int, nargs="+", default=[32, 48, 64, 96, 128, 192], help="rows and columns")
    parser.add_argument("--sample", type=int, default=0, metavar="N", help="at most N films; 0 takes all")
    parser.add_argument("--seed", type=int, default=0, help="seed of the sample")
    parser.add_argument("--engine", choices=("auto", "openvino", "tensorflow"), default="auto", help="what computes")
    parser.add_argument(
        "--out", type=Path, default=Path("train/reports/resolution"), help="path of the report, without suffix"
    )


def resolution(options: argparse.Namespace) -> None:
    """Run `resolution`."""
    from train.resolution import Resolution, measure_resolution, write_report

    what = Resolution(
        tuple(options.bundle),
        options.data,
        options.restorer,
        options.split,
        tuple(options.sizes),
        options.sample,
        options.seed,
        options.engine,
    )
    print(write_report(measure_resolution(what), options.out, options.words))


def add_map_quality(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `map-quality`."""
    parser.add_argument("--bundle", type=Path, required=True, help="folder of a model bundle")
    parser.add_argument("--data", type=Path, required=True, help=DATA_HELP)
    parser.add_argument("--films", type=int, default=200, help="films of val that are drawn")
    parser.add_argument(
        "--methods",
        nargs="+",
        default=[],
        metavar="NAME",
        help="such as Grad-CAM; if none is named, all but integrated gradients, which take a minute a film",
    )
    parser.add_argument("--steps", type=int, default=8, help="steps of insertion and deletion")
    parser.add_argument("--marks", type=Path, help="RSNA's CSV of boxes or CheXlocalize's JSON of polygons or masks")
    parser.add_argument("--marked-films", type=Path, help="folder of the films that --marks is about")
    parser.add_argument(
        "--findings", nargs="+", default=list(PNEUMONIA), metavar="NAME", help="which ones of CheXlocalize"
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of the draw, the controls, and the shuffled weights")
    parser.add_argument("--out", type=Path, default=Path("train/reports"), help="folder of the report")


def map_quality(options: argparse.Namespace) -> None:
    """Run `map-quality`."""
    from pneumo_core.explain.methods import METHODS
    from train.map_quality import MEASURED, MapQuality, measure_maps, write_report

    methods = tuple(options.methods or MEASURED)
    if unknown := set(methods) - set(METHODS):
        raise RunError(f"--methods names {', '.join(sorted(unknown))}; known are {', '.join(METHODS)}.")
    if (options.marks is None) != (options.marked_films is None):
        raise RunError("--marks and --marked-films go together: the file of marks, and the folder of its films.")
    what = MapQuality(
        options.bundle,
        options.data,
        options.films,
        methods,
        options.steps,
        options.seed,
        options.marks,
        options.marked_films or Path(),
        tuple(options.findings),
    )
    print(write_report(measure_maps(what), options.out))


def add_uncertainty(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `uncertainty`."""
    parser.add_argument("--bundle", type=Path, required=True, help="folder of a model bundle")
    parser.add_argument("--data", type=Path, required=True, help=DATA_HELP)
    parser.add_argument("--sample", type=int, default=0, metavar="N", help="at most N films of each split; 0 takes all")
    parser.add_argument("--seed", type=int, default=0, help="seed of the sample, the dropout, and the intervals")
    parser.add_argument("--out", type=Path, default=Path("train/reports/uncertainty.md"), help="the report")


def uncertainty(options: argparse.Namespace) -> None:
    """Run `uncertainty`."""
    from train.uncertainty import measure_uncertainty, uncertainty_report

    found = measure_uncertainty(options.bundle, options.data, options.sample, options.seed)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(uncertainty_report(found, options.words), encoding="utf-8")
    print(options.out)


def add_similar(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `similar`."""
    parser.add_argument("--bundle", type=Path, required=True, help="folder of a model bundle; it gets a new digest")
    parser.add_argument(
        "--data", type=Path, required=True, help="the data set of the bundle; the index keeps its films' file names"
    )
    parser.add_argument("--films", type=int, default=0, help="films of train, drawn from each class; 0 takes all")
    parser.add_argument("--seed", type=int, default=0, help="seed of the draw")


def similar(options: argparse.Namespace) -> None:
    """Run `similar`."""
    from train.similar import index_bundle

    bundle, index = index_bundle(options.bundle, options.data, options.films, options.seed)
    print(json.dumps(index.measured, indent=1))
    print(f"Written into {bundle.folder}, which is {bundle.label} now.")
    print("The app takes it when it is started again, and prepares the model for the machine once more.")
