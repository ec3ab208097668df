"""Reads damaged films: each mutated DICOM, PNG, or JPEG file has to end in a film or in a `ReadError`.

    python -m benchmarks.mutate_films --count 2000

Prints how many were read and refused, the slowest file, and the peak memory of the process. Exits 1 if a file raised
anything else, or the peak reached 2 GB. Equal counts make equal files.
"""

import argparse
import random
import resource
import struct
import sys
import time
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO

import imagecodecs
import numpy as np
from PIL import Image

from benchmarks.film_files import LOSSLESS, LOSSY, codestream, dicom_file, film
from pneumo_core.errors import ReadError
from pneumo_core.reading import read_film

MAX_PEAK_BYTES = 2 * 10**9
_NUMBERS = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 60_000, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF)
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


@dataclass
class Outcome:
    """What became of the files.

    Attributes:
        read: number of films.
        reasons: how often each kind of `ReadError` came, by its first words.
        failures: (number of the file, error) for every other exception.
        slowest: seconds that the slowest file took.
    """

    read: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    failures: list[tuple[int, str]] = field(default_factory=list)
    slowest: float = 0.0


def whole_files() -> list[bytes]:
    """Undamaged films in every form that is read."""
    deep, flat = film(64, 48, bits=12), film(64, 48, bits=8)
    colour = np.dstack([flat, flat, film(64, 48, bits=8, seed=1)])
    files = [dicom_file(deep, syntax, bits=12) for syntax in LOSSLESS]
    files += [dicom_file(flat, syntax) for syntax in LOSSY]
    files += [dicom_file(colour, syntax) for syntax in (*LOSSLESS, *LOSSY)]
    files.append(dicom_file(deep, bits=12, WindowCenter=2000, WindowWidth=1500, RescaleSlope=2, RescaleIntercept=-9))
    files.append(dicom_file(deep, bits=12, PixelPaddingValue=0, PhotometricInterpretation="MONOCHROME1"))
    files.append(dicom_file(deep, bits=12, WindowCenter=2000, WindowWidth=99, VOILUTFunction="SIGMOID"))
    files.append(files[1][132:])
    for pixels in (deep, flat, colour, np.dstack([colour, flat]), np.dstack([deep, deep])):
        files.append(bytes(imagecodecs.png_encode(pixels)))
    files.append(_saved(Image.fromarray(colour).quantize(64), "PNG"))
    exif = Image.Exif()
    exif[0x0112] = 6
    files.append(_saved(Image.fromarray(flat), "JPEG", exif=exif.tobytes()))
    files.append(_saved(Image.fromarray(colour), "JPEG", progressive=True))
    files.append(_saved(Image.fromarray(colour).convert("CMYK"), "JPEG"))
    files.append(codestream(deep, "1.2.840.10008.1.2.4.51", 12))
    return files


def _saved(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def mutants(count: int, seed: int = 0) -> Iterator[bytes]:
    """Damage films, always in the same ways for the same seed."""
    chance = random.Random(seed)
    files = whole_files()
    for _ in range(count):
        damaged = bytearray(chance.choice(files))
        for _ in range(chance.choice((1, 1, 2, 4, 16))):
            _damage(damaged, chance, files)
        if damaged.startswith(_PNG_SIGNATURE) and chance.random() < 0.7:
            _mend_checksums(damaged)
        yield bytes(damaged)


def _damage(data: bytearray, chance: random.Random, files: list[bytes]) -> None:
    """Change a file in place, more often near its start, where the headers are."""
    reach = len(data) if chance.random() < 0.4 else min(len(data), 700)
    at = chance.randrange(reach) if reach else 0
    way = chance.randrange(8)
    if way == 0:
        data[at : at + 1] = bytes([chance.choice((0, 0x7F, 0x80, 0xFF, chance.randrange(256)))])
    elif way == 1 and data:
        data[at] ^= 1 << chance.randrange(8)
    elif way in (2, 3):
        size, order = chance.choice((1, 2, 4)), chance.choice(("little", "big"))
        number = chance.choice(_NUMBERS) % (1 << 8 * size)
        data[at : at + size] = number.to_bytes(size, "big" if order == "big" else "little")
    elif way == 4:
        del data[at : at + chance.randrange(1, 9)]
    elif way == 5:
        data[at:at] = chance.randbytes(chance.randrange(1, 9))
    elif way == 6:
        other = chance.choice(files)
        start = chance.randrange(len(other))
        data[at : at + 32] = other[start : start + 32]
    elif chance.random() < 0.3:
        del data[at:]


def _mend_checksums(data: bytearray) -> None:
    """Set the checksums of a damaged PNG right, so that the damage gets as far as the decoder."""
    at = len(_PNG_SIGNATURE)
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        if at + 12 + length > len(data):
            return
        struct.pack_into(">I", data, at + 8 + length, zlib.crc32(data[at + 4 : at + 8 + length]))
        at += 12 + length


def read_all(files: Iterator[bytes]) -> Outcome:
    """Read every file and count what came of it."""
    outcome = Outcome()
    for number, data in enumerate(files):
        start = time.perf_counter()
        try:
            read_film(data, "film.dcm")
            outcome.read += 1
        except ReadError as error:
            outcome.reasons[" ".join(str(error).split()[:6])] += 1
        except Exception as error:  # finding these is what the script is for
            outcome.failures.append((number, repr(error)))
        outcome.slowest = max(outcome.slowest, time.perf_counter() - start)
    return outcome


def peak_bytes() -> int:
    """The largest memory that this process has held so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main() -> int:
    """Run from the command line; returns the exit status."""
    parser = argparse.ArgumentParser(description="Read damaged films: each has to end in a film or in a ReadError.")
    parser.add_argument("--count", type=int, default=2000, help="number of files (default: 2000)")
    outcome = read_all(mutants(parser.parse_args().count))
    for reason, times in outcome.reasons.most_common():
        print(f"{times:6d}  {reason} ...")
    for number, error in outcome.failures:
        print(f"FAILED  file {number}: {error}")
    peak = peak_bytes()
    refused = outcome.reasons.total()
    print(f"{outcome.read} read, {refused} refused, {len(outcome.failures)} failed", end="; ")
    print(f"slowest {outcome.slowest:.2f} s; peak memory {peak / 1e6:,.0f} MB")
    return 1 if outcome.failures or peak >= MAX_PEAK_BYTES else 0


if __name__ == "__main__":
    sys.exit(main())
