"""compose.yaml and the Dockerfile, as far as they can be proven without a container engine."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
import yaml
from paho.mqtt.enums import CallbackAPIVersion

from api.cli import main
from park.settings import Settings, load_settings
from tests.support.servers import HOST, Server, free_port

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = sorted(name for name, service in SERVICES.items() if "build" in service)
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
PINNED = re.compile(r"[a-z0-9/-]+:\d+\.\d+(\.\d+)?(-[a-z0-9-]+)?")
SECRETS = "/run/secrets/"
FILLED = re.compile(r"\$\{(\w+):-([^}]*)\}")


def instructions(name: str) -> list[str]:
    """What stands behind an instruction of the Dockerfile."""
    return [line.removeprefix(f"{name} ") for line in DOCKERFILE if line.startswith(f"{name} ")]


def binds() -> Iterator[tuple[str, str, str]]:
    """Service, source and the rest of each mount that isn't a named volume."""
    for name, service in SERVICES.items():
        for mount in service.get("volumes", ()):
            source, _, rest = mount.partition(":")
            if source.startswith("."):
                yield name, source, rest


def filled(text: str) -> str:
    """A value as it is with nothing set."""
    return FILLED.sub(r"\2", text)


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    """The folder of secrets that the script makes."""
    folder = tmp_path / "compose"
    folder.mkdir()
    shutil.copy(ROOT / "compose" / "make-secrets", folder)
    subprocess.run([folder / "make-secrets"], check=True, capture_output=True)
    return folder / "secrets"


def test_the_park_and_all_that_it_needs_is_there() -> None:
    assert set(SERVICES) == {"mosquitto", "influxdb", "postgres", "park", "simulator", "grafana"}


@pytest.mark.parametrize("name", SERVICES)
def test_every_image_is_pinned(name: str) -> None:
    assert PINNED.fullmatch(SERVICES[name]["image"])


def test_the_base_images_are_pinned() -> None:
    for image in instructions("FROM"):
        assert PINNED.fullmatch(image.partition(" AS ")[0])


def test_every_file_that_is_mounted_exists_and_is_mounted_to_be_read_only() -> None:
    mounts = list(binds())
    assert mounts
    for _, source, rest in mounts:
        assert (ROOT / source).exists(), source
        assert rest.endswith(":ro")


def test_volumes_and_secrets_are_declared_and_used() -> None:
    named = {
        mount.partition(":")[0]
        for service in SERVICES.values()
        for mount in service.get("volumes", ())
        if not mount.startswith(".")
    }
    assert named == set(COMPOSE["volumes"])
    used = {secret for service in SERVICES.values() for secret in service.get("secrets", ())}
    assert used == set(COMPOSE["secrets"])


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_has_the_secrets_that_it_reads(name: str) -> None:
    service = SERVICES[name]
    read = set(re.findall(SECRETS + r"(\w+)", str(service)))
    assert read == set(service.get("secrets", ()))


def test_every_secret_is_made_once(secrets: Path) -> None:
    declared = {Path(each["file"]).name for each in COMPOSE["secrets"].values()}
    made = {each.name: each.read_text() for each in secrets.iterdir()}
    assert set(made) == declared
    assert all(len(text) > 40 for text in made.values())
    assert len(set(made.values())) == len(made)
    subprocess.run([secrets.parent / "make-secrets"], check=True, capture_output=True)
    assert {each.name: each.read_text() for each in secrets.iterdir()} == made


def test_secrets_can_be_read_by_containers_and_not_by_others_of_the_host(secrets: Path) -> None:
    assert secrets.stat().st_mode & 0o777 == 0o700
    assert {each.stat().st_mode & 0o777 for each in secrets.iterdir()} == {0o644}


def test_secrets_are_neither_committed_nor_built_in() -> None:
    assert "/compose/secrets/" in (ROOT / ".gitignore").read_text().splitlines()
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in ignored
    assert not any(line.startswith("!compose") for line in ignored)


@pytest.mark.parametrize("name", OURS)
def test_our_settings_are_settings(
    name: str, secrets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    given = SERVICES[name]["environment"]
    known = {f"AGRIPARK_{setting.upper()}" for setting in Settings.model_fields}
    assert {variable.removesuffix("_FILE") for variable in given} <= known
    for variable, value in given.items():
        monkeypatch.setenv(variable, filled(value).replace(SECRETS, f"{secrets}/"))
    settings = load_settings()
    assert settings.mqtt_url == "mqtt://mosquitto:1883"
    if name == "park":
        password = (secrets / "postgres_password").read_text().strip()
        assert settings.database_url == f"postgresql://agripark:{password}@postgres:5432/agripark"
        assert len(settings.influx_token.get_secret_value()) == 48


@pytest.mark.parametrize("name", OURS)
def test_our_commands_are_commands(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main((*SERVICES[name]["command"], "--help"))
    assert ended.value.code == 0
    assert "Usage" in capsys.readouterr().out


def test_hosts_in_addresses_are_services() -> None:
    hosts = set()
    for service in SERVICES.values():
        for value in service.get("environment", {}).values():
            hosts.update(re.findall(r"^(?:https?|mqtt)://([\w.-]+)", filled(value)))
    assert hosts - {HOST} == {"mosquitto", "influxdb"}


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_waits_only_for_what_tells_of_its_health(name: str) -> None:
    for other, wanted in SERVICES[name].get("depends_on", {}).items():
        assert wanted == {"condition": "service_healthy"}
        built = "build" in SERVICES[other] and instructions("HEALTHCHECK")
        assert built or SERVICES[other]["healthcheck"]["test"][0] == "CMD"


def test_ports_are_open_to_this_host_only() -> None:
    published = [port for service in SERVICES.values() for port in service.get("ports", ())]
    assert sorted(filled(port) for port in published) == [
        f"{HOST}:1883:1883",
        f"{HOST}:3000:3000",
        f"{HOST}:8000:8000",
    ]


def test_grafana_gets_every_variable_that_its_files_name() -> None:
    given = {*SERVICES["grafana"]["environment"], "AGRIPARK_INFLUX_TOKEN"}
    mounted = [ROOT / source for name, source, _ in binds() if name == "grafana"]
    texts = [path.read_text(encoding="utf-8") for path in mounted if path.is_file()]
    assert len(texts) == 4
    named = set(re.findall(r"\$(AGRIPARK_\w+)", "".join(texts)))
    assert named
    assert named <= given


def test_grafana_s_home_is_one_of_the_dashboards() -> None:
    folder = SERVICES["grafana"]["environment"]["AGRIPARK_GRAFANA_DASHBOARDS"]
    home = SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    source = next(source for _, source, rest in binds() if rest == f"{folder}:ro")
    assert (ROOT / source / Path(home).relative_to(folder)).is_file()


def test_the_image_has_all_packages_and_nothing_that_does_not_exist() -> None:
    copied = [each.split() for each in instructions("COPY") if not each.startswith("--from")]
    sources = {source for *found, _ in copied for source in found}
    assert all((ROOT / source).exists() for source in sources)
    packages = {path.parent.name for path in ROOT.glob("*/errors.py")} | {"api"}
    assert packages <= sources
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert {f"!{source}" for source in sources} <= set(ignored)


def test_the_image_runs_without_rights() -> None:
    (user,) = instructions("USER")
    assert int(user.partition(":")[0]) > 0
    for name in OURS:
        assert SERVICES[name]["cap_drop"] == ["ALL"]
        assert SERVICES[name]["read_only"] is True


def test_the_image_s_health_check_asks_the_api() -> None:
    (check,) = instructions("HEALTHCHECK")
    program = check.partition('"-c", "')[2].rpartition('"]')[0]
    compile(program, "HEALTHCHECK", "exec")
    assert "/healthz" in program


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Server]:
    """Mosquitto as compose starts it, with its paths and port moved."""
    shell, flag, script = SERVICES["mosquitto"]["command"]
    port = free_port()
    path = ("/usr/sbin", "/usr/local/sbin")
    program = shutil.which("mosquitto", path=os.pathsep.join((os.environ["PATH"], *path)))
    assert program is not None
    for found, moved in (
        ("$$", "$"),
        ("/etc/agripark/mosquitto.conf", str(ROOT / "ingest" / "mosquitto" / "agripark.conf")),
        ("/tmp/mosquitto.conf", str(tmp_path / "mosquitto.conf")),  # noqa: S108 - replaced
        ("/mosquitto/data/", f"{tmp_path}/"),
        ("|listener 1883|", f"|listener {port}|"),
        # As root it would become a user who may not enter the folder.
        ("exec mosquitto", f"echo user root >> {tmp_path}/mosquitto.conf && exec {program}"),
    ):
        assert found in script
        script = script.replace(found, moved)
    server = Server("mosquitto", [shell, flag, script], port, tmp_path, lambda: True)
    server.start()
    yield server
    server.stop()


def test_the_broker_listens_to_others_and_keeps_what_it_took(broker: Server) -> None:
    settings = (broker.folder / "mosquitto.conf").read_text().splitlines()
    assert f"listener {broker.port}" in settings
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.connect(HOST, broker.port)
    client.loop_start()
    client.publish("agripark/test", "kept", qos=1, retain=True).wait_for_publish(10)
    client.disconnect()
    client.loop_stop()
    broker.stop()
    assert b"kept" in (broker.folder / "mosquitto.db").read_bytes()
