"""What the program says of a film, made up by the tests."""

from collections.abc import Callable

import numpy as np
import pytest

from pneumo_core.answer import Answer, AnswerKind
from pneumo_core.types import CLASSES, AgeGroup, Assessment, FilmClass, Finding, Heatmap, Prediction
from ui.model import FilmAnswer, Maps


@pytest.fixture
def said_of() -> Callable[..., FilmAnswer]:
    """Makes an answer: its findings, its kind and classes, what is most probable, and the box of its maps."""

    def make(
        *findings: Finding,
        kind: AnswerKind = AnswerKind.SINGLE,
        classes: tuple[FilmClass, ...] = (FilmClass.NORMAL,),
        program: FilmClass = FilmClass.NORMAL,
        box: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0),
    ) -> FilmAnswer:
        probabilities = np.full(4, 0.1, np.float32)
        probabilities[program.index] = 0.7
        maps = tuple(Heatmap(c, "Grad-CAM", np.zeros((8, 8), np.float32), 1.0, box) for c in CLASSES)
        answer = Answer(kind, classes, "made_up", "Made up.", "Made up by a test.")
        return FilmAnswer(
            Assessment(findings, AgeGroup.CHILD, "film", "none"),
            Prediction(np.log(probabilities), 1.0, probabilities, "none"),
            Maps(maps, (None,) * 4),
            answer,
            answer,
        )

    return make
