"""Masses are whole milligrams inside, so that sums are exact, and kilograms for people."""

MG_PER_KG = 1_000_000


def to_mg(qty_kg: float) -> int:
    """Whole milligrams; a positive mass is at least one."""
    return max(1, round(qty_kg * MG_PER_KG)) if qty_kg > 0 else 0


def to_kg(qty_mg: float) -> float:
    """Kilograms."""
    return qty_mg / MG_PER_KG


def known_kg(mass_mg: int | None) -> float | None:
    """Kilograms; None of an unknown mass."""
    return None if mass_mg is None else to_kg(mass_mg)
