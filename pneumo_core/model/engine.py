"""The engines that compute the backbone's feature map, and which one serves.

openvino      the default on a CPU: the network as OpenVINO IR, built once per bundle
tensorflow    the reference, and the default where TensorFlow has a GPU
"""

import importlib.metadata
import os
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from pneumo_core.model.bundle import Bundle
from pneumo_core.types import Float32

ENGINES = ("auto", "openvino", "tensorflow")
Progress = Callable[[float, str], None]  # (share done in 0..1, the present step in words)
_NVIDIA_GPUS = Path("/proc/driver/nvidia/gpus")  # one entry a GPU that the driver sees


class Engine(Protocol):
    """What computes feature maps. `feature_map` may be called from several threads."""

    @property
    def name(self) -> str:
        """The engine's name, one of `ENGINES`."""

    def feature_map(self, batch: Float32) -> Float32:
        """Run the backbone.

        Args:
            batch: float32 [n, S, S, 3] in 0..255.

        Returns:
            float32 [n, h, w, K], the last feature map.
        """


def open_engine(bundle: Bundle, name: str = "auto", progress: Progress | None = None) -> Engine:
    """Make an engine ready for a bundle.

    Args:
        bundle: the checked bundle.
        name: one of `ENGINES`; `auto` chooses by the machine.
        progress: called with each step of preparing the engine, from this thread.

    Raises:
        ValueError: if the name is unknown.
        EngineError: if the engine can not be made ready.
        BundleError: if the bundle does not fit its architecture.
    """
    if name not in ENGINES:
        raise ValueError(f"`engine` must be one of {', '.join(ENGINES)}, got {name!r}.")
    if name == "auto":
        name = "tensorflow" if _tensorflow_has_gpu() else "openvino"
    # Imported here so that the process which OpenVINO serves never loads TensorFlow.
    if name == "tensorflow":
        from pneumo_core.model.tensorflow_engine import TensorFlowEngine

        return TensorFlowEngine(bundle, progress)
    from pneumo_core.model.openvino_engine import OpenVinoEngine

    return OpenVinoEngine(bundle, progress)


def _tensorflow_has_gpu() -> bool:
    """Whether an NVIDIA GPU is visible and a TensorFlow that can use it is installed, without importing it."""
    if os.environ.get("CUDA_VISIBLE_DEVICES", "all") in ("", "-1"):
        return False
    try:
        importlib.metadata.version("tensorflow")  # the build without GPU support is named tensorflow_cpu
    except importlib.metadata.PackageNotFoundError:
        return False
    return _NVIDIA_GPUS.is_dir() and any(_NVIDIA_GPUS.iterdir())
