"""The park's dashboards, one module each."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from grafana.dashboards.alarm_quality import alarm_quality
from grafana.dashboards.cold_storage import cold_storage
from grafana.dashboards.exports import exports
from grafana.dashboards.irrigation import irrigation
from grafana.dashboards.kpis import kpis
from grafana.dashboards.overview import overview
from grafana.dashboards.packhouse import packhouse
from grafana.dashboards.platform import platform
from grafana.texts import Language, Texts, read_texts

Model = dict[str, Any]
"""A dashboard as Grafana's JSON holds it."""

_MAKERS: Mapping[str, Callable[[Texts], Model]] = MappingProxyType(
    {
        "overview": overview,
        "cold-storage": cold_storage,
        "irrigation": irrigation,
        "packhouse": packhouse,
        "exports": exports,
        "kpis": kpis,
        "alarms": alarm_quality,
        "platform": platform,
    }
)


def all_dashboards(language: Language = "en") -> dict[str, Model]:
    """Every dashboard by its file's stem. Raises BuildError."""
    texts = read_texts(language)
    return {name: make(texts) for name, make in _MAKERS.items()}
