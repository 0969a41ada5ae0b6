"""Grafana's unit ids for the UCUM codes of the telemetry table."""

from collections.abc import Mapping
from types import MappingProxyType

from grafana.errors import UnknownUnitError

NO_UNIT = "none"
"""For switches and shares without a unit."""
TEXT = "string"
"""For states, which are words."""

# Kilograms are written out: Grafana's `masskg` shows 5,000 kg as 5 Mg, which nobody here reads.
_UNITS: Mapping[str, str] = MappingProxyType(
    {
        "": NO_UNIT,
        "%": "percent",
        "%{Brix}": "suffix:°Bx",
        "Cel": "celsius",
        "K": "kelvin",
        "L": "litre",
        "L/h": "litreh",
        "W/m2": "Wm2",
        "[pH]": "suffix:pH",
        "[ppm]": "ppm",
        "dS/m": "suffix:dS/m",
        "deg": "degree",
        "g": "massg",
        "hPa": "pressurehpa",
        "kPa": "pressurekpa",
        "kW": "kwatt",
        "kW.h": "kwatth",
        "kg": "suffix:kg",
        "kg/h": "suffix:kg/h",
        "m": "lengthm",
        "m/s": "velocityms",
        "m3": "suffix:m³",
        "m3/h": "suffix:m³/h",
        "mS/cm": "suffix:mS/cm",
        "mm": "lengthmm",
        "umol/(m2.s)": "suffix:µmol/m²s",
        "{cup}/s": "suffix:cups/s",
        "kg/m3": "suffix:kg/m³",
        "kg/L": "suffix:kg/L",
        "m3/{mu}": "suffix:m³/mu",
        "{mu}": "suffix:mu",
        "t": "suffix:t",
        "t/h": "suffix:t/h",
        "s": "s",
        "d": "d",
        "MBy": "decmbytes",
        "{alarm}": "short",
        "{alarm}/h": "short",
        "{batch}": "short",
        "{device}": "short",
        "{fruit}": "short",
        "{lot}": "short",
        "{reading}": "short",
        "{shipment}": "short",
        "{room}": "short",
        "{valve}": "short",
        "{door}": "short",
    }
)


def grafana_unit(ucum: str) -> str:
    """Grafana's unit id for a UCUM code. Raises UnknownUnitError."""
    try:
        return _UNITS[ucum]
    except KeyError:
        raise UnknownUnitError(ucum) from None
