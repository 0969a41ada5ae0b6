"""Events of any partner for tests of lineage, in few words: times are hours since the start."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, func, insert, select

from park.gs1 import check_digit
from park.times import to_epoch_ms
from traceability import tables
from traceability.epcis.model import (
    Action,
    AggregationEvent,
    AnyEvent,
    BusinessTransaction,
    ErrorDeclaration,
    ObjectEvent,
    Party,
    Place,
    Quantity,
    TransformationEvent,
)
from traceability.findings import Finding
from traceability.provenance.projection import project

START = datetime(2026, 10, 1, tzinfo=UTC)
HOST = "https://id.gs1.org"
GLN = "9521141000014"

Amounts = Mapping[str, float | tuple[float, str | None] | None]
"""Kilograms, or an amount and its unit, or no amount, by class."""


def hour(number: float) -> datetime:
    """An instant of the story."""
    return START + timedelta(hours=number)


def lot(name: str, product: int = 1) -> str:
    """A lot by its canonical identifier."""
    body = f"0952114100{product:03d}"
    return f"{HOST}/01/{body}{check_digit(body)}/10/{name}"


def pallet(number: int) -> str:
    """A pallet by its canonical identifier."""
    body = f"09521141{number:09d}"
    return f"{HOST}/00/{body}{check_digit(body)}"


def place(name: str | None = None) -> str:
    """A place within the partner's site, or the site."""
    site = f"{HOST}/414/{GLN}"
    return site if name is None else f"{site}/254/{name}"


def party(number: int) -> str:
    """A partner."""
    body = f"95211410{number:04d}"
    return f"{HOST}/417/{body}{check_digit(body)}"


def _quantities(amounts: Amounts) -> tuple[Quantity, ...]:
    made = []
    for name, amount in amounts.items():
        value, uom = amount if isinstance(amount, tuple) else (amount, "KGM")
        made.append(Quantity(name, value, None if value is None else uom))
    return tuple(made)


class Events:
    """Makes events, each with an id of its own."""

    def __init__(self) -> None:
        self._made = 0

    def _common(self, at: float, where: str | None, more: Mapping[str, Any]) -> dict[str, Any]:
        self._made += 1
        spot = None if where is None else Place(place(where))
        common = {
            "event_id": f"urn:uuid:00000000-0000-4000-8000-{self._made:012d}",
            "event_time": hour(at),
            "event_time_zone_offset": "+08:00",
            "read_point": spot,
            "biz_location": spot,
        }
        return {**common, **more}

    def make(self, at: float, amounts: Amounts, where: str | None = None, **more: Any) -> AnyEvent:
        """Lots come into being."""
        common = self._common(at, where, {"biz_step": "commissioning", **more})
        return ObjectEvent(action=Action.ADD, quantities=_quantities(amounts), **common)

    def make_items(self, at: float, epcs: Sequence[str], where: str | None = None) -> AnyEvent:
        """Objects come into being."""
        return ObjectEvent(action=Action.ADD, epcs=epcs, **self._common(at, where, {}))

    def see(
        self,
        at: float,
        named: Sequence[str] | Amounts,
        where: str | None = None,
        **more: Any,
    ) -> AnyEvent:
        """Objects, or amounts of lots, are seen."""
        what: dict[str, Any] = (
            {"quantities": _quantities(named)} if isinstance(named, Mapping) else {"epcs": named}
        )
        return ObjectEvent(action=Action.OBSERVE, **what, **self._common(at, where, more))

    def end(self, at: float, amounts: Amounts, where: str | None = None) -> AnyEvent:
        """Lots are gone."""
        return ObjectEvent(
            action=Action.DELETE, quantities=_quantities(amounts), **self._common(at, where, {})
        )

    def turn(
        self, at: float, inputs: Amounts, outputs: Amounts, where: str | None = None, **more: Any
    ) -> AnyEvent:
        """A transformation of lots."""
        return TransformationEvent(
            input_quantities=_quantities(inputs),
            output_quantities=_quantities(outputs),
            **self._common(at, where, more),
        )

    def pack(
        self,
        at: float,
        parent: str,
        children: Amounts | Sequence[str],
        where: str | None = None,
        action: Action = Action.ADD,
    ) -> AnyEvent:
        """Lots or objects go into a container."""
        what: dict[str, Any] = (
            {"child_quantities": _quantities(children)}
            if isinstance(children, Mapping)
            else {"child_epcs": children}
        )
        common = self._common(at, where, {"biz_step": "packing"})
        return AggregationEvent(action=action, parent=parent, **what, **common)

    def unpack(
        self,
        at: float,
        parent: str,
        children: Amounts | Sequence[str] = (),
        where: str | None = None,
    ) -> AnyEvent:
        """They come out of it; without any, all do."""
        return self.pack(at, parent, children, where, Action.DELETE)

    def ship(
        self,
        at: float,
        named: Sequence[str] | Amounts,
        to: int,
        paper: str = "",
        where: str = "dock",
    ) -> AnyEvent:
        """Objects, or amounts of lots, leave for a partner."""
        papers = (BusinessTransaction(f"urn:epcglobal:cbv:bt:{GLN}:{paper}", "desadv"),)
        what: dict[str, Any] = (
            {"quantities": _quantities(named)} if isinstance(named, Mapping) else {"epcs": named}
        )
        return ObjectEvent(
            action=Action.OBSERVE,
            **what,
            **self._common(
                at,
                None,
                {
                    "biz_step": "shipping",
                    "disposition": "in_transit",
                    "read_point": Place(place(where)),
                    "biz_transactions": papers if paper else (),
                    "sources": (Party("location", place()),),
                    "destinations": (
                        Party("location", f"{HOST}/414/{party(to)[-13:]}"),
                        Party("possessing_party", party(to)),
                        Party("owning_party", party(to)),
                    ),
                },
            ),
        )


def declared_wrong(event: AnyEvent) -> AnyEvent:
    """The declaration that an event was wrong."""
    declaration = ErrorDeclaration(declaration_time=hour(1000), reason="incorrect_data")
    return replace(event, error_declaration=declaration)


def capture(engine: Engine, *events: AnyEvent) -> Mapping[int, Sequence[Finding]]:
    """Store events, and derive their lineage, in one transaction; what is odd by number."""
    with engine.begin() as connection:
        return captured(connection, events)


def captured(connection: Connection, events: Sequence[AnyEvent]) -> Mapping[int, Sequence[Finding]]:
    """The same within a transaction."""
    size = connection.execute(select(func.count()).select_from(tables.events)).scalar_one()
    rows = list(enumerate(events, size + 1))
    connection.execute(
        insert(tables.events),
        [
            {
                "seq": seq,
                "event_id": event.event_id,
                "declared": event.error_declaration is not None,
                "event_time_ms": to_epoch_ms(event.event_time),
                "record_time_ms": to_epoch_ms(event.event_time),
                "fingerprint": "",
                "content_hash": b"",
                "document": "",
            }
            for seq, event in rows
        ],
    )
    return project(connection, rows)
