"""The parts that answer under `/epcis`."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Request, WebSocket
from sqlalchemy import Engine

from api.epcis.problems import EPCIS_PROBLEM_OF_ERROR
from api.problems import problem_of
from park.settings import Settings
from traceability.epcis.jobs import CaptureJobs
from traceability.epcis.named_queries import NamedQueries
from traceability.epcis.resources import EventResources
from traceability.epcis.subscriptions.delivery import SubscriptionRunner
from traceability.epcis.subscriptions.feed import EventFeed
from traceability.epcis.subscriptions.store import Subscriptions
from traceability.epcis.subscriptions.webhooks import Webhooks
from traceability.errors import QueryError
from traceability.event_repository import EventRepository


@dataclass(frozen=True, slots=True, kw_only=True)
class EpcisServices:
    """The repository in the form of the standard; all parts are safe to share among threads."""

    repository: EventRepository
    resources: EventResources
    jobs: CaptureJobs
    queries: NamedQueries
    subscriptions: Subscriptions
    feed: EventFeed
    webhooks: Webhooks
    runner: SubscriptionRunner
    """Delivers to subscribers once it was started; `wake` it where events were captured."""

    @classmethod
    def over(
        cls,
        engine: Engine,
        repository: EventRepository,
        settings: Settings,
        clock: Callable[[], datetime],
    ) -> "EpcisServices":
        """The parts over one database. Nothing runs yet; `close` them afterwards."""
        subscriptions, feed = Subscriptions(engine), EventFeed(engine, repository.park)
        webhooks = Webhooks(private_hosts=settings.sends_to_private_hosts)
        return cls(
            repository=repository,
            resources=EventResources(engine),
            jobs=CaptureJobs(engine),
            queries=NamedQueries(engine),
            subscriptions=subscriptions,
            feed=feed,
            webhooks=webhooks,
            runner=SubscriptionRunner(
                subscriptions, feed, webhooks, describe=_described, clock=clock
            ),
        )

    def close(self) -> None:
        """End deliveries in good order."""
        self.runner.stop()
        self.webhooks.close()


def _described(error: QueryError) -> dict[str, Any]:
    return problem_of(error, EPCIS_PROBLEM_OF_ERROR).as_json()


def epcis_of(connection: Request | WebSocket) -> EpcisServices:
    """The parts of the application that serves the request."""
    found: EpcisServices | None = connection.app.state.services.epcis
    if found is None:
        msg = "the application was made without its EPCIS services"
        raise RuntimeError(msg)
    return found


async def _needed(request: Request) -> EpcisServices:
    return epcis_of(request)


EpcisNeeded = Annotated[EpcisServices, Depends(_needed)]
