"""A process beside this one that makes maps which need the network's gradient.

The network with its way back takes some 800 MB, too much for the process that serves the page. It starts when such a
map is first asked for, keeps the network for the next one, and ends by itself after some idle minutes.
"""

import socket
import subprocess
import sys
import threading
import weakref
from multiprocessing.connection import Connection
from pathlib import Path

from pneumo_core.errors import EngineError
from pneumo_core.explain.gradient_worker import GRIDS, packed, unpacked
from pneumo_core.language import Message, known
from pneumo_core.processes import module_environment
from pneumo_core.types import Float32

IDLE_SECONDS = 180.0
_LONGEST_SECONDS = 600.0  # for one film, on a slow machine that builds the engine's file first


class GradientProcess:
    """Makes maps by the methods of `with_gradient`. `grids` may be called from several threads.

    Attributes:
        pid: of the process; None where none was started yet, and of the last one where it has ended.
    """

    def __init__(self, folder: Path, idle_seconds: float = IDLE_SECONDS) -> None:
        """Nothing is started yet.

        Args:
            folder: the bundle's folder.
            idle_seconds: after how long without a request the process ends.
        """
        self.pid: int | None = None
        self._command = [sys.executable, "-m", "pneumo_core.explain.gradient_worker"]
        self._command += [str(folder.resolve()), str(idle_seconds)]
        self._lock = threading.Lock()
        self._link: Connection | None = None
        self._end: weakref.finalize[..., GradientProcess] | None = None

    def grids(self, method: str, square: Float32) -> Float32:
        """Make the maps of one film.

        Args:
            method: a name of `with_gradient.WITH_GRADIENT`.
            square: float32 [S, S, 3] in 0..255, the network's input.

        Returns:
            float32 [4, h, w].

        Raises:
            EngineError: if the process can not be started, ends, or says why it can not make them.
        """
        with self._lock:
            answer = self._ask(method, square) if self._link else None
            if answer is None:  # never started, or ended since
                self._start()
                answer = self._ask(method, square)
        if answer is None:
            raise EngineError(
                Message(
                    "The process that makes this map has ended. Check that some 1 GB of memory is free and try again; "
                    "the server's log may say more."
                )
            )
        if answer[:1] != GRIDS:
            raise EngineError(known(answer[1:].decode()))
        return unpacked(answer[1:])

    def close(self) -> None:
        """End the process; the next map starts another one."""
        with self._lock:
            self._stop()

    def _start(self) -> None:
        self._stop()
        ours, theirs = socket.socketpair()
        try:
            process = subprocess.Popen(
                self._command, stdin=theirs.fileno(), stdout=subprocess.DEVNULL, env=module_environment()
            )
        except OSError as error:
            ours.close()
            raise EngineError(
                Message("The process that makes this map can not be started: {error}.", error=error.strerror)
            ) from error
        finally:
            theirs.close()
        self.pid, self._link = process.pid, Connection(ours.detach())
        self._end = weakref.finalize(self, _finish, self._link, process)

    def _stop(self) -> None:
        if self._end:
            self._end()
        self._link = self._end = None

    def _ask(self, method: str, square: Float32) -> bytes | None:
        """The answer; None where the process is gone, or silent for too long and ended for that."""
        assert self._link is not None
        try:
            self._link.send_bytes(method.encode())
            self._link.send_bytes(packed(square))
            if self._link.poll(_LONGEST_SECONDS):
                return self._link.recv_bytes()
        except (EOFError, OSError):
            pass
        self._stop()
        return None


def _finish(link: Connection, process: subprocess.Popen[bytes]) -> None:
    """End a worker; it holds nothing that would have to be kept."""
    link.close()
    process.terminate()
    process.wait()
