import multiprocessing
import os
import threading
from pathlib import Path

import pytest
from stand_ins import TEST_CARD

from pneumo_core.errors import EngineError
from pneumo_core.model import ir_cache
from pneumo_core.model.bundle import Bundle, write_bundle
from pneumo_core.model.engine import Progress
from pneumo_core.model.ir_cache import cache_root, prepare_ir


@pytest.fixture
def bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bundle:
    """A bundle that no architecture fits: enough for a cache whose builder is replaced."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return write_bundle(
        tmp_path / "test-object",
        backbone="none",
        head="linear",
        weights=[("head_logits/bias", [0.0])],  # type: ignore[list-item]
        temperature=1.0,
        data_manifest_sha256="0" * 64,
        metrics={},
        training={},
        card=TEST_CARD,
    )


@pytest.fixture
def builds(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Replaces the builder by one that writes two small files; the list grows with each build."""
    done: list[Path] = []

    def build(bundle: Bundle, partial: Path, report: Progress) -> None:
        report(0.5, "Converting")
        for name in ir_cache.IR_FILES:
            (partial / name).write_text(f"{name} of {bundle.name}")
        done.append(partial)

    monkeypatch.setattr(ir_cache, "_run_builder", build)
    return done


def test_it_is_built_once(bundle: Bundle, builds: list[Path]) -> None:
    steps: list[tuple[float, str]] = []
    path = prepare_ir(bundle, lambda share, step: steps.append((share, step)))
    assert path.read_text() == "features.xml of test-object"
    assert path.with_suffix(".bin").is_file()
    assert bundle.digest in path.parent.name
    assert [share for share, _ in steps] == [0.0, 0.5, 1.0]
    assert prepare_ir(bundle, lambda share, step: pytest.fail("reported without building")) == path
    assert len(builds) == 1


@pytest.mark.parametrize("name", [*ir_cache.IR_FILES, "digests.json"])
@pytest.mark.parametrize("damage", ["remove", "cut", "change"])
def test_a_damaged_cache_is_built_anew(bundle: Bundle, builds: list[Path], name: str, damage: str) -> None:
    path = prepare_ir(bundle)
    file = path.parent / name
    text = file.read_text()
    if damage == "remove":
        file.unlink()
    else:
        file.write_text(text[:-3] if damage == "cut" else text[:-3] + "???")
    assert prepare_ir(bundle).read_text() == "features.xml of test-object"
    assert file.read_text() == text
    assert len(builds) == 2


def test_another_bundle_or_openvino_has_its_own_folder(
    bundle: Bundle, builds: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = {prepare_ir(bundle)}
    monkeypatch.setattr(ir_cache.importlib.metadata, "version", lambda name: "9999.0")
    paths.add(prepare_ir(bundle))
    assert len(paths) == len(builds) == 2


def test_a_failed_build_leaves_nothing(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(bundle: Bundle, partial: Path, report: Progress) -> None:
        (partial / ir_cache.IR_FILES[0]).write_text("half")
        raise EngineError("Nothing was built.")

    monkeypatch.setattr(ir_cache, "_run_builder", fail)
    with pytest.raises(EngineError, match="Nothing was built"):
        prepare_ir(bundle)
    assert [path.suffix for path in cache_root().iterdir()] == [".lock"]


def test_what_a_killed_build_left_is_removed(bundle: Bundle, builds: list[Path]) -> None:
    folder = prepare_ir(bundle).parent
    (folder / "digests.json").unlink()
    leftover = folder.parent / f"{folder.name}.abc.partial"
    leftover.mkdir()
    prepare_ir(bundle)
    assert not leftover.exists()


def _prepare_slowly(folder: str, cache: str, counter: str) -> None:
    from pneumo_core.model.bundle import load_bundle

    def build(bundle: Bundle, partial: Path, report: Progress) -> None:
        with open(counter, "a") as file:
            file.write("x")
        threading.Event().wait(0.3)
        for name in ir_cache.IR_FILES:
            (partial / name).write_text(name)

    os.environ["XDG_CACHE_HOME"] = cache
    ir_cache._run_builder = build  # type: ignore[assignment]
    prepare_ir(load_bundle(folder))


def test_processes_that_start_together_build_once(bundle: Bundle, tmp_path: Path) -> None:
    arguments = (str(bundle.folder), str(tmp_path / "cache"), str(tmp_path / "counter"))
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_prepare_slowly, args=arguments) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert (tmp_path / "counter").read_text() == "x"


def test_a_process_that_never_ends_its_build_is_named(
    bundle: Bundle, builds: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = prepare_ir(bundle).parent
    (folder / "digests.json").unlink()
    monkeypatch.setattr(ir_cache, "_WAIT_SECONDS", 0.2)
    with (
        ir_cache.FileLock(folder.parent / f"{folder.name}.lock"),
        pytest.raises(EngineError, match="Another process has been preparing"),
    ):
        prepare_ir(bundle)


def test_a_cache_that_can_not_be_written_is_named(
    bundle: Bundle, builds: list[Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(EngineError, match=r"can not be written .*XDG_CACHE_HOME"):
        prepare_ir(bundle)


def test_the_builders_own_message_reaches_the_reader(bundle: Bundle) -> None:
    with pytest.raises(EngineError, match=r"'none'.*Check that the packages"):
        prepare_ir(bundle)
    assert [path.suffix for path in cache_root().iterdir()] == [".lock"]


@pytest.mark.parametrize("given", ["", "relative/folder"])
def test_without_an_absolute_xdg_folder_it_is_the_home_folders(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", given)
    monkeypatch.setenv("HOME", "/home/reader")
    assert cache_root() == Path("/home/reader/.cache/pneumo")
