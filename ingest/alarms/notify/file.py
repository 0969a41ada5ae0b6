"""Reads the file that says who hears of which alarms."""

import re
import tomllib
from collections.abc import Sequence
from datetime import time
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from ingest.alarms.model import Priority
from ingest.alarms.notify.plan import Channel, Hours, NotifyPlan, Recipient, Route, Smtp
from ingest.alarms.rules.rule import RuleSet
from ingest.errors import RoutesError
from park.assets import Park

_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)", re.ASCII)
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_EMAIL = r"^[^@\s<>,;]+@[^@\s<>,;]+$"
_WEBHOOK = r"^https?://[^\s]+$"

Id = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=64)]


def _hours(text: str) -> Hours:
    match = _HOURS.fullmatch(text)
    if match is None or match[1] + match[2] == match[3] + match[4]:
        msg = "must be two times of the day, such as 22:00-06:00"
        raise ValueError(msg)
    begin_hour, begin_minute, end_hour, end_minute = map(int, match.groups())
    return Hours(time(begin_hour, begin_minute), time(end_hour, end_minute))


def _check_hours(text: str) -> str:
    _hours(text)
    return text


HoursText = Annotated[str, AfterValidator(_check_hours)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SmtpSection(_Section):
    """The server that takes e-mails."""

    host: Annotated[str, Field(min_length=1)]
    port: Annotated[int, Field(ge=1, le=65_535)] = 587
    sender: Annotated[str, Field(pattern=_EMAIL)]
    username: str = ""
    password_file: Path | None = None
    security: Literal["starttls", "tls", "none"] = "starttls"


class RecipientSection(_Section):
    """A person or a shift."""

    id: Id
    emails: tuple[Annotated[str, Field(pattern=_EMAIL)], ...] = ()
    webhooks: tuple[Annotated[str, Field(pattern=_WEBHOOK)], ...] = ()
    secret_file: Path | None = None
    language: Literal["en", "zh"] = "en"
    quiet: HoursText | None = None


class RouteSection(_Section):
    """Which alarms go to whom."""

    to: Annotated[tuple[str, ...], Field(min_length=1)]
    areas: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    priorities: tuple[Priority, ...] = ()
    hours: HoursText | None = None
    days: tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...] = ()
    returns: bool = False
    escalate_after_min: Annotated[float, Field(gt=0, le=10_080)] | None = None
    escalate_to: tuple[str, ...] = ()


class RoutesFile(_Section):
    """The whole file."""

    gather_s: Annotated[float, Field(ge=0, le=600)] = 30.0
    smtp: SmtpSection | None = None
    recipients: Annotated[tuple[RecipientSection, ...], Field(min_length=1)]
    routes: Annotated[tuple[RouteSection, ...], Field(min_length=1)]


def read_plan(path: Path, park: Park, rules: RuleSet) -> NotifyPlan:
    """Who hears of which alarms. Raises RoutesError that names the entry and what is wrong."""
    try:
        parsed = RoutesFile.model_validate(tomllib.loads(path.read_text("utf-8-sig")))
    except (OSError, UnicodeDecodeError) as error:
        raise RoutesError(path.name, "", f"can't be read: {error}") from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise RoutesError(path.name, "", f"is no TOML: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(step) for step in first["loc"])
        problem = first["msg"].removeprefix("Value error, ")
        raise RoutesError(path.name, where, problem) from error
    _check(parsed, path.name, park, rules)
    return NotifyPlan(
        recipients={each.id: _recipient(each, path) for each in parsed.recipients},
        routes=[_route(each) for each in parsed.routes],
        smtp=None if parsed.smtp is None else _smtp(parsed.smtp, path),
        utc_offset=park.calendar.utc_offset,
        gather_ms=round(parsed.gather_s * 1000),
    )


def _check(parsed: RoutesFile, file: str, park: Park, rules: RuleSet) -> None:
    names = [each.id for each in parsed.recipients]
    for number, each in enumerate(parsed.recipients):
        where = f"recipients.{number}"
        if names.count(each.id) > 1:
            raise RoutesError(file, where, f"there are two recipients {each.id!r}")
        if not each.emails and not each.webhooks:
            raise RoutesError(file, where, f"{each.id!r} needs emails or webhooks")
        if each.emails and parsed.smtp is None:
            raise RoutesError(file, "smtp", "is needed to send e-mails: host, sender")
    for number, route in enumerate(parsed.routes):
        _check_route(route, f"routes.{number}", file, names, park, rules)


def _check_route(
    route: RouteSection, where: str, file: str, names: Sequence[str], park: Park, rules: RuleSet
) -> None:
    for name in (*route.to, *route.escalate_to):
        if name not in names:
            raise RoutesError(file, where, f"there is no recipient {name!r}")
    for area in route.areas:
        if area not in park.assets:
            raise RoutesError(file, where, f"there is no asset {area!r} in this park")
    for rule in route.rules:
        if rules.find(rule) is None:
            raise RoutesError(file, where, f"there is no alarm rule {rule!r}")
    if (route.escalate_after_min is None) != (not route.escalate_to):
        raise RoutesError(file, where, "escalate_after_min and escalate_to belong together")


def _recipient(section: RecipientSection, file: Path) -> Recipient:
    emails = [(Channel.EMAIL, address) for address in section.emails]
    webhooks = [(Channel.WEBHOOK, address) for address in section.webhooks]
    return Recipient(
        id=section.id,
        addresses=[*emails, *webhooks],
        language=section.language,
        quiet=None if section.quiet is None else _hours(section.quiet),
        secret=_secret(section.secret_file, file),
    )


def _route(section: RouteSection) -> Route:
    after_min = section.escalate_after_min
    return Route(
        to=section.to,
        areas=section.areas,
        rules=section.rules,
        priorities=section.priorities,
        hours=None if section.hours is None else _hours(section.hours),
        days=[_DAYS.index(day) for day in section.days],
        returns=section.returns,
        escalate_after_ms=None if after_min is None else round(after_min * 60_000),
        escalate_to=section.escalate_to,
    )


def _smtp(section: SmtpSection, file: Path) -> Smtp:
    return Smtp(
        host=section.host,
        port=section.port,
        sender=section.sender,
        username=section.username,
        password=_secret(section.password_file, file),
        security=section.security,
    )


def _secret(path: Path | None, file: Path) -> str:
    """What a file of its own holds; beside the file of routes where its path is relative."""
    if path is None:
        return ""
    try:
        return (file.parent / path).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise RoutesError(file.name, str(path), f"can't be read: {error}") from error
