"""Grafana's provisioning files: they set up data source and dashboards without a single click.

Grafana fills in `$NAME` from its own environment when it reads them. It reads every file of a
folder, so the data source for InfluxDB 2.x lies in a folder of its own: mount one or the other
as `provisioning/datasources`.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from grafana.dashboards.frame import TAG
from grafana.datasource import DataSource

FOLDER_UID = "agripark"
FOLDER_TITLE = "agripark"

_URL, _DATABASE = "$AGRIPARK_INFLUX_URL", "$AGRIPARK_INFLUX_DATABASE"
_USERNAME, _PASSWORD = "$AGRIPARK_INFLUX_USERNAME", "$AGRIPARK_INFLUX_PASSWORD"
_TOKEN = "$AGRIPARK_INFLUX_TOKEN"  # noqa: S105 - the name of a variable

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

_DASHBOARDS = """\
Loads the dashboards of the folder that AGRIPARK_GRAFANA_DASHBOARDS names for Grafana.
Dashboards loaded this way can't be changed by `agripark grafana sync`: use one or the other.
Made by `agripark grafana build`; changes belong into grafana/provisioning.py."""


def provisioning_files() -> dict[Path, str]:
    """Every provisioning file's text by its path below the provisioning folder."""
    first = DataSource(_URL, _DATABASE, _USERNAME, password=_PASSWORD)
    second = DataSource(_URL, _DATABASE, token=_TOKEN)
    return {
        Path("datasources/influxdb-1.yaml"): _file(_INFLUX_1, _datasources(first)),
        Path("datasources-influxdb-2/influxdb-2.yaml"): _file(_INFLUX_2, _datasources(second)),
        Path("dashboards/agripark.yaml"): _file(_DASHBOARDS, _providers()),
    }


def _datasources(source: DataSource) -> dict[str, Any]:
    entry = {**source.model(), "editable": False, "secureJsonData": source.secrets()}
    return {"apiVersion": 1, "datasources": [entry]}


def _providers() -> dict[str, Any]:
    provider = {
        "allowUiUpdates": False,
        "disableDeletion": False,
        "folder": FOLDER_TITLE,
        "folderUid": FOLDER_UID,
        "name": TAG,
        "options": {"path": "$AGRIPARK_GRAFANA_DASHBOARDS"},
        "type": "file",
        "updateIntervalSeconds": 60,
    }
    return {"apiVersion": 1, "providers": [provider]}


def _file(comment: str, content: Mapping[str, Any]) -> str:
    lines = [f"# {line}" for line in comment.splitlines()]
    return "\n".join((*lines, *_yaml(content), ""))


def _yaml(content: Mapping[str, Any], indent: str = "") -> Iterator[str]:
    """Mappings, lists of mappings and scalars as YAML; every scalar is written as in JSON."""
    for key, value in content.items():
        if isinstance(value, Mapping):
            yield f"{indent}{key}:"
            yield from _yaml(value, f"{indent}  ")
        elif isinstance(value, list):
            yield f"{indent}{key}:"
            for item in value:
                first, *rest = _yaml(item, f"{indent}    ")
                yield f"{indent}  - {first.strip()}"
                yield from rest
        else:
            yield f"{indent}{key}: {json.dumps(value, ensure_ascii=False)}"
