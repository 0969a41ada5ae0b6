"""`agripark ingest` as a process of its own, looked at from outside as an operator would."""

import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ingest.counters import Counters
from ingest.errors import SpoolError
from ingest.readonly import read_only
from ingest.spool import read_counters
from tests.support.servers import Mosquitto, wait_until

_START_DEADLINE_S = 60.0
_SMALLEST_LIMIT = 65_536
"""SQLite's shared memory is a file of 32 KiB that is made anew at a start, in place of the old."""
_ROOT = Path(__file__).parents[2]


@contextmanager
def ingest_process(*options: str) -> Iterator["subprocess.Popen[str]"]:
    """`agripark ingest` of a small park, subscribed; killed without warning at the end."""
    with subprocess.Popen(
        [sys.executable, "-m", "api", "ingest", "--scale", "0.01", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            said = process.stdout.readline()
            assert "ingest from" in said, said + process.stdout.read()
            yield process
        finally:
            process.kill()


class IngestProcess:
    """`agripark ingest`, with someone who starts it again when it ends by itself."""

    def __init__(
        self, mosquitto: Mosquitto, influx: tuple[str, str], folder: Path, scale: float = 0.01
    ) -> None:
        """`influx` is an address and a database."""
        self.data = folder / "data"
        self._log = folder / "ingest.log"
        self._command = (
            *(sys.executable, "-m", "api", "ingest", "--scale", str(scale)),
            *("--mqtt", mosquitto.url, "--influx", influx[0], "--data", str(self.data)),
        )
        self._environment = os.environ | {"AGRIPARK_INFLUX_DATABASE": influx[1]}
        self._process: subprocess.Popen[bytes] | None = None
        self._most_bytes: int | None = None
        self.ends: list[str] = []
        """What it said last, for each time that it ended without being told to."""

    @property
    def pid(self) -> int:
        """Its process."""
        assert self._process is not None
        return self._process.pid

    @property
    def spool(self) -> Path:
        """The spool's file."""
        return self.data / "spool.db"

    def start(self) -> None:
        """Start it, without waiting for it."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                cwd=_ROOT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._apply_limit()

    def kill(self) -> None:
        """Kill it without warning."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._process = None

    def look_after(self) -> None:
        """Start it again where it ended by itself, as a service manager would."""
        if self._process is None or self._process.poll() is None:
            return
        self.ends.append(f"status {self._process.returncode}: {self.last_words()}")
        self.start()

    def fill_disk(self, share: float) -> None:
        """Let its files grow no further than to a share of the spool's present size."""
        sizes = [file.stat().st_size for file in self.data.glob("spool.db*")]
        self._most_bytes = max(_SMALLEST_LIMIT, round(max(sizes) * share))
        self._apply_limit()

    def free_disk(self) -> None:
        """Give it room again."""
        self._most_bytes = None
        self._apply_limit()

    def _apply_limit(self) -> None:
        if self._process is None:
            return
        most = resource.RLIM_INFINITY if self._most_bytes is None else self._most_bytes
        _, hard = resource.prlimit(self._process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(self._process.pid, resource.RLIMIT_FSIZE, (most, hard))

    def wait_until_up(self) -> None:
        """Wait until it says that it takes messages."""
        wait_until(
            lambda: "ingest from" in self._log.read_text(errors="replace"),
            _START_DEADLINE_S,
            lambda: f"ingest doesn't start: {self.last_words()}",
        )

    def last_words(self) -> str:
        """The last line of its log."""
        lines = self._log.read_text(errors="replace").splitlines()
        return lines[-1] if lines else "nothing"


def look(spool: Path) -> Counters | None:
    """The counters as another process sees them; None where the file can't be read just now."""
    try:
        with read_only(spool, SpoolError) as connection:
            if connection is None:
                return None
            connection.execute("BEGIN")
            return read_counters(connection)
    except SpoolError:
        return None
