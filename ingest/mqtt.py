"""The connection to the MQTT broker; the only module that knows paho.

The session is persistent: what the broker could not hand over, or we had not acknowledged, comes
again after a restart of either side. Messages are acknowledged by `Delivery` and only on the
connection that brought them: a message id means nothing on the next one.
"""

import logging
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from ingest.errors import BrokerError

_log = logging.getLogger(__name__)

_KEEPALIVE_S = 60
_CONNECT_DEADLINE_S = 15.0
_SESSION_EXPIRY_S = 7 * 24 * 3600
_RECONNECT_S = (1, 30)
_AT_LEAST_ONCE = 1
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

    @property
    def name(self) -> str:
        """Host and port, for messages; never the password."""
        parts = urlsplit(self.url)
        return f"{parts.hostname}:{parts.port or _DEFAULT_PORTS[parts.scheme]}"


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message in hand, not acknowledged yet."""

    topic: str
    payload: bytes
    message_id: int
    qos: int
    connection: int
    """Which connection brought it, counted from 1."""


class BrokerConnection:
    """Subscribes and hands every message to `on_delivery`, in the thread of paho's loop."""

    def __init__(
        self,
        options: BrokerOptions,
        subscriptions: Sequence[str],
        on_delivery: Callable[[Delivery], None],
    ) -> None:
        self._options = options
        self._subscriptions = subscriptions
        self._on_delivery = on_delivery
        self._answered = threading.Event()
        self._refusal: str | None = None
        self._connections = 0
        self._closing = False
        self.last_message_at: float | None = None
        """When the last message came, by `time.monotonic`."""
        self._client = self._make_client()

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
        answered = self._answered.wait(_CONNECT_DEADLINE_S)
        if not answered or self._refusal is not None:
            self.close()
            reason = self._refusal or f"no answer to MQTT {self._options.version}"
            raise BrokerError(f"the broker {self._options.name} refuses: {reason}")

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """Tell the broker that these are safe; those of an earlier connection come again."""
        for delivery in deliveries:
            if delivery.connection == self._connections and delivery.qos == _AT_LEAST_ONCE:
                self._client.ack(delivery.message_id, delivery.qos)

    def is_connected(self) -> bool:
        """Whether the connection is up."""
        return self._client.is_connected()

    def close(self) -> None:
        """Disconnect and end paho's thread; the broker keeps the session. Safe to repeat."""
        self._closing = True
        self._client.disconnect()
        self._client.loop_stop()

    def _session(self) -> dict[str, Any]:
        if self._options.version != "5":
            return {}
        properties: Any = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho
        properties.SessionExpiryInterval = _SESSION_EXPIRY_S
        properties.ReceiveMaximum = self._options.receive_maximum
        return {"clean_start": False, "properties": properties}

    def _make_client(self) -> mqtt.Client:
        is_v5 = self._options.version == "5"
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._options.client_id,
            clean_session=None if is_v5 else False,
            protocol=MQTTProtocolVersion.MQTTv5 if is_v5 else MQTTProtocolVersion.MQTTv311,
            manual_ack=True,
        )
        parts = urlsplit(self._options.url)
        if parts.username is not None:
            client.username_pw_set(unquote(parts.username), unquote(parts.password or ""))
        if parts.scheme == "mqtts":
            client.tls_set_context(ssl.create_default_context())
        client.reconnect_delay_set(*_RECONNECT_S)
        client.suppress_exceptions = True
        client.on_connect = self._connected
        client.on_disconnect = self._disconnected
        client.on_message = self._message
        return client

    def _connected(
        self, client: mqtt.Client, _data: Any, _flags: Any, reason: ReasonCode, _props: Any
    ) -> None:
        self._connections += 1
        if reason.is_failure:
            self._refusal = str(reason)
            _log.error("broker %s refuses: %s", self._options.name, reason)
        else:
            self._refusal = None
            client.subscribe(self._wanted())
        self._answered.set()

    def _wanted(self) -> list[Any]:
        if self._options.version == "5":
            options = SubscribeOptions(qos=_AT_LEAST_ONCE)
            return [(topic, options) for topic in self._subscriptions]
        return [(topic, _AT_LEAST_ONCE) for topic in self._subscriptions]

    def _disconnected(
        self, _client: mqtt.Client, _data: Any, _flags: Any, reason: ReasonCode, _props: Any
    ) -> None:
        if not self._closing:
            _log.warning("lost the broker %s: %s", self._options.name, reason)

    def _message(self, _client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        self.last_message_at = time.monotonic()
        self._on_delivery(
            Delivery(
                message.topic, bytes(message.payload), message.mid, message.qos, self._connections
            )
        )
