"""Alarms as other processes than ingest see them, and act on them, through the spool's file."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from ingest.alarms import store
from ingest.alarms.lifecycle import Order
from ingest.alarms.model import Alarm, AlarmStatus, Priority, Transition
from ingest.alarms.notify import outbox
from ingest.errors import SpoolError
from ingest.readonly import read_only
from ingest.spool_schema import bring_up_to_date
from park.times import now_ms

_LOCK_WAIT_S = 30.0


class AlarmRegister:
    """The alarms of a spool's file; a file that isn't there yet holds none."""

    def __init__(self, path: Path, clock_ms: Callable[[], int] = now_ms) -> None:
        self._path = path
        self._clock_ms = clock_ms

    def alarms(
        self,
        *,
        statuses: Sequence[AlarmStatus] = (),
        priority: Priority | None = None,
        assets: Sequence[str] = (),
        rule: str | None = None,
        after: tuple[str, str] = ("", ""),
        limit: int = 50,
    ) -> Sequence[Alarm]:
        """Alarms by asset and rule, those behind `after`. Raises SpoolError."""
        values: dict[str, object] = {"asset": after[0], "rule": after[1], "limit": limit}
        conditions = ["(asset, rule) > (:asset, :rule)"]
        conditions += _one_of("status", statuses, values)
        conditions += _one_of("asset", assets, values)
        conditions += _one_of("priority", [] if priority is None else [priority], values)
        conditions += _one_of("rule", [] if rule is None else [rule], values)
        where = " AND ".join(conditions)
        with self._reading() as connection:
            if connection is None:
                return []
            rest = f"WHERE {where} ORDER BY asset, rule LIMIT :limit"
            return store.select(connection, rest, values)

    def alarm(self, rule: str, asset: str) -> Alarm | None:
        """One alarm; None where it was never raised. Raises SpoolError."""
        with self._reading() as connection:
            return None if connection is None else store.find(connection, rule, asset)

    def journal(
        self,
        *,
        asset: str | None = None,
        rule: str | None = None,
        since_ms: int | None = None,
        until_ms: int | None = None,
        before_id: int | None = None,
        limit: int = 50,
    ) -> Sequence[Transition]:
        """Entries of the journal, newest first, by when they were recorded. Raises SpoolError."""
        wanted = {
            "asset = :asset": asset,
            "rule = :rule": rule,
            "recorded_ms >= :since": since_ms,
            "recorded_ms < :until": until_ms,
            "id < :before": before_id,
        }
        given = {text: value for text, value in wanted.items() if value is not None}
        where = "WHERE " + " AND ".join(given) if given else ""
        values: dict[str, object] = {"limit": limit}
        values.update((text.rsplit(":", 1)[1], value) for text, value in given.items())
        with self._reading() as connection:
            if connection is None:
                return []
            return store.journal(connection, f"{where} ORDER BY id DESC LIMIT :limit", values)

    def counts(self) -> Mapping[tuple[AlarmStatus, Priority], int]:
        """How many alarms there are in each status. Raises SpoolError."""
        with self._reading() as connection:
            if connection is None:
                return {}
            rows = connection.execute("SELECT status, priority, count(*) FROM alarms GROUP BY 1, 2")
            return {(AlarmStatus(status), Priority(level)): many for status, level, many in rows}

    def waiting_notes(self) -> tuple[int, str]:
        """How many notes about alarms couldn't be sent yet, and why the last couldn't.

        Raises SpoolError.
        """
        with self._reading() as connection:
            return (0, "") if connection is None else outbox.waiting(connection)

    def act(self, rule: str, asset: str, priority: Priority, order: Order) -> Alarm:
        """Do what a person wants; the alarm as it stands then.

        Raises AlarmActionError where it can't be done as the alarm stands, SpoolError.
        """
        with self._writing() as connection:
            alarm = Alarm(rule, asset, priority)
            return store.act(connection, alarm, order, self._clock_ms())

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection | None]:
        with read_only(self._path, SpoolError) as connection:
            yield None if connection is None or not _has_alarms(connection) else connection

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(self._path, timeout=_LOCK_WAIT_S, isolation_level=None)
            with closing(connection):
                for pragma in ("journal_mode=WAL", "synchronous=FULL"):
                    connection.execute(f"PRAGMA {pragma}")
                bring_up_to_date(connection)
                connection.execute("BEGIN IMMEDIATE")
                try:
                    yield connection
                    connection.execute("COMMIT")
                except BaseException:
                    if connection.in_transaction:
                        connection.execute("ROLLBACK")
                    raise
        except (sqlite3.Error, OSError) as error:
            raise SpoolError(f"the spool {self._path} can't be used: {error}") from error


def _has_alarms(connection: sqlite3.Connection) -> bool:
    """Whether ingest of this version ever opened the file."""
    query = "SELECT 1 FROM sqlite_master WHERE name = 'alarms'"
    return connection.execute(query).fetchone() is not None


def _one_of(column: str, wanted: Sequence[str], values: dict[str, object]) -> list[str]:
    """The condition that a column has one of these values; none where any will do."""
    if not wanted:
        return []
    names = [f"{column}_{number}" for number in range(len(wanted))]
    values.update(zip(names, map(str, wanted), strict=True))
    return [f"{column} IN ({', '.join(f':{name}' for name in names)})"]
