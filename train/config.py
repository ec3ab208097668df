"""The settings of a training run and what else --help names; apart from what imports Keras."""

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
    leave_out: str = ""  # beginning of sources' names
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


HALVES = ("first", "second")  # of a B7 that was grown from two B0s, in the order of its sources
DATA_HELP = "manifest CSV, or a folder with one folder for each class"
# What the command line says of each setting.
FIT_HELP = {
    "data": DATA_HELP,
    "backbone": "name of a backbone of pneumo_core.model.architecture",
    "head": "published or linear",
    "weights": "imagenet, none, or a .weights.h5 file of the model or of its backbone",
    "size": "rows and columns of the input",
    "batch_size": "films in a training step",
    "films_per_epoch": "films drawn in an epoch; 0 draws all",
    "augmentation": "strength of the augmentation, 0 (left-right flips only) to 1",
    "amplitude_mixing": "share of films that get the low-frequency Fourier amplitudes of another film",
    "mixup": "share of films that are mixed with another film, label and all",
    "leave_out": "sources, by how their names begin, that neither train nor val has; empty leaves none out",
    "source_balance": "0 draws all films of a class alike, 1 all sources of a class",
    "class_draws": "0 draws all films alike, 1 all classes; weigh them by --class-balance 0 then",
    "label_smoothing": "share of the label that is spread over all classes",
    "teacher": "folder of a bundle whose answers are learned in part",
    "distillation": "share of the teacher's answer in what is learned",
    "only_lungs": "share of films of which all but the lungs is covered",
    "lungs_covered": "share of films whose lungs are covered, and all answers are to be alike",
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
