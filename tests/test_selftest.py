import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from pneumo_core import cli
from pneumo_core.model.bundle import SELFTEST_FILE, SUMS_FILE, Bundle, load_bundle, write_sums
from pneumo_core.model.classifier import Classifier
from pneumo_core.model.head import Head, load_head
from pneumo_core.selftest import SelfTestResult, describe_machine, record_expected, selftest
from pneumo_core.types import Float32


@pytest.fixture(scope="module")
def expected(small_classifier: Classifier) -> str:
    return record_expected(small_classifier)


def with_file(classifier: Classifier, folder: Path, text: str | None, head: Head | None = None) -> Classifier:
    """The TEST OBJECT with a self-test file of its own, on the engine that is there."""
    shutil.copytree(classifier.bundle.folder, folder)
    (folder / SELFTEST_FILE).unlink(missing_ok=True)
    if text is not None:
        (folder / SELFTEST_FILE).write_text(text)
    write_sums(folder, sorted(path.name for path in folder.iterdir() if path.name != SUMS_FILE))
    bundle = load_bundle(folder)
    return Classifier(bundle, classifier.engine, head or load_head(bundle), classifier.gate)


def test_the_machine_that_wrote_it_passes(small_classifier: Classifier, expected: str, tmp_path: Path) -> None:
    result = selftest(with_file(small_classifier, tmp_path / "test-object", expected))
    assert (result.passed, result.problems) == (True, ())
    # The file rounds; nothing else may differ.
    assert max(result.input_difference or 0, result.logit_difference or 0, result.map_difference or 0) < 1e-4
    assert result.seconds_per_film is not None
    assert 0 < result.seconds_per_film < result.seconds


def test_a_bundle_without_expected_values_fails(small_classifier: Classifier, tmp_path: Path) -> None:
    result = selftest(with_file(small_classifier, tmp_path / "test-object", None))
    assert not result.passed
    assert "has no selftest.json" in result.problems[0]
    assert result.logit_difference is None


class SlantedEngine:
    """An engine whose feature maps are off by a little in one cell: what a wrong kernel would do."""

    name = "openvino"

    def __init__(self, classifier: Classifier, share: float) -> None:
        self._engine, self._share = classifier.engine, share

    def feature_map(self, batch: Float32) -> Float32:
        maps = self._engine.feature_map(batch)
        maps[:, 3, 4] *= 1 + self._share
        return maps


def test_an_engine_that_computes_otherwise_fails(small_classifier: Classifier, expected: str, tmp_path: Path) -> None:
    sound = with_file(small_classifier, tmp_path / "test-object", expected)
    slanted = Classifier(sound.bundle, SlantedEngine(sound, 0.2), load_head(sound.bundle), sound.gate)
    result = selftest(slanted)
    assert not result.passed
    assert result.input_difference == pytest.approx(0, abs=1e-3)
    assert any("maps of the phantom films differ" in problem for problem in result.problems)


def test_a_wrong_head_fails_in_the_logits(small_classifier: Classifier, expected: str, tmp_path: Path) -> None:
    head = load_head(small_classifier.bundle)
    last = dataclasses.replace(head.stages[-1], bias=head.stages[-1].bias + np.float32(0.05))
    wrong = with_file(small_classifier, tmp_path / "test-object", expected, Head((*head.stages[:-1], last)))
    result = selftest(wrong)
    assert result.logit_difference == pytest.approx(0.05, rel=1e-3)
    assert any("logits of the phantom films differ by 0.05" in problem for problem in result.problems)


@pytest.mark.parametrize("damage", ["greys", "shape", "text", "schema", "film", "nan"])
def test_whatever_is_wrong_is_a_problem_and_no_error(
    damage: str, small_classifier: Classifier, expected: str, tmp_path: Path
) -> None:
    stored = json.loads(expected)
    name = next(iter(stored["films"]))
    if damage == "greys":
        stored["films"][name]["input"][5][6] += 3
    elif damage == "shape":
        stored["films"][name]["logits"].pop()
    elif damage == "schema":
        stored["schema"] = 99
    elif damage == "film":
        stored["films"]["no-such-film.dcm"] = stored["films"].pop(name)
    elif damage == "nan":
        stored["films"][name]["logits"][2] = float("nan")
    text = "{" if damage == "text" else json.dumps(stored)
    result = selftest(with_file(small_classifier, tmp_path / "test-object", text))
    assert not result.passed
    assert len(result.problems) == 1


def test_the_command_prints_what_a_report_needs(
    small_bundle: Bundle,
    private_cache: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PNEUMO_MODEL", str(small_bundle.folder))
    monkeypatch.setenv("XDG_CACHE_HOME", str(private_cache))
    monkeypatch.setattr(cli, "selftest", lambda classifier: SelfTestResult(()))
    assert cli.main(["selftest"]) == 0
    printed = capsys.readouterr().out
    assert "Self-test passed." in printed
    assert f"model: {small_bundle.label}" in printed
    for fact in ("engine: openvino", "numpy: ", "openvino: ", "cpu features: "):
        assert fact in printed
    monkeypatch.setattr(cli, "selftest", lambda classifier: SelfTestResult(("The logits differ.",)))
    assert cli.main(["selftest"]) == 1
    assert "SELF-TEST FAILED." in capsys.readouterr().out


def test_the_machine_is_described_without_names(monkeypatch: pytest.MonkeyPatch) -> None:
    import platform

    monkeypatch.setattr(platform, "node", lambda: "reading-room-7")
    facts = describe_machine()
    assert all("reading-room-7" not in value for value in facts.values())
    assert facts["python"] == platform.python_version()


def test_the_shipped_model_passes(shipped_classifier: Classifier) -> None:
    result = selftest(shipped_classifier)
    assert result.problems == ()
