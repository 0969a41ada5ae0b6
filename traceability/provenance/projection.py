"""Events become lineage: within the transaction that captures them, many at a time.

The outcome doesn't depend on the order in which events are captured. Where an event comes late,
the containers that it concerns are worked out again from all that was said of them; where one is
declared wrong, before or after it comes itself, nothing of it stays.
"""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import Connection, bindparam, delete, select, update

from traceability import tables as events
from traceability.database.bulk import BulkInsert
from traceability.database.lookups import among, rows_for
from traceability.epcis.model import AnyEvent, TransformationEvent
from traceability.findings import Finding
from traceability.provenance import tables as t
from traceability.provenance.certified import add_certified, forget_certified
from traceability.provenance.containers import update_containers
from traceability.provenance.doubts import Doubts
from traceability.provenance.extraction import Facts, facts_of
from traceability.provenance.store import Names, known_ids, last_id

_E, _L = events.events.c, t.links.c
_D = events.events.alias("declarations")
_ADD_THINGS, _ADD_LINKS = BulkInsert(t.things), BulkInsert(t.links)
_ADD_STOPS, _ADD_SIGHTINGS = BulkInsert(t.stops), BulkInsert(t.sightings)

_SAME_ID = (_D.c.event_id == _E.event_id) & _D.c.declared.is_(True) & _E.declared.is_(False)
_WRONG = select(_E.seq).join(_D, _SAME_ID).where(among(_D.c.seq))
_DEAD = (
    select(_E.seq).join(_D, _SAME_ID).where(_E.seq.between(bindparam("first"), bindparam("last")))
)
_EVENT_IDS = select(_E.seq, _E.event_id).where(among(_E.seq))

_MAKERS = select(_L.id, _L.target, _L.at_ms, _L.from_ms).where(
    among(_L.target), _L.kind == t.OUT_OF
)
_BEGIN_AT = (
    update(t.links).where(_L.id == bindparam("link")).values(from_ms=bindparam("new_from_ms"))
)
_MADE_BY = select(_L.target).where(among(_L.seq), _L.kind == t.OUT_OF)
_FILLED_BY = select(t.contents.c.parent).where(among(t.contents.c.seq))
_FORGET = (
    delete(t.links).where(among(_L.seq), _L.kind != t.CONTAINS),
    delete(t.contents).where(among(t.contents.c.seq)),
    delete(t.sightings).where(among(t.sightings.c.seq)),
    delete(t.stops).where(among(t.stops.c.seq)),
)


def project(
    connection: Connection, rows: Sequence[tuple[int, AnyEvent]]
) -> Mapping[int, Sequence[Finding]]:
    """Derive the lineage of numbered events that are stored already.

    Gives what is odd about them, by number.
    """
    declarations = [seq for seq, event in rows if event.error_declaration is not None]
    if declarations:
        _forget(connection, {row.seq for row in rows_for(connection, _WRONG, declarations)})
    dead = _dead(connection, [seq for seq, _ in rows])
    living = [
        (seq, event) for seq, event in rows if event.error_declaration is None and seq not in dead
    ]
    if not living:
        return {}
    facts = facts_of(living, _missing_ids(connection, living))
    names = _name(connection, facts)
    _ADD_STOPS(connection, facts.stops)
    _ADD_SIGHTINGS(
        connection,
        [
            (names.id(key), at_ms, seq, role, amount.quantity, amount.uom, amount.mass_mg)
            for (key, at_ms, seq, role), amount in facts.sightings.items()
        ],
    )
    _add_links(connection, facts, names)
    add_certified(connection, living, facts)
    doubts = Doubts(facts, names)
    doubts.of_contents(update_containers(connection, facts.statements, names))
    doubts.look_up(connection)
    return doubts.found


def _dead(connection: Connection, seqs: Sequence[int]) -> set[int]:
    """Those of the events that were declared wrong before they came, or together with it."""
    if not seqs:
        return set()
    span = {"first": min(seqs), "last": max(seqs)}
    return set(connection.execute(_DEAD, span).scalars())


def _missing_ids(connection: Connection, rows: Sequence[tuple[int, AnyEvent]]) -> Mapping[int, str]:
    """Ids that were given at capture, of the transformations that need one for their run."""
    nameless = [
        seq
        for seq, event in rows
        if isinstance(event, TransformationEvent) and event.event_id is None
    ]
    return {row.seq: row.event_id for row in rows_for(connection, _EVENT_IDS, nameless)}


def _name(connection: Connection, facts: Facts) -> Names:
    ids = known_ids(connection, facts.things)
    if len(ids) == len(facts.things):
        return Names(ids, facts)
    following = last_id(connection, t.things) + 1
    fresh = [
        (number, key, kind.value)
        for number, (key, kind) in enumerate(
            ((key, kind) for key, kind in facts.things.items() if key not in ids), following
        )
    ]
    _ADD_THINGS(connection, fresh)
    ids.update((key, number) for number, key, _ in fresh)
    return Names(ids, facts)


def _add_links(connection: Connection, facts: Facts, names: Names) -> None:
    if not facts.links:
        return
    outputs = {names.id(link.target) for link in facts.links if link.kind == t.OUT_OF}
    first = _first_made(connection, outputs)
    for link in facts.links:
        target = names.id(link.target)
        if link.kind == t.OUT_OF and target is not None:
            first[target] = min(link.at_ms, first.get(target, link.at_ms))
    _settle_makers(connection, first)
    rows = []
    for number, link in enumerate(facts.links, last_id(connection, t.links) + 1):
        target = names.id(link.target)
        from_ms = until_ms = link.at_ms
        if link.kind == t.OUT_OF and target is not None:
            until_ms = t.OPEN
            from_ms = t.BEGINNING if link.at_ms == first[target] else link.at_ms
        rows.append(
            (
                number,
                link.kind,
                names.id(link.source),
                names.form(link.source),
                target,
                names.form(link.target),
                link.at_ms,
                from_ms,
                until_ms,
                link.seq,
                None,
                link.amount.quantity,
                link.amount.uom,
                link.amount.mass_mg,
            )
        )
    _ADD_LINKS(connection, rows)


def _first_made(connection: Connection, outputs: Collection[int | None]) -> dict[int, int]:
    first: dict[int, int] = {}
    for row in rows_for(connection, _MAKERS, outputs):
        first[row.target] = min(row.at_ms, first.get(row.target, row.at_ms))
    return first


def _settle_makers(connection: Connection, first: Mapping[int, int]) -> None:
    """The first run that made a thing counts from the beginning of time, the others from theirs.

    Records of a run are often closed after the packing of its output has begun.
    """
    changes = []
    for row in rows_for(connection, _MAKERS, first):
        right = t.BEGINNING if row.at_ms == first[row.target] else row.at_ms
        if row.from_ms != right:
            changes.append({"link": row.id, "new_from_ms": right})
    if changes:
        connection.execute(_BEGIN_AT, changes)


def _forget(connection: Connection, wrong: Collection[int]) -> None:
    """Take back all that follows from events."""
    made = {row.target for row in rows_for(connection, _MADE_BY, wrong)}
    filled = {row.parent for row in rows_for(connection, _FILLED_BY, wrong)}
    forget_certified(connection, wrong)
    for statement in _FORGET:
        for seq in wrong:
            connection.execute(statement, {"wanted": [seq]})
    _settle_makers(connection, _first_made(connection, made))
    update_containers(connection, (), None, again=filled)
