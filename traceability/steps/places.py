"""The park's own places among those that events name.

A dock or row that only a partner knows, a GLN of ours with an extension of theirs, is taken for the
place of that GLN.
"""

from collections.abc import Iterable, Mapping
from typing import TypeVar

from park.assets import Asset, Packhouse, Park, SortingLine
from park.gs1 import CANONICAL_HOST
from traceability.epcis.model import AnyEvent, Party, Place, TransformationEvent

A = TypeVar("A", bound=Asset)

_GLN = f"{CANONICAL_HOST}/414/"
_PARTY_GLN = f"{CANONICAL_HOST}/417/"
_NEAREST_FIRST = ("location", "possessing_party", "owning_party")


class Places:
    """The assets of a park by their canonical Digital Link."""

    def __init__(self, park: Park) -> None:
        self.park = park
        self._by_link: Mapping[str, Asset] = {
            asset.place.uri: asset for asset in park.assets.values() if asset.place is not None
        }
        self._only_line: Mapping[str, SortingLine | None] = _only_lines(park)

    def at(self, place: Place | None) -> Asset | None:
        """The asset that a read point or business location names."""
        return None if place is None else self._by_link.get(place.id)

    def near(self, identifier: str) -> Asset | None:
        """The same; a part of a place that only others know is taken for the place."""
        link = identifier
        if link.startswith(_PARTY_GLN):
            link = f"{_GLN}{link.removeprefix(_PARTY_GLN)}"
        return self._by_link.get(link) or self._by_link.get(link.partition("/254/")[0])

    def first(self, event: AnyEvent, wanted: type[A], parties: Iterable[Party] = ()) -> A | None:
        """The asset of that class at which an event happened."""
        for place in (event.read_point, event.biz_location):
            asset = None if place is None else self.near(place.id)
            if isinstance(asset, wanted):
                return asset
        return self.party(parties, wanted)

    def party(self, parties: Iterable[Party], wanted: type[A]) -> A | None:
        """The asset of that class among sources or destinations; places before owners."""
        found: dict[str, A] = {}
        for party in parties:
            asset = self.near(party.id)
            if isinstance(asset, wanted):
                found.setdefault(party.type, asset)
        return next((found[each] for each in _NEAREST_FIRST if each in found), None)

    def line(self, event: TransformationEvent) -> SortingLine | None:
        """The sorting line at which a transformation happened."""
        for place in (event.read_point, event.biz_location):
            asset = self.at(place)
            if isinstance(asset, SortingLine):
                return asset
        packhouse = self.first(event, Packhouse)
        return None if packhouse is None else self._only_line.get(packhouse.id)


def _only_lines(park: Park) -> dict[str, SortingLine | None]:
    """The line of each packhouse that has just one."""
    found: dict[str, SortingLine | None] = {}
    for line in park.of_type(SortingLine):
        if line.parent is not None:
            found[line.parent] = None if line.parent in found else line
    return found
