import pytest

from tests.support.epcis_xml import EVENT, problems, xml
from traceability.epcis.jsonld.documents import read_document
from traceability.epcis.master_data.statements import Statement
from traceability.epcis.xml.reading import read_xml
from traceability.errors import InvalidDocumentError

HEADER = """
<EPCISHeader>
  <sbdh:StandardBusinessDocumentHeader
      xmlns:sbdh="http://www.unece.org/cefact/namespaces/StandardBusinessDocumentHeader"/>
  <extension><EPCISMasterData><VocabularyList>
    <Vocabulary type="urn:epcglobal:epcis:vtype:Location"><VocabularyElementList>
      <VocabularyElement id="urn:epc:id:sgln:6901234.00001.0">
        <attribute id="urn:epcglobal:cbv:mda#city"> Linyi </attribute>
        <attribute id="http://ns.example.com/epcis/phone">1</attribute>
        <attribute id="http://ns.example.com/epcis/phone" xsi:type="xsd:boolean">true</attribute>
        <attribute id="http://ns.example.com/epcis/fax" xsi:nil="true"/>
        <attribute id="http://ns.example.com/epcis/address">
          <ex:street xmlns:ex="http://ns.example.com/epcis/">Fruit Road</ex:street>
        </attribute>
        <children><id>urn:epc:id:sgln:6901234.00001.dock-1</id></children>
      </VocabularyElement>
      {more}
    </VocabularyElementList></Vocabulary>
  </VocabularyList></EPCISMasterData></extension>
</EPCISHeader>"""

NESTED_ID = (
    '<VocabularyElement id="urn:x:1"><children><id>urn:x:2<x/></id></children></VocabularyElement>'
)


def with_header(more: str = "", version: int = 2) -> bytes:
    header = HEADER.format(more=more).encode()
    return xml(EVENT.format(more=""), version=version).replace(
        b"<EPCISBody>", header + b"<EPCISBody>"
    )


@pytest.mark.parametrize("version", [1, 2])
def test_master_data_of_a_header_is_read(version: int) -> None:
    found = read_document(read_xml(with_header(version=version)))
    assert len(found.bodies) == 1
    assert list(found.master_data) == [
        Statement(
            "urn:epcglobal:epcis:vtype:Location",
            "https://id.gs1.org/414/6901234000016",
            (
                ("urn:epcglobal:cbv:mda:city", "Linyi"),
                ("http://ns.example.com/epcis/phone", "1"),
                ("http://ns.example.com/epcis/phone", "true"),
                (
                    "http://ns.example.com/epcis/address",
                    '{"http://ns.example.com/epcis/street":"Fruit Road"}',
                ),
            ),
            ["https://id.gs1.org/414/6901234000016/254/dock-1"],
        )
    ]
    assert read_document(read_xml(xml(EVENT.format(more="")))).master_data == ()


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ("<VocabularyElement/>", "[1].id"),
        ('<VocabularyElement id="urn:x:1"><attribute>2</attribute></VocabularyElement>',
         "[1].attributes[0].id"),
        ('<VocabularyElement id="urn:x:1"><name>2</name></VocabularyElement>', "[1]"),
        (NESTED_ID, "[1].children[0]"),
        ("<Element/>", ""),
    ],
)  # fmt: skip
def test_master_data_that_breaks_the_schema_is_refused(more: str, path: str) -> None:
    (problem,) = problems(with_header(more))
    begins = "epcisHeader.epcisMasterData.vocabularyList[0].vocabularyElementList"
    assert problem.path == f"{begins}{path}"


VOCABULARIES = """
<VocabularyList>
  <Vocabulary type="urn:epcglobal:epcis:vtype:ReadPoint"><VocabularyElementList>
    <VocabularyElement id="urn:epc:id:sgln:6901234.00001.{room}">
      <attribute id="urn:epcglobal:cbv:mda:sst">201</attribute>
    </VocabularyElement>
  </VocabularyElementList></Vocabulary>
</VocabularyList>"""
ROOM_1 = Statement(
    "urn:epcglobal:epcis:vtype:ReadPoint",
    "https://id.gs1.org/414/6901234000016/254/1",
    (("urn:epcglobal:cbv:mda:sst", "201"),),
    None,
)


def master_data_document(body: str, version: int = 2) -> bytes:
    return f"""<epcismd:EPCISMasterDataDocument
        xmlns:epcismd="urn:epcglobal:epcis-masterdata:xsd:{version}"
        schemaVersion="{version}" creationDate="2026-10-12T04:00:00Z">
      <EPCISBody>{body}</EPCISBody>
    </epcismd:EPCISMasterDataDocument>""".encode()


@pytest.mark.parametrize("version", [1, 2])
def test_a_document_of_master_data_is_read(version: int) -> None:
    """The form of section 9.7 of the standard, which has no events."""
    found = read_document(read_xml(master_data_document(VOCABULARIES.format(room=1), version)))
    assert (list(found.bodies), list(found.master_data)) == ([], [ROOM_1])


def test_a_document_of_master_data_that_breaks_the_schema_is_refused() -> None:
    with pytest.raises(InvalidDocumentError) as raised:
        read_xml(master_data_document(EVENT.format(more="")))
    (problem,) = raised.value.problems
    assert problem.path == "epcisHeader.epcisMasterData"
    with pytest.raises(InvalidDocumentError) as raised:
        read_document(read_xml(master_data_document(VOCABULARIES.replace(" id=", " name=", 1))))
    (problem,) = raised.value.problems
    begins = "epcisHeader.epcisMasterData.vocabularyList[0].vocabularyElementList"
    assert problem.path == f"{begins}[0].id"


def test_master_data_that_a_query_found_is_read() -> None:
    """What a SimpleMasterDataQuery of EPCIS 1.x answers."""
    answer = f"""<q:EPCISQueryDocument xmlns:q="urn:epcglobal:epcis-query:xsd:1"
        schemaVersion="1.2" creationDate="2026-10-12T04:00:00Z">
      <EPCISBody><q:QueryResults><queryName>SimpleMasterDataQuery</queryName>
        <resultsBody>{VOCABULARIES.format(room=1)}</resultsBody>
      </q:QueryResults></EPCISBody>
    </q:EPCISQueryDocument>""".encode()
    found = read_document(read_xml(answer))
    assert (list(found.bodies), list(found.master_data)) == ([], [ROOM_1])
