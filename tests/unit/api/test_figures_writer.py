"""Figures of traceability in the telemetry store."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from api.figures import FiguresWriter
from ingest.errors import StoreUnavailableError
from ingest.stores.port import TelemetryStore
from ingest.stores.sqlite import SqliteStore
from park.telemetry import EXPORT, MILESTONE, OUTPUT, STOCK
from tests.support.api_story import Story

KINDS = (STOCK.name, EXPORT.name, OUTPUT.name, MILESTONE.name)


class AwayStore(SqliteStore):
    """A store that doesn't answer."""

    def write(self, lines: Sequence[str]) -> None:
        raise StoreUnavailableError(f"{len(lines)} lines can't be written")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore(tmp_path / "telemetry.db")
    yield store
    store.close()


def writer_of(story: Story, store: TelemetryStore, path: Path) -> FiguresWriter:
    services = story.services
    return FiguresWriter(services.park, services.traceability, store, path)


def counts(store: TelemetryStore) -> dict[str, int]:
    return {kind: store.count(kind) for kind in KINDS}


def test_every_step_of_a_season_leaves_its_figures(
    story: Story, store: SqliteStore, tmp_path: Path
) -> None:
    writer = writer_of(story, store, tmp_path / "figures.json")
    assert writer.catch_up()
    assert not writer.catch_up()
    assert all(counts(store).values())
    assert counts(store)[MILESTONE.name] == len(story.services.traceability.steps_after(0, 1000))


def test_after_a_restart_it_goes_on_where_it_was(
    story: Story, store: SqliteStore, tmp_path: Path
) -> None:
    path = tmp_path / "figures.json"
    writer_of(story, store, path).catch_up()
    assert not writer_of(story, store, path).catch_up()


def test_a_death_before_the_position_is_kept_writes_nothing_twice(
    story: Story, store: SqliteStore, tmp_path: Path
) -> None:
    path = tmp_path / "figures.json"
    writer_of(story, store, path).catch_up()
    before = counts(store)
    path.unlink()
    assert writer_of(story, store, path).catch_up()
    assert counts(store) == before


def test_while_the_store_is_away_nothing_is_skipped(
    story: Story, store: SqliteStore, tmp_path: Path
) -> None:
    path = tmp_path / "figures.json"
    away = AwayStore(tmp_path / "away.db")
    writer = writer_of(story, away, path)
    with pytest.raises(StoreUnavailableError):
        writer.catch_up()
    away.close()
    assert not path.exists()
    assert writer_of(story, store, path).catch_up()


@pytest.mark.parametrize("content", [b"", b"{", b'{"seq": "x"}'])
def test_a_file_that_cant_be_read_is_made_anew(
    story: Story, store: SqliteStore, tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "figures.json"
    path.write_bytes(content)
    assert writer_of(story, store, path).catch_up()
    assert counts(store)[STOCK.name]
