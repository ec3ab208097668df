"""What a file may hold: checked on headers, before anything is decoded or allocated."""

from pneumo_core.errors import ReadError
from pneumo_core.language import Message

MAX_PIXELS = 64_000_000  # a 35 x 43 cm film scanned at 50 micrometres has 7,000 x 8,600 = 60.2 million
MAX_FILE_BYTES = 128 * 2**20  # MAX_PIXELS uncompressed at 16 bits, and some room for the header
MAX_SIDE = 16_384  # the longest side of a canvas in today's browsers
MIN_SIDE = 32  # nothing can be read from less
MAX_JPEG_SCANS = 64  # each scan costs a pass over the whole film; a progressive JPEG has about ten
MAX_JPEG2000_TILES = 4_096  # OpenJPEG prepares every tile beforehand; a film of MAX_PIXELS in tiles of 128 has 3,900

EXPORT_HINT = Message("Export the film anew as DICOM, PNG, or JPEG.")


def check_file_size(size: int) -> None:
    """Refuse a file of more than MAX_FILE_BYTES bytes.

    Raises:
        ReadError: if it has more.
    """
    if size > MAX_FILE_BYTES:
        raise ReadError(
            Message(
                "The file has {size:,.0f} MB; at most {most} MB are read. Export the film by itself, or at a lower "
                "resolution.",
                size=size / 2**20,
                most=MAX_FILE_BYTES // 2**20,
            )
        )


def check_size(rows: int, columns: int) -> None:
    """Refuse a film whose declared size is out of bounds.

    Raises:
        ReadError: if a side is shorter than MIN_SIDE or longer than MAX_SIDE, or there are more than MAX_PIXELS.
    """
    if min(rows, columns) < MIN_SIDE:
        raise ReadError(
            Message(
                "The file declares an image of {columns} x {rows} pixels; at least {side} x {side} are needed. Drop "
                "the film itself, not an icon or a thumbnail.",
                columns=columns,
                rows=rows,
                side=MIN_SIDE,
            )
        )
    if max(rows, columns) > MAX_SIDE or rows * columns > MAX_PIXELS:
        raise ReadError(
            Message(
                "The file declares an image of {columns:,} x {rows:,} pixels; at most {side:,} on a side and "
                "{millions} million in all are read. Export the film at a lower resolution.",
                columns=columns,
                rows=rows,
                side=MAX_SIDE,
                millions=MAX_PIXELS // 1_000_000,
            )
        )
