"""A browser, and the told story served over HTTP."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from api.app import create_app
from api.server import serving
from park.assets import Park
from tests.support.api_story import told_story
from tests.support.browser import Site

# A browser that asks nobody anything but what the page asks.
_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    path = shutil.which("chromium")
    assert path, "no chromium on the PATH: apt-get install chromium"
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=list(_ARGUMENTS))
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def site(
    browser: Browser, small_park: Park, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """The told story behind a server of its own."""
    with (
        told_story(small_park, tmp_path_factory.mktemp("site")) as story,
        serving(create_app(story.services), "127.0.0.1", 0) as base,
    ):
        yield Site(browser, base)
