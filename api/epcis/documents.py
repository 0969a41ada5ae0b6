"""Looking into documents before they are read."""

from collections.abc import Mapping
from typing import Any

_PLACES = (("epcisBody", "eventList"), ("epcisBody", "queryResults", "resultsBody", "eventList"))


def event_count(document: Any) -> int:
    """How many events a document in JSON has; 0 where it is none."""
    for place in _PLACES:
        found = document
        for name in place:
            found = found.get(name) if isinstance(found, Mapping) else None
        if isinstance(found, list):
            return len(found)
    return 0
