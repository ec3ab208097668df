"""Average the weights of networks that were trained on from one start.

Where training did not lead far from a common start, the mean of the weights answers about as the mean of the networks'
answers does, at the price of one of them (Wortsman et al. 2022, arXiv 2203.05482). The mean of a network and of what
training made of it keeps more of what the first could on films from elsewhere (the same, arXiv 2109.01903).
"""

from collections.abc import Sequence

import numpy as np

from pneumo_core.errors import RunError
from pneumo_core.model.architecture import build_model, finalize_normalization
from train.run import RunDirectory


def average(sources: Sequence[RunDirectory], target: RunDirectory) -> None:
    """Write the mean of the best weights of runs as a run of its own; `fit --weights` and `grow --source` take it.

    Args:
        sources: the runs, at least two, of one backbone and head; of several sizes of input the largest one counts.
        target: the new run.

    Raises:
        RunError: if there are fewer than two, or they hold different networks.
        BundleError: if weights do not fit their run's settings.
    """
    settings = [source.config()["settings"] for source in sources]
    networks = {(setting["backbone"], setting["head"]) for setting in settings}
    if len(sources) < 2 or len(networks) != 1:
        raise RunError(
            f"{len(sources)} runs of {len(networks)} different networks were given as --source. Give two or more of "
            "one backbone and head, trained on from one start."
        )
    backbone, head = networks.pop()
    size = max(setting["size"] for setting in settings)
    models = [build_model(backbone, head, source.best_file, size) for source in sources]
    together = zip(*(model.get_weights() for model in models), strict=True)
    model = models[0]
    model.set_weights([np.mean(weights, axis=0, dtype=np.float64).astype(np.float32) for weights in together])
    finalize_normalization(model)
    target.create(
        {
            "kind": "average",
            "source_runs": [str(source.path) for source in sources],
            "settings": {"backbone": backbone, "head": head, "size": size},
        }
    )
    target.save_best(model)
