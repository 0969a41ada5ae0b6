"""What panels, annotations and alert rules ask: raw InfluxQL, or something calculated from it.

The SDK has no type for a query of InfluxDB.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Self

from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery

DATASOURCE_TYPE = "influxdb"
DATASOURCE_UID = "agripark-telemetry"
EXPRESSION_UID = "__expr__"

ResultFormat = Literal["time_series", "table"]


@dataclass(frozen=True, slots=True)
class InfluxQuery(Dataquery, Builder[Dataquery]):
    """One raw InfluxQL query of a panel."""

    query: str
    result_format: ResultFormat = "time_series"
    alias: str = ""
    """Name of each series; `$col` is its column and `$tag_asset` its asset."""
    ref_id: str = "A"
    hide: bool = False
    """Whether only expressions use what it finds."""

    def build(self) -> Self:
        """The query itself: it needs no building."""
        return self

    def to_json(self) -> dict[str, object]:
        """The query as dashboards hold it."""
        hidden = {"hide": True} if self.hide else {}
        return hidden | {
            "alias": self.alias,
            "datasource": {"type": DATASOURCE_TYPE, "uid": DATASOURCE_UID},
            "query": self.query,
            "rawQuery": True,
            "refId": self.ref_id,
            "resultFormat": self.result_format,
        }


@dataclass(frozen=True, slots=True)
class AnnotationQuery(Dataquery, Builder[Dataquery]):
    """One raw InfluxQL query whose rows become marks on the time axis."""

    name: str
    query: str
    text_column: str
    tag_columns: Sequence[str]

    def build(self) -> Self:
        """The query itself: it needs no building."""
        return self

    def to_json(self) -> dict[str, object]:
        """The query as dashboards hold it."""
        return {
            "datasource": {"type": DATASOURCE_TYPE, "uid": DATASOURCE_UID},
            "fromAnnotations": True,
            "name": self.name,
            "query": self.query,
            "queryType": "tags",
            "rawQuery": True,
            "refId": "Anno",
            "tagsColumn": ",".join(self.tag_columns),
            "textColumn": self.text_column,
            "timeEndColumn": "",
            "titleColumn": "",
        }


@dataclass(frozen=True, slots=True)
class Expression(Dataquery, Builder[Dataquery]):
    """Something that Grafana's server calculates from queries, such as `$A / $B`.

    InfluxDB 1.6 can't divide the result of one subquery by that of another.
    """

    ref_id: str
    type: Literal["math", "reduce", "threshold"]
    expression: str
    options: Mapping[str, object] = field(default_factory=dict)
    hide: bool = False

    def build(self) -> Self:
        """The expression itself: it needs no building."""
        return self

    def to_json(self) -> dict[str, object]:
        """The expression as dashboards and alert rules hold it."""
        hidden = {"hide": True} if self.hide else {}
        return hidden | {
            "datasource": {"type": EXPRESSION_UID, "uid": EXPRESSION_UID},
            "expression": self.expression,
            "refId": self.ref_id,
            "type": self.type,
            **self.options,
        }


@dataclass(frozen=True, slots=True)
class Ratio:
    """One figure over another, times a factor; each has a query that gives one figure."""

    above: str
    below: str
    factor: float = 1.0

    def once(self) -> Sequence[InfluxQuery | Expression]:
        """Two queries and their quotient, which Grafana's server makes; one for each asset."""
        last = {"reducer": "last", "settings": {"mode": "dropNN"}}
        return [
            *self._queries(),
            Expression("C", "reduce", "A", last, hide=True),
            Expression("D", "reduce", "B", last, hide=True),
            Expression("E", "math", f"{self.factor:g} * $C / $D"),
        ]

    def over_time(self) -> Sequence[InfluxQuery | Expression]:
        """The same for each step of time."""
        return [*self._queries(), Expression("C", "math", f"{self.factor:g} * $A / $B")]

    def _queries(self) -> tuple[InfluxQuery, InfluxQuery]:
        return (
            InfluxQuery(self.above, ref_id="A", hide=True),
            InfluxQuery(self.below, ref_id="B", hide=True),
        )
