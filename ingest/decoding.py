"""What MQTT messages hold: readings, scans, announcements, and what of it can't be stored.

Every element of an array is judged by itself, so that a bad reading never takes its neighbours
with it.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from ingest.codecs import cbor, senml
from ingest.codecs.json import read_json, read_objects, write_json
from ingest.codecs.sparkplug import topics as sparkplug_topics
from ingest.codecs.sparkplug.payload import rebirth_command
from ingest.codecs.sparkplug.sessions import Sessions
from ingest.element import Element
from ingest.errors import MessageError
from ingest.line_protocol import encode_sorted
from ingest.profiles.collection import Profiles
from ingest.profiles.profile import MappedElement
from ingest.received import SCANS, UNKNOWN, Announcement, Decoded, Fault, Measured
from ingest.topics import OWN, Channel, Route, Router
from ingest.validation import brief, check_fields, check_seq, check_status, check_time, sort_fields
from park.assets import Park
from park.scans import SCAN, Scan, describe
from park.telemetry import Kind

_log = logging.getLogger(__name__)

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
        self._park = park
        self._router = Router(park)
        self._sparkplug = Sessions(self._kind_of)
        self._requests: list[tuple[str, str]] = []
        self._profiles = profiles or Profiles()
        self._skew_ms = round(clock_skew_s * 1000)
        self._payload_limit_bytes = payload_limit_bytes

    @property
    def subscriptions(self) -> tuple[str, ...]:
        """The topic filters whose messages it decodes."""
        return (*self.shareable_subscriptions, *sparkplug_topics.subscriptions())

    @property
    def shareable_subscriptions(self) -> tuple[str, ...]:
        """Those whose messages mean the same whoever reads them and in whatever order."""
        return (*self._router.subscriptions(), *self._profiles.subscriptions)

    def resume(self, keepsake: bytes | None) -> None:
        """Take up what `keepsake` gave in an earlier run."""
        if keepsake is not None and not self._sparkplug.load(keepsake):
            _log.warning("what was known of Sparkplug's nodes can't be read; they are asked again")

    def keepsake(self) -> bytes | None:
        """What has to be known after a restart; None where it hasn't changed."""
        return self._sparkplug.dump() if self._sparkplug.changed else None

    def take_requests(self, now_ms: int) -> Sequence[tuple[str, bytes]]:
        """Topic and payload of what devices have to be asked for now."""
        nodes, self._requests = [*self._requests, *self._sparkplug.due(now_ms)], []
        return [
            (sparkplug_topics.rebirth_topic(group, node), rebirth_command(now_ms))
            for group, node in dict.fromkeys(nodes)
        ]

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
                if sparkplug_topics.is_sparkplug(topic):
                    self._from_sparkplug(decoded, topic, payload, now_ms)
                else:
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
        elements = cbor.read_objects(payload) if cbor.is_cbor(payload) else read_objects(payload)
        if len(elements) > _MOST_READINGS:
            raise MessageError(
                "too-many-readings", f"{len(elements)} readings; at most {_MOST_READINGS} are read"
            )
        if senml.is_senml(elements):
            records = senml.resolve(elements, now_ms)
            readings, faults = senml.read(records, route.asset.id, self._kind_of)
            self._all_of(decoded, readings, faults, now_ms)
            return
        for element in elements:
            try:
                decoded.readings.append(self._measured(route, element, now_ms))
            except MessageError as error:
                part = payload if len(elements) == 1 else write_json(element)
                decoded.faults.append(_fault(topic, route, part, error))

    def _foreign(self, decoded: Decoded, topic: str, payload: bytes, now_ms: int) -> None:
        mapped = self._profiles.read(topic, payload, now_ms)
        self._all_of(decoded, mapped.elements, mapped.faults, now_ms)

    def _from_sparkplug(self, decoded: Decoded, topic: str, payload: bytes, now_ms: int) -> None:
        outcome = self._sparkplug.receive(topic, payload, now_ms)
        if outcome.rebirth is not None:
            self._requests.append(outcome.rebirth)
        decoded.announcements += [
            Announcement(state.asset, state.online, None, state.time_ms) for state in outcome.states
        ]
        faults = [MessageError(fault.code, fault.detail) for fault in outcome.faults]
        problems = []
        for elements, is_live in ((outcome.elements, True), (outcome.historical, False)):
            problems += self._readable(decoded, elements, now_ms, is_live=is_live)
        if problems or faults:
            raise _joined([*faults, *problems])

    def _all_of(
        self,
        decoded: Decoded,
        elements: Iterable[Element],
        faults: Iterable[MessageError],
        now_ms: int,
    ) -> None:
        """The readings of a message that hangs together; the good ones are stored in any case.

        Raises MessageError with all that is wrong with the others: the message goes to quarantine
        whole, since only whole can it be read again.
        """
        if problems := [*faults, *self._readable(decoded, elements, now_ms)]:
            raise _joined(problems)

    def _readable(
        self,
        decoded: Decoded,
        elements: Iterable[Element],
        now_ms: int,
        *,
        is_live: bool = True,
    ) -> list[MessageError]:
        """Add those that can be read; the problems of the others."""
        problems = []
        for element in elements:
            try:
                meant = element.kind if isinstance(element, MappedElement) else None
                route = self._router.telemetry_route(element.asset, meant)
                measured = self._measured(route, element.content, now_ms)
            except MessageError as error:
                problems.append(error)
            else:
                decoded.readings.append(measured if is_live else measured._replace(is_live=False))
        return problems

    def _kind_of(self, asset: str) -> Kind | None:
        found = self._park.assets.get(asset)
        return None if found is None else found.kind

    def _measured(self, route: Route, element: Any, now_ms: int) -> Measured:
        if not isinstance(element, Mapping):
            raise MessageError("malformed-json", "a reading must be an object")
        try:
            time_ms = check_time(element.get("ts"), now_ms, self._skew_ms)
            seq = check_seq(element.get("seq"))
            floats, others = sort_fields(route.kind, element)
            line = encode_sorted(route.head, floats, others, time_ms)
        except MessageError as first:
            raise self._every_problem(route, element, now_ms) from first
        return Measured(route.asset.id, route.kind, time_ms, seq, line, floats, others)

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
