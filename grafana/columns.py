"""What a panel shows of one column of its query: title, unit, range, words and colours."""

from collections.abc import Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.models.dashboard import (
    DynamicConfigValue,
    Threshold,
    ThresholdsConfig,
    ThresholdsMode,
    ValueMap,
    ValueMappingResult,
)

from grafana.texts import Texts
from grafana.units import NO_UNIT, TEXT, grafana_unit
from park.telemetry import Behaviour, Field, FieldType

GREY, GREEN, YELLOW, ORANGE, RED, BLUE = "#8e8e8e", "green", "yellow", "orange", "red", "blue"

_STATE_COLOURS = {
    "running": GREEN,
    "idle": BLUE,
    "changeover": YELLOW,
    "stopped": ORANGE,
    "fault": RED,
    "online": GREEN,
    "stale": ORANGE,
    "offline": RED,
    "critical": RED,
    "high": ORANGE,
    "medium": YELLOW,
    "low": BLUE,
    "normal": GREEN,
    "unacknowledged": RED,
    "acknowledged": ORANGE,
    "returned-unacknowledged": YELLOW,
    "raise": RED,
    "clear": GREEN,
}
_WORDS = (FieldType.STATE, FieldType.TEXT)
_SWITCH_COLOURS = {"door_open": ORANGE, "defrost_on": YELLOW, "compressor_on": GREEN}


@dataclass(frozen=True, slots=True)
class Step:
    """A colour from a value on; the first step of a column has None, from the lowest on."""

    start: float | None
    colour: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a query as people see it."""

    name: str
    """Its name in the result."""
    title: str
    unit: str
    """Grafana's unit id."""
    field: Field | None = None
    """The field that it shows as measured; None for what was calculated."""
    low: float | None = None
    high: float | None = None
    steps: tuple[Step, ...] = ()
    words: tuple[ValueMap, ...] = ()
    link: str = ""
    """Address that a click on a cell opens."""
    links: tuple[tuple[str, str], ...] = ()
    """Titles and addresses that a click offers, where there are several."""
    decimals: int | None = None

    def thresholds(self) -> ThresholdsConfig:
        """The steps as Grafana wants them; one plain step where there are none."""
        steps = self.steps or (Step(None, GREEN),)
        return ThresholdsConfig(
            ThresholdsMode.ABSOLUTE, [Threshold(step.start, step.colour) for step in steps]
        )

    def properties(self) -> list[DynamicConfigValue]:
        """Everything but the name, as an override of a panel's defaults."""
        found = [DynamicConfigValue("displayName", self.title)]
        found.append(DynamicConfigValue("unit", self.unit))
        if self.low is not None:
            found.append(DynamicConfigValue("min", self.low))
        if self.high is not None:
            found.append(DynamicConfigValue("max", self.high))
        if self.words:
            found.append(DynamicConfigValue("mappings", list(self.words)))
        if self.steps:
            found.append(DynamicConfigValue("thresholds", self.thresholds()))
            cell = {"type": "color-background", "mode": "basic"}
            found.append(DynamicConfigValue("custom.cellOptions", cell))
        if self.decimals is not None:
            found.append(DynamicConfigValue("decimals", self.decimals))
        offered = ((self.title, self.link),) if self.link else self.links
        if offered:
            links = [{"title": title, "url": url, "targetBlank": False} for title, url in offered]
            found.append(DynamicConfigValue("links", links))
        return found


def measured(
    texts: Texts,
    field: Field,
    *,
    steps: Sequence[Step] = (),
    whole_range: bool = False,
    link: str = "",
) -> Column:
    """A field as the telemetry table describes it.

    `whole_range` shows it on the table's full range, which suits shares such as a battery's
    charge; other axes follow the readings.
    """
    return Column(
        name=field.name,
        title=texts.of(field.title),
        unit=TEXT if field.type in _WORDS else grafana_unit(field.unit),
        field=field,
        low=field.low if whole_range else None,
        high=field.high if whole_range else None,
        steps=tuple(steps),
        words=_words(texts, field),
        link=link,
    )


def calculated(
    name: str,
    title: str,
    ucum: str,
    *,
    steps: Sequence[Step] = (),
    words: bool = False,
    decimals: int | None = None,
) -> Column:
    """A column that the query calculates; `words` for one that holds text."""
    unit = TEXT if words else grafana_unit(ucum)
    return Column(name=name, title=title, unit=unit, steps=tuple(steps), decimals=decimals)


def moment(title: str) -> Column:
    """The time of a row."""
    return Column(name="Time", title=title, unit="dateTimeAsSystem")


def tag(name: str, title: str, link: str = "", links: Sequence[tuple[str, str]] = ()) -> Column:
    """A tag, which is text and may lead somewhere."""
    return Column(name=name, title=title, unit=TEXT, link=link, links=tuple(links))


def plausible_range(texts: Texts, column: Column) -> str:
    """A sentence on the range of a working sensor; empty where it says nothing."""
    field = column.field
    if field is None or field.type is not FieldType.FLOAT or field.behaviour is Behaviour.COUNTER:
        return ""
    # Grafana shows the unit at the axis; here the plain code is enough.
    unit = "" if column.unit == NO_UNIT else f" {_readable(field.unit)}"
    return texts["plausible"].format(low=f"{field.low:g}", high=f"{field.high:g}{unit}")


def _words(texts: Texts, field: Field) -> tuple[ValueMap, ...]:
    if field.type is FieldType.STATE:
        states = texts.within("states")
        options = {
            state: ValueMappingResult(text=states[state], color=_STATE_COLOURS.get(state, GREY))
            for state in field.states
        }
        return (ValueMap(options),)
    if field.type is FieldType.BOOLEAN:
        switches = texts.within("switches")
        named = switches.within(field.name if field.name in switches.entries else "other")
        colour = _SWITCH_COLOURS.get(field.name, BLUE)
        off = ValueMappingResult(text=named["off"], color=GREY)
        return (ValueMap({"0": off, "1": ValueMappingResult(text=named["on"], color=colour)}),)
    return ()


def _readable(ucum: str) -> str:
    return {"Cel": "°C", "[ppm]": "ppm", "[pH]": "", "%{Brix}": "°Bx"}.get(
        ucum, ucum.replace("{", "").replace("}", "")
    )
