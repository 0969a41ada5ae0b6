"""MQTT topics: `agripark/v1/{site}/{kind}/{asset}/{channel}`.

On the `telemetry` and `status` channels the kind is a telemetry kind; on `scan` it is the type of
the asset that the reader stands at.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from ingest.errors import MessageError
from ingest.line_protocol import encode_head
from ingest.validation import brief
from park.assets import Asset, AssetType, Park
from park.errors import UnknownAssetError
from park.telemetry import KINDS

OWN = "agripark/"
"""How the topics of this project begin."""
_PREFIX = ("agripark", "v1")
_LEVELS = 6


class Channel(StrEnum):
    """The channels that ingest reads."""

    TELEMETRY = "telemetry"
    SCAN = "scan"
    STATUS = "status"


@dataclass(frozen=True, slots=True)
class Route:
    """What a topic stands for."""

    channel: Channel
    kind: str
    """Telemetry kind, or type of the asset for a scan."""
    asset: Asset
    centre: str | None
    """Value of the `centre` tag; None for kinds without one."""
    head: str
    """How the lines of its readings begin."""


def telemetry_topic(site: str, kind: str, asset: str) -> str:
    """The topic that an asset's readings come by."""
    return "/".join((*_PREFIX, site, kind, asset, Channel.TELEMETRY))


def alarm_topic(site: str, asset: Asset) -> str:
    """The topic of an asset's alarms, by its kind of telemetry or else its type."""
    kind = str(asset.type) if asset.kind is None else asset.kind.name
    return "/".join((*_PREFIX, site, kind, asset.id, "alarm"))


class Router:
    """Finds the asset that a topic names; what was found once is remembered."""

    def __init__(self, park: Park) -> None:
        self._park = park
        self._route = lru_cache(maxsize=200_000)(self._find)

    def subscriptions(self) -> tuple[str, ...]:
        """The topic filters that reach every topic that ingest reads."""
        return tuple(f"agripark/v1/+/+/+/{channel}" for channel in Channel)

    def route(self, topic: str) -> Route:
        """What the topic stands for. Raises MessageError where the park has no such thing."""
        return self._route(topic)

    def telemetry_route(self, asset_id: str, meant: str | None = None) -> Route:
        """Where the readings of an asset go.

        Raises MessageError where it sends none, or not of the kind that was meant.
        """
        try:
            kind = self._park.asset(asset_id).kind
        except UnknownAssetError as error:
            raise MessageError("unknown-asset", str(error)) from error
        if kind is None:
            raise MessageError("unknown-asset", f"{asset_id!r} is nothing that sends telemetry")
        if meant is not None and meant != kind.name:
            raise MessageError("unknown-asset", f"{asset_id!r} sends {kind.name}, not {meant}")
        return self._route(telemetry_topic(self._park.site.id, kind.name, asset_id))

    def _find(self, topic: str) -> Route:
        parts = topic.split("/")
        if len(parts) != _LEVELS or tuple(parts[:2]) != _PREFIX or parts[5] not in set(Channel):
            raise MessageError(
                "unknown-topic",
                "topics are agripark/v1/{site}/{kind}/{asset}/telemetry, /scan or /status",
            )
        _, _, site, kind, asset_id, channel = parts
        if site != self._park.site.id:
            raise MessageError(
                "unknown-site", f"this park is {self._park.site.id!r}, the topic says {brief(site)}"
            )
        asset = self._asset(kind, asset_id, Channel(channel))
        centre = self._park.centre_of(asset)
        head = encode_head(kind, site, asset.id, centre)
        return Route(Channel(channel), kind, asset, centre, head)

    def _asset(self, kind: str, asset_id: str, channel: Channel) -> Asset:
        known = set(AssetType) if channel is Channel.SCAN else set(KINDS)
        if kind not in known:
            raise MessageError(
                "unknown-kind", f"{brief(kind)} is none of {', '.join(sorted(known))}"
            )
        try:
            asset = self._park.asset(asset_id)
        except UnknownAssetError as error:
            raise MessageError("unknown-asset", str(error)) from error
        if channel is Channel.SCAN:
            actual: str | None = str(asset.type)
        else:
            actual = None if asset.kind is None else asset.kind.name
        if actual != kind:
            raise MessageError(
                "unknown-asset", f"{asset_id!r} is of type {asset.type}, not of kind {kind!r}"
            )
        return asset
