"""Delivery to subscribers, on a real database, by a sender that does as it is told."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from park.assets import Park
from park.database import open_engine
from tests.support.epcis_api import Json, document, listed, seen
from tests.support.ingest_fakes import wait_for
from traceability import tables
from traceability.epcis.named_queries import NamedQueries
from traceability.epcis.subscriptions.delivery import MOST_EVENTS, SubscriptionRunner
from traceability.epcis.subscriptions.feed import EventFeed
from traceability.epcis.subscriptions.schedules import Schedule
from traceability.epcis.subscriptions.store import Subscriptions, Wanted
from traceability.epcis.subscriptions.webhooks import signature
from traceability.epcis.translation import IdentifierForm
from traceability.errors import DeliveryError, QueryError
from traceability.event_repository import EventRepository
from traceability.repository import Traceability

START = datetime(2025, 11, 15, 10, 0, 0, tzinfo=UTC)
DEST = "https://client.example.com/callback"


@dataclass
class Clock:
    """A clock that goes only when told."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **span: float) -> None:
        self.now += timedelta(**span)


@dataclass
class FakeSender:
    """Takes what is sent, unless it was told to refuse."""

    refusals: list[int] = field(default_factory=list)
    sent: list[tuple[str, bytes, Mapping[str, str]]] = field(default_factory=list)
    tries: int = 0

    def send(self, dest: str, body: bytes, headers: Mapping[str, str]) -> None:
        self.tries += 1
        if self.refusals:
            raise DeliveryError("refused", self.refusals.pop(0))
        self.sent.append((dest, body, headers))

    @property
    def messages(self) -> list[list[int]]:
        """The numbers of the events in each message."""
        return [
            [int(event["eventID"][-12:]) for event in listed(json.loads(body))]
            for _, body, _ in self.sent
        ]

    @property
    def numbers(self) -> list[int]:
        return [number for message in self.messages for number in message]


def described(error: QueryError) -> dict[str, Any]:
    return {"type": type(error).__name__, "detail": str(error)}


@dataclass
class Stage:
    """A repository with one named query, and what watches it."""

    engine: Engine
    repository: EventRepository
    subscriptions: Subscriptions
    clock: Clock
    sender: FakeSender

    def capture(self, *numbers: int, **fields: Any) -> None:
        self.repository.capture_document(document(*[seen(n, **fields) for n in numbers]))

    def subscribe(self, **wanted: Any) -> str:
        made = self.subscriptions.add("shipments", Wanted(dest=DEST, **wanted), self.clock())
        return made.subscription_id

    def runner(self) -> SubscriptionRunner:
        feed = EventFeed(self.engine, self.repository.park)
        return SubscriptionRunner(
            self.subscriptions, feed, self.sender, describe=described, clock=self.clock
        )


@pytest.fixture
def stage(small_park: Park, migrated_address: str) -> Iterator[Stage]:
    engine = open_engine(migrated_address)
    clock = Clock()
    Traceability(engine, small_park, mass_tolerance=0.005, clock_skew_s=300).migrate()
    tables.metadata.create_all(engine)
    repository = EventRepository(
        engine, small_park, mass_tolerance=0.005, clock_skew_s=300, clock=clock
    )
    NamedQueries(engine).add("shipments", {"EQ_bizStep": ["shipping"]}, clock())
    yield Stage(engine, repository, Subscriptions(engine), clock, FakeSender())
    engine.dispose()


@contextmanager
def started(stage: Stage) -> Iterator[SubscriptionRunner]:
    running = stage.runner()
    running.start()
    try:
        yield running
    finally:
        running.stop()


@pytest.fixture
def runner(stage: Stage) -> Iterator[SubscriptionRunner]:
    with started(stage) as running:
        yield running


def test_a_stream_gets_what_fits_once_and_in_order(
    stage: Stage, runner: SubscriptionRunner
) -> None:
    stage.capture(1)
    stage.subscribe()
    stage.capture(2, 3)
    stage.capture(4, bizStep="receiving")
    stage.capture(5)
    runner.wake()
    wait_for(lambda: stage.sender.numbers == [2, 3, 5])
    stage.capture(6)
    runner.wake()
    wait_for(lambda: stage.sender.numbers == [2, 3, 5, 6])


def test_a_message_names_query_and_subscription_and_is_signed(
    stage: Stage, runner: SubscriptionRunner
) -> None:
    form = IdentifierForm.ALWAYS_LINK
    made = stage.subscribe(signature_token="s3cret", identifier_form=form)  # noqa: S106 - a test's
    stage.capture(1)
    runner.wake()
    wait_for(lambda: bool(stage.sender.sent))
    dest, body, headers = stage.sender.sent[0]
    results = json.loads(body)["epcisBody"]["queryResults"]
    assert dest == DEST
    assert (results["queryName"], results["subscriptionID"]) == ("shipments", made)
    assert listed(json.loads(body))[0]["epcList"] == ["https://id.gs1.org/01/09521321000025/21/1"]
    assert headers["Content-Type"] == "application/json"
    assert headers["GS1-Signature"] == signature(body, "s3cret")
    # Computed with another tool: printf %s text | openssl dgst -sha256 -hmac key -binary | base64
    assert signature(b"text", "key") == "avqQRqlXnK0UOjhMG1ZLmiUNJ9b2pj+fIL86dZTJ4sY="


def test_who_asks_what_became_too_complex_is_told(stage: Stage, runner: SubscriptionRunner) -> None:
    place = "urn:x:place:{}".format
    NamedQueries(stage.engine).add("within", {"WD_readPoint": [place(0)]}, stage.clock())
    stage.subscriptions.add("within", Wanted(dest=DEST), stage.clock())

    def lie(depth: int, *events: Json) -> None:
        nested = [{"id": place(n), "children": [place(n + 1)]} for n in range(depth)]
        nested.append({"id": place(depth), "children": []})
        kind = {"type": "urn:epcglobal:epcis:vtype:ReadPoint", "vocabularyElementList": nested}
        header = {"epcisMasterData": {"vocabularyList": [kind]}}
        stage.repository.capture_document({**document(*events), "epcisHeader": header})

    lie(100, seen(1))
    runner.wake()
    wait_for(lambda: failures(stage, "within") == 1)
    _, body, headers = stage.sender.sent.pop()
    assert json.loads(body)["type"] == "QueryTooComplexError"
    assert headers["Content-Type"] == "application/problem+json"
    lie(1, seen(2, readPoint={"id": place(1)}))
    stage.clock.pass_by(seconds=2)
    runner.wake()
    wait_for(lambda: stage.sender.numbers == [2])


def test_many_events_come_in_several_messages(stage: Stage, runner: SubscriptionRunner) -> None:
    stage.subscribe()
    count = 2 * MOST_EVENTS + 50
    stage.capture(*range(count))
    runner.wake()
    wait_for(lambda: len(stage.sender.numbers) == count)
    assert stage.sender.numbers == list(range(count))
    assert [len(message) for message in stage.sender.messages] == [100, 100, 50]


def test_what_isnt_taken_is_sent_again_later_and_nothing_overtakes_it(
    stage: Stage, runner: SubscriptionRunner
) -> None:
    stage.sender.refusals = [503, 0, 500]
    stage.subscribe()
    stage.capture(1)
    for tries in (1, 2, 3):
        runner.wake()
        wait_for(lambda tries=tries: stage.sender.tries == tries)  # type: ignore[misc]  # mypy can't infer the default
        assert stage.sender.sent == []
        stage.capture(1 + tries)
        wait_for(lambda tries=tries: failures(stage) == tries)  # type: ignore[misc]  # the same
        stage.clock.pass_by(seconds=2**tries)
    runner.wake()
    wait_for(lambda: stage.sender.numbers == [1, 2, 3, 4])
    wait_for(lambda: failures(stage) == 0)


def failures(stage: Stage, query: str = "shipments") -> int:
    (subscription,) = stage.subscriptions.page(query, None, 10).items
    return subscription.failures


def test_a_pause_isnt_cut_short_by_new_events(stage: Stage, runner: SubscriptionRunner) -> None:
    stage.sender.refusals = [503] * 10
    stage.subscribe()
    stage.capture(1)
    runner.wake()
    wait_for(lambda: failures(stage) == 1)
    stage.capture(2)
    assert stage.subscriptions.due(stage.clock()) == []
    assert len(stage.subscriptions.due(stage.clock() + timedelta(seconds=1))) == 1


def test_a_subscriber_that_cant_take_so_much_gets_less(
    stage: Stage, runner: SubscriptionRunner
) -> None:
    stage.sender.refusals = [413, 413]
    stage.subscribe()
    stage.capture(*range(60))
    runner.wake()
    wait_for(lambda: len(stage.sender.numbers) == 60)
    assert stage.sender.numbers == list(range(60))
    assert [len(message) for message in stage.sender.messages] == [15, 15, 15, 15]


def test_a_schedule_reports_at_its_times_what_came_since(
    stage: Stage, runner: SubscriptionRunner
) -> None:
    stage.subscribe(schedule=Schedule.of({"minute": "30"}))
    stage.capture(1)
    runner.wake()
    assert stage.subscriptions.due(stage.clock()) == []
    stage.clock.pass_by(minutes=29)
    stage.capture(2)
    assert stage.subscriptions.due(stage.clock()) == []
    stage.clock.pass_by(minutes=1)
    runner.wake()
    wait_for(lambda: stage.sender.messages == [[1, 2]])
    wait_for(lambda: stage.subscriptions.due(stage.clock()) == [])
    stage.clock.pass_by(hours=1)
    runner.wake()
    wait_for(lambda: stage.subscriptions.due(stage.clock()) == [])
    stage.capture(3)
    stage.clock.pass_by(hours=1)
    runner.wake()
    wait_for(lambda: stage.sender.messages == [[1, 2], [3]])


def test_a_schedule_reports_that_nothing_came_if_asked(
    stage: Stage, runner: SubscriptionRunner
) -> None:
    stage.subscribe(schedule=Schedule.of({"hour": "[11-12]"}), report_if_empty=True)
    stage.clock.pass_by(hours=1)
    runner.wake()
    wait_for(lambda: stage.sender.messages == [[]])
    wait_for(lambda: stage.subscriptions.due(stage.clock()) == [])
    stage.capture(1)
    stage.clock.pass_by(hours=1)
    runner.wake()
    wait_for(lambda: stage.sender.messages == [[], [1]])


def test_a_clock_that_is_set_right_stops_nobody(stage: Stage) -> None:
    stage.subscribe()
    stage.subscribe(schedule=Schedule.of({"minute": "30"}))
    stage.clock.pass_by(days=400)  # it went wrong
    stage.sender.refusals = [503, 503]
    stage.capture(1)
    # Had it run before, the schedule might have reported before there was anything.
    with started(stage) as runner:
        wait_for(lambda: stage.sender.tries == 2)
        wait_for(lambda: stage.subscriptions.due(stage.clock()) == [])
        stage.clock.pass_by(days=-400)
        runner.wake()
        wait_for(lambda: stage.sender.numbers == [1])
        stage.clock.pass_by(hours=1)
        runner.wake()
        wait_for(lambda: stage.sender.numbers == [1, 1])


def test_an_initial_record_time_lies_in_the_past(stage: Stage, runner: SubscriptionRunner) -> None:
    stage.capture(1)
    stage.clock.pass_by(hours=1)
    since = stage.clock()
    stage.capture(2)
    stage.clock.pass_by(hours=1)
    stage.subscribe(initial_record_time=since)
    stage.capture(3)
    runner.wake()
    wait_for(lambda: stage.sender.numbers == [2, 3])


def test_another_runner_goes_on_where_one_ended(stage: Stage) -> None:
    stage.subscribe()
    for number in range(1, 5):
        stage.capture(number)
        with started(stage):
            wait_for(lambda number=number: len(stage.sender.numbers) == number)  # type: ignore[misc]  # as above
    assert stage.sender.numbers == [1, 2, 3, 4]


def test_several_runners_deliver_nothing_twice(stage: Stage) -> None:
    stage.subscribe()
    stage.subscribe()
    with started(stage) as one, started(stage) as two, started(stage) as three:
        for number in range(20):
            stage.capture(number)
            for running in (one, two, three):
                running.wake()
        wait_for(lambda: len(stage.sender.numbers) >= 40)
    assert sorted(stage.sender.numbers) == sorted([*range(20), *range(20)])


def test_a_claim_is_anothers_once_it_is_old(stage: Stage) -> None:
    stage.subscribe()
    (found,) = stage.subscriptions.due(stage.clock())
    now, later = stage.clock(), stage.clock() + timedelta(seconds=30)
    assert stage.subscriptions.claim(found, "one", now, later)
    assert stage.subscriptions.claim(found, "one", now, later)
    assert not stage.subscriptions.claim(found, "two", now, later)
    assert stage.subscriptions.claim(found, "two", later, later + timedelta(seconds=30))
    assert not stage.subscriptions.delivered(found, "one", 5, now, later)


def test_a_subscription_that_was_removed_gets_nothing_more(
    stage: Stage, runner: SubscriptionRunner
) -> None:
    gone, stays = stage.subscribe(), stage.subscribe()
    stage.capture(1)
    runner.wake()
    wait_for(lambda: stage.sender.numbers == [1, 1])
    stage.subscriptions.remove("shipments", gone)
    stage.capture(2)
    runner.wake()
    wait_for(lambda: stage.sender.numbers == [1, 1, 2])
    last = json.loads(stage.sender.sent[-1][1])
    assert last["epcisBody"]["queryResults"]["subscriptionID"] == stays


def test_what_doesnt_fit_is_remembered_as_seen(stage: Stage, runner: SubscriptionRunner) -> None:
    stage.subscribe()
    stage.capture(*range(1100), bizStep="receiving")
    runner.wake()
    wait_for(lambda: stage.subscriptions.page("shipments", None, 1).items[0].last_seq == 1100)
    assert stage.sender.tries == 0
