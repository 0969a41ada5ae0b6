"""Ending a command in good order, by Ctrl-C and by SIGTERM alike."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

_CHECK_EVERY_S = 1.0
_ENDINGS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def ending_by_signal() -> Iterator[None]:
    """Within, SIGINT and SIGTERM raise KeyboardInterrupt, so that `finally` blocks run.

    SIGINT is set too: a shell script starts its background jobs with SIGINT ignored, and
    Python then leaves it so.
    """

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    previous = [signal.signal(number, interrupt) for number in _ENDINGS]
    try:
        yield
    finally:
        for number, handler in zip(_ENDINGS, previous, strict=True):
            signal.signal(number, handler)


def wait_for_signal(check: Callable[[], None] = lambda: None) -> None:
    """Sleep until Ctrl-C or, within `ending_by_signal`, SIGTERM.

    `check` is called every second; what it raises ends the sleep.
    """
    with suppress(KeyboardInterrupt):
        while not threading.Event().wait(_CHECK_EVERY_S):
            check()
