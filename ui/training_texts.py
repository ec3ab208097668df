"""The words of the training page."""

from pneumo_core.language import Message, say, speaks
from pneumo_core.types import CLASSES
from ui import texts
from ui.runs import RunState

TITLE = "Training"
INTRODUCTION = (
    "Train a network on your own films, compare it with others, and let it answer in this app. Each run is a process "
    "of its own on this server: it goes on when you close the browser or the page restarts."
)
NOT_ALLOWED = (
    "Only an operator of this server may start training. To allow it, put the line `training = true` into "
    "`.streamlit/secrets.toml`, or start the app with the environment variable `PNEUMO_TRAINING=1`. Runs can be looked "
    "at all the same."
)
NO_GPU = (
    "No NVIDIA GPU was found: training runs on the processor. A large network takes days there; a B0 on a part of the "
    "films takes an hour or so. The time left is measured from the first steps on."
)
GPU_LINE = "GPU {number}: {name}, {used:.1f} of {total:.1f} GB in use, {busy} % busy."
DEVICES = "Machine"

TABS = ("New run", "Runs", "Compare", "Model in use")

DATA = "Data"
DATA_PATH = "Folder or manifest on this server"
DATA_HELP = (
    "A folder with one folder for each class, as the Kaggle set '3 kinds of pneumonia' unpacks, or a manifest CSV with "
    "the columns file, label, patient, split, and optionally source and age_group."
)
CHECK = "Check the data"
CHECK_AGAIN = "Check again"
CHECKING = "Every film is being read."
CHECK_FAILED = "The data can not be used."
CHECK_SOUND = "Nothing stands against training on this data."
CHECK_BLOCKED = "Training would refuse this data:"
CHECK_WARNINGS = "Training is possible, but mind:"
CHECK_COUNTS = "{films:,} films of {patients:,} patients, checked {when}."
BY_SPLIT = "Films by split"
BY_SOURCE = "Films by source"
SPLIT, SOURCE, ALL = "Split", "Source", "All"
NOT_GIVEN = "not given"
UNREADABLE = "Files that can not be read ({count:,})"
EXACT = "The same file twice ({count:,} pairs)"
NEAR = "Films that look the same ({count:,} pairs)"
LEAKS = "Patients in several splits ({count:,})"
FILE, REASON, OTHER_FILE, OTHER_SPLIT = "File", "Reason", "Other file", "Its split"
PATIENT, SPLITS = "Patient", "Splits"
EXAMPLES = "Examples"

SETTINGS = "Settings"
NAME = "Name of the run"
BACKBONE, HEAD, START = "Backbone", "Head", "Start from"
BACKBONES = {
    "efficientnetb7": "EfficientNetB7",
    "efficientnetb0": "EfficientNetB0",
    "resnet50": "ResNet-50",
    "inceptionresnetv2": "InceptionResNetV2",
}
HEADS = {"published": "Published (three hidden layers)", "linear": "Linear"}
STARTS = {
    "imagenet": "ImageNet weights (downloaded once)",
    "none": "Random weights",
    "file": "A weights file on this server",
    "run": "The best weights of a run",
    "grown": "A B0 of a run, grown to B7",
}
WEIGHTS_FILE = "Weights file (.weights.h5)"
START_RUN = "Run to start from"
NO_START_RUN = "There is no finished run that fits."
EPOCHS, FROZEN_EPOCHS = "Epochs of fine-tuning, at most", "Epochs of the head alone"
FILMS_PER_EPOCH = "Films in an epoch (0: all)"
SIZE, BATCH, RATE, SEED = "Input size in pixels", "Films in a batch", "Learning rate", "Seed"
MORE = "Further options"
MORE_HELP = "As `python -m train fit --help` lists them, such as `--augmentation 0.5 --patience 5`."
ESTIMATE = "About {time} at the speed of the run {run}."
NO_ESTIMATE = "How long it takes can be told after the first steps."
START_TRAINING = "Start training"
CHECK_FIRST = "Check the data first."
NAME_TAKEN = "There is a run of that name. Choose another one."
NAME_PLAIN = "Use letters, digits, '.', '_' and '-' for the name."
QUEUED = "The run {name} is queued."

NO_RUNS = "No run yet."
RUN, STATE, PROGRESS, ACCURACY_VAL, AUROC_VAL = "Run", "State", "Epochs", "Accuracy on val", "Macro AUROC on val"
STATES = {
    RunState.QUEUED: "Waiting",
    RunState.TRAINING: "Training",
    RunState.PROMOTING: "Being promoted",
    RunState.STOPPED: "Stopped",
    RunState.FAILED: "Failed",
    RunState.FINISHED: "Finished",
}
STOP, RESUME, UNQUEUE = "Stop", "Resume", "Take out of the queue"
EPOCH_LINE = "Epoch {done} of at most {planned}"
STEP_LINE = "step {step:,} of {steps:,}"
SPEED_LINE = "{speed:.1f} films a second"
LEFT_LINE = "at most {time} left"
PREPARING = "Reading films and building the network."
LOSS, ACCURACY, EPOCH = "Loss", "Accuracy", "Epoch"
TRAIN_CURVE, VAL_CURVE, CURVE_OF = "train", "val", "{run}, {curve}"
LOG = "Log"
RUN_SETTINGS = "Settings of this run"

PROMOTION = "Promote to the app's model"
PROMOTION_WORDS = (
    "The run's best weights become a bundle with figures and model card. It answers in this app only if no class loses "
    "more sensitivity on val than you allow, against the model in use, and both engines agree."
)
MARGIN = "Sensitivity that a class may lose, points"
PROMOTE = "Promote"
FIXED_MODEL = "The environment variable PNEUMO_MODEL fixes the app's model: unset it to promote runs here."
PROMOTED = "Passed. {bundle} answers in this app now."
REFUSED = "Not passed: {against} stays the app's model."
GATE_COLUMNS = ("Checked on {films:,} films of val", "In use", "New", "Difference, 95 % interval", "Passed")
GATE_ENGINES = "Largest difference between the engines, limit {limit:g}"
GATE_SELFTEST = "Self-test on the phantom films"
YES, NO = "yes", "no"
CHANGED = "{count:,} films get another answer."

COMPARE = "Runs to compare, the first is the reference"
CHOOSE_RUNS = "Choose runs"
COMPARE_TWO = "Choose two or more finished runs."
OTHER_FILMS = "{first} and {second} were evaluated on different films."
COMPARISON = "{second} against {first}, on {films:,} films of val"
FIGURE, FIRST, SECOND, DIFFERENCE = "Figure", "Reference", "Other", "Difference, 95 % interval"
PAIRED = "Paired bootstrap over patients. An interval that holds zero shows no difference."
ACCURACY_OF = "Accuracy, {source}"
CHANGED_FILMS = "Films whose answer changed ({count:,})"
LABEL, ANSWER_FIRST, ANSWER_SECOND = "Label", "Reference says", "Other says"

IN_USE = "The app answers with **{name}**."
SHIPS = "It is the model that ships with the app."
ROLL_BACK = "Roll back"
ROLL_BACK_TO = "The model before it: {name}."
SHIPPED = "the one that ships with the app"

FIGURES = {"accuracy": "Accuracy"} | {
    f"sensitivity_{film_class}": Message("Sensitivity, {name}", name=texts.CLASSES_INSIDE[film_class])
    for film_class in CLASSES
}


def duration(seconds: float) -> str:
    """A time in words, in the units that it deserves."""
    minutes = seconds / 60
    if minutes < 1.5:
        return say("{count} seconds", count=max(1, round(seconds)))
    if minutes < 90:
        return say("{count} minutes", count=round(minutes))
    if minutes < 48 * 60:
        return say("{count:.1f} hours", count=minutes / 60)
    return say("{count:.1f} days", count=minutes / 60 / 24)


speaks(__name__)
