"""Doctor tells a broker that would lose messages from one that wouldn't, by trying it out."""

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from api.commands.doctor import Finding, check_broker_keeps, check_session, findings_text
from api.embedded_broker import embedded_broker
from ingest.mqtt import BrokerOptions
from tests.support.ingest_fakes import wait_for
from tests.support.servers import (
    MOSQUITTO_CONFIGURATION,
    MOSQUITTO_LISTENER,
    Mosquitto,
    free_port,
    run_mosquitto,
)

DEFAULTS = f"{MOSQUITTO_LISTENER}\nallow_anonymous true\n"
PAYLOAD_LIMIT_BYTES = 262_144
VERSIONS = pytest.mark.parametrize("version", ["5", "3.1.1"])


def examine(url: str, version: str = "5", group: str = "") -> list[Finding]:
    options = BrokerOptions(url, version, "ingest-under-test", 10_000, group=group)
    return check_broker_keeps(options, PAYLOAD_LIMIT_BYTES)


def words(findings: list[Finding]) -> Mapping[str, str]:
    """The gravest word on each subject."""
    order = ["ok", "warn", "BAD"]
    gravest: dict[str, str] = {}
    for finding in findings:
        former = gravest.get(finding.part, "ok")
        gravest[finding.part] = max(former, finding.word, key=order.index)
    return gravest


@VERSIONS
def test_the_broker_that_we_ship_a_configuration_for_is_fine(
    version: str, mosquitto: Mosquitto
) -> None:
    findings = examine(mosquitto.url, version)
    assert words(findings) == {
        "broker's limits": "ok",
        "acknowledged late": "ok",
        "published while away": "ok",
    }
    assert findings_text(findings).count("\n") == len(findings)


@VERSIONS
def test_a_broker_with_its_own_defaults_is_bad_and_the_option_is_named(version: str) -> None:
    with run_mosquitto(DEFAULTS) as broker:
        findings = examine(broker.url, version)
    assert words(findings)["published while away"] == "BAD"
    text = findings_text(findings)
    assert "set max_queued_messages" in text
    assert "queue_qos0_messages true" in text
    assert "docs/running.md" in text


def test_an_old_client_is_told_that_few_messages_are_handed_over_at_once() -> None:
    with run_mosquitto(DEFAULTS) as broker:
        findings = examine(broker.url, "3.1.1")
    assert words(findings)["acknowledged late"] == "BAD"
    assert "max_inflight_messages 65534" in findings_text(findings)


def test_a_queue_limit_alone_is_found() -> None:
    shipped = MOSQUITTO_CONFIGURATION.read_text()
    limited = re.sub(r"(?m)^max_queued_messages .*", "max_queued_messages 1200", shipped)
    with run_mosquitto(limited) as broker:
        assert words(examine(broker.url))["published while away"] == "BAD"


def test_what_the_broker_dropped_before_is_a_warning() -> None:
    with run_mosquitto(f"{DEFAULTS}sys_interval 1\n") as broker:
        examine(broker.url)
        wait_for(lambda: "dropped by the broker" in words(examine(broker.url)), 20)
        findings = {finding.part: finding for finding in examine(broker.url)}
    assert findings["dropped by the broker"].word == "warn"
    assert "since it started" in findings["dropped by the broker"].detail


def test_nothing_stays_behind(mosquitto: Mosquitto) -> None:
    examine(mosquitto.url)
    mosquitto.stop()  # it writes all that it keeps
    assert b"agripark-doctor" not in (mosquitto.folder / "mosquitto.db").read_bytes()


def test_a_packet_limit_below_our_payload_limit_is_a_warning() -> None:
    with run_mosquitto(f"{DEFAULTS}max_packet_size 65536\n") as broker:
        findings = {finding.part: finding for finding in examine(broker.url)}
    assert findings["broker's limits"].word == "warn"
    assert "max_packet_size" in findings["broker's limits"].advice


def test_a_broker_that_ends_the_connection_is_bad() -> None:
    with run_mosquitto(f"{DEFAULTS}memory_limit 300000\n") as broker:
        assert "BAD" in words(examine(broker.url)).values()


def secured(folder: Path) -> str:
    """What we ship, with its listener for the field in place of the one for this host."""
    passwords, rights = folder / "passwords", folder / "acl"
    users = ("agripark", "room-0001", "stranger")
    passwords.write_text("".join(f"{user}:{user}-pw\n" for user in users))
    passwords.chmod(0o600)
    subprocess.run(("mosquitto_passwd", "-U", passwords), check=True)
    rights.write_text(MOSQUITTO_CONFIGURATION.with_name("agripark.acl.example").read_text())
    text = MOSQUITTO_CONFIGURATION.read_text()
    text = text.replace(f"{MOSQUITTO_LISTENER}\nallow_anonymous true\n", "")
    for commented, line in (
        ("#listener 8883", MOSQUITTO_LISTENER),
        ("#allow_anonymous false", "allow_anonymous false"),
        ("#password_file /etc/mosquitto/agripark.passwd", f"password_file {passwords}"),
        ("#acl_file /etc/mosquitto/agripark.acl", f"acl_file {rights}"),
    ):
        assert text.count(commented) == 1
        text = text.replace(commented, line)
    return text


def as_user(url: str, user: str) -> str:
    return url.replace("mqtt://", f"mqtt://{user}:{user}-pw@")


@VERSIONS
def test_the_shipped_rights_let_agripark_look_and_others_not(version: str, tmp_path: Path) -> None:
    with run_mosquitto(secured(tmp_path)) as broker:
        allowed = examine(as_user(broker.url, "agripark"), version)
        forbidden = examine(as_user(broker.url, "stranger"), version)
        refused = examine(as_user(broker.url, "nobody"), version)
    assert set(words(allowed).values()) == {"ok"}
    assert words(forbidden) == {"broker's limits": "ok", "broker's queues": "warn"}
    assert "agripark-doctor/#" in findings_text(forbidden)
    assert words(refused) == {"broker's queues": "BAD"}
    assert "nobody-pw" not in findings_text(refused)


def test_the_shipped_rights_keep_a_device_to_its_own_topics(tmp_path: Path) -> None:
    own = "agripark/v1/linyi/cold_room/room-0001/telemetry"
    with run_mosquitto(secured(tmp_path)) as broker:
        command = ("mosquitto_sub", "-p", str(broker.port), "-u", "agripark", "-P", "agripark-pw")
        reader = subprocess.Popen(
            (*command, "-t", "#", "-F", "%t", "-W", "20", "-C", "2"), stdout=subprocess.PIPE
        )
        wait_for(lambda: "as auto-" in broker.log.read_text(), 10)
        for topic in (own.replace("0001", "0002"), "agripark-doctor/x", "other", own, own):
            device = ("mosquitto_pub", "-p", str(broker.port), "-u", "room-0001")
            subprocess.run(
                (*device, "-P", "room-0001-pw", "-q", "1", "-t", topic, "-m", "1"), check=True
            )
        read, _ = reader.communicate(timeout=30)
    assert read.decode().split() == [own, own]


def test_the_embedded_broker_is_found_wanting() -> None:
    with embedded_broker() as url:
        findings = examine(url, "3.1.1")
    assert "BAD" in words(findings).values()


def test_a_broker_that_is_away_is_one_finding() -> None:
    (finding,) = examine(f"mqtt://user:secret@127.0.0.1:{free_port()}")
    assert finding.word == "BAD"
    assert "secret" not in finding.detail


def test_a_group_wants_shared_subscriptions(mosquitto: Mosquitto) -> None:
    assert words(examine(mosquitto.url, group="park"))["broker's limits"] == "ok"


def test_an_ingest_that_never_ran_has_no_session(tmp_path: Path) -> None:
    spool = tmp_path / "spool.db"
    assert check_session(spool).word == "warn"
    spool.touch()
    assert check_session(spool).word == "ok"
