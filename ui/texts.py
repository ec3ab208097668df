"""The words of the pages, in one place."""

from pneumo_core.types import FilmClass

NOT_FOR_DIAGNOSIS = "Research and education. Not for diagnosis."

CLASS_NAMES: dict[FilmClass, str] = {
    FilmClass.NORMAL: "Normal",
    FilmClass.BACTERIAL: "Bacterial pneumonia",
    FilmClass.VIRAL: "Viral pneumonia",
    FilmClass.COVID19: "COVID-19",
}
# Inside a sentence.
CLASSES_INSIDE: dict[FilmClass, str] = {
    FilmClass.NORMAL: "normal",
    FilmClass.BACTERIAL: "bacterial pneumonia",
    FilmClass.VIRAL: "viral pneumonia",
    FilmClass.COVID19: "COVID-19",
}
# For bars and switches, where the width is short.
SHORT_NAMES: dict[FilmClass, str] = {
    FilmClass.NORMAL: "Normal",
    FilmClass.BACTERIAL: "Bacterial",
    FilmClass.VIRAL: "Viral",
    FilmClass.COVID19: "COVID-19",
}

# The empty page.
DROP_LABEL = "Drop frontal chest films here"
DROP_MORE = "Drop more films"
WHAT_TO_DROP = "One or many, PA or AP. DICOM (under any file name), PNG or JPEG, 8 to 16 bits."
WHAT_IT_IS_FOR = (
    "**What it is for.** A second reading beside your own, for research and teaching: four calibrated probabilities "
    "(normal, bacterial pneumonia, viral pneumonia, COVID-19) and, for each, a map of where its score came from."
)
WHAT_IT_IS_NOT_FOR = (
    "**What it is not for.** Diagnosis, triage, or the exclusion of disease. It knows nothing but these four answers, "
    "and it gives one for any picture: a lateral view, another body part, a CT slice."
)
PRIVACY = (
    "Films stay in this server's memory for the length of the session. Nothing is written to disk or sent elsewhere."
)
OPEN_PHANTOMS = "Open two phantom films"
PHANTOM_HELP = "Two chest films drawn by this project, for a first look at the page. No person was imaged."

# The strip of dropped files.
STRIP_LABEL = "Films of this session"
STATES = {"waiting": "Waiting", "shown": "No answer yet", "refused": "Refused"}
PHANTOM_STATE = "Phantom"


def strip_count(films: int, answered: int, refused: int) -> str:
    """The line above the strip, such as `12 files, 10 read, 1 refused`."""
    parts = [f"{films} file" if films == 1 else f"{films} files", f"{answered} read"]
    if refused:
        parts.append(f"{refused} refused")
    return ", ".join(parts)


# The answer.
ANSWER_PENDING = "Reading this film."
WAITING_FOR_MODEL = "The answer follows as soon as the model is ready."
PHANTOM_MARK = (
    "Phantom. This film was drawn by a program. What the model says about it means nothing clinically: "
    "it only shows how the page works."
)
FINDINGS = "Remarks on the film"
GRADES = {"note": "Note", "caution": "Caution"}
CAN_NOT_TELL = (
    "What it can not tell: anything but these four answers. It calls tuberculosis, tumour, effusion or heart failure "
    "by one of them. All of its bacterial and viral films are of children and most of its COVID-19 films of adults: "
    "the patient's age and the film's origin can sway it, and a high figure does not rule that out. You decide."
)
# Splits of the data by their name in a bundle's metrics.
SPLITS = {"test": "its test films", "external": "films from other sources"}
NEVER_MEASURED = "How often it is right was never measured."


def answered_by(name: str) -> str:
    """The line under an answer that says which model gave it."""
    return f"Model {name}"


# Facts of the film.
FILM_FACTS = "Film facts"
FILE = "File"
SHOW_IDENTITY = "Show name and identifiers"
NO_IDENTITY = "The file carries no name or identifier."
REDUCED_FILM = (
    "To save memory this earlier film is kept at reduced size. Drop its file again to see it in full; "
    "the answer was given on the full film."
)
FILM_GONE = "This film's pixels are no longer in memory. Drop its file again to see it; the answer still stands."

# The model.
MODEL_LOADING = "The model is loading. Films can be dropped and viewed meanwhile."
MODEL_PREPARING = "First start: the model is being prepared for this machine, once."
MODEL_FAILED = "No answer can be given: the model could not be loaded."


def model_ready(name: str, engine: str) -> str:
    """The line that says which model serves."""
    return f"Model ready: {name}, {engine} engine."


VIEWER = {
    "region": "Film viewer",
    "film": "Film",
    "mapped": "Film with map",
    "loading": "Loading the film.",
    "lost": "The film could not be fetched from the server. Open it again in the strip.",
    "map": "Map",
    "classes": "Map of",
    "opacity": "Opacity",
    "colours": "Colours",
    "window": "Window",
    "pan": "Pan",
    "invert": "Invert",
    "reset": "Reset",
    "full": "Full width",
    "leave": "Leave full width",
    "zoom": "zoom",
    "grey": "grey",
    "logit": "logit units",
    "where": (
        "Where the score for {name} came from; not where disease is. "
        "{method} on {rows} × {columns} cells, drawn smoothly."
    ),
    "empty": "No part of this film spoke for {name}: there is nothing to colour.",
    "none": "No map yet: this film has no answer.",
    "hidden": "The map is switched off.",
    "keys": (
        "Drag: window, or pan. Wheel or pinch: zoom. Arrows: pan; with Shift, window. "
        "Keys: m map, i invert, 1–4 class, 0 reset, f full width."
    ),
    "flat": "This browser has no WebGL 2: the film is drawn more slowly.",
    "halved": "shown at 1/{factor} of its size, the most this graphics unit can hold",
    "notice": NOT_FOR_DIAGNOSIS,
}
