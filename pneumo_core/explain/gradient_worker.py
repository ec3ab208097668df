"""Makes maps that need the network's gradient: `python -m pneumo_core.explain.gradient_worker BUNDLE IDLE_SECONDS`.

Started by `gradient_process` as a process of its own, with a socket as standard input. A request is two messages, the
method's name and the network's input as NumPy's .npy; the answer is one, "+" and the grids as .npy, or "-" and an error
in words. Films stay in memory. It ends when it is asked nothing for so long, and when its parent ends.
"""

import io
import os
import sys
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pneumo_core.errors import PneumoError
from pneumo_core.explain.with_gradient import WITH_GRADIENT
from pneumo_core.model.bundle import load_bundle
from pneumo_core.model.gradient_network import GradientNetwork
from pneumo_core.types import Float32

GRIDS, ERROR = b"+", b"-"
_NICE = 5  # a film that is dropped meanwhile comes first


def serve(link: Connection, folder: Path, idle_seconds: float) -> None:
    """Answer requests until none comes for so long or the other side is gone.

    Args:
        link: to the parent.
        folder: the bundle's folder.
        idle_seconds: how long to wait for a request.
    """
    network = None
    try:
        while link.poll(idle_seconds):
            method, square = link.recv_bytes().decode(), unpacked(link.recv_bytes())
            try:
                network = network or GradientNetwork(load_bundle(folder))
                answer = GRIDS + packed(WITH_GRADIENT[method](network, square))
            except PneumoError as error:
                answer = ERROR + str(error).encode()
            link.send_bytes(answer)
    except (EOFError, ConnectionError):  # the parent has ended
        return


def packed(values: Float32) -> bytes:
    """An array as the bytes of an .npy file."""
    buffer = io.BytesIO()
    np.save(buffer, values, allow_pickle=False)
    return buffer.getvalue()


def unpacked(data: bytes) -> NDArray[np.float32]:
    """Back from `packed`."""
    return np.asarray(np.load(io.BytesIO(data), allow_pickle=False), np.float32)


if __name__ == "__main__":
    os.nice(_NICE)
    with Connection(os.dup(sys.stdin.fileno())) as parent, open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), sys.stdin.fileno())  # what builds the engine's file must not read the socket
        serve(parent, Path(sys.argv[1]), float(sys.argv[2]))
