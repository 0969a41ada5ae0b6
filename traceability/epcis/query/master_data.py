"""What questions need to know beside the events: which place lies in which, and its attributes.

The park's own places are what its definition says. Documents may add to that: attributes that the
definition doesn't give, and places of partners. Of its attributes and of what lies where within the
park nobody else has a say.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Protocol

from sqlalchemy import Connection

from park.assets import Asset, Park
from traceability.epcis.master_data import store
from traceability.epcis.master_data.statements import attribute_name
from traceability.errors import QueryTooComplexError

MOST_FOUND = 10_000
"""Things that master data may put in place of one value."""
_DEEPEST = 64


class MasterData(Protocol):
    """Master data of places and other things (GS1 EPCIS 2.0, section 6.5)."""

    def descendants(self, connection: Connection, place: str) -> Iterable[str]:
        """Canonical addresses of all places that lie in this one, directly or not.

        Raises QueryTooComplexError where there are too many.
        """

    def having(
        self,
        connection: Connection,
        vocabulary: str | None,
        attribute: str,
        values: Sequence[str] | None,
    ) -> Iterable[str]:
        """What has the attribute, with one of these values or any, in canonical form.

        `vocabulary` is the standard's name of the one that the field takes its values from, None
        for any. Raises QueryTooComplexError where there is too much.
        """


_NAME = frozenset({"name", "urn:epcglobal:cbv:mda:name"})
_TYPE = frozenset({"type", "urn:epcglobal:cbv:mda:type"})


class ParkMasterData:
    """The park's own places: rooms lie in centres, orchards in townships, all in the site."""

    def __init__(self, park: Park) -> None:
        self._children: dict[str | None, list[Asset]] = {}
        for asset in park.assets.values():
            self._children.setdefault(asset.parent, []).append(asset)
        self._by_uri = {place.uri: asset for place, asset in park.by_place.items()}

    def __contains__(self, place: str) -> bool:
        return place in self._by_uri

    def descendants(self, place: str) -> Iterator[str]:
        """Addresses of the places of all assets below the one that is there."""
        asset = self._by_uri.get(place)
        pending = [] if asset is None else list(self._children.get(asset.id, ()))
        while pending:
            below = pending.pop()
            pending += self._children.get(below.id, ())
            if below.place is not None:
                yield below.place.uri

    def having(self, attribute: str, values: Sequence[str] | None) -> Iterator[str]:
        """Places by `name`, in either language, and `type`, the type of asset."""
        for uri, asset in self._by_uri.items():
            found = _attribute(asset, attribute)
            if found and (values is None or any(each in values for each in found)):
                yield uri

    def gives(self, attribute: str) -> bool:
        """Whether it is an attribute that the park's places have."""
        return attribute_name(attribute) in _NAME | _TYPE


class KnownMasterData:
    """What the park knows of its own places, and what documents said of all others."""

    def __init__(self, park: Park) -> None:
        self._own = ParkMasterData(park)

    def descendants(self, connection: Connection, place: str) -> Iterable[str]:
        """All places that lie in this one, directly or not, the nearest first."""
        found = {place: None}
        level = list(found)
        for _ in range(_DEEPEST):
            below = {each for own in level for each in self._own.descendants(own)}
            below.update(
                child
                for parent, child in store.children_of(connection, level)
                if not (parent in self._own and child in self._own)
            )
            level = sorted(below - found.keys())
            found.update(dict.fromkeys(level))
            _check_count(place, found)
            if not level:
                return list(found)[1:]
        msg = f"places in {place} lie more than {_DEEPEST} deep, deeper ones aren't looked for"
        raise QueryTooComplexError(msg)

    def having(
        self,
        connection: Connection,
        vocabulary: str | None,
        attribute: str,
        values: Sequence[str] | None,
    ) -> Iterable[str]:
        """What has the attribute; of the park's places by the park's word where it gives one."""
        found = dict.fromkeys(self._own.having(attribute, values))
        said = store.having(connection, vocabulary, attribute, values, MOST_FOUND + 1)
        own_word = self._own.gives(attribute)
        found.update(dict.fromkeys(each for each in said if not (own_word and each in self._own)))
        _check_count(attribute, found)
        return list(found)


def _check_count(what: str, found: Collection[str]) -> None:
    if len(found) > MOST_FOUND:
        msg = f"master data of {what} stands for more than {MOST_FOUND} values"
        raise QueryTooComplexError(msg)


class NoMasterData:
    """Knows nothing: a place has only the sub-locations of its own GLN."""

    def descendants(
        self,
        connection: Connection,  # noqa: ARG002 - the protocol's
        place: str,  # noqa: ARG002 - the protocol's
    ) -> Iterable[str]:
        """None."""
        return ()

    def having(  # noqa: D102 - the protocol says it
        self,
        connection: Connection,  # noqa: ARG002 - the protocol's
        vocabulary: str | None,  # noqa: ARG002 - the protocol's
        attribute: str,  # noqa: ARG002 - the protocol's
        values: Sequence[str] | None,  # noqa: ARG002 - the protocol's
    ) -> Iterable[str]:
        return ()


def _attribute(asset: Asset, attribute: str) -> Sequence[str]:
    name = attribute_name(attribute)
    if name in _NAME:
        return (asset.name.en, asset.name.zh)
    return (asset.type.value,) if name in _TYPE else ()
