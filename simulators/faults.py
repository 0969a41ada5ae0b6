"""Faults of real devices, laid over a stream of messages; they compose.

Each fault is a generator over the stream with a seeded generator of chance and hits about `share`
of the telemetry messages (of the readings, for `dropout`). Scans pass untouched: people scan
again when a scan fails.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from random import Random
from types import MappingProxyType

import orjson

from park.telemetry import KINDS, FieldType
from park.times import format_instant, from_epoch_ms, parse_instant, to_epoch_ms
from simulators.errors import PlanError
from simulators.messages import Outgoing, Payload, Telemetry

Stream = Iterable[Outgoing]
Fault = Callable[[Stream, Random, float], Iterator[Outgoing]]

_LATE_BY = 50
"""So many messages later a held-back one arrives."""
_SKEW_MS = 3 * 3_600_000
_MADE_UP_FIELD = "vendor_reserved_7"

Readings = list[Payload]


def _read(message: Telemetry) -> Readings:
    content = orjson.loads(message.payload)
    return content if isinstance(content, list) else [content]


def _write(message: Telemetry, readings: Readings) -> Telemetry:
    return replace(message, payload=orjson.dumps(readings), readings=len(readings))


def dropout(stream: Stream, rng: Random, share: float) -> Iterator[Outgoing]:
    """Readings are lost on the way; their `seq` shows the gap."""
    for outgoing in stream:
        if isinstance(outgoing, Telemetry):
            kept = [reading for reading in _read(outgoing) if rng.random() >= share]
            if kept:
                yield _write(outgoing, kept)
        else:
            yield outgoing


def duplicate(stream: Stream, rng: Random, share: float) -> Iterator[Outgoing]:
    """Messages come twice."""
    for outgoing in stream:
        yield outgoing
        if isinstance(outgoing, Telemetry) and rng.random() < share:
            yield outgoing


def late(stream: Stream, rng: Random, share: float) -> Iterator[Outgoing]:
    """Messages come after fifty others, as after a lost connection."""
    held: list[tuple[int, Telemetry]] = []
    for count, outgoing in enumerate(stream):
        if isinstance(outgoing, Telemetry) and rng.random() < share:
            held.append((count + _LATE_BY, outgoing))
        else:
            yield outgoing
        while held and held[0][0] <= count:
            yield held.pop(0)[1]
    yield from (message for _, message in held)


def skew(stream: Stream, rng: Random, share: float) -> Iterator[Outgoing]:
    """Clocks of some devices run three hours late, always the same devices."""
    skewed: dict[str, bool] = {}
    for outgoing in stream:
        if isinstance(outgoing, Telemetry) and skewed.setdefault(
            outgoing.topic, rng.random() < share
        ):
            yield _write(outgoing, [_earlier(reading) for reading in _read(outgoing)])
        else:
            yield outgoing


def _earlier(reading: Payload) -> Payload:
    time_ms = to_epoch_ms(parse_instant(str(reading["ts"]))) - _SKEW_MS
    return reading | {"ts": format_instant(from_epoch_ms(time_ms))}


def _change_one(
    change: Callable[[Telemetry, Payload], Payload], stream: Stream, rng: Random, share: float
) -> Iterator[Outgoing]:
    """Change one reading of some messages."""
    for outgoing in stream:
        if isinstance(outgoing, Telemetry) and rng.random() < share:
            readings = _read(outgoing)
            chosen = rng.randrange(len(readings))
            readings[chosen] = change(outgoing, readings[chosen])
            yield _write(outgoing, readings)
        else:
            yield outgoing


def _beyond(message: Telemetry, reading: Payload) -> Payload:
    """The first measured value far above what its sensor can see."""
    fields = KINDS[message.topic.split("/")[3]].fields
    name = next(n for n in reading if n in fields and fields[n].type is FieldType.FLOAT)
    return reading | {name: fields[name].high * 10 + 1}


def _strange(_message: Telemetry, reading: Payload) -> Payload:
    return reading | {_MADE_UP_FIELD: 1}


def malformed(stream: Stream, rng: Random, share: float) -> Iterator[Outgoing]:
    """Payloads break off in the middle; their readings are lost."""
    for outgoing in stream:
        if isinstance(outgoing, Telemetry) and rng.random() < share:
            half = outgoing.payload[: len(outgoing.payload) // 2]
            yield replace(outgoing, payload=half, readings=0)
        else:
            yield outgoing


FAULTS: Mapping[str, Fault] = MappingProxyType(
    {
        "dropout": dropout,
        "duplicate": duplicate,
        "late": late,
        "skew": skew,
        "out_of_range": partial(_change_one, _beyond),
        "unknown_field": partial(_change_one, _strange),
        "malformed": malformed,
    }
)
"""Every fault by its name on the command line."""


@dataclass(frozen=True, slots=True)
class Faults:
    """Faults to lay over a stream, in this order. Raises PlanError on a name that isn't one."""

    names: Sequence[str]
    share: float = 0.02
    seed: int = 1

    def __post_init__(self) -> None:
        for name in self.names:
            if name not in FAULTS:
                raise PlanError(f"no fault {name!r}; there are {', '.join(FAULTS)}")
        if not 0 <= self.share <= 1:
            raise PlanError(f"share = {self.share} of faults must lie between 0 and 1")

    def over(self, stream: Stream) -> Stream:
        """The stream with these faults."""
        for n, name in enumerate(self.names):
            rng = Random(f"{self.seed}/{n}/{name}")  # noqa: S311 - no secret
            stream = FAULTS[name](stream, rng, self.share)
        return stream


NO_FAULTS = Faults(())
"""Everything arrives as it was sent."""
