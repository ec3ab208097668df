"""The model bundle: a trained network as a folder of plain files, `assets/models/<name>/`.

    model.json       schema, architecture, classes, temperature, metrics, training, and where each tensor lies
    weights-NN.bin   little-endian tensors one after another; kernels in float16, everything else in float32, and what
                     is zero throughout (the kernels of idle blocks) takes no room
    CARD.md          the model card
    selftest.json    what the network says of the phantoms (`pneumo_core.selftest`)
    similar.json     an index of the training films, and similar.bin; optional (`pneumo_core.similar`)
    SHA256SUMS       the digest of each of the files above

Nothing is ever unpickled. A bundle whose files do not have their digests is refused: there is no prediction from
weights that are not exactly the ones that were evaluated. This module needs NumPy only.
"""

import hashlib
import json
import math
import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pneumo_core.errors import BundleError
from pneumo_core.language import Message
from pneumo_core.model.sets import SetThresholds
from pneumo_core.model.sums import AGAIN, PLAIN_NAME
from pneumo_core.model.sums import SUMS_FILE as SUMS_FILE
from pneumo_core.model.sums import check_digests as check_digests  # for the other networks' folders, too
from pneumo_core.model.sums import write_sums as write_sums
from pneumo_core.preprocess import INPUT_SIZE
from pneumo_core.types import CLASSES, Float32

SCHEMA = 1
PREPROCESS = "squash-centre-percentile-1"  # the identity of `preprocess`: a network sees what it was trained on
MODEL_FILE, CARD_FILE = "model.json", "CARD.md"
SELFTEST_FILE = "selftest.json"
SHARD_BYTES = 47_000_000  # hosts of repositories warn from 50 MB a file on
_JSON_BYTES = 8_000_000
_DTYPES: dict[str, np.dtype[Any]] = {"float16": np.dtype("<f2"), "float32": np.dtype("<f4")}
_ZEROS = "zeros"  # stands for a dtype where a tensor is zero throughout and is not stored
_DIGEST_CHARACTERS = 12


@dataclass(frozen=True)
class TensorEntry:
    """Where one tensor lies.

    Attributes:
        name: "layer/variable", as `weight_names` gives it.
        shape: the tensor's shape; () for a scalar.
        dtype: "float16" or "float32", as stored; "zeros" for a tensor that is zero throughout and not stored.
        file: the shard.
        offset: the first byte in the shard.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    file: str
    offset: int

    @property
    def nbytes(self) -> int:
        """Bytes that the tensor takes in its shard."""
        return 0 if self.dtype == _ZEROS else math.prod(self.shape) * _DTYPES[self.dtype].itemsize


@dataclass(frozen=True, eq=False)
class Bundle:
    """A bundle whose digests and description were checked; the tensors are read from disk when asked for.

    Attributes:
        folder: where it lies.
        digest: the first 12 hexadecimal digits of the SHA-256 of SHA256SUMS: stands for every byte of the bundle.
        name: the bundle's name.
        backbone: a name of `architecture.BACKBONES`.
        head: "published" or "linear".
        input_size: rows and columns of the network's input.
        temperature: the positive divisor of the logits.
        conformal: the thresholds of the prediction sets; None where model.json says null or nothing: the sets of this
            model were never calibrated.
        metrics: what was measured, as promotion wrote it.
        training: how it was trained, as promotion wrote it.
        data_manifest_sha256: SHA-256 of the manifest of the training data.
        tensors: every tensor, in the order of the model's weights.
        files: the names that SHA256SUMS lists; nothing else in the folder was checked.
    """

    folder: Path
    digest: str
    name: str
    backbone: str
    head: str
    input_size: int
    temperature: float
    conformal: SetThresholds | None
    metrics: dict[str, Any]
    training: dict[str, Any]
    data_manifest_sha256: str
    tensors: tuple[TensorEntry, ...]
    files: frozenset[str]

    @property
    def label(self) -> str:
        """Name and short digest: what answers are signed with."""
        return f"{self.name}@{self.digest}"

    @property
    def card(self) -> str:
        """The model card, Markdown."""
        return (self.folder / CARD_FILE).read_text(encoding="utf-8")

    def read(self, prefix: str = "") -> dict[str, Float32]:
        """Read the tensors whose names start with `prefix`, in the order of the model's weights, as float32.

        Raises:
            BundleError: if a tensor can not be read in full, or holds a value that is not finite.
        """
        tensors = {}
        for entry in self.tensors:
            if entry.name.startswith(prefix):
                tensors[entry.name] = self._read_one(entry)
        return tensors

    def _read_one(self, entry: TensorEntry) -> Float32:
        if entry.dtype == _ZEROS:
            return np.zeros(entry.shape, np.float32)
        count = math.prod(entry.shape)
        try:
            flat = np.fromfile(self.folder / entry.file, _DTYPES[entry.dtype], count, offset=entry.offset)
        except OSError as error:
            raise BundleError(f"{entry.file} of the model {self.name} can not be read: {error.strerror}.") from error
        if flat.size != count or not np.isfinite(flat).all():
            raise BundleError(
                f"The tensor {entry.name} of the model {self.name} is cut short or holds values that are not finite "
                f"numbers; {count} finite numbers were expected. {AGAIN}"
            )
        values: Float32 = flat.astype(np.float32).reshape(entry.shape)
        return values


def load_bundle(folder: Path | str) -> Bundle:
    """Check a bundle and describe it.

    Args:
        folder: the bundle's folder.

    Returns:
        The bundle; its tensors are not read yet.

    Raises:
        BundleError: if a file is missing, has another digest, or does not say what this version expects.
    """
    folder = Path(folder)
    if not (folder / SUMS_FILE).is_file():
        raise BundleError(
            Message(
                "There is no model bundle at {folder}: {file} is missing. Give the folder of a bundle "
                "(model.json, weights, CARD.md, {file}), or make one with `python -m train promote`.",
                folder=str(folder),
                file=SUMS_FILE,
            )
        )
    sums = (folder / SUMS_FILE).read_bytes()
    listed = check_digests(folder, sums)
    for required in (MODEL_FILE, CARD_FILE):
        if required not in listed:
            raise BundleError(f"{SUMS_FILE} of {folder.name} does not list {required}. {AGAIN}")
    return _describe(folder, hashlib.sha256(sums).hexdigest()[:_DIGEST_CHARACTERS], listed)


def _describe(folder: Path, digest: str, listed: set[str]) -> Bundle:
    path = folder / MODEL_FILE
    if path.stat().st_size > _JSON_BYTES:
        raise BundleError(f"{path} has {path.stat().st_size} bytes, at most {_JSON_BYTES} were expected. {AGAIN}")
    try:
        model = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{MODEL_FILE} of {folder.name} is not JSON ({error}). {AGAIN}") from error
    if not isinstance(model, dict) or model.get("schema") != SCHEMA:
        came = model.get("schema") if isinstance(model, dict) else type(model).__name__
        raise BundleError(
            f"{MODEL_FILE} of {folder.name} has schema {came!r}, this version reads schema {SCHEMA}. "
            "Use a bundle made for this version."
        )
    classes = [film_class.value for film_class in CLASSES]
    for key, expected in (("classes", classes), ("preprocess", PREPROCESS)):
        if model.get(key) != expected:
            raise BundleError(
                f"{MODEL_FILE} of {folder.name} has {key} {model.get(key)!r}, expected {expected!r}. "
                "Use a bundle made for this version."
            )
    temperature = _field(folder, model, "temperature", float)
    input_size = _field(folder, model, "input_size", int)
    if not 0.01 <= temperature <= 100 or not 32 <= input_size <= 2048:
        raise BundleError(
            f"{MODEL_FILE} of {folder.name} has the temperature {temperature} and the input size {input_size}; "
            f"0.01 to 100 and 32 to 2048 were expected. {AGAIN}"
        )
    return Bundle(
        folder=folder,
        digest=digest,
        name=_field(folder, model, "name", str),
        backbone=_field(folder, model, "backbone", str),
        head=_field(folder, model, "head", str),
        input_size=input_size,
        temperature=temperature,
        conformal=_conformal(folder, model.get("conformal")),
        metrics=_field(folder, model, "metrics", dict),
        training=_field(folder, model, "training", dict),
        data_manifest_sha256=_field(folder, model, "data_manifest_sha256", str),
        tensors=_tensors(folder, model, listed),
        files=frozenset(listed),
    )


def _conformal(folder: Path, value: Any) -> SetThresholds | None:
    if value is None:
        return None
    try:
        return SetThresholds.from_json(value)
    except ValueError as error:
        raise BundleError(
            f"{MODEL_FILE} of {folder.name} does not tell its prediction sets: {error} {AGAIN}"
        ) from error


def _field(folder: Path, model: dict[str, Any], key: str, kind: type) -> Any:
    value = model.get(key)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if not isinstance(value, kind) or isinstance(value, bool):
        raise BundleError(
            f"{MODEL_FILE} of {folder.name} has {key} {str(value)[:80]!r}, expected a {kind.__name__}. {AGAIN}"
        )
    return value


def _tensors(folder: Path, model: dict[str, Any], listed: set[str]) -> tuple[TensorEntry, ...]:
    """Check that the tensors fill their shards from the first byte to the last, and that no name comes twice."""
    entries: list[TensorEntry] = []
    try:
        for shard in model["weights"]:
            file, end = shard["file"], 0
            if file not in listed:
                raise BundleError(f"{MODEL_FILE} of {folder.name} names {file!r}, which {SUMS_FILE} does not list.")
            for item in shard["tensors"]:
                shape = tuple(item["shape"])
                entry = TensorEntry(str(item["name"]), shape, item["dtype"], file, item["offset"])
                sane = all(type(side) is int and 0 < side < 2**31 for side in shape) and len(shape) <= 8
                known = entry.dtype in _DTYPES or entry.dtype == _ZEROS
                if not known or not sane or type(entry.offset) is not int or entry.offset != end:
                    raise BundleError(
                        f"{MODEL_FILE} of {folder.name} describes the tensor {entry.name} as {entry.dtype} "
                        f"{list(shape)} at byte {entry.offset} of {file}; float16, float32, or zeros, sides above "
                        f"0, and byte {end} were expected. {AGAIN}"
                    )
                entries.append(entry)
                end += entry.nbytes
            size = (folder / file).stat().st_size
            if size != end:
                raise BundleError(f"{file} of {folder.name} has {size} bytes, its tensors need {end}. {AGAIN}")
    except (KeyError, TypeError, AttributeError) as error:
        raise BundleError(f"{MODEL_FILE} of {folder.name} does not list its weights as expected. {AGAIN}") from error
    names = [entry.name for entry in entries]
    if not names or len(set(names)) != len(names):
        raise BundleError(f"{MODEL_FILE} of {folder.name} lists no tensors, or one name twice. {AGAIN}")
    return tuple(entries)


def write_bundle(
    folder: Path | str,
    *,
    backbone: str,
    head: str,
    weights: Iterable[tuple[str, NDArray[Any]]],
    temperature: float,
    data_manifest_sha256: str,
    metrics: dict[str, Any],
    training: dict[str, Any],
    card: str,
    input_size: int = INPUT_SIZE,
    conformal: SetThresholds | None = None,
    selftest: str | None = None,
    similar: Mapping[str, bytes] | None = None,
) -> Bundle:
    """Write a bundle so that it is there as a whole or not at all.

    The kernels are rounded to float16, which changes the network a little: measure what the bundle holds, not what
    training left.

    Args:
        folder: the bundle's folder, which must not exist; its last part is the bundle's name.
        backbone: a name of `architecture.BACKBONES`.
        head: "published" or "linear".
        weights: (name, values) in the order of `architecture.weight_names`.
        temperature: the positive divisor of the logits.
        data_manifest_sha256: SHA-256 of the manifest of the training data, lower-case hex.
        metrics: what was measured; plain JSON values.
        training: how it was trained; plain JSON values.
        card: the model card, Markdown.
        input_size: rows and columns of the network's input.
        conformal: the thresholds of the prediction sets; None says that they were never calibrated.
        selftest: what `pneumo_core.selftest.record_expected` wrote; without it the program never passes its self-test.
        similar: the files of the index of similar films, by name (`pneumo_core.similar`); None where there is none.

    Returns:
        The bundle, read back and checked.

    Raises:
        BundleError: if the folder exists, or a weight does not fit its type.
    """
    folder = Path(folder)
    if folder.exists() or not PLAIN_NAME.fullmatch(folder.name):
        wanted = "a new folder, with a name of letters, digits, '.', '_' and '-'"
        raise BundleError(f"{folder} exists already or has another kind of name. Give {wanted}.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        model = {
            "schema": SCHEMA,
            "name": folder.name,
            "backbone": backbone,
            "head": head,
            "input_size": input_size,
            "preprocess": PREPROCESS,
            "classes": [film_class.value for film_class in CLASSES],
            "temperature": temperature,
            "conformal": conformal.to_json() if conformal else None,
            "data_manifest_sha256": data_manifest_sha256,
            "metrics": metrics,
            "training": training,
            "weights": _write_shards(partial, weights),
        }
        text = json.dumps(model, indent=1, allow_nan=False, ensure_ascii=False)
        (partial / MODEL_FILE).write_text(text + "\n", encoding="utf-8")
        (partial / CARD_FILE).write_text(card, encoding="utf-8")
        if selftest is not None:
            (partial / SELFTEST_FILE).write_text(selftest, encoding="utf-8")
        for name, content in (similar or {}).items():
            (partial / name).write_bytes(content)
        write_sums(partial, sorted(path.name for path in partial.iterdir()))
        partial.chmod(0o755)  # a temporary folder is for its owner alone
        load_bundle(partial)
        os.rename(partial, folder)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return load_bundle(folder)


def _write_shards(folder: Path, weights: Iterable[tuple[str, NDArray[Any]]]) -> list[dict[str, Any]]:
    shards: list[dict[str, Any]] = []
    end = 0
    for name, values in weights:
        dtype = "float16" if name.endswith("kernel") else "float32"
        with np.errstate(over="ignore"):  # what does not fit becomes infinite, and is refused below
            data = np.asarray(values).astype(_DTYPES[dtype])
        if not np.isfinite(data).all():
            raise BundleError(f"The weight {name} holds values that {dtype} can not hold. Train the model anew.")
        content = data.tobytes() if data.any() else b""
        if not shards or end + len(content) > SHARD_BYTES:
            shards.append({"file": f"weights-{len(shards):02d}.bin", "tensors": []})
            end = 0
        stored = dtype if content else _ZEROS
        shards[-1]["tensors"].append({"name": name, "shape": list(data.shape), "dtype": stored, "offset": end})
        with (folder / shards[-1]["file"]).open("ab") as file:
            file.write(content)
        end += len(content)
    return shards
