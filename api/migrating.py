"""Brings the database's tables up to date, now or as soon as the database answers."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from traceability.errors import DatabaseUnavailableError, TraceabilityError
from traceability.repository import Traceability

_log = logging.getLogger(__name__)

_RETRY_S = 1.0
_STOP_DEADLINE_S = 10.0


@contextmanager
def up_to_date(
    traceability: Traceability, *, needed: bool, then: Callable[[], None]
) -> Iterator[None]:
    """The tables are up to date; where they aren't `needed` yet, they will be.

    `then` is called once they are. Raises MigrationError for a database that can't be brought up
    to date, and where it is needed DatabaseUnavailableError.
    """
    try:
        traceability.migrate()
    except DatabaseUnavailableError as error:
        if needed:
            raise
        _log.warning("captures are refused and scans wait until it can be: %s", error)
    else:
        then()
        yield
        return
    with _trying_again(traceability, then):
        yield


@contextmanager
def _trying_again(traceability: Traceability, then: Callable[[], None]) -> Iterator[None]:
    over = threading.Event()

    def work() -> None:
        while not over.wait(_RETRY_S):
            try:
                traceability.migrate()
            except DatabaseUnavailableError:
                continue
            except TraceabilityError as error:
                _log.error("%s", error)
                return
            _log.warning("the traceability database is there, its tables are up to date")
            then()
            return

    thread = threading.Thread(target=work, name="migration", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(_STOP_DEADLINE_S)
