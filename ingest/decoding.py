"""What one MQTT message holds: readings, a scan, and what of it can't be stored.

Every element of an array is judged by itself, so that a bad reading never takes its neighbours
with it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from ingest.codecs.json import read_json, read_objects, write_json
from ingest.errors import MessageError
from ingest.line_protocol import encode_line
from ingest.topics import Channel, Route, Router
from ingest.validation import brief, check_fields, check_seq, check_time
from park.assets import Park
from park.scans import SCAN, Scan, describe

_MOST_READINGS = 10_000
"""In one message; more would hold up everyone else's."""
_LONGEST_DETAIL = 2_000


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
            decoded.faults.append(_fault(payload, error))
        return decoded

    def _check_size(self, payload: bytes) -> None:
        if len(payload) > self._payload_limit_bytes:
            raise MessageError(
                "payload-too-large",
                f"{len(payload)} bytes; at most {self._payload_limit_bytes} are read",
            )

    def _readings(self, route: Route, payload: bytes, now_ms: int, decoded: Decoded) -> None:
        elements = read_objects(payload)
        if len(elements) > _MOST_READINGS:
            raise MessageError(
                "too-many-readings", f"{len(elements)} readings; at most {_MOST_READINGS} are read"
            )
        for element in elements:
            try:
                decoded.lines.append(self._line(route, element, now_ms))
            except MessageError as error:
                part = payload if len(elements) == 1 else write_json(element)
                decoded.faults.append(_fault(part, error))

    def _line(self, route: Route, element: Any, now_ms: int) -> str:
        if not isinstance(element, dict):
            raise MessageError("malformed-json", "a reading must be an object")
        try:
            time_ms = check_time(element.get("ts"), now_ms, self._skew_ms)
            check_seq(element.get("seq"))
            return encode_line(route.head, check_fields(route.kind, element), time_ms)
        except MessageError as first:
            raise self._every_problem(route, element, now_ms) from first

    def _every_problem(self, route: Route, element: Mapping[str, Any], now_ms: int) -> MessageError:
        """All that is wrong with a reading, found by going on after the first problem."""
        problems = []
        checks: tuple[Callable[[], object], ...] = (
            lambda: check_time(element.get("ts"), now_ms, self._skew_ms),
            lambda: check_seq(element.get("seq")),
            lambda: check_fields(route.kind, element),
        )
        for check in checks:
            try:
                check()
            except MessageError as error:
                problems.append(error)
        return MessageError(problems[0].code, "; ".join(problem.detail for problem in problems))

    def _scan(self, route: Route, payload: bytes) -> Scan:
        content = read_json(payload)
        if not isinstance(content, dict):
            raise MessageError("invalid-scan", "a scan must be an object")
        named = content.setdefault("asset", route.asset.id)
        if named != route.asset.id:
            raise MessageError(
                "invalid-scan", f"asset is {brief(named)} but the topic says {route.asset.id!r}"
            )
        try:
            return SCAN.validate_python(content)
        except ValidationError as error:
            raise MessageError(*_scan_problem(error)) from error


def _fault(payload: bytes, error: MessageError) -> Fault:
    return Fault(payload, error.code, error.detail[:_LONGEST_DETAIL])


def _scan_problem(error: ValidationError) -> tuple[str, str]:
    problems = error.errors(include_url=False)
    return _code(problems[0]), "; ".join(map(_words, problems))


def _words(problem: Mapping[str, Any]) -> str:
    where = ".".join(str(step) for step in problem["loc"][1:]) or "scan"
    return f"{where}: {describe(problem)}"


def _code(problem: Mapping[str, Any]) -> str:
    if "wrong check digit" in problem["msg"]:
        return "wrong-check-digit"
    if "lies before 2000" in problem["msg"]:
        return "time-implausible"
    step = problem["loc"][-1] if problem["loc"] else None
    if step in {"qty_kg", "loss_kg"} and problem["type"] in _MASS_PROBLEMS:
        return "invalid-mass"
    return "invalid-scan"


_MASS_PROBLEMS = {
    "float_type",
    "greater_than",
    "greater_than_equal",
    "less_than_equal",
    "finite_number",
}
