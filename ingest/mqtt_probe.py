"""Tries out an MQTT broker as ingest would use it, under names and a topic of its own.

A subscriber with a persistent session takes messages and acknowledges none until all were
published; then it leaves, more are published, and it comes back for them. What is missing in the
end, the broker has dropped. Nothing stays behind, and ingest's own session is never touched:
taking it over would disconnect a running ingest and swallow the QoS 0 messages that wait in it.
"""

import ssl
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Self
from urllib.parse import unquote, urlsplit
from uuid import uuid4

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from ingest.broker_check import (
    ENOUGH,
    Announced,
    AwayTrial,
    BrokerFacts,
    LateTrial,
    Statistics,
    Trial,
)
from ingest.errors import BrokerError
from ingest.mqtt import BrokerOptions

TOPIC = "agripark-doctor"
"""The probe's messages go below it; ingest doesn't read there."""
_QOS0_MESSAGES = 20
_SYS = "$SYS/broker"
_VERSION = f"{_SYS}/version"
_DROPPED = f"{_SYS}/publish/messages/dropped"
_DROPPED_A_MINUTE = f"{_SYS}/load/publish/dropped/1min"

_DEFAULT_PORTS = {"mqtt": 1883, "mqtts": 8883}
_KEEPALIVE_S = 30
_SESSION_S = 60
"""What is left of a probe that dies ends by itself."""
_ANSWER_S = 5.0
_PUBLISH_S = 4.0
_HELLO_S = 1.0
_STATISTICS_S = 0.3
_QUIET_S = 0.6
"""Nothing more comes after so long a silence."""
_POLL_S = 0.005
_IN_FLIGHT = 20


def probe_broker(options: BrokerOptions) -> BrokerFacts:
    """Everything that can be seen from outside, in a few seconds.

    Raises BrokerError where the broker can't be reached, refuses or leaves in between.
    """
    name = f"{TOPIC}-{uuid4().hex[:12]}"
    announced, statistics = _introduction(options, name)
    topic = f"{TOPIC}/{uuid4().hex}"
    try:
        with _Visitor(options, f"{name}-device") as device:
            device.connect(clean=True)
            with _Visitor(options, name) as subscriber:
                subscriber.connect(clean=False, expiry_s=_SESSION_S)
                forbidden = _forbidden(subscriber, device, topic)
                if forbidden is not None:
                    return BrokerFacts(announced, statistics, forbidden)
                late = _acknowledging_late(subscriber, device, topic)
            away = _while_away(options, name, device, topic)
    finally:
        _forget(options, name)
    return BrokerFacts(announced, statistics, late=late, away=away)


def _introduction(options: BrokerOptions, name: str) -> tuple[Announced, Statistics]:
    """What the broker says of itself; asked with the session that ingest asks for."""
    with _Visitor(options, name) as visitor:
        announced = visitor.connect(clean=True, expiry_s=options.session_expiry_s)
        wanted = (_VERSION, _DROPPED, _DROPPED_A_MINUTE)
        visitor.subscribe(wanted)
        _until(lambda: len(visitor.retained) == len(wanted), _STATISTICS_S)
        said = dict(visitor.retained)
        visitor.end_session()
    return announced, Statistics(
        said.get(_VERSION), _number(said.get(_DROPPED), int), _number(said.get(_DROPPED_A_MINUTE))
    )


def _number(text: str | None, kind: Callable[[str], Any] = float) -> Any:
    with suppress(TypeError, ValueError):
        return None if text is None else kind(text)
    return None


def _forbidden(subscriber: "_Visitor", device: "_Visitor", topic: str) -> str | None:
    """Why messages on the topic don't come back, if they don't."""
    refusals = subscriber.subscribe([topic])
    if refusals:
        return f"the broker refuses a subscription to {topic}: {refusals[0]}"
    device.publish(topic, [b"hello"])
    if device.refusal is not None:
        return f"the broker refuses a message on {topic}: {device.refusal}"
    if not _until(lambda: bool(subscriber.payloads), _HELLO_S):
        return f"a message on {topic} didn't come back"
    subscriber.acknowledge()
    return None


def _acknowledging_late(subscriber: "_Visitor", device: "_Visitor", topic: str) -> LateTrial:
    payloads = _numbered("late", ENOUGH)
    published = device.publish(topic, payloads)
    subscriber.collect(payloads, acknowledging=False)
    in_hand = subscriber.arrived(payloads)
    subscriber.collect(payloads, acknowledging=True)
    # By its answer the broker has read every acknowledgement, and will see at once that we leave.
    subscriber.subscribe([topic])
    return LateTrial(Trial(published, subscriber.arrived(payloads)), in_hand)


def _while_away(options: BrokerOptions, name: str, device: "_Visitor", topic: str) -> AwayTrial:
    device.publish(topic, [b"gone?"])  # by its answer the broker has seen the subscriber leave
    qos0, qos1 = _numbered("qos0", _QOS0_MESSAGES), _numbered("away", ENOUGH)
    device.publish(topic, qos0, qos=0)
    published = device.publish(topic, qos1)
    with _Visitor(options, name) as subscriber:
        subscriber.connect(clean=False, expiry_s=_SESSION_S)
        subscriber.collect([*qos0, *qos1], acknowledging=True)
        return AwayTrial(
            Trial(published, subscriber.arrived(qos1)),
            Trial(len(qos0), subscriber.arrived(qos0)),
            subscriber.session_present,
        )


def _numbered(word: str, count: int) -> list[bytes]:
    return [f"{word} {number}".encode() for number in range(count)]


def _forget(options: BrokerOptions, name: str) -> None:
    """End the session with all that may still wait in it."""
    with suppress(BrokerError), _Visitor(options, name) as visitor:
        visitor.connect(clean=True)


class _Visitor:
    """One connection of the probe; disconnects at the end of its `with`, and keeps the session."""

    def __init__(self, options: BrokerOptions, client_id: str) -> None:
        self._options = options
        self._client_id = client_id
        self._client: mqtt.Client | None = None
        self._connected = threading.Event()
        self._granted: list[ReasonCode] = []
        self._connack: Any = None
        self._unacknowledged: list[tuple[int, int]] = []
        self._confirmed = 0
        self._problem: str | None = None
        self.session_present = False
        self.payloads: set[bytes] = set()
        self.retained: dict[str, str] = {}
        """Payloads of retained messages, by topic."""
        self.refusal: str | None = None
        """Why the broker refused a message of ours, if it said so."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def connect(self, *, clean: bool, expiry_s: int = 0) -> Announced:
        """Connect and wait for the answer. Raises BrokerError."""
        client = self._client = self._make_client(clean=clean)
        parts = urlsplit(self._options.url)
        session: dict[str, Any] = {}
        if self._is_v5:
            session = {"clean_start": clean, "properties": self._session(expiry_s)}
        try:
            client.connect(
                parts.hostname or "",
                parts.port or _DEFAULT_PORTS[parts.scheme],
                _KEEPALIVE_S,
                **session,
            )
        except (OSError, ValueError) as error:
            raise BrokerError(f"can't reach the broker {self._options.name}: {error}") from error
        client.loop_start()
        self._await(self._connected.is_set, "it doesn't answer")
        return _announced(self._connack)

    def subscribe(self, topics: Sequence[str]) -> list[str]:
        """Subscribe at QoS 1; gives what the broker refuses. Raises BrokerError."""
        self._granted.clear()
        self._running.subscribe([(topic, 1) for topic in topics])
        self._await(lambda: bool(self._granted), "it doesn't answer a subscription")
        return [str(reason) for reason in self._granted if reason.is_failure]

    def publish(self, topic: str, payloads: Sequence[bytes], qos: int = 1) -> int:
        """Publish, and give how many the broker acknowledged in time; QoS 0 is only sent.

        Stops waiting where the broker refuses one. Raises BrokerError where it ends the connection.
        """
        before = self._confirmed
        for payload in payloads:
            self._running.publish(topic, payload, qos)
        _until(
            lambda: (
                self._confirmed - before >= len(payloads)
                or self.refusal is not None
                or self._problem is not None
            ),
            _PUBLISH_S,
        )
        if self._problem is not None:
            raise self._failure(self._problem)
        return self._confirmed - before

    def collect(self, payloads: Sequence[bytes], *, acknowledging: bool) -> None:
        """Wait until all have come or nothing comes any more."""
        wanted, seen, since = set(payloads), -1, time.monotonic()
        end = since + _PUBLISH_S
        while time.monotonic() < end and time.monotonic() - since < _QUIET_S:
            if acknowledging:
                self.acknowledge()
            arrived = len(self.payloads)
            if arrived != seen:
                seen, since = arrived, time.monotonic()
                if wanted <= set(self.payloads):
                    break
            time.sleep(_POLL_S)
        if acknowledging:
            self.acknowledge()

    def arrived(self, payloads: Sequence[bytes]) -> int:
        """How many of them have come."""
        return len(self.payloads & set(payloads))

    def acknowledge(self) -> None:
        """Acknowledge everything that has come."""
        while self._unacknowledged:
            self._running.ack(*self._unacknowledged.pop(0))

    def end_session(self) -> None:
        """Disconnect for good: the broker forgets the session."""
        if self._is_v5:
            properties: Any = Properties(PacketTypes.DISCONNECT)  # type: ignore[no-untyped-call]  # paho
            properties.SessionExpiryInterval = 0
            self._running.disconnect(properties=properties)

    @property
    def _is_v5(self) -> bool:
        return self._options.version == "5"

    @property
    def _running(self) -> mqtt.Client:
        if self._client is None:
            raise BrokerError("not connected")
        return self._client

    def _make_client(self, *, clean: bool) -> mqtt.Client:
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._client_id,
            clean_session=None if self._is_v5 else clean,
            protocol=MQTTProtocolVersion.MQTTv5 if self._is_v5 else MQTTProtocolVersion.MQTTv311,
            manual_ack=True,
            reconnect_on_failure=False,
        )
        parts = urlsplit(self._options.url)
        if parts.username is not None:
            client.username_pw_set(unquote(parts.username), unquote(parts.password or ""))
        if parts.scheme == "mqtts":
            client.tls_set_context(ssl.create_default_context())
        client.connect_timeout = _ANSWER_S
        client.max_inflight_messages_set(_IN_FLIGHT)
        client.suppress_exceptions = True
        client.on_connect = self._answered
        client.on_disconnect = self._disconnected
        client.on_subscribe = self._subscribed
        client.on_publish = self._published
        client.on_message = self._message
        return client

    def _session(self, expiry_s: int) -> Any:
        properties: Any = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho
        properties.SessionExpiryInterval = expiry_s
        properties.ReceiveMaximum = self._options.receive_maximum
        return properties

    def _await(self, condition: Callable[[], bool], complaint: str) -> None:
        done = _until(lambda: condition() or self._problem is not None, _ANSWER_S)
        if not done or self._problem is not None:
            raise self._failure(self._problem or complaint)

    def _failure(self, what: str) -> BrokerError:
        return BrokerError(f"the broker {self._options.name} fails the probe: {what}")

    def _close(self) -> None:
        if self._client is not None:
            self._client.disconnect()
            self._client.loop_stop()

    def _answered(
        self, _client: mqtt.Client, _data: Any, flags: Any, reason: ReasonCode, properties: Any
    ) -> None:
        if reason.is_failure:
            self._problem = str(reason)
        self._connack = properties
        self.session_present = bool(flags.session_present)
        self._connected.set()

    def _disconnected(
        self, _client: mqtt.Client, _data: Any, _flags: Any, reason: ReasonCode, _props: Any
    ) -> None:
        if reason.is_failure:
            self._problem = self._problem or f"it ended the connection: {reason}"

    def _subscribed(
        self, _client: mqtt.Client, _data: Any, _id: int, reasons: list[ReasonCode], _props: Any
    ) -> None:
        self._granted.extend(reasons)

    def _published(
        self, _client: mqtt.Client, _data: Any, _id: int, reason: ReasonCode, _props: Any
    ) -> None:
        if reason.is_failure:
            self.refusal = str(reason)
        else:
            self._confirmed += 1

    def _message(self, _client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        if message.retain and message.topic.startswith(_SYS):
            self.retained[message.topic] = message.payload.decode(errors="replace")
        else:
            self.payloads.add(bytes(message.payload))
        if message.qos:
            self._unacknowledged.append((message.mid, message.qos))


def _announced(connack: Any) -> Announced:
    """Read a CONNACK's properties; in MQTT 3.1.1 there are none."""

    def said(name: str, otherwise: Any) -> Any:
        return getattr(connack, name, otherwise)

    return Announced(
        said("MaximumQoS", 2),
        bool(said("RetainAvailable", 1)),
        bool(said("WildcardSubscriptionAvailable", 1)),
        bool(said("SharedSubscriptionAvailable", 1)),
        said("SessionExpiryInterval", None),
        said("MaximumPacketSize", None),
    )


def _until(condition: Callable[[], bool], deadline_s: float) -> bool:
    """Poll until the condition holds; False where the deadline passes first."""
    end = time.monotonic() + deadline_s
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(_POLL_S)
    return True
