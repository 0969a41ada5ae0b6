"""Rules of the Core Business Vocabulary that an event may break and still be an event.

They are reported, never mended: whoever sent the event learns of them. Numbers in brackets are
sections of CBV 2.0.
"""

from collections.abc import Iterator, Mapping, Sequence

from traceability.epcis.claimed_hashes import false_hashes
from traceability.epcis.key_rules import malformed_keys
from traceability.epcis.model import (
    Action,
    AggregationEvent,
    AnyEvent,
    AssociationEvent,
    ObjectEvent,
)
from traceability.findings import Finding

EXCLUDED_STEPS: Mapping[str, Sequence[str]] = {
    "shipping": ("departing", "loading", "staging_outbound"),
    "receiving": ("arriving", "accepting"),
}
"""By step, those of which it says all that they say, so that it excludes them (7.1.3)."""

_DISPOSITION_ENDS = frozenset({"destroyed", "disposed", "inactive"})

_STEP_ACTIONS: Mapping[str, frozenset[Action]] = {
    "commissioning": frozenset({Action.ADD}),
    "decommissioning": frozenset({Action.DELETE}),
    "destroying": frozenset({Action.DELETE}),
    "packing": frozenset({Action.ADD, Action.OBSERVE}),
    "unpacking": frozenset({Action.DELETE, Action.OBSERVE}),
    "assembling": frozenset({Action.ADD, Action.OBSERVE}),
    "disassembling": frozenset({Action.DELETE, Action.OBSERVE}),
    "installing": frozenset({Action.ADD, Action.OBSERVE}),
    "removing": frozenset({Action.DELETE, Action.OBSERVE}),
    "shipping": frozenset({Action.OBSERVE}),
    "receiving": frozenset({Action.OBSERVE, Action.ADD}),
    "storing": frozenset({Action.OBSERVE}),
}
"""What an object or aggregation event does in a step; TransactionEvents tie papers in any."""


def check(event: AnyEvent) -> Sequence[Finding]:
    """What is odd about an event."""
    return tuple(_findings(event))


def _findings(event: AnyEvent) -> Iterator[Finding]:
    yield from _excluded_steps(event)
    yield from _step_and_action(event)
    yield from _persistent(event)
    yield from _parties(event)
    yield from _instances(event)
    yield from _sensors(event)
    yield from malformed_keys(event)
    yield from false_hashes(event)


def _excluded_steps(event: AnyEvent) -> Iterator[Finding]:
    """Shipping excludes departing, receiving excludes arriving, ... on one event (7.1.3)."""
    also = {
        word
        for name, value in event.extensions.items()
        if name.rsplit("/", 1)[-1].rsplit(":", 1)[-1] == "bizStep"
        for word in (value if isinstance(value, list) else [value])
        if isinstance(word, str)
    }
    said = {event.biz_step, *also}
    pairs = ((step, other) for step in EXCLUDED_STEPS for other in EXCLUDED_STEPS[step])
    for step, excluded in pairs:
        if step in said and excluded in said:
            yield Finding(
                "cbv-excluded-step",
                f"{step} says what {excluded} says and excludes it; give one of them",
                "bizStep",
            )


def _step_and_action(event: AnyEvent) -> Iterator[Finding]:
    """A step whose definition says what becomes of the objects fits one kind of action (7.1.3)."""
    if not isinstance(event, ObjectEvent | AggregationEvent | AssociationEvent):
        return
    allowed = _STEP_ACTIONS.get(event.biz_step or "")
    if allowed is not None and event.action not in allowed:
        yield Finding(
            "cbv-step-and-action",
            f"{event.biz_step} goes with action {' or '.join(sorted(allowed))}, "
            f"not {event.action.value}",
            "action",
        )


def _persistent(event: AnyEvent) -> Iterator[Finding]:
    """The same condition can't begin and end in one event (7.2)."""
    found = event.persistent_disposition
    if found is None:
        return
    for word in sorted(set(found.set) & set(found.unset)):
        yield Finding("cbv-set-and-unset", f"{word} is set and unset", "persistentDisposition")


def _parties(event: AnyEvent) -> Iterator[Finding]:
    """A source or destination of one type is one (7.4.2); a transfer names both sides alike."""
    for name, parties in (("sourceList", event.sources), ("destinationList", event.destinations)):
        types = [party.type for party in parties]
        for kind in sorted({each for each in types if types.count(each) > 1}):
            yield Finding("cbv-party-twice", f"names {kind} more than once", name)


def _instances(event: AnyEvent) -> Iterator[Finding]:
    """What no longer exists isn't put anywhere (7.2: destroyed, disposed, inactive)."""
    if isinstance(event, AggregationEvent | AssociationEvent | ObjectEvent) and (
        event.action is Action.ADD and event.disposition in _DISPOSITION_ENDS
    ):
        yield Finding(
            "cbv-disposition-and-action",
            f"disposition {event.disposition} contradicts action ADD",
            "disposition",
        )


_ON_ONE_ONLY = ("time", "device_id", "device_metadata", "raw_data", "data_processing_method")


def _sensors(event: AnyEvent) -> Iterator[Finding]:
    """What holds for all reports stands on the element, else on each report (EPCIS 2.0, 7.3.7).

    Not refused: an example of GS1's own has it twice.
    """
    for position, element in enumerate(event.sensor_elements):
        for name in _ON_ONE_ONLY:
            on_reports = any(getattr(report, name) is not None for report in element.reports)
            if getattr(element.metadata, name, None) is not None and on_reports:
                yield Finding(
                    "sensor-field-twice",
                    f"{name} stands on the element and on a report; say it once",
                    f"sensorElementList[{position}]",
                )
