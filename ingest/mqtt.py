"""The connection to the MQTT broker; the only module that knows paho.

The session is persistent: what the broker could not hand over, or we had not acknowledged, comes
again after a restart of either side. Messages are acknowledged by `Delivery` and only on the
connection that brought them: a message id means nothing on the next one.

paho connects, subscribes, keeps the connection alive and mends it; publications are read and
acknowledged many at a time by `_Client`.
"""

import logging
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote, urlsplit

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from ingest.errors import BrokerError
from ingest.packets import Delivery, MalformedPacketError, as_text, packet_bytes, take_publications

_log = logging.getLogger(__name__)

_KEEPALIVE_S = 60
_CONNECT_DEADLINE_S = 5.0
_POLL_S = 0.1
_WEEK_S = 7 * 24 * 3600
_RECONNECT_S = (1, 30)
_AT_LEAST_ONCE = 1
_PUBACK = struct.Struct("!HH")
_PUBACK_HEAD = PacketTypes.PUBACK << 12 | 2
"""Type and remaining length: the message id; without a reason it means success in MQTT 5 too."""
_READ_BYTES = 256 * 1024
_LITTLE_BYTES = 4096
_REST_S = 0.01
"""After so little has come it rests, since to wake up costs more than to read more at once."""
_LOOP_NAME = "paho-mqtt-client-{}"
_DEFAULT_PORTS = {"mqtt": 1883, "mqtts": 8883}


@dataclass(frozen=True, slots=True)
class BrokerOptions:
    """Where the broker is and how to speak to it."""

    url: str
    """`mqtt://` or `mqtts://`, with user and password where needed."""
    version: str
    """`5` or `3.1.1`."""
    client_id: str
    """The broker keeps the session under this name."""
    receive_maximum: int
    """Messages that the broker may hand over before the first is acknowledged (MQTT 5)."""
    session_expiry_s: int = _WEEK_S
    """How long the broker keeps messages for us while we are away (MQTT 5)."""
    group: str = ""
    """Consumers of one group share the messages among them (MQTT 5); empty for one alone."""

    def shared(self, topics: Sequence[str]) -> tuple[str, ...]:
        """The topic filters as the group subscribes to them.

        Raises BrokerError where the protocol has no shared subscriptions.
        """
        if not self.group:
            return tuple(topics)
        if self.version != "5":
            raise BrokerError("a group shares messages by MQTT 5; set AGRIPARK_MQTT_VERSION to 5")
        if set("/+#") & set(self.group):
            raise BrokerError(f"the group {self.group!r} can't have /, + or # in its name")
        return tuple(f"$share/{self.group}/{topic}" for topic in topics)

    @property
    def name(self) -> str:
        """Host and port, for messages; never the password."""
        parts = urlsplit(self.url)
        return f"{parts.hostname}:{parts.port or _DEFAULT_PORTS[parts.scheme]}"


def check_broker(options: BrokerOptions) -> None:
    """Connect once, under a name and session of its own. Raises BrokerError."""
    visitor = replace(options, client_id=f"{options.client_id}-check", session_expiry_s=0)
    connection = BrokerConnection(visitor, (), lambda _: None)
    connection.open()
    connection.close()


class _Client(mqtt.Client):
    """Reads and acknowledges many messages at once.

    paho's own `ack` wakes its loop and makes a system call for each message; from another thread,
    as here, that is most of what a message costs. Its reading is as costly: see `ingest.packets`.
    """

    def __init__(
        self,
        options: BrokerOptions,
        on_deliveries: Callable[[Sequence[Delivery]], None],
        has_room: Callable[[], bool],
    ) -> None:
        self._is_v5 = options.version == "5"
        super().__init__(
            CallbackAPIVersion.VERSION2,
            client_id=options.client_id,
            clean_session=None if self._is_v5 else False,
            protocol=MQTTProtocolVersion.MQTTv5 if self._is_v5 else MQTTProtocolVersion.MQTTv311,
            manual_ack=True,
        )
        self._on_deliveries = on_deliveries
        self._has_room = has_room
        self._unread = bytearray()
        self._awaited = 0
        self._for_paho = b""
        self.on_socket_open = self._begin_reading
        self.connection = 0
        """Number of the connection; a message id means something on its own connection only."""

    def acknowledge(self, message_ids: Iterable[int]) -> None:
        """Queue the PUBACK packets of all, as one piece."""
        packets = b"".join([_PUBACK.pack(_PUBACK_HEAD, number) for number in message_ids])
        if packets:
            self._packet_queue(PacketTypes.PUBACK << 4, packets, 0, _AT_LEAST_ONCE)

    def loop_read(self, max_packets: int = 1) -> MQTTErrorCode:  # noqa: ARG002 - paho's signature
        """Read what has come, as long as there is room for it; paho's loop calls it.

        Without room the broker waits, and the loop goes on to keep the connection alive.
        """
        if not self._has_room():
            return MQTTErrorCode.MQTT_ERR_SUCCESS
        try:
            data = super()._sock_recv(_READ_BYTES)
        except BlockingIOError:
            return MQTTErrorCode.MQTT_ERR_SUCCESS
        except OSError as error:
            _log.warning("reading from the broker: %s", error)
            data = b""
        if not data:
            return self._loop_rc_handle(MQTTErrorCode.MQTT_ERR_CONN_LOST)
        with self._msgtime_mutex:
            self._last_bytes_received = time.monotonic()
        self._unread += data
        if len(self._unread) < self._awaited:  # one large packet comes piece by piece
            return MQTTErrorCode.MQTT_ERR_SUCCESS
        try:
            code = self._take_packets()
            self._awaited = packet_bytes(self._unread)
        except MalformedPacketError as error:
            _log.warning("the broker sends what is no MQTT: %s", error)
            return self._loop_rc_handle(MQTTErrorCode.MQTT_ERR_PROTOCOL)
        if len(data) < _LITTLE_BYTES:
            time.sleep(_REST_S)
        return code

    def _begin_reading(self, *_: object) -> None:
        self._unread.clear()
        self._awaited = 0

    def begin_connection(self) -> None:
        """From here on message ids mean something else."""
        self.connection += 1

    def _take_packets(self) -> MQTTErrorCode:
        data, start = bytes(self._unread), 0
        self._unread.clear()
        while True:
            taken = take_publications(data, start, self.connection, is_v5=self._is_v5)
            start = taken.end
            if taken.deliveries:
                self._on_deliveries(taken.deliveries)
            if taken.other is None:
                self._unread += data[start:]
                return MQTTErrorCode.MQTT_ERR_SUCCESS
            self._for_paho = taken.other
            code = super()._packet_read()
            if code != MQTTErrorCode.MQTT_ERR_SUCCESS:
                return self._loop_rc_handle(code)
            if self._sock is None:  # it was the end of the connection
                return MQTTErrorCode.MQTT_ERR_SUCCESS

    def _sock_recv(self, bufsize: int) -> bytes:
        """Give paho the packet that was read for it."""
        piece, self._for_paho = self._for_paho[:bufsize], self._for_paho[bufsize:]
        return piece


class BrokerConnection:
    """Subscribes and hands messages to `on_deliveries`, in the thread of paho's loop.

    `has_room` says whether any can be taken now; it may wait a moment for room.
    """

    def __init__(
        self,
        options: BrokerOptions,
        subscriptions: Sequence[str],
        on_deliveries: Callable[[Sequence[Delivery]], None],
        has_room: Callable[[], bool] = lambda: True,
        unwanted: Sequence[str] = (),
    ) -> None:
        """`unwanted` are subscriptions that the broker may still keep from another run."""
        self._options = options
        self._subscriptions = subscriptions
        self._unwanted = unwanted
        self._on_deliveries = on_deliveries
        self._answered = threading.Event()
        self._refusal: str | None = None
        self._acknowledging = threading.Lock()
        self._closing = False
        self.last_message_at: float | None = None
        """When the last message came, by `time.monotonic`."""
        self._client = self._make_client(has_room)

    def open(self) -> None:
        """Connect and subscribe; later breaks are mended by themselves. Raises BrokerError."""
        parts = urlsplit(self._options.url)
        try:
            self._client.connect(
                parts.hostname or "",
                parts.port or _DEFAULT_PORTS[parts.scheme],
                _KEEPALIVE_S,
                **self._session(),
            )
        except (OSError, ValueError) as error:
            raise BrokerError(f"can't reach the broker {self._options.name}: {error}") from error
        self._client.loop_start()
        if not self._is_answered() or self._refusal is not None:
            self.close()
            reason = self._refusal or self._no_answer("it doesn't answer")
            raise BrokerError(f"the broker {self._options.name} refuses: {reason}")

    def _is_answered(self) -> bool:
        """Wait for the answer; what the session kept may come before it, and take its time."""
        began = time.monotonic()
        while not self._answered.wait(_POLL_S):
            last_sign = max(began, self.last_message_at or began)
            if time.monotonic() - last_sign > _CONNECT_DEADLINE_S:
                return False
        return True

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """Tell the broker that these are safe; those of an earlier connection come again."""
        with self._acknowledging:  # no other connection begins meanwhile
            self._client.acknowledge(
                message_id
                for _, _, message_id, qos, connection in deliveries
                if connection == self._client.connection and qos == _AT_LEAST_ONCE
            )

    def publish(self, topic: str, payload: bytes) -> None:
        """Send a message at QoS 0, now or not at all."""
        self._client.publish(topic, payload)

    def announce(self, topic: str, payload: bytes) -> None:
        """Send a message at QoS 1 for the broker to retain; paho keeps it until it is sent."""
        self._client.publish(topic, payload, qos=_AT_LEAST_ONCE, retain=True)

    def is_connected(self) -> bool:
        """Whether the connection is up, subscribed, and paho's thread lives to serve it."""
        loop = _LOOP_NAME.format(self._options.client_id)
        return self._client.is_connected() and any(
            thread.name == loop for thread in threading.enumerate()
        )

    def close(self) -> None:
        """Disconnect and end paho's thread; the broker keeps the session. Safe to repeat."""
        self._closing = True
        self._client.disconnect()
        self._client.loop_stop()

    def _session(self) -> dict[str, Any]:
        if self._options.version != "5":
            return {}
        properties: Any = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho
        properties.SessionExpiryInterval = self._options.session_expiry_s
        properties.ReceiveMaximum = self._options.receive_maximum
        return {"clean_start": False, "properties": properties}

    def _make_client(self, has_room: Callable[[], bool]) -> _Client:
        client = _Client(self._options, self._take, has_room)
        parts = urlsplit(self._options.url)
        if parts.username is not None:
            client.username_pw_set(unquote(parts.username), unquote(parts.password or ""))
        if parts.scheme == "mqtts":
            client.tls_set_context(ssl.create_default_context())
        client.reconnect_delay_set(*_RECONNECT_S)
        client.suppress_exceptions = True
        client.on_connect = self._connected
        client.on_disconnect = self._disconnected
        client.on_subscribe = self._subscribed
        client.on_message = self._message
        return client

    def _connected(
        self, client: mqtt.Client, _data: Any, _flags: Any, reason: ReasonCode, _props: Any
    ) -> None:
        self._begin_connection()
        if reason.is_failure:
            self._refusal = str(reason)
            _log.error("broker %s refuses: %s", self._options.name, reason)
        else:
            self._refusal = None
            if self._unwanted:
                client.unsubscribe(list(self._unwanted))
            if self._subscriptions:
                client.subscribe(self._wanted())
                return
        self._answered.set()

    def _subscribed(
        self, _client: mqtt.Client, _data: Any, _id: int, reasons: list[ReasonCode], _props: Any
    ) -> None:
        for topic, reason in zip(self._subscriptions, reasons, strict=False):
            if reason.is_failure:
                self._refusal = f"subscription to {topic}: {reason}"
                _log.error("broker %s refuses: %s", self._options.name, self._refusal)
        self._answered.set()

    def _wanted(self) -> list[Any]:
        if self._options.version == "5":
            # A retained message comes once: not again with every reconnection.
            options = SubscribeOptions(
                qos=_AT_LEAST_ONCE, retainHandling=SubscribeOptions.RETAIN_SEND_IF_NEW_SUB
            )
            return [(topic, options) for topic in self._subscriptions]
        return [(topic, _AT_LEAST_ONCE) for topic in self._subscriptions]

    def _disconnected(
        self, _client: mqtt.Client, _data: Any, _flags: Any, reason: ReasonCode, _props: Any
    ) -> None:
        self._begin_connection()
        if self._closing:
            return
        _log.warning("lost the broker %s: %s", self._options.name, reason)
        if not self._answered.is_set():
            self._refusal = self._refusal or self._no_answer("it ended the connection")
            self._answered.set()

    def _no_answer(self, what: str) -> str:
        version = self._options.version
        return f"{what}; does it speak MQTT {version}? (setting mqtt_version: 5 or 3.1.1)"

    def _begin_connection(self) -> None:
        """From here on message ids mean something else."""
        with self._acknowledging:
            self._client.begin_connection()

    def _message(self, _client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        """A message of QoS 2, which paho has acknowledged by itself."""
        topic = as_text(message._topic)  # noqa: SLF001 - its property raises where it is no UTF-8
        payload = bytes(message.payload)
        self._take([Delivery(topic, payload, message.mid, message.qos, self._client.connection)])

    def _take(self, deliveries: Sequence[Delivery]) -> None:
        self.last_message_at = time.monotonic()
        try:
            self._on_deliveries(deliveries)
        except Exception:  # noqa: BLE001 - it would end paho's loop
            _log.exception("%d messages stay unacknowledged", len(deliveries))
