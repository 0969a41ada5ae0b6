"""Starts real servers for tests, each on a free port of 127.0.0.1 with a folder of its own.

A server that isn't installed or doesn't come up fails the test that asked for it.
"""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

import httpx
import pg8000.native

HOST = "127.0.0.1"
MOSQUITTO_CONFIGURATION = Path(__file__).parents[2] / "ingest" / "mosquitto" / "agripark.conf"
"""What we ship for Mosquitto."""
MOSQUITTO_LISTENER = "listener 1883 127.0.0.1"
"""The line of a configuration in whose place a test's broker listens on its own port."""
_START_DEADLINE_S = 30.0
_STOP_DEADLINE_S = 20.0


class ServerError(Exception):
    """A server that isn't installed or doesn't come up; the message ends with its own words."""


def free_port() -> int:
    """A TCP port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Server:
    """A server process that can be stopped, killed and started again on the same port."""

    name: str
    command: Sequence[str]
    port: int
    folder: Path
    answers: Callable[[], bool]
    stop_signal: signal.Signals = signal.SIGTERM
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def log(self) -> Path:
        """What it printed."""
        return self.folder / "server.log"

    def start(self) -> None:
        """Start it and wait until it answers. Raises ServerError."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command, stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )
        wait_until(
            lambda: self._is_up(self.process),
            _START_DEADLINE_S,
            lambda: f"{self.name} didn't come up:\n{self.log.read_text(errors='replace')[-2000:]}",
        )

    def _is_up(self, process: subprocess.Popen[bytes] | None) -> bool:
        if process is None or process.poll() is not None:
            words = self.log.read_text(errors="replace")[-2000:]
            raise ServerError(f"{self.name} ended at once:\n{words}")
        return listens(process.pid, self.port) and self.answers()

    def stop(self) -> None:
        """Stop it in good order; nothing where it doesn't run."""
        self._end(self.stop_signal)

    def kill(self) -> None:
        """Kill it without warning."""
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        if self.process is None:
            return
        with suppress(ProcessLookupError):
            self.process.send_signal(how)
        try:
            self.process.wait(_STOP_DEADLINE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None


def wait_until(
    condition: Callable[[], bool], deadline_s: float, complaint: Callable[[], str]
) -> None:
    """Poll until the condition holds. Raises ServerError with the complaint after the deadline."""
    end = time.monotonic() + deadline_s
    while not condition():
        if time.monotonic() > end:
            raise ServerError(complaint())
        time.sleep(0.02)


def listens(pid: int, port: int) -> bool:
    """Whether that process, and not some other, listens on the port."""
    sockets = set()
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        columns = line.split()
        if columns[3] == "0A" and int(columns[1].rpartition(":")[2], 16) == port:
            sockets.add(f"socket:[{columns[9]}]")
    links = Path(f"/proc/{pid}/fd")
    with suppress(FileNotFoundError, PermissionError):
        for link in links.iterdir():
            with suppress(FileNotFoundError):
                if str(link.readlink()) in sockets:
                    return True
    return False


def _find(program: str, package: str, *folders: str) -> str:
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin", *folders])
    found = shutil.which(program, path=path)
    if found is None:
        raise ServerError(f"{program} isn't installed: apt-get install {package}")
    return found


def _connects(port: int) -> bool:
    with suppress(OSError), socket.create_connection((HOST, port), timeout=1):
        return True
    return False


@dataclass
class Mosquitto(Server):
    """An MQTT broker that keeps sessions and drops nothing."""

    @property
    def url(self) -> str:
        """Its address for AGRIPARK_MQTT_URL."""
        return f"mqtt://{HOST}:{self.port}"


@contextmanager
def run_mosquitto(configuration: str | None = None) -> Iterator[Mosquitto]:
    """A Mosquitto as Debian sets it up, with what we ship, or another text, in its conf.d.

    Port and folder are its own. The text must hold the line `MOSQUITTO_LISTENER`.
    """
    text = MOSQUITTO_CONFIGURATION.read_text() if configuration is None else configuration
    if text.splitlines().count(MOSQUITTO_LISTENER) != 1:
        raise ServerError(f"the configuration must say once: {MOSQUITTO_LISTENER}")
    with _folder("mosquitto") as folder:
        port, main, added = free_port(), folder / "mosquitto.conf", folder / "conf.d"
        main.write_text(
            f"pid_file {folder}/mosquitto.pid\n"
            f"persistence true\npersistence_location {folder}/\n"
            "log_dest stderr\n"  # Debian's file goes to its log folder
            f"include_dir {added}\n"
            f"user {pwd.getpwuid(os.getuid()).pw_name}\n"
        )
        added.mkdir()
        listener = f"listener {port} {HOST}"
        (added / "agripark.conf").write_text(text.replace(MOSQUITTO_LISTENER, listener))
        command = (_find("mosquitto", "mosquitto"), "-c", str(main))
        server = Mosquitto("mosquitto", command, port, folder, lambda: _connects(port))
        yield from _running(server)


@dataclass
class InfluxDB(Server):
    """An InfluxDB 1.x without authentication."""

    @property
    def url(self) -> str:
        """Its address for AGRIPARK_INFLUX_URL."""
        return f"http://{HOST}:{self.port}"

    def new_database(self) -> str:
        """Make an empty database and give its name."""
        name = f"test_{uuid4().hex}"
        self.query(f'CREATE DATABASE "{name}"')
        return name

    def query(self, statement: str, user: tuple[str, str] | None = None) -> None:
        """Run a statement that gives nothing back."""
        httpx.post(f"{self.url}/query", params={"q": statement}, auth=user).raise_for_status()


@contextmanager
def run_influxdb(*, authenticated: bool = False) -> Iterator[InfluxDB]:
    """An InfluxDB 1.x with its data in a folder of its own."""
    with _folder("influxdb") as folder:
        port, rpc_port, config = free_port(), free_port(), folder / "influxdb.conf"
        config.write_text(
            f'reporting-disabled = true\nbind-address = "{HOST}:{rpc_port}"\n'
            f'[meta]\n  dir = "{folder}/meta"\n'
            f'[data]\n  dir = "{folder}/data"\n  wal-dir = "{folder}/wal"\n'
            "  query-log-enabled = false\n"
            f'[http]\n  bind-address = "{HOST}:{port}"\n  log-enabled = false\n'
            f"  auth-enabled = {str(authenticated).lower()}\n"
            "[monitor]\n  store-enabled = false\n"
        )
        command = (_find("influxd", "influxdb"), "run", "-config", str(config))
        server = InfluxDB("influxdb", command, port, folder, lambda: _pings(port))
        yield from _running(server)


def _pings(port: int) -> bool:
    with suppress(httpx.HTTPError):
        return httpx.get(f"http://{HOST}:{port}/ping", timeout=1).is_success
    return False


@dataclass
class PostgreSQL(Server):
    """A PostgreSQL cluster whose only user is `postgres`, trusted."""

    @property
    def url(self) -> str:
        """Address of its maintenance database."""
        return f"postgresql://postgres@{HOST}:{self.port}/postgres"

    def new_database(self, like: str | None = None) -> str:
        """Make a database, empty or a copy of one at an address, and give its address."""
        name = f"test_{uuid4().hex}"
        template = "template1" if like is None else like.rpartition("/")[2]
        self.run(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return f"postgresql://postgres@{HOST}:{self.port}/{name}"

    def run(self, statement: str) -> None:
        """Run a statement as its owner, in the maintenance database."""
        _run_statement(self.port, statement)


def _run_statement(port: int, statement: str) -> None:
    connection = pg8000.native.Connection("postgres", host=HOST, port=port, timeout=10)
    try:
        connection.run(statement)
    finally:
        connection.close()


def _accepts(port: int) -> bool:
    with suppress(pg8000.exceptions.Error):
        _run_statement(port, "SELECT 1")
        return True
    return False


@contextmanager
def run_postgresql(*settings: str) -> Iterator[PostgreSQL]:
    """A fresh PostgreSQL cluster in a folder of its own, with settings as `name=value`.

    PostgreSQL refuses to run as root; root runs it as the user `postgres`.
    """
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name))
    folders = [str(path) for path in reversed(versions)]
    initdb = _find("initdb", "postgresql", *folders)
    program = _find("postgres", "postgresql", *folders)
    with _folder("postgresql") as folder:
        port, data = free_port(), folder / "data"
        as_user: tuple[str, ...] = ()
        if os.getuid() == 0:
            account = pwd.getpwnam("postgres")
            os.chown(folder, account.pw_uid, account.pw_gid)
            as_user = (
                _find("setpriv", "util-linux"),
                f"--reuid={account.pw_uid}",
                f"--regid={account.pw_gid}",
                "--clear-groups",
            )
        subprocess.run(
            (*as_user, initdb, "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "-N"),
            check=True,
            capture_output=True,
            cwd=folder,
        )
        command = (*as_user, program, "-D", str(data), "-h", HOST, "-p", str(port), "-k", "")
        command += tuple(f"--{setting}" for setting in settings)
        server = PostgreSQL("postgresql", command, port, folder, lambda: _accepts(port))
        server.stop_signal = signal.SIGINT
        yield from _running(server)


AnyServer = TypeVar("AnyServer", bound=Server)


def _running(server: AnyServer) -> Iterator[AnyServer]:
    server.start()
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def _folder(name: str) -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix=f"agripark-{name}-"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
