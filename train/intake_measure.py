"""How well the gate does: unseen kinds by leaving them out, damage, and how many sound films it turns away."""

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from sklearn.metrics import roc_auc_score
from tqdm import tqdm

from pneumo_core.errors import ReadError
from pneumo_core.intake.assess import assess
from pneumo_core.intake.gate import Gate
from pneumo_core.intake.look import look_at
from pneumo_core.reading import read_film
from pneumo_core.types import AgeGroup, Assessment, Float32, Verdict
from train.intake_pictures import Square, crop_half

Pixels = Float32  # [H, W] in 0..1


def auroc(foreign: Float32, frontal: Float32) -> float:
    """The chance that an image that is no frontal film scores higher than a frontal film, ties counting half."""
    labels = np.r_[np.ones(len(foreign)), np.zeros(len(frontal))]
    return float(roc_auc_score(labels, np.r_[foreign, frontal]))


def halve(pixels: Pixels, side: int) -> Pixels:
    """Keep one half of a film: 0 left, 1 right, 2 upper, 3 lower."""
    rows, columns = pixels.shape[0] // 2, pixels.shape[1] // 2
    parts = (np.s_[:, :columns], np.s_[:, columns:], np.s_[:rows], np.s_[rows:])
    return np.ascontiguousarray(pixels[parts[side]])


def _halve_as_square(pixels: Pixels, random: np.random.Generator) -> Pixels:
    """Lose about half of a film and keep its shape, so that the gate can not tell by the shape."""
    square: Square = np.round(pixels * 255).astype(np.uint8)
    square = np.asarray(cv2.resize(square, (256, 256), interpolation=cv2.INTER_AREA))
    return crop_half(square, random).astype(np.float32) / np.float32(255.0)


DAMAGE: dict[str, Callable[[Pixels, np.random.Generator], Pixels]] = {
    "upside down": lambda film, random: np.ascontiguousarray(np.rot90(film, 2)),
    "turned left": lambda film, random: np.ascontiguousarray(np.rot90(film)),
    "turned right": lambda film, random: np.ascontiguousarray(np.rot90(film, -1)),
    "inverted": lambda film, random: 1 - film,
    "half cropped": lambda film, random: halve(film, int(random.integers(4))),
    "half cropped, squashed to a square": _halve_as_square,
    "all black": lambda film, random: np.zeros_like(film),
    "white noise": lambda film, random: random.uniform(0, 1, film.shape).astype(np.float32),
}


def assess_files(gate: Gate, paths: Sequence[Path], title: str) -> list[Assessment | None]:
    """Judge files from their bytes, as the program does; None where a file is refused before it is a film."""
    found: list[Assessment | None] = []
    for path in tqdm(paths, desc=title, unit="film", mininterval=5):
        try:
            film = read_film(path.read_bytes(), path.name)
        except ReadError:
            found.append(None)
            continue
        found.append(assess(gate, film, look_at(film.trimmed().pixels)))
    return found


def measure_damage(gate: Gate, paths: Sequence[Path], seed: int) -> dict[str, dict[str, float]]:
    """Shares of damaged films that are refused, and that are refused or read with caution."""
    random = np.random.default_rng(seed)
    found = {}
    films = [read_film(path.read_bytes(), path.name) for path in paths]
    for name, damage in DAMAGE.items():
        verdicts = Counter(
            assess(gate, film, look_at(damage(film.trimmed().pixels, random))).verdict
            for film in tqdm(films, desc=name, unit="film", mininterval=5)
        )
        found[name] = _shares(verdicts, len(films))
    return found


def summarise(assessments: Sequence[Assessment | None]) -> dict[str, Any]:
    """How many were refused or read with caution, for which findings, and which age groups were told."""
    verdicts = Counter(Verdict.REFUSE if found is None else found.verdict for found in assessments)
    codes = Counter(f"{finding.code} ({finding.grade})" for found in assessments if found for finding in found.findings)
    ages = Counter(found.age_group for found in assessments if found)
    return {
        "films": len(assessments),
        **_shares(verdicts, len(assessments)),
        "findings": dict(codes.most_common()),
        "age_groups": {group.value: ages[group] for group in AgeGroup},
    }


def _shares(verdicts: Counter[Verdict], count: int) -> dict[str, float]:
    refused, cautioned = verdicts[Verdict.REFUSE] / count, verdicts[Verdict.CAUTION] / count
    return {"refused": round(refused, 4), "refused_or_cautioned": round(refused + cautioned, 4)}
