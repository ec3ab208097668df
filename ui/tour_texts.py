"""The words of the guided demo and of the sample films."""

from pneumo_core.language import Message, say, speaks

# The empty page.
OPEN_SAMPLES = "Open the sample films"
SAMPLES_HELP = "Real films from the folder that this server's PNEUMO_SAMPLES names."
START = "Take the tour: four cases"
START_HELP = "Four cases, one of them refused, with what to look at. It starts with your own reading."
LEAFLET = "Leaflet (PDF)"
LEAFLET_HELP = "One page to print: what the program does, what it does not, and how often it was right."
SAMPLES_WRONG = "The sample films can not be used."

# The bar above the viewer.
LABEL = "Guided tour"
NEXT = "Next"
PREVIOUS = "Previous"
END = "End the tour"
READING = "This film is being read."
AWAY = "You have opened another film. Next and Previous lead back to the tour."
YOUR_TURN = "Look at the film first and record your impression. The program's answer and its map come after it."
PHANTOMS_MEAN_NOTHING = "Phantoms were drawn by a program: what is answered to them means nothing."
# What to look at, by the kind of the stop.
LOOK = {
    "clear": (
        "The answer: what can not be ruled out, then the probabilities. Move over the panes: one place, both panes. "
        "Drag, wheel, and the keys under ? change window, zoom, and map."
    ),
    "opacity": (
        "Choose each class under the film and compare the maps, or take one class's from another's (minus). The map "
        "says where a score came from, not where disease is."
    ),
    "inverted": (
        "This is the first phantom's negative. It is read, but with a caution: the answer may suffer. "
        "Press i to look at it the right way round."
    ),
    "refused": (
        "This is a page of text. The intake refuses it and says why, and there is no answer and no map. Who wants one "
        "all the same has to give a reason, which goes into the report."
    ),
    "sample": "Compare the answer with your word. You can change yours, then see what the film is known to show.",
    "other": "Another kind of film. Choose each class under it and compare the maps: what speaks for which class?",
    "outside": "Of the other samples read so far, this one's map leaves the lungs the most.",
}


def place(at: int, stops: int) -> str:
    """Where the tour is, such as `2 of 4`."""
    return say("{at} of {stops}", at=at, stops=stops)


def lungs(share: int, even: int) -> str:
    """How much of the map lies inside the lungs."""
    return say("{share} % of its map lies inside the lungs (of an even map: {even} %).", share=share, even=even)


OUTSIDE = "Most of it lies outside: such a map is not to be trusted. The button Lungs draws their outlines."

# What a sample is known to show.
SHOW_TRUTH = "Show what this film is known to show"
TRUTH_HELP = "After that your impression of this film can no longer be changed: it is counted as it stands."


def truth(name: str) -> str:
    """What a sample is known to show."""
    return say("This sample is labelled: {name}.", name=name)


# What can be wrong with the folder of the samples.
def no_folder(folder: str) -> Message:
    """The folder does not exist."""
    return Message("PNEUMO_SAMPLES names {folder}, which is no folder. Name a folder with films.", folder=folder)


def empty(folder: str) -> Message:
    """The folder holds nothing."""
    return Message("The folder {folder} of PNEUMO_SAMPLES holds no files.", folder=folder)


def too_many(found: int, most: int) -> Message:
    """More films than a demo can use."""
    return Message("PNEUMO_SAMPLES offers {found} films, more than {most}. List fewer.", found=found, most=most)


def unreadable(problem: str) -> Message:
    """samples.csv is no table."""
    return Message("samples.csv can not be read as a table in UTF-8: {problem}", problem=problem)


NO_FILE_COLUMN = "samples.csv needs the columns file, label, and note; the column file is missing."


def bad_row(line: int, problem: str) -> Message:
    """One line of samples.csv is wrong."""
    return Message("samples.csv, line {line}: {problem}", line=line, problem=problem)


def missing_file(name: str) -> Message:
    """A line names a file that is not there."""
    return Message("there is no file {name} in the folder.", name=name)


def named_twice(name: str) -> Message:
    """A line names a file again."""
    return Message("the file {name} was named before.", name=name)


def unknown_label(label: str, known: str) -> Message:
    """A line has a label that is none of the four."""
    return Message("the label is {label}; expected one of {known}, or nothing.", label=repr(label), known=known)


speaks(__name__)
