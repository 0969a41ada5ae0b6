"""Words for products, places and parties: from the park's definition, else from master data."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Protocol

from sqlalchemy import Connection, select

from park.assets import Asset, ColdRoom, Destination, Grower, Orchard, Park
from park.errors import IdentifierError
from park.gs1 import CANONICAL_HOST, parse_place
from park.telemetry import Text
from traceability.database.lookups import among, rows_for
from traceability.epcis.master_data.tables import master_attributes
from traceability.epcis.storable import storable
from traceability.provenance.keys import goods_of
from traceability.provenance.positions import site_of
from traceability.provenance.recall.recall import Recall

_MDA = "urn:epcglobal:cbv:mda:"
_PLACE_NAME = f"{_MDA}name"
_PRODUCT_NAMES = tuple(
    f"{_MDA}{name}" for name in ("descriptionShort", "regulatedProductName", "functionalName")
)
_ADDRESS = tuple(
    f"{_MDA}{name}"
    for name in (
        *("streetAddressOne", "streetAddressTwo", "streetAddressThree"),
        *("city", "state", "postalCode", "countryCode"),
    )
)
_WANTED = frozenset({_PLACE_NAME, *_PRODUCT_NAMES, *_ADDRESS})
_PARTY, _PLACE = "/417/", "/414/"

_A = master_attributes.c
_ATTRIBUTES = select(_A.element, _A.attribute, _A.value).where(
    among(_A.element), _A.attribute.in_(sorted(_WANTED)), _A.position == 0
)

Attributes = Mapping[str, Mapping[str, str]]
"""Values by element and attribute."""


class Descriptions(Protocol):
    """Words for products and places; empty where they aren't known."""

    def product(self, gtin: str) -> str:
        """What a product is called."""

    def variety(self, gtin: str) -> str:
        """Commodity and variety of a product."""

    def place(self, key: str) -> str:
        """What a place is called."""

    def location(self, key: str) -> str:
        """What a place is called, and its address."""

    def party(self, key: str) -> str:
        """What a party is called."""

    def keeper(self, place: str) -> str:
        """Who has what is at a place."""

    def grower(self, place: str) -> str:
        """Who harvests at a place."""

    def is_cold(self, place: str) -> bool:
        """Whether it is cold there."""


def _english(text: Text) -> str:
    return text.en


class KnownDescriptions:
    """The words of a park's definition, and those that partners gave in master data."""

    def __init__(
        self,
        park: Park,
        attributes: Attributes | None = None,
        say: Callable[[Text], str] = _english,
    ) -> None:
        """`say` chooses the language of the park's own words; partners have theirs."""
        self._park = park
        self._attributes = attributes or {}
        self._say = say

    def product(self, gtin: str) -> str:
        """The product's name; else what its master data calls it."""
        product = self._park.products.get(gtin)
        if product is not None:
            return self._say(product.name)
        said = self._attributes.get(f"{CANONICAL_HOST}/01/{gtin}", {})
        return next((said[name] for name in _PRODUCT_NAMES if name in said), "")

    def variety(self, gtin: str) -> str:
        """The variety that the park grows as that product."""
        product = self._park.products.get(gtin)
        return "" if product is None else product.variety.replace("-", " ")

    def place(self, key: str) -> str:
        """The asset's name; else the name in its master data or its site's."""
        asset = self._asset(key)
        if asset is not None:
            return self._say(asset.name)
        return self._said(key).get(_PLACE_NAME, "")

    def location(self, key: str) -> str:
        """Name and address."""
        said = self._said(key)
        address = (said[part] for part in _ADDRESS if part in said)
        return ", ".join(part for part in (self.place(key), *address) if part)

    def party(self, key: str) -> str:
        """The name of the party, else of the asset or place whose GLN is the party's too."""
        said = self._attributes.get(key, {}).get(_PLACE_NAME)
        return said or self.place(key.replace(_PARTY, _PLACE))

    def keeper(self, place: str) -> str:
        """The importer's name at a destination, the park's at any other place of the park."""
        asset = self._asset(place)
        if asset is None:
            return self._said(place).get(_PLACE_NAME, "")
        return self._say((asset if isinstance(asset, Destination) else self._park.site).name)

    def grower(self, place: str) -> str:
        """The name of the orchard's grower."""
        orchard = self._asset(place)
        grower = self._park.assets.get(orchard.grower) if isinstance(orchard, Orchard) else None
        return self._say(grower.name) if isinstance(grower, Grower) else ""

    def is_cold(self, place: str) -> bool:
        """Whether it is a cold room of the park."""
        return isinstance(self._asset(place), ColdRoom)

    def _asset(self, key: str) -> Asset | None:
        for form in (key, site_of(key)):
            try:
                asset = None if form is None else self._park.by_place.get(parse_place(form))
            except IdentifierError:
                asset = None
            if asset is not None:
                return asset
        return None

    def _said(self, key: str) -> Mapping[str, str]:
        """Attributes of a place; where it has none, of its site."""
        return self._attributes.get(key) or self._attributes.get(site_of(key) or "", {})


def attributes_of(connection: Connection, named: Iterable[str | None]) -> Attributes:
    """What master data says of these things' products, of these places and parties."""
    found: dict[str, dict[str, str]] = {}
    wanted = {storable(key) for key in _elements(named)}
    for row in rows_for(connection, _ATTRIBUTES, wanted):
        found.setdefault(row.element, {})[row.attribute] = row.value
    return found


def _elements(named: Iterable[str | None]) -> Collection[str]:
    """Products, places and parties, and the sites of places."""
    keys = {_product_of(key) for key in named if key}
    keys |= {key.replace(_PARTY, _PLACE) for key in keys}
    return keys | {site for key in keys if (site := site_of(key))}


def _product_of(key: str) -> str:
    gtin = goods_of(key).gtin
    return key if gtin is None else f"{CANONICAL_HOST}/01/{gtin}"


def named_in(recall: Recall) -> Iterator[str | None]:
    """What a recall names that has words of its own."""
    for affected in recall.affected:
        yield affected.key
        for position in affected.positions:
            yield from (position.place, position.destination, position.holder, position.owner)
    for each in recall.happenings:
        yield from (each.location, each.read_point, each.origin, each.destination)
        yield from (each.holder, each.owner)
    for harvests in recall.harvests.values():
        for harvest in harvests:
            yield harvest.place
            yield from (seen.place for seen in harvest.seen)
    yield from recall.sources.values()
