"""Identifiers: URNs and Digital Links of every GS1 key, and what is wrong with a text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traceability.epcis.identifiers import canonical, check, match_prefixes, to_urn
from traceability.epcis.translation import IdentifierForm, translate

HOST = "https://id.gs1.org"
PAIRS = [
    ("urn:epc:id:sgtin:0614141.107346.2017", "/01/10614141073464/21/2017"),
    ("urn:epc:id:sgtin:0614141.107346.a%2Fb", "/01/10614141073464/21/a%2Fb"),
    ("urn:epc:class:lgtin:4012345.012345.998877", "/01/04012345123456/10/998877"),
    ("urn:epc:id:sscc:0614141.1234567890", "/00/106141412345678908"),
    ("urn:epc:id:sgln:0614141.07346.1234", "/414/0614141073467/254/1234"),
    ("urn:epc:id:sgln:0614141.07346.0", "/414/0614141073467"),
    ("urn:epc:id:pgln:0614141.07346", "/417/0614141073467"),
    ("urn:epc:id:grai:0614141.12345.400", "/8003/00614141123452400"),
    ("urn:epc:id:giai:0614141.12345400", "/8004/061414112345400"),
    ("urn:epc:id:gsrn:0614141.1234567890", "/8018/061414112345678902"),
    ("urn:epc:id:gsrnp:0614141.1234567890", "/8017/061414112345678902"),
    ("urn:epc:id:gdti:0614141.12345.400", "/253/0614141123452400"),
    ("urn:epc:id:sgcn:4012345.67890.04711", "/255/401234567890104711"),
    ("urn:epc:id:cpi:0614141.123ABC.123456789", "/8010/0614141123ABC/8011/123456789"),
    ("urn:epc:id:ginc:0614141.xyz47%2F11", "/401/0614141xyz47%2F11"),
    ("urn:epc:id:gsin:0614141.123456789", "/402/06141411234567890"),
    ("urn:epc:id:itip:4012345.012345.01.02.987", "/8006/040123451234560102/21/987"),
    ("urn:epc:id:upui:4012345.012345.51qIgY", "/01/04012345123456/235/51qIgY"),
    ("urn:epc:idpat:sgtin:0614141.107346.*", "/01/10614141073464"),
]


@pytest.mark.parametrize(("urn", "path"), PAIRS)
def test_a_urn_and_its_digital_link_are_one(urn: str, path: str) -> None:
    assert check(urn) is None
    assert canonical(urn) == f"{HOST}{path}"
    assert to_urn(f"{HOST}{path}") == urn
    assert to_urn(f"{HOST}{path}", prefix_length=7) == urn


@pytest.mark.parametrize(
    ("link", "path"),
    [
        ("https://brand.example/some/01/9521321000018/10/A?17=261231", "/01/09521321000018/10/A"),
        ("http://brand.example/gtin/09521321000018/lot/A", "/01/09521321000018/10/A"),
        ("https://id.gs1.org/01/09521321000018/21/S/10/A/", "/01/09521321000018/10/A/21/S"),
        ("https://ID.GS1.ORG/414/9521321000018", "/414/9521321000018"),
    ],
)
def test_a_digital_link_of_any_host_is_canonical(link: str, path: str) -> None:
    assert canonical(link) == f"{HOST}{path}"


@pytest.mark.parametrize(
    "text",
    [
        "urn:uuid:0b1f2a3c-0000-7000-8000-000000000001",
        "urn:epc:id:gid:95100000.12345.400",
        "https://example.com/00/readme",
        "https://example.com/orders/1",
        "geo:35.1,110.7",
        "",
    ],
)
def test_what_is_no_gs1_key_stays_as_it_is(text: str) -> None:
    assert (canonical(text), check(text)) == (text, None)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("https://id.gs1.org/01/09521321000019", "check digit"),
        ("https://brand.example/01/09521321000019/21/1", "check digit"),
        ("https://id.gs1.org/01/abc", "14 digits"),
        ("https://id.gs1.org/99/1", "no GS1 Digital Link"),
        ("urn:epc:id:sgtin:0614141.107346", "parts"),
        ("urn:epc:id:sgtin:0614141.10734.1", "13 digits"),
        ("urn:epc:id:sgtin:061.107346.1", "company prefix"),
        ("urn:epc:class:lgtin:0614141.107346.lot number", "characters"),
        ("urn:epc:class:lgtin:0614141.107346.123456789012345678901", "at most 20"),
        ("urn:epc:idpat:sgtin:0614141.107346.7", "ends in *"),
    ],
)
def test_what_claims_to_be_a_key_and_is_none_is_told(text: str, words: str) -> None:
    assert words in (check(text) or "")
    assert canonical(text) == text


@given(st.text() | st.from_regex(r"(urn:epc:|https?://)[ -~]{0,40}"))
def test_no_text_upsets_it(text: str) -> None:
    once = canonical(text)
    assert canonical(once) == once
    check(text)
    to_urn(text)
    match_prefixes(text)


@given(st.from_regex(r"[!\"%-?A-Z_a-z]{1,20}", fullmatch=True))
def test_any_serial_comes_back(serial: str) -> None:
    link = canonical(to_urn(canonical(f"{HOST}/01/09521321000018/21/x"), 7) or "")
    assert link.endswith("/21/x")
    urn = to_urn(f"{HOST}/01/09521321000018/21/{_quoted(serial)}", 7)
    assert urn is not None
    assert canonical(urn) == f"{HOST}/01/09521321000018/21/{_quoted(serial)}"


def _quoted(text: str) -> str:
    unreserved = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
    return "".join(each if each in unreserved else f"%{ord(each):02X}" for each in text)


EVENT = {
    "type": "ObjectEvent",
    "epcList": ["urn:epc:id:sgtin:0614141.107346.2017", "urn:uuid:1"],
    "quantityList": [{"epcClass": "https://x.example/01/04012345123456/10/A", "quantity": 1}],
    "readPoint": {"id": "urn:epc:id:sgln:0614141.07346.0", "ex:note": "kept"},
    "ex:other": "urn:epc:id:sgtin:0614141.107346.2017",
}


def test_an_event_is_told_in_digital_links() -> None:
    told = translate(EVENT, IdentifierForm.ALWAYS_LINK)
    assert told["epcList"] == [f"{HOST}/01/10614141073464/21/2017", "urn:uuid:1"]
    assert told["quantityList"][0]["epcClass"] == f"{HOST}/01/04012345123456/10/A"
    assert told["readPoint"] == {"id": f"{HOST}/414/0614141073467", "ex:note": "kept"}
    assert told["ex:other"] == EVENT["ex:other"]


def test_an_event_is_told_in_urns() -> None:
    told = translate(EVENT, IdentifierForm.ALWAYS_URN)
    assert told["quantityList"][0]["epcClass"] == "urn:epc:class:lgtin:4012345.012345.A"
    assert told["epcList"] == EVENT["epcList"]


@pytest.mark.parametrize("form", [IdentifierForm.NEVER, IdentifierForm.NO_PREFERENCE])
def test_an_event_is_told_as_it_came(form: IdentifierForm) -> None:
    assert translate(EVENT, form) == EVENT
