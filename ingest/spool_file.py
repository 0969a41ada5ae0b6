"""Looks at a spool's file from outside, while ingest runs in this or another process."""

from dataclasses import dataclass, field
from pathlib import Path

from ingest.counters import Counters
from ingest.errors import SpoolError
from ingest.readonly import read_only
from ingest.spool import file_bytes, free_bytes, read_counters


@dataclass(frozen=True, slots=True)
class SpoolStatus:
    """A spool at one moment."""

    counters: Counters = field(default_factory=Counters)
    file_bytes: int = 0
    free_bytes: int = 0
    """Room left on its disk."""


class SpoolFile:
    """A spool's file; one that isn't there yet holds nothing."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def status(self) -> SpoolStatus:
        """What it holds. Raises SpoolError."""
        with read_only(self.path, SpoolError) as connection:
            if connection is None:
                return SpoolStatus(free_bytes=free_bytes(_nearest_folder(self.path)))
            connection.execute("BEGIN")
            counters = read_counters(connection)
        return SpoolStatus(counters, file_bytes(self.path), free_bytes(self.path.parent))


def _nearest_folder(path: Path) -> Path:
    """Where its disk can be asked for room, though its own folder isn't there yet."""
    return next(folder for folder in path.absolute().parents if folder.is_dir())
