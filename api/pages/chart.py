"""The temperature of a stay as a line chart: pure geometry, drawn by `templates/chart.svg`."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from api.climate import Climate, ClimatePoint
from api.pages.formats import PARK_TIME, Formats

WIDTH, HEIGHT = 600, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 592, 12, 190
_MOST_TICKS = 7
_LEAST_SPAN_C = 2.0
# Spans without a reading break the line where they are longer than this many spans.
_GAP_SPANS = 3.5

_TEMPERATURE_STEPS = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0)
_TIME_STEPS = tuple(
    timedelta(hours=hours) for hours in (1, 2, 3, 6, 12, 24, 48, 96, 168, 336, 720, 1440, 4320)
)


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on an axis."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Chart:
    """What the template draws; paths are SVG path data, empty where there is nothing."""

    width: int
    height: int
    left: float
    right: float
    top: float
    bottom: float
    across: Sequence[Tick]
    up: Sequence[Tick]
    air_range: str
    air_mean: str
    pulp_mean: str
    setpoint: str


def draw(climate: Climate, since: datetime, formats: Formats) -> Chart:
    """The chart of a stay; `climate` must have figures."""
    low, high = _limits(climate)
    span = max(climate.until - since, climate.every)

    def x(time: datetime) -> float:
        # A bucket may begin before the stay: it is drawn where the stay begins.
        share = max(0.0, min(1.0, (time - since) / span))
        return round(_LEFT + share * (_RIGHT - _LEFT), 1)

    def y(celsius: float) -> float:
        return round(_BOTTOM - (celsius - low) / (high - low) * (_BOTTOM - _TOP), 1)

    runs = list(_unbroken(climate.points, climate.every))
    middle = climate.every / 2

    def line(value: Callable[[ClimatePoint], float | None]) -> str:
        return " ".join(
            _path((x(point.time + middle), y(number)) for point, number in _given(run, value))
            for run in runs
        ).strip()

    return Chart(
        width=WIDTH,
        height=HEIGHT,
        left=_LEFT,
        right=_RIGHT,
        top=_TOP,
        bottom=_BOTTOM,
        across=[Tick(x(time), label) for time, label in _time_ticks(since, since + span, formats)],
        up=[Tick(y(value), _celsius(value)) for value in _temperature_ticks(low, high)],
        air_range=" ".join(_band(run, x, y, middle) for run in runs).strip(),
        air_mean=line(lambda point: point.air.mean_c if point.air else None),
        pulp_mean=line(lambda point: point.pulp.mean_c if point.pulp else None),
        setpoint=_setpoint(climate, line, y),
    )


def _setpoint(
    climate: Climate,
    line: Callable[[Callable[[ClimatePoint], float | None]], str],
    y: Callable[[float], float],
) -> str:
    measured = line(lambda point: point.setpoint_c)
    if measured or climate.setpoint_c is None:
        return measured
    return _path([(_LEFT, y(climate.setpoint_c)), (_RIGHT, y(climate.setpoint_c))])


def _limits(climate: Climate) -> tuple[float, float]:
    """The axis: round degrees around everything drawn, at least two of them."""
    drawn = [figures for figures in (climate.air, climate.pulp) if figures is not None]
    values = [value for figures in drawn for value in (figures.min_c, figures.max_c)]
    values += [point.setpoint_c for point in climate.points if point.setpoint_c is not None]
    if climate.setpoint_c is not None:
        values.append(climate.setpoint_c)
    low, high = min(values), max(values)
    short = max(0.0, _LEAST_SPAN_C - (high - low)) / 2
    step = _step_c(high - low + 2 * short)
    return math.floor((low - short) / step) * step, math.ceil((high + short) / step) * step


def _step_c(span: float) -> float:
    fitting = (step for step in _TEMPERATURE_STEPS if span / step <= _MOST_TICKS)
    return next(fitting, _TEMPERATURE_STEPS[-1])


def _temperature_ticks(low: float, high: float) -> list[float]:
    step = _step_c(high - low)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [round(n * step, 6) for n in range(first, last + 1)]


def _celsius(value: float) -> str:
    return f"{value:.1f}".replace("-", "\N{MINUS SIGN}") + "°"


def _time_ticks(start: datetime, end: datetime, formats: Formats) -> list[tuple[datetime, str]]:
    """Round hours or midnights where the park is."""
    fitting = (step for step in _TIME_STEPS if (end - start) / step <= _MOST_TICKS)
    step = next(fitting, _TIME_STEPS[-1])
    midnight = start.astimezone(PARK_TIME).replace(hour=0, minute=0, second=0, microsecond=0)
    label = formats.clock if step < timedelta(days=1) else formats.short_day
    first = -(-(start - midnight) // step)
    ticks = []
    for n in range(first, first + 2 * _MOST_TICKS):
        time = midnight + n * step
        if time > end:
            break
        new_day = time.astimezone(PARK_TIME).hour == 0
        ticks.append((time, formats.short_day(time) if new_day else label(time)))
    return ticks


def _unbroken(points: Sequence[ClimatePoint], every: timedelta) -> Iterable[list[ClimatePoint]]:
    """Runs of points without a long gap between them."""
    run: list[ClimatePoint] = []
    for point in points:
        if run and point.time - run[-1].time > every * _GAP_SPANS:
            yield run
            run = []
        run.append(point)
    if run:
        yield run


def _given(
    run: Iterable[ClimatePoint], value: Callable[[ClimatePoint], float | None]
) -> Iterable[tuple[ClimatePoint, float]]:
    for point in run:
        number = value(point)
        if number is not None:
            yield point, number


def _band(
    run: Sequence[ClimatePoint],
    x: Callable[[datetime], float],
    y: Callable[[float], float],
    middle: timedelta,
) -> str:
    above = [(x(point.time + middle), y(point.air.max_c)) for point in run if point.air]
    below = [(x(point.time + middle), y(point.air.min_c)) for point in run if point.air]
    return f"{_path([*above, *reversed(below)])} Z" if above else ""


def _path(corners: Iterable[tuple[float, float]]) -> str:
    path = " L".join(f"{x} {y}" for x, y in corners)
    return f"M{path}" if path else ""
