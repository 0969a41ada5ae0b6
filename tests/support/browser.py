"""The API's pages in a real browser: what they ask for and what they complain about."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, ViewportSize

DESKTOP: ViewportSize = {"width": 1200, "height": 900}
TABLET: ViewportSize = {"width": 768, "height": 1024}
PHONE: ViewportSize = {"width": 360, "height": 740}


@dataclass
class Visit:
    """A page, and what it did besides being looked at."""

    page: Page
    base: str
    foreign: list[str] = field(default_factory=list)
    """Addresses on other hosts that it asked for."""
    complaints: list[str] = field(default_factory=list)
    """Errors and warnings on its console."""

    @property
    def overflow_px(self) -> int:
        """By how much it is wider than the screen."""
        width: int = self.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        return width


@dataclass
class Site:
    """The story's pages in the browser."""

    browser: Browser
    base: str

    @contextmanager
    def visit(
        self, path: str = "/", *, screen: ViewportSize = DESKTOP, locale: str = "en-GB"
    ) -> Iterator[Visit]:
        """A fresh browser window on a page."""
        with self.browser.new_context(viewport=screen, locale=locale) as context:
            visit = Visit(context.new_page(), self.base)
            host = urlsplit(self.base).netloc
            visit.page.on(
                "request",
                lambda request: (
                    visit.foreign.append(request.url)
                    if urlsplit(request.url).netloc != host
                    else None
                ),
            )
            visit.page.on(
                "console",
                lambda message: (
                    visit.complaints.append(message.text)
                    if message.type in {"error", "warning"}
                    else None
                ),
            )
            visit.page.on("pageerror", lambda error: visit.complaints.append(str(error)))
            visit.page.goto(self.base + path)
            yield visit
