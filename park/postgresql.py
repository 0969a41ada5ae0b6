"""Connections to PostgreSQL that end where the server, or the way to it, is gone.

The driver alone would wait for ever: for a server that was switched off in the middle of an answer,
or that takes connections and says nothing. And a server that never hears of the end of a client
would keep its locks for hours.
"""

import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import MappingProxyType
from typing import Any

import pg8000
from pg8000 import core
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL

_CONNECT_S = 10.0
_ANSWER_S = 60.0
_SILENT_AFTER_S, _ASK_EVERY_S, _ASK_TIMES = 15, 5, 3
"""When TCP asks whether the other end lives, how often, and how often in vain."""
_DEAD_AFTER_MS = 1000 * (_SILENT_AFTER_S + _ASK_EVERY_S * _ASK_TIMES)
_TCP_OPTIONS: Mapping[str, int] = MappingProxyType(
    {
        "TCP_NODELAY": 1,
        "TCP_KEEPIDLE": _SILENT_AFTER_S,
        "TCP_KEEPINTVL": _ASK_EVERY_S,
        "TCP_KEEPCNT": _ASK_TIMES,
        "TCP_USER_TIMEOUT": _DEAD_AFTER_MS,
    }
)

_SESSION = "; ".join(
    (
        # Our questions have small answers: compiling one costs more than answering it.
        "SET jit TO off",
        # Whatever a server's own settings say, a backslash in a text is a character like others.
        "SET standard_conforming_strings TO on",
        # Captures take turns by a lock on one row: what is read behind it must be the latest.
        "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED",
        # A server of ours that is gone or stands still keeps no other from capturing: whether it
        # stopped between two statements, or in the middle of sending one.
        "SET idle_in_transaction_session_timeout TO '60s'",
        "SET statement_timeout TO '60s'",
        "SET lock_timeout TO '45s'",
        f"SET tcp_keepalives_idle TO {_SILENT_AFTER_S}",
        f"SET tcp_keepalives_interval TO {_ASK_EVERY_S}",
        f"SET tcp_keepalives_count TO {_ASK_TIMES}",
        f"SET tcp_user_timeout TO {_DEAD_AFTER_MS}",
    )
)


class _Connection(pg8000.Connection):  # type: ignore[misc] # the driver publishes no types
    """The driver's connection; whatever happens on its way is one of the driver's errors."""

    def execute_unnamed(
        self,
        statement: str,
        vals: Sequence[object] = (),
        oids: Sequence[int] = (),
        stream: object = None,
    ) -> Any:
        """Run a statement by one message and one answer; the driver itself takes three of each."""
        if stream is not None:
            return super().execute_unnamed(statement, vals, oids, stream)
        context = core.Context(statement)
        self.send_PARSE(core.NULL_BYTE, statement, oids)
        self.send_BIND(core.NULL_BYTE, core.make_params(self.py_types, vals))
        self._send_message(core.DESCRIBE, core.PORTAL + core.NULL_BYTE)
        self.send_EXECUTE()
        core._write(self._sock, core.SYNC_MSG)  # noqa: SLF001 - there is no other way to write
        core._flush(self._sock)  # noqa: SLF001 - the same
        self.handle_messages(context)
        return context

    def handle_messages(self, context: Any) -> None:
        """Read an answer. Raises InterfaceError where none comes."""
        try:
            super().handle_messages(context)
        except OSError as error:
            # By these words SQLAlchemy knows that the connection is of no more use.
            raise pg8000.InterfaceError("network error") from error

    def close(self) -> None:
        """Let go of it, whether the server hears of that or not."""
        ends = self._sock, self._usock
        with suppress(pg8000.InterfaceError):
            super().close()
        for end in ends:
            # The driver leaves open what it couldn't say goodbye through.
            with suppress(OSError):
                end.close()

    def wait(self, answer_s: float | None) -> None:
        """Wait so long for a piece of an answer from now on; None for as long as it takes."""
        self._usock.settimeout(answer_s)


def postgresql_engine(
    url: URL, answer_s: float = _ANSWER_S, connect_s: float = _CONNECT_S
) -> Engine:
    """An engine for `postgresql://user:password@host/name`. Connects to nothing yet.

    `answer_s` is the longest wait for a piece of an answer, `connect_s` for a connection.
    """
    engine = create_engine(url.set(drivername="postgresql+pg8000"), pool_pre_ping=True)

    @event.listens_for(engine, "do_connect")
    def _connect(
        _dialect: object, _record: object, _positional: object, named: dict[str, Any]
    ) -> _Connection:
        return _connected(named, answer_s, connect_s)

    @event.listens_for(engine, "connect")
    def _configure(connection: _Connection, _record: object) -> None:
        connection.cursor().execute(_SESSION)
        connection.commit()

    return engine


def wait_long(connection: Connection) -> None:
    """Let this transaction wait for locks and answers as long as they take.

    For work on all of a large database, such as making an index. The connection is closed
    afterwards. On other databases nothing changes.
    """
    driver = connection.connection.driver_connection
    if isinstance(driver, _Connection):
        connection.detach()
        connection.exec_driver_sql("SET lock_timeout TO 0; SET statement_timeout TO 0")
        driver.wait(None)


def _connected(named: Mapping[str, Any], answer_s: float, connect_s: float) -> _Connection:
    if "unix_sock" in named:
        return _Connection(**{**named, "timeout": answer_s})
    wire = _wire(named.get("host") or "localhost", named.get("port", 5432), connect_s)
    try:
        connection = _Connection(**{**named, "sock": wire})
        connection.wait(answer_s)
    except OSError as error:
        wire.close()
        raise pg8000.InterfaceError("network error") from error
    except pg8000.Error:
        wire.close()
        raise
    return connection


def _wire(host: str, port: int, connect_s: float) -> socket.socket:
    try:
        wire = socket.create_connection((host, port), timeout=connect_s)
    except OSError as error:
        raise pg8000.InterfaceError(f"{host}:{port} takes no connection: {error}") from error
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _TCP_OPTIONS.items():
        # Not every system has all of them.
        if (option := getattr(socket, name, None)) is not None:
            wire.setsockopt(socket.IPPROTO_TCP, option, value)
    return wire
