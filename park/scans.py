"""The scan contract: what a reader sends when fruit passes it, over MQTT or HTTP alike.

A scan says which step was done to which batches or pallets, where and when. Readers at gates and
lines publish scans over MQTT, where the topic names the asset; handhelds and partners post the
same object over HTTP. `traceability` turns each scan into exactly one event; `id` makes a
repeated scan harmless.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    TypeAdapter,
)

from park.errors import IdentifierError
from park.gs1 import BatchId, parse_batch, parse_sscc
from park.times import EARLIEST, format_instant, from_epoch_ms, parse_instant


class Action(StrEnum):
    """The steps that a scan can report."""

    HARVEST = "harvest"
    STORE_IN = "store_in"
    STORE_OUT = "store_out"
    SORT = "sort"
    PALLETISE = "palletise"
    SHIP = "ship"
    RECEIVE = "receive"


def _read_instant(value: object) -> object:
    if isinstance(value, str):
        return parse_instant(value)
    if isinstance(value, int) and not isinstance(value, bool):
        try:
            return from_epoch_ms(value)
        except OverflowError as error:
            msg = f"{value} lies outside the calendar"
            raise ValueError(msg) from error
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value
    msg = "must be an RFC 3339 time with an offset, or epoch milliseconds"
    raise ValueError(msg)


def _check_not_before_2000(instant: datetime) -> datetime:
    if instant < EARLIEST:
        shown = format_instant(instant)
        msg = f"{shown} lies before 2000; is the clock set, were seconds sent for milliseconds?"
        raise ValueError(msg)
    return instant


def _read_batch(value: object) -> object:
    if isinstance(value, BatchId):
        return value
    if not isinstance(value, str):
        msg = "must be text, such as 01/{gtin}/10/{lot}"
        raise ValueError(msg)  # noqa: TRY004 - pydantic turns only ValueErrors into its own
    try:
        return parse_batch(value)
    except IdentifierError as error:
        raise ValueError(str(error)) from error


def _read_sscc(text: str) -> str:
    try:
        return parse_sscc(text)
    except IdentifierError as error:
        raise ValueError(str(error)) from error


Instant = Annotated[
    datetime,
    BeforeValidator(_read_instant, json_schema_input_type=str | int),
    PlainSerializer(format_instant, return_type=str),
]
"""RFC 3339 with an offset, or epoch milliseconds; inside, an aware UTC datetime."""

Batch = Annotated[
    BatchId,
    BeforeValidator(_read_batch, json_schema_input_type=str),
    PlainSerializer(lambda batch: batch.path, return_type=str),
]
"""`01/{gtin}/10/{lot}`, a Digital Link, `(01)…(10)…` or an LGTIN URN."""

Sscc = Annotated[str, AfterValidator(_read_sscc)]
"""18 digits, `(00)…`, a Digital Link or an SSCC URN."""

_Kilograms = Annotated[float, Field(le=1_000_000, allow_inf_nan=False, strict=True)]
"""A JSON number: text or a truth value is a fault of the sender's."""

MassKg = Annotated[_Kilograms, Field(gt=0)]

Name = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
"""An asset id, a shipment number and the like: no spaces, so that it fits a path."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class BatchQuantity(_Strict):
    """So many kilograms of a batch."""

    batch: Batch
    qty_kg: MassKg


class ScanBase(_Strict):
    """What every scan carries."""

    id: UUID
    """The reader's own id of this scan, UUIDv7 by preference; a repeat has the same one."""
    ts: Annotated[Instant, AfterValidator(_check_not_before_2000)]
    asset: Name
    """Where the reader stands: an orchard, room, line, packhouse or destination."""


class HarvestScan(ScanBase):
    """A batch comes into being at an orchard's weigh station."""

    action: Literal[Action.HARVEST] = Action.HARVEST
    batch: Batch
    qty_kg: MassKg


class StoreInScan(ScanBase):
    """Fruit passes a cold room's door inwards."""

    action: Literal[Action.STORE_IN] = Action.STORE_IN
    batch: Batch
    qty_kg: MassKg


class StoreOutScan(ScanBase):
    """Fruit passes a cold room's door outwards."""

    action: Literal[Action.STORE_OUT] = Action.STORE_OUT
    batch: Batch
    qty_kg: MassKg


class SortScan(ScanBase):
    """A sorting run: batches in, graded batches out, rejects among them."""

    action: Literal[Action.SORT] = Action.SORT
    inputs: Annotated[tuple[BatchQuantity, ...], Field(min_length=1, max_length=200)]
    outputs: Annotated[tuple[BatchQuantity, ...], Field(min_length=1, max_length=200)]
    loss_kg: Annotated[_Kilograms, Field(ge=0)] = 0.0
    """Leaves, dirt and dried-up mass: what went in and came out as no batch."""


class PalletiseScan(ScanBase):
    """Cartons are stacked to a pallet at a packhouse."""

    action: Literal[Action.PALLETISE] = Action.PALLETISE
    pallet: Sscc
    contents: Annotated[tuple[BatchQuantity, ...], Field(min_length=1, max_length=200)]


class ShipScan(ScanBase):
    """Pallets leave a packhouse for a destination."""

    action: Literal[Action.SHIP] = Action.SHIP
    shipment: Name
    pallets: Annotated[tuple[Sscc, ...], Field(min_length=1, max_length=200)]
    destination: Name
    """Asset id of the destination, such as `destination-th`."""
    reefer: Name | None = None
    """Asset id of the refrigerated container or truck."""


class ReceiveScan(ScanBase):
    """Pallets of a shipment arrive at their destination."""

    action: Literal[Action.RECEIVE] = Action.RECEIVE
    shipment: Name
    pallets: Annotated[tuple[Sscc, ...], Field(min_length=1, max_length=200)]


Scan = HarvestScan | StoreInScan | StoreOutScan | SortScan | PalletiseScan | ShipScan | ReceiveScan

SCAN_BY_ACTION: dict[Action, type[ScanBase]] = {
    Action.HARVEST: HarvestScan,
    Action.STORE_IN: StoreInScan,
    Action.STORE_OUT: StoreOutScan,
    Action.SORT: SortScan,
    Action.PALLETISE: PalletiseScan,
    Action.SHIP: ShipScan,
    Action.RECEIVE: ReceiveScan,
}
"""The model of each step."""

SCAN: TypeAdapter[Scan] = TypeAdapter(Annotated[Scan, Field(discriminator="action")])
"""Reads and writes any scan; its `validate_python` raises pydantic's ValidationError."""

_WORDS = {
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "extra_forbidden": "isn't known here; check the spelling",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "missing": "is missing",
    "model_attributes_type": "must be an object",
    "model_type": "must be an object",
    "string_type": "must be a text",
    "too_long": "must have at most {max_length} entries",
    "too_short": "must have at least {min_length} entry",
    "tuple_type": "must be a list",
    "union_tag_invalid": f"action must be one of {', '.join(Action)}",
    "union_tag_not_found": f"action must be one of {', '.join(Action)}",
    "uuid_type": "must be a UUID, as text",
}
_ENUM_MEMBER = re.compile(r"<[\w.]+: ('[^']*')>")


def describe(problem: Mapping[str, Any]) -> str:
    """An entry of a ValidationError for people who know JSON but no Python."""
    if words := _WORDS.get(problem["type"]):
        return words.format_map(problem.get("ctx", {}))
    said = problem["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
    return _ENUM_MEMBER.sub(r"\1", said)
