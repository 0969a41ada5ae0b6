"""What ingest tells of itself each minute."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.self_report import SelfReport
from ingest.spool import Spool

NOW_MS = 1_760_000_000_000
FREE_BYTES = 5_000_000_000


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    spool = Spool(tmp_path / "spool.db", free_bytes=lambda _: FREE_BYTES)
    yield spool
    spool.close()


def reported(spool: Spool, member: str | None) -> list[str]:
    SelfReport("linyi", member, spool, lambda: NOW_MS, dict, lambda: None).report()
    batch = spool.oldest_lines(100)
    assert batch is not None
    return list(batch.lines)


def test_alone_it_tells_of_the_site_and_its_alarms(spool: Spool) -> None:
    heads = [line.partition(" ")[0] for line in reported(spool, None)]
    assert heads == ["platform,asset=linyi,site=linyi", "alarm_load,asset=linyi,site=linyi"]


def test_a_member_of_a_group_tells_of_itself_and_of_no_alarms(spool: Spool) -> None:
    heads = [line.partition(" ")[0] for line in reported(spool, "agripark-ingest-7f")]
    assert heads == ["platform,asset=agripark-ingest-7f,site=linyi"]


def test_it_tells_how_much_room_the_disk_has(spool: Spool) -> None:
    platform, _ = reported(spool, None)
    assert "disk_free_mb=5000" in platform
