"""Keeps master data and looks it up.

What was said last of an attribute of a vocabulary element holds, and the last list of its children:
a document replaces what it names and leaves the rest. Captures run one after the other (see
`recording`), so two that say the same of a thing don't meet.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from sqlalchemy import BindParameter, Connection, bindparam, delete, select, tuple_

from traceability.database.bulk import BulkInsert
from traceability.database.lookups import PARAMETERS_AT_ONCE, chunks
from traceability.epcis.master_data import tables as m
from traceability.epcis.master_data.statements import VOCABULARY, Statement, attribute_name
from traceability.epcis.storable import storable

_A, _C = m.master_attributes.c, m.master_children.c
_ADD_ATTRIBUTES, _ADD_CHILDREN = BulkInsert(m.master_attributes), BulkInsert(m.master_children)
_WANTED: BindParameter[Any] = bindparam("wanted", expanding=True)
_FORGET_ATTRIBUTES = delete(m.master_attributes).where(
    tuple_(_A.vocabulary, _A.element, _A.attribute).in_(_WANTED)
)
_FORGET_CHILDREN = delete(m.master_children).where(tuple_(_C.vocabulary, _C.parent).in_(_WANTED))
_CHILDREN = select(_C.parent, _C.child).where(_C.parent.in_(_WANTED))
_TIED = {
    f"{VOCABULARY}{name}"
    for name in (
        *("ReadPoint", "BusinessLocation", "BusinessStep", "Disposition", "BusinessTransaction"),
        *("EPCClass", "SourceDest"),
    )
}
"""Vocabularies that the standard ties to fields; others may describe what any field holds."""


def keep(connection: Connection, statements: Sequence[Statement], at_ms: int) -> None:
    """Keep what a document says, within the connection's transaction."""
    values: dict[tuple[str, str, str], list[str]] = {}
    children: dict[tuple[str, str], dict[str, None]] = {}
    for each in statements:
        element = storable(each.element)
        stated: dict[tuple[str, str, str], list[str]] = {}
        for name, value in each.attributes:
            stated.setdefault((each.vocabulary, element, name), []).append(storable(value))
        values.update(stated)
        if each.children is not None:
            listed = dict.fromkeys(map(storable, each.children))
            children[each.vocabulary, element] = listed
    for chunk in chunks(sorted(values), PARAMETERS_AT_ONCE):
        connection.execute(_FORGET_ATTRIBUTES, {"wanted": chunk})
    for pairs in chunks(sorted(children), PARAMETERS_AT_ONCE):
        connection.execute(_FORGET_CHILDREN, {"wanted": pairs})
    _ADD_ATTRIBUTES(
        connection,
        [
            (*key, position, value, at_ms)
            for key, listed in sorted(values.items())
            for position, value in enumerate(listed)
        ],
    )
    _ADD_CHILDREN(
        connection,
        [(*key, child, at_ms) for key, listed in sorted(children.items()) for child in listed],
    )


def having(
    connection: Connection,
    vocabulary: str | None,
    attribute: str,
    values: Sequence[str] | None,
    limit: int,
) -> list[str]:
    """Elements that have the attribute, with one of these values or any; at most `limit`.

    `vocabulary` is the standard's name of the one that a field takes its values from, such as
    ReadPoint; None asks all of them.
    """
    statement = select(_A.element).where(_A.attribute == attribute_name(attribute))
    if values is not None:
        statement = statement.where(_A.value.in_(list(map(storable, values))))
    if vocabulary is not None:
        others = sorted(_TIED - {f"{VOCABULARY}{vocabulary}"})
        statement = statement.where(_A.vocabulary.not_in(others))
    found = connection.execute(statement.distinct().order_by(_A.element).limit(limit))
    return list(found.scalars())


def children_of(connection: Connection, parents: Collection[str]) -> Iterator[tuple[str, str]]:
    """What lies directly in these places, whatever vocabulary says so: pairs of place and child."""
    for chunk in chunks(sorted(parents), PARAMETERS_AT_ONCE):
        for row in connection.execute(_CHILDREN, {"wanted": chunk}):
            yield row.parent, row.child
