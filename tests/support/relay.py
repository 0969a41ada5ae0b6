"""A wire between a client and a server that can fall silent, or break."""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_HOST = "127.0.0.1"
_READ_BYTES = 65_536
_POLL_S = 0.1
_AT_ONCE = struct.pack("ii", 1, 0)
"""Closing throws away what wasn't sent, and tells the other end so."""


class Relay:
    """Carries bytes both ways; while it is deaf, the client's get lost and its connection stays."""

    def __init__(self, port: int) -> None:
        """`port` is the server's."""
        self._server_port = port
        self._listener = socket.create_server((_HOST, 0))
        self._listener.settimeout(_POLL_S)
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []
        self.port: int = self._listener.getsockname()[1]
        self.is_deaf = False
        self._clients: list[socket.socket] = []

    @property
    def url(self) -> str:
        """Its address as that of a broker."""
        return f"mqtt://{_HOST}:{self.port}"

    def start(self) -> None:
        """Begin to take connections."""
        self._run(self._accept)

    def break_off(self) -> None:
        """Reset the clients' connections."""
        for client in self._clients:
            with suppress(OSError):
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
                client.close()
        self._clients.clear()

    def stop(self) -> None:
        """End all connections."""
        self._over.set()
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _run(self, work: object, *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments)  # type: ignore[arg-type]  # its own
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._over.is_set():
            with suppress(TimeoutError):
                client, _ = self._listener.accept()
                self._clients.append(client)
                self._run(self._connect, client)

    def _connect(self, client: socket.socket) -> None:
        with client, socket.create_connection((_HOST, self._server_port)) as server:
            ended = threading.Event()
            back = threading.Thread(target=self._carry, args=(server, client, ended))
            back.start()
            self._carry(client, server, ended, may_be_deaf=True)
            back.join()

    def _carry(
        self,
        source: socket.socket,
        target: socket.socket,
        ended: threading.Event,
        *,
        may_be_deaf: bool = False,
    ) -> None:
        source.settimeout(_POLL_S)
        with suppress(OSError):
            while not (self._over.is_set() or ended.is_set()):
                with suppress(TimeoutError):
                    data = source.recv(_READ_BYTES)
                    if not data:
                        break
                    if not (may_be_deaf and self.is_deaf):
                        target.sendall(data)
        ended.set()


@contextmanager
def relay_to(port: int) -> Iterator[Relay]:
    """A relay to the server at this port."""
    relay = Relay(port)
    relay.start()
    try:
        yield relay
    finally:
        relay.stop()
