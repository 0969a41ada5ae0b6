"""What one MQTT message holds: readings, a scan, and what of it can't be stored.

Every element of an array is judged by itself, so that a bad reading never takes its neighbours
with it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from pydantic import ValidationError

from ingest.codecs.json import read_json, read_objects
from ingest.errors import MessageError
from ingest.line_protocol import encode
from ingest.reading import Reading
from ingest.topics import Channel, Route, Router
from ingest.validation import check_fields, check_seq, check_time
from park.assets import Park
from park.scans import SCAN, Scan

_NOT_MEASURED = frozenset({"ts", "seq"})


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that can't be stored: the payload concerned, and why."""

    payload: bytes
    code: str
    detail: str


@dataclass(slots=True)
class Decoded:
    """What came of one message; each thing in it counts as one received."""

    lines: list[str] = field(default_factory=list)
    scans: list[bytes] = field(default_factory=list)
    """Checked scans as JSON."""
    faults: list[Fault] = field(default_factory=list)


class Decoder:
    """Decodes the messages of one park."""

    def __init__(self, park: Park, clock_skew_s: float, payload_limit_bytes: int) -> None:
        self._router = Router(park)
        self._site = park.site.id
        self._skew_ms = round(clock_skew_s * 1000)
        self._payload_limit_bytes = payload_limit_bytes

    @property
    def subscriptions(self) -> tuple[str, ...]:
        """The topic filters whose messages it decodes."""
        return self._router.subscriptions()

    def decode(self, topic: str, payload: bytes, now_ms: int) -> Decoded:
        """Everything that the message holds; never raises for what a message may contain."""
        decoded = Decoded()
        try:
            self._check_size(payload)
            route = self._router.route(topic)
            if route.channel is Channel.SCAN:
                decoded.scans.append(SCAN.dump_json(self._scan(route, payload)))
            else:
                self._readings(route, payload, now_ms, decoded)
        except MessageError as error:
            decoded.faults.append(Fault(payload, error.code, error.detail))
        return decoded

    def _check_size(self, payload: bytes) -> None:
        if len(payload) > self._payload_limit_bytes:
            raise MessageError(
                "payload-too-large",
                f"{len(payload)} bytes; at most {self._payload_limit_bytes} are read",
            )

    def _readings(self, route: Route, payload: bytes, now_ms: int, decoded: Decoded) -> None:
        for element in read_objects(payload):
            try:
                decoded.lines.append(encode(self._reading(route, element, now_ms)))
            except MessageError as error:
                decoded.faults.append(Fault(orjson.dumps(element), error.code, error.detail))

    def _reading(self, route: Route, element: Any, now_ms: int) -> Reading:
        if not isinstance(element, dict):
            raise MessageError("malformed-json", "a reading must be an object")
        time_ms = check_time(element.get("ts"), now_ms, self._skew_ms)
        check_seq(element.get("seq"))
        measured = {name: value for name, value in element.items() if name not in _NOT_MEASURED}
        fields = check_fields(route.kind, measured)
        return Reading(route.kind, self._site, route.asset.id, route.centre, time_ms, fields)

    def _scan(self, route: Route, payload: bytes) -> Scan:
        content = read_json(payload)
        if not isinstance(content, dict):
            raise MessageError("invalid-scan", "a scan must be an object")
        named = content.setdefault("asset", route.asset.id)
        if named != route.asset.id:
            raise MessageError(
                "invalid-scan", f"asset is {named!r} but the topic says {route.asset.id!r}"
            )
        try:
            return SCAN.validate_python(content)
        except ValidationError as error:
            raise MessageError(*_scan_problem(error)) from error


def _scan_problem(error: ValidationError) -> tuple[str, str]:
    problems = error.errors(include_url=False)
    details = [f"{'.'.join(str(s) for s in p['loc'][1:]) or 'scan'}: {p['msg']}" for p in problems]
    return _code(problems[0]), "; ".join(details)


def _code(problem: Mapping[str, Any]) -> str:
    if "wrong check digit" in problem["msg"]:
        return "wrong-check-digit"
    if problem["loc"][-1] in {"qty_kg", "loss_kg"} and problem["type"] in _MASS_PROBLEMS:
        return "invalid-mass"
    return "invalid-scan"


_MASS_PROBLEMS = {"greater_than", "greater_than_equal", "less_than_equal", "finite_number"}
