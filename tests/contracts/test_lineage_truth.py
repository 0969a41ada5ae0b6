"""Lineage against the truth: random stories of a world whose every kilogram is known."""

from collections import defaultdict
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from park.database import open_engine
from tests.contracts.conftest import NewAddress
from tests.support.lineage_events import capture, hour, place
from tests.support.packhouse import ORCHARDS, ROOMS, World
from traceability.provenance.recall.recall import Recall, recall
from traceability.provenance.recall.starts import Cause, RecallStart
from traceability.provenance.tracing import Lineage, trace
from traceability.provenance.walk_statements import Direction
from traceability.provenance.whereabouts import whereabouts
from traceability.tables import metadata

SEEDS = range(4)
MOVES = 80


@pytest.fixture(params=SEEDS)
def world(request: pytest.FixtureRequest) -> World:
    """A story that is over."""
    world = World(request.param)
    world.play(MOVES)
    return world


@pytest.fixture
def engine(new_address: NewAddress, world: World) -> Iterator[Engine]:
    """The story, captured in any order, a few events at a time."""
    engine = open_engine(new_address())
    metadata.create_all(engine)
    told = list(world.story)
    world.dice.shuffle(told)
    while told:
        size = world.dice.randint(1, 8)
        capture(engine, *told[:size])
        del told[:size]
    yield engine
    engine.dispose()


def lineage(engine: Engine, key: str, way: Direction, at: float | None = None) -> Lineage:
    with engine.connect() as connection:
        return trace(connection, key, way, None if at is None else hour(at))


def things(found: Lineage) -> set[str]:
    return {node.key for node in found.nodes if not node.key.startswith("run/")}


def test_lineage_and_whereabouts_are_those_of_the_truth(world: World, engine: Engine) -> None:
    for origin, reached in world.reached.items():
        forward = lineage(engine, origin, Direction.FORWARD)
        assert things(forward) == reached
        shares = {node.key: node.share for node in forward.nodes}
        for name, origins in world.origins.items():
            if origin in origins:
                assert shares[name] == pytest.approx(origins[origin])
    for (box, now), truth in world.mixed.items():
        back = lineage(engine, box, Direction.BACK, now + 0.5)
        first = {node.key: node.share for node in back.nodes if node.key in world.reached}
        assert first == pytest.approx(truth)
    for name in world.loose:
        assert whereabouts_of(engine, name) == truly(world, name)


def test_recalls_are_those_of_the_truth(world: World, engine: Engine) -> None:
    for orchard in ORCHARDS:
        first = {name for name in world.reached if world.grown[name] == orchard}
        found = recalled(engine, Cause.ORCHARD, orchard)
        assert {each.key for each in found.affected} == {
            each for name in first for each in world.reached[name]
        }
    for now in range(1, MOVES, 7):
        for room in ROOMS:
            found = recalled(engine, Cause.ROOM, room, now + 0.5)
            touched = {each.key for each in found.affected if each.is_start}
            assert touched >= world.lay[room, now]
            assert {key for key in touched - world.lay[room, now] if "/10/" in key} == set()


def recalled(engine: Engine, cause: Cause, where: str, at: float | None = None) -> Recall:
    then = None if at is None else hour(at)
    start = RecallStart(cause=cause, key=place(where), since=then, until=then)
    with engine.connect() as connection:
        return recall(connection, start)


def whereabouts_of(engine: Engine, name: str) -> dict[tuple[str, tuple[str, ...]], float]:
    with engine.connect() as connection:
        found = whereabouts(connection, name)
    masses: dict[tuple[str, tuple[str, ...]], float] = defaultdict(float)
    for each in found:
        where = f"> {each.holder}" if each.in_transit else (each.place or "").rpartition("/")[2]
        if each.state == "present" and each.mass_kg:
            masses[where, tuple(each.containers)] += each.mass_kg
    return dict(masses)


def truly(world: World, name: str) -> dict[tuple[str, tuple[str, ...]], float]:
    masses: dict[tuple[str, tuple[str, ...]], float] = defaultdict(float)
    for where, containers, mass in world.positions(name):
        masses[where, containers] += mass
    return dict(masses)
