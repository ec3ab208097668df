"""The words about similar films of the training data."""

from pneumo_core.language import say, speaks
from pneumo_core.types import FilmClass
from ui import texts

TITLE = "Similar films of the training data"
WHAT_THEY_ARE = (
    "The training films nearest to this one by the network's own features, the nearest first. Near is what looks alike "
    "to the network: source and age as much as disease. The labels are those of the data."
)
NO_INDEX = "This model has no index of its training films, so none can be shown."
NOT_HERE = "This server was not told where the films themselves lie; these are their labels and sources."
OTHER_DATA = (
    "The folder in PNEUMO_DATA does not hold these films, or not unchanged; these are their labels and sources."
)
NOT_IN_FOLDER = "Not in the folder"
NO_SOURCE = "source not stated"
# By what data sets call an age group; any other word is shown as it is.
AGES = {"adult": "adult", "paediatric": "child", "": "age not stated", "unknown": "age not stated"}


def label(film_class: FilmClass) -> str:
    """A film's label, where the width is short."""
    return texts.SHORT_NAMES[film_class]


def about(source: str, age: str, distance: float) -> str:
    """What stands under a film."""
    return say("{source}, {age}, distance {distance:.3g}", source=source, age=age, distance=distance)


def counted(count: int, name: str, source: str) -> str:
    """How many of the similar films have a label and a source, such as `5 × COVID-19, collection`."""
    return say("{count} × {label}, {source}", count=count, label=name, source=source)


def picture(name: str) -> str:
    """What a picture shows, for those who do not see it."""
    return say("Training film labelled {label}", label=name)


def distances(mean: float, usual: float) -> str:
    """How far they are on average, and how far that is usual."""
    return say(
        "Mean distance {mean:.3g}, in the network's features; below {usual:.3g} for 99 % of the validation films.",
        mean=mean,
        usual=usual,
    )


def track_record(share: str, films: int) -> str:
    """How far labels of similar films are to be trusted."""
    return say(
        "Of {films:,} validation films, {share} % have the label of most of their similar films.",
        films=films,
        share=share,
    )


speaks(__name__)
