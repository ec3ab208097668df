import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pneumo_core.errors import BundleError
from pneumo_core.model import active
from pneumo_core.model import bundle as bundle_module
from pneumo_core.model.active import default_bundle
from pneumo_core.model.bundle import Bundle, load_bundle, write_bundle
from pneumo_core.model.head import load_head

RNG = np.random.default_rng(0)
WEIGHTS = [
    ("stem_conv/kernel", RNG.normal(size=(3, 3, 3, 8)).astype(np.float32)),
    ("stem_bn/gamma", RNG.normal(size=8).astype(np.float32)),
    ("normalization_0/count", np.array(0, np.int32)),
    ("head_logits/kernel", RNG.normal(size=(8, 4)).astype(np.float32)),
    ("head_logits/bias", RNG.normal(size=4).astype(np.float32)),
]


def write(folder: Path, **changes: Any) -> Bundle:
    described: dict[str, Any] = {
        "backbone": "efficientnetb0",
        "head": "linear",
        "weights": WEIGHTS,
        "temperature": 1.5,
        "data_manifest_sha256": "ab" * 32,
        "metrics": {"accuracy": [0.9, 0.88, 0.92]},
        "training": {"command": "python -m train fit"},
        "card": "# Card\n",
    }
    return write_bundle(folder, **(described | changes))


def sign(folder: Path) -> None:
    """Write SHA256SUMS anew, as somebody who changes a bundle on purpose would."""
    names = sorted(path.name for path in folder.iterdir() if path.name != "SHA256SUMS")
    lines = [f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in names]
    (folder / "SHA256SUMS").write_text("".join(lines))


def change(folder: Path, edit: Callable[[dict[str, Any]], Any]) -> None:
    """Edit model.json and sign the bundle again."""
    model = json.loads((folder / "model.json").read_text())
    edit(model)
    (folder / "model.json").write_text(json.dumps(model))
    sign(folder)


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    written = write(tmp_path / "one")
    bundle = load_bundle(tmp_path / "one")
    assert (bundle.name, bundle.backbone, bundle.head, bundle.input_size) == ("one", "efficientnetb0", "linear", 256)
    assert (bundle.temperature, bundle.metrics["accuracy"], bundle.card) == (1.5, [0.9, 0.88, 0.92], "# Card\n")
    assert bundle.training == {"command": "python -m train fit"}
    assert bundle.label == written.label == f"one@{bundle.digest}"
    tensors = bundle.read()
    assert list(tensors) == [name for name, _ in WEIGHTS]
    for name, values in WEIGHTS:
        assert tensors[name].dtype == np.float32
        assert tensors[name].shape == values.shape
        expected = values.astype(np.float16) if name.endswith("kernel") else values
        np.testing.assert_array_equal(tensors[name], expected.astype(np.float32))


def test_the_digest_stands_for_every_byte_and_for_nothing_else(tmp_path: Path) -> None:
    one = write(tmp_path / "a" / "same")
    assert one.digest == hashlib.sha256((one.folder / "SHA256SUMS").read_bytes()).hexdigest()[:12]
    assert write(tmp_path / "b" / "same").digest == one.digest
    assert write(tmp_path / "c" / "same", temperature=1.25).digest != one.digest
    assert write(tmp_path / "d" / "same", card="# Another\n").digest != one.digest


def test_a_prefix_reads_those_tensors_only(tmp_path: Path) -> None:
    bundle = write(tmp_path / "one")
    assert list(bundle.read("head_")) == ["head_logits/kernel", "head_logits/bias"]


def test_shards_stay_under_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle_module, "SHARD_BYTES", 500)
    bundle = write(tmp_path / "one")
    assert [entry.file for entry in bundle.tensors] == ["weights-00.bin"] * 3 + ["weights-01.bin"] * 2
    assert all(path.stat().st_size <= 500 for path in bundle.folder.glob("weights-*.bin"))
    np.testing.assert_array_equal(bundle.read()["head_logits/bias"], WEIGHTS[-1][1])


def test_what_is_zero_throughout_takes_no_room(tmp_path: Path) -> None:
    idle = [("block1b_dwconv/kernel", np.zeros((3, 3, 8, 1), np.float32)), ("block1b_bn/count", np.float32(0))]
    whole, small = write(tmp_path / "whole"), write(tmp_path / "small", weights=[*WEIGHTS, *idle])
    shard = "weights-00.bin"
    assert (small.folder / shard).read_bytes() == (whole.folder / shard).read_bytes()
    tensors = small.read()
    assert list(tensors) == [name for name, _ in (*WEIGHTS, *idle)]
    for name, values in idle:
        np.testing.assert_array_equal(tensors[name], values, strict=True)


@pytest.mark.parametrize("name", ["weights-00.bin", "model.json", "CARD.md"])
def test_one_changed_byte_is_found(tmp_path: Path, name: str) -> None:
    folder = write(tmp_path / "one").folder
    data = bytearray((folder / name).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / name).write_bytes(data)
    with pytest.raises(BundleError, match=rf"{name} .*damaged or changed"):
        load_bundle(folder)


@pytest.mark.parametrize("name", ["weights-00.bin", "model.json", "CARD.md", "SHA256SUMS"])
def test_a_missing_file_is_found(tmp_path: Path, name: str) -> None:
    folder = write(tmp_path / "one").folder
    (folder / name).unlink()
    with pytest.raises(BundleError, match=rf"{name}.* is missing"):
        load_bundle(folder)


def test_a_folder_that_does_not_exist_is_no_bundle(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="There is no model bundle at"):
        load_bundle(tmp_path / "none")


@pytest.mark.parametrize("name", ["../secret", "/etc/hostname", "a/b", "..", "", ".hidden", "C:\\x", "a\x00b"])
def test_file_names_can_not_leave_the_folder(tmp_path: Path, name: str) -> None:
    folder = write(tmp_path / "one").folder
    (tmp_path / "secret").write_text("x")
    with (folder / "SHA256SUMS").open("a") as file:
        file.write(f"{hashlib.sha256(b'x').hexdigest()}  {name}\n")
    with pytest.raises(BundleError, match="plain file name"):
        load_bundle(folder)


def first_tensor(model: dict[str, Any]) -> dict[str, Any]:
    tensor: dict[str, Any] = model["weights"][0]["tensors"][0]
    return tensor


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda m: m.update(schema=2), "schema 2"),
        (lambda m: m.pop("schema"), "schema None"),
        (lambda m: m["classes"].reverse(), "has classes"),
        (lambda m: m.update(preprocess="letterbox"), "has preprocess 'letterbox'"),
        (lambda m: m.update(temperature=0), "temperature 0"),
        (lambda m: m.update(temperature=-1.0), "temperature -1"),
        (lambda m: m.update(temperature="1"), "expected a float"),
        (lambda m: m.update(temperature=float("nan")), "temperature nan"),
        (lambda m: m.update(temperature=True), "expected a float"),
        (lambda m: m.update(input_size=4), "input size 4"),
        (lambda m: m.update(input_size=256.0), "expected a int"),
        (lambda m: m.pop("backbone"), "backbone 'None'"),
        (lambda m: m.update(metrics=[]), "expected a dict"),
        (lambda m: m.pop("weights"), "does not list its weights"),
        (lambda m: m.update(weights=[]), "lists no tensors"),
        (lambda m: m.update(weights="none"), "does not list its weights"),
        (lambda m: m["weights"][0].update(file="../x"), "does not list"),
        (lambda m: m["weights"][0].update(file=["x"]), "does not list its weights"),
        (lambda m: first_tensor(m).update(dtype="float64"), "float64"),
        (lambda m: first_tensor(m).update(dtype=["float16"]), "does not list its weights"),
        (lambda m: first_tensor(m).update(shape=[3, 3, 3, -8]), "sides above 0"),
        (lambda m: first_tensor(m).update(shape=[3, 3, 3, 2**40]), "sides above 0"),
        (lambda m: first_tensor(m).update(shape=7), "does not list its weights"),
        (lambda m: first_tensor(m).update(offset=4), "byte 4"),
        (lambda m: first_tensor(m).update(shape=[3, 3, 3, 7]), "byte 432"),
        (lambda m: m["weights"][0]["tensors"].pop(), "its tensors need"),
        (lambda m: m["weights"][0]["tensors"][-1].update(shape=[2**30, 2**30]), "its tensors need"),
        (lambda m: first_tensor(m).update(name="stem_bn/gamma"), "one name twice"),
    ],
)
def test_a_description_that_does_not_hold_is_refused(
    tmp_path: Path, edit: Callable[[dict[str, Any]], Any], message: str
) -> None:
    folder = write(tmp_path / "one").folder
    change(folder, edit)
    with pytest.raises(BundleError, match=message):
        load_bundle(folder)


@pytest.mark.parametrize("text", ["", "[", "[]", '"x"', "null", "[" * 100_000, "\xff"])
def test_anything_but_a_json_object_is_refused(tmp_path: Path, text: str) -> None:
    folder = write(tmp_path / "one").folder
    (folder / "model.json").write_bytes(text.encode("latin-1"))
    sign(folder)
    with pytest.raises(BundleError):
        load_bundle(folder)


def test_values_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    bundle = write(tmp_path / "one")
    data = bytearray((bundle.folder / "weights-00.bin").read_bytes())
    data[-4:] = np.array([np.nan], "<f4").tobytes()
    (bundle.folder / "weights-00.bin").write_bytes(data)
    sign(bundle.folder)
    with pytest.raises(BundleError, match=r"head_logits/bias .* not finite"):
        load_bundle(bundle.folder).read()


@pytest.mark.parametrize("value", [np.inf, np.nan, 1e6])
def test_a_kernel_that_float16_can_not_hold_is_not_written(tmp_path: Path, value: float) -> None:
    with pytest.raises(BundleError, match="float16 can not hold"):
        write(tmp_path / "one", weights=[("conv/kernel", np.array([value], np.float32))])
    assert list(tmp_path.iterdir()) == []


def test_a_bundle_is_there_as_a_whole_or_not_at_all(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        write(tmp_path / "one", metrics={"accuracy": float("nan")})
    assert list(tmp_path.iterdir()) == []


def test_a_bundle_is_never_written_over(tmp_path: Path) -> None:
    folder = write(tmp_path / "one").folder
    before = (folder / "SHA256SUMS").read_bytes()
    with pytest.raises(BundleError, match="exists already"):
        write(folder, temperature=2.0)
    assert (folder / "SHA256SUMS").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["one"]


def test_the_environment_chooses_the_bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PNEUMO_MODEL", str(tmp_path))
    assert default_bundle() == tmp_path


def test_the_last_bundle_by_name_is_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PNEUMO_MODEL", raising=False)
    monkeypatch.setattr(active, "__file__", str(tmp_path / "pneumo_core" / "model" / "active.py"))
    with pytest.raises(BundleError, match="There is no model bundle in"):
        default_bundle()
    for name in ("b", "a"):
        write(tmp_path / "assets" / "models" / name)
    (tmp_path / "assets" / "models" / "unfinished").mkdir()
    assert default_bundle() == tmp_path / "assets" / "models" / "b"
    shutil.rmtree(tmp_path / "assets" / "models" / "b")
    assert default_bundle().name == "a"


@pytest.mark.parametrize(
    ("head", "weights", "message"),
    [
        ("deep", WEIGHTS, "has the head 'deep'"),
        ("linear", WEIGHTS[:-1], "lacks the head's tensor head_logits/bias"),
        ("published", WEIGHTS, "lacks the head's tensor head_dense1/kernel"),
        ("linear", [*WEIGHTS, ("head_bn0/gamma", np.ones(8))], "tensors too many"),
        ("linear", [*WEIGHTS[:-2], ("head_logits/kernel", np.ones((8, 5))), ("head_logits/bias", np.ones(5))], "shape"),
        ("linear", [*WEIGHTS[:-1], ("head_logits/bias", np.ones((4, 1)))], "shape"),
    ],
)
def test_a_head_that_does_not_fit_is_refused(tmp_path: Path, head: str, weights: Any, message: str) -> None:
    with pytest.raises(BundleError, match=message):
        load_head(write(tmp_path / "one", head=head, weights=weights))
