"""Keeps the links of containers in step with what events say of their contents."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

from sqlalchemy import Connection, bindparam, delete, func, select, update

from traceability.database.bulk import BulkInsert
from traceability.database.lookups import among, rows_for
from traceability.provenance import tables as t
from traceability.provenance.containment import Amount, Contents, Doubt, Holding, Statement
from traceability.provenance.extraction import ParentStatement
from traceability.provenance.store import Names, last_id

_L, _C = t.links.c, t.contents.c
_ADD_CONTENTS, _ADD_LINKS = BulkInsert(t.contents), BulkInsert(t.links)
_LATEST = select(_C.parent, func.max(_C.at_ms).label("at_ms")).where(among(_C.parent))
_LATEST = _LATEST.group_by(_C.parent)
_STATEMENTS = select(t.contents).where(among(_C.parent))
_OPEN = select(t.links).where(among(_L.target), _L.kind == t.CONTAINS, _L.until_ms == t.OPEN)
_FORGET = delete(t.links).where(_L.target == bindparam("parent"), _L.kind == t.CONTAINS)
_CHANGE = (
    update(t.links)
    .where(_L.id == bindparam("link"))
    .values(
        until_ms=bindparam("new_until_ms"),
        end_seq=bindparam("new_end_seq"),
        quantity=bindparam("new_quantity"),
        uom=bindparam("new_uom"),
        mass_mg=bindparam("new_mass_mg"),
    )
)


def update_containers(
    connection: Connection,
    statements: Sequence[ParentStatement],
    names: Names | None,
    again: Collection[int] = (),
) -> Sequence[Doubt]:
    """Add statements to what is known, and bring the links of their containers up to date.

    Containers in `again`, and those of which an event comes late, are worked out anew.
    """
    new = _grouped(statements, names)
    latest = {row.parent: row.at_ms for row in rows_for(connection, _LATEST, new)}
    late = {
        parent
        for parent, group in new.items()
        if parent in latest and min(each.at_ms for each in group) <= latest[parent]
    }
    _ADD_CONTENTS(connection, [row for parent in new for row in _rows(parent, new[parent])])
    anew = late | set(again)
    contents = {parent: Contents() for parent in (*new, *anew)}
    contents |= _opened(connection, [parent for parent in latest if parent not in anew])
    for parent in anew:
        connection.execute(_FORGET, {"parent": parent})
    said: Mapping[int, Sequence[Statement]] = {**new, **_all_said(connection, anew)}
    for parent, group in said.items():
        contents[parent].apply(group)
    _save(connection, contents)
    fresh = {each.seq for group in new.values() for each in group}
    return [each for group in contents.values() for each in group.doubts if each.seq in fresh]


def _grouped(
    statements: Iterable[ParentStatement], names: Names | None
) -> dict[int, list[Statement]]:
    groups: dict[int, list[Statement]] = defaultdict(list)
    for each in statements:
        parent = None if names is None else names.id(each.parent)
        if names is None or parent is None:
            continue
        groups[parent].append(
            Statement(
                each.at_ms,
                each.seq,
                each.position,
                each.action,
                names.id(each.child),
                names.form(each.child),
                each.amount,
            )
        )
    return groups


def _rows(parent: int, statements: Iterable[Statement]) -> Iterable[tuple[object, ...]]:
    for each in statements:
        amount = each.amount
        yield (
            *(parent, each.at_ms, each.seq, each.position, each.action, each.child, each.form),
            *(amount.quantity, amount.uom, amount.mass_mg),
        )


def _opened(connection: Connection, parents: Collection[int]) -> dict[int, Contents]:
    """What is in containers now."""
    holdings: dict[int, list[Holding]] = {parent: [] for parent in parents}
    for row in rows_for(connection, _OPEN, parents):
        amount = Amount(row.quantity, row.uom, row.mass_mg)
        holdings[row.target].append(
            Holding(row.source, row.source_form, row.from_ms, row.seq, amount, id=row.id)
        )
    opened = {parent: Contents.of(group) for parent, group in holdings.items()}
    for contents in opened.values():
        contents.was_used = True
    return opened


def _all_said(connection: Connection, parents: Collection[int]) -> dict[int, list[Statement]]:
    said: dict[int, list[Statement]] = {parent: [] for parent in parents}
    for row in rows_for(connection, _STATEMENTS, parents):
        amount = Amount(row.quantity, row.uom, row.mass_mg)
        said[row.parent].append(
            Statement(row.at_ms, row.seq, row.position, row.action, row.child, row.form, amount)
        )
    return said


def _save(connection: Connection, contents: Mapping[int, Contents]) -> None:
    changed: list[dict[str, object]] = []
    rows: list[tuple[object, ...]] = []
    following = last_id(connection, t.links) + 1 if contents else 0
    for parent, group in contents.items():
        for each in group.holdings():
            amount = each.amount
            if each.id is None:
                rows.append(
                    (
                        *(following + len(rows), t.CONTAINS, each.child, each.form, parent),
                        *(t.ITSELF, each.from_ms, each.from_ms, each.until_ms),
                        *(each.seq, each.end_seq, amount.quantity, amount.uom, amount.mass_mg),
                    )
                )
            elif each.changed:
                changed.append(_change(each))
    _ADD_LINKS(connection, rows)
    if changed:
        connection.execute(_CHANGE, changed)


def _change(holding: Holding) -> dict[str, object]:
    return {
        "link": holding.id,
        "new_until_ms": holding.until_ms,
        "new_end_seq": holding.end_seq,
        "new_quantity": holding.amount.quantity,
        "new_uom": holding.amount.uom,
        "new_mass_mg": holding.amount.mass_mg,
    }
