"""InfluxQL queries over the telemetry table, and the data query that carries one in a panel.

A misspelt field or measurement is no error to InfluxDB, only an empty panel; so every name that
enters a query here is checked against the table when the dashboard is built. `$timeFilter`,
`$__interval` and the dashboard's variables are left for Grafana to fill in.

Two forms are never built, because InfluxDB 1.6 answers them wrongly without an error: a
`fill(previous)` inside a subquery (the outer sum then sees one series only), and an outer query
grouped by fewer tags than its subquery (the same time comes back once for each inner series).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, Self

from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery

from grafana.errors import UnknownFieldError, UnknownKindError, UnknownTagError
from park.telemetry import KINDS, Behaviour, Field, FieldType, Kind

DATASOURCE_TYPE = "influxdb"
DATASOURCE_UID = "agripark-telemetry"

TIME_FILTER = "$timeFilter"
INTERVAL = "$__interval"

ResultFormat = Literal["time_series", "table"]
Aggregate = Literal["mean", "min", "max", "last", "sum", "count"]


@dataclass(frozen=True, slots=True)
class InfluxQuery(Dataquery, Builder[Dataquery]):
    """One raw InfluxQL query of a panel; the SDK has no type for InfluxDB."""

    query: str
    result_format: ResultFormat = "time_series"
    alias: str = ""
    """Name of each series; `$col` is its column and `$tag_asset` its asset."""
    ref_id: str = "A"

    def build(self) -> Self:
        """The query itself: it needs no building."""
        return self

    def to_json(self) -> dict[str, object]:
        """The query as dashboards hold it."""
        return {
            "alias": self.alias,
            "datasource": {"type": DATASOURCE_TYPE, "uid": DATASOURCE_UID},
            "query": self.query,
            "rawQuery": True,
            "refId": self.ref_id,
            "resultFormat": self.result_format,
        }


@dataclass(frozen=True, slots=True)
class Source:
    """The points of one kind that meet some conditions."""

    kind: Kind
    conditions: tuple[str, ...] = ()

    def field(self, name: str) -> Field:
        """The field of that name. Raises UnknownFieldError."""
        try:
            return self.kind.fields[name]
        except KeyError:
            raise UnknownFieldError(self.kind.name, name) from None

    def where_tag_is(self, tag: str, variable: str) -> Self:
        """Only points whose tag equals the dashboard variable, which has one value."""
        return self._with(f"{self._tag(tag)} = '${variable}'")

    def where_tag_among(self, tag: str, variable: str) -> Self:
        """Only points whose tag is among the values of the dashboard variable."""
        return self._with(f"{self._tag(tag)} =~ /^${variable}$/")

    def where_tag_begins(self, tag: str, variable: str, rest: str = "") -> Self:
        """Only points whose tag begins with the dashboard variable's one value and then `rest`."""
        return self._with(f"{self._tag(tag)} =~ /^${{{variable}:regex}}{rest}/")

    def where_on(self, name: str) -> Self:
        """Only points at which that switch is on."""
        if self.field(name).type is not FieldType.BOOLEAN:
            raise UnknownFieldError(self.kind.name, name, "is no switch")
        return self._with(f"{_quoted(name)} = 1")

    def column(self, aggregate: Aggregate, name: str) -> str:
        """An aggregated field under its own name. Raises UnknownFieldError."""
        return f"{self.aggregated(aggregate, name)} AS {_quoted(name)}"

    def aggregated(self, aggregate: Aggregate, name: str) -> str:
        """An aggregated field without a name, to calculate with. Raises UnknownFieldError."""
        if self.field(name).type is FieldType.STATE and aggregate not in {"last", "count"}:
            raise UnknownFieldError(self.kind.name, name, f"words have no {aggregate}")
        return f"{aggregate}({_quoted(name)})"

    def over_time(self, *columns: str, by: Sequence[str] = (), every: str = INTERVAL) -> str:
        """The columns in steps of time, one series for each value of the tags `by`."""
        groups = [f"time({every})", *(self._tag(tag) for tag in by)]
        return f"{self._select(columns)} GROUP BY {', '.join(groups)} fill(null)"

    def per_asset(self, *columns: str, also_by: Sequence[str] = ()) -> str:
        """The columns over the whole time range, one row for each asset."""
        groups = [self._tag(tag) for tag in ("asset", *also_by)]
        return f"{self._select(columns)} GROUP BY {', '.join(groups)}"

    def increases(self, *names: str) -> str:
        """How much counters grew from each reading of an asset to its next.

        A counter that starts again from 0 loses one step instead of counting backwards.
        """
        for name in names:
            if self.field(name).behaviour is not Behaviour.COUNTER:
                raise UnknownFieldError(self.kind.name, name, "is no counter")
        columns = [f"non_negative_difference({_quoted(name)}) AS {_quoted(name)}" for name in names]
        return f'{self._select(columns)} GROUP BY "asset"'

    def tag_values(self, tag: str) -> str:
        """The values that a tag takes; for variables."""
        where = f" WHERE {' AND '.join(self.conditions)}" if self.conditions else ""
        return f"SHOW TAG VALUES FROM {_quoted(self.kind.name)} WITH KEY = {self._tag(tag)}{where}"

    def _select(self, columns: Sequence[str]) -> str:
        where = " AND ".join((TIME_FILTER, *self.conditions))
        return f"{_select(columns, _quoted(self.kind.name))} WHERE {where}"

    def _tag(self, tag: str) -> str:
        if tag not in {"site", "asset"} and not (tag == "centre" and self.kind.in_centre):
            raise UnknownTagError(self.kind.name, tag)
        return _quoted(tag)

    def _with(self, condition: str) -> Self:
        return replace(self, conditions=(*self.conditions, condition))


def source(kind: str) -> Source:
    """All points of a kind. Raises UnknownKindError."""
    try:
        return Source(KINDS[kind])
    except KeyError:
        raise UnknownKindError(kind) from None


def summary(inner: str, *columns: str) -> str:
    """One row over all rows of a subquery."""
    return _select(columns, f"({inner})")


def sum_of_last(chosen: Source, name: str) -> str:
    """The sum of each asset's last reading of a field. Raises UnknownFieldError."""
    inner = chosen.per_asset(chosen.column("last", name))
    return summary(inner, f"sum({_quoted(name)}) AS {_quoted(name)}")


def summary_over_time(inner: str, *columns: str, every: str = INTERVAL) -> str:
    """The rows of a subquery, summed up in steps of time."""
    summed = _select(columns, f"({inner})")
    return f"{summed} WHERE {TIME_FILTER} GROUP BY time({every}) fill(null)"


def summary_per_asset(inner: str, *columns: str) -> str:
    """The rows of a subquery, summed up for each asset."""
    return f'{_select(columns, f"({inner})")} GROUP BY "asset"'


def foremost(
    inner: str, pick: Literal["top", "bottom"], column: str, limit: int, others: Sequence[str]
) -> str:
    """The `limit` rows of a subquery with the greatest or least value, with other columns."""
    picked = f"{pick}({_quoted(column)}, {limit}) AS {_quoted(column)}"
    return _select((picked, *map(_quoted, others)), f"({inner})")


def _select(columns: Sequence[str], origin: str) -> str:
    return " ".join(("SELECT", ", ".join(columns), "FROM", origin))


def _quoted(name: str) -> str:
    return f'"{name}"'
