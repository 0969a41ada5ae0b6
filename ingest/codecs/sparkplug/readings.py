"""The readings in one Sparkplug message, and what in it can't be read."""

from dataclasses import dataclass

from ingest.codecs.sparkplug.naming import Target
from ingest.codecs.sparkplug.payload import Metric
from ingest.element import Element
from ingest.validation import brief

_MOST_NAMED = 20


@dataclass(frozen=True, slots=True)
class SparkplugFault:
    """Something in a message that can't be read, and why."""

    code: str
    detail: str


class Readings:
    """The values of one message, as they gather by asset and time.

    A metric's own time counts before the message's.
    """

    def __init__(self, time_ms: int) -> None:
        self._time_ms = time_ms
        self._values: dict[tuple[bool, str, int], dict[str, object]] = {}
        self.without_name: list[Metric] = []
        """Metrics whose alias isn't known."""
        self.bad: list[str] = []
        """Names of those that their sender marks as bad or stale."""
        self.unreadable: list[str] = []
        """Names of those that hold a template, a data set or bytes."""

    def take(self, metric: Metric, name: str, target: Target, datatype: int) -> None:
        """Note the value of a metric whose field and datatype are known."""
        if metric.null or metric.transient or metric.branch is None:
            return
        if not metric.good:
            self.bad.append(name)
        elif not metric.readable:
            self.unreadable.append(name)
        else:
            time_ms = metric.time_ms or self._time_ms
            key = metric.historical, target.asset, time_ms
            self._values.setdefault(key, {})[target.field] = metric.value(datatype)

    def readings(self, *, historical: bool) -> list[Element]:
        """One reading for each asset and time, of the past or of now."""
        return [
            Element(asset, {"ts": time_ms, **values})
            for (past, asset, time_ms), values in self._values.items()
            if past is historical
        ]

    def faults(self, path: str, *, born: bool) -> list[SparkplugFault]:
        """What can't be read in the message of the sender at `path`."""
        aliases = [str(metric.alias) for metric in self.without_name]
        no_alias = "sparkplug-unknown-alias" if born else "sparkplug-no-birth"
        found = (
            (no_alias, "sent metrics whose birth wasn't seen; their aliases", aliases),
            ("sparkplug-bad-quality", "marks as bad or stale", self.bad),
            ("wrong-type", "sent no plain value for", self.unreadable),
        )
        return [
            SparkplugFault(code, f"{path} {words}: {listed(names)}")
            for code, words, names in found
            if names
        ]


def listed(names: list[str]) -> str:
    """Some names, for people to read; of many, the first."""
    shown = ", ".join(brief(name).strip("'") for name in names[:_MOST_NAMED])
    rest = len(names) - _MOST_NAMED
    return f"{shown} and {rest} more" if rest > 0 else shown
