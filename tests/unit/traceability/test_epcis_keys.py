"""Every GS1 key by table: its forms, what is wrong with a text, and patterns."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from park.gs1 import parse_batch
from traceability.epcis.identifiers import (
    canonical,
    check,
    instance,
    judged,
    match_prefixes,
    to_urn,
)
from traceability.epcis.keys import KEYS, QUALIFIERS, SCHEMES, Scheme, serial_text

GS1 = "https://id.gs1.org"
GTIN = f"{GS1}/01/80614141123458"
LOT = f"{GS1}/01/04012345123456/10"

# One row a scheme, keys as in the examples of the EPC Tag Data Standard.
FORMS = [
    ("urn:epc:id:sgtin:0614141.812345.6789", "01/80614141123458/21/6789"),
    ("urn:epc:class:lgtin:4012345.012345.998877", "01/04012345123456/10/998877"),
    ("urn:epc:id:sscc:0614141.1234567890", "00/106141412345678908"),
    ("urn:epc:id:sgln:0614141.12345.400", "414/0614141123452/254/400"),
    ("urn:epc:id:sgln:0614141.12345.0", "414/0614141123452"),
    ("urn:epc:id:grai:0614141.12345.400", "8003/00614141123452400"),
    ("urn:epc:id:giai:0614141.12345400", "8004/061414112345400"),
    ("urn:epc:id:gsrn:0614141.1234567890", "8018/061414112345678902"),
    ("urn:epc:id:gsrnp:0614141.1234567890", "8017/061414112345678902"),
    ("urn:epc:id:gdti:0614141.12345.400", "253/0614141123452400"),
    ("urn:epc:id:cpi:0614141.5PQ7%2FZ43.12345", "8010/06141415PQ7%2FZ43/8011/12345"),
    ("urn:epc:id:sgcn:4012345.67890.04711", "255/401234567890104711"),
    ("urn:epc:id:ginc:0614141.xyz47%2F11", "401/0614141xyz47%2F11"),
    ("urn:epc:id:gsin:0614141.123456789", "402/06141411234567890"),
    ("urn:epc:id:itip:4012345.012345.01.02.987", "8006/040123451234560102/21/987"),
    ("urn:epc:id:upui:4012345.012345.a%26b*c", "01/04012345123456/235/a%26b%2Ac"),
    ("urn:epc:id:pgln:0614141.12345", "417/0614141123452"),
    ("urn:epc:idpat:sgtin:0614141.812345.*", "01/80614141123458"),
    ("urn:epc:idpat:grai:0614141.12345.*", "8003/00614141123452"),
    ("urn:epc:idpat:gdti:0614141.12345.*", "253/0614141123452"),
    ("urn:epc:idpat:sgcn:4012345.67890.*", "255/4012345678901"),
    ("urn:epc:idpat:cpi:0614141.5PQ7.*", "8010/06141415PQ7"),
    ("urn:epc:idpat:itip:4012345.012345.01.02.*", "8006/040123451234560102"),
]


@pytest.mark.parametrize(("urn", "path"), FORMS)
def test_a_urn_and_a_link_say_the_same(urn: str, path: str) -> None:
    link = f"{GS1}/{path}"
    assert judged(urn) == (link, None)
    assert judged(link) == (link, None)
    assert to_urn(link, 7) == urn
    assert to_urn(link) == urn, "GS1's list knows these prefixes"


def test_every_scheme_has_an_example() -> None:
    assert {urn.split(":")[3] for urn, _ in FORMS} == set(SCHEMES)


@pytest.mark.parametrize(
    ("urn", "path"),
    [
        ("urn:epc:id:sgln:061414112345..0", "414/0614141123452"),
        ("urn:epc:id:sgtin:061414112345.8.1", "01/80614141123458/21/1"),
        ("urn:epc:id:grai:061414112345..1", "8003/006141411234521"),
        ("URN:EPC:id:sgtin:0614141.812345.1", "01/80614141123458/21/1"),
        ("urn:epc:id:sgtin:0614141.812345.a.b.*", "01/80614141123458/21/a.b.%2A"),
        ("urn:epc:idpat:upui:0614141.812345.*", "01/80614141123458"),
        ("urn:epc:class:lgtin:4012345.012345.A%2fB", "01/04012345123456/10/A%2FB"),
        ("urn:epc:class:lgtin:4012345.012345.%22%25%26", "01/04012345123456/10/%22%25%26"),
        ("urn:epc:class:lgtin:4012345.012345.%252F", "01/04012345123456/10/%252F"),
        ("urn:epc:class:lgtin:4012345.012345.a-b_c;=':", "01/04012345123456/10/a-b_c%3B%3D%27%3A"),
    ],
)
def test_odd_urns_have_links(urn: str, path: str) -> None:
    assert judged(urn) == (f"{GS1}/{path}", None)


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("http://example.com/01/80614141123458", "01/80614141123458"),
        ("https://example.com:8080/some/shop/01/80614141123458/21/7", "01/80614141123458/21/7"),
        ("HTTPS://ID.GS1.ORG/01/80614141123458", "01/80614141123458"),
        ("https://id.gs1.org/gtin/614141123452/lot/A/ser/7", "01/00614141123452/10/A/21/7"),
        ("https://id.gs1.org/01/0614141123452", "01/00614141123452"),
        ("https://id.gs1.org/01/95010939", "01/00000095010939"),
        (
            "https://id.gs1.org/01/80614141123458/21/7/10/A/22/2B",
            "01/80614141123458/22/2B/10/A/21/7",
        ),
        (
            "https://id.gs1.org/01/80614141123458/10/A%2fB?17=261231&x#y",
            "01/80614141123458/10/A%2FB",
        ),
        ("https://id.gs1.org/01/80614141123458/10/A+B'C", "01/80614141123458/10/A%2BB%27C"),
        ("https://id.gs1.org/01/80614141123458/", "01/80614141123458"),
        ("https://[2001:db8::1]/01/80614141123458", "01/80614141123458"),
        ("https://user@[x]:y/00/106141412345678908", "00/106141412345678908"),
        ("https://example.com/giai/061414112345400", "8004/061414112345400"),
        ("https://example.com/01/5/414/0614141123452", "414/0614141123452"),
        ("https://id.gs1.org/gln/0614141123452/glnx/0", "414/0614141123452"),
        ("https://id.gs1.org/415/0614141123452/8020/R1", "415/0614141123452/8020/R1"),
        ("https://id.gs1.org/8004/061414112345400/7040/1ABC", "8004/061414112345400/7040/1ABC"),
        ("https://id.gs1.org/8013/1987654Ad4X4bL5ttr2310c2K", "8013/1987654Ad4X4bL5ttr2310c2K"),
    ],
)
def test_a_link_has_one_canonical_form(address: str, path: str) -> None:
    assert judged(address) == (f"{GS1}/{path}", None)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "urn",
        "urn:uuid:9b6a3f0e-26a4-4b6e-8f6c-7d3f2a1b0c9d",
        "urn:epcglobal:cbv:bt:0614141123452:PO-1",
        "urn:epc:id:gid:95100000.12345.400",
        "urn:epc:id:usdod:CAGEY.5678",
        "urn:epc:id:adi:35962.PQ7VZ4.M37GXB92",
        "urn:epc:id:bic:CSQU3054383",
        "urn:epc:id:imovn:9176187",
        "urn:epc:idpat:sgln:0614141.12345.*",
        "urn:epc:idpat:sgtin:0614141.*.*",
        "urn:epc:idpat:sgtin:*.*.*",
        "urn:epc:tag:sgtin-96:3.0614141.812345.6789",
        "https://example.com/",
        "https://example.com/414/kitchen",
        "https://example.com/01/123",
        "https://example.com/8004/0614@1",
        "https://example.com/8004/AB12345",
        "https://example.com/gtin/100%/21/5",
        "https://id.gs1.org/voc/Temperature",
        "https://id.gs1.org/",
        "https:///01/80614141123458",
        "https://[",
        "ftp://id.gs1.org/01/80614141123459",
        "https://example.com/01/８０６１４１４１１２３４５８",
        "https://id.gs1.org/01/8061414\n1123458",
    ],
)
def test_what_is_no_gs1_key_stays(text: str) -> None:
    assert judged(text) == (text, None)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (f"{GS1}/01/80614141123459", "80614141123459 has check digit 9, it should be 8"),
        ("https://example.com/01/80614141123459/21/1", "has check digit 9, it should be 8"),
        (f"{GS1}/00/106141412345678900", "has check digit 0, it should be 8"),
        (f"{GS1}/253/0614141123453X", "has check digit 3, it should be 2"),
        (f"{GS1}/01/8061414112345", "should be"),
        (f"{GS1}/01/806141411234", "should be"),
        (f"{GS1}/01/80614141", "should be"),
        (f"{GS1}/01/80614141123", "(01) must have 14 digits, not '80614141123'"),
        (f"{GS1}/01/８０６１４１４１１２３４５８", "must have 14 digits"),
        (
            f"{GS1}/00/1061414123456789080",
            "what follows 106141412345678908 has at most 0 characters",
        ),
        (f"{GS1}/8003/10614141123452400", "(8003) begins with 0"),
        (f"{GTIN}/10/{'x' * 21}", "(10) has at most 20 characters, not 21"),
        (f"{GTIN}/10/caf%C3%A9", "can't have all the characters"),
        (f"{GTIN}/10/a%20b", "can't have all the characters"),
        (f"{GTIN}/10/a%2", "has a % that escapes nothing"),
        (f"{GTIN}/10//21/7", "(10) has at least 1 characters, not 0"),
        (f"{GTIN}/10/A/lot/B", "has a qualifier twice"),
        (f"{GTIN}/21", "is no GS1 Digital Link"),
        (f"{GTIN}/254/1", "is no GS1 Digital Link"),
        (f"{GS1}/8010/0614141ab", "can't have all the characters"),
        (f"{GS1}/8010/0614141AB/8011/X1", "can't have all the characters"),
        ("urn:epc:id:sgtin:0614141.81234.1", "have 13 digits together, these have 12"),
        ("urn:epc:id:sgtin:06141.81234500.1", "'06141' is no company prefix"),
        ("urn:epc:id:sgtin:0614141123456..1", "is no company prefix"),
        ("urn:epc:id:sgtin:０６１４１４１.812345.1", "is no company prefix"),
        ("urn:epc:id:sgtin:0614141.81234x.1", "'81234x' must be digits only"),
        ("urn:epc:id:sgtin:0614141.812345", "sgtin has 3 parts between dots, this has 2"),
        ("urn:epc:id:sscc:0614141.1234567890.1", "'1234567890.1' must be digits only"),
        ("urn:epc:id:sgtin:0614141.812345.", "the serial of sgtin has at least 1 characters"),
        (f"urn:epc:id:sgtin:0614141.812345.{'9' * 21}", "not 21"),
        ("urn:epc:id:sgcn:4012345.67890.A1", "can't have all the characters"),
        ("urn:epc:id:cpi:0614141.5pq7.1", "can't have all the characters"),
        ("urn:epc:id:giai:0614141.", "the reference of giai has at least 1 characters"),
        (f"urn:epc:id:giai:0614141.{'9' * 24}", "giai has at most 30 characters, not 31"),
        ("urn:epc:id:itip:4012345.012345.1.02.9", "'1' must be two digits"),
        ("urn:epc:class:lgtin:4012345.012345.A/B", "write / as %2F"),
        ("urn:epc:class:lgtin:4012345.012345.A%zz", "can't have"),
        ("urn:epc:class:lgtin:4012345.012345.A B", "can't have"),
        ("urn:epc:id:lgtin:4012345.012345.A", "lgtin is written urn:epc:class:lgtin:"),
        ("urn:epc:class:sgtin:4012345.012345.A", "sgtin is written urn:epc:id:sgtin:"),
        ("urn:epc:id:sgtn:4012345.012345.A", "'sgtn' is no scheme of EPC URNs"),
        ("urn:epc:idpat:sgtin:0614141.812345.1", "a pattern ends in *"),
        ("urn:epc:idpat:gid:*.5.*", "has a wildcard before a part that is fixed"),
        (f"{GS1}/99/1", "is no GS1 Digital Link"),
        ("urn:epc:idpat:sgtin:*.812345.*", "has a wildcard before a part that is fixed"),
        ("urn:epc:idpat:sgtin:061x.*.*", "is no company prefix"),
        ("urn:epc:idpat:itip:4012345.1.*.*.*", "have 13 digits together"),
    ],
)
def test_what_is_wrong_with_a_key_is_said(text: str, problem: str) -> None:
    assert problem in (check(text) or "")
    assert canonical(text) == text
    assert to_urn(text, 7) is None


def test_the_parks_own_batches_are_canonical() -> None:
    batch = parse_batch("(01)09521321000018(10)LC/26&\"0412'")
    assert canonical(batch.uri) == batch.uri


@pytest.mark.parametrize(
    ("address", "prefix_length", "urn"),
    [
        (f"{GTIN}/10/A/21/7", None, "urn:epc:id:sgtin:0614141.812345.7"),
        (f"{GTIN}/22/2B/10/A", None, "urn:epc:class:lgtin:0614141.812345.A"),
        (f"{GTIN}/22/2B", None, None),
        (f"{GTIN}/21/7", 9, "urn:epc:id:sgtin:061414112.8345.7"),
        (f"{GTIN}/21/7", 4, "urn:epc:id:sgtin:061414.8112345.7"),
        (f"{GTIN}/21/7", 13, None),
        (f"{GTIN}/21/7", 0, None),
        (f"{GTIN}/21/7", -1, None),
        ("https://example.com/gtin/80614141123458", None, "urn:epc:idpat:sgtin:0614141.812345.*"),
        (f"{GS1}/01/00000095010939", None, "urn:epc:idpat:sgtin:00000950.01093.*"),
        (f"{GS1}/01/02000000000008", None, None),
        (f"{GS1}/8018/061414112345678902/8019/1", None, None),
        (f"{GS1}/414/0614141123452/7040/1ABC", None, None),
        (f"{GS1}/8004/1AB2", 7, None),
        (f"{GS1}/8013/1987654Ad4X4bL5ttr2310c2K", 7, None),
        (f"{GS1}/voc/Temperature", 7, None),
        (f"{GS1}/voc/{'x' * 1000}", 7, None),
        ("urn:uuid:9b6a3f0e-26a4-4b6e-8f6c-7d3f2a1b0c9d", 7, None),
        ("URN:EPC:id:gid:95100000.12345.400", None, "urn:epc:id:gid:95100000.12345.400"),
        ("urn:epc:id:sgtin:0614141.812345.7", 9, "urn:epc:id:sgtin:0614141.812345.7"),
    ],
)
def test_a_urn_is_given_where_there_is_one(
    address: str, prefix_length: int | None, urn: str | None
) -> None:
    assert to_urn(address, prefix_length) == urn


# Laws


def _digits(count: int) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=count, max_size=count)


_SET_82 = "".join(chr(code) for code in range(33, 123) if chr(code) not in "#$@[\\]^`")
_CHARACTERS = {True: "0123456789", False: _SET_82}


def _serials(scheme: Scheme) -> st.SearchStrategy[str]:
    text = serial_text(scheme)
    return st.text(_CHARACTERS[text.characters == "0-9"], min_size=1, max_size=text.longest)


def _escaped(text: str) -> str:
    return "".join(f"%{ord(each):02X}" if each in '"#%&/<>?' else each for each in text)


@st.composite
def urns(draw: st.DrawFn) -> tuple[str, int]:
    """A proper URN of any scheme, and how long its company prefix is."""
    scheme = draw(st.sampled_from(list(SCHEMES.values())))
    length = draw(st.integers(6, 12))
    key = KEYS[scheme.key]
    parts = [draw(_digits(length))]
    if key.checked:
        parts.append(draw(_digits(key.checked - 1 - len(key.filler) - length)))
    else:
        letters = "#-/0189AZ" if scheme.name == "cpi" else _SET_82
        parts.append(_escaped(draw(st.text(letters, min_size=1, max_size=30 - length))))
    parts += [draw(_digits(2)) for _ in range(scheme.pairs)]
    if scheme.serial is not None:
        parts.append(_escaped(draw(_serials(scheme))))
    return f"urn:epc:{scheme.kind}:{scheme.name}:{'.'.join(parts)}", length


@given(urns())
def test_a_urn_comes_back_from_its_link(given_urn: tuple[str, int]) -> None:
    urn, length = given_urn
    link, problem = judged(urn)
    assert problem is None
    assert link.startswith(f"{GS1}/")
    assert judged(link) == (link, None)
    assert to_urn(link, length) == urn


@given(urns())
def test_what_a_urn_names_matches_itself_and_its_pattern(given_urn: tuple[str, int]) -> None:
    urn, _ = given_urn
    _, _, _, name, body = urn.split(":", 4)
    assert matches(urn, urn)
    prefix, *rest = body.split(".", 1 + SCHEMES[name].pairs + (SCHEMES[name].serial is not None))
    if SCHEMES[name].kind == "id":
        for fixed in ([prefix], []):
            wild = ["*"] * (len(rest) + 1 - len(fixed))
            assert matches(f"urn:epc:idpat:{name}:{'.'.join([*fixed, *wild])}", urn)


_PIECES = st.sampled_from(
    [
        *("urn:epc:", "URN:EPC:", "id:", "class:", "idpat:", "https://", "http://", "id.gs1.org"),
        *(
            "/",
            "//",
            ".",
            ":",
            "*",
            "%",
            "%2F",
            "%zz",
            "[",
            "]",
            "@",
            "?",
            "#",
            " ",
            "\n",
            "\ud800",
        ),
        *(
            "sgtin:",
            "sgln:",
            "lgtin:",
            "itip:",
            "giai:",
            "gid:",
            "0614141",
            "812345",
            "80614141123458",
        ),
        *(*KEYS, *QUALIFIERS, "gtin", "lot", "é", "４１４"),
    ]
)


@given(st.one_of(st.text(), st.lists(_PIECES, max_size=14).map("".join)))
@example("https://[::1/01/80614141123458")
@example("urn:epc:idpat:sgtin:*")
@example(f"{GS1}/01/80614141123458/21/\ud800")
@example("x" * 100_000)
def test_nothing_fails_and_canonical_forms_stay(text: str) -> None:
    link, problem = judged(text)
    assert (canonical(text), check(text)) == (link, problem)
    assert canonical(link) == link
    assert link == text or check(link) is None
    to_urn(text)
    match_prefixes(text)


# Patterns


def matches(pattern: str, identifier: str) -> bool:
    exact, beginnings = match_prefixes(pattern)
    link = instance(identifier)
    return link in exact or link.startswith(tuple(beginnings))


@pytest.mark.parametrize(
    ("pattern", "exact", "beginnings"),
    [
        ("urn:epc:idpat:sgtin:0614141.812345.*", [GTIN], [f"{GTIN}/"]),
        ("URN:EPC:idpat:sgtin:0614141.812345.*", [GTIN], [f"{GTIN}/"]),
        (GTIN, [GTIN], []),
        (f"{GTIN}/10/21", [f"{GTIN}/10/21"], []),
        (f"{GTIN}/22/V/10/A/21/7", [f"{GTIN}/21/7"], []),
        ("urn:epc:idpat:upui:0614141.812345.*", [GTIN], [f"{GTIN}/235/"]),
        ("urn:epc:idpat:sscc:*.*", ["urn:epc:idpat:sscc:*.*"], [f"{GS1}/00/"]),
        ("urn:epc:idpat:gsrn:0614141.*", ["urn:epc:idpat:gsrn:0614141.*"], [f"{GS1}/8018/0614141"]),
        (
            "urn:epc:idpat:grai:0614141.*.*",
            ["urn:epc:idpat:grai:0614141.*.*"],
            [f"{GS1}/8003/00614141"],
        ),
        (
            "urn:epc:idpat:grai:0614141.12345.*",
            [f"{GS1}/8003/00614141123452"],
            [f"{GS1}/8003/00614141123452"],
        ),
        (
            "urn:epc:idpat:sgln:0614141.12345.*",
            ["urn:epc:idpat:sgln:0614141.12345.*", f"{GS1}/414/0614141123452"],
            [f"{GS1}/414/0614141123452/254/"],
        ),
        (f"{GS1}/414/0614141123452", [f"{GS1}/414/0614141123452"], []),
        (
            "urn:epc:idpat:itip:4012345.012345.*.*.*",
            ["urn:epc:idpat:itip:4012345.012345.*.*.*"],
            [f"{GS1}/8006/04012345123456"],
        ),
        (
            "urn:epc:idpat:itip:4012345.012345.01.*.*",
            ["urn:epc:idpat:itip:4012345.012345.01.*.*"],
            [f"{GS1}/8006/0401234512345601"],
        ),
        (
            "urn:epc:idpat:gid:95100000.*.*",
            ["urn:epc:idpat:gid:95100000.*.*"],
            ["urn:epc:id:gid:95100000."],
        ),
        ("urn:uuid:1", ["urn:uuid:1"], []),
        ("", [""], []),
        ("urn:epc:idpat:sgtin:*.812345.*", ["urn:epc:idpat:sgtin:*.812345.*"], []),
    ],
)
def test_a_pattern_says_how_what_it_matches_begins(
    pattern: str, exact: list[str], beginnings: list[str]
) -> None:
    assert match_prefixes(pattern) == (exact, beginnings)


def test_an_instance_is_named_without_its_lot() -> None:
    assert instance(f"{GTIN}/22/V/10/A/21/a%2fb") == f"{GTIN}/21/a%2Fb"
    assert instance(f"{GS1}/8006/040123451234560102/10/A/21/7").endswith("0102/21/7")
    for other in (f"{GTIN}/22/V/10/A", f"{GTIN}/10/A/235/7", "urn:uuid:1/2/3/4/5/6/7/8/9"):
        assert instance(other) == other


def test_a_pattern_of_a_company_leaves_the_indicator_open() -> None:
    _, beginnings = match_prefixes("urn:epc:idpat:sgtin:0614141.*.*")
    assert beginnings == [f"{GS1}/01/{digit}0614141" for digit in range(10)]
