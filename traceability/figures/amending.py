"""What is wrong in figures that were written, once a step was taken out of the books.

All steps are followed anew. What has to be written again, under the same keys, are the points of
the steps that don't count any more, and all points of the same sums since: those of later steps,
and those that said between steps how things stand.

A correction comes late, and counts from its own time on: sums that are written again follow the
times of their steps. Clocks differ, so steps that are a little late stay in the order of capture.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from park.assets import Park
from park.telemetry import MILESTONE
from park.times import to_epoch_ms
from traceability.figures.projection import Figures, Point, Step, advance, later

_LATE_MS = 600_000

_Sums = tuple[str, str]
"""Kind and asset."""


class Series(NamedTuple):
    """Sums of an asset, wrong since an instant; `field` stands in all of their points."""

    kind: str
    asset: str
    field: str
    since_ms: int


class Amendment:
    """Follows the steps once more, and tells what differs."""

    def __init__(self, before: Figures, park: Park) -> None:
        """`before` are the figures as they were written."""
        self.figures = Figures()
        self._before = before
        self._park = park
        self._in_time = Figures()
        self._latest_ms: dict[_Sums, int] = {}
        """The last step of each that isn't written again."""
        self._wrong: set[_Sums] = set()
        self._again: list[Step] = []
        self._points: dict[tuple[str, str, int], Point] = {}
        self._course: dict[_Sums, list[tuple[int, Point]]] = defaultdict(list)
        """How wrong sums should have gone, and when."""

    def take(self, steps: Sequence[Step]) -> None:
        """Take steps in, in the order of their capture."""
        for step in steps:
            points = advance(self.figures, [step], self._park)
            sums = {(point.kind, point.asset) for point in points}
            is_new = step.seq > self._before.seq
            if not (step.counts or is_new or step.seq in self._before.left_out):
                self._wrong |= sums
            if is_new or sums & self._wrong:
                self._again.append(step)
            elif step.scan is not None:
                advance(self._in_time, [step], self._park)
                at_ms = to_epoch_ms(step.scan.ts)
                for each in sums:
                    self._latest_ms[each] = max(at_ms, self._latest_ms.get(each, 0))

    def points(self) -> Iterable[Point]:
        """What has to be written of steps, once all are taken in."""
        for at_ms, step in _by_time(self._again):
            for point in advance(self._in_time, [step], self._park):
                sums = (point.kind, point.asset)
                if sums in self._wrong:
                    self._course[sums].append((at_ms, point))
                if sums in self._wrong or step.seq > self._before.seq:
                    self._points[*sums, point.time_ms] = point
        return self._points.values()

    def series(self) -> Iterator[Series]:
        """Where points may stand between those of steps."""
        for sums, course in self._course.items():
            since_ms, first = course[0]
            since_ms = max(since_ms, self._latest_ms.get(sums, 0))
            if first.kind != MILESTONE.name:
                yield Series(*sums, next(iter(first.fields)), since_ms)

    def between(self, series: Series, times_ms: Sequence[int]) -> Iterator[Point]:
        """What stands at these times, in their order, where no step was."""
        course = self._course[series.kind, series.asset]
        number = 0
        for time_ms in times_ms:
            while number + 1 < len(course) and course[number + 1][0] <= time_ms:
                number += 1
            if (series.kind, series.asset, time_ms) not in self._points:
                yield later(course[number][1], time_ms)


def _by_time(steps: Sequence[Step]) -> list[tuple[int, Step]]:
    """Steps by the times from which they count."""
    latest_ms, timed = 0, []
    for step in steps:
        if step.scan is not None:
            at_ms = to_epoch_ms(step.scan.ts)
            is_late = at_ms < latest_ms - _LATE_MS
            latest_ms = max(latest_ms, at_ms)
            timed.append((at_ms if is_late else latest_ms, step))
    return sorted(timed, key=lambda each: each[0])
