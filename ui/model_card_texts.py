"""The words of the model card page."""

from pneumo_core.language import speaks
from pneumo_core.types import CLASSES
from ui import texts

TITLE = "Model card"
INTRODUCTION = "All figures on this page come from the files of the model that answers in this app."
FACTS = "{backbone}, head {head}, input of {size} x {size} pixels, temperature {temperature:.3f}."
NO_MODEL = "There is no model to show."

# Headings of the bundle's own card whose text this page shows.
CARD_SECTIONS = {"Intended use": "Intended use", "Limits": "Limits"}
FAULTS = "What is wrong with the data"
CARD_IN_ENGLISH = "The sections of the card are in English, as they lie in the bundle."

FIGURES_TITLE = "How often it is right"
SPLIT = "Films"
SPLITS = {"test": "Test", "external": "From other sources", "val": "Validation", "train": "Train"}
COUNTS = "{films:,} films of {patients:,} patients. In brackets: 95 % interval, {method}."
FIGURE, VALUE = "Figure", "Value, 95 % interval"
OVERALL = {
    "accuracy": "Accuracy",
    "macro_f1": "Macro F1",
    "macro_auroc": "Macro AUROC",
    "ece": "Expected calibration error",
    "brier": "Brier score",
    "log_loss": "Log loss",
}
PER_CLASS = {
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
    "ppv": "PPV",
    "auroc": "AUROC",
}
CLASS = "Class"
GAP = "Accuracy on train minus accuracy on test: {points:+.1f} points."
BASELINE = (
    "A logistic regression on thumbnails of 12 x 12 pixels, which can hardly show pneumonia, reaches an accuracy of "
    "{value}: so much is given away by source, age, and outline."
)
NOT_MEASURED = "This model was not measured in that."

CONFUSION = "Answers by label"
CONFUSION_WORDS = "Rows: what the film is. Columns: what was answered. Shade: share of the row."
LABEL, ANSWER = "Label", "Answer"

RELIABILITY = "Reliability"
RELIABILITY_WORDS = (
    "Of the films that were given a probability, how many have the class. On the line it means what it says."
)
GIVEN, OBSERVED = "Probability given", "Share that has the class"

PREVALENCE_TITLE = "What an answer is worth at your prevalence"
PREVALENCE = "Films with this class among those you read, %"
PREVALENCE_WORDS = (
    "From sensitivity and specificity on these films. The bounds take both at the same end of their intervals. Where "
    "your other films are not mixed as these are, the specificity, and so the values, will differ."
)
PPV = "If it answers this class, the film has it"
NPV = "If it answers another, the film does not have it"
BETWEEN = "{value} ({low} to {high})"
SHARE_OF_FILMS, VALUE_AXIS = "Prevalence", "Predictive value"
PPV_SHORT, NPV_SHORT = "PPV", "NPV"

GROUPS_TITLE = "By source and age"
GROUPS = {"sources": "Source", "age_groups": "Age group"}
FILMS, PATIENTS = "Films", "Patients"
NOT_GIVEN = "not given"
# Age groups by their name in a bundle's metrics.
AGE_GROUPS = {"adult": "adult", "paediatric": "paediatric", "unknown": "unknown"}

SHORTCUTS = "Shortcuts"
SHORTCUTS_WORDS = (
    "What it answers where disease can not be seen, and on films of places and kinds that its training never had."
)
COVERS = {
    "as_is": "Test films as they are",
    "lungs_covered": "Lungs covered: should fall to chance, 0.250 balanced",
    "only_lungs": "All but the lungs covered: should hold",
    "edges_covered": "Edges and corners covered: should hold",
}
ACCURACY, BALANCED = "Accuracy", "Balanced accuracy"
SHARE = "Share, 95 % interval"
STRANGERS = {
    "lungs_normal_called_normal": "Normals of Shenzhen and Montgomery called normal: should be high",
    "external_normal_called_normal": "External normals called normal: should be high",
    "external_covid19_called_covid19": "External COVID-19 called COVID-19: should be high",
    "external_pneumonia_surely_covid19": "External bacterial and viral called COVID-19 above 0.8: should be low",
    "unspecified_surely_covid19": "Adult pneumonia of unknown cause called COVID-19 above 0.8: should be low",
}
SOURCE_WORDS = (
    "From its features, a logistic regression names the source of {value} of {films} test films; the largest source "
    "holds {largest:.3f} of them."
)
AGE_WORDS = "From the age group alone, {value} of the test films would be answered right."

MAPS = "Quality of the maps"
MAPS_WORDS = (
    "{films:,} validation films of {patients:,} patients, for the class that the model names, with 95 % intervals. A "
    "map that does not beat random cells and a blob in the centre explains nothing."
)
MAPS_OF_ANOTHER = "Measured on another version of this model: {label}."
MAP_METHOD, MAP_CONTROL = "Method", "Control"
MAP_CONTROLS = {"random": "random cells", "centre blob": "blob in the centre"}
MAP_FIGURES = {
    "insertion": "Insertion (high)",
    "deletion": "Deletion (low)",
    "road": "ROAD (high)",
    "share_inside": "Inside the lungs (high)",
    "ssim_shift": "Kept when shifted (high)",
    "ssim_jpeg": "Kept as JPEG (high)",
    "ssim_random_head": "Kept with a random head (low)",
    "ssim_random_network": "Kept with a random network (low)",
}
MAP_AGAINST = {
    "insertion": "Insertion",
    "deletion": "Deletion",
    "road": "ROAD",
    "share_inside": "Inside the lungs",
}
MAP_BETTER = "Better than the controls by, film by film"
MARKS_WORDS = "Against what readers marked on {films:,} films ({file}): whether the map is highest inside, and overlap."
MARKS = {"hit": "Hit", "iou": "IoU"}

MAKING = "How it was made"
STEP = "{number}. Run {run}, {epochs} epochs: `{command}`"
COMMIT = "Promoted at commit {commit}."
WHOLE_CARD = "The whole card, as it lies in the bundle"
DOWNLOAD = "Download the card"

CLASS_NAMES = {str(film_class): texts.CLASS_NAMES[film_class] for film_class in CLASSES}
SHORT_NAMES = {str(film_class): texts.SHORT_NAMES[film_class] for film_class in CLASSES}

speaks(__name__)
