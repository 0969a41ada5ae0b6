"""The park's dashboards, one module each."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from grafana.dashboards.cold_storage import cold_storage
from grafana.dashboards.irrigation import irrigation
from grafana.dashboards.packhouse import packhouse
from grafana.texts import Language, Texts, read_texts

Model = dict[str, Any]
"""A dashboard as Grafana's JSON holds it."""

_MAKERS: Mapping[str, Callable[[Texts], Model]] = MappingProxyType(
    {"cold-storage": cold_storage, "irrigation": irrigation, "packhouse": packhouse}
)


def all_dashboards(language: Language = "en") -> dict[str, Model]:
    """Every dashboard by its file's stem. Raises BuildError."""
    texts = read_texts(language)
    return {name: make(texts) for name, make in _MAKERS.items()}
