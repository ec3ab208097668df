"""Draws two phantom chest films, so that the page can be tried without anybody's film.

    python -m pneumo_core.phantom assets/phantoms

A phantom is a sum of thicknesses along the beam (soft tissue, lung as missing tissue, bone as hollow tubes), turned
into grey values by a film-like curve. It is meant to look like a frontal chest film at a glance and to be taken for
none: it says PHANTOM in large letters, and what a model answers to it means nothing.

Coordinates: x from -1 (the patient's right, left on the film) to 1, y from -1.2 (top) to 1.2, one unit = 18 cm.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian, RLELossless, generate_uid

Plane = NDArray[np.floating[Any]]  # [ROWS, COLUMNS]
Curve = Callable[[Plane], Plane]  # y over x

ROWS, COLUMNS = 1536, 1280
_HALF_HEIGHT = ROWS / COLUMNS  # of the field, in units
_CM_PER_UNIT = 18.0
_SPACING_MM = 20 * _CM_PER_UNIT / COLUMNS
_UID_ROOT = "2.25."  # UUID-derived, so no registered root is needed


@dataclass(frozen=True)
class Phantom:
    """What distinguishes one phantom from the other.

    Attributes:
        name: stem of the file name.
        title: second part of the patient's name, also in the series description.
        seed: of vessels and grain.
        opacity: whether a patchy opacity lies in the right lower zone.
        heart: relative width of the heart's shadow.
    """

    name: str
    title: str
    seed: int
    opacity: bool
    heart: float


PHANTOMS = (
    Phantom("phantom-clear", "Clear Lungs", 11, opacity=False, heart=1.0),
    Phantom("phantom-opacity", "Right Lower Opacity", 23, opacity=True, heart=1.06),
)


def _field() -> tuple[Plane, Plane]:
    """Coordinates of all pixel centres: x, y."""
    x = (np.arange(COLUMNS, dtype=np.float32) + 0.5) / COLUMNS * 2 - 1
    y = ((np.arange(ROWS, dtype=np.float32) + 0.5) / ROWS * 2 - 1) * np.float32(_HALF_HEIGHT)
    grid_y, grid_x = np.meshgrid(y, x, indexing="ij")
    return grid_x, grid_y


def _step(value: Plane, width: float) -> Plane:
    """0 below -width, 1 above width, smooth between."""
    t = np.clip(value / (2 * width) + 0.5, 0, 1)
    return (t * t * (3 - 2 * t)).astype(np.float32)


def _ellipsoid(x: Plane, y: Plane, at: tuple[float, float], radii: tuple[float, float], power: float = 2.0) -> Plane:
    """Thickness of an ellipsoid along the beam, 1 in its middle, 0 outside."""
    r = np.abs((x - at[0]) / radii[0]) ** power + np.abs((y - at[1]) / radii[1]) ** power
    return np.sqrt(np.clip(1 - r, 0, None)).astype(np.float32)


def _tube(distance: Plane, radius: float) -> Plane:
    """Thickness of a hollow bone seen from the side: a bright cortex around a fainter marrow."""
    outer = np.sqrt(np.clip(radius**2 - distance**2, 0, None))
    inner = np.sqrt(np.clip((0.72 * radius) ** 2 - distance**2, 0, None))
    return ((outer - 0.82 * inner) / radius).astype(np.float32)


def _along(x: Plane, y: Plane, curve: Curve) -> Plane:
    """Distance from the graph y = curve(x), to first order."""
    slope = (curve(x + 1e-3) - curve(x - 1e-3)) / 2e-3
    return ((y - curve(x)) / np.sqrt(1 + slope**2)).astype(np.float32)


def _torso(x: Plane, y: Plane) -> Plane:
    """Soft tissue of neck, shoulders, trunk and upper arms."""
    half_width = 0.30 + 0.62 * _step(y + 0.86, 0.20) - 0.05 * _step(y - 0.1, 0.7)
    trunk = np.sqrt(np.clip(1 - (np.abs(x) / half_width) ** 2.6, 0, None))
    arms = _ellipsoid(np.abs(x), y, (0.97, 0.05), (0.16, 1.0))
    return (trunk * (0.82 + 0.3 * _step(y - 0.35, 0.5)) + 0.45 * arms).astype(np.float32)


def _lungs(x: Plane, y: Plane, heart: float) -> Plane:
    """Depth of air in the lungs, 0..1: apex, costal margin, dome of the diaphragm, and the heart's bay on the left."""
    right = x < 0
    u = np.abs(x)
    top = -0.90 + 1.25 * np.clip(u - 0.33, 0, None) ** 2 + 0.9 * np.clip(0.33 - u, 0, None) ** 2
    dome = (
        np.where(right, 0.50, 0.58) + 0.95 * np.clip(u - 0.42, 0, None) ** 2 * 2.2 + 0.25 * np.clip(0.42 - u, 0, None)
    )
    outer = 0.30 + 0.51 * np.clip((y + 0.93) / 1.45, 0, 1) ** 0.42
    bay = np.where(right, 0.02, 0.23 * heart * np.exp(-(((y - 0.42) / 0.33) ** 2)))
    inner = 0.13 + 0.03 * np.cos(3 * y) + bay
    depth = np.minimum.reduce([(y - top) * 2.2, (dome - y) * 5.0, (outer - u) * 3.2, (u - inner) * 4.5])
    return np.sqrt(np.clip(depth * 1.35, 0, 1)).astype(np.float32)


def _mediastinum(x: Plane, y: Plane, heart: float) -> Plane:
    """Heart, great vessels, and hila; the trachea as missing tissue."""
    tilted_x, tilted_y = 0.86 * x + 0.51 * y, -0.51 * x + 0.86 * y  # the heart's long axis points to the left and down
    shadow = 0.62 * _ellipsoid(tilted_x, tilted_y, (0.27, 0.19), (0.38 * heart, 0.30), 2.1)
    shadow += 0.34 * _ellipsoid(x, y, (-0.07, 0.26), (0.17, 0.28))
    shadow *= _step(0.62 - y, 0.12)  # below lies the liver, no brighter for it
    shadow += 0.34 * _ellipsoid(x, y, (0.12, -0.22), (0.105, 0.13))  # aortic knuckle
    shadow += 0.30 * _ellipsoid(x, y, (0.02, -0.10), (0.17, 0.95), 2.0)
    for side, drop in ((-1, 0.05), (1, 0.0)):
        shadow += 0.28 * _ellipsoid(x, y, (side * 0.21, 0.03 + drop), (0.085, 0.14))
    trachea = _ellipsoid(x, y, (-0.012, -0.62), (0.052, 0.5), 3.0) * _step(-0.12 - y, 0.04)
    for side in (-1, 1):
        bronchus = _along(x, y, _bronchus(side))
        length = _step(x * side, 0.02) * _step(0.17 - x * side, 0.03)
        trachea += 0.7 * np.sqrt(np.clip(1 - (bronchus / 0.034) ** 2, 0, None)) * length
    return (shadow - 0.42 * trachea).astype(np.float32)


def _bronchus(side: int) -> Curve:
    return lambda x: -0.14 + 1.05 * side * x


def _posterior_rib(start: float, reach: float) -> Curve:
    return lambda x: start - 0.10 * np.sin(np.clip(x / reach, 0, 1) * 2.4) + 0.36 * np.clip(x / reach, 0, 1.1) ** 2.6


def _anterior_rib(start: float, reach: float) -> Curve:
    return lambda x: start + 0.60 - 0.46 * np.clip(x / reach, 0, 1.1) ** 1.5


def _clavicle(x: Plane) -> Plane:
    return -0.70 - 0.128 * np.sin(np.clip(x - 0.09, 0, 1) * 3.4) + 0.02 * x


def _scapular_border(y: Plane) -> Plane:
    return 0.80 - 0.16 * (y + 0.35) ** 2 - 0.10 * (y + 0.35)


def _bones(x: Plane, y: Plane) -> Plane:
    """Spine, ribs in front and behind, clavicles, scapular borders, humeral heads."""
    u = np.abs(x)
    bone = 0.34 * _ellipsoid(x, np.zeros_like(y), (0.0, 0.0), (0.115, 1.0), 2.4)
    bone *= 0.80 + 0.20 * _step(np.cos((y + 0.05 * y**2) * 2 * np.pi / 0.155) + 0.55, 0.35)  # bodies and discs
    bone += 0.12 * _ellipsoid(x, (y + 1.2) % 0.155 - 0.07, (0.0, 0.0), (0.016, 0.045))  # spinous processes
    for rib in range(10):
        start = -0.93 + 0.150 * rib
        reach = 0.44 + 0.39 * np.sqrt((rib + 0.7) / 9.7)  # lateral edge of the thorax at that rib
        ends = _step(reach - u, 0.02)
        bone += 0.21 * _tube(_along(u, y, _posterior_rib(start, reach)), 0.034) * ends * _step(u - 0.075, 0.03)
        if 0 < rib < 7:
            front = _tube(_along(u, y, _anterior_rib(start, reach)), 0.040)
            bone += 0.12 * front * ends * _step(u - (0.24 + 0.02 * rib), 0.06)
    bone += 0.36 * _tube(_along(u, y, _clavicle), 0.036) * _step(u - 0.09, 0.015) * _step(0.80 - u, 0.03)
    scapula = _along(y, u, _scapular_border)
    bone += 0.13 * _step(scapula, 0.012) * _step(0.17 - scapula, 0.07) * _step(y + 0.72, 0.05) * _step(0.12 - y, 0.1)
    bone += 0.30 * _ellipsoid(u, y, (0.92, -0.66), (0.13, 0.15)) + 0.22 * _tube(u - 0.99, 0.085) * _step(y + 0.60, 0.06)
    return bone.astype(np.float32)


def _vessels(rng: np.random.Generator) -> Plane:
    """Branching vessels from both hila, thinning outwards: float32 [ROWS, COLUMNS]."""
    canvas = np.zeros((ROWS, COLUMNS), np.float32)
    scale = COLUMNS / 2

    def grow(x: float, y: float, angle: float, width: float, length: float) -> None:
        if width < 0.7:
            return
        for _ in range(5):
            angle += rng.normal(0, 0.10)
            to_x, to_y = x + length / 5 * np.cos(angle), y + length / 5 * np.sin(angle)
            layer = np.zeros((1, 1), np.float32)
            ends = [
                (round((px + 1) * scale * 16), round((py + _HALF_HEIGHT) * scale * 16))
                for px, py in ((x, y), (to_x, to_y))
            ]
            low = [max(min(a, b) // 16 - 20, 0) for a, b in zip(*ends, strict=True)]
            high = [max(a, b) // 16 + 20 for a, b in zip(*ends, strict=True)]
            window = canvas[low[1] : high[1], low[0] : high[0]]
            if not window.size:
                return
            layer = np.zeros_like(window)
            moved = [(a - low[0] * 16, b - low[1] * 16) for a, b in ends]
            cv2.line(layer, moved[0], moved[1], 0.10 * width**0.8, max(round(width), 1), cv2.LINE_AA, 4)
            np.maximum(window, layer, out=window)
            x, y = to_x, to_y
        spread = rng.uniform(0.35, 0.65)
        grow(x, y, angle + spread, width * rng.uniform(0.60, 0.74), length * rng.uniform(0.72, 0.9))
        grow(x, y, angle - spread, width * rng.uniform(0.66, 0.82), length * rng.uniform(0.76, 0.95))

    for side in (-1, 1):
        for direction in np.linspace(-1.25, 1.35, 7):
            angle = direction if side > 0 else np.pi - direction
            grow(side * 0.20, 0.04, angle + rng.normal(0, 0.08), 9.0, 0.19)
    return cv2.GaussianBlur(canvas, (0, 0), 1.6)


def _patches(rng: np.random.Generator, x: Plane, y: Plane) -> Plane:
    """A patchy opacity in the right lower zone, 0..1."""
    noise = np.zeros_like(x)
    for cells, weight in ((14, 0.5), (32, 0.3), (80, 0.2)):
        coarse = rng.random((round(cells * _HALF_HEIGHT), cells)).astype(np.float32)
        noise += weight * cv2.resize(coarse, (COLUMNS, ROWS), interpolation=cv2.INTER_CUBIC)
    place = np.exp(-(((x + 0.47) / 0.22) ** 2) - ((y - 0.22) / 0.20) ** 2)
    return (place * _step(noise - 0.62 + 0.35 * place, 0.22)).astype(np.float32)


def draw(phantom: Phantom) -> NDArray[np.uint16]:
    """Draw one phantom.

    Args:
        phantom: which one.

    Returns:
        uint16 [ROWS, COLUMNS] in 0..4095, dark = air. The same for the same phantom at every call.
    """
    rng = np.random.default_rng(phantom.seed)
    x, y = _field()
    lungs = _lungs(x, y, phantom.heart)
    inside = _step(lungs - 0.25, 0.2)
    tissue = 1.55 * _torso(x, y)
    aerated = lungs * 1.0
    if phantom.opacity:
        aerated -= 0.55 * _patches(rng, x, y) * inside
    tissue = np.clip(tissue - 1.12 * aerated, 0.06 * tissue, None)
    tissue += 0.30 * _vessels(rng) * inside
    tissue += 0.78 * np.clip(_mediastinum(x, y, phantom.heart), -0.5, None) * _step(y + 1.3, 0.2)
    tissue -= 0.30 * _ellipsoid(x, y, (0.40, 0.76), (0.14, 0.09))  # gastric bubble
    tissue += 0.95 * _bones(x, y)
    tissue = cv2.GaussianBlur(np.clip(tissue, 0, None).astype(np.float32), (0, 0), 1.3)  # focal spot and detector
    quanta = rng.normal(0, 1, x.shape).astype(np.float32) * (0.010 + 0.012 * tissue)
    grey = 1 - np.exp(-0.95 * (tissue + cv2.GaussianBlur(quanta, (0, 0), 0.8)))
    grey = np.clip(grey / 0.93, 0, 1) ** 1.25
    field = _step(0.985 - np.abs(x), 0.004) * _step(_HALF_HEIGHT - 0.015 - np.abs(y), 0.004)  # collimator
    film = (150 + 3700 * grey) * field + 40 * (1 - field)
    film = _stamp(film.astype(np.float32))
    return np.clip(np.rint(film), 0, 4095).astype(np.uint16)


def _stamp(film: Plane) -> Plane:
    """Burn in the word and a side mark, as lead letters would be."""
    letters = np.zeros(film.shape, np.uint8)
    font = cv2.FONT_HERSHEY_DUPLEX
    (width, _), _ = cv2.getTextSize("PHANTOM", font, 2.6, 5)
    cv2.putText(letters, "PHANTOM", ((COLUMNS - width) // 2, ROWS - 70), font, 2.6, 255, 5, cv2.LINE_AA)
    cv2.putText(letters, "L", (COLUMNS - 170, 190), font, 2.6, 255, 6, cv2.LINE_AA)
    marks = cv2.GaussianBlur(letters.astype(np.float32) / 255, (0, 0), 1.0)
    return film * (1 - marks) + 4000 * marks


def to_dicom(phantom: Phantom) -> Dataset:
    """Put a phantom into a DICOM DX object, RLE-compressed, with names that say what it is."""
    film = draw(phantom)
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SOPClassUID = DigitalXRayImageStorageForPresentation
    parts = {"SOPInstanceUID": "instance", "SeriesInstanceUID": "series", "StudyInstanceUID": "study"}
    for keyword, part in parts.items():
        setattr(ds, keyword, generate_uid(_UID_ROOT, [f"pneumo {phantom.name} {part}"]))
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.PatientName = f"Phantom^{phantom.title}"
    ds.PatientID = phantom.name.upper()
    ds.PatientBirthDate = ds.PatientSex = ds.StudyDate = ds.StudyTime = ds.AccessionNumber = (
        ds.ReferringPhysicianName
    ) = ""
    ds.StudyID = ds.InstanceNumber = ds.SeriesNumber = "1"
    ds.Modality = "DX"
    ds.Manufacturer = "Pneumo"
    ds.ManufacturerModelName = "Drawn phantom"
    ds.SeriesDescription = f"Phantom, {phantom.title}"
    ds.ImageComments = "Drawn by a program. No person was imaged."
    ds.ImageType = ["DERIVED", "PRIMARY"]
    ds.BodyPartExamined = "CHEST"
    ds.ViewPosition = "PA"
    ds.PatientOrientation = ["L", "F"]
    ds.PresentationIntentType = "FOR PRESENTATION"
    ds.PixelIntensityRelationship = "LOG"
    ds.PixelIntensityRelationshipSign = -1
    ds.PresentationLUTShape = "IDENTITY"
    ds.BurnedInAnnotation = "YES"
    ds.ImagerPixelSpacing = [f"{_SPACING_MM:.5f}"] * 2
    ds.SamplesPerPixel = 1
    ds.PhotometricInterpretation = "MONOCHROME2"
    ds.Rows, ds.Columns = film.shape
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 0
    ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = "0", "1", "US"
    ds.WindowCenter, ds.WindowWidth = "1980", "3700"
    ds.PixelData = film.astype("<u2").tobytes()
    ds.compress(RLELossless, generate_instance_uid=False)
    return ds


def main() -> None:
    """Write all phantoms into a folder."""
    parser = argparse.ArgumentParser(prog="python -m pneumo_core.phantom", description="Draw the phantom chest films.")
    parser.add_argument("folder", type=Path, help="where the DICOM files go")
    folder: Path = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    for phantom in PHANTOMS:
        path = folder / f"{phantom.name}.dcm"
        to_dicom(phantom).save_as(path, enforce_file_format=True)
        print(path)


if __name__ == "__main__":
    main()
