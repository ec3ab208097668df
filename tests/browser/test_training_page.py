"""The whole way of a run in a real browser: check, start, close, reopen, stop, resume, compare, promote, roll back."""

import json
import os
import re
from pathlib import Path

import pytest
from tiny_training import write_films
from training_driver import TrainingPage

from pneumo_core.model.active import activate, active_bundles
from pneumo_core.model.bundle import Bundle
from pneumo_core.model.classifier import Classifier

pytestmark = pytest.mark.browser


def _window(browser, address: str) -> TrainingPage:
    return TrainingPage(browser.new_page(viewport={"width": 1440, "height": 1000}, color_scheme="dark"), address)


def test_the_whole_way_of_a_run(
    browser,
    start,
    small_bundle: Bundle,
    small_classifier: Classifier,
    private_cache: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    films, runs = tmp_path / "films", tmp_path / "runs"
    films.mkdir()
    data = write_films(films)
    monkeypatch.delenv("PNEUMO_MODEL", raising=False)
    monkeypatch.setenv("PNEUMO_RUNS", str(runs))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    activate(small_bundle.folder)  # the TEST OBJECT is the model in use
    environment = {"PNEUMO_TRAINING": "1", "XDG_CACHE_HOME": str(private_cache)}
    server, address = start(environment, tmp_path / "log.txt")
    try:
        training = _window(browser, address)
        training.check_data(data)
        training.see("96 films of 48 patients")
        training.start("long", epochs=6, films=320)  # long enough to be stopped on a fast machine, too
        training.start("short", epochs=1, films=64)
        training.tab("Runs")
        training.state("long", "Training")
        training.state("short", "Waiting")

        # The run outlives the browser's window and the web server.
        training.page.close()
        server.terminate()
        server.wait(20)
        job = json.loads((runs / "long" / "job.json").read_text())
        os.kill(job["processes"][0][0], 0)
        server, address = start(environment, tmp_path / "log2.txt")
        training = _window(browser, address)
        training.open_run("long")
        training.see(re.compile(r"Epoch [2-5] of at most 6"))
        training.click("Stop")
        training.state("long", "Stopped")
        training.click("Resume")
        training.state("short", "Finished")
        training.state("long", "Finished")
        epochs = [json.loads(line) for line in (runs / "long" / "events.jsonl").read_text().splitlines()]
        assert [event["epoch"] for event in epochs if event["kind"] == "epoch"] == list(range(6))

        training.tab("Compare")
        for name in ("long", "short"):
            training.choose("Runs to compare, the first is the reference", name)
        training.see("short against long, on 24 films of val")

        training.open_run("long")
        training.fill("Sensitivity that a class may lose, points", "100")
        training.click("Promote")
        training.see("Passed. long answers in this app now.")
        assert [folder.name for folder in active_bundles()] == [small_bundle.name, "long"]
        review = browser.new_page()
        review.set_default_timeout(60_000)
        review.goto(address)
        review.get_by_text("Model ready: long").wait_for()

        training.tab("Model in use")
        training.click("Roll back")
        training.see(f"The app answers with {small_bundle.name}.")
        review.reload()
        review.get_by_text(small_bundle.name).first.wait_for()
        assert training.faults == []
        assert training.foreign == []
        for log in ("log.txt", "log2.txt"):
            assert "Traceback (most recent call last)" not in (tmp_path / log).read_text()
    finally:
        server.terminate()
        server.wait(20)
