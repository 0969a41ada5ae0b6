"""A spool of the test's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.spool import Spool


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "spool.db"


@pytest.fixture
def spool(path: Path) -> Iterator[Spool]:
    spool = Spool(path)
    yield spool
    spool.close()
