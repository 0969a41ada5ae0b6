"""An MQTT broker inside this process, for the demo only.

amqtt speaks MQTT 3.1.1 and doesn't send again what was never acknowledged, so it must not stand
where readings matter; use Mosquitto there.
"""

import asyncio
import logging
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from amqtt.broker import Broker
from amqtt.errors import AMQTTError, BrokerError

from api.errors import EmbeddedBrokerError
from api.ports import free_port

MQTT_VERSION = "3.1.1"
T = TypeVar("T")

_DEADLINE_S = 10.0
_MOST_CONNECTIONS = 100


@contextmanager
def embedded_broker() -> Iterator[str]:
    """Run a broker on a free port of 127.0.0.1; gives its `mqtt://` address.

    Raises EmbeddedBrokerError where it can't start.
    """
    for name in ("amqtt", "transitions"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    port = free_port()
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="embedded-broker", daemon=True)
    thread.start()

    def run(work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, loop).result(_DEADLINE_S)

    try:
        try:
            broker = run(_start(port))
        except (AMQTTError, BrokerError, OSError) as error:
            raise EmbeddedBrokerError(f"the embedded broker can't start: {error}") from error
        try:
            yield f"mqtt://127.0.0.1:{port}"
        finally:
            run(broker.shutdown())
    finally:
        run(_cancel_rest())
        loop.call_soon_threadsafe(loop.stop)
        thread.join(_DEADLINE_S)
        loop.close()


async def _start(port: int) -> Broker:
    listener = {
        "type": "tcp",
        "bind": f"127.0.0.1:{port}",
        "max_connections": _MOST_CONNECTIONS,
    }
    anonymous = {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}}
    broker = Broker({"listeners": {"default": listener}, "plugins": anonymous})
    await broker.start()
    return broker


async def _cancel_rest() -> None:
    """End what amqtt leaves running, so that nothing complains about pending tasks."""
    rest = asyncio.all_tasks() - {asyncio.current_task()}
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)
