"""The words of the leaflet for the doctor."""

from pneumo_core.language import say, speaks

TITLE = "Pneumo: a second reading of chest films"


DOES_HEAD, DOES_NOT_HEAD = "What it does", "What it does not"
DOES = (
    "It reads a frontal chest film (PA or AP; DICOM, PNG, or JPEG) and gives four calibrated probabilities: normal, "
    "bacterial pneumonia, viral pneumonia, COVID-19. For each it draws a map of where its score came from.",
    "It refuses what is no frontal chest film, though not without fail, and cautions where a film is rotated, "
    "inverted, cut off, badly exposed, or unlike those that it learned from.",
    "It asks for your own impression first. Your word is the headline of the report; its answer is the annex.",
)
DOES_NOT = (
    "It is no medical device: not for diagnosis, triage, or the exclusion of disease.",
    "It knows these four answers and nothing else. It calls tuberculosis, tumour, effusion, or heart failure by one of "
    "the four.",
    "It does not tell the cause of an adult's pneumonia: all films of bacterial and viral pneumonia that it learned "
    "from are of children. Age and origin of a film can sway it, and a high figure does not rule that out.",
    "It knows neither patient, history, nor laboratory. It keeps no film and sends none anywhere.",
)
READ_HEAD = "How to read what it shows"
READ = (
    (
        "Sets",
        "Answers that can not be ruled out, at the levels of 90 and 95 %: chosen so that on films of the sources that "
        "it learned from about that share of the sets holds the truth. How it is elsewhere stands below. Two answers "
        "in a set can not be told apart; none means that nothing fits.",
    ),
    (
        "Probabilities",
        "Shares among these four answers alone, calibrated on films of the sources that it learned from. Elsewhere "
        "they can be far off.",
    ),
    (
        "Map",
        "Where the score of one class came from, on a coarse grid; not where disease is, and no outline of a finding. "
        "If most of it lies outside the lungs, do not trust it. Other methods of the map are there to compare.",
    ),
    (
        "Remarks",
        "What the intake found: a note is good to know, with a caution the answer may suffer, and with a refusal there "
        "is no answer, unless you ask for it with a reason, which the report names.",
    ),
)
FIGURES_HEAD = "How often it was right"
FIGURES = {
    "accuracy": "Accuracy, four classes",
    "sensitivity_normal": "Normal films called normal",
    "sensitivity_bacterial": "Bacterial pneumonia called so",
    "sensitivity_viral": "Viral pneumonia called so",
    "sensitivity_covid19": "COVID-19 called so",
    "ece": "Expected calibration error",
}
COVERAGE = "Sets at 90 % that hold the truth"
SPLITS = {"test": "Test films, of the sources that it learned from", "external": "Films from other sources"}
NOT_MEASURED = "This model was never measured: it is not known how often it is right."
INTERVALS = "In brackets 95 % intervals. From the files of the model that answers; the model card has all of them."


def films(count: int, patients: int) -> str:
    """How many films a column of figures comes from."""
    return say("{films:,} films of {patients:,} patients", films=count, patients=patients)


def counted(right: int, films: int) -> str:
    """How many of the films of a class were called so."""
    return say("{right} of {films}", right=right, films=films)


def model(name: str) -> str:
    """Which model the figures are of."""
    return say("Model {name}", name=name)


speaks(__name__)
