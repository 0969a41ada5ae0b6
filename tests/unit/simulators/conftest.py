"""A small season, generated once, and fakes of what it is sent to."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import orjson
import pytest

from park.assets import Park
from park.scans import ReceiveScan
from simulators.messages import Message, Outgoing, Payload, Telemetry
from simulators.season import Cadences, SeasonPlan, plan_season, season_settings
from simulators.timeline import season_messages


@dataclass
class FakePublisher:
    """Keeps what it is given."""

    messages: list[Message] = field(default_factory=list)
    flushed: bool = False

    def publish(self, message: Message) -> None:
        self.messages.append(message)

    def flush(self) -> None:
        self.flushed = True


@dataclass
class FakePoster:
    """Keeps what it is given."""

    scans: list[ReceiveScan] = field(default_factory=list)
    finished: bool = False

    def post(self, scan: ReceiveScan) -> None:
        self.scans.append(scan)

    def finish(self) -> None:
        self.finished = True


@pytest.fixture
def publisher() -> FakePublisher:
    return FakePublisher()


@pytest.fixture
def poster() -> FakePoster:
    return FakePoster()


@pytest.fixture(scope="session")
def season(small_park: Park) -> SeasonPlan:
    """The demo's season."""
    return plan_season(small_park, season_settings(small_park, seed=1, year=2025))


@pytest.fixture(scope="session")
def short_season(small_park: Park) -> SeasonPlan:
    """A season that is quick to generate."""
    settings = season_settings(
        small_park,
        seed=7,
        year=2024,
        harvest_batches=12,
        orchards=4,
        blocks_per_orchard=1,
        greenhouses=1,
        weather_stations=1,
        cadences=Cadences(room_s=2 * 3600, weather_s=2 * 3600, soil_s=6 * 3600),
    )
    return plan_season(small_park, settings)


@pytest.fixture(scope="session")
def outgoing(season: SeasonPlan) -> Sequence[Outgoing]:
    """All that the season sends."""
    return list(season_messages(season))


@pytest.fixture(scope="session")
def readings(outgoing: Sequence[Outgoing]) -> dict[str, dict[str, list[Payload]]]:
    """Every reading of the season by kind and asset, in the order of sending."""
    found: dict[str, dict[str, list[Payload]]] = {}
    for message in outgoing:
        if isinstance(message, Telemetry):
            _, _, _, kind, asset, channel = message.topic.split("/")
            assert channel == "telemetry"
            found.setdefault(kind, {}).setdefault(asset, []).extend(orjson.loads(message.payload))
    return found
