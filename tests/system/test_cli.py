"""The command line as a user meets it: help with examples, one clear line on error, JSON."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from api.cli import main
from tests.support.servers import InfluxDB, Mosquitto, free_port, wait_until

COMMANDS = [
    ("demo",), ("up",), ("ingest",), ("serve",), ("trace",), ("doctor",), ("backup",),
    ("simulate", "season"), ("simulate", "live"), ("grafana", "build"), ("grafana", "sync"),
    ("quarantine", "list"), ("quarantine", "show"), ("quarantine", "replay"),
    ("quarantine", "drop"), ("spool", "status"), ("devices", "list"), ("devices", "show"),
    ("calibration", "add"), ("calibration", "list"), ("calibration", "withdraw"),
    ("asyncapi",), ("profile", "list"), ("profile", "show"), ("profile", "test"),
]  # fmt: skip


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    status: int
    stdout: str
    stderr: str


Agripark = Callable[..., Done]


@pytest.fixture
def agripark(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Agripark:
    """Runs a command in this process, on a small park with its data in a folder of its own."""
    monkeypatch.setenv("AGRIPARK_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("AGRIPARK_PARK_SCALE", "0.01")

    def run(*arguments: str) -> Done:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        printed = capsys.readouterr()
        return Done(int(ended.value.code or 0), printed.out, printed.err)

    return run


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_has_help_with_an_example(
    command: tuple[str, ...], agripark: Agripark
) -> None:
    done = agripark(*command, "--help")
    assert done.status == 0
    assert f"Example: agripark {' '.join(command)}" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("trace", "01/09521321000018/10/NOPE"), "there is no database"),
        (("quarantine", "show", "7"), "number 7"),
        (("quarantine", "replay", "7"), "number 7"),
        (("quarantine", "drop"), "say which entries"),
        (("devices", "show", "room-0001"), "nothing ever came from 'room-0001'"),
        (("ingest", "--group", "a/b"), "the group 'a/b'"),
        (("serve", "--port", "99999"), "AGRIPARK_API_PORT"),
        (("serve", "--database", "mysql://x/y"), "postgresql://"),
        (("simulate", "live", "--mqtt", "mqtt://127.0.0.1:1"), "can't connect"),
        (("simulate", "season", "--scale", "0"), "AGRIPARK_PARK_SCALE"),
        (("simulate", "season", "--fault", "gremlin"), "no fault 'gremlin'"),
        (("grafana", "sync", "--url", "http://127.0.0.1:1", "--token", "t"), "--influx URL"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_an_error_is_one_line_that_says_what_to_do(
    arguments: tuple[str, ...], complaint: str, agripark: Agripark
) -> None:
    done = agripark(*arguments)
    assert done.status == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("agripark: ")
    assert complaint in line


def test_a_taken_port_is_named(agripark: Agripark, influxdb: InfluxDB) -> None:
    done = agripark("serve", "--port", str(influxdb.port))
    assert done.status == 1
    assert f"port {influxdb.port}" in done.stderr


def test_doctor_finds_what_is_away_and_says_what_to_do(agripark: Agripark) -> None:
    mqtt, influx = f"mqtt://127.0.0.1:{free_port()}", f"http://127.0.0.1:{free_port()}"
    done = agripark("doctor", "--json", "--mqtt", mqtt, "--influx", influx)
    findings = {finding["part"]: finding for finding in json.loads(done.stdout)}
    assert done.status == 1
    assert {part for part, finding in findings.items() if not finding["ok"]} == {
        "MQTT broker",
        "telemetry store",
    }
    assert "AGRIPARK_MQTT_URL" in findings["MQTT broker"]["advice"]


def test_doctor_is_content_with_servers_that_answer(
    agripark: Agripark, mosquitto: Mosquitto, influxdb: InfluxDB
) -> None:
    done = agripark("doctor", "--mqtt", mosquitto.url, "--influx", influxdb.url)
    assert done.status == 0, done.stdout
    assert "InfluxDB 1.6" in done.stdout
    assert "0 events, 0 of them signed" in done.stdout


def test_grafana_files_are_written_where_they_are_wanted(
    agripark: Agripark, tmp_path: Path
) -> None:
    done = agripark("grafana", "build", "--output", str(tmp_path / "out"), "--json")
    assert done.status == 0
    written = [Path(path) for path in json.loads(done.stdout)]
    assert any(path.name == "cold-storage.json" for path in written)
    assert all(path.is_file() for path in written)


def test_a_season_is_sent_to_a_park_that_is_up_and_can_be_traced(
    agripark: Agripark, mosquitto: Mosquitto
) -> None:
    port = free_port()
    api_url = f"http://127.0.0.1:{port}"
    park = subprocess.Popen(
        (sys.executable, "-m", "api", "up", "--mqtt", mosquitto.url, "--port", str(port)),
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: _is_ready(api_url), 90, lambda: "the park isn't up")
        faults = ("--fault", "malformed", "--fault", "unknown_field", "--share", "0.01")
        options = ("--mqtt", mosquitto.url, "--api", api_url, "--json")
        sent = json.loads(agripark("simulate", "season", *options, *faults).stdout)
        wait_until(
            lambda: httpx.get(f"{api_url}/v1/totals").json()["events"] == sent["scans_sent"],
            60,
            lambda: "not every scan became an event",
        )
        ready = httpx.get(f"{api_url}/readyz").json()
        mosquitto.stop()
        wait_until(
            lambda: httpx.get(f"{api_url}/readyz").status_code == 503,
            30,
            lambda: "the park is still ready without its broker",
        )
        unready = httpx.get(f"{api_url}/readyz").json()
    finally:
        park.send_signal(signal.SIGTERM)
        status = park.wait(30)
    assert status == 0
    assert ready["parts"]["ingest"]["ok"]
    assert "broker" in unready["parts"]["ingest"]["detail"]

    traced = agripark("trace", sent["lookups"][0], "--json")
    ends = json.loads(traced.stdout)["ends"]
    assert {end["kind"] for end in ends} == {"harvest"}
    told = agripark("trace", ends[0]["id"], "--forward").stdout
    assert "shipped to" in told
    assert "destination-" in told

    entries = json.loads(agripark("quarantine", "list", "--json").stdout)
    assert {entry["reason"] for entry in entries} == {"malformed-json", "unknown-field"}
    shown = agripark("quarantine", "show", str(entries[0]["number"])).stdout
    assert entries[0]["topic"] in shown


def _is_ready(api_url: str) -> bool:
    try:
        return httpx.get(f"{api_url}/readyz").is_success
    except httpx.HTTPError:
        return False
