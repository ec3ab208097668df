"""The methods that make maps, by name, and what each costs.

Grad-CAM comes with every reading. The others answer the same question in other ways, and where they disagree the maps
deserve less trust. All but occlusion and the methods of `with_gradient` work on the last feature map and cost one pass
of the backbone and a little. Those of `with_gradient` need a network with its way back, which a process of its own
holds while such maps are asked for.

Not offered: HiResCAM, which is Grad-CAM here (see `gradcam`); Score-CAM, which needs a pass for each of the 2,560
channels, minutes for one film.
"""

from collections.abc import Callable
from dataclasses import dataclass

from pneumo_core.explain.ablationcam import ablationcam_grids
from pneumo_core.explain.eigencam import eigencam_grids
from pneumo_core.explain.gradcam import METHOD, gradcam_grids
from pneumo_core.explain.gradcam_plus_plus import gradcam_plus_plus_grids
from pneumo_core.explain.gradient_process import GradientProcess
from pneumo_core.explain.integrated import STEPS
from pneumo_core.explain.layercam import layercam_grids
from pneumo_core.explain.occlusion import CELLS, occlusion_grids
from pneumo_core.explain.place import on_film
from pneumo_core.explain.with_gradient import FUSED_LAYERCAM, INTEGRATED
from pneumo_core.model.classifier import Classifier
from pneumo_core.model.engine import Engine
from pneumo_core.model.head import Head, load_head
from pneumo_core.preprocess import preprocess
from pneumo_core.types import Float32, Heatmap, Radiograph

_BACK = 7  # passes that a film once forwards and four times back takes the time of, as measured

MapsWithGradient = Callable[[str, Float32], Float32]  # (a name of WITH_GRADIENT, float32 [S, S, 3]) -> [4, h, w]


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
        with_gradient: what makes the maps that need the network's gradient.
    """

    square: Float32
    feature_map: Float32
    logits: Float32
    gradient: Float32
    head: Head
    engine: Engine
    with_gradient: MapsWithGradient

    @classmethod
    def gather(cls, square: Float32, engine: Engine, head: Head, with_gradient: MapsWithGradient) -> "Evidence":
        """Run the network once on an input float32 [S, S, 3] in 0..255."""
        feature_map = engine.feature_map(square[None])[0]
        logits, gradient = head(feature_map.mean(axis=(0, 1))[None])
        return cls(square, feature_map, logits[0], gradient[0], head, engine, with_gradient)


@dataclass(frozen=True)
class MapMethod:
    """A method.

    Attributes:
        name: as the literature calls it.
        grids: makes float32 [4, h, w] of the evidence; positive cells speak for the class.
        passes: how often the backbone runs for one film, all four classes together, or the time that it takes in
            passes where another network runs.
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
        MapMethod(FUSED_LAYERCAM, lambda e: e.with_gradient(FUSED_LAYERCAM, e.square), 1 + _BACK),
        MapMethod(INTEGRATED, lambda e: e.with_gradient(INTEGRATED, e.square), 1 + _BACK * STEPS),
    )
}


class Explainer:
    """Makes maps of films by any of the methods. `maps` may be called from several threads.

    Attributes:
        beside: the process that makes those which need the network's gradient.
    """

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
        self.beside = GradientProcess(classifier.bundle.folder)

    def maps(self, film: Radiograph, method: str) -> tuple[Heatmap, ...]:
        """Make the maps of all four classes.

        Args:
            film: the film.
            method: a name of `METHODS`.

        Returns:
            Four maps in the order of `FilmClass`, all on one scale. Those of different methods have different units.

        Raises:
            ValueError: if the method is unknown.
            EngineError: if the maps need the network's gradient and can not be made on this machine.
        """
        if method not in METHODS:
            raise ValueError(f"`method` must be one of {', '.join(METHODS)}, got {method!r}.")
        square = preprocess(film.trimmed().pixels, self._size)
        evidence = Evidence.gather(square, self._engine, self._head, self.beside.grids)
        return on_film(method, METHODS[method].grids(evidence), film)
