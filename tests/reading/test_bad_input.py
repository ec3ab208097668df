"""Everything that is no readable film: one `ReadError` that says what came."""

import re
import struct
import zipfile
import zlib
from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from pydicom import Dataset, Sequence, dcmread, uid
from pydicom.data import get_testdata_file
from pydicom.encaps import encapsulate

from benchmarks.film_files import LOSSLESS, as_file, codestream, dicom_file, film
from benchmarks.mutate_films import mutants, read_all
from pneumo_core.errors import ReadError
from pneumo_core.reading import MAX_FILE_BYTES, looks_like_dicom, read_film
from pneumo_core.reading.limits import MAX_JPEG2000_TILES


def refusal(data: bytes, name: str = "film.dcm") -> str:
    with pytest.raises(ReadError) as caught:
        read_film(data, name)
    message = str(caught.value)
    # What came, what was expected, what to do: one to three sentences.
    assert 1 <= len(re.findall(r"[.)](?: |$)", message)) <= 4
    assert "Traceback" not in message
    return message


def saved(kind: str) -> bytes:
    buffer = BytesIO()
    Image.fromarray(film(bits=8)).save(buffer, kind)
    return buffer.getvalue()


def zipped() -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("film.dcm", dicom_file(film()))
    return buffer.getvalue()


def encrypted_zip() -> bytes:
    data = bytearray(zipped())
    data[6] |= 1
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "name", "expected"),
    [
        (b"", "film.dcm", "is empty"),
        (b"Dear colleague,\nplease find attached", "film.png", "a text file, though it is called .png"),
        ("Befund: unauffällig".encode(), "report.txt", "a text file"),
        (zipped(), "films.zip", "a ZIP archive"),
        (encrypted_zip(), "films.zip", "an encrypted ZIP archive"),
        (b"%PDF-1.7\n...", "report.pdf", "a PDF document"),
        (saved("TIFF"), "film.jpg", "a TIFF image, though it is called .jpg"),
        (saved("GIF"), "film.gif", "a GIF image"),
        (saved("WEBP"), "film.webp", "a WebP image"),
        (saved("BMP"), "film.bmp", "a BMP image"),
        (saved("JPEG2000"), "film.jp2", "a JPEG 2000 image outside of DICOM"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "IMG_0001.jpg", "an HEIC photograph, though it is called .jpg"),
        (b"\0\0\0\x18ftypisom\0\0\0\0", "film.mp4", "a video"),
        (b"<!DOCTYPE html><html><body>Login</body>", "film.dcm", "a web page, though it is called .dcm"),
        (b"\x1f\x8b\x08\0\0\0\0\0", "film.dcm.gz", "a compressed archive"),
        (bytes(range(256)) * 8, "film.dcm", "a file of an unknown format"),
        (b"\x08\x00", "film.dcm", "a file of an unknown format"),
        (b"\0" * 4096, "film.dcm", "a file of an unknown format"),
    ],
)
def test_other_formats_are_named(data: bytes, name: str, expected: str) -> None:
    assert expected in refusal(data, name)


def test_too_many_bytes() -> None:
    assert "128 MB" in refusal(bytes(MAX_FILE_BYTES + 1))


@pytest.mark.parametrize(
    ("modality", "expected"),
    [("CT", "a CT image"), ("MR", "an MR image"), ("US", "an ultrasound"), ("MG", "a mammogram"),
     ("XA", "an angiogram"), ("NM", "nuclear"), ("PT", "a PET"), ("SR", "a report")],
)  # fmt: skip
def test_other_modalities(modality: str, expected: str) -> None:
    assert expected in refusal(dicom_file(film(), Modality=modality))


def test_modality_of_the_class_where_the_tag_is_missing() -> None:
    assert "a CT image" in refusal(dicom_file(film(), Modality=None, SOPClassUID=uid.CTImageStorage))
    read_film(dicom_file(film(), Modality=None, SOPClassUID=uid.DigitalXRayImageStorageForPresentation), "")


def test_more_than_one_frame() -> None:
    twice = np.concatenate([film(), film()])
    assert "2 frames" in refusal(dicom_file(film(), NumberOfFrames=2, PixelData=twice.tobytes()))
    # also where the tag is missing
    frames = [codestream(film(), uid.JPEGLSLossless, 12)] * 2
    assert "2 frames" in refusal(dicom_file(film(), uid.JPEGLSLossless, bits=12, PixelData=encapsulate(frames)))
    assert "takes 15,360" in refusal(dicom_file(film(), PixelData=twice.tobytes()))


def test_no_pixel_data() -> None:
    assert "holds no image" in refusal(dicom_file(film(), PixelData=None))
    assert "damaged" in refusal(dicom_file(film(), PixelData=b""))


def test_encrypted_dicom() -> None:
    item = Dataset()
    item.EncryptedContentTransferSyntaxUID = uid.ExplicitVRLittleEndian
    item.EncryptedContent = b"\x30\x82" * 8
    assert "encrypted" in refusal(dicom_file(film(), PixelData=None, EncryptedAttributesSequence=Sequence([item])))


def test_dicomdir() -> None:
    path = get_testdata_file("DICOMDIR", download=False)
    assert isinstance(path, str)
    with open(path, "rb") as stream:
        assert "DICOMDIR" in refusal(stream.read(), "DICOMDIR")


def test_floating_point_pixels() -> None:
    data = dicom_file(film(), PixelData=None, FloatPixelData=b"\0" * 64)
    assert "floating-point" in refusal(data)


@pytest.mark.parametrize("bits", [1, 12, 32, 64])
def test_other_bits_allocated(bits: int) -> None:
    assert f"{bits} bits" in refusal(dicom_file(film(), BitsAllocated=bits))


@pytest.mark.parametrize(("rows", "columns"), [(60_000, 60_000), (20_000, 40), (9_000, 9_000), (8, 80), (0, 80)])
def test_size_is_checked_before_anything_is_decoded(rows: int, columns: int) -> None:
    for syntax in (uid.ExplicitVRLittleEndian, uid.RLELossless, uid.JPEG2000Lossless):
        assert "The file declares an image of" in refusal(dicom_file(film(), syntax, Rows=rows, Columns=columns))
    header = struct.pack(">IIBBBBB", columns, rows, 8, 0, 0, 0, 0)
    body = b"".join(
        struct.pack(">I", len(payload)) + kind + payload + struct.pack(">I", zlib.crc32(kind + payload))
        for kind, payload in ((b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 64)), (b"IEND", b""))
    )
    assert "The file declares an image of" in refusal(b"\x89PNG\r\n\x1a\n" + body, "film.png")
    jpeg = saved("JPEG").replace(struct.pack(">HH", 96, 80), struct.pack(">HH", rows, columns))
    assert "The file declares an image of" in refusal(jpeg, "film.jpg")


@pytest.mark.parametrize("syntax", [uid.JPEGBaseline8Bit, uid.JPEGLSLossless, uid.JPEG2000Lossless])
def test_a_stream_that_contradicts_the_tags_is_not_decoded(syntax: str) -> None:
    pixels = film(bits=8)
    larger = codestream(film(400, 500, bits=8), syntax, 8)
    assert "declares 80 x 96" in refusal(dicom_file(pixels, syntax, frame=larger))
    deep = codestream(film(bits=12), uid.JPEGExtended12Bit if syntax == uid.JPEGBaseline8Bit else syntax, 12)
    assert "allots 8 bits" in refusal(dicom_file(pixels, syntax, frame=deep))


def test_a_stream_of_another_kind() -> None:
    stream = codestream(film(bits=8), uid.JPEGLSLossless, 8)
    assert "another kind" in refusal(dicom_file(film(bits=8), uid.JPEGBaseline8Bit, frame=stream))


def test_tiles_without_number_are_refused() -> None:
    stream = bytearray(codestream(film(bits=8), uid.JPEG2000Lossless, 8))
    struct.pack_into(">II", stream, 24, 1, 1)
    assert MAX_JPEG2000_TILES < 96 * 80
    assert "tiles" in refusal(dicom_file(film(bits=8), uid.JPEG2000Lossless, frame=bytes(stream)))


@pytest.mark.parametrize("syntax", LOSSLESS)
def test_cut_dicom_is_refused_wherever_it_is_cut(syntax: str) -> None:
    data = dicom_file(film(), syntax, bits=12)
    for share in (0.0, 0.03, 0.1, 0.5, 0.9):
        refusal(data[: int(132 + share * (len(data) - 132))])


def test_deflated_bomb() -> None:
    bomb = zlib.compressobj(1, zlib.DEFLATED, -15)
    zeros = bytes(2**20)
    deflated = b"".join(bomb.compress(zeros) for _ in range(140)) + bomb.flush()
    whole = dicom_file(film(), uid.DeflatedExplicitVRLittleEndian)
    start = 132 + 12 + struct.unpack_from("<I", whole, 140)[0]
    assert "holds more than 128 MB" in refusal(whole[:start] + deflated)


def test_dicom_is_known_by_its_content() -> None:
    whole = dicom_file(film(), uid.ImplicitVRLittleEndian)
    assert looks_like_dicom(whole)
    assert read_film(whole, "IM000001").file_format == "DICOM CR"
    assert read_film(whole, "film.png").file_format == "DICOM CR"
    random = np.random.default_rng(0)
    assert not any(looks_like_dicom(random.bytes(600)) for _ in range(2000))
    assert not any(looks_like_dicom(bytes([value]) * 600) for value in range(256))
    assert not looks_like_dicom(saved("PNG"))
    assert not looks_like_dicom(b"")


def test_other_syntaxes() -> None:
    dataset = dcmread(BytesIO(dicom_file(film(), uid.JPEGLSLossless)))
    assert "MPEG2 Main Profile" in refusal(as_file(dataset, uid.MPEG2MPML))
    private = dicom_file(film(), uid.JPEGLSLossless).replace(b"1.2.840.10008.1.2.4.80", b"1.2.840.99999.1.2.4.80")
    message = refusal(private)
    assert "unknown or private" in message
    assert "99999" not in message


def test_damaged_files_end_in_a_film_or_a_refusal() -> None:
    outcome = read_all(mutants(150, seed=1))
    assert outcome.failures == []
    assert outcome.read >= 10
    assert outcome.reasons.total() >= 10
