"""What the network is to answer for each film of train: its label, smoothed, and in part a teacher's answer."""

from pathlib import Path

import numpy as np

from pneumo_core.errors import RunError
from pneumo_core.types import CLASSES, Float32
from train.config import FitConfig
from train.data import Films
from train.predict import bundle_predictor, predict
from train.run import RunDirectory


def make_targets(films: Films, config: FitConfig, run: RunDirectory | None = None) -> Float32:
    """Turn labels into the probabilities that are learned.

    A share of each label is spread over all classes (Szegedy et al. 2016, arXiv 1512.00567). Where a bundle is named
    as teacher, its calibrated answer for the film as it is takes a share of the target (Hinton et al. 2015, arXiv
    1503.02531): where labels are noisy, as those of bacterial and viral are, it tells how alike two classes look.

    Args:
        films: the films of train.
        config: its label_smoothing, teacher, and distillation.
        run: keeps what the teacher answered, so that it is asked once.

    Returns:
        float32 [n, 4], each row of sum 1.

    Raises:
        RunError: if there is a teacher without a share, or a share without a teacher.
        BundleError, EngineError, DataError: if the teacher can not read the films.
    """
    if bool(config.teacher) != (config.distillation > 0):
        raise RunError(
            f"The teacher is {config.teacher or 'none'} and its share {config.distillation:g}. Give both --teacher and "
            "--distillation, or neither."
        )
    labels = np.eye(len(CLASSES), dtype=np.float32)[films.labels]
    targets = labels * (1 - config.label_smoothing) + config.label_smoothing / len(CLASSES)
    if config.teacher:
        if run is not None and run.taught_file.exists():
            taught = np.load(run.taught_file)
        else:
            taught = predict(bundle_predictor(Path(config.teacher)), films.rows, "Asking the teacher").probabilities
            if run is not None:
                run.save_taught(taught)
        targets = (1 - config.distillation) * targets + config.distillation * taught
    return targets.astype(np.float32)
