"""What paho hands over is taken as it is, broken topics included."""

from paho.mqtt.client import MQTTMessage

from ingest.decoding import Decoder
from ingest.mqtt import BrokerOptions, topic_of
from park.assets import Park
from tests.support.ingest_fakes import ROOM_TOPIC


def test_a_topic_is_its_text() -> None:
    assert topic_of(MQTTMessage(topic=ROOM_TOPIC.encode())) == ROOM_TOPIC


def test_a_topic_that_is_no_utf_8_is_shown_escaped_and_leads_nowhere(small_park: Park) -> None:
    topic = topic_of(MQTTMessage(topic=b"agripark/v1/linyi/cold_room/room-\xff/telemetry"))
    assert topic == r"agripark/v1/linyi/cold_room/room-\xff/telemetry"
    (fault,) = Decoder(small_park, 300, 1_024).decode(topic, b"{}", 0).faults
    assert fault.code == "unknown-asset"


def test_a_brokers_name_never_tells_the_password() -> None:
    options = BrokerOptions("mqtts://device:secret@broker.example", "5", "x", 10)
    assert options.name == "broker.example:8883"
