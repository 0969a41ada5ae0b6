"""Identifiers of an event's JSON in the form that a client asks for."""

import json
from copy import deepcopy
from typing import Any

import pytest

from traceability.epcis.translation import IdentifierForm, translate, translate_json

GS1 = "https://id.gs1.org"
SGTIN = ("urn:epc:id:sgtin:0614141.812345.6789", f"{GS1}/01/80614141123458/21/6789")
LGTIN = ("urn:epc:class:lgtin:4012345.012345.A%2FB", f"{GS1}/01/04012345123456/10/A%2FB")
SSCC = ("urn:epc:id:sscc:0614141.1234567890", f"{GS1}/00/106141412345678908")
SGLN = ("urn:epc:id:sgln:0614141.12345.400", f"{GS1}/414/0614141123452/254/400")
PGLN = ("urn:epc:id:pgln:0614141.12345", f"{GS1}/417/0614141123452")
GDTI = ("urn:epc:id:gdti:0614141.12345.400", f"{GS1}/253/0614141123452400")
GIAI = ("urn:epc:id:giai:0614141.12345400", f"{GS1}/8004/061414112345400")
PAPER = "urn:epcglobal:cbv:bt:0614141123452:PO-1"


def _event(form: int, *, is_bare: bool = True) -> dict[str, Any]:
    """An event with a field of every sort; `form` is 0 for URNs, 1 for links."""
    head = "" if is_bare else "cbv:BizStep-"
    return {
        "type": "ObjectEvent",
        "eventID": SGTIN[0],
        "epcList": [SGTIN[form], "urn:uuid:1", ""],
        "parentID": SSCC[form],
        "childEPCs": [SGTIN[form]],
        "inputEPCList": [SGTIN[form]],
        "outputEPCList": [],
        "transformationID": GDTI[form],
        "quantityList": [{"epcClass": LGTIN[form], "quantity": 5}],
        "childQuantityList": [{"epcClass": LGTIN[form]}],
        "inputQuantityList": [{"epcClass": LGTIN[form]}],
        "outputQuantityList": [{"epcClass": LGTIN[form]}],
        "bizStep": f"{head}shipping",
        "disposition": "https://farm.example.org/voc/ripe",
        "readPoint": {"id": SGLN[form], "farm:row": SGLN[0]},
        "bizLocation": {"id": "https://farm.example.org/barn"},
        "bizTransactionList": [{"type": "po", "bizTransaction": PAPER}, {"type": "inv"}],
        "sourceList": [{"type": "owning_party", "source": PGLN[form]}],
        "destinationList": [{"type": "location", "destination": SGLN[form]}],
        "sensorElementList": [
            {
                "sensorMetadata": {"deviceID": GIAI[form]},
                "sensorReport": [{"type": "Temperature", "deviceID": GIAI[form], "value": 1.5}],
            }
        ],
        "farm:twin": SGTIN[0],
        "ilmd": {"farm:seed": LGTIN[0]},
    }


@pytest.mark.parametrize("form", [0, 1])
def test_identifiers_become_links(form: int) -> None:
    assert translate(_event(form), IdentifierForm.ALWAYS_LINK) == _event(1)


@pytest.mark.parametrize("form", [0, 1])
def test_identifiers_become_urns(form: int) -> None:
    assert translate(_event(form), IdentifierForm.ALWAYS_URN) == _event(0)


@pytest.mark.parametrize("form", [IdentifierForm.NEVER, IdentifierForm.NO_PREFERENCE])
def test_nothing_changes_where_nothing_is_asked_for(form: IdentifierForm) -> None:
    for event in (_event(0, is_bare=False), _event(1, is_bare=False)):
        assert translate(event, form) == event


@pytest.mark.parametrize("form", IdentifierForm)
def test_what_was_captured_is_never_changed(form: IdentifierForm) -> None:
    for event in (_event(0, is_bare=False), _event(1, is_bare=False)):
        before = deepcopy(event)
        translate(event, form)
        assert event == before


@pytest.mark.parametrize("form", [IdentifierForm.ALWAYS_LINK, IdentifierForm.ALWAYS_URN])
def test_words_of_the_cbv_become_bare(form: IdentifierForm) -> None:
    body = {
        "bizStep": "urn:epcglobal:cbv:bizstep:shipping",
        "disposition": "https://ref.gs1.org/cbv/Disp-in_transit",
        "persistentDisposition": {"set": ["cbv:Disp-conformant"], "unset": ["urn:farm:ripe"]},
        "bizTransactionList": [{"type": "urn:epcglobal:cbv:btt:po", "bizTransaction": PAPER}],
        "sourceList": [{"type": "cbv:SDT-location", "source": "urn:farm:1"}],
        "errorDeclaration": {"reason": "https://ref.gs1.org/cbv/ER-incorrect_data"},
        "sensorElementList": [{"sensorReport": [{"type": "gs1:Temperature"}]}],
    }
    assert translate(body, form) == {
        "bizStep": "shipping",
        "disposition": "in_transit",
        "persistentDisposition": {"set": ["conformant"], "unset": ["urn:farm:ripe"]},
        "bizTransactionList": [{"type": "po", "bizTransaction": PAPER}],
        "sourceList": [{"type": "location", "source": "urn:farm:1"}],
        "errorDeclaration": {"reason": "incorrect_data"},
        "sensorElementList": [{"sensorReport": [{"type": "Temperature"}]}],
    }


def test_a_word_that_the_cbv_lacks_stays() -> None:
    body = {"bizStep": "urn:epcglobal:cbv:bizstep:juggling"}
    assert translate(body, IdentifierForm.ALWAYS_LINK) == body


@pytest.mark.parametrize("form", IdentifierForm)
@pytest.mark.parametrize(
    "body",
    [
        {},
        {"epcList": None, "readPoint": None, "parentID": 5},
        {"epcList": "urn:uuid:1", "readPoint": "urn:uuid:1", "quantityList": {}},
        {"sourceList": [{}], "sensorElementList": [{"sensorReport": 5}], "bizStep": {"a": 1}},
        {"parentID": f"{GS1}/01/80614141123459", "epcList": ["urn:epc:id:sgtin:1.2.3", 7]},
        {"parentID": "urn:epc:id:gid:1.2.3"},
    ],
)
def test_what_cannot_be_translated_stays(form: IdentifierForm, body: dict[str, Any]) -> None:
    assert translate(body, form) == body


def test_a_link_whose_prefix_nobody_knows_stays() -> None:
    body = {"epcList": [f"{GS1}/01/02000000000008/21/1"]}
    assert translate(body, IdentifierForm.ALWAYS_URN) == body


@pytest.mark.parametrize("form", IdentifierForm)
def test_types_stand_first_in_json(form: IdentifierForm) -> None:
    """The reference tool for event hashes takes type and id of a paper or party as they come."""
    kept = json.loads(json.dumps(_event(0), sort_keys=True))
    event = translate_json(kept, form)

    lists = ("bizTransactionList", "sourceList", "destinationList")
    reports = event["sensorElementList"][0]["sensorReport"]
    for part in (event, *reports, *(each for name in lists for each in event[name])):
        assert next(iter(part)) == "type"
    assert "type" not in translate_json({"epcList": []}, form)
