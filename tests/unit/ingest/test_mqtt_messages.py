"""What paho hands over is taken as it is, broken topics included."""

import pytest

from ingest.decoding import Decoder
from ingest.errors import BrokerError
from ingest.mqtt import BrokerOptions
from ingest.packets import as_text
from park.assets import Park
from tests.support.ingest_fakes import ROOM_TOPIC


def test_a_topic_is_its_text() -> None:
    assert as_text(ROOM_TOPIC.encode()) == ROOM_TOPIC


def test_a_topic_that_is_no_utf_8_is_shown_escaped_and_leads_nowhere(small_park: Park) -> None:
    topic = as_text(b"agripark/v1/linyi/cold_room/room-\xff/telemetry")
    assert topic == r"agripark/v1/linyi/cold_room/room-\xff/telemetry"
    (fault,) = Decoder(small_park, 300, 1_024).decode(topic, b"{}", 0).faults
    assert fault.code == "unknown-asset"


def test_a_brokers_name_never_tells_the_password() -> None:
    options = BrokerOptions("mqtts://device:secret@broker.example", "5", "x", 10)
    assert options.name == "broker.example:8883"


def test_consumers_of_a_group_share_what_they_subscribe_to() -> None:
    options = BrokerOptions("mqtt://127.0.0.1", "5", "x", 10, group="park")
    assert options.shared(("a/+", "b/#")) == ("$share/park/a/+", "$share/park/b/#")


@pytest.mark.parametrize(("version", "group"), [("3.1.1", "park"), ("5", "a/b"), ("5", "all+")])
def test_a_group_that_no_broker_would_take_is_refused(version: str, group: str) -> None:
    with pytest.raises(BrokerError, match="group"):
        BrokerOptions("mqtt://127.0.0.1", version, "x", 10, group=group).shared(("a",))
