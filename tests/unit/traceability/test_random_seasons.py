"""Whatever happens in a season, mass is conserved along the lineage, both ways; and all of it can
be derived from the events again."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from park.assets import Park
from tests.support.random_season import Season, moves, random_season
from traceability.derived.service import DerivedTables
from traceability.views import NodeKind, Trace

WITHIN = 1e-6


def _mass_by_end(trace: Trace) -> dict[str, float]:
    return {end.id: end.qty_kg for end in trace.ends}


def _check_edges(trace: Trace) -> None:
    """Into every node but those where the trace begins flows its mass; no edge points back."""
    order = {node.id: position for position, node in enumerate(trace.nodes)}
    arriving = dict.fromkeys(order, 0.0)
    for edge in trace.edges:
        assert order[edge.source] < order[edge.target]
        arriving[edge.target] += edge.qty_kg
    for node in trace.nodes:
        if arriving[node.id]:
            assert arriving[node.id] == pytest.approx(node.qty_kg, rel=WITHIN)


@settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(script=st.lists(moves, min_size=5, max_size=25))
def test_mass_is_conserved_from_every_harvest_to_every_end_and_back(
    small_park: Park, script: list[tuple[str, int, float, float]]
) -> None:
    with random_season(small_park) as season:
        season.play("harvest", 0, 0.5, 1.0)
        for move in script:
            season.play(*move)
        assert season.repository.totals().events == season.captured
        _check_forward_and_backward(season)
        _check_origins(season)
        rules = {"mass_tolerance": 0.005, "clock_skew_s": 300.0}
        derived = DerivedTables(season.engine, small_park, **rules)
        assert derived.compare(lambda _done, _total: None).ok


def _check_forward_and_backward(season: Season) -> None:
    repository = season.repository
    backward: dict[str, dict[str, float]] = {}
    drawn: dict[str, float] = {batch.path: 0.0 for batch in season.harvests}
    for batch in season.harvests:
        harvested_kg = repository.batch(batch).summary.qty_kg
        forward = repository.trace_forward(batch.path)
        _check_edges(forward)
        assert sum(_mass_by_end(forward).values()) == pytest.approx(harvested_kg, rel=WITHIN)
        for end in forward.ends:
            if end.id not in backward:
                trace = repository.trace_back(end.id)
                _check_edges(trace)
                assert {each.kind for each in trace.ends} == {NodeKind.HARVEST}
                backward[end.id] = _mass_by_end(trace)
            from_here_kg = backward[end.id][batch.path]
            assert end.qty_kg == pytest.approx(from_here_kg, rel=WITHIN, abs=WITHIN)
            drawn[batch.path] += from_here_kg
        assert drawn[batch.path] <= harvested_kg * (1 + WITHIN)


def _check_origins(season: Season) -> None:
    """The projection that search uses says the same as the lineage."""
    repository = season.repository
    for batch in season.batches:
        by_orchard: dict[str | None, float] = {}
        for end in repository.trace_back(batch.path).ends:
            by_orchard[end.place] = by_orchard.get(end.place, 0.0) + end.qty_kg
        history = repository.batch(batch)
        assert {each.orchard: each.qty_kg for each in history.origins} == pytest.approx(
            by_orchard, rel=WITHIN, abs=WITHIN
        )
        assert set(history.summary.orchards) == set(by_orchard)
    for pallet in season.pallets:
        contents_kg = sum(each.qty_kg for each in repository.pallet(pallet).contents)
        ends = _mass_by_end(repository.trace_back(pallet))
        assert sum(ends.values()) == pytest.approx(contents_kg, rel=WITHIN)
