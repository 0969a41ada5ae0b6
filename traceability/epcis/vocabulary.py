"""Words of the Core Business Vocabulary (CBV 2.0, section 7), and the forms in which they come.

A word comes bare (`shipping`), as a URN (`urn:epcglobal:cbv:bizstep:shipping`), as a web address
(`https://ref.gs1.org/cbv/BizStep-shipping`) or with a prefix (`cbv:BizStep-shipping`). Inside it is
bare. Words of others are full addresses and stay so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType

CBV = "https://ref.gs1.org/cbv/"
VOC = "https://gs1.org/voc/"
_CBV_PREFIX = "cbv:"
_VOC_PREFIX = "gs1:"
_URN_HEAD = "urn:epcglobal:"
_OTHER_CBVS = ("https://ns.gs1.org/cbv/",)
"""What drafts of the CBV said, and documents made after them."""
_OTHER_VOCS = ("https://www.gs1.org/voc/", "http://gs1.org/voc/", "https://ref.gs1.org/voc/")
_CACHED = 4096


class Word(StrEnum):
    """In which field a word stands."""

    BIZ_STEP = "bizStep"
    DISPOSITION = "disposition"
    BIZ_TRANSACTION_TYPE = "bizTransaction"
    SOURCE_DEST_TYPE = "source or destination"
    ERROR_REASON = "error reason"
    MEASUREMENT = "sensor report"
    ALARM_CONDITION = "sensor alert"
    COMPONENT = "component"


@dataclass(frozen=True, slots=True)
class _List:
    """One list of words, and what stands before each word in its longer forms."""

    urn: str
    """Empty where words of the list have no URNs."""
    web: str
    heads: tuple[str, ...]
    """All of them, those that only come in as well."""
    words: frozenset[str]
    is_closed: bool
    """Whether the standard keeps every word that begins so to itself."""


def _cbv(urn: str, name: str, words: str) -> _List:
    urn_head = f"{_URN_HEAD}cbv:{urn}:"
    heads = (urn_head, *(f"{head}{name}-" for head in (CBV, _CBV_PREFIX, *_OTHER_CBVS)))
    return _List(urn_head, f"{CBV}{name}-", heads, frozenset(words.split()), is_closed=True)


def _voc(words: str) -> _List:
    heads = (VOC, _VOC_PREFIX, *_OTHER_VOCS)
    return _List("", VOC, heads, frozenset(words.split()), is_closed=False)


_LISTS: Mapping[Word, _List] = MappingProxyType(
    {
        Word.BIZ_STEP: _cbv(
            "bizstep",
            "BizStep",
            "accepting arriving assembling collecting commissioning consigning"
            " creating_class_instance cycle_counting decommissioning departing destroying"
            " disassembling dispensing encoding entering_exiting holding inspecting installing"
            " killing loading other packing picking receiving removing repackaging repairing"
            " replacing reserving retail_selling sampling sensor_reporting shipping"
            " staging_outbound stock_taking stocking storing transporting unloading unpacking"
            " void_shipping",
        ),
        Word.DISPOSITION: _cbv(
            "disp",
            "Disp",
            "active available completeness_inferred completeness_verified conformant"
            " container_closed container_open damaged destroyed dispensed disposed encoded expired"
            " in_progress in_transit inactive mismatch_class mismatch_instance mismatch_quantity"
            " needs_replacement no_pedigree_match non_conformant non_sellable_other"
            " partially_dispensed recalled reserved retail_sold returned sellable_accessible"
            " sellable_not_accessible stolen unavailable unknown",
        ),
        Word.BIZ_TRANSACTION_TYPE: _cbv(
            "btt",
            "BTT",
            "bol cert desadv inv pedigree po poc prodorder recadv rma testprd testres upevt",
        ),
        Word.SOURCE_DEST_TYPE: _cbv("sdt", "SDT", "owning_party possessing_party location"),
        Word.ERROR_REASON: _cbv("er", "ER", "did_not_occur incorrect_data"),
        Word.COMPONENT: _cbv(
            "comp",
            "Comp",
            "x y z axial_distance azimuth height spherical_radius polar_angle elevation_angle"
            " easting northing latitude longitude altitude",
        ),
        Word.MEASUREMENT: _voc(
            "AbsoluteHumidity AbsorbedDose AbsorbedDoseRate Acceleration Altitude"
            " AmountOfSubstance AmountOfSubstancePerUnitVolume Angle AngularAcceleration"
            " AngularMomentum AngularVelocity Area Capacitance Conductance Conductivity Count"
            " Density Dimensionless DoseEquivalent DoseEquivalentRate DynamicViscosity"
            " ElectricCharge ElectricCurrent ElectricCurrentDensity ElectricFieldStrength Energy"
            " Exposure Force Frequency Illuminance Inductance Irradiance KinematicViscosity Length"
            " LinearMomentum Luminance LuminousFlux LuminousIntensity MagneticFlux"
            " MagneticFluxDensity MagneticVectorPotential Mass MassConcentration MassFlowRate"
            " MassPerAreaTime MemoryCapacity MolalityOfSolute MolarEnergy MolarMass MolarVolume"
            " Power Pressure RadiantFlux RadiantIntensity Radioactivity RelativeHumidity Resistance"
            " Resistivity SolidAngle SpecificVolume Speed SurfaceDensity SurfaceTension Temperature"
            " Time Torque Voltage Volume VolumeFlowRate VolumeFraction VolumetricFlux Wavenumber"
        ),
        Word.ALARM_CONDITION: _voc("ALARM_CONDITION ERROR_CONDITION"),
    }
)

_LATER: Mapping[Word, frozenset[str]] = MappingProxyType(
    {
        Word.BIZ_STEP: frozenset({"notifying"}),
        Word.DISPOSITION: frozenset({"subject_to_regulation"}),
    }
)
"""Words of GS1's guideline on the deforestation regulation, which CBV 2.0 doesn't have."""


@lru_cache(_CACHED)
def canonical_word(kind: Word, text: str) -> str:
    """The bare word of the CBV that a text stands for; other texts as they are.

    What begins like a word of the CBV becomes bare even where there is no such word, so that
    `is_known` finds it out. GS1's web vocabulary has many words besides measurements: they stay.
    """
    known = _LISTS[kind]
    if text[: len(_URN_HEAD)].lower() == _URN_HEAD:
        text = _URN_HEAD + text[len(_URN_HEAD) :]
    for head in known.heads:
        if text.startswith(head):
            word = text[len(head) :]
            return word if known.is_closed or word in known.words else text
    return text


def web_address(kind: Word, word: str) -> str:
    """The web address of a bare word; other texts as they are."""
    return word if _is_address(word) else f"{_LISTS[kind].web}{word}"


def urn(kind: Word, word: str) -> str:
    """The URN of a bare word; its web address where there is none, other texts as they are."""
    head = _LISTS[kind].urn
    return f"{head}{word}" if head and not _is_address(word) else web_address(kind, word)


def is_known(kind: Word, word: str) -> bool:
    """Whether GS1 has that word; addresses of others are their own affair."""
    return word in _LISTS[kind].words or word in _LATER.get(kind, ())


def known_words(kind: Word) -> frozenset[str]:
    """Every word of that list."""
    return _LISTS[kind].words


def _is_address(word: str) -> bool:
    return ":" in word
