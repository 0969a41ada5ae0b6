"""Captures take turns before they take a thread.

The database takes one capture after the other anyway. What waits for its turn here holds no thread
and no connection, so that questions are answered meanwhile; and of large documents few are in hand
at once, as each fills many times its size of memory while it is read.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from anyio import CapacityLimiter
from fastapi import Request
from starlette.exceptions import HTTPException

_LARGE_BYTES = 262_144
_LARGE_AT_ONCE = 2
_SMALL_AT_ONCE = 8


class Turns:
    """Whose turn it is; one for each application.

    First come, first served, small and large ones apart: a small one doesn't wait for all the large
    ones that came before.
    """

    def __init__(self) -> None:
        self._large = CapacityLimiter(_LARGE_AT_ONCE)
        self._small = CapacityLimiter(_SMALL_AT_ONCE)

    @asynccontextmanager
    async def turn(self, request: Request, length: int) -> AsyncIterator[None]:
        """Wait for the turn of a request whose body has that length, and hold it.

        Raises HTTPException where its client has left meanwhile: it will ask again.
        """
        await request.is_disconnected()  # from here on the connection is listened to
        async with self._large if length > _LARGE_BYTES else self._small:
            if await request.is_disconnected():
                raise HTTPException(status_code=408)
            yield


async def step_in_turn(request: Request) -> AsyncIterator[None]:
    """Dependency of requests whose body is small."""
    async with turns_in(request).turn(request, 0):
        yield


def turns_in(request: Request) -> Turns:
    """The turns of the application that serves the request."""
    found: Turns = request.app.state.turns
    return found
