"""Mass balances as JSON. Masses are written to the milligram: their sums agree exactly."""

from typing import Annotated

from pydantic import Field, PlainSerializer

from api.models.batches import BatchRef, batch_address
from api.models.common import AssetRef, Model, Time
from park.assets import Park
from traceability.balance import values
from traceability.masses import to_kg

ExactKg = Annotated[float, PlainSerializer(lambda mass: round(mass, 6), return_type=float)]
"""Kilograms, written to the milligram."""

Difference = Annotated[
    ExactKg, Field(description="What is missing; 0 in books that nobody tampered with.")
]
Share = Annotated[float, PlainSerializer(lambda share: round(share, 6), return_type=float)]


class Masses(Model):
    """Where a mass is, or what became of it."""

    at_hand_kg: Annotated[
        ExactKg, Field(description="In the park, in no room and on no pallet; rejects aside.")
    ]
    in_rooms_kg: ExactKg
    on_pallets_kg: Annotated[ExactKg, Field(description="On pallets that haven't left.")]
    shipped_kg: ExactKg
    used_kg: Annotated[
        ExactKg,
        Field(description="Went into sorting runs; 0 for a season, whose runs are followed."),
    ]
    rejected_kg: Annotated[ExactKg, Field(description="Sorted out, and not in a room.")]
    lost_kg: Annotated[ExactKg, Field(description="Dried up in rooms, or lost in sorting.")]

    @classmethod
    def of(cls, masses: values.Masses) -> "Masses":
        """Masses as JSON."""
        return cls(
            at_hand_kg=to_kg(masses.at_hand_mg),
            in_rooms_kg=to_kg(masses.in_rooms_mg),
            on_pallets_kg=to_kg(masses.on_pallets_mg),
            shipped_kg=to_kg(masses.shipped_mg),
            used_kg=to_kg(masses.used_mg),
            rejected_kg=to_kg(masses.rejected_mg),
            lost_kg=to_kg(masses.lost_mg),
        )


class BatchBalance(BatchRef):
    """What became of one batch."""

    variety: str
    grade: str
    made_at: Time
    made_kg: ExactKg
    masses: Masses
    difference_kg: Difference

    @classmethod
    def of(cls, balance: values.BatchBalance) -> "BatchBalance":
        """A batch's balance as JSON."""
        return cls(
            batch=balance.batch.path,
            href=batch_address(balance.batch),
            variety=balance.variety,
            grade=balance.grade,
            made_at=balance.made_at,
            made_kg=to_kg(balance.made_mg),
            masses=Masses.of(balance.masses),
            difference_kg=to_kg(balance.difference_mg),
        )


class GradeMass(Model):
    """So much of one grade."""

    grade: str
    qty_kg: ExactKg


class LineBalance(Model):
    """What a sorting line took and gave."""

    line: AssetRef
    since: Time | None
    until: Annotated[Time | None, Field(description="Not included.")]
    runs: int
    in_kg: ExactKg
    grades: Annotated[list[GradeMass], Field(description="What came out, rejects aside.")]
    graded_kg: ExactKg
    rejected_kg: ExactKg
    lost_kg: ExactKg
    yield_pct: Annotated[
        Share | None, Field(description="Graded fruit of what went in; null where nothing did.")
    ]
    difference_kg: Difference

    @classmethod
    def of(cls, balance: values.LineBalance, park: Park) -> "LineBalance":
        """A line's balance as JSON."""
        share = balance.yield_share
        return cls(
            line=AssetRef.of(park, balance.line),
            since=balance.since,
            until=balance.until,
            runs=balance.runs,
            in_kg=to_kg(balance.in_mg),
            grades=[GradeMass(grade=g.grade, qty_kg=to_kg(g.qty_mg)) for g in balance.grades],
            graded_kg=to_kg(balance.graded_mg),
            rejected_kg=to_kg(balance.rejected_mg),
            lost_kg=to_kg(balance.lost_mg),
            yield_pct=None if share is None else 100 * share,
            difference_kg=to_kg(balance.difference_mg),
        )


class OrchardBalance(Model):
    """What an orchard gave in a season, against what it can bear."""

    orchard: AssetRef
    variety: str
    season: int
    area_mu: float
    certified_area_mu: Annotated[
        float | None, Field(description="Where it is known, it counts instead of the area.")
    ]
    yield_kg_mu: Annotated[float, Field(description="Most that a mu of it bears in a season.")]
    ceiling_kg: ExactKg
    harvested_kg: ExactKg
    left_kg: Annotated[ExactKg, Field(description="Negative where the ceiling was lowered since.")]
    used_pct: Annotated[
        Share | None, Field(description="Of the ceiling; null where that is nothing.")
    ]
    batches: int

    @classmethod
    def of(cls, balance: values.OrchardBalance, park: Park) -> "OrchardBalance":
        """An orchard's balance as JSON."""
        return cls(
            orchard=AssetRef.of(park, balance.orchard),
            variety=balance.variety,
            season=balance.season,
            area_mu=balance.area_mu,
            certified_area_mu=balance.certified_area_mu,
            yield_kg_mu=balance.yield_kg_mu,
            ceiling_kg=to_kg(balance.ceiling_mg),
            harvested_kg=to_kg(balance.harvested_mg),
            left_kg=to_kg(balance.left_mg),
            used_pct=None if balance.share is None else 100 * balance.share,
            batches=balance.batches,
        )


class VarietyBalance(Model):
    """What became of a season's harvest of one variety."""

    variety: str
    harvested_kg: ExactKg
    masses: Masses
    difference_kg: Difference

    @classmethod
    def of(cls, balance: values.VarietyBalance) -> "VarietyBalance":
        """A variety's balance as JSON."""
        return cls(
            variety=balance.variety,
            harvested_kg=to_kg(balance.harvested_mg),
            masses=Masses.of(balance.masses),
            difference_kg=to_kg(balance.difference_mg),
        )


class DestinationMass(Model):
    """So much went to a destination."""

    destination: AssetRef
    shipped_kg: ExactKg


class BalanceFinding(Model):
    """Something odd that is possible all the same."""

    code: Annotated[str, Field(examples=["run-without-rejects"])]
    subject: Annotated[
        str, Field(description="A batch, a run's event, a shipment's number or an asset.")
    ]
    qty_kg: ExactKg
    detail: Annotated[str, Field(description="Why it is odd.")]

    @classmethod
    def of(cls, finding: values.BalanceFinding) -> "BalanceFinding":
        """A finding as JSON."""
        return cls(
            code=finding.code,
            subject=finding.subject,
            qty_kg=to_kg(finding.qty_mg),
            detail=finding.detail,
        )


class SeasonBalance(Model):
    """What was harvested in a season, and where all of it is now."""

    season: int
    since: Time
    until: Annotated[Time, Field(description="Not included.")]
    harvested_kg: ExactKg
    masses: Masses
    difference_kg: Difference
    varieties: list[VarietyBalance]
    orchards: Annotated[list[OrchardBalance], Field(description="Those that gave anything.")]
    destinations: list[DestinationMass]
    findings: Annotated[
        list[BalanceFinding], Field(description="What is odd, at most 100 of a kind.")
    ]

    @classmethod
    def of(
        cls, balance: values.SeasonBalance, findings: list[values.BalanceFinding], park: Park
    ) -> "SeasonBalance":
        """A season's balance as JSON."""
        return cls(
            season=balance.season,
            since=balance.since,
            until=balance.until,
            harvested_kg=to_kg(balance.harvested_mg),
            masses=Masses.of(balance.masses),
            difference_kg=to_kg(balance.difference_mg),
            varieties=[VarietyBalance.of(each) for each in balance.varieties],
            orchards=[OrchardBalance.of(each, park) for each in balance.orchards],
            destinations=[
                DestinationMass(
                    destination=AssetRef.of(park, each.destination), shipped_kg=to_kg(each.qty_mg)
                )
                for each in balance.destinations
            ],
            findings=[BalanceFinding.of(each) for each in findings],
        )
