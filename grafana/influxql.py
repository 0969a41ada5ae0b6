"""InfluxQL queries over the telemetry table.

A misspelt field or measurement is no error to InfluxDB, only an empty panel; so every name that
enters a query here is checked against the table when the dashboard is built. `$timeFilter`,
`$__interval` and the dashboard's variables are left for Grafana to fill in.

Every query is bounded: groups by `SLIMIT`, rows by `LIMIT`, `top` or `bottom`, steps by
`$__interval`.

Two forms are never built, because InfluxDB 1.6 answers them wrongly without an error: a
`fill(previous)` inside a subquery (the outer sum then sees one series only), and an outer query
grouped by fewer tags than its subquery (the same time comes back once for each inner series).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, Self

from grafana.errors import UnknownFieldError, UnknownKindError, UnknownTagError
from park.telemetry import STORED_KINDS, Behaviour, Field, FieldType, Kind

TIME_FILTER = "$timeFilter"
INTERVAL = "$__interval"

Aggregate = Literal["mean", "min", "max", "last", "sum", "count"]

MOST_SERIES = 100
"""No panel gets more lines or groups than people can tell apart."""
MOST_ROWS = 100
"""Nor a table more rows than people read."""


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
        return self._where_switch(name, 1)

    def where_off(self, name: str) -> Self:
        """Only points at which that switch is off."""
        return self._where_switch(name, 0)

    def where_above(self, name: str, limit: float) -> Self:
        """Only points at which that figure is above the limit."""
        if self.field(name).type in {FieldType.STATE, FieldType.TEXT}:
            raise UnknownFieldError(self.kind.name, name, "is no figure")
        return self._with(f"{_quoted(name)} > {limit:g}")

    def where_word(self, name: str, *words: str) -> Self:
        """Only points at which that state is one of the words. Raises UnknownFieldError."""
        for word in words:
            if word not in self.field(name).states:
                raise UnknownFieldError(self.kind.name, name, f"is never {word!r}")
        any_of = " OR ".join(f"{_quoted(name)} = '{word}'" for word in words)
        return self._with(f"({any_of})" if len(words) > 1 else any_of)

    def _where_switch(self, name: str, value: int) -> Self:
        if self.field(name).type is not FieldType.BOOLEAN:
            raise UnknownFieldError(self.kind.name, name, "is no switch")
        return self._with(f"{_quoted(name)} = {value}")

    def column(self, aggregate: Aggregate, name: str) -> str:
        """An aggregated field under its own name. Raises UnknownFieldError."""
        return f"{self.aggregated(aggregate, name)} AS {_quoted(name)}"

    def aggregated(self, aggregate: Aggregate, name: str) -> str:
        """An aggregated field without a name, to calculate with. Raises UnknownFieldError."""
        words = self.field(name).type in {FieldType.STATE, FieldType.TEXT}
        if words and aggregate not in {"last", "count"}:
            raise UnknownFieldError(self.kind.name, name, f"words have no {aggregate}")
        return f"{aggregate}({_quoted(name)})"

    def over_time(self, *columns: str, by: Sequence[str] = (), gaps: bool = True) -> str:
        """The columns in steps of time, one series for each value of the tags `by`.

        Steps without a reading are empty rows, or none without `gaps`, as subqueries want it.
        """
        groups = [f"time({INTERVAL})", *(self._tag(tag) for tag in by)]
        fill = "null" if gaps else "none"
        return f"{self._select(columns)} GROUP BY {', '.join(groups)} fill({fill})"

    def counted(self, name: str, title: str) -> str:
        """How many points there are in each step of time, 0 where there is none."""
        column = f"{self.aggregated('count', name)} AS {_quoted(title)}"
        return f"{self._select((column,))} GROUP BY time({INTERVAL}) fill(0)"

    def newest(self, *names: str, tags: Sequence[str] = ("asset",), limit: int = MOST_ROWS) -> str:
        """The newest points as they are, with these fields and tags."""
        columns = [*map(self._tag, tags), *(_quoted(self.field(name).name) for name in names)]
        return f"{self._select(columns)} ORDER BY time DESC LIMIT {limit}"

    def once(self, *columns: str) -> str:
        """The columns over the whole time range and all assets, in one row."""
        return self._select(columns)

    def per_asset(self, *columns: str, also_by: Sequence[str] = ()) -> str:
        """The columns over the whole time range, one row for each asset."""
        groups = [self._tag(tag) for tag in ("asset", *also_by)]
        return f"{self._select(columns)} GROUP BY {', '.join(groups)}"

    def increase(self, *names: str, columns: Sequence[str] = ()) -> str:
        """How much counters grew over the time range, all assets together.

        From the first reading of an asset to its last: the differences between all readings take
        ten times as long. An asset whose counter began again from 0 meanwhile is left out.
        `columns` calculate with the counters; without them each is summed up.
        """
        self._must_count(names)
        grown = [
            f"{self.aggregated('last', name)} - first({_quoted(name)}) AS {_quoted(name)}"
            for name in names
        ]
        sums = columns or [f"sum({_quoted(name)}) AS {_quoted(name)}" for name in names]
        whole = " AND ".join(f"{_quoted(name)} >= 0" for name in names)
        return f"{_select(sums, _origin(self.per_asset(*grown)))} WHERE {whole}"

    def increase_per_asset(self, *names: str, columns: Sequence[str] = ()) -> str:
        """The same, one row for each asset."""
        return f'{self.increase(*names, columns=columns)} GROUP BY "asset"'

    def increases_over_time(self, *names: str) -> str:
        """How much counters grew in each step of time, one series for each asset.

        A counter that begins again from 0 loses one step instead of counting backwards.
        """
        self._must_count(names)
        columns = [
            f"non_negative_difference({self.aggregated('last', name)}) AS {_quoted(name)}"
            for name in names
        ]
        return f'{self._select(columns)} GROUP BY time({INTERVAL}), "asset" fill(none)'

    def _must_count(self, names: Sequence[str]) -> None:
        for name in names:
            if self.field(name).behaviour is not Behaviour.COUNTER:
                raise UnknownFieldError(self.kind.name, name, "is no counter")

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
        return Source(STORED_KINDS[kind])
    except KeyError:
        raise UnknownKindError(kind) from None


def summary(inner: str, *columns: str) -> str:
    """One row over all rows of a subquery."""
    return _select(columns, _origin(inner))


def sum_of_last(chosen: Source, name: str) -> str:
    """The sum of each asset's last reading of a field. Raises UnknownFieldError."""
    inner = chosen.per_asset(chosen.column("last", name))
    return summary(inner, f"sum({_quoted(name)}) AS {_quoted(name)}")


def summary_over_time(inner: str, *columns: str) -> str:
    """The rows of a subquery, summed up in steps of time."""
    summed = _select(columns, _origin(inner))
    return f"{summed} WHERE {TIME_FILTER} GROUP BY time({INTERVAL}) fill(null)"


def bounded(query: str) -> str:
    """A query grouped by tags, with as many groups as may be shown."""
    return f"{query} SLIMIT {MOST_SERIES}"


def rows_where(inner: str, columns: Sequence[str], condition: str, *, limited: bool = True) -> str:
    """Rows of a subquery that meet a condition on its columns; not `limited` for a subquery."""
    chosen = _select(tuple(map(_quoted, columns)), _origin(inner))
    limit = f" LIMIT {MOST_ROWS}" if limited else ""
    return f"{chosen} WHERE {condition}{limit}"


def foremost(
    inner: str, pick: Literal["top", "bottom"], column: str, limit: int, others: Sequence[str]
) -> str:
    """The `limit` rows of a subquery with the greatest or least value, with other columns."""
    picked = f"{pick}({_quoted(column)}, {limit}) AS {_quoted(column)}"
    return _select((picked, *map(_quoted, others)), _origin(inner))


def _origin(inner: str) -> str:
    return f"({inner})"


def _select(columns: Sequence[str], origin: str) -> str:
    return " ".join(("SELECT", ", ".join(columns), "FROM", origin))


def _quoted(name: str) -> str:
    return f'"{name}"'
