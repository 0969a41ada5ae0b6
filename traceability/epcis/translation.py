"""Identifiers of an event's JSON in one form or the other, as a client asks for.

Source: GS1 EPCIS 2.0, section 12 (the header GS1-EPC-Format).
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from traceability.epcis.identifiers import canonical, to_urn
from traceability.epcis.model import EPC_LISTS, QUANTITY_LISTS
from traceability.epcis.vocabulary import Word, canonical_word, is_known

Json = dict[str, Any]

_Change = Callable[[str], str]


class IdentifierForm(StrEnum):
    """What `GS1-EPC-Format` asks for."""

    NO_PREFERENCE = "No_Preference"
    ALWAYS_LINK = "Always_GS1_Digital_Link"
    ALWAYS_URN = "Always_EPC_URN"
    NEVER = "Never_Translates"


_Shape = Mapping[str, "Word | _Shape | None"]
"""By field: which list its words are from, None for an identifier, or what its parts hold."""

_QUANTITIES: _Shape = {"epcClass": None}
_PLACE: _Shape = {"id": None}
_DEVICE: _Shape = {"deviceID": None}
_EVENT: _Shape = MappingProxyType(
    {
        "parentID": None,
        "transformationID": None,
        **dict.fromkeys(EPC_LISTS),
        **dict.fromkeys(QUANTITY_LISTS, _QUANTITIES),
        "readPoint": _PLACE,
        "bizLocation": _PLACE,
        "bizStep": Word.BIZ_STEP,
        "disposition": Word.DISPOSITION,
        "persistentDisposition": {"set": Word.DISPOSITION, "unset": Word.DISPOSITION},
        "bizTransactionList": {"type": Word.BIZ_TRANSACTION_TYPE, "bizTransaction": None},
        "sourceList": {"type": Word.SOURCE_DEST_TYPE, "source": None},
        "destinationList": {"type": Word.SOURCE_DEST_TYPE, "destination": None},
        "errorDeclaration": {"reason": Word.ERROR_REASON},
        "sensorElementList": {
            "sensorMetadata": _DEVICE,
            "sensorReport": {
                **_DEVICE,
                "type": Word.MEASUREMENT,
                "exception": Word.ALARM_CONDITION,
                "component": Word.COMPONENT,
            },
        },
    }
)


def translate(body: Mapping[str, Any], form: IdentifierForm) -> Json:
    """The event with its identifiers in that form and words of the CBV bare.

    What can't be translated stays, and so does everything where no form is asked for.
    """
    if form is IdentifierForm.ALWAYS_LINK:
        return _translated(body, _EVENT, canonical)
    if form is IdentifierForm.ALWAYS_URN:
        return _translated(body, _EVENT, _urn_or_same)
    return dict(body)


def translate_json(body: Mapping[str, Any], form: IdentifierForm) -> Json:
    """The same for JSON, in whose schema words of the CBV are bare: whatever form is asked for.

    Events that were captured in XML have them as URNs.
    """
    if form in (IdentifierForm.ALWAYS_LINK, IdentifierForm.ALWAYS_URN):
        return translate(body, form)
    return _translated(body, _EVENT, str)


def _urn_or_same(identifier: str) -> str:
    return to_urn(identifier) or identifier


def _translated(part: Mapping[str, Any], shape: _Shape, change: _Change) -> Json:
    # The type first, as GS1's examples have it: the reference tool for event hashes takes the type
    # and the id of a paper or party as they come, and what is kept is sorted by name.
    found: Json = {"type": None} if "type" in part else {}
    for name, value in part.items():
        found[name] = _changed(value, shape[name], change) if name in shape else value
    return found


def _changed(value: Any, shape: Word | _Shape | None, change: _Change) -> Any:
    if isinstance(value, list | tuple):
        return [_changed(each, shape, change) for each in value]
    if isinstance(value, Mapping):
        return _translated(value, shape, change) if isinstance(shape, Mapping) else value
    if not isinstance(value, str) or isinstance(shape, Mapping):
        return value
    if shape is None:
        return change(value)
    word = canonical_word(shape, value)
    return word if is_known(shape, word) else value
