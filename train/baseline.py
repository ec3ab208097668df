"""The baseline that shows how much a data set gives away: a logistic regression on 12 x 12 thumbnails.

At 12 x 12 pixels there is no pneumonia to see; what is left are the outline, the collimation, and the processing, which
tell hospital and age. What a network scores beyond this is what the films themselves may have taught it.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tqdm import tqdm

from pneumo_core.errors import DataError
from pneumo_core.preprocess import normalise_greys, to_square
from pneumo_core.types import CLASSES, Float32, Radiograph
from train.data import FilmRow
from train.predict import Predictor, read_in_groups

_SIDE = 12


def fit_thumbnails(rows: Sequence[FilmRow]) -> Predictor:
    """Fit the baseline to films.

    Args:
        rows: training films of all four classes.

    Raises:
        DataError: if a class has no film, or a film can not be read.
    """
    missing = [film_class for film_class in CLASSES if not any(row.film_class is film_class for row in rows)]
    if missing:
        raise DataError(f"The training split has no film for {', '.join(missing)}. Each class needs at least one.")
    thumbnails = []
    with tqdm(total=len(rows), desc="Reading train for the baseline", unit="film") as progress:
        for films in read_in_groups(rows):
            thumbnails += [_thumbnail(film) for film in films]
            progress.update(len(films))
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))
    model.fit(np.stack(thumbnails), [row.film_class.index for row in rows])

    def logits(films: Sequence[Radiograph]) -> Float32:
        return np.asarray(model.decision_function(np.stack([_thumbnail(film) for film in films])), np.float32)

    return Predictor(f"baseline: logistic regression on {_SIDE} x {_SIDE} thumbnails", 1.0, logits)


def _thumbnail(film: Radiograph) -> Float32:
    """Pixels of the thumbnail in 0..1, float32 [144]."""
    square = normalise_greys(to_square(film.trimmed().pixels))
    return np.asarray(cv2.resize(square, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA), np.float32).ravel()
