"""Waiting between tries: longer each time, with jitter, cut short by a stop."""

import random
import threading

_FIRST_S = 0.1
_LONGEST_S = 10.0


class Backoff:
    """Waits that double from a tenth of a second to ten, each shortened by up to a half."""

    def __init__(self, stopping: threading.Event) -> None:
        self._stopping = stopping
        self._random = random.Random()  # noqa: S311 - jitter is no secret
        self._next_s = _FIRST_S

    def wait(self) -> bool:
        """Wait; False where a stop was asked for meanwhile."""
        wait_s = self._next_s * self._random.uniform(0.5, 1.0)
        self._next_s = min(self._next_s * 2, _LONGEST_S)
        return not self._stopping.wait(wait_s)

    def reset(self) -> None:
        """Begin anew after a success."""
        self._next_s = _FIRST_S
