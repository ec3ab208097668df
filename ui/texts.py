"""The words of the pages, in one place."""

from pneumo_core.language import Message, say, speaks
from pneumo_core.report import Confidence
from pneumo_core.report.texts import BANNER as NOT_FOR_DIAGNOSIS
from pneumo_core.report.texts import CLASS_NAMES, CLASSES_INSIDE, CONFIDENCES, GRADES, OPINIONS
from pneumo_core.types import FilmClass

__all__ = ["CLASSES_INSIDE", "CLASS_NAMES", "CONFIDENCES", "GRADES", "NOT_FOR_DIAGNOSIS", "OPINIONS"]

# The bar above every page.
LANGUAGE = "Language"

# Navigation.
REVIEW = "Review"
WORKLIST = "Worklist"
TRAINING = "Training"
MODEL_CARD = "Model card"

# For bars and switches, where the width is short.
SHORT_NAMES: dict[FilmClass, str] = {
    FilmClass.NORMAL: "Normal",
    FilmClass.BACTERIAL: "Bacterial",
    FilmClass.VIRAL: "Viral",
    FilmClass.COVID19: "COVID-19",
}

# The place to drop files.
UPLOAD_WORDS = {
    "choose": "Choose files",
    "sending": "{sent} of {total} files sent",
    "lost": "Could not be sent ({count}): {names}. Check the connection and that the files are still there, and "
    "drop them again.",
    "ended": "The server no longer knows this session; it may have been started anew. Reload the page and drop the "
    "files again.",
}
UPLOAD_LIMIT = "{megabytes} MB a file, here or anywhere on the page"

# The empty page.
DROP_LABEL = "Drop frontal chest films here"
DROP_MORE = "Drop more films"
WHAT_TO_DROP = "One or many, PA or AP. DICOM (under any file name), PNG or JPEG, 8 to 16 bits, or a ZIP of them."
WHAT_IT_IS_FOR = (
    "**What it is for.** A second reading beside your own, for research and teaching: four calibrated probabilities "
    "(normal, bacterial pneumonia, viral pneumonia, COVID-19) and, for each, a map of where its score came from."
)
WHAT_IT_IS_NOT_FOR = (
    "**What it is not for.** Diagnosis, triage, or the exclusion of disease. It knows nothing but these four answers. "
    "What is no frontal chest film is refused, though not without fail."
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
    parts = [say("{count} file", "{count} files", count=films), say("{count} read", count=answered)]
    if refused:
        parts.append(say("{count} refused", count=refused))
    return ", ".join(parts)


STATE_UNREAD = "Not read yet"

# Reading first.
READ_FIRST = "Read first"
YOUR_IMPRESSION = "Your impression"
READ_FIRST_WHY = "Record it before the program's answer is shown. You can change it afterwards."
OPINION = "What do you call this film?"
CONFIDENCE = "How sure are you?"
CONFIDENCE_LEVELS = {Confidence.LOW: "Low", Confidence.MODERATE: "Moderate", Confidence.HIGH: "High"}
RECORD = "Record, then show the answer"
SHOW_WITHOUT = "Show the answer without my impression"
OPINION_MISSING = "Choose what you call this film first."
NO_OPINION = "None recorded"
NOTE = "Note"


def first_impression(opinion: str, confidence: str) -> str:
    """What was recorded before the answer."""
    return say("Before the answer: {opinion}. {confidence}.", opinion=opinion, confidence=confidence)


# Reports.
REPORT = "Report"
PDF = "PDF"
PDF_HELP = "Your impression, film and map, and the program's answer as an annex."
DICOM = "DICOM"
DICOM_HELP = "A structured report (TID 1500) and a secondary capture, in the film's own study with its patient."
NAME_IN_PDF = "Name and identifiers in the PDF"
CSV = "Table of all films (CSV)"


# Dropped files.
def session_full(most: int) -> str:
    """Why a film was not taken."""
    return Message(
        "This session already holds {most} films, the most it may. Reload the page to start anew.", most=most
    )


def too_much_waiting(megabytes: int) -> str:
    """Why a film was not taken."""
    return Message(
        "More than {megabytes} MB of files wait to be read. Drop this file again when the others are read.",
        megabytes=megabytes,
    )


def internal_error(name: str) -> str:
    """A fault of the program's own."""
    return Message("This file could not be read: an error inside the program ({name}). Please report it.", name=name)


def archive_entries(found: int, most: int) -> str:
    """Why an archive was refused."""
    return Message(
        "The archive holds {found} files; at most {most} are taken out. Drop it in parts.", found=found, most=most
    )


def archive_size(megabytes: int, file_megabytes: int) -> str:
    """Why an archive was refused."""
    return Message(
        "The archive unpacks to more than {megabytes} MB, or a file in it to more than {file_megabytes} MB. "
        "Drop the films in parts.",
        megabytes=megabytes,
        file_megabytes=file_megabytes,
    )


ARCHIVE_ENCRYPTED = "The archive is encrypted. Drop the films themselves, or an archive without a password."
ARCHIVE_DAMAGED = "The archive is damaged or packed by a method that is not read here. Drop the films themselves."

# The worklist.
WORKLIST_EMPTY = "Drop films or a ZIP archive to fill the worklist. They are shared with the Review page."
WORKLIST_COLUMNS = {
    "film": "Film",
    "state": "State",
    "answer": "Answer",
    "probability": "Probability",
    "margin": "Lead",
    "doctor": "Your impression",
    "urgency": "Order",
    "reason": "Remarks",
}
WORKLIST_LABEL = "Worklist"
WORKLIST_FILTER = "Show"
WORKLIST_SHOWN = {"all": "All", "read": "Read", "refused": "Refused", "waiting": "Waiting", "unread": "Not read by you"}
WORKLIST_NONE = "No film here."
MARGIN_HELP = "Lead: how far the most probable answer is ahead of the next one. Small means uncertain."
ORDER_HELP = (
    "Order: the program's probability of any pneumonia. It is a way to sort and no measure of urgency: the program "
    "knows no other disease."
)
STATE_NAMES = {"waiting": "Waiting", "shown": "Waiting", "answered": "Read", "refused": "Refused"}
HIDDEN_ANSWER = "After your impression"


def progress(done: int, films: int) -> str:
    """How far reading is."""
    return say("{done} of {films} files", done=done, films=films)


def tally_words(films: int, agreed: int, changed: int) -> str:
    """How reading first went."""
    return say(
        "Read first: {films}. Your first impression was the program's answer in {agreed}; you changed {changed}.",
        films=films,
        agreed=agreed,
        changed=changed,
    )


def tally_truth(known: int, gained: int, lost: int) -> str:
    """How reading first went, where the truth is known."""
    return say(
        "Of {known} films with a known truth, the change gained {gained} and lost {lost}.",
        known=known,
        gained=gained,
        lost=lost,
    )


# What the program says.
NO_ANSWER = "No answer"
PNEUMONIA = "Pneumonia"
REFUSED_TITLE = "Refused"
OVERRIDE = "Show the answer all the same"
OVERRIDE_REASON = "Reason (it goes into the report)"
OVERRIDE_BUTTON = "Show the answer"
OVERRIDE_MISSING = "Give a reason first: it is recorded with the answer."
OVERRIDDEN = "This film was refused. You asked for the answer all the same: {reason}"
SET_RIGHT = {  # by whether the film is to be turned, and whether inverted
    (True, False): "Turn upright and read",
    (False, True): "Invert and read",
    (True, True): "Turn upright, invert, and read",
}
SET_RIGHT_HELP = "A copy is read; the film stays as it came. The report says so."
SET_RIGHT_NAME = "{name}, set right"
MAP_METHOD = "Method of the map"
MAP_METHOD_HELP = "Each method answers the same question in another way. Where they disagree, trust the maps less."
MAP_METHOD_SLOW = "Making the maps. Under the list of methods stands how long each takes on this machine."
METHOD_FAILED = "Shown is Grad-CAM. {reason}"
METHOD_NEEDS_FILM = "Other methods need the film in full size: drop its file again."
SELFTEST_FAILED = "No answers: this machine does not compute what the model was measured with."


def one_or_two(names: list[str]) -> str:
    """An answer of one class, or of two that can not be told apart."""
    return names[0] if len(names) == 1 else say("{first} or {second}", first=names[0], second=names[1])


# The answer.
ANSWER_PENDING = "Reading this film."
WAITING_FOR_MODEL = "The answer follows as soon as the model is ready."
PHANTOM_MARK = (
    "Phantom. This film was drawn by a program. What the model says about it means nothing clinically: "
    "it only shows how the page works."
)
FINDINGS = "Remarks on the film"
CAN_NOT_TELL = (
    "What it can not tell: anything but these four answers. It calls tuberculosis, tumour, effusion or heart failure "
    "by one of them. All of its bacterial and viral films are of children and most of its COVID-19 films of adults: "
    "the patient's age and the film's origin can sway it, and a high figure does not rule that out. You decide."
)
# Splits of the data by their name in a bundle's metrics.
SPLITS = {"test": "its test films", "external": "films from other sources"}
NEVER_MEASURED = "How often it is right was never measured."


def share_right(value: str, low: str, high: str, films: str) -> str:
    """Part of the sentence on how often the model is right: on which films, with the interval in percent."""
    return say("{value} % ({low} to {high} %) of {films}", value=value, low=low, high=high, films=films)


def track_record(shares: list[str]) -> str:
    """How often the model is right, on one set of films or on two."""
    if len(shares) == 1:
        return say("It was right on {share}.", share=shares[0])
    return say("It was right on {first} and on {second}.", first=shares[0], second=shares[1])


def answered_by(name: str) -> str:
    """The line under an answer that says which model gave it."""
    return say("Model {name}", name=name)


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
    return say("Model ready: {name}, {engine} engine.", name=name, engine=engine)


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
    "full": "Full screen",
    "leave": "Leave full screen",
    "grey": "grey",
    "logit": "logit units",
    "where": ("Where the score for {name} came from; not where disease is. {method} on {rows} × {columns} cells,"),
    "drawnSmooth": "drawn smoothly.",
    "drawnCells": "drawn as they are.",
    "drawnSigned": "Orange speaks for it, blue against it.",
    "drawnAbove": "Nothing below {percent} % of the scale is coloured.",
    "difference": (
        "Orange: what spoke for {name} more than for {other}; blue: less; not where disease is. "
        "{method} on {rows} × {columns} cells,"
    ),
    "inside": "{share} % of it inside the lungs (even map: {even} %)",
    "outside": "only {share} % of it inside the lungs (even map: {even} %): do not trust it",
    "noLungs": "no lungs were found on this film",
    "lungs": "Lungs",
    "units": "units of the method",
    "empty": "No part of this film spoke for {name}: there is nothing to colour.",
    "none": "No map yet: this film has no answer.",
    "hidden": "The map is switched off.",
    "keys": "Drag: the chosen tool. Wheel or pinch: zoom. Shift and drag: pan. Keys: ?",
    "keysTitle": "List of keys",
    "keyList": [
        ["m", "Map on or off"],
        ["c", "Map of the next class"],
        ["s", "Two panes, one pane, divider, two films"],
        ["1 2 3 4 5", "Window: as stored, auto, lung, bone, wide"],
        ["w p z d g", "Tool: window, pan, zoom, distance, magnify"],
        ["i", "Invert"],
        ["r l", "Rotate right, left"],
        ["h v", "Flip left and right, up and down"],
        ["+ - =", "Zoom in, zoom out, fit"],
        ["Space", "Reset"],
        ["Arrows", "Pan; with Shift, window"],
        ["Page Down, Page Up", "Next film, previous film"],
        ["k", "Two films: linked or not"],
        ["f", "Full screen"],
        ["?", "This list"],
    ],
    "threshold": "From",
    "signed": "Signed",
    "cells": "Cells",
    "zoom": "Zoom",
    "measure": "Measure",
    "magnify": "Magnify",
    "turn": "Rotate",
    "flip": "Flip",
    "fit": "Fit",
    "native": "1:1",
    "presets": "Preset",
    "presetNames": {
        "stored": "As stored",
        "auto": "Auto",
        "lung": "Lung",
        "bone": "Bone",
        "wide": "Wide",
        "own": "By hand",
    },
    "layouts": "Layout",
    "layoutNames": {"two": "Two panes", "one": "One pane", "swipe": "Divider"},
    "beside": "Another film beside it",
    "link": "Linked",
    "first": "First film",
    "second": "Second film",
    "against": "minus",
    "nothing": "nothing",
    "mapTools": "Map",
    "filmTools": "Film",
    "divider": "Divider between film and film with map",
    "millimetres": "{length} mm",
    "detectorMillimetres": "{length} mm at the detector",
    "pixels": "{length} pixels; spacing not known",
    "halved": "shown at 1/{factor} of its size, the most this graphics unit can hold",
    "notice": NOT_FOR_DIAGNOSIS,
    "percent": "{value} %",
}

# Its constants are given in the reader's language: ask for them as `texts.NAME` (`pneumo_core.language`).
speaks(__name__)
