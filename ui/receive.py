"""The address that takes dropped files. The server imports it before the page, and so it imports little itself.

What the browser says of a file goes in HTTP headers: its name may name a patient, and an address would stand in the
logs of proxies. Headers of our own also keep pages of other sites from sending files here: the browser asks first
whether they may, and gets no leave.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from streamlit import config

_LONGEST_NAME = 255
_LONGEST_DROP = 64
_PATIENCE = 60.0  # seconds that a file waits for those before it to be read
_POLL = 0.05


@dataclass(frozen=True)
class Sent:
    """What the browser says of a file.

    Attributes:
        token: of the session.
        name: the file's name, with its folder where one was dropped.
        size: bytes.
        drop: which drop it belongs to; one name for each drop.
        left: number of files that are still to come after it.
    """

    token: str
    name: str
    size: int
    drop: str
    left: int

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> "Sent":
        """Read a request's headers.

        Raises:
            KeyError: if one is missing.
            ValueError: if a number is none, or negative.
        """
        size, left = int(headers["x-pneumo-size"]), int(headers["x-pneumo-left"])
        if min(size, left) < 0:
            raise ValueError("A negative size or number of files.")
        name = unquote(headers["x-pneumo-name"])[-_LONGEST_NAME:]
        return cls(headers["x-pneumo-token"], name, size, headers["x-pneumo-drop"][:_LONGEST_DROP], left)


def address() -> str:
    """The path that takes dropped files, on this server."""
    base = str(config.get_option("server.baseUrlPath")).strip("/")
    return f"/{base}/films" if base else "/films"


def route() -> Route:
    """Takes one file by POST. Replies in JSON with `look`: whether the page should be drawn anew.

    Otherwise the status is 400 where the headers are wrong or the file is cut off, 403 where there is no such session,
    and 413 where more came than is taken.
    """
    return Route(address(), _take, methods=["POST"])


async def _take(request: Request) -> Response:
    from pneumo_core.reading import MAX_FILE_BYTES
    from ui import uploads

    try:
        sent = Sent.of(request.headers)
    except (KeyError, ValueError):
        return Response(status_code=400)
    session = uploads.of_token(sent.token)
    if session is None:
        return Response(status_code=403)
    waited = 0.0
    while session.must_wait and waited < _PATIENCE:
        await asyncio.sleep(_POLL)
        waited += _POLL
    try:
        data = await _body(request.stream(), MAX_FILE_BYTES)
    except ClientDisconnect:
        return Response(status_code=400)
    if data is None:
        return Response(status_code=413)
    if len(data) != (sent.size if sent.size <= MAX_FILE_BYTES else 0):  # one that is too large is only told of
        return Response(status_code=400)
    return JSONResponse({"look": await run_in_threadpool(session.take, sent, data)})


async def _body(stream: AsyncIterator[bytes], most: int) -> bytes | None:
    """All bytes of a stream, or None where there are more than `most`."""
    chunks, size = [], 0
    async for chunk in stream:
        size += len(chunk)
        if size > most:
            return None
        chunks.append(chunk)
    return b"".join(chunks)
