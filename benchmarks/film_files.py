"""Writes film files in every form that Pneumo reads, for the tests and the benchmarks."""

from io import BytesIO
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset, dcmwrite, uid
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.pixels.encoders.base import RLELosslessEncoder

CR_STORAGE = uid.UID("1.2.840.10008.5.1.4.1.1.1")
NATIVE = (
    uid.ImplicitVRLittleEndian,
    uid.ExplicitVRLittleEndian,
    uid.DeflatedExplicitVRLittleEndian,
    uid.ExplicitVRBigEndian,
)
LOSSLESS = (
    *NATIVE,
    uid.RLELossless,
    uid.JPEGLossless,
    uid.JPEGLosslessSV1,
    uid.JPEGLSLossless,
    uid.JPEG2000Lossless,
    uid.HTJ2KLossless,
    uid.HTJ2KLosslessRPCL,
)
LOSSY = (uid.JPEGBaseline8Bit, uid.JPEGExtended12Bit, uid.JPEGLSNearLossless, uid.JPEG2000, uid.HTJ2K)


def film(rows: int = 96, columns: int = 80, bits: int = 12, seed: int = 0) -> NDArray[Any]:
    """Draw a smooth, noisy film that takes up nearly the whole range: uint8 or uint16 [rows, columns]."""
    y, x = np.mgrid[:rows, :columns]
    waves = np.sin(x / columns * 9.0) + np.cos(y / rows * 7.0)
    noise = np.random.default_rng(seed).normal(0.0, 0.02, (rows, columns))
    top = (1 << bits) - 1
    return np.clip((waves / 4.0 + 0.5 + noise) * top, 0, top).astype(np.uint8 if bits <= 8 else np.uint16)


def codestream(pixels: NDArray[Any], syntax: str, bits: int) -> bytes:
    """Compress one frame, [H, W] or [H, W, 3], as the transfer syntax asks."""
    if syntax == uid.RLELossless:
        rows, columns = pixels.shape[:2]
        samples = 1 if pixels.ndim == 2 else 3
        return RLELosslessEncoder.encode(
            pixels,
            rows=rows,
            columns=columns,
            samples_per_pixel=samples,
            bits_allocated=8 * pixels.itemsize,
            bits_stored=8 * pixels.itemsize,
            pixel_representation=int(pixels.dtype.kind == "i"),
            photometric_interpretation="MONOCHROME2" if samples == 1 else "RGB",
            number_of_frames=1,
            planar_configuration=0,
        )
    if syntax in (uid.JPEGLossless, uid.JPEGLosslessSV1):
        predictor = 1 if syntax == uid.JPEGLosslessSV1 else 4
        as_unsigned = pixels.view(f"u{pixels.itemsize}")
        space = "GRAYSCALE" if pixels.ndim == 2 else "RGB"
        return bytes(
            imagecodecs.jpeg8_encode(
                as_unsigned,
                lossless=True,
                predictor=predictor,
                bitspersample=bits,
                colorspace=space,
                outcolorspace=space,
            )
        )
    if syntax in (uid.JPEGBaseline8Bit, uid.JPEGExtended12Bit):
        return bytes(imagecodecs.jpeg8_encode(pixels, level=95, bitspersample=8 if pixels.itemsize == 1 else 12))
    if syntax in (uid.JPEGLSLossless, uid.JPEGLSNearLossless):
        level = 2 if syntax == uid.JPEGLSNearLossless else 0
        return bytes(imagecodecs.jpegls_encode(pixels.view(f"u{pixels.itemsize}"), level=level))
    if syntax in (uid.JPEG2000Lossless, uid.JPEG2000):
        reversible = syntax == uid.JPEG2000Lossless
        return bytes(
            imagecodecs.jpeg2k_encode(
                pixels,
                codecformat="j2k",
                reversible=reversible,
                level=0 if reversible else 60,
                bitspersample=bits,
                mct=False,
            )
        )
    if syntax in (uid.HTJ2KLossless, uid.HTJ2KLosslessRPCL, uid.HTJ2K):
        return bytes(imagecodecs.htj2k_encode(pixels, reversible=syntax != uid.HTJ2K, rgb=False))
    raise ValueError(f"No encoder for {syntax}.")


def dicom_file(
    pixels: NDArray[Any],
    syntax: str = uid.ExplicitVRLittleEndian,
    *,
    bits: int | None = None,
    frame: bytes | None = None,
    **attributes: Any,
) -> bytes:
    """Write a CR film.

    Args:
        pixels: uint8, int8, uint16, or int16 [H, W] or [H, W, 3], stored values.
        syntax: the transfer syntax.
        bits: bits stored; all that are allocated by default.
        frame: the compressed frame, if `pixels` is not to be compressed here.
        attributes: further attributes by keyword, which also replace the ones set here; None leaves one out.

    Returns:
        The bytes of the file.
    """
    bits = bits or 8 * pixels.itemsize
    dataset = Dataset()
    dataset.SOPClassUID = CR_STORAGE
    dataset.SOPInstanceUID = "1.2.826.0.1.3680043.8.498.1"
    dataset.Modality = "CR"
    dataset.Rows, dataset.Columns = pixels.shape[:2]
    dataset.SamplesPerPixel = 1 if pixels.ndim == 2 else 3
    dataset.PhotometricInterpretation = "MONOCHROME2" if pixels.ndim == 2 else "RGB"
    if pixels.ndim == 3:
        dataset.PlanarConfiguration = 0
    dataset.BitsAllocated = 8 * pixels.itemsize
    dataset.BitsStored = bits
    dataset.HighBit = bits - 1
    dataset.PixelRepresentation = int(pixels.dtype.kind == "i")
    transfer = uid.UID(syntax)
    if transfer.is_encapsulated:
        dataset.PixelData = encapsulate([codestream(pixels, syntax, bits) if frame is None else frame])
    elif transfer.is_little_endian:
        dataset.PixelData = pixels.astype(pixels.dtype.newbyteorder("<")).tobytes()
    else:
        dataset.PixelData = pixels.astype(pixels.dtype.newbyteorder(">")).tobytes()
    if len(dataset.PixelData) % 2:
        dataset.PixelData += b"\x00"
    dataset["PixelData"].VR = "OB" if transfer.is_encapsulated or pixels.itemsize == 1 else "OW"
    for keyword, value in attributes.items():
        if value is None:
            del dataset[keyword]
        else:
            setattr(dataset, keyword, value)
    return as_file(dataset, syntax)


def as_file(dataset: Dataset, syntax: str) -> bytes:
    """Write a data set with preamble and file meta information."""
    transfer = uid.UID(syntax)
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.MediaStorageSOPClassUID = CR_STORAGE
    dataset.file_meta.MediaStorageSOPInstanceUID = uid.UID("1.2.826.0.1.3680043.8.498.1")
    dataset.file_meta.TransferSyntaxUID = transfer
    buffer = BytesIO()
    dcmwrite(
        buffer,
        dataset,
        implicit_vr=transfer.is_implicit_VR,
        little_endian=transfer.is_little_endian,
        enforce_file_format=True,
    )
    return buffer.getvalue()
