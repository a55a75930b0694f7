"""The server itself: uvicorn's, which waits for every answer to end, told which ones never would."""

import socket
from collections.abc import Callable

import uvicorn


class Server(uvicorn.Server):
    """Calls `ending` when it is asked to stop, before it waits for what is on its way."""

    def __init__(self, config: uvicorn.Config, *, ending: Callable[[], None]) -> None:
        super().__init__(config)
        self._ending = ending

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the open streams, then stop as ever."""
        self._ending()
        await super().shutdown(sockets)
