"""Events from JSON-LD (GS1 EPCIS 2.0, section 10; CBV 2.0).

Rules that are kept, or the document is refused with every path that breaks one:

- Fields have the form that GS1's schema gives them; times carry an offset; words are the CBV's or
  addresses. What claims to be a GS1 key and isn't stays as it came, and `cbv_rules` says so.
- Whatever the standard doesn't know is an extension and carries a prefix; it is kept as it came.
- ObjectEvent: action, and at least one object, by EPC or by class and quantity, unless it holds
  sensor data. `ilmd` (master data of lots and instances) only with action ADD.
- AggregationEvent, AssociationEvent: action; a parent, which an aggregation may leave out where it
  only observes; children, which a DELETE may leave out: then all of them.
- TransactionEvent: action and business transactions; objects or a parent, unless it is a DELETE.
- TransformationEvent: no action; inputs and outputs, of which one may be missing where a
  transformation id ties it to the events that have them.
- An event of a type of others may have any of these fields, in their form, and needs none.
- A quantity isn't negative; a unit needs a quantity.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from traceability.epcis.contexts import Context
from traceability.epcis.event_types import canonical_type, is_of_others
from traceability.epcis.jsonld.faults import Faults
from traceability.epcis.jsonld.json_values import check_context, shown
from traceability.epcis.jsonld.parts import Part
from traceability.epcis.jsonld.sensor_reading import read_sensor_element
from traceability.epcis.model import (
    Action,
    AggregationEvent,
    AnyEvent,
    AssociationEvent,
    BusinessTransaction,
    ErrorDeclaration,
    ExtendedEvent,
    Extensions,
    ObjectEvent,
    Party,
    PersistentDisposition,
    Place,
    Quantity,
    TransactionEvent,
    TransformationEvent,
)
from traceability.epcis.vocabulary import Word
from traceability.errors import InvalidDocumentError

_OFFSET = re.compile(r"[+-](?:(?:0\d|1[0-3]):[0-5]\d|14:00)", re.ASCII)
_UNIT = re.compile(r"[A-Z0-9]{2,3}", re.ASCII)
_SHOWN = 80

_FIELDS = frozenset(
    {
        *("action", "epcList", "quantityList", "ilmd", "parentID", "childEPCs"),
        *("childQuantityList", "inputEPCList", "inputQuantityList", "outputEPCList"),
        *("outputQuantityList", "transformationID"),
    }
)
"""Fields that belong to some types of events only."""


def read_event(body: Any, context: Context, path: str = "") -> AnyEvent:
    """The event that JSON holds, in canonical form.

    Raises InvalidDocumentError with everything that is wrong, each with its path.
    """
    faults = Faults()
    event: AnyEvent | None = None
    if isinstance(body, Mapping):
        own = body.get("@context")
        if own is not None:
            check_context(own, f"{path}.@context" if path else "@context", faults)
        within = context.within(own)
        event = _read(Part(body, path, within, faults))
    else:
        faults.add(path, "must be an object")
    if faults.problems or event is None:
        raise InvalidDocumentError(faults.problems)
    return event


def _read(part: Part) -> AnyEvent | None:
    kind = part.text("type")
    if kind is None:
        part.require("type")
        return None
    name = canonical_type(kind, part.context.expand)
    if name in _READERS:
        return _READERS[name](part, _common(part))
    if is_of_others(name):
        return _extended_event(part, name, _common(part))
    close = get_close_matches(name[:_SHOWN], _READERS, 1)
    hint = f"did you mean {close[0]}?" if close else "types of others need a prefix, as ex:MyEvent"
    part.fault("type", f"{shown(kind)} is none of {', '.join(_READERS)}; {hint}")
    return None


def _common(part: Part) -> dict[str, Any]:
    part.require("eventTime", "eventTimeZoneOffset")
    return {
        "event_id": part.uri("eventID"),
        "event_time": part.time("eventTime"),
        "event_time_zone_offset": part.matched(
            "eventTimeZoneOffset", _OFFSET, "offset, such as +08:00"
        ),
        "record_time": part.time("recordTime"),
        "biz_step": part.word("bizStep", Word.BIZ_STEP),
        "disposition": part.word("disposition", Word.DISPOSITION),
        "persistent_disposition": _persistent_disposition(part),
        "read_point": _place(part.part("readPoint")),
        "biz_location": _place(part.part("bizLocation")),
        "biz_transactions": part.parts("bizTransactionList", _transaction),
        "sources": part.parts("sourceList", lambda each: _party(each, "source")),
        "destinations": part.parts("destinationList", lambda each: _party(each, "destination")),
        "sensor_elements": part.parts("sensorElementList", read_sensor_element),
        "certification_info": _certification(part),
        "error_declaration": _declaration(part.part("errorDeclaration")),
    }


def _object_event(part: Part, common: dict[str, Any]) -> ObjectEvent:
    part.require("action")
    action = _action(part)
    event = ObjectEvent(
        **common,
        action=action,
        epcs=part.identifiers("epcList"),
        quantities=part.parts("quantityList", _quantity),
        ilmd=_ilmd(part),
        extensions=part.extensions(_FIELDS),
    )
    if not (_some(part, "epcList", "quantityList") or event.sensor_elements):
        part.fault("epcList", "names no object; give epcList, quantityList or sensor data")
    if part.has("ilmd") and action is not Action.ADD:
        part.fault("ilmd", "stands only with action ADD, where objects come into being")
    return event


def _aggregation_event(part: Part, common: dict[str, Any]) -> AggregationEvent:
    event = AggregationEvent(**common, **_family(part))
    if event.action is not Action.OBSERVE:
        part.require("parentID")
    return event


def _association_event(part: Part, common: dict[str, Any]) -> AssociationEvent:
    event = AssociationEvent(**common, **_family(part))
    part.require("parentID")
    return event


def _family(part: Part) -> dict[str, Any]:
    part.require("action")
    action = _action(part)
    found: dict[str, Any] = {
        "action": action,
        "parent": part.identifier("parentID"),
        "child_epcs": part.identifiers("childEPCs"),
        "child_quantities": part.parts("childQuantityList", _quantity),
        "extensions": part.extensions(_FIELDS),
    }
    if action is not Action.DELETE and not _some(part, "childEPCs", "childQuantityList"):
        part.fault("childEPCs", "names no child; give childEPCs or childQuantityList")
    if found["parent"] is not None and found["parent"] in found["child_epcs"]:
        part.fault("childEPCs", "names the parent itself")
    return found


def _transaction_event(part: Part, common: dict[str, Any]) -> TransactionEvent:
    part.require("action", "bizTransactionList")
    action = _action(part)
    event = TransactionEvent(
        **common,
        action=action,
        parent=part.identifier("parentID"),
        epcs=part.identifiers("epcList"),
        quantities=part.parts("quantityList", _quantity),
        extensions=part.extensions(_FIELDS),
    )
    if part.has("bizTransactionList") and not _some(part, "bizTransactionList"):
        part.fault("bizTransactionList", "names no business transaction")
    named = part.has("parentID") or _some(part, "epcList", "quantityList")
    if action is not Action.DELETE and not named:
        part.fault("epcList", "names no object; give epcList, quantityList or parentID")
    return event


def _transformation_event(part: Part, common: dict[str, Any]) -> TransformationEvent:
    event = TransformationEvent(
        **common,
        input_epcs=part.identifiers("inputEPCList"),
        input_quantities=part.parts("inputQuantityList", _quantity),
        output_epcs=part.identifiers("outputEPCList"),
        output_quantities=part.parts("outputQuantityList", _quantity),
        transformation_id=part.uri("transformationID"),
        ilmd=_ilmd(part),
        extensions=part.extensions(_FIELDS),
    )
    inputs = _some(part, "inputEPCList", "inputQuantityList")
    outputs = _some(part, "outputEPCList", "outputQuantityList")
    tied = part.has("transformationID")
    if not (inputs or (tied and outputs)):
        part.fault("inputEPCList", "names no input; give inputs, or a transformationID to tie it")
    if not (outputs or (tied and inputs)):
        part.fault("outputEPCList", "names no output; give outputs, or a transformationID")
    return event


def _extended_event(part: Part, name: str, common: dict[str, Any]) -> ExtendedEvent:
    return ExtendedEvent(
        **common,
        type=name,
        action=_action(part) if part.has("action") else None,
        parent=part.identifier("parentID"),
        epcs=part.identifiers("epcList"),
        quantities=part.parts("quantityList", _quantity),
        child_epcs=part.identifiers("childEPCs"),
        child_quantities=part.parts("childQuantityList", _quantity),
        input_epcs=part.identifiers("inputEPCList"),
        input_quantities=part.parts("inputQuantityList", _quantity),
        output_epcs=part.identifiers("outputEPCList"),
        output_quantities=part.parts("outputQuantityList", _quantity),
        transformation_id=part.uri("transformationID"),
        ilmd=_ilmd(part),
        extensions=part.extensions(),
    )


_READERS: Mapping[str, Callable[[Part, dict[str, Any]], AnyEvent]] = {
    "ObjectEvent": _object_event,
    "AggregationEvent": _aggregation_event,
    "AssociationEvent": _association_event,
    "TransactionEvent": _transaction_event,
    "TransformationEvent": _transformation_event,
}


def _some(part: Part, *names: str) -> bool:
    """Whether one of these lists has entries, readable or not."""
    return any(part.raw(name) for name in names)


def _action(part: Part) -> Action:
    text = part.text("action")
    if text is not None and text not in Action.__members__:
        part.fault("action", f"{text[:80]!r} is none of ADD, OBSERVE, DELETE")
        return Action.OBSERVE
    return Action.OBSERVE if text is None else Action(text)


def _quantity(part: Part) -> Quantity | None:
    part.require("epcClass")
    epc_class, quantity = part.identifier("epcClass"), part.number("quantity")
    uom = part.matched("uom", _UNIT, "unit code of UN/CEFACT Recommendation 20, such as KGM")
    part.close()
    if quantity is not None and quantity < 0:
        part.fault("quantity", "is negative")
    if uom is not None and not part.has("quantity"):
        part.fault("quantity", "is missing: a unit needs a number")
    return None if epc_class is None else Quantity(epc_class, quantity, uom)


def _place(part: Part | None) -> Place | None:
    if part is None:
        return None
    part.require("id")
    place = part.identifier("id")
    extensions = part.extensions()
    return None if place is None else Place(place, extensions)


def _party(part: Part, name: str) -> Party | None:
    part.require("type", name)
    kind, party = part.word("type", Word.SOURCE_DEST_TYPE), part.identifier(name)
    part.close()
    return None if kind is None or party is None else Party(kind, party)


def _transaction(part: Part) -> BusinessTransaction | None:
    part.require("bizTransaction")
    kind, paper = part.word("type", Word.BIZ_TRANSACTION_TYPE), part.identifier("bizTransaction")
    part.close()
    return None if paper is None else BusinessTransaction(paper, kind)


def _persistent_disposition(part: Part) -> PersistentDisposition | None:
    inner = part.part("persistentDisposition")
    if inner is None:
        return None
    found = PersistentDisposition(
        inner.words("set", Word.DISPOSITION), inner.words("unset", Word.DISPOSITION)
    )
    inner.close()
    if not (inner.has("set") or inner.has("unset")):
        inner.fault("", "says nothing; give set or unset")
    return found


def _certification(part: Part) -> Sequence[str | Extensions]:
    """Addresses, by the schema; objects of GS1's web vocabulary, as others send them."""
    return part.mixed("certificationInfo", _certificate)


def _certificate(part: Part) -> Extensions:
    if part.is_empty:
        part.fault("", "says nothing; leave it out")
    return part.extensions()


def _declaration(part: Part | None) -> ErrorDeclaration | None:
    if part is None:
        return None
    part.require("declarationTime")
    time = part.time("declarationTime")
    reason, corrective = part.word("reason", Word.ERROR_REASON), part.uris("correctiveEventIDs")
    extensions = part.extensions()
    if time is None:
        return None
    return ErrorDeclaration(
        declaration_time=time,
        reason=reason,
        corrective_event_ids=corrective,
        extensions=extensions,
    )


def _ilmd(part: Part) -> dict[str, Any]:
    inner = part.part("ilmd")
    return {} if inner is None else inner.extensions()
