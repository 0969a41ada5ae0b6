"""Schemas and examples of scans: the scan contract's own models, as MQTT carries them.

Over MQTT the topic names the asset, so `asset` may be left out, and `action` is needed; over HTTP
it is the other way round.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from pydantic.json_schema import models_json_schema

from ingest.asyncapi.schemas import EXAMPLE_TIME, Schema, component
from park.assets import FIELD_RUN, REJECT, AssetType, Park, Product
from park.gs1 import make_sscc
from park.scans import SCAN_BY_ACTION, Action

ACTIONS_AT: Mapping[AssetType, tuple[Action, ...]] = MappingProxyType(
    {
        AssetType.ORCHARD: (Action.HARVEST,),
        AssetType.COLD_ROOM: (Action.STORE_IN, Action.STORE_OUT),
        AssetType.SORTING_LINE: (Action.SORT,),
        AssetType.PACKHOUSE: (Action.PALLETISE, Action.SHIP),
        AssetType.DESTINATION: (Action.RECEIVE,),
    }
)
"""What a reader reports by the type of asset that it stands at."""

_REF = "#/components/schemas/{model}"
_UUID = "^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$"
_BATCH = "GTIN and lot: `01/{gtin}/10/{lot}`, a GS1 Digital Link, `(01)…(10)…` or an LGTIN URN."
_SSCC = "18 digits, `(00)…`, a GS1 Digital Link or an SSCC URN."
_PROPERTIES: Mapping[str, Schema] = MappingProxyType(
    {
        "id": {
            "type": "string",
            "format": "uuid",
            "pattern": _UUID,
            "description": (
                "The reader's own id of this scan, UUIDv7 by preference. A repeat carries the "
                "same id and changes nothing."
            ),
        },
        "ts": component("schemas", "instant"),
        "batch": component("schemas", "batch"),
        "pallet": component("schemas", "pallet"),
        "pallets": {
            "type": "array",
            "items": component("schemas", "pallet"),
            "minItems": 1,
            "maxItems": 200,
        },
    }
)
"""What pydantic's schema doesn't say of a property."""


def scan_name(action: Action) -> str:
    """The component that describes a scan of that step."""
    return f"{action.value}_scan"


def schemas() -> dict[str, Schema]:
    """The schema of each step, and what they share."""
    _, written = models_json_schema(
        [(model, "validation") for model in SCAN_BY_ACTION.values()], ref_template=_REF
    )
    models: dict[str, Schema] = written["$defs"]
    steps = {
        scan_name(action): _as_sent(models.pop(model.__name__))
        for action, model in SCAN_BY_ACTION.items()
    }
    shared = {name: _described(model) for name, model in models.items()}
    return {
        "batch": {"type": "string", "minLength": 1, "description": _BATCH},
        "pallet": {"type": "string", "minLength": 18, "description": _SSCC},
        **shared,
        **steps,
    }


def _as_sent(model: Schema) -> Schema:
    sent = _described(model)
    sent["properties"]["action"] = {"const": model["properties"]["action"]["const"]}
    sent["properties"]["asset"]["description"] = "Where given, the asset that the topic names."
    sent["required"] = ["action", *(name for name in model["required"] if name != "asset")]
    return sent


def _described(model: Schema) -> Schema:
    properties = {
        name: dict(_PROPERTIES.get(name, _untitled(schema)))
        for name, schema in model["properties"].items()
    }
    return {**model, "properties": properties}


def _untitled(schema: Schema) -> Schema:
    """Without the title that pydantic makes of the name."""
    return {key: value for key, value in schema.items() if key != "title"}


def example(park: Park, action: Action) -> dict[str, Any]:
    """A scan of that step as a reader in this park would send it."""
    scan: dict[str, Any] = {
        "id": f"01998c4e-8a00-7000-8000-{list(Action).index(action) + 1:012}",
        "ts": EXAMPLE_TIME,
        "action": action.value,
    }
    return {
        "name": action.value,
        "summary": (SCAN_BY_ACTION[action].__doc__ or "").partition("\n")[0],
        "payload": scan | _what_passed(park, action),
    }


def _what_passed(park: Park, action: Action) -> dict[str, Any]:
    field_run = {"batch": _batch(park, FIELD_RUN, "LY-7"), "qty_kg": 812.5}
    pallet = make_sscc(park.company_prefix, 1)
    shipment = {"shipment": "LY-2025-0001", "pallets": [pallet]}
    match action:
        case Action.HARVEST | Action.STORE_IN | Action.STORE_OUT:
            return field_run
        case Action.SORT:
            graded = {"batch": _batch(park, None, "LY-7-A"), "qty_kg": 780}
            rejected = {"batch": _batch(park, REJECT, "LY-7-R"), "qty_kg": 30}
            return {"inputs": [field_run], "outputs": [graded, rejected], "loss_kg": 2.5}
        case Action.PALLETISE:
            graded = {"batch": _batch(park, None, "LY-7-A"), "qty_kg": 780}
            return {"pallet": pallet, "contents": [graded]}
        case Action.SHIP:
            to = _first_id(park, AssetType.DESTINATION)
            return {**shipment, "destination": to, "reefer": _first_id(park, AssetType.REEFER)}
        case Action.RECEIVE:
            return shipment


def _first_id(park: Park, asset_type: AssetType) -> str:
    """The first such asset; a park without any gets an example all the same."""
    ids = (asset.id for asset in park.assets.values() if asset.type is asset_type)
    return next(ids, f"{asset_type.value}-001")


def _batch(park: Park, grade: str | None, lot: str) -> str:
    """A batch of the park's first variety in that grade, or in its best one."""
    return f"01/{_product(park, grade).gtin}/10/{lot}"


def _product(park: Park, grade: str | None) -> Product:
    first = next(iter(park.products.values()))
    for product in park.products.values():
        is_wanted = (
            product.grade == grade
            if grade is not None
            else product.grade not in {FIELD_RUN, REJECT}
        )
        if product.variety == first.variety and is_wanted:
            return product
    return first
