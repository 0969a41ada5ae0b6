"""Alarms as the API shows them, and what people want done to them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from api.models.common import AssetRef, Kg, Model, Name, Time
from ingest.alarms import model
from ingest.alarms.model import Action, AlarmStatus, Priority
from ingest.alarms.rules.rule import Rule as Watched
from ingest.alarms.rules.rule import RuleSet
from park.assets import Park
from park.scans import Instant
from park.times import from_epoch_ms
from traceability.figures.reading import StoredLot

Words = Annotated[str, Field(min_length=1, max_length=300, pattern=r"^[^\x00-\x1f\x7f]*$")]
_Note = Annotated[str, Field(max_length=300, pattern=r"^[^\x00-\x1f\x7f]*$")]


class Acknowledgement(BaseModel):
    """Who has seen an alarm."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    person: Annotated[Words, Field(examples=["Li Wei"])]
    note: _Note = ""


class Hiding(BaseModel):
    """Who takes an alarm out of service, and why."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    person: Annotated[Words, Field(examples=["Li Wei"])]
    note: Annotated[Words, Field(description="Why; it is shown as long as the alarm is hidden.")]


class Shelving(Hiding):
    """Who shelves an alarm, why and until when."""

    until: Annotated[Instant, Field(description="Within 24 h. It comes back by itself.")]


class RuleRef(Model):
    """A rule, briefly."""

    id: Annotated[str, Field(examples=["room-warm"])]
    title: Name
    advice: Annotated[Name, Field(description="What to do about it.")]

    @classmethod
    def of(cls, rules: RuleSet, rule_id: str) -> "RuleRef":
        """A reference to a rule, named by its id where it is watched no longer."""
        rule = rules.find(rule_id)
        if rule is None:
            return cls(id=rule_id, title=Name(en=rule_id, zh=rule_id), advice=Name(en="", zh=""))
        return cls(id=rule.id, title=Name.of(rule.title), advice=Name.of(rule.advice))


class AtStake(Model):
    """A batch that lies where something is wrong."""

    asset: AssetRef
    gtin: str
    lot: str
    mass_kg: Kg
    since: Time
    destinations: Annotated[list[str], Field(description="Where parts of it went so far.")]
    href: str

    @classmethod
    def of(cls, park: Park, lot: StoredLot) -> "AtStake":
        """A batch in a room as JSON."""
        return cls(
            asset=AssetRef.of(park, lot.room),
            gtin=lot.batch.gtin,
            lot=lot.batch.lot,
            mass_kg=lot.mass_kg,
            since=lot.since,
            destinations=list(lot.destinations),
            href=f"/{lot.batch.path}",
        )


class Alarm(Model):
    """One alarm as it stands; its identity is its asset and its rule."""

    asset: AssetRef
    rule: RuleRef
    priority: Priority
    status: AlarmStatus
    active: Annotated[bool, Field(description="Whether its condition holds, also while hidden.")]
    raised_at: Annotated[Time | None, Field(description="By the device's clock.")]
    since: Annotated[Time | None, Field(description="When the condition began.")]
    cleared_at: Time | None
    changed_at: Annotated[Time, Field(description="When something happened to it last.")]
    value: Annotated[float | None, Field(description="What was measured when it was raised.")]
    limit: Annotated[float | None, Field(description="What it was measured against.")]
    reason: Annotated[str | None, Field(description="Why it is hidden.")]
    person: Annotated[str | None, Field(description="Who acknowledged or hid it.")]
    shelved_until: Time | None
    at_stake: Annotated[
        list[AtStake] | None,
        Field(description="What lies there now; null in lists, and where it can't be found out."),
    ] = None
    href: str

    @classmethod
    def of(
        cls,
        park: Park,
        rules: RuleSet,
        alarm: model.Alarm,
        at_stake: Sequence[StoredLot] | None = None,
    ) -> "Alarm":
        """An alarm as JSON."""
        return cls(
            asset=AssetRef.of(park, alarm.asset),
            rule=RuleRef.of(rules, alarm.rule),
            priority=alarm.priority,
            status=alarm.status,
            active=alarm.is_active,
            raised_at=_time(alarm.raised_ms),
            since=_time(alarm.since_ms),
            cleared_at=_time(alarm.cleared_ms),
            changed_at=from_epoch_ms(alarm.changed_ms),
            value=alarm.value,
            limit=alarm.limit,
            reason=alarm.reason or None,
            person=alarm.person,
            shelved_until=_time(alarm.shelved_until_ms),
            at_stake=None if at_stake is None else [AtStake.of(park, lot) for lot in at_stake],
            href=f"/v1/alarms/{alarm.asset}/{alarm.rule}",
        )


class Transition(Model):
    """One entry of the journal."""

    id: int
    asset: AssetRef
    rule: str
    priority: Priority
    action: Action
    before: AlarmStatus
    after: AlarmStatus
    at: Annotated[Time, Field(description="When it happened, by the device's clock.")]
    recorded_at: Annotated[Time, Field(description="When it was entered here.")]
    person: str | None
    note: str
    value: float | None
    limit: float | None

    @classmethod
    def of(cls, park: Park, entry: model.Transition) -> "Transition":
        """An entry as JSON."""
        return cls(
            id=entry.id,
            asset=AssetRef.of(park, entry.asset),
            rule=entry.rule,
            priority=entry.priority,
            action=entry.action,
            before=entry.before,
            after=entry.after,
            at=from_epoch_ms(entry.at_ms),
            recorded_at=from_epoch_ms(entry.recorded_ms),
            person=entry.person,
            note=entry.note,
            value=entry.value,
            limit=entry.limit,
        )


class Rule(Model):
    """Something that is watched."""

    id: Annotated[str, Field(examples=["room-warm"])]
    title: Name
    advice: Annotated[Name, Field(description="What to do about it.")]
    priority: Priority
    kind: Annotated[str, Field(description="The telemetry that it looks at.")]

    @classmethod
    def of(cls, rule: Watched) -> "Rule":
        """A rule as JSON."""
        return cls(
            id=rule.id,
            title=Name.of(rule.title),
            advice=Name.of(rule.advice),
            priority=rule.priority,
            kind=rule.kind,
        )


def _time(milliseconds: int | None) -> datetime | None:
    return None if milliseconds is None else from_epoch_ms(milliseconds)
