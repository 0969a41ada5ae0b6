"""Grafana's provisioning files: they set up everything without a single click.

Grafana fills in `$NAME` from its own environment when it reads them. It reads every file of a
folder, so what there is one of lies in folders of its own: the data source for each generation of
InfluxDB, the dashboards and the alert rules in each language. Mount one of each as
`provisioning/datasources`, `provisioning/dashboards` and `provisioning/alerting`.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from grafana.alerts import (
    GROUP,
    INTERVAL_S,
    RECEIVER,
    all_alerts,
    contact_point,
    rule_model,
)
from grafana.dashboards.frame import tag_of
from grafana.datasource import DataSource
from grafana.texts import LANGUAGES, Language, read_texts

FOLDER_TITLES: Mapping[Language, str] = MappingProxyType({"en": "agripark", "zh": "agripark 园区"})

_URL, _DATABASE = "$AGRIPARK_INFLUX_URL", "$AGRIPARK_INFLUX_DATABASE"
_USERNAME, _PASSWORD = "$AGRIPARK_INFLUX_USERNAME", "$AGRIPARK_INFLUX_PASSWORD"
_TOKEN = "$AGRIPARK_INFLUX_TOKEN"  # noqa: S105 - the name of a variable
_ADDRESS = "$AGRIPARK_ALERT_EMAIL"

_INFLUX_1 = """\
Data source for InfluxDB 1.x (and what speaks its query language).
Set for Grafana: AGRIPARK_INFLUX_URL (as Grafana reaches it), AGRIPARK_INFLUX_DATABASE, and where
InfluxDB asks for a login AGRIPARK_INFLUX_USERNAME and AGRIPARK_INFLUX_PASSWORD.
Made by `agripark grafana build`; changes belong into grafana/provisioning.py."""

_INFLUX_2 = """\
Data source for InfluxDB 2.x, asked in InfluxQL. Use this folder instead of `datasources`.
Set for Grafana: AGRIPARK_INFLUX_URL (as Grafana reaches it), AGRIPARK_INFLUX_DATABASE (name of
the bucket) and AGRIPARK_INFLUX_TOKEN (may read the bucket); it is sent as the header
`Authorization: Token ...`.
Made by `agripark grafana build`; changes belong into grafana/provisioning.py."""

_INFLUX_3 = """\
Data source for InfluxDB 3.x, asked in InfluxQL. Use this folder instead of `datasources`.
Set for Grafana: AGRIPARK_INFLUX_URL (as Grafana reaches it), AGRIPARK_INFLUX_DATABASE and
AGRIPARK_INFLUX_TOKEN (may read the database); it is sent as the header
`Authorization: Bearer ...`.
Made by `agripark grafana build`; changes belong into grafana/provisioning.py."""

_ALERTS = """\
Alert rules about ingest itself, and who hears of them. Grafana 10.4.1 or newer.
Set for Grafana: AGRIPARK_ALERT_EMAIL (one address, or several with ; between them).
Rules loaded this way can't be changed by `agripark grafana sync`: use one or the other.
Made by `agripark grafana build`; changes belong into grafana/alerts.py."""

_DASHBOARDS = """\
Loads the dashboards of the folder that AGRIPARK_GRAFANA_DASHBOARDS names for Grafana.
Dashboards loaded this way can't be changed by `agripark grafana sync`: use one or the other.
Made by `agripark grafana build`; changes belong into grafana/provisioning.py."""


def provisioning_files() -> dict[Path, str]:
    """Every provisioning file's text by its path below the provisioning folder."""
    first = DataSource(_URL, _DATABASE, _USERNAME, password=_PASSWORD)
    second = DataSource(_URL, _DATABASE, token=_TOKEN)
    third = DataSource(_URL, _DATABASE, token=_TOKEN, scheme="Bearer")
    files = {
        Path("datasources/influxdb-1.yaml"): _file(_INFLUX_1, _datasources(first)),
        Path("datasources-influxdb-2/influxdb-2.yaml"): _file(_INFLUX_2, _datasources(second)),
        Path("datasources-influxdb-3/influxdb-3.yaml"): _file(_INFLUX_3, _datasources(third)),
    }
    for language in LANGUAGES:
        suffix = "" if language == "en" else f"-{language}"
        dashboards, alerting = f"dashboards{suffix}", f"alerting{suffix}"
        files[Path(dashboards, "agripark.yaml")] = _file(_DASHBOARDS, _providers(language))
        files[Path(alerting, "agripark.yaml")] = _file(_ALERTS, _alerting(language))
    return files


def folder_uid(language: Language) -> str:
    """The uid of the folder that holds a language's dashboards and rules."""
    return tag_of(language)


def _datasources(source: DataSource) -> dict[str, Any]:
    entry = {**source.model(), "editable": False, "secureJsonData": source.secrets()}
    return {"apiVersion": 1, "datasources": [entry]}


def _providers(language: Language) -> dict[str, Any]:
    provider = {
        "allowUiUpdates": False,
        "disableDeletion": False,
        "folder": FOLDER_TITLES[language],
        "folderUid": folder_uid(language),
        "name": tag_of(language),
        "options": {"path": f"$AGRIPARK_GRAFANA_DASHBOARDS/{language}"},
        "type": "file",
        "updateIntervalSeconds": 60,
    }
    return {"apiVersion": 1, "providers": [provider]}


def _alerting(language: Language) -> dict[str, Any]:
    texts = read_texts(language)
    rules = [_rule(rule_model(alert, texts, folder_uid(language))) for alert in all_alerts()]
    group = {
        "folder": FOLDER_TITLES[language],
        "interval": f"{INTERVAL_S}s",
        "name": GROUP,
        "orgId": 1,
        "rules": rules,
    }
    point = contact_point(_ADDRESS)
    name = point.pop("name")
    points = [{"name": name, "orgId": 1, "receivers": [point]}]
    return {"apiVersion": 1, "contactPoints": points, "groups": [group]}


_OF_THE_GROUP = frozenset({"folderUID", "orgID", "ruleGroup"})
"""A file says these once, for all rules."""


def _rule(model: Mapping[str, Any]) -> dict[str, Any]:
    """A rule as files write it: panel and receiver have keys of their own."""
    rule = {key: value for key, value in model.items() if key not in _OF_THE_GROUP}
    annotations = dict(rule["annotations"])
    rule["dashboardUid"] = annotations.pop("__dashboardUid__")
    rule["panelId"] = int(annotations.pop("__panelId__"))
    return rule | {"annotations": annotations, "notification_settings": {"receiver": RECEIVER}}


def _file(comment: str, content: Mapping[str, Any]) -> str:
    lines = [f"# {line}" for line in comment.splitlines()]
    return "\n".join((*lines, *_yaml(content), ""))


def _yaml(content: Mapping[str, Any], indent: str = "") -> Iterator[str]:
    """Mappings, lists and scalars as YAML; every scalar is written as in JSON."""
    for key, value in content.items():
        if isinstance(value, Mapping) and value:
            yield f"{indent}{key}:"
            yield from _yaml(value, f"{indent}  ")
        elif isinstance(value, list) and value:
            yield f"{indent}{key}:"
            for item in value:
                yield from _item(item, indent)
        else:
            yield f"{indent}{key}: {_scalar(value)}"


def _item(item: Any, indent: str) -> Iterator[str]:
    if isinstance(item, Mapping):
        first, *rest = _yaml(item, f"{indent}    ")
        yield f"{indent}  - {first.strip()}"
        yield from rest
    else:
        yield f"{indent}  - {_scalar(item)}"


def _scalar(value: Any) -> str:
    # Grafana leaves the `$` of queries alone: it doesn't fill in the model of an alert's query.
    return json.dumps(value, ensure_ascii=False)
