"""Master data in a document's header (GS1 EPCIS 2.0, section 6.5; JSON schema of documents).

A vocabulary needs its type, an element and an attribute their id. The value of an attribute is a
text, a number or an object; where it is left out, nothing is said. What else stands in them, the
schema leaves open; it isn't kept. Identifiers are taken as in events.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from traceability.canonical import canonical_json
from traceability.epcis.identifiers import canonical
from traceability.epcis.jsonld.json_values import kept, number_problem, shown
from traceability.epcis.jsonld.parts import Part
from traceability.epcis.master_data.statements import (
    VOCABULARY,
    Statement,
    attribute_name,
    bounded,
)
from traceability.epcis.vocabulary import Word, canonical_word

MOST_STATED = 20_000
"""Attributes and children in one document: writing more would keep other captures waiting."""
_WORDS = {
    f"{VOCABULARY}BusinessStep": Word.BIZ_STEP,
    f"{VOCABULARY}Disposition": Word.DISPOSITION,
}
"""Vocabularies whose elements are words of the CBV."""


def read_header(header: Part) -> Sequence[Statement]:
    """The master data that a document's header holds, if any."""
    master_data = header.part("epcisMasterData")
    header.extensions()
    return () if master_data is None else read_vocabularies(master_data)


def read_vocabularies(part: Part) -> Sequence[Statement]:
    """What `vocabularyList` of this part says, if it is there."""
    found = [each for some in part.parts("vocabularyList", _vocabulary) for each in some]
    stated = sum(len(each.attributes) + len(each.children or ()) for each in found)
    if stated > MOST_STATED:
        part.fault(
            "vocabularyList",
            f"has {stated} attributes and children, at most {MOST_STATED} are taken; split it",
        )
    return found


def _vocabulary(part: Part) -> Sequence[Statement]:
    part.require("type")
    kind = part.uri("type")
    full = "" if kind is None else part.context.expand(kind)
    return part.parts("vocabularyElementList", lambda each: _element(each, full))


def _element(part: Part, vocabulary: str) -> Statement | None:
    part.require("id")
    element = part.uri("id")
    children = [_named(part, child, vocabulary) for child in part.uris("children")]
    attributes = part.parts("attributes", _attribute)
    if element is None:
        return None
    return Statement(
        bounded(vocabulary),
        _named(part, element, vocabulary),
        attributes,
        children if part.has("children") else None,
    )


def _named(part: Part, text: str, vocabulary: str) -> str:
    """The element in the form in which events are indexed."""
    words = _WORDS.get(vocabulary)
    return canonical(text) if words is None else canonical_word(words, part.context.expand(text))


def _attribute(part: Part) -> tuple[str, str] | None:
    part.require("id")
    name, value = part.uri("id"), _value(part)
    if name is None or value is None:
        return None
    return attribute_name(part.context.expand(name)), value


def _value(part: Part) -> str | None:
    if not part.has("attribute"):
        return None
    value: Any = part.raw("attribute")
    if isinstance(value, str):
        return part.any_text("attribute")
    if isinstance(value, Mapping):
        before = len(part.faults.problems)
        value = kept(value, f"{part.path}.attribute", part.faults, part.context)
        sound = len(part.faults.problems) == before and not part.faults.is_full
        return canonical_json(value).decode() if sound else None
    if isinstance(value, int | float) and not isinstance(value, bool):
        problem = number_problem(value)
    else:
        problem = f"must be a text, a number or an object, not {shown(value)}"
    if problem:
        part.fault("attribute", problem)
        return None
    return canonical_json(value).decode()
