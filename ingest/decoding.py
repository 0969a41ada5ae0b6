"""What MQTT messages hold: readings, scans, announcements, and what of it can't be stored.

Every element of an array is judged by itself, so that a bad reading never takes its neighbours
with it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from ingest.codecs.json import read_json, read_objects, write_json
from ingest.errors import MessageError
from ingest.line_protocol import encode_sorted
from ingest.profiles.collection import Profiles
from ingest.received import SCANS, UNKNOWN, Announcement, Decoded, Fault, Measured
from ingest.topics import OWN, Channel, Route, Router
from ingest.validation import brief, check_fields, check_seq, check_status, check_time, sort_fields
from park.assets import Park
from park.scans import SCAN, Scan, describe

_MOST_READINGS = 10_000
"""In one message; more would hold up everyone else's."""
_LONGEST_DETAIL = 2_000


class Decoder:
    """Decodes the messages of one park."""

    def __init__(
        self,
        park: Park,
        clock_skew_s: float,
        payload_limit_bytes: int,
        profiles: Profiles | None = None,
    ) -> None:
        self._router = Router(park)
        self._profiles = profiles or Profiles()
        self._skew_ms = round(clock_skew_s * 1000)
        self._payload_limit_bytes = payload_limit_bytes

    @property
    def subscriptions(self) -> tuple[str, ...]:
        """The topic filters whose messages it decodes."""
        return (*self._router.subscriptions(), *self._profiles.subscriptions)

    def decode(self, topic: str, payload: bytes, now_ms: int) -> Decoded:
        """Everything that one message holds."""
        decoded = Decoded()
        self.decode_into(decoded, topic, payload, now_ms)
        return decoded

    def decode_into(self, decoded: Decoded, topic: str, payload: bytes, now_ms: int) -> None:
        """Add everything that a message holds; never raises for what a message may contain."""
        route = None
        try:
            self._check_size(payload)
            if not topic.startswith(OWN):
                self._foreign(decoded, topic, payload, now_ms)
                return
            route = self._router.route(topic)
            if route.channel is Channel.TELEMETRY:
                self._readings(decoded, topic, route, payload, now_ms)
            elif route.channel is Channel.SCAN:
                decoded.scans.append((topic, SCAN.dump_json(_scan(route, payload))))
            else:
                decoded.announcements.append(self._announcement(route, payload, now_ms))
        except MessageError as error:
            decoded.faults.append(_fault(topic, route, payload, error))

    def _check_size(self, payload: bytes) -> None:
        if len(payload) > self._payload_limit_bytes:
            raise MessageError(
                "payload-too-large",
                f"{len(payload)} bytes; at most {self._payload_limit_bytes} are read",
            )

    def _readings(
        self, decoded: Decoded, topic: str, route: Route, payload: bytes, now_ms: int
    ) -> None:
        elements = read_objects(payload)
        if len(elements) > _MOST_READINGS:
            raise MessageError(
                "too-many-readings", f"{len(elements)} readings; at most {_MOST_READINGS} are read"
            )
        for element in elements:
            try:
                decoded.readings.append(self._measured(route, element, now_ms))
            except MessageError as error:
                part = payload if len(elements) == 1 else write_json(element)
                decoded.faults.append(_fault(topic, route, part, error))

    def _foreign(self, decoded: Decoded, topic: str, payload: bytes, now_ms: int) -> None:
        """Readings by a profile. What is wrong with any goes to quarantine with all the payload.

        Only whole can it be read again; its good readings are stored all the same.
        """
        mapped = self._profiles.read(topic, payload, now_ms)
        problems = list(mapped.faults)
        for element in mapped.elements:
            try:
                route = self._router.telemetry_route(element.asset, element.kind)
                decoded.readings.append(self._measured(route, element.content, now_ms))
            except MessageError as error:
                problems.append(error)
        if problems:
            raise _joined(problems)

    def _measured(self, route: Route, element: Any, now_ms: int) -> Measured:
        if not isinstance(element, Mapping):
            raise MessageError("malformed-json", "a reading must be an object")
        try:
            time_ms = check_time(element.get("ts"), now_ms, self._skew_ms)
            seq = check_seq(element.get("seq"))
            line = encode_sorted(route.head, *sort_fields(route.kind, element), time_ms)
        except MessageError as first:
            raise self._every_problem(route, element, now_ms) from first
        return Measured(route.asset.id, route.kind, time_ms, seq, line)

    def _every_problem(self, route: Route, element: Mapping[str, Any], now_ms: int) -> MessageError:
        """All that is wrong with a reading, found by going on after the first problem."""
        return _join_problems(
            (
                lambda: check_time(element.get("ts"), now_ms, self._skew_ms),
                lambda: check_seq(element.get("seq")),
                lambda: check_fields(route.kind, element),
            )
        )

    def _announcement(self, route: Route, payload: bytes, now_ms: int) -> Announcement:
        content = read_json(payload)
        if not isinstance(content, dict):
            raise MessageError("invalid-status", 'a status must be an object: {"online": true}')
        online, firmware = check_status(content)
        ts = content.get("ts")
        time_ms = now_ms if ts is None else check_time(ts, now_ms, self._skew_ms)
        return Announcement(route.asset.id, online, firmware, time_ms)


def _join_problems(checks: Iterable[Callable[[], object]]) -> MessageError:
    problems: list[MessageError] = []
    for check in checks:
        try:
            check()
        except MessageError as error:
            problems.append(error)
    return _joined(problems)


def _joined(problems: Sequence[MessageError]) -> MessageError:
    return MessageError(problems[0].code, "; ".join(problem.detail for problem in problems))


def _scan(route: Route, payload: bytes) -> Scan:
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


def _fault(topic: str, route: Route | None, payload: bytes, error: MessageError) -> Fault:
    detail = error.detail[:_LONGEST_DETAIL]
    if route is None:
        return Fault(topic, payload, error.code, detail, UNKNOWN)
    kind = SCANS if route.channel is Channel.SCAN else route.kind
    return Fault(topic, payload, error.code, detail, kind, route.asset.id)


def _scan_problem(error: ValidationError) -> tuple[str, str]:
    problems: Sequence[Mapping[str, Any]] = error.errors(include_url=False)
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
