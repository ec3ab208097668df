"""Real DICOM files of ../shared/cxr/dicom, from several makers."""

import csv
from pathlib import Path

import numpy as np
import pytest

from pneumo_core.errors import ReadError
from pneumo_core.reading import looks_like_dicom, read_film
from pneumo_core.types import Radiograph

FOLDER = Path(__file__).parents[3] / "shared" / "cxr" / "dicom"

pytestmark = [
    pytest.mark.films,
    pytest.mark.skipif(not FOLDER.is_dir(), reason=f"the films of {FOLDER} are not there"),
]


def rows() -> list[dict[str, str]]:
    if not FOLDER.is_dir():
        return []
    with (FOLDER / "dicom.csv").open(newline="") as stream:
        return list(csv.DictReader(stream))


def read(file: str) -> Radiograph:
    return read_film((FOLDER / file).read_bytes(), file)


@pytest.mark.parametrize(
    "row", [row for row in rows() if row["modality"] in ("CR", "DX", "RG")], ids=lambda r: r["file"]
)
def test_films_are_read(row: dict[str, str]) -> None:
    data = (FOLDER / row["file"]).read_bytes()
    assert looks_like_dicom(data)
    radiograph = read_film(data, "IM0001")
    assert radiograph.grey.shape == (int(row["rows"]), int(row["cols"]))
    assert radiograph.bits_stored == int(row["bits_stored"])
    assert radiograph.photometric == row["photometric"]
    assert radiograph.file_format == f"DICOM {row['modality']}"
    assert radiograph.view == (row["view"] or None)
    # The extremity is collimated.
    assert {finding.code for finding in radiograph.findings} <= {"bars_left_out"}
    centre, width = row["window"].split("/")
    if centre != "None":
        assert radiograph.window[1] - radiograph.window[0] == pytest.approx(float(width) - 1.0)
    pixels = radiograph.pixels
    assert pixels.min() < 0.15
    assert pixels.max() > 0.85
    assert pixels.std() > 0.05
    if row["frontal_chest"] == "yes":
        # Lungs and the air around are darker than the middle of the chest.
        height, length = pixels.shape
        middle = pixels[height // 2 :, int(0.45 * length) : int(0.55 * length)].mean()
        assert middle > pixels.mean()


@pytest.mark.parametrize(
    "row", [row for row in rows() if row["modality"] in ("CT", "MR", "XA")], ids=lambda r: r["file"]
)
def test_other_images_are_refused(row: dict[str, str]) -> None:
    with pytest.raises(ReadError, match=rf"\({row['modality']}\)"):
        read(row["file"])


@pytest.mark.parametrize("film", ["RG2", "RG3"])
def test_all_compressions_of_a_film_agree(film: str) -> None:
    # The same exposures, compressed by other makers' encoders: an oracle that shares no code with ours.
    plain = read(f"wg04_{film}_UNC.dcm")
    most = {"RLE": 0, "JPLL": 0, "JLSL": 0, "J2KR": 0, "JLSN": 16, "JPLY": 120, "J2KI": 120}
    seen = 0
    for syntax, difference in most.items():
        file = f"wg04_{film}_{syntax}.dcm"
        if (FOLDER / file).exists():
            seen += 1
            radiograph = read(file)
            # Measured from the window, since `grey` starts at each file's own smallest value.
            error = np.abs((radiograph.grey - radiograph.window[0]) - (plain.grey - plain.window[0]))
            assert error.max() <= difference, syntax
            assert error.mean() <= difference / 6, syntax
    assert seen >= 4
