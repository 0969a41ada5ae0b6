import pytest

from tests.support.epcis_xml import EVENT, problems, xml
from traceability.epcis.documents import read_document
from traceability.epcis.master_data.statements import Statement
from traceability.epcis.xml.reading import read_xml

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
        ("<Element/>", ""),
    ],
)  # fmt: skip
def test_master_data_that_breaks_the_schema_is_refused(more: str, path: str) -> None:
    (problem,) = problems(with_header(more))
    begins = "epcisHeader.epcisMasterData.vocabularyList[0].vocabularyElementList"
    assert problem.path == f"{begins}{path}"
