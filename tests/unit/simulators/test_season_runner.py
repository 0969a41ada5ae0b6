import itertools
from dataclasses import dataclass

import pytest

from park.assets import FIELD_RUN, Park
from simulators.errors import BrokerSilentError
from simulators.faults import Faults
from simulators.handheld import ScanPoster
from simulators.messages import Message, ScanSent, Telemetry
from simulators.mqtt import Publisher
from simulators.runner import Progress, lookups_of, run_season
from simulators.season import SeasonPlan, plan_season, season_settings


@dataclass
class DeadPublisher:
    """Fails after some messages."""

    left: int

    def publish(self, message: Message) -> None:
        self.left -= 1
        if self.left < 0:
            raise BrokerSilentError("mqtt://nowhere", f"gone before {message.topic}")

    def flush(self) -> None:
        """Nothing is held."""


def test_the_result_counts_what_was_sent(
    short_season: SeasonPlan, publisher: Publisher, poster: ScanPoster
) -> None:
    result = run_season(short_season, publisher, poster)
    messages = getattr(publisher, "messages", [])
    scans = getattr(poster, "scans", [])
    telemetry = [m for m in messages if isinstance(m, Telemetry)]
    assert result.messages_sent == len(messages)
    assert result.readings_sent == sum(m.readings for m in telemetry) > 5_000
    assert result.scans_sent == sum(isinstance(m, ScanSent) for m in messages) + len(scans)
    truth = short_season.truth
    stays_out = sum(stay.out_ms is not None for stay in truth.stays)
    assert result.scans_sent == (
        len(truth.harvests)
        + len(truth.stays)
        + stays_out
        + len(truth.runs)
        + len(truth.pallets)
        + len(truth.shipments)
        + sum(shipment.received for shipment in truth.shipments)
    )
    assert result.shipments == len(truth.shipments)
    assert short_season.start_ms <= result.first_ms < result.last_ms <= short_season.end_ms
    assert getattr(publisher, "flushed", False)
    assert getattr(poster, "finished", False)


def test_progress_grows_to_the_whole(
    short_season: SeasonPlan, publisher: Publisher, poster: ScanPoster
) -> None:
    told: list[Progress] = []
    result = run_season(short_season, publisher, poster, told.append)
    shares = [progress.share for progress in told]
    assert len(told) >= 2
    assert all(earlier <= later for earlier, later in itertools.pairwise(shares))
    assert shares[0] >= 0
    assert shares[-1] == 1.0
    assert told[-1].readings_sent == result.readings_sent


def test_a_broker_that_fails_ends_the_season(short_season: SeasonPlan, poster: ScanPoster) -> None:
    with pytest.raises(BrokerSilentError):
        run_season(short_season, DeadPublisher(10), poster)


def test_faults_are_laid_over_the_season(
    short_season: SeasonPlan, publisher: Publisher, poster: ScanPoster
) -> None:
    clean = run_season(short_season, publisher, poster)
    lossy = run_season(short_season, publisher, poster, faults=Faults(("dropout",), share=0.1))
    assert lossy.readings_sent == pytest.approx(0.9 * clean.readings_sent, rel=0.02)
    assert lossy.scans_sent == clean.scans_sent


@pytest.mark.parametrize("seed", range(5))
def test_three_batches_are_worth_looking_up(small_park: Park, seed: int) -> None:
    plan = plan_season(small_park, season_settings(small_park, seed=seed, year=2025))
    jujube, apple, stock = lookups_of(plan)
    products = small_park.products
    assert products[jujube.batch.gtin].variety == "winter-jujube"
    assert products[jujube.batch.gtin].grade != FIELD_RUN
    assert jujube.destination == "destination-th"
    assert jujube.batch in plan.truth.shipped_to("destination-th")
    assert "to Thailand" in jujube.about
    assert products[apple.batch.gtin].crop == "apple"
    assert apple.destination is not None
    assert stock.destination is None
    assert stock.batch in plan.truth.in_stock()
