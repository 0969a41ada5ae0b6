"""A told story and an empty park, each behind a test client."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.services import Services
from park.assets import Park
from tests.support.api_story import Story, empty_services, told_story
from tests.support.command_line import CommandLine
from tests.support.recall_story import told_recall_story


@pytest.fixture(scope="session")
def story(small_park: Park, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """One season for all tests that only look."""
    with told_story(small_park, tmp_path_factory.mktemp("story")) as told:
        yield told


@pytest.fixture(scope="session")
def client(story: Story) -> TestClient:
    """A client of the told story; don't post through it."""
    return TestClient(
        create_app(story.services), raise_server_exceptions=False, follow_redirects=False
    )


@pytest.fixture
def empty(small_park: Park, tmp_path: Path) -> Iterator[Services]:
    """Services in which nothing happened yet."""
    with empty_services(small_park, tmp_path) as services:
        yield services


@pytest.fixture
def poster(empty: Services) -> TestClient:
    """A client of a park in which nothing happened yet."""
    return TestClient(create_app(empty), raise_server_exceptions=False)


@pytest.fixture(scope="session")
def recall_database(small_park: Park, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database of the season that recalls are asked of, closed."""
    folder = tmp_path_factory.mktemp("recalls")
    with told_recall_story(small_park, folder):
        pass
    return folder / "epcis.db"


@pytest.fixture
def agripark(
    recall_database: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> CommandLine:
    """Commands on a copy of that season; modules that begin with nothing have their own."""
    data = tmp_path / "data"
    data.mkdir()
    shutil.copy(recall_database, data / "traceability.db")
    return CommandLine(data, capsys)
