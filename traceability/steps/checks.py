"""What the park's definition alone says about a scan: are its places and products possible?"""

from collections.abc import Iterable, Mapping
from typing import TypeVar

from park.assets import FIELD_RUN, REJECT, Asset, Orchard, Park, Product
from park.gs1 import BatchId, PlaceId
from traceability.errors import (
    UnknownPlaceError,
    UnknownProductError,
    WrongProductError,
)

A = TypeVar("A", bound=Asset)


def asset_at(park: Park, asset_id: str, wanted: type[A]) -> A:
    """The asset of that id and class. Raises UnknownPlaceError."""
    asset = park.assets.get(asset_id)
    if asset is None:
        msg = f"the park has no asset {asset_id!r}; this step needs one of type {wanted.type}"
        raise UnknownPlaceError(msg)
    if not isinstance(asset, wanted):
        msg = f"{asset_id} is of type {asset.type}; this step happens at one of type {wanted.type}"
        raise UnknownPlaceError(msg)
    return asset


def place_of(asset: Asset) -> PlaceId:
    """Where an asset is. Raises UnknownPlaceError where the definition doesn't say."""
    if asset.place is None:
        msg = f"{asset.id} has no GLN in the park's definition; give it one"
        raise UnknownPlaceError(msg)
    return asset.place


def product_of(park: Park, batch: BatchId) -> Product:
    """What a batch is. Raises UnknownProductError."""
    try:
        return park.products[batch.gtin]
    except KeyError:
        msg = f"GTIN {batch.gtin} of {batch} is none of the park's products"
        raise UnknownProductError(msg) from None


def check_harvest(park: Park, orchard: Orchard, batch: BatchId) -> Product:
    """The product harvested. Raises WrongProductError, UnknownProductError."""
    product = product_of(park, batch)
    if product.grade != FIELD_RUN:
        msg = f"{batch} is {product.name.en}; an orchard gives {FIELD_RUN} fruit only"
        raise WrongProductError(msg)
    if product.variety != orchard.variety:
        msg = f"{orchard.id} grows {orchard.variety}, but {batch} is {product.variety}"
        raise WrongProductError(msg)
    return product


def check_sort(
    park: Park, inputs: Iterable[BatchId], outputs: Iterable[BatchId]
) -> Mapping[BatchId, Product]:
    """The products of the outputs: one variety throughout, rejects never in, field-run never out.

    Raises WrongProductError, UnknownProductError.
    """
    variety: str | None = None
    for batch in inputs:
        product = product_of(park, batch)
        variety = variety or product.variety
        if product.grade == REJECT:
            msg = f"{batch} are rejects; they can't be sorted again"
            raise WrongProductError(msg)
        if product.variety != variety:
            msg = f"{batch} is {product.variety}; sort it apart from {variety}"
            raise WrongProductError(msg)
    products = {batch: product_of(park, batch) for batch in outputs}
    for batch, product in products.items():
        if product.variety != variety:
            msg = f"{batch} is {product.variety}, but {variety} went in"
            raise WrongProductError(msg)
        if product.grade == FIELD_RUN:
            msg = f"{batch} is {FIELD_RUN}; a sorting line gives graded fruit only"
            raise WrongProductError(msg)
    return products


def check_pallet(park: Park, contents: Iterable[BatchId]) -> None:
    """Only sorted fruit, and no rejects, goes on a pallet.

    Raises WrongProductError, UnknownProductError.
    """
    for batch in contents:
        grade = product_of(park, batch).grade
        if grade in {FIELD_RUN, REJECT}:
            msg = f"{batch} is {grade}; only fruit that was sorted into a grade goes on a pallet"
            raise WrongProductError(msg)
