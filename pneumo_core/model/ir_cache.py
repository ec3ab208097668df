"""The user's cache of OpenVINO IR: one folder for each bundle and version of OpenVINO.

Building needs Keras and TensorFlow and takes some twenty seconds, so it happens once, in a process of its own
(`pneumo_core.model.build_ir`): the process that reads films loads neither. A folder appears by one rename when it is
complete, one process builds at a time, and a folder whose files do not have the digests noted beside them is built
anew.
"""

import hashlib
import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from filelock import FileLock, Timeout

from pneumo_core.errors import EngineError
from pneumo_core.language import Message, known
from pneumo_core.model.bundle import Bundle
from pneumo_core.model.engine import Progress
from pneumo_core.processes import module_environment

IR_FILES = ("features.xml", "features.bin")
_DIGESTS_FILE = "digests.json"
_RECIPE = 2  # goes up whenever `build_ir` makes other files of the same bundle
_WAIT_SECONDS = 900.0  # for another process that builds the same
_LOG_FILE = "build.log"


def cache_root() -> Path:
    """The folder of all of Pneumo's caches, by the XDG base directory specification."""
    given = os.environ.get("XDG_CACHE_HOME", "")
    # The specification says to ignore a relative path.
    base = Path(given) if os.path.isabs(given) else Path.home() / ".cache"
    return base / "pneumo"


def prepare_ir(bundle: Bundle, progress: Progress | None = None) -> Path:
    """Give the path of the bundle's IR, building it where there is none or it is damaged.

    Args:
        bundle: the checked bundle.
        progress: called with (share done, step) while it builds; not called where the IR is there.

    Returns:
        The path of the .xml file; the weights lie beside it.

    Raises:
        EngineError: if it can not be built.
    """
    version = importlib.metadata.version("openvino")
    folder = cache_root() / f"{bundle.digest}-openvino-{version}-{_RECIPE}"
    if _is_intact(folder):
        return folder / IR_FILES[0]
    report = progress or (lambda share, step: None)
    report(0.0, Message("Preparing the model for this machine, once"))
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.parent / f"{folder.name}.lock", timeout=_WAIT_SECONDS):
            if not _is_intact(folder):  # another process may have built it meanwhile
                _build(bundle, folder, report)
        report(1.0, Message("The model is prepared"))
    except Timeout as error:  # an OSError too
        raise EngineError(
            Message(
                "Another process has been preparing the model in {folder} for {minutes:.0f} minutes. End it and try "
                "again.",
                folder=str(folder.parent),
                minutes=_WAIT_SECONDS / 60,
            )
        ) from error
    except OSError as error:
        raise EngineError(
            Message(
                "The folder {folder} can not be written ({error}), but the prepared model has to lie there. Make it "
                "writable, free some 600 MB, or set XDG_CACHE_HOME to another folder.",
                folder=str(folder.parent),
                error=error.strerror,
            )
        ) from error
    return folder / IR_FILES[0]


def _is_intact(folder: Path) -> bool:
    """Whether every file of the IR has the digest that was noted when it was built."""
    try:
        noted = json.loads((folder / _DIGESTS_FILE).read_bytes())
        return bool(noted == _digests(folder))
    except (OSError, ValueError):
        return False


def _digests(folder: Path) -> dict[str, str]:
    digests = {}
    for name in IR_FILES:
        with (folder / name).open("rb") as file:
            digests[name] = hashlib.file_digest(file, "sha256").hexdigest()
    return digests


def _build(bundle: Bundle, folder: Path, report: Progress) -> None:
    for leftover in folder.parent.glob(f"{folder.name}.*.partial"):  # of a process that was killed
        shutil.rmtree(leftover, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)
    partial = Path(tempfile.mkdtemp(prefix=f"{folder.name}.", suffix=".partial", dir=folder.parent))
    try:
        _run_builder(bundle, partial, report)
        (partial / _DIGESTS_FILE).write_text(json.dumps(_digests(partial)), encoding="utf-8")
        os.rename(partial, folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _run_builder(bundle: Bundle, partial: Path, report: Progress) -> None:
    """Run `build_ir` in a process of its own and pass its progress on."""
    environment = module_environment() | {
        "KERAS_BACKEND": "tensorflow",
        "KERAS_HOME": str(partial / "keras"),  # Keras writes its settings there; the user's home stays as it is
        "TF_CPP_MIN_LOG_LEVEL": "2",
    }
    command = [sys.executable, "-m", "pneumo_core.model.build_ir", str(bundle.folder.resolve()), str(partial)]
    log = partial / _LOG_FILE
    with (
        log.open("wb") as errors,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, env=environment, text=True) as process,
    ):
        assert process.stdout is not None
        for line in process.stdout:
            share, _, step = line.strip().partition(" ")
            report(float(share), known(step))
    if process.returncode != 0:
        lines = log.read_text("utf-8", "replace").strip().splitlines() or [f"exit status {process.returncode}"]
        raise EngineError(
            Message(
                "The model {bundle} could not be prepared for OpenVINO: {error}. Check that the packages of "
                "requirements.txt are installed and that some 4 GB of memory are free, then try again.",
                bundle=bundle.name,
                error=lines[-1],
            )
        )
    log.unlink()
    shutil.rmtree(partial / "keras", ignore_errors=True)
