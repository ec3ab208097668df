"""The methods that make maps, by name, and what each costs.

Grad-CAM comes with every reading. The others answer the same question in other ways, and where they disagree the maps
deserve less trust. All but occlusion work on the last feature map and cost one pass of the backbone and a little.

Not offered: HiResCAM, which is Grad-CAM here (see `gradcam`); Score-CAM, which needs a pass for each of the 2,560
channels, minutes for one film; integrated gradients and SmoothGrad, which need the backbone's gradient, that no engine
for reading computes.
"""

from collections.abc import Callable
from dataclasses import dataclass

from pneumo_core.explain.ablationcam import ablationcam_grids
from pneumo_core.explain.eigencam import eigencam_grids
from pneumo_core.explain.gradcam import METHOD, gradcam_grids
from pneumo_core.explain.gradcam_plus_plus import gradcam_plus_plus_grids
from pneumo_core.explain.layercam import layercam_grids
from pneumo_core.explain.occlusion import CELLS, occlusion_grids
from pneumo_core.explain.place import on_film
from pneumo_core.model.classifier import Classifier
from pneumo_core.model.engine import Engine
from pneumo_core.model.head import Head, load_head
from pneumo_core.preprocess import preprocess
from pneumo_core.types import Float32, Heatmap, Radiograph


@dataclass(frozen=True, eq=False)
class Evidence:
    """What a method may look at.

    Attributes:
        square: float32 [S, S, 3] in 0..255, the network's input.
        feature_map: float32 [h, w, K], the backbone's last.
        logits: float32 [4].
        gradient: float32 [4, K], d logit / d pooled feature.
        head: the head.
        engine: what computes feature maps.
    """

    square: Float32
    feature_map: Float32
    logits: Float32
    gradient: Float32
    head: Head
    engine: Engine

    @classmethod
    def gather(cls, square: Float32, engine: Engine, head: Head) -> "Evidence":
        """Run the network once on an input float32 [S, S, 3] in 0..255."""
        feature_map = engine.feature_map(square[None])[0]
        logits, gradient = head(feature_map.mean(axis=(0, 1))[None])
        return cls(square, feature_map, logits[0], gradient[0], head, engine)


@dataclass(frozen=True)
class MapMethod:
    """A method.

    Attributes:
        name: as the literature calls it.
        grids: makes float32 [4, h, w] of the evidence; positive cells speak for the class.
        passes: how often the backbone runs for one film, all four classes together.
    """

    name: str
    grids: Callable[[Evidence], Float32]
    passes: int = 1

    def seconds(self, seconds_per_film: float) -> float:
        """The price of one film's maps on a machine that takes so long for one reading."""
        return self.passes * seconds_per_film


METHODS: dict[str, MapMethod] = {
    method.name: method
    for method in (
        MapMethod(METHOD, lambda e: gradcam_grids(e.feature_map, e.gradient)),
        MapMethod("Grad-CAM++", lambda e: gradcam_plus_plus_grids(e.feature_map, e.gradient)),
        MapMethod("LayerCAM", lambda e: layercam_grids(e.feature_map, e.gradient)),
        MapMethod("Ablation-CAM", lambda e: ablationcam_grids(e.feature_map, e.head)),
        MapMethod("Eigen-CAM", lambda e: eigencam_grids(e.feature_map)),
        MapMethod("Occlusion", lambda e: occlusion_grids(e.square, e.logits, e.engine, e.head), 1 + CELLS**2),
    )
}


class Explainer:
    """Makes maps of films by any of the methods. `maps` may be called from several threads."""

    def __init__(self, classifier: Classifier) -> None:
        """Use a classifier's network.

        Args:
            classifier: whose answers are explained.

        Raises:
            BundleError: if the head can not be read.
        """
        self._engine = classifier.engine
        self._size = classifier.bundle.input_size
        self._head = load_head(classifier.bundle)

    def maps(self, film: Radiograph, method: str) -> tuple[Heatmap, ...]:
        """Make the maps of all four classes.

        Args:
            film: the film.
            method: a name of `METHODS`.

        Returns:
            Four maps in the order of `FilmClass`, all on one scale. Those of different methods have different units.

        Raises:
            ValueError: if the method is unknown.
        """
        if method not in METHODS:
            raise ValueError(f"`method` must be one of {', '.join(METHODS)}, got {method!r}.")
        evidence = Evidence.gather(preprocess(film.trimmed().pixels, self._size), self._engine, self._head)
        return on_film(method, METHODS[method].grids(evidence), film)
