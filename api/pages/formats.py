"""How values are written on a page, in one language."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone

from api.pages.texts import TEXTS
from park.telemetry import Text

PARK_TIME = timezone(timedelta(hours=8), "CST")
"""China Standard Time, which has no summer time."""

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MINUS = "\N{MINUS SIGN}"
_THIN = "\N{NARROW NO-BREAK SPACE}"
_EXACT_BELOW_KG = 100
_HOURS_BELOW = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Formats:
    """Writes texts, masses, temperatures and times in one language, `en` or `zh`."""

    language: str

    def text(self, key: str, **values: object) -> str:
        """A wording of the catalogue, filled in. Raises KeyError for a key it doesn't have."""
        return self.name(TEXTS[key]).format(**values)

    def name(self, text: Text) -> str:
        """A text in this language."""
        return text.zh if self.language == "zh" else text.en

    def mass(self, kg: float) -> str:
        """`812.5 kg`; from 100 kg on to the kilogram where it is whole, never rounded away."""
        digits = 1 if kg >= _EXACT_BELOW_KG else 2
        number = f"{kg:,.{digits}f}".rstrip("0").rstrip(".")
        return f"{number}{_THIN}kg"

    def quantity(self, quantity: float, uom: str | None) -> str:
        """`24 pcs` of a count, `40 LTR` in a unit that isn't one of mass."""
        number = f"{quantity:,.3f}".rstrip("0").rstrip(".")
        return self.text("pieces", n=number) if uom is None else f"{number}{_THIN}{uom}"

    def share(self, part: float, whole: float) -> str:
        """`64.2 %`, or a dash where there is no whole."""
        return f"{part / whole:.1%}".replace("%", f"{_THIN}%") if whole else "–"

    def temperature(self, celsius: float | None) -> str:
        """`0.5 °C`, with a true minus sign below zero; a dash where there is none."""
        if celsius is None:
            return "–"
        # Adding 0.0 turns the minus zero that rounding may leave into zero.
        return f"{round(celsius, 1) + 0.0:.1f}".replace("-", _MINUS) + f"{_THIN}°C"

    def temperature_range(self, low: float, high: float) -> str:
        """`0.1 … 1.8 °C`."""
        return f"{self.temperature(low).split(_THIN)[0]} … {self.temperature(high)}"

    def count(self, number: int) -> str:
        """`12,345`."""
        return f"{number:,}"

    def day(self, instant: datetime) -> str:
        """`2 Oct 2025` or `2025年10月2日`, where the park is."""
        local = instant.astimezone(PARK_TIME)
        if self.language == "zh":
            return f"{local.year}年{local.month}月{local.day}日"
        return f"{local.day} {_MONTHS[local.month - 1]} {local.year}"

    def short_day(self, instant: datetime) -> str:
        """`2 Oct` or `10/2`, for an axis."""
        local = instant.astimezone(PARK_TIME)
        if self.language == "zh":
            return f"{local.month}/{local.day}"
        return f"{local.day} {_MONTHS[local.month - 1]}"

    def moment(self, instant: datetime) -> str:
        """Day and time of day, where the park is."""
        return f"{self.day(instant)} {self.clock(instant)}"

    def clock(self, instant: datetime) -> str:
        """`08:00`, where the park is."""
        return instant.astimezone(PARK_TIME).strftime("%H:%M")

    def span(self, duration: timedelta) -> str:
        """`18 days`, or hours where it is shorter than two days."""
        if duration < _HOURS_BELOW:
            return self.text("hours", n=f"{round(duration / timedelta(hours=1), 1):g}")
        return self.text("days", n=round(duration / timedelta(days=1)))


def day_start(text: str) -> datetime:
    """The first instant of a date such as `2025-10-31` where the park is. Raises ValueError."""
    try:
        local = datetime.combine(date.fromisoformat(text), datetime.min.time(), PARK_TIME)
        return local.astimezone(UTC)
    except OverflowError as error:
        msg = f"{text!r} lies outside the calendar"
        raise ValueError(msg) from error


def day_end(text: str) -> datetime:
    """The last millisecond of a date where the park is. Raises ValueError."""
    return day_start(text) + timedelta(days=1, milliseconds=-1)
