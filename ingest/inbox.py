"""Where deliveries wait for their commit: bounded by number and by size, so that memory is.

Without room nothing more is read from the broker, which keeps what it can't send.
"""

import threading
from collections.abc import Sequence

from ingest.packets import Delivery

_MOST_BYTES = 64 * 1024 * 1024
_GATHERING_S = 0.1
"""A commit costs as much as reading a hundred messages: so long it waits for company."""
_ROOM_WAIT_S = 0.1


class Inbox:
    """Filled by paho's loop, emptied by the writer."""

    def __init__(self, most_messages: int, most_bytes: int = _MOST_BYTES) -> None:
        self._most_messages = most_messages
        self._most_bytes = most_bytes
        self._waiting: list[Delivery] = []
        self._bytes = 0
        self._closed = False
        self._wanted = 1
        """How many whoever takes is waiting for."""
        self._changed = threading.Condition(threading.Lock())
        self.accepted = 0
        """Deliveries that were ever put in."""

    def has_room(self) -> bool:
        """Whether deliveries may be put in; waits a moment for room, and never has any closed."""
        with self._changed:
            if self._is_full() and not self._closed:
                self._changed.wait(_ROOM_WAIT_S)
            return not self._closed and not self._is_full()

    def put(self, deliveries: Sequence[Delivery]) -> None:
        """Add deliveries, those of one look at the broker; nothing once it is closed."""
        with self._changed:
            if self._closed:
                return
            was_empty = not self._waiting
            self._waiting += deliveries
            self._bytes += sum([len(delivery.payload) for delivery in deliveries])
            self.accepted += len(deliveries)
            if was_empty or self._is_enough(self._wanted):
                self._changed.notify_all()

    def take(self, most_messages: int, most_bytes: int, wait_s: float = 1.0) -> list[Delivery]:
        """The oldest deliveries; none where none came in time, or once closed and emptied.

        After the first it waits a moment for others, so that a commit is worth its while.
        """
        with self._changed:
            if not self._waiting and not self._closed:
                self._changed.wait_for(lambda: self._waiting or self._closed, wait_s)
                if self._waiting:
                    self._wanted = most_messages
                    self._changed.wait_for(lambda: self._is_enough(most_messages), _GATHERING_S)
            was_full = self._is_full()
            taken, size = 0, 0
            for delivery in self._waiting[:most_messages]:
                size += len(delivery.payload)
                taken += 1
                if size >= most_bytes:
                    break
            deliveries, self._waiting = self._waiting[:taken], self._waiting[taken:]
            self._bytes -= size
            if was_full:
                self._changed.notify_all()
        return deliveries

    def is_over(self) -> bool:
        """Whether it is closed and empty."""
        with self._changed:
            return self._closed and not self._waiting

    def close(self) -> None:
        """Take nothing in any more; what is inside can still be taken."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _is_enough(self, messages: int) -> bool:
        return self._closed or len(self._waiting) >= messages or self._is_full()

    def _is_full(self) -> bool:
        return len(self._waiting) >= self._most_messages or self._bytes >= self._most_bytes
