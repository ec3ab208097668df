"""Turn a bundle's backbone into OpenVINO IR: `python -m pneumo_core.model.build_ir BUNDLE FOLDER`.

Started by `ir_cache` as a process of its own. Prints one line for each step, the share done and what comes now, on
standard output; a failure ends it with a message as the last line of standard error.
"""

import sys
import warnings
from pathlib import Path

from pneumo_core.errors import PneumoError
from pneumo_core.language import Message
from pneumo_core.model.bundle import load_bundle
from pneumo_core.model.ir_cache import IR_FILES
from pneumo_core.model.openvino_engine import import_openvino


def build_ir(bundle_folder: Path, folder: Path) -> None:
    """Write `features.xml` and `features.bin`: float32 [n, S, S, 3] in 0..255 -> feature map [n, h, w, K].

    Args:
        bundle_folder: the bundle.
        folder: where to write; must exist.

    Raises:
        BundleError: if the bundle is not sound or does not fit its architecture.
    """
    _report(0.02, Message("Checking the model"))
    bundle = load_bundle(bundle_folder)
    _report(0.05, Message("Loading TensorFlow"))
    openvino = import_openvino()
    from pneumo_core.model.architecture import split_model
    from pneumo_core.model.idle_blocks import without_idle_blocks
    from pneumo_core.model.restore import restore_model

    _report(0.25, Message("Building the network"))
    extractor, _ = split_model(restore_model(bundle))
    _report(0.5, Message("Converting the network"))
    with warnings.catch_warnings():
        # OpenVINO calls the model with a tuple where the input has a name.
        warnings.filterwarnings("ignore", "The structure of `inputs` doesn't match", UserWarning)
        network = openvino.convert_model(without_idle_blocks(extractor))
    # Keras' swish leaves outputs of its own in some ways of converting; each would keep its layer from being fused.
    if len(network.outputs) != 1:
        raise RuntimeError(f"The converted network has {len(network.outputs)} outputs, expected 1.")
    _report(0.95, Message("Writing the network"))
    openvino.save_model(network, folder / IR_FILES[0], compress_to_fp16=False)


def _report(share: float, step: str) -> None:
    print(f"{share:.2f} {step}", flush=True)


if __name__ == "__main__":
    try:
        build_ir(Path(sys.argv[1]), Path(sys.argv[2]))
    except PneumoError as error:
        sys.exit(str(error))
