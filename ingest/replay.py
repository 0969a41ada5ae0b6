"""Reads entries of quarantine once more: after a repaired profile, park definition or store.

What can be read now leaves quarantine for the spool, from which a running ingest ships it; what
still can't be read stays as it is.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ingest.decoding import Decoder
from ingest.errors import UnknownFieldError
from ingest.line_protocol import decode
from ingest.quarantine import Quarantine, QuarantineEntry, Selection
from ingest.received import STATUSES, Decoded, Fault, Measured, Received
from ingest.shippers import REFUSED_BY_STORE
from ingest.spool import Spool
from park.telemetry import LIVENESS

_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of one entry."""

    number: int
    spooled: int
    """Readings and scans that were spooled; 0 where the entry stays."""
    problem: str
    """Why it stays; empty where it left."""


def replay(
    quarantine: Quarantine,
    spool: Spool,
    decoder: Decoder,
    numbers: Sequence[int],
    now_ms: int,
) -> Iterator[Replayed]:
    """Try the entries of these numbers again, oldest first. Raises SpoolError."""
    for start in range(0, len(numbers), _AT_ONCE):
        chosen = Selection(tuple(numbers[start : start + _AT_ONCE]))
        entries = quarantine.entries(_AT_ONCE, selection=chosen)
        read = [(entry, *_read(entry, decoder, now_ms)) for entry in reversed(entries)]
        leaving = [(entry, decoded) for entry, decoded, problem in read if not problem]
        if leaving:
            received = _join([decoded for _, decoded in leaving])
            spool.replace([entry.id for entry, _ in leaving], received, now_ms)
        for entry, decoded, problem in read:
            things = 0 if problem else len(decoded.readings) + len(decoded.scans)
            yield Replayed(entry.id, things, problem)


def _read(entry: QuarantineEntry, decoder: Decoder, now_ms: int) -> tuple[Decoded, str]:
    """What it holds, or why it can't be read."""
    if len(entry.payload) < entry.payload_bytes:
        return Decoded(), f"only the first {len(entry.payload)} bytes were kept"
    if entry.reason == REFUSED_BY_STORE:
        return _read_line(entry)
    decoded = decoder.decode(entry.topic, entry.payload, now_ms)
    if any(_is_same(fault, entry) for fault in decoded.faults):
        return Decoded(), entry.detail
    if decoded.readings or decoded.scans:
        return decoded, ""
    if decoded.announcements:
        return decoded, "a status is of the past; drop it"
    return decoded, "; ".join(fault.detail for fault in decoded.faults) or "it holds nothing"


def _is_same(fault: Fault, entry: QuarantineEntry) -> bool:
    """Whether all is as it was; a message may go to quarantine whole though parts are good."""
    return (fault.payload, fault.code, fault.detail) == (entry.payload, entry.reason, entry.detail)


def _read_line(entry: QuarantineEntry) -> tuple[Decoded, str]:
    line = entry.payload.decode(errors="replace")
    try:
        reading = decode(line)
    except UnknownFieldError as error:
        return Decoded(), str(error)
    kind = STATUSES if reading.kind == LIVENESS.name else reading.kind
    return Decoded([Measured(reading.asset, kind, reading.time_ms, None, line)]), ""


def _join(parts: Sequence[Decoded]) -> Received:
    readings = [measured for part in parts for measured in part.readings]
    faults: list[Fault] = [fault for part in parts for fault in part.faults]
    return Received(
        lines=[measured.line for measured in readings],
        kinds=[measured.kind for measured in readings],
        scans=[scan for part in parts for scan in part.scans],
        faults=faults,
    )
