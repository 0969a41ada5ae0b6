"""The few alert rules that Grafana keeps: about ingest itself, which can't tell that it is silent.

Everything else is raised by ingest, which needs no dashboard for it. Each rule asks, takes the
last figure and compares it. Where Grafana gets no answer, a rule keeps its state: an alert neither
begins nor ends because the data source was away for a moment. For the same reason a vanished
series would say nothing, so silence is counted: steps without a report are 0, as long as there
was a report within the range that a rule looks at.

Queries of alerts can't use a dashboard's variables, and group by a fixed step.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

from grafana.dashboards.frame import uid_of
from grafana.influxql import source
from grafana.targets import DATASOURCE_UID, EXPRESSION_UID, Expression, InfluxQuery
from grafana.texts import Language, Texts

GROUP = "agripark"
INTERVAL_S = 60
RECEIVER = "agripark"
"""Name of the contact point."""
_RECEIVER_UID = "agripark-operators"
_MAX_POINTS = 1000


@dataclass(frozen=True, slots=True)
class Alert:
    """One rule, but for its words."""

    key: str
    """Its name in the texts and in its uid."""
    query: str
    range_s: int
    """How far back it looks."""
    comparison: Literal["lt", "gt"]
    limit: float
    pending: str
    """How long it must hold."""
    severity: Literal["critical", "warning"]
    panel_id: int
    """Of the platform dashboard; where to look."""

    def uid(self, language: Language) -> str:
        """Its uid in Grafana."""
        return uid_of(f"alert-{self.key.replace('_', '-')}", language)


def all_alerts() -> tuple[Alert, ...]:
    """Every rule. Raises BuildError."""
    return (
        # 0 reports in five minutes, for five minutes more since the newest step is incomplete.
        Alert("ingest_silent", _reports(), 6 * 3600, "lt", 1, "5m", "critical", 1),
        # [A] start values: a day of the whole park is some 18 million readings.
        Alert("spool_growing", _greatest("spooled"), 1800, "gt", 500_000, "10m", "warning", 14),
        Alert("readings_late", _greatest("lag_s"), 1800, "gt", 600, "10m", "critical", 13),
        Alert("spool_large", _greatest("spool_mb"), 1800, "gt", 5_000, "10m", "critical", 15),
        Alert("devices_silent", _greatest("devices_stale"), 1800, "gt", 100, "15m", "warning", 5),
    )


def rule_model(alert: Alert, texts: Texts, folder_uid: str) -> dict[str, Any]:
    """A rule as Grafana's provisioning API takes it."""
    words = texts.within("alerts").within(alert.key)
    return {
        "annotations": {
            "__dashboardUid__": uid_of("platform", texts.language),
            "__panelId__": str(alert.panel_id),
            "description": words["help"],
            "summary": words["title"],
        },
        "condition": "C",
        "data": _steps(alert),
        "execErrState": "KeepLast",
        "folderUID": folder_uid,
        "for": alert.pending,
        "isPaused": False,
        "labels": {"application": "agripark", "severity": alert.severity},
        "noDataState": "KeepLast",
        "orgID": 1,
        "ruleGroup": GROUP,
        "title": words["title"],
        "uid": alert.uid(texts.language),
    }


def contact_point(address: str) -> dict[str, Any]:
    """Who hears of them: an e-mail address, or a webhook where it begins with http."""
    by_web = address.startswith(("http://", "https://"))
    settings = {"url": address} if by_web else {"addresses": address}
    return {
        "disableResolveMessage": False,
        "name": RECEIVER,
        "settings": settings,
        "type": "webhook" if by_web else "email",
        "uid": _RECEIVER_UID,
    }


def _reports() -> str:
    report = source("platform")
    column = f'{report.aggregated("count", "received")} AS "reports"'
    return f"{report.once(column)} GROUP BY time(5m) fill(0)"


def _greatest(name: str) -> str:
    report = source("platform")
    return f"{report.once(report.column('max', name))} GROUP BY time(5m) fill(none)"


def _steps(alert: Alert) -> list[dict[str, Any]]:
    """Ask, take the last figure, compare."""
    last = MappingProxyType({"reducer": "last", "settings": {"mode": "dropNN"}})
    limit = {"evaluator": {"params": [alert.limit], "type": alert.comparison}, "type": "query"}
    asked = InfluxQuery(alert.query, ref_id="A").to_json()
    asked |= {"intervalMs": 60_000, "maxDataPoints": _MAX_POINTS}
    reduced = Expression("B", "reduce", "A", last).to_json()
    compared = Expression("C", "threshold", "B", {"conditions": [limit]}).to_json()
    return [
        _step("A", DATASOURCE_UID, asked, alert.range_s),
        _step("B", EXPRESSION_UID, reduced, 0),
        _step("C", EXPRESSION_UID, compared, 0),
    ]


def _step(ref_id: str, uid: str, model: Mapping[str, Any], range_s: int) -> dict[str, Any]:
    return {
        "datasourceUid": uid,
        "model": dict(model),
        "queryType": "",
        "refId": ref_id,
        "relativeTimeRange": {"from": range_s, "to": 0},
    }
