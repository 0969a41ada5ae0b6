"""A topic leads to one asset of the park, or says why not."""

import pytest

from ingest.errors import MessageError
from ingest.topics import Channel, Router, telemetry_topic
from park.assets import Park


@pytest.fixture
def router(small_park: Park) -> Router:
    return Router(small_park)


def test_a_telemetry_topic_leads_to_its_asset_with_its_centre(router: Router) -> None:
    route = router.route("agripark/v1/linyi/cold_room/room-0001/telemetry")
    assert (route.channel, route.kind, route.asset.id) == (
        Channel.TELEMETRY,
        "cold_room",
        "room-0001",
    )
    assert route.centre == "centre-01"


def test_kinds_without_a_centre_tag_have_none(router: Router) -> None:
    assert router.route("agripark/v1/linyi/soil/probe-0001/telemetry").centre is None


def test_a_scan_topic_names_the_type_of_the_readers_asset(router: Router) -> None:
    route = router.route("agripark/v1/linyi/packhouse/packhouse-01/scan")
    assert (route.channel, route.asset.id) == (Channel.SCAN, "packhouse-01")


def test_the_topic_that_is_written_is_the_one_that_is_read(router: Router) -> None:
    assert router.route(telemetry_topic("linyi", "soil", "probe-0001")).asset.id == "probe-0001"


@pytest.mark.parametrize(
    ("topic", "code"),
    [
        ("", "unknown-topic"),
        ("agripark/v1/linyi/cold_room/room-0001", "unknown-topic"),
        ("agripark/v1/linyi/cold_room/room-0001/telemetry/more", "unknown-topic"),
        ("agripark/v2/linyi/cold_room/room-0001/telemetry", "unknown-topic"),
        ("farm/v1/linyi/cold_room/room-0001/telemetry", "unknown-topic"),
        ("agripark/v1/linyi/cold_room/room-0001/alarm", "unknown-topic"),
        ("agripark/v1/elsewhere/cold_room/room-0001/telemetry", "unknown-site"),
        ("agripark/v1/linyi/volcano/room-0001/telemetry", "unknown-kind"),
        ("agripark/v1/linyi/orchard/orchard-001/telemetry", "unknown-kind"),
        ("agripark/v1/linyi/soil/probe-0001/scan", "unknown-kind"),
        ("agripark/v1/linyi/cold_room/room-9999/telemetry", "unknown-asset"),
        ("agripark/v1/linyi/cold_room//telemetry", "unknown-asset"),
        ("agripark/v1/linyi/soil/room-0001/telemetry", "unknown-asset"),
        ("agripark/v1/linyi/cold_room/probe-0001/telemetry", "unknown-asset"),
        ("agripark/v1/linyi/packhouse/room-0001/scan", "unknown-asset"),
    ],
)
def test_a_topic_that_leads_nowhere_says_why(router: Router, topic: str, code: str) -> None:
    with pytest.raises(MessageError) as caught:
        router.route(topic)
    assert caught.value.code == code
