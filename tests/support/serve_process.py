"""`agripark serve` as processes of their own, several on one database."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from api.ports import free_port
from tests.support.servers import wait_until

_START_DEADLINE_S = 60.0
_ROOT = Path(__file__).parents[2]


class ServeProcess:
    """One server; always at the same address."""

    def __init__(self, database: str, data: Path, log: Path) -> None:
        """`data` is its folder; what it says goes to `log`."""
        self._port = free_port()
        self._log = log
        self._command = (
            *(sys.executable, "-m", "api", "serve", "--scale", "0.01"),
            *("--database", database, "--data", str(data), "--port", str(self._port)),
        )
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, cwd=_ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        wait_until(self._answers, _START_DEADLINE_S, self._log.read_text)

    def kill(self) -> None:
        """End it without warning, as a power cut would."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/healthz").is_success
        except httpx.TransportError:
            return False


@contextmanager
def serve_processes(number: int, database: str, folder: Path) -> Iterator[list[ServeProcess]]:
    """So many servers over one database and one folder, running; killed at the end."""
    servers = [
        ServeProcess(database, folder / "data", folder / f"serve-{each}.log")
        for each in range(number)
    ]
    started = []
    try:
        for server in servers:
            server.start()
            started.append(server)
        yield servers
    finally:
        for server in started:
            server.kill()
