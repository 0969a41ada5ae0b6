"""Looks into an SQLite file that another process may be writing."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

_LOCK_WAIT_S = 10.0


@contextmanager
def read_only(path: Path, failure: type[Exception]) -> Iterator[sqlite3.Connection | None]:
    """A connection that can't write; None where there is no file. Raises `failure`."""
    if not path.is_file():
        yield None
        return
    try:
        uri = f"{path.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True, timeout=_LOCK_WAIT_S)) as connection:
            yield connection
    except sqlite3.Error as error:
        raise failure(f"the spool {path} can't be read: {error}") from error
