"""The settings of a training run; apart from `train.fit`, so that --help need not import Keras."""

from dataclasses import dataclass


@dataclass(frozen=True)
class FitConfig:
    """Settings of a run; the names are those of the command line's options."""

    data: str
    backbone: str = "efficientnetb7"
    head: str = "published"
    weights: str = "imagenet"
    size: int = 256
    batch_size: int = 8
    films_per_epoch: int = 0  # 0: all of them
    augmentation: float = 1.0  # strength, 0..1
    amplitude_mixing: float = 0.0  # share of films, 0..1
    mixup: float = 0.0  # share of films that are mixed with another one, 0..1
    source_balance: float = 0.0
    class_draws: float = 0.0
    label_smoothing: float = 0.0
    teacher: str = ""  # folder of a bundle
    distillation: float = 0.0  # share of the teacher's answer in the target, 0..1
    only_lungs: float = 0.0  # share of films of which all but the lungs is covered, 0..1
    # Share of films whose lungs are covered and whose target is even, 0..1. The accuracy on train counts them, too.
    lungs_covered: float = 0.0
    frozen_epochs: int = 1
    epochs: int = 50
    unfreeze_from: str = ""  # first backbone layer that is tuned; empty: all of them
    head_learning_rate: float = 1e-3
    learning_rate: float = 3e-4
    weight_decay: float = 1e-4
    class_balance: float = 0.5
    patience: int = 10
    precision: str = "float32"
    seed: int = 0
