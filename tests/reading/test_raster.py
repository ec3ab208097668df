"""PNG and JPEG films."""

import struct
import zlib
from io import BytesIO
from typing import Any

import cv2
import imagecodecs
import numpy as np
import pytest
from PIL import Image

from benchmarks.film_files import film
from pneumo_core.errors import ReadError
from pneumo_core.reading import read_film

LUMA = np.array([0.299, 0.587, 0.114])
GREY, DEEP = film(bits=8), film(bits=16)
COLOUR = np.dstack([GREY, 255 - GREY, film(bits=8, seed=2)])


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def chunk(kind: bytes, payload: bytes) -> bytes:
    return struct.pack(">I", len(payload)) + kind + payload + struct.pack(">I", zlib.crc32(kind + payload))


def png(rows: int, columns: int, bits: int, colour: int, scanlines: bytes, *more: bytes, interlace: int = 0) -> bytes:
    header = struct.pack(">IIBBBBB", columns, rows, bits, colour, 0, 0, interlace)
    body = (chunk(b"IHDR", header), *more, chunk(b"IDAT", zlib.compress(scanlines)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(body)


@pytest.mark.parametrize(("pixels", "bits"), [(GREY, 8), (DEEP, 16)])
def test_grey_png(pixels: np.ndarray, bits: int) -> None:
    radiograph = read_film(bytes(imagecodecs.png_encode(pixels)), "film.png")
    np.testing.assert_array_equal(radiograph.grey, pixels)
    assert radiograph.bits_stored == bits
    assert (radiograph.file_format, radiograph.photometric) == ("PNG", "greyscale")
    assert radiograph.findings == ()
    assert radiograph.spacing_mm is None


def test_eight_bits_are_shown_as_they_are_and_sixteen_in_their_range() -> None:
    dim = np.clip(GREY, 40, 200)
    assert read_film(bytes(imagecodecs.png_encode(dim)), "").window == (0.0, 255.0)
    deep = film(bits=12)  # twelve bits in sixteen, as many exporters write
    window = read_film(bytes(imagecodecs.png_encode(deep)), "").window
    assert window == (float(deep.min()), float(deep.max()))


@pytest.mark.parametrize("deep", [False, True])
def test_colour_png(deep: bool) -> None:
    pixels = COLOUR.astype(np.uint16) * 257 if deep else COLOUR
    ok, encoded = cv2.imencode(".png", pixels[..., ::-1])
    assert ok
    radiograph = read_film(encoded.tobytes(), "film.png")
    assert np.abs(radiograph.grey - pixels @ LUMA).max() <= (2.0 if deep else 0.51)
    assert [finding.code for finding in radiograph.findings] == ["colour_channels_differ"]
    assert radiograph.photometric == "colour"


def test_equal_channels_are_kept_exactly() -> None:
    for pixels in (GREY, DEEP):
        radiograph = read_film(bytes(imagecodecs.png_encode(np.dstack([pixels] * 3))), "")
        np.testing.assert_array_equal(radiograph.grey, pixels)
        assert radiograph.findings == ()


@pytest.mark.parametrize("top", [255, 65_535])
def test_alpha_lies_over_black(top: int) -> None:
    pixels = GREY if top == 255 else DEEP
    alpha = np.full_like(pixels, top)
    alpha[:, :20] = 0
    alpha[:, 20:40] = top // 5
    expected = np.rint(pixels * (alpha / top))
    for layers in ([pixels, alpha], [pixels, pixels, pixels, alpha]):
        radiograph = read_film(bytes(imagecodecs.png_encode(np.dstack(layers))), "")
        assert np.abs(radiograph.grey - expected).max() <= 0.51
        assert radiograph.findings == ()


def test_palette_and_bilevel_png() -> None:
    quantised = Image.fromarray(COLOUR).quantize(100)
    radiograph = read_film(saved(quantised, "PNG"), "")
    assert np.abs(radiograph.grey - np.asarray(quantised.convert("RGB")) @ LUMA).max() <= 0.51
    assert radiograph.bits_stored == 8
    bilevel = read_film(saved(Image.fromarray(GREY > 100), "PNG"), "")
    np.testing.assert_array_equal(bilevel.grey, (GREY > 100) * 255)
    assert bilevel.bits_stored == 1


def test_interlaced_png() -> None:
    passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
    parts = [GREY[top::down, left::right] for top, left, down, right in passes]
    scanlines = b"".join(b"\0" + row.tobytes() for part in parts for row in part)
    radiograph = read_film(png(96, 80, 8, 0, scanlines, interlace=1), "")
    np.testing.assert_array_equal(radiograph.grey, GREY)


def test_animated_png_is_refused() -> None:
    scanlines = b"".join(b"\0" + row.tobytes() for row in GREY)
    assert read_film(png(96, 80, 8, 0, scanlines, chunk(b"acTL", struct.pack(">II", 1, 0))), "").height == 96
    with pytest.raises(ReadError, match="animated"):
        read_film(png(96, 80, 8, 0, scanlines, chunk(b"acTL", struct.pack(">II", 2, 0))), "")


def test_short_scanlines_are_refused() -> None:
    scanlines = b"".join(b"\0" + row.tobytes() for row in GREY[:60])
    with pytest.raises(ReadError, match="cut short"):
        read_film(png(96, 80, 8, 0, scanlines), "")


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"optimize": True}, {"restart_marker_rows": 1}])
def test_grey_jpeg(options: dict[str, Any]) -> None:
    data = saved(Image.fromarray(GREY), "JPEG", quality=95, **options)
    radiograph = read_film(data, "film.jpg")
    expected = np.asarray(Image.open(BytesIO(data)))
    assert np.abs(radiograph.grey.astype(int) - expected).max() <= 1
    assert (radiograph.file_format, radiograph.photometric, radiograph.bits_stored) == ("JPEG", "greyscale", 8)


@pytest.mark.parametrize("mode", ["RGB", "CMYK"])
@pytest.mark.parametrize("subsampling", [0, 2])
def test_colour_jpeg(mode: str, subsampling: int) -> None:
    smooth = cv2.GaussianBlur(COLOUR, (0, 0), 4)
    data = saved(Image.fromarray(smooth).convert(mode), "JPEG", quality=95, subsampling=subsampling)
    radiograph = read_film(data, "film.jpg")
    assert np.abs(radiograph.grey - smooth @ LUMA).max() <= 12
    assert [finding.code for finding in radiograph.findings] == ["colour_channels_differ"]


def test_grey_film_in_a_colour_jpeg_has_no_finding() -> None:
    for quality in (30, 95):
        data = saved(Image.fromarray(np.dstack([GREY] * 3)), "JPEG", quality=quality)
        assert read_film(data, "").findings == ()


def test_small_coloured_mark_is_remarked_on() -> None:
    marked = np.dstack([GREY] * 3)
    marked[10:16, 10:16] = (255, 0, 0)
    assert len(read_film(bytes(imagecodecs.png_encode(marked)), "").findings) == 1


def test_rgb_and_ycck_jpeg() -> None:
    rgb = bytes(imagecodecs.jpeg8_encode(COLOUR, level=98, colorspace="RGB", outcolorspace="RGB"))
    assert np.abs(read_film(rgb, "").grey - COLOUR @ LUMA).max() <= 6
    smooth = cv2.GaussianBlur(COLOUR, (0, 0), 4)
    inks = np.dstack([smooth, np.full_like(GREY, 255)])  # inverted, as Adobe writes them: no black ink
    ycck = bytes(imagecodecs.jpeg8_encode(inks, level=98, colorspace="CMYK", outcolorspace="YCCK"))
    assert ycck[:200].count(b"Adobe") == 1
    assert np.abs(read_film(ycck, "").grey - smooth @ LUMA).max() <= 6


def test_twelve_bit_and_lossless_jpeg() -> None:
    deep = film(bits=12)
    lossless = bytes(imagecodecs.jpeg8_encode(deep, lossless=True, bitspersample=12))
    np.testing.assert_array_equal(read_film(lossless, "").grey, deep)
    extended = read_film(bytes(imagecodecs.jpeg8_encode(deep, level=98, bitspersample=12)), "")
    assert np.abs(extended.grey.astype(int) - deep).max() <= 30
    assert extended.bits_stored == 12


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation(orientation: int) -> None:
    tags = Image.Exif()
    tags[0x0112] = orientation
    rows, columns = np.mgrid[:40, :64]
    upright = ((rows * 3 + columns * 2) % 256).astype(np.uint8)
    image = Image.fromarray(upright)
    turned = {
        1: image,
        2: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
        3: image.transpose(Image.Transpose.ROTATE_180),
        4: image.transpose(Image.Transpose.FLIP_TOP_BOTTOM),
        5: image.transpose(Image.Transpose.TRANSPOSE),
        6: image.transpose(Image.Transpose.ROTATE_90),  # turned clockwise for display
        7: image.transpose(Image.Transpose.TRANSVERSE),
        8: image.transpose(Image.Transpose.ROTATE_270),
    }[orientation]
    np.testing.assert_array_equal(read_film(saved(turned, "PNG", exif=tags.tobytes()), "").grey, upright)
    jpeg = read_film(saved(turned, "JPEG", quality=98, exif=tags.tobytes()), "")
    assert np.abs(jpeg.grey.astype(int) - upright).max() <= 8


def test_unreadable_exif_is_left_out() -> None:
    data = saved(Image.fromarray(GREY), "JPEG", exif=b"Exif\0\0nonsense that is no TIFF")
    assert read_film(data, "").grey.shape == GREY.shape


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.7, 0.99])
def test_cut_files_are_refused_and_not_half_shown(kind: str, share: float) -> None:
    data = saved(Image.fromarray(GREY), kind)
    with pytest.raises(ReadError, match=r"cut short|unknown format"):
        read_film(data[: int(len(data) * share)], f"film.{kind.lower()}")


def test_constant_image() -> None:
    for value in (0, 255):
        radiograph = read_film(bytes(imagecodecs.png_encode(np.full((64, 64), value, np.uint8))), "")
        assert [finding.code for finding in radiograph.findings] == ["no_contrast"]
