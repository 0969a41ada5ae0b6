"""Names of the park's things in one language."""

from api.pages.formats import Formats
from park.assets import Park


class Names:
    """Names of assets and products in one language."""

    def __init__(self, park: Park, formats: Formats) -> None:
        self._park = park
        self._formats = formats

    def asset(self, asset_id: str) -> str:
        """An asset's name; its id where this park no longer has it."""
        asset = self._park.assets.get(asset_id)
        return asset_id if asset is None else self._formats.name(asset.name)

    def product(self, gtin: str) -> str:
        """A product's name; its GTIN where this park no longer has it."""
        product = self._park.products.get(gtin)
        return gtin if product is None else self._formats.name(product.name)
