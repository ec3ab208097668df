"""What is told of a film in its foldout."""

from pneumo_core.language import Message
from pneumo_core.types import Radiograph


def film_facts(radiograph: Radiograph) -> tuple[tuple[str, str], ...]:
    """The facts of a film as (label, value) pairs, numbers with their units."""
    unknown = Message("not known")
    spacing: str = unknown
    if radiograph.spacing_mm is not None:
        row, column = radiograph.spacing_mm
        spacing = f"{row:.3f} × {column:.3f} mm" + (
            f" ({radiograph.spacing_source})" if radiograph.spacing_source else ""
        )
    low, high = radiograph.window
    return (
        (Message("Format"), radiograph.file_format),
        (
            Message("Size"),
            Message("{rows} × {columns} pixels (rows × columns)", rows=radiograph.height, columns=radiograph.width),
        ),
        (Message("Stored bits"), str(radiograph.bits_stored)),
        (Message("Photometric"), radiograph.photometric),
        (Message("View"), radiograph.view or unknown),
        (Message("Pixel spacing"), spacing),
        (Message("Stored window"), Message("{low:.0f} to {high:.0f}", low=low, high=high)),
        *radiograph.facts,
        ("SHA-256", f"{radiograph.digest[:16]}…"),
    )
