"""Who hears of which alarms, and when. Pure: given an instant, it says who."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta, timezone
from enum import StrEnum

from ingest.alarms.model import Priority
from park.assets import Park
from park.errors import UnknownAssetError
from park.times import from_epoch_ms, to_epoch_ms

_DAY = timedelta(days=1)
URGENT = Priority.CRITICAL
"""What no quiet hours hold back."""


class Channel(StrEnum):
    """How somebody is told."""

    EMAIL = "email"
    WEBHOOK = "webhook"


@dataclass(frozen=True, slots=True)
class Hours:
    """A part of the day, by the park's clock; it may go over midnight."""

    begin: time
    end: time

    def holds(self, local: datetime) -> bool:
        """Whether an instant of the park's clock lies in it."""
        now = local.time()
        if self.begin <= self.end:
            return self.begin <= now < self.end
        return now >= self.begin or now < self.end

    def shift_day(self, local: datetime) -> int:
        """The weekday on which the shift began that an instant lies in; Monday is 0."""
        is_after_midnight = self.begin > self.end and local.time() < self.end
        return (local - _DAY if is_after_midnight else local).weekday()

    def over_at(self, local: datetime) -> datetime:
        """When it ends that holds this instant."""
        end = local.replace(hour=self.end.hour, minute=self.end.minute, second=0, microsecond=0)
        return end if end > local else end + _DAY


@dataclass(frozen=True, slots=True)
class Recipient:
    """A person or a shift."""

    id: str
    addresses: Sequence[tuple[Channel, str]]
    language: str = "en"
    quiet: Hours | None = None
    """When only what is most urgent is told; the rest follows afterwards."""
    secret: str = ""
    """What webhook messages are signed with; nothing where empty."""


@dataclass(frozen=True, slots=True)
class Route:
    """Which alarms go to whom."""

    to: Sequence[str]
    areas: Sequence[str] = ()
    """Assets; what lies in them is meant, too. None: everywhere."""
    rules: Sequence[str] = ()
    priorities: Sequence[Priority] = ()
    hours: Hours | None = None
    days: Sequence[int] = ()
    returns: bool = False
    """Whether those who were told of an alarm hear of its return, too."""
    escalate_after_ms: int | None = None
    escalate_to: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Smtp:
    """The server that takes e-mails."""

    host: str
    port: int
    sender: str
    username: str = ""
    password: str = ""
    security: str = "starttls"
    """`starttls`, `tls` or `none`."""


@dataclass(frozen=True, slots=True)
class NotifyPlan:
    """Recipients, routes, and the clock that shifts go by."""

    recipients: Mapping[str, Recipient]
    routes: Sequence[Route]
    smtp: Smtp | None = None
    utc_offset: timedelta = timedelta(hours=8)
    gather_ms: int = 30_000
    """So long what is raised is gathered for one message."""

    def local(self, now_ms: int) -> datetime:
        """An instant by the park's clock."""
        return from_epoch_ms(now_ms).astimezone(timezone(self.utc_offset))

    def routes_of(
        self, park: Park, asset: str, rule: str, priority: Priority, now_ms: int
    ) -> Iterator[tuple[int, Route]]:
        """The routes that an alarm takes now, with their numbers."""
        places, local = set(_places(park, asset)), self.local(now_ms)
        for number, route in enumerate(self.routes):
            if (
                (not route.areas or places.intersection(route.areas))
                and (not route.rules or rule in route.rules)
                and (not route.priorities or priority in route.priorities)
                and _is_on_duty(route, local)
            ):
                yield number, route

    def due_ms(self, recipient: Recipient, priority: Priority, now_ms: int) -> int:
        """When a recipient may hear of something that happened now."""
        gathered_ms = now_ms + self.gather_ms
        local = self.local(gathered_ms)
        quiet = recipient.quiet
        if priority is URGENT or quiet is None or not quiet.holds(local):
            return gathered_ms
        return to_epoch_ms(quiet.over_at(local))


def _places(park: Park, asset: str) -> Iterator[str]:
    current: str | None = asset
    while current is not None:
        yield current
        try:
            current = park.asset(current).parent
        except UnknownAssetError:
            return


def _is_on_duty(route: Route, local: datetime) -> bool:
    if route.hours is None:
        return not route.days or local.weekday() in route.days
    is_day = not route.days or route.hours.shift_day(local) in route.days
    return is_day and route.hours.holds(local)
