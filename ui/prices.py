"""What the maps of a film cost on this machine, in seconds: measured where they were made, else told from a reading."""

import threading

from pneumo_core.explain.gradcam import METHOD
from pneumo_core.explain.methods import METHODS


class Prices:
    """Seconds a film by method. May be used from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reading: float | None = None
        self._maps: dict[str, float] = {}

    def note_reading(self, seconds: float) -> None:
        """Note how long reading a film took. The least counts: others may have been read beside it."""
        with self._lock:
            self._reading = min(seconds, self._reading or seconds)

    def note_maps(self, method: str, seconds: float) -> None:
        """Note how long the last maps by a method took."""
        with self._lock:
            self._maps[method] = seconds

    def of(self, method: str) -> float | None:
        """Seconds by a name of `METHODS`; None where nothing is known yet. Grad-CAM comes with the reading."""
        with self._lock:
            if method == METHOD or (self._reading is None and method not in self._maps):
                return None
            return self._maps.get(method) or METHODS[method].seconds(self._reading or 0.0)

    def line(self) -> str:
        """All prices that are known, for the reader; empty where none is."""
        known = ((method, self.of(method)) for method in METHODS)
        return " · ".join(f"{method} {seconds:.1f} s" for method, seconds in known if seconds is not None)
