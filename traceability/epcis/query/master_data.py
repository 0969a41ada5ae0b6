"""What questions need to know beside the events: which place lies in which, and its attributes."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from park.assets import Asset, Park


class MasterData(Protocol):
    """Master data of places and other things (GS1 EPCIS 2.0, section 6.5)."""

    def descendants(self, place: str) -> Iterable[str]:
        """Canonical addresses of all places that lie in this one, directly or not."""

    def having(self, attribute: str, values: Sequence[str] | None) -> Iterable[str]:
        """Canonical addresses of what has the attribute, with one of these values or any."""


class NoMasterData:
    """Knows nothing: a place has only the sub-locations of its own GLN."""

    def descendants(self, place: str) -> Iterable[str]:  # noqa: ARG002 - the protocol's
        """None."""
        return ()

    def having(  # noqa: D102 - the protocol says it
        self,
        attribute: str,  # noqa: ARG002 - the protocol's
        values: Sequence[str] | None,  # noqa: ARG002 - the protocol's
    ) -> Iterable[str]:
        return ()


_NAME = ("name", "urn:epcglobal:cbv:mda#name", "urn:epcglobal:cbv:mda:name")
_TYPE = ("type", "urn:epcglobal:cbv:mda#type", "urn:epcglobal:cbv:mda:type")


class ParkMasterData:
    """The park's own places: rooms lie in centres, orchards in townships, all in the site."""

    def __init__(self, park: Park) -> None:
        self._park = park
        self._children: dict[str | None, list[Asset]] = {}
        for asset in park.assets.values():
            self._children.setdefault(asset.parent, []).append(asset)
        self._by_uri = {place.uri: asset for place, asset in park.by_place.items()}

    def descendants(self, place: str) -> Iterable[str]:
        """Addresses of the places of all assets below the one that is there."""
        asset = self._by_uri.get(place)
        pending = [] if asset is None else list(self._children.get(asset.id, ()))
        while pending:
            below = pending.pop()
            pending += self._children.get(below.id, ())
            if below.place is not None:
                yield below.place.uri

    def having(self, attribute: str, values: Sequence[str] | None) -> Iterable[str]:
        """Places by `name`, in either language, and `type`, the type of asset."""
        for uri, asset in self._by_uri.items():
            found = _attribute(asset, attribute)
            if found and (values is None or any(each in values for each in found)):
                yield uri


def _attribute(asset: Asset, attribute: str) -> Sequence[str]:
    if attribute in _NAME:
        return (asset.name.en, asset.name.zh)
    return (asset.type.value,) if attribute in _TYPE else ()
