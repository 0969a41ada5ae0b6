"""Alarms: how they stand, what became of them, and what people do about them."""

from typing import Annotated

from fastapi import APIRouter, Body, Path, Query

from api.errors import ProblemError
from api.models.alarms import Acknowledgement, Alarm, Hiding, Rule, Shelving, Transition
from api.models.common import Items
from api.openapi import problems
from api.parameters import (
    DEFAULT_LIMIT,
    After,
    AssetPath,
    Limit,
    PathText,
    TimeQuery,
    Word,
    bad_token,
    read_token,
    write_token,
)
from api.services import Services, ServicesNeeded
from ingest.alarms.lifecycle import Order
from ingest.alarms.model import Action, AlarmStatus, Priority
from ingest.alarms.register import AlarmRegister
from ingest.alarms.rules.rule import RuleSet
from park.times import to_epoch_ms
from traceability.errors import DatabaseUnavailableError

router = APIRouter(tags=["Alarms"], responses=problems("no-ingest-here", "spool-unavailable"))

RulePath = Annotated[PathText, Path(description="Rule id.", examples=["room-warm"])]
_LONGEST_NUMBER = 19
_ACTING = problems(
    "malformed-json", "asset-not-found", "alarm-rule-not-found", "alarm-action-refused"
)
_SHELVING = {"person": "Li Wei", "note": "door seal is replaced", "until": "2026-10-12T12:00:00Z"}
_HIDING = {"person": "Li Wei", "note": "probe is calibrated"}
_ALL_BUT_NORMAL = tuple(status for status in AlarmStatus if status is not AlarmStatus.NORMAL)


def _parts(services: Services) -> tuple[AlarmRegister, RuleSet]:
    if services.alarms is None or services.alarm_rules is None:
        raise ProblemError("no-ingest-here", "ingest doesn't run beside this server")
    return services.alarms, services.alarm_rules


@router.get("/alarms", summary="List alarms", responses=problems("bad-page-token"))
def list_alarms(
    services: ServicesNeeded,
    status: Annotated[
        list[AlarmStatus] | None,
        Query(description="Repeat it for several; left out, all that aren't normal."),
    ] = None,
    priority: Annotated[Priority | None, Query(description="Only of this priority.")] = None,
    asset: Annotated[Word | None, Query(description="Only of this asset.")] = None,
    rule: Annotated[Word | None, Query(description="Only of this rule.")] = None,
    limit: Limit = DEFAULT_LIMIT,
    after: After = None,
) -> Items[Alarm]:
    """Alarms as they stand, by asset and rule."""
    register, rules = _parts(services)
    found = register.alarms(
        statuses=_ALL_BUT_NORMAL if status is None else status,
        priority=priority,
        assets=() if asset is None else (asset,),
        rule=rule,
        after=_read_place(after),
        limit=limit + 1,
    )
    page = found[:limit]
    return Items(
        items=[Alarm.of(services.park, rules, alarm) for alarm in page],
        next=write_token(f"{page[-1].asset}\n{page[-1].rule}") if len(found) > limit else None,
    )


@router.get("/alarms/{asset}/{rule}", summary="One alarm", responses=problems("alarm-not-found"))
def get_alarm(services: ServicesNeeded, asset: AssetPath, rule: RulePath) -> Alarm:
    """How one alarm stands, and which batches lie there."""
    register, rules = _parts(services)
    found = register.alarm(rule, asset)
    if found is None:
        raise ProblemError("alarm-not-found", f"{rule!r} of {asset!r} was never raised")
    try:
        at_stake = services.traceability.stored_in(services.park.within(asset))
    except DatabaseUnavailableError:
        return Alarm.of(services.park, rules, found)
    return Alarm.of(services.park, rules, found, at_stake)


@router.post(
    "/alarms/{asset}/{rule}/acknowledge", summary="Acknowledge an alarm", responses=_ACTING
)
def acknowledge_alarm(
    services: ServicesNeeded,
    asset: AssetPath,
    rule: RulePath,
    body: Annotated[Acknowledgement, Body(examples=[{"person": "Li Wei", "note": "on my way"}])],
) -> Alarm:
    """Say that somebody has seen it."""
    order = Order(Action.ACKNOWLEDGE, body.person, body.note)
    return _act(services, asset, rule, order)


@router.post("/alarms/{asset}/{rule}/shelve", summary="Shelve an alarm", responses=_ACTING)
def shelve_alarm(
    services: ServicesNeeded,
    asset: AssetPath,
    rule: RulePath,
    body: Annotated[Shelving, Body(examples=[_SHELVING])],
) -> Alarm:
    """Hide it until a time; it comes back by itself. Shelving again moves the end."""
    order = Order(Action.SHELVE, body.person, body.note, to_epoch_ms(body.until))
    return _act(services, asset, rule, order)


@router.post("/alarms/{asset}/{rule}/unshelve", summary="Unshelve an alarm", responses=_ACTING)
def unshelve_alarm(
    services: ServicesNeeded,
    asset: AssetPath,
    rule: RulePath,
    body: Annotated[Acknowledgement, Body(examples=[{"person": "Li Wei"}])],
) -> Alarm:
    """Bring it back to sight before its time."""
    return _act(services, asset, rule, Order(Action.UNSHELVE, body.person, body.note))


@router.post(
    "/alarms/{asset}/{rule}/take-out-of-service",
    summary="Take an alarm out of service",
    responses=_ACTING,
)
def take_alarm_out_of_service(
    services: ServicesNeeded,
    asset: AssetPath,
    rule: RulePath,
    body: Annotated[Hiding, Body(examples=[_HIDING])],
) -> Alarm:
    """Hide it without an end, as for maintenance."""
    return _act(services, asset, rule, Order(Action.TAKE_OUT_OF_SERVICE, body.person, body.note))


@router.post(
    "/alarms/{asset}/{rule}/return-to-service",
    summary="Return an alarm to service",
    responses=_ACTING,
)
def return_alarm_to_service(
    services: ServicesNeeded,
    asset: AssetPath,
    rule: RulePath,
    body: Annotated[Acknowledgement, Body(examples=[{"person": "Li Wei"}])],
) -> Alarm:
    """Show it again; where its condition holds, it waits to be acknowledged."""
    return _act(services, asset, rule, Order(Action.RETURN_TO_SERVICE, body.person, body.note))


@router.get("/alarm-journal", summary="What became of alarms", responses=problems("bad-page-token"))
def list_transitions(
    services: ServicesNeeded,
    asset: Annotated[Word | None, Query(description="Only of this asset.")] = None,
    rule: Annotated[Word | None, Query(description="Only of this rule.")] = None,
    start: Annotated[TimeQuery | None, Query(description="Recorded then or later.")] = None,
    end: Annotated[TimeQuery | None, Query(description="Recorded before then.")] = None,
    limit: Limit = DEFAULT_LIMIT,
    after: After = None,
) -> Items[Transition]:
    """Every transition, the newest first."""
    register, _ = _parts(services)
    found = register.journal(
        asset=asset,
        rule=rule,
        since_ms=None if start is None else to_epoch_ms(start),
        until_ms=None if end is None else to_epoch_ms(end),
        before_id=None if after is None else _read_number(after),
        limit=limit + 1,
    )
    page = found[:limit]
    return Items(
        items=[Transition.of(services.park, entry) for entry in page],
        next=write_token(str(page[-1].id)) if len(found) > limit else None,
    )


@router.get("/alarm-rules", summary="What is watched")
def list_alarm_rules(services: ServicesNeeded) -> Items[Rule]:
    """Every rule, by its id."""
    _, rules = _parts(services)
    return Items(items=[Rule.of(rule) for rule in rules])


def _act(services: Services, asset: str, rule: str, order: Order) -> Alarm:
    register, rules = _parts(services)
    services.park.asset(asset)
    watched = rules.find(rule)
    if watched is None:
        raise ProblemError("alarm-rule-not-found", f"no alarm rule {rule!r}")
    alarm = register.act(rule, asset, watched.priority, order)
    return Alarm.of(services.park, rules, alarm)


def _read_place(token: str | None) -> tuple[str, str]:
    if token is None:
        return "", ""
    parts = read_token(token).split("\n")
    if len(parts) != len(("asset", "rule")):
        raise bad_token()
    return parts[0], parts[1]


def _read_number(token: str) -> int:
    text = read_token(token)
    if not (text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER):
        raise bad_token()
    return int(text)
