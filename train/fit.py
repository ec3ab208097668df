"""Fit a network to the training films; choose the epoch on the validation films.

Phases: first the head alone over a frozen backbone, then the backbone from a given layer on. Each phase has AdamW
(Loshchilov & Hutter 2019, arXiv 1711.05101) with a linear warm-up and a cosine to zero.
"""

import importlib.metadata
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras
import numpy as np

from pneumo_core.errors import RunError
from pneumo_core.model.architecture import HEAD_PREFIX, build_model
from train.batches import TrainingBatches
from train.config import FitConfig
from train.data import FilmRow, Films, class_weights, load_films, read_rows, rows_digest
from train.lung_covers import LungCovers
from train.metrics import epoch_figures, softmax
from train.parallel import Crew, Validation
from train.run import RunDirectory
from train.targets import make_targets

ALONE = Crew()
_WARM_UP = 0.08  # of a phase's steps
_STEP_EVENT_SECONDS = 5.0


def fit(run: RunDirectory, config: FitConfig, resume: bool, crew: Crew = ALONE, workers: int = 1) -> None:
    """Train from a fresh directory, or go on from the last finished epoch of an interrupted run.

    Args:
        run: where it is written; of several processes only the first one writes.
        config: settings; those of the run itself where it goes on.
        resume: whether to go on.
        crew: the processes that train together.
        workers: threads that make batches; they change the speed and nothing else.

    Raises:
        RunError, DataError, BundleError: with what to do, before any training starts.
    """
    if resume:
        if run.config().get("kind", "fit") != "fit":
            raise RunError(
                f"{run.path} holds a network that `{run.config()['kind']}` made. "
                f"Train it in a new run by --weights {run.best_file}."
            )
        config = FitConfig(**run.config()["settings"])
    keras.config.set_dtype_policy(config.precision)
    keras.utils.set_random_seed(config.seed)
    rows = read_rows(Path(config.data))
    digest = rows_digest(rows)
    rows = _without(rows, config.leave_out)
    model = build_model(
        config.backbone, config.head, config.weights if not run.last_file.exists() else "none", config.size
    )
    if resume:
        if run.config()["data_sha256"] != digest:
            raise RunError(f"The data set {config.data} has changed since the run began. Start a new run.")
    else:
        run.create({"settings": asdict(config), "data_sha256": digest, "versions": _versions()})
    train = load_films([row for row in rows if row.split == "train"], title="Reading train")
    val = load_films([row for row in rows if row.split == "val"], title="Reading val")
    _run_epochs(run, config, model, train, val, crew, workers)


def _without(rows: list[FilmRow], leave_out: str) -> list[FilmRow]:
    """Leave out the films of the sources whose names begin so, to see what a network does on a source it never saw."""
    if not leave_out:
        return rows
    kept = [row for row in rows if not row.source.startswith(leave_out)]
    if len(kept) == len(rows):
        raise RunError(
            f"--leave-out is {leave_out!r}, and no source begins so. The sources are "
            f"{', '.join(sorted({row.source or 'not named' for row in rows}))}."
        )
    return kept


def _run_epochs(
    run: RunDirectory, config: FitConfig, model: keras.Model, train: Films, val: Films, crew: Crew, workers: int
) -> None:
    validation = Validation(crew, val, config.size, config.batch_size)
    weights = class_weights(train.labels, config.class_balance)
    targets = make_targets(train, config, run)
    covers = LungCovers(train.squares) if config.only_lungs or config.lungs_covered else None
    done, history = run.last_epoch()
    total = config.frozen_epochs + config.epochs
    run.log("start", epoch=done + 1, epochs=total, films=len(train.rows))
    compiled_phase = None
    for epoch in range(done + 1, total):
        if _waited(history, config) >= config.patience:
            break
        phase = "head" if epoch < config.frozen_epochs else "tune"
        batches = TrainingBatches(train, targets, weights, config, epoch, covers, crew.processes, crew.number, workers)
        if phase != compiled_phase:
            compile_model(model, config, phase, len(batches))
            # A checkpoint of the earlier phase has another optimizer: the phase starts with a fresh one.
            if epoch == done + 1 and done >= 0:
                run.load_last(model, with_optimizer=(done < config.frozen_epochs) == (phase == "head"))
            compiled_phase = phase
        _seed_layers(model, config.seed, epoch)
        logs = model.fit(
            batches,
            initial_epoch=epoch,
            epochs=epoch + 1,
            callbacks=[_StepEvents(run, epoch, len(batches), config.batch_size)],
            shuffle=False,  # the batches are shuffled already; Keras would draw from a state that no resumed run has
            verbose=2,
        ).history
        figures = epoch_figures(val.labels, softmax(validation.logits(model)))
        record = {
            "epoch": epoch,
            "phase": phase,
            "train_loss": logs["loss"][0],
            "train_accuracy": logs["accuracy"][0],
            **{f"val_{name}": value for name, value in figures.items()},
        }
        is_best = all(_rank(record) > _rank(earlier) for earlier in history)
        history.append(record)
        if is_best:
            run.save_best(model)
        run.save_last(model, epoch, history)
        run.log("epoch", **record, best=is_best)
        print({name: round(value, 4) if isinstance(value, float) else value for name, value in record.items()})
    run.log("end", epoch=len(history))


def _rank(record: dict[str, Any]) -> tuple[float, float]:
    """What "better" means: accuracy on val, then the smaller loss."""
    return record["val_accuracy"], -record["val_loss"]


def _waited(history: list[dict[str, Any]], config: FitConfig) -> int:
    """Epochs since the best one; the frozen phase does not count, since tuning starts over from it."""
    tuned = history[config.frozen_epochs :]
    if not tuned:
        return 0
    return len(tuned) - 1 - max(range(len(tuned)), key=lambda position: _rank(tuned[position]))


def compile_model(model: keras.Model, config: FitConfig, phase: str, steps_per_epoch: int) -> None:
    """Choose the layers that learn in a phase ("head", "tune"), and make its optimizer.

    Raises:
        RunError: if there is no layer of the name that tuning is to begin at.
    """
    tuned = phase == "tune" and not config.unfreeze_from
    names = [layer.name for layer in model.layers]
    if config.unfreeze_from and config.unfreeze_from not in names:
        raise RunError(f"`unfreeze_from` is {config.unfreeze_from!r}, but {model.name} has no such layer.")
    for layer in model.layers:
        if phase == "tune" and layer.name == config.unfreeze_from:
            tuned = True
        layer.trainable = tuned or layer.name.startswith(HEAD_PREFIX)
    epochs = config.frozen_epochs if phase == "head" else config.epochs
    steps = epochs * steps_per_epoch
    warm_up = max(1, round(_WARM_UP * steps))
    peak = config.head_learning_rate if phase == "head" else config.learning_rate
    schedule = keras.optimizers.schedules.CosineDecay(
        0.0, max(1, steps - warm_up), warmup_target=peak, warmup_steps=warm_up
    )
    optimizer = keras.optimizers.AdamW(schedule, weight_decay=config.weight_decay, clipnorm=1.0)
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    model.compile(
        optimizer=optimizer,
        loss=keras.losses.CategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        # XLA pays on JAX; TensorFlow's on a CPU compiles for minutes and is no faster.
        jit_compile=keras.backend.backend() == "jax",
    )


def _seed_layers(model: keras.Model, seed: int, epoch: int) -> None:
    """Give each dropout layer its random state for this epoch, so that a resumed run draws what it would have drawn."""
    for index, layer in enumerate(model.layers):
        generator = getattr(layer, "seed_generator", None)
        if generator is not None:
            state = np.random.default_rng((seed, epoch, 2, index)).integers(0, 2**31, 2)
            generator.state.assign(state.astype(np.uint32))


def _versions() -> dict[str, str]:
    packages = ("keras", "numpy", "opencv-python-headless", keras.backend.backend())
    found = {"backend": keras.backend.backend()}
    for package in packages:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue  # such as tensorflow-cpu under the name tensorflow
    return found


class _StepEvents(keras.callbacks.Callback):  # type: ignore[misc]
    """Log a step event every few seconds: loss, accuracy so far, films a second, seconds left of the epoch."""

    def __init__(self, run: RunDirectory, epoch: int, steps: int, batch_size: int) -> None:
        super().__init__()
        self._run, self._epoch, self._steps, self._batch_size = run, epoch, steps, batch_size
        self._began = self._logged = time.monotonic()

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Log if the last event is old enough."""
        now = time.monotonic()
        if now - self._logged < _STEP_EVENT_SECONDS:
            return
        self._logged = now
        seconds = (now - self._began) / (batch + 1)
        self._run.log(
            "step",
            epoch=self._epoch,
            step=batch + 1,
            steps=self._steps,
            films_per_second=round(self._batch_size / seconds, 2),
            seconds_left=round(seconds * (self._steps - batch - 1)),
            **{name: round(float(value), 5) for name, value in (logs or {}).items()},
        )
