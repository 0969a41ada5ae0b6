"""Entries: events with all that can be said of them before a transaction begins.

An event comes as a document of its own or as the event of a scan; both become an `Entry`.

An event is known by its id, and whether it declares an error: a declaration has the id of the
event that was wrong (GS1 EPCIS 2.0, section 7.4.1.3). An event without an id gets its hash for
one, so that the same event again is the same event.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from park.assets import Park
from park.scans import Scan
from park.times import format_instant
from traceability.canonical import canonical_json, read_canonical
from traceability.epcis import cbv_rules
from traceability.epcis.contexts import OWN, Context, context_of
from traceability.epcis.event_hash import event_hash
from traceability.epcis.jsonld.reading import read_event
from traceability.epcis.jsonld.writing import write_event
from traceability.epcis.model import AnyEvent, ErrorDeclaration
from traceability.findings import Finding
from traceability.recording.outside_books import outside_books
from traceability.steps.from_events import scan_of
from traceability.steps.places import Places
from traceability.steps.to_events import event_id_of, event_of

Json = Mapping[str, Any]

_HASH_BEGINS = len("ni:///sha-256;")
_HASH_ENDS = _HASH_BEGINS + 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An event that is about to be recorded."""

    body: Json
    """As it came, standing on its own: with `@context` and `eventID`."""
    event: AnyEvent
    event_id: str
    content_hash: bytes
    """SHA-256 of the event by CBV 2.0: what it says, without its id and record time."""
    fingerprint: str
    """SHA-256 of all that was captured, declaration included."""
    scan: Scan | None
    """The step of our park that the event stands for."""
    is_scan: bool = False
    """Whether it came as a scan, not as a document."""
    path: str = ""
    """Where it stood in its document."""
    findings: Sequence[Finding] = ()

    @property
    def declares_error(self) -> bool:
        """Whether it says that the event of its id was wrong."""
        return self.event.error_declaration is not None


def entry_of_body(body: Json, context: Context, places: Places, path: str = "") -> Entry:
    """The entry of an event's JSON. Raises InvalidDocumentError."""
    event = read_event(body, context, path)
    event_hash_id = event_hash(event)
    event_id = event.event_id or event_hash_id
    content_hash = bytes.fromhex(event_hash_id[_HASH_BEGINS:_HASH_ENDS])
    scan = None if event.error_declaration else scan_of(event, places, event_id)
    return Entry(
        body={**body, "@context": context.within(body.get("@context")).value, "eventID": event_id},
        event=event,
        event_id=event_id,
        content_hash=content_hash,
        fingerprint=_fingerprint(content_hash, event.error_declaration),
        scan=scan,
        path=path,
        findings=_findings(event, places, is_booked=scan is not None),
    )


def entry_of_document(document: str, places: Places) -> Entry:
    """The entry of an event that was stored. Raises InvalidDocumentError."""
    body = read_canonical(document)
    return entry_of_body(body, context_of(body), places)


def event_of_document(document: str) -> AnyEvent:
    """An event that was stored. Raises InvalidDocumentError."""
    body = read_canonical(document)
    return read_event(body, context_of(body))


def _findings(event: AnyEvent, places: Places, *, is_booked: bool) -> Sequence[Finding]:
    """What is odd about the event by itself."""
    if is_booked or event.error_declaration is not None:
        return cbv_rules.check(event)
    return (*cbv_rules.check(event), *outside_books(event, places))


def entry_of_scan(scan: Scan, park: Park) -> Entry:
    """The entry of the one event that a scan stands for. Raises CaptureError."""
    event = event_of(scan, park)
    event_hash_id = event_hash(event)
    return Entry(
        body={**write_event(event), "@context": OWN.value},
        event=event,
        event_id=event_id_of(scan),
        content_hash=bytes.fromhex(event_hash_id[_HASH_BEGINS:_HASH_ENDS]),
        fingerprint=scan_fingerprint(scan),
        scan=scan,
        is_scan=True,
    )


def scan_fingerprint(scan: Scan) -> str:
    """SHA-256 of a scan's content, whatever form its identifiers and times came in."""
    return hashlib.sha256(canonical_json(scan.model_dump(mode="json"))).hexdigest()


def _fingerprint(content_hash: bytes, declaration: ErrorDeclaration | None) -> str:
    if declaration is None:
        return content_hash.hex()
    said = {
        "event": content_hash.hex(),
        "time": format_instant(declaration.declaration_time),
        "reason": declaration.reason,
        "corrections": sorted(declaration.corrective_event_ids),
        "more": json.dumps(declaration.extensions, sort_keys=True),
    }
    return hashlib.sha256(canonical_json(said)).hexdigest()
