"""`agripark trace`: a lineage as a newcomer can read it in a terminal."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import typer

from api.commands.options import DatabaseOption, DataOption, JsonOption, ScaleOption
from api.commands.output import show
from api.commands.tables import table
from api.models.things import Thing
from api.wiring import existing_database, make_park, make_traceability
from park.assets import Park
from park.settings import load_settings
from park.times import format_instant
from traceability.provenance.dossier import Beginning, Dossier, Telling
from traceability.provenance.keys import ThingKind
from traceability.provenance.positions import Position
from traceability.provenance.recall.descriptions import Descriptions, KnownDescriptions
from traceability.provenance.recall.formats import who_has
from traceability.provenance.service import ProvenanceService
from traceability.provenance.tracing import Edge
from traceability.views import NodeKind, Trace, TraceNode

_END_WORDS = {
    NodeKind.HARVEST: "harvested at",
    NodeKind.BATCH: "sorted at",
    NodeKind.PALLET: "packed at",
    NodeKind.SHIPMENT: "shipped to",
    NodeKind.STOCK: "in stock",
    NodeKind.REJECT: "rejected at",
    NodeKind.LOSS: "lost at sorting",
}
_LINK_WORDS = {"contains": "packed in", "into": "used in", "out_of": "made"}


def trace(
    node: Annotated[
        str,
        typer.Argument(help="Batch, pallet, shipment/{number}, or what events name, in any form."),
    ],
    forward: Annotated[
        bool, typer.Option("--forward", help="To destinations instead of orchards.")
    ] = False,
    database: DatabaseOption = None,
    data: DataOption = None,
    scale: ScaleOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show where something came from, or where it went: the park's own, or anybody's.

    Example: agripark trace 01/09521321000025/10/LOT --forward
    """
    settings = load_settings(database_url=database, data_dir=data, park_scale=scale)
    park = make_park(settings)
    with existing_database(settings) as engine:
        books = make_traceability(settings, park, engine)
        if books.knows(node):
            lineage = books.trace_forward(node) if forward else books.trace_back(node)
            shown: Any = (
                trace_json(lineage)
                if as_json
                else trace_text(lineage, "forward" if forward else "back")
            )
        else:
            dossier = ProvenanceService(engine, park).dossier(node)
            shown = (
                Thing.of(dossier, park).model_dump(mode="json")
                if as_json
                else thing_text(dossier, park, forward=forward)
            )
    show(shown)


def thing_text(dossier: Dossier, park: Park, *, forward: bool) -> str:
    """Where a thing is, its beginnings or what became of it, its certificates and events."""
    words = KnownDescriptions(park, dossier.attributes)
    lineage = dossier.forward if forward else dossier.back
    kind = dossier.kind.value.replace("_", " ")
    parts = [f"{dossier.key} ({kind}) {lineage.direction}", "", "Now:"]
    parts += [_positions(dossier, words)]
    if not forward:
        began = [_beginning_row(each, words) for each in dossier.beginnings]
        parts += ["\nBegan as:", table(("quantity", "share", "place", "when", "what"), began)]
    steps = table(
        ("when", "quantity", "from", "", "into"), [_step_row(edge) for edge in lineage.edges]
    )
    parts += ["\nEvery step:", steps if lineage.edges else "none that events tell of"]
    if dossier.certificates:
        parts += ["\nCertificates, as events tell:", *_certificates(dossier)]
    told = [_telling_row(each, words) for each in dossier.tellings]
    parts += ["\nIts events, the latest first:", table(("when", "what", "place", "event"), told)]
    if dossier.has_more:
        parts += ["... and older ones: GET /epcis/epcs/.../events has them all"]
    parts += ["\nagripark ledger prove EVENT proves that one is in the ledger."]
    return "\n".join(parts) + "\n"


def _positions(dossier: Dossier, words: Descriptions) -> str:
    is_one = dossier.kind not in {ThingKind.LOT, ThingKind.PRODUCT}
    header = ("quantity", "place", "inside", "who has it", "last seen")
    rows = [_position_row(each, words) for each in dossier.positions]
    return table(header[1:], [row[1:] for row in rows]) if is_one else table(header, rows)


def _position_row(position: Position, words: Descriptions) -> tuple[str, ...]:
    place = words.place(position.place or "") or position.place or ""
    if position.in_transit:
        place = f"left {place}" if place else "on its way"
    return (
        _amount(position.quantity, position.uom, position.mass_kg),
        place if position.state == "present" else position.state,
        ", ".join(position.containers),
        who_has(position, words),
        "" if position.seen_at is None else format_instant(position.seen_at),
    )


def _beginning_row(beginning: Beginning, words: Descriptions) -> tuple[str, ...]:
    share = "" if beginning.share is None else f"{beginning.share:.1%}"
    place = words.place(beginning.place or "") or beginning.place or "no event tells"
    when = "" if beginning.at is None else beginning.at.date().isoformat()
    amount = _amount(beginning.quantity, beginning.uom, beginning.mass_kg)
    return amount, share, place, when, beginning.key


def _step_row(edge: Edge) -> tuple[str, ...]:
    amount = _amount(edge.quantity, edge.uom, edge.mass_kg)
    return edge.at.date().isoformat(), amount, edge.source, _LINK_WORDS[edge.kind], edge.target


def _certificates(dossier: Dossier) -> Iterator[str]:
    for each in dossier.certificates:
        yield f"{each.certificate}, first on {each.since.date()}, of {', '.join(each.about)}"


def _telling_row(telling: Telling, words: Descriptions) -> tuple[str, ...]:
    step = (telling.biz_step or telling.type).replace("_", " ")
    odd = ", ".join(each.code for each in telling.findings)
    what = f"{step} ({odd})" if odd else step
    place = words.place(telling.place or "") or telling.place or ""
    return format_instant(telling.at), what, place, telling.event_id


def _amount(quantity: float | None, uom: str | None, mass_kg: float | None) -> str:
    if mass_kg is not None:
        return _mass(mass_kg)
    return "" if quantity is None else f"{quantity:,g} {uom or 'pcs'}"


def trace_text(trace: Trace, direction: str) -> str:
    """The ends with their masses, then every step on the way."""
    total_kg = sum(end.qty_kg for end in trace.ends)
    ends = table(
        ("mass", "", "place", "when", "what"),
        [_end_row(end) for end in _by_mass(trace.ends)],
    )
    steps = table(
        ("mass", "from", "", "into"),
        [(_mass(edge.qty_kg), edge.source, "->", edge.target) for edge in trace.edges],
    )
    return (
        f"{trace.root} {direction}: {_mass(total_kg)} in {len(trace.ends)} ends\n\n"
        f"{ends}\n\nEvery step:\n{steps}\n"
    )


def trace_json(trace: Trace) -> dict[str, Any]:
    """The same as plain data."""
    return {
        "root": trace.root,
        "nodes": [_node_json(node) for node in trace.nodes],
        "edges": [
            {
                "source": edge.source,
                "target": edge.target,
                "qty_kg": edge.qty_kg,
                "event": edge.event_id,
            }
            for edge in trace.edges
        ],
        "ends": [_node_json(node) for node in trace.ends],
    }


def _by_mass(nodes: Sequence[TraceNode]) -> list[TraceNode]:
    return sorted(nodes, key=lambda node: -node.qty_kg)


def _end_row(node: TraceNode) -> tuple[str, str, str, str, str]:
    when = node.at.date().isoformat()
    return _mass(node.qty_kg), _END_WORDS[node.kind], node.place or "", when, node.id


def _node_json(node: TraceNode) -> dict[str, Any]:
    return {
        "id": node.id,
        "kind": node.kind.value,
        "place": node.place,
        "at": format_instant(node.at),
        "qty_kg": node.qty_kg,
    }


def _mass(mass_kg: float) -> str:
    return f"{mass_kg:,.1f} kg"
