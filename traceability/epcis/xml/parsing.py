"""Bytes to elements, by a parser that hostile XML can't hurt.

Document types with declarations or addresses are refused: entities that grow, files or hosts that
are read, and attributes by default all need one. EPCIS has no document type, so nothing is lost; an
empty one, as some of GS1's examples have, is harmless.
"""

from typing import Any
from xml.parsers import expat  # what hurts is refused in _doctype

from traceability.epcis.xml.elements import STANDARD, Element, Parsed
from traceability.errors import FieldProblem, InvalidDocumentError

_DEEPEST = 100
_SEPARATOR = "\f"
"""Between namespace and name; XML can't hold it."""


def parse(data: bytes) -> Parsed:
    """The document's elements. Raises InvalidDocumentError, which names the line."""
    builder = _Builder()
    parser = expat.ParserCreate(namespace_separator=_SEPARATOR)
    builder.follow(parser)
    try:
        parser.Parse(data, True)  # noqa: FBT003 - expat's own signature
    except expat.ExpatError as error:
        problem = f"isn't well-formed XML: {expat.ErrorString(error.code)}"
        raise refusal(error.lineno, problem) from error
    except (LookupError, ValueError) as error:
        raise refusal(
            1, f"has an encoding that isn't read here: {error}; write it in UTF-8"
        ) from error
    return Parsed(builder.root, builder.prefixes)


def refusal(line: int, problem: str) -> InvalidDocumentError:
    """The error for what is wrong with the XML at a line."""
    return InvalidDocumentError([FieldProblem(f"line {line}", problem)])


class _Builder:
    """Gathers what the parser reports."""

    def __init__(self) -> None:
        self.root = Element("")
        self.prefixes: dict[str, str] = {}
        self._open: list[Element] = []
        self._texts: list[list[str]] = []
        self._parser: Any = None

    def follow(self, parser: expat.XMLParserType) -> None:
        """Listen to that parser."""
        self._parser = parser
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._doctype
        parser.StartNamespaceDeclHandler = self._declared
        parser.StartElementHandler = self._started
        parser.EndElementHandler = self._ended
        parser.CharacterDataHandler = self._characters

    def _doctype(
        self, _name: str, system: str | None, public: str | None, has_declarations: int
    ) -> None:
        if has_declarations or system or public:
            raise refusal(
                self._parser.CurrentLineNumber,
                "has a document type with declarations or an address; leave it out",
            )

    def _declared(self, prefix: str | None, namespace: str | None) -> None:
        if prefix and namespace:
            self.prefixes.setdefault(prefix, namespace)

    def _started(self, name: str, attributes: dict[str, str]) -> None:
        line = self._parser.CurrentLineNumber
        if len(self._open) >= _DEEPEST:
            raise refusal(line, f"is nested deeper than {_DEEPEST} elements")
        namespace, local = _split(name)
        element = Element(
            local, namespace, {_split(key): value for key, value in attributes.items()}, line=line
        )
        if self._open:
            element.is_wrapped = self._open[-1].is_wrapper
            self._open[-1].children.append(element)
        else:
            self.root = element
        self._open.append(element)
        self._texts.append([])

    def _ended(self, _name: str) -> None:
        self._open.pop().text = "".join(self._texts.pop())

    def _characters(self, text: str) -> None:
        self._texts[-1].append(text)


def _split(name: str) -> tuple[str, str]:
    namespace, separator, local = name.rpartition(_SEPARATOR)
    return ("" if not separator or namespace in STANDARD else namespace), local
