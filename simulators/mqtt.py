"""Publishes messages like a gateway: one MQTT connection, QoS 1, a window of open messages."""

import ssl
import threading
import time
from types import TracebackType
from typing import Any, Literal, Protocol, Self
from urllib.parse import unquote, urlsplit

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from simulators.errors import BrokerSilentError, BrokerUnreachableError
from simulators.messages import Message, StatusSent

MqttVersion = Literal["5", "3.1.1"]

_DEFAULT_PORTS = {"mqtt": 1883, "mqtts": 8883}
_KEEPALIVE_S = 60


class Publisher(Protocol):
    """Where messages go."""

    def publish(self, message: Message) -> None:
        """Hand over a message; may wait for earlier ones. Raises BrokerError."""

    def flush(self) -> None:
        """Return when all that was handed over is acknowledged. Raises BrokerError."""


class MqttPublisher:
    """A publisher over MQTT; messages of one publisher keep their order.

    A lost connection is taken up again, and what wasn't acknowledged is sent again. Where the
    broker acknowledges nothing for `deadline_s`, BrokerSilentError is raised.
    """

    def __init__(
        self,
        url: str,
        *,
        version: MqttVersion = "5",
        client_id: str = "agripark-simulator",
        window: int = 200,
        deadline_s: float = 20.0,
    ) -> None:
        parts = urlsplit(url)
        self._host = parts.hostname or "127.0.0.1"
        self._port = parts.port or _DEFAULT_PORTS.get(parts.scheme, 1883)
        self._address = f"{parts.scheme}://{self._host}:{self._port}"
        self._deadline_s = deadline_s
        self._window = window
        self._unacknowledged = 0
        self._refusal = ""
        self._connected = False
        self._change = threading.Condition()
        protocol = MQTTProtocolVersion.MQTTv5 if version == "5" else MQTTProtocolVersion.MQTTv311
        self._client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id=client_id, protocol=protocol
        )
        self._client.suppress_exceptions = True
        self._client.on_connect = self._on_connect
        self._client.on_publish = self._on_publish
        if parts.username is not None:
            password = None if parts.password is None else unquote(parts.password)
            self._client.username_pw_set(unquote(parts.username), password)
        if parts.scheme == "mqtts":
            self._client.tls_set_context(ssl.create_default_context())

    def __enter__(self) -> Self:
        """Connect. Raises BrokerUnreachableError."""
        self._client.max_inflight_messages_set(self._window)
        try:
            self._client.connect(self._host, self._port, _KEEPALIVE_S)
        except (OSError, ValueError) as error:
            raise BrokerUnreachableError(self._address, f"can't connect: {error}") from error
        self._client.loop_start()
        with self._change:
            self._change.wait_for(lambda: self._connected or self._refusal, self._deadline_s)
            if self._connected and not self._refusal:
                return self
            problem = self._refusal or f"no answer to CONNECT within {self._deadline_s:g} s"
        self._close()
        raise BrokerUnreachableError(self._address, problem)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Disconnect; call `flush` before where every message counts."""
        self._close()

    def _close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def publish(self, message: Message) -> None:
        """Hand over a message; waits while the window is full. Raises BrokerError."""
        with self._change:
            self._wait_below(self._window)
            self._unacknowledged += 1
        retain = isinstance(message, StatusSent)
        info = self._client.publish(message.topic, message.payload, qos=1, retain=retain)
        if info.rc not in {paho.MQTT_ERR_SUCCESS, paho.MQTT_ERR_NO_CONN}:
            raise BrokerSilentError(self._address, paho.error_string(info.rc))

    def flush(self) -> None:
        """Return when all that was handed over is acknowledged. Raises BrokerError."""
        with self._change:
            self._wait_below(1)

    def _wait_below(self, limit: int) -> None:
        """Wait until fewer than `limit` are unacknowledged; the deadline runs between two acks."""
        while self._unacknowledged >= limit and not self._refusal:
            before = self._unacknowledged
            since = time.monotonic()
            self._change.wait_for(
                lambda before=before: self._unacknowledged < before or self._refusal,  # type: ignore[misc]  # a default binds the loop's value
                self._deadline_s,
            )
            if self._unacknowledged >= before and time.monotonic() - since >= self._deadline_s:
                problem = (
                    f"no acknowledgement for {self._deadline_s:g} s, "
                    f"{self._unacknowledged} messages wait for theirs"
                )
                raise BrokerSilentError(self._address, problem)
        if self._refusal:
            raise BrokerSilentError(self._address, self._refusal)

    def _on_connect(
        self, _client: Any, _userdata: Any, _flags: Any, reason: Any, properties: Any
    ) -> None:
        with self._change:
            if reason.is_failure:
                self._refusal = f"the broker refused the connection: {reason}"
            else:
                self._connected = True
                granted = getattr(properties, "ReceiveMaximum", self._window)
                self._window = min(self._window, granted)
            self._change.notify_all()

    def _on_publish(
        self, _client: Any, _userdata: Any, _mid: int, reason: Any, _properties: Any
    ) -> None:
        with self._change:
            if reason.is_failure:
                self._refusal = f"the broker refused a message: {reason}"
            self._unacknowledged -= 1
            self._change.notify_all()
