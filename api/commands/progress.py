"""Shows on standard error how far a season has come."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

from park.times import from_epoch_ms
from simulators.runner import Progress

_STEP = 0.2
"""Without a terminal, one line for each such share."""


@contextmanager
def season_progress(*, quiet: bool) -> Iterator[Callable[[Progress], None]]:
    """Gives what to call with each progress: a bar on a terminal, lines elsewhere."""
    if quiet:
        yield lambda _: None
    elif sys.stderr.isatty():
        with _bars() as bars:
            task = bars.add_task("", total=1.0)
            yield lambda progress: bars.update(
                task, completed=progress.share, description=_words(progress)
            )
    else:
        yield _Lines()


def _bars() -> Bars:
    columns = (BarColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    return Bars(*columns, console=Console(stderr=True))


class _Lines:
    def __init__(self) -> None:
        self._next = _STEP

    def __call__(self, progress: Progress) -> None:
        while progress.share >= self._next:
            self._next += _STEP
            sys.stderr.write(f"  {_words(progress)}\n")


def _words(progress: Progress) -> str:
    day = from_epoch_ms(progress.time_ms).date().isoformat()
    return f"{day}: {progress.readings_sent:,} readings, {progress.scans_sent} scans"
