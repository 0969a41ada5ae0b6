"""Batches, their history, pallets and shipments."""

from typing import Annotated

from pydantic import Field

from api.climate import Climate, Climates, ClimateStatus, Figures
from api.models.common import AssetRef, Celsius, Kg, Model, Name, Time
from park import assets
from park.gs1 import BatchId
from traceability import views


def batch_links(batch: BatchId) -> dict[str, str]:
    """Where more about a batch is found."""
    here = f"/v1/batches/{batch.path.removeprefix('01/').replace('/10/', '/', 1)}"
    return {
        "self": here,
        "trace_back": f"{here}/trace/back",
        "trace_forward": f"{here}/trace/forward",
        "page": f"/{batch.path}",
    }


def batch_address(batch: BatchId) -> str:
    """The address of a batch's history."""
    return batch_links(batch)["self"]


class BatchRef(Model):
    """A batch, briefly."""

    batch: Annotated[str, Field(examples=["01/09521321000025/10/LY-7-A"])]
    href: Annotated[str, Field(examples=["/v1/batches/09521321000025/LY-7-A"])]


class BatchMass(BatchRef):
    """So many kilograms of a batch."""

    qty_kg: Kg

    @classmethod
    def of(cls, batch: BatchId, qty_kg: float) -> "BatchMass":
        """A batch and a mass of it."""
        return cls(batch=batch.path, href=batch_address(batch), qty_kg=qty_kg)


class Batch(Model):
    """A batch in a list of batches."""

    id: Annotated[str, Field(examples=["01/09521321000025/10/LY-7-A"])]
    gtin: Annotated[str, Field(examples=["09521321000025"])]
    lot: Annotated[str, Field(examples=["LY-7-A"])]
    product: Name
    variety: Annotated[str, Field(examples=["winter-jujube"])]
    grade: Annotated[str, Field(examples=["extra"])]
    made_at: Annotated[Time, Field(description="Harvest, or sorting for graded fruit.")]
    harvested_from: Time
    harvested_until: Time
    qty_kg: Annotated[Kg, Field(description="Mass when it was made.")]
    status: views.BatchStatus
    orchards: list[AssetRef]
    destinations: list[AssetRef]
    links: dict[str, str]

    @classmethod
    def of(cls, summary: views.BatchSummary, park: assets.Park) -> "Batch":
        """A batch as JSON."""
        product = park.products.get(summary.batch.gtin)
        return cls(
            id=summary.batch.path,
            gtin=summary.batch.gtin,
            lot=summary.batch.lot,
            product=Name(en=summary.product, zh=summary.product)
            if product is None
            else Name.of(product.name),
            variety=summary.variety,
            grade=summary.grade,
            made_at=summary.made_at,
            harvested_from=summary.harvested_from,
            harvested_until=summary.harvested_until,
            qty_kg=summary.qty_kg,
            status=summary.status,
            orchards=[AssetRef.of(park, orchard) for orchard in summary.orchards],
            destinations=[AssetRef.of(park, place) for place in summary.destinations],
            links=batch_links(summary.batch),
        )


class Origin(Model):
    """Mass that came from one orchard."""

    orchard: AssetRef
    registration: Annotated[
        str | None, Field(description="Number of the export registration.", examples=["1400GY0001"])
    ]
    qty_kg: Kg

    @classmethod
    def of(cls, origin: views.Origin, park: assets.Park) -> "Origin":
        """An origin as JSON."""
        asset = park.assets.get(origin.orchard)
        return cls(
            orchard=AssetRef.of(park, origin.orchard),
            registration=asset.registration if isinstance(asset, assets.Orchard) else None,
            qty_kg=origin.qty_kg,
        )


class TemperatureFigures(Model):
    """What a temperature did over a stay."""

    samples: int
    min_c: Celsius
    mean_c: Celsius
    max_c: Celsius

    @classmethod
    def of(cls, figures: Figures | None) -> "TemperatureFigures | None":
        """Figures as JSON."""
        if figures is None:
            return None
        return cls(
            samples=figures.samples,
            min_c=figures.min_c,
            mean_c=figures.mean_c,
            max_c=figures.max_c,
        )


class RoomClimate(Model):
    """A room's temperatures over a stay, from its readings."""

    status: ClimateStatus
    setpoint_c: Celsius | None
    air: TemperatureFigures | None
    pulp: TemperatureFigures | None

    @classmethod
    def of(cls, climate: Climate) -> "RoomClimate":
        """A climate as JSON."""
        return cls(
            status=climate.status,
            setpoint_c=climate.setpoint_c,
            air=TemperatureFigures.of(climate.air),
            pulp=TemperatureFigures.of(climate.pulp),
        )


class Stay(Model):
    """A batch's time in a cold room."""

    batch: BatchRef
    room: AssetRef
    since: Time
    until: Annotated[Time | None, Field(description="null while it lies there.")]
    qty_in_kg: Kg
    qty_out_kg: Kg
    climate: RoomClimate

    @classmethod
    def of(cls, stay: views.Stay, climate: Climate, park: assets.Park) -> "Stay":
        """A stay as JSON."""
        return cls(
            batch=BatchRef(batch=stay.batch.path, href=batch_address(stay.batch)),
            room=AssetRef.of(park, stay.room),
            since=stay.since,
            until=stay.until,
            qty_in_kg=stay.qty_in_kg,
            qty_out_kg=stay.qty_out_kg,
            climate=RoomClimate.of(climate),
        )


class SortingRun(Model):
    """A sorting run that made the batch or an ancestor."""

    event: str
    line: AssetRef
    at: Time
    inputs: list[BatchMass]
    outputs: list[BatchMass]
    loss_kg: Kg

    @classmethod
    def of(cls, run: views.SortingRun, park: assets.Park) -> "SortingRun":
        """A run as JSON."""
        return cls(
            event=run.event_id,
            line=AssetRef.of(park, run.line),
            at=run.at,
            inputs=[BatchMass.of(batch, mass) for batch, mass in run.inputs],
            outputs=[BatchMass.of(batch, mass) for batch, mass in run.outputs],
            loss_kg=run.loss_kg,
        )


class Pallet(Model):
    """A pallet, what is on it and where it went."""

    sscc: Annotated[str, Field(examples=["095213210000000018"])]
    packed_at: Time
    packed_by: AssetRef
    contents: list[BatchMass]
    qty_kg: Kg
    shipment: str | None
    links: dict[str, str]

    @classmethod
    def of(cls, pallet: views.Pallet, park: assets.Park) -> "Pallet":
        """A pallet as JSON."""
        here = f"/v1/pallets/{pallet.sscc}"
        links = {"self": here, "trace_back": f"{here}/trace/back", "page": f"/00/{pallet.sscc}"}
        if pallet.shipment is not None:
            links["shipment"] = f"/v1/shipments/{pallet.shipment}"
        return cls(
            sscc=pallet.sscc,
            packed_at=pallet.packed_at,
            packed_by=AssetRef.of(park, pallet.packed_by),
            contents=[BatchMass.of(part.batch, part.qty_kg) for part in pallet.contents],
            qty_kg=sum(part.qty_kg for part in pallet.contents),
            shipment=pallet.shipment,
            links=links,
        )


class Shipment(Model):
    """Pallets on their way to a destination."""

    shipment: Annotated[str, Field(examples=["EXP-2025-0007"])]
    destination: AssetRef
    country: Annotated[str | None, Field(description="ISO 3166-1 alpha-2.", examples=["TH"])]
    reefer: AssetRef | None
    container_number: Annotated[str | None, Field(examples=["AGPU0000017"])]
    shipped_from: AssetRef
    shipped_at: Time
    received_at: Annotated[Time | None, Field(description="null while any pallet is on its way.")]
    pallets: list[str]
    qty_kg: Kg
    links: dict[str, str]

    @classmethod
    def of(cls, shipment: views.Shipment, park: assets.Park) -> "Shipment":
        """A shipment as JSON."""
        here = f"/v1/shipments/{shipment.shipment}"
        destination = park.assets.get(shipment.destination)
        reefer = None if shipment.reefer is None else park.assets.get(shipment.reefer)
        return cls(
            shipment=shipment.shipment,
            destination=AssetRef.of(park, shipment.destination),
            country=destination.country if isinstance(destination, assets.Destination) else None,
            reefer=None if shipment.reefer is None else AssetRef.of(park, shipment.reefer),
            container_number=reefer.container_number if isinstance(reefer, assets.Reefer) else None,
            shipped_from=AssetRef.of(park, shipment.shipped_from),
            shipped_at=shipment.shipped_at,
            received_at=shipment.received_at,
            pallets=list(shipment.pallets),
            qty_kg=shipment.qty_kg,
            links={"self": here, "trace_back": f"{here}/trace/back"},
        )


class History(Batch):
    """Everything known about one batch, with the climate of every room that it lay in."""

    in_stock_kg: Annotated[Kg, Field(description="Not yet sorted, packed or lost.")]
    origins: list[Origin]
    stays: Annotated[
        list[Stay], Field(description="Of the batch and all that went into it, oldest first.")
    ]
    runs: Annotated[
        list[SortingRun], Field(description="That made the batch or an ancestor, oldest first.")
    ]
    pallets: list[Pallet]
    shipments: list[Shipment]
    events: Annotated[
        list[str], Field(description="Ids of the events that name the batch, oldest first.")
    ]

    @classmethod
    def with_climates(
        cls, history: views.BatchHistory, climates: Climates, park: assets.Park
    ) -> "History":
        """A history as JSON."""
        return cls(
            **dict(Batch.of(history.summary, park)),
            in_stock_kg=history.in_stock_kg,
            origins=[Origin.of(origin, park) for origin in history.origins],
            stays=[Stay.of(stay, climates.of(stay), park) for stay in history.stays],
            runs=[SortingRun.of(run, park) for run in history.runs],
            pallets=[Pallet.of(pallet, park) for pallet in history.pallets],
            shipments=[Shipment.of(shipment, park) for shipment in history.shipments],
            events=list(history.events),
        )
