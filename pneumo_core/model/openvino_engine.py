"""The OpenVINO engine: the backbone as OpenVINO IR, in float32 on the CPU.

OpenVINO's Python package reports its use to a third party unless told not to. A program for a clinic sends nothing:
import OpenVINO with `import_openvino` only.
"""

import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from pneumo_core.errors import EngineError
from pneumo_core.language import Message
from pneumo_core.model.bundle import Bundle
from pneumo_core.model.engine import Progress
from pneumo_core.model.ir_cache import prepare_ir
from pneumo_core.types import Float32

SETTINGS = {
    "PERFORMANCE_HINT": "LATENCY",
    # Where the CPU has bfloat16 OpenVINO would take it by itself, and probabilities would differ from the reference.
    "INFERENCE_PRECISION_HINT": "f32",
}


def import_openvino() -> Any:
    """Import OpenVINO without its telemetry: where that package can not be imported, OpenVINO puts a stub in its place.

    Raises:
        EngineError: if OpenVINO is not installed.
    """
    if "openvino" not in sys.modules:
        sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # None makes the import fail
    try:
        import openvino
    except ImportError as error:
        raise EngineError(
            Message(
                "OpenVINO can not be imported ({error}). Install the packages of requirements.txt.", error=str(error)
            )
        ) from error
    return openvino


def open_request(path: Path, side: int, extend: Callable[[Any], Any] = lambda network: network) -> Any:
    """Load an IR for one film of [side, side, 3] at a time: an openvino.InferRequest.

    Args:
        path: the .xml file.
        side: rows and columns of the input.
        extend: what the network becomes before it is compiled.

    Raises:
        EngineError: if OpenVINO can not load it, or as `extend` does.
    """
    openvino = import_openvino()
    try:
        network = openvino.Core().read_model(path)
        network.reshape([1, side, side, 3])
        return openvino.Core().compile_model(extend(network), "CPU", SETTINGS).create_infer_request()
    except RuntimeError as error:
        raise EngineError(
            Message(
                "OpenVINO can not load {path}: {error}. Remove the folder {folder}.",
                path=str(path),
                error=str(error),
                folder=str(path.parent),
            )
        ) from error


class OpenVinoEngine:
    """Runs the backbone with OpenVINO.

    One film at a time with all cores on it: on a CPU that is as fast as a batch, and the answer to a single film is
    the one that somebody waits for.
    """

    name = "openvino"

    def __init__(self, bundle: Bundle, progress: Progress | None = None) -> None:
        """Make the engine ready, building the bundle's IR where this machine has none yet.

        Args:
            bundle: the checked bundle.
            progress: called with each step.

        Raises:
            EngineError: if the IR can not be built or loaded.
        """
        self._request = open_request(prepare_ir(bundle, progress), bundle.input_size)
        self._lock = threading.Lock()  # a request holds one film; more at a time would only share the same cores

    def feature_map(self, batch: Float32) -> Float32:
        """Run the backbone: float32 [n, S, S, 3] in 0..255 -> float32 [n, h, w, K]."""
        maps = []
        for film in batch:
            with self._lock:
                result = self._request.infer([np.ascontiguousarray(film[None])])
                maps.append(np.array(result[0][0], np.float32))  # a copy: the request reuses its memory
        return np.stack(maps)
