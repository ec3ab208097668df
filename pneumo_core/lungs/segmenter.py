"""The lung network on OpenVINO.

`assets/models/lungs` holds the network as OpenVINO IR with weights in float16: it has a few MB, one engine, and needs
no building on the user's machine.

    model.json       what it is: preparation, size, how it was trained, Dice on the test films
    lungs.xml/.bin   the network, float32 [1, 128, 128, 1] in 0..1 -> float32 [1, 128, 128, 3]
    CARD.md          the card
    SHA256SUMS       the digest of each of the files above
"""

import hashlib
import json
import threading
from pathlib import Path

import numpy as np

from pneumo_core.errors import BundleError, EngineError
from pneumo_core.language import Message
from pneumo_core.lungs.mask import LungMask, find_lungs
from pneumo_core.lungs.prepare import prepare_lungs
from pneumo_core.model.bundle import MODEL_FILE, SUMS_FILE, check_digests
from pneumo_core.model.openvino_engine import SETTINGS, import_openvino
from pneumo_core.types import Float32, Radiograph

LUNGS_FOLDER = Path(__file__).resolve().parents[2] / "assets" / "models" / "lungs"
LUNGS_SCHEMA = "pneumo-lungs-1"  # goes up with the files, the preparation, or the meaning of the channels
IR_FILE = "lungs.xml"


class LungSegmenter:
    """Finds the lungs of a film. `mask` may be called from several threads.

    Attributes:
        name: name and short digest of the network.
    """

    def __init__(self, path: Path, name: str) -> None:
        """Make the network ready; `LungSegmenter.load` checks its files first.

        Args:
            path: the .xml file.
            name: name and short digest.

        Raises:
            EngineError: if OpenVINO can not load it.
        """
        self.name = name
        openvino = import_openvino()
        try:
            self._request = openvino.Core().compile_model(path, "CPU", SETTINGS).create_infer_request()
        except RuntimeError as error:
            raise EngineError(
                Message("OpenVINO can not load {path}: {error}. Get the folder anew.", path=str(path), error=str(error))
            ) from error
        self._lock = threading.Lock()

    @classmethod
    def load(cls, folder: Path | str = LUNGS_FOLDER) -> "LungSegmenter":
        """Load the network that ships, or another.

        Args:
            folder: with the files named above.

        Raises:
            BundleError: if a file is missing, damaged, or made for another version.
            EngineError: if OpenVINO can not load it.
        """
        folder = Path(folder)
        if not (folder / SUMS_FILE).is_file():
            raise BundleError(
                Message(
                    "There is no lung network at {folder}: {file} is missing. Get the folder anew, or make it with "
                    "`python -m train lungs`.",
                    folder=str(folder),
                    file=SUMS_FILE,
                )
            )
        sums = (folder / SUMS_FILE).read_bytes()
        listed = check_digests(folder, sums)
        if not {MODEL_FILE, IR_FILE} <= listed:
            raise BundleError(f"{folder} is no lung network: {MODEL_FILE} and {IR_FILE} were expected.")
        schema = json.loads((folder / MODEL_FILE).read_bytes()).get("schema")
        if schema != LUNGS_SCHEMA:
            raise BundleError(f"{folder} has the schema {schema!r}, this version reads {LUNGS_SCHEMA!r}.")
        return cls(folder / IR_FILE, f"{folder.name}@{hashlib.sha256(sums).hexdigest()[:12]}")

    def answer(self, prepared: Float32) -> Float32:
        """Run the network on prepared films: float32 [n, 128, 128, 1] in 0..1 -> float32 [n, 128, 128, 3] in 0..1."""
        answers = []
        for film in prepared:
            with self._lock:
                result = self._request.infer([np.ascontiguousarray(film[None])])
                answers.append(np.array(result[0][0], np.float32))  # a copy: the request reuses its memory
        return np.stack(answers)

    def mask(self, film: Radiograph) -> LungMask:
        """Find the lungs of one film."""
        return find_lungs(self.answer(prepare_lungs(film.trimmed().pixels)[None])[0], film.box)
