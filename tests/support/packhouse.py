"""A small world in which goods are really somewhere, told in events: the truth beside the story.

It knows nothing of how lineage is reckoned. Every kilogram of a lot is at a place, on its way to a
party, or in a container; every lot knows what share of it came from which first lot.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.support.lineage_events import Amounts, Events, lot, pallet, party, place
from traceability.epcis.model import AnyEvent, Place

ORCHARDS, ROOMS = ("orchard-1", "orchard-2"), ("room-1", "room-2")
INSIDE = (*ROOMS, "hall", "dock")
UNITS: Mapping[str, float] = {"KGM": 1.0, "GRM": 0.001, "TNE": 1000.0}
"""Kilograms in a unit; those whose multiples are exact enough to compare."""
GRAIN_KG = 10
"""All masses are multiples of it."""
_EVERYWHERE = "any"


@dataclass
class Box:
    """A container: what is directly in it, and where it stands or what it is in."""

    key: str
    lots: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    boxes: set[str] = field(default_factory=set)
    inside: str | None = None
    where: str = "hall"
    used: bool = False


class World:
    """Plays what its dice say; times are whole hours."""

    def __init__(self, seed: int) -> None:
        """Begin with nothing."""
        self.dice = Random(seed)  # noqa: S311 - the same seed, the same story
        self.events = Events()
        self.story: list[AnyEvent] = []
        self.now = 0
        self.loose: dict[str, dict[str, int]] = {}
        """Kilograms of each lot by place, or `> party` for what is on its way."""
        self.boxes: dict[str, Box] = {}
        self.origins: dict[str, dict[str, float]] = {}
        """Of each lot, its shares by first lot."""
        self.grown: dict[str, str] = {}
        """The orchard of each first lot."""
        self.reached: dict[str, set[str]] = defaultdict(set)
        """By first lot, every lot and container that ever held any of it."""
        self.mixed: dict[tuple[str, int], dict[str, float]] = {}
        """By container and hour, the shares of what it held."""
        self.lay: dict[tuple[str, int], set[str]] = defaultdict(set)
        """By place and hour, the lots and containers that stood there by themselves."""

    def play(self, moves: int) -> None:
        """Some moves."""
        acts = [self.harvest, self.move, self.move, self.sort, self.press, self.pack, self.pack]
        acts += [self.nest, self.open, self.take_out, self.ship, self.ship_loose, self.lose]
        self.harvest()
        for _ in range(moves):
            self.now += 1
            self.dice.choice(acts)()
            self._note()

    # What there is

    def some(self, only: str = _EVERYWHERE) -> tuple[str, str, int] | None:
        """A lot at a place of ours and a part of what lies there."""
        found = [
            (name, where, mass)
            for name, by_place in self.loose.items()
            for where, mass in by_place.items()
            if mass and not where.startswith(">") and only in {where, _EVERYWHERE}
        ]
        if not found:
            return None
        name, where, mass = self.dice.choice(found)
        return name, where, self.dice.choice([mass, self.some_of(mass)])

    def some_of(self, mass: int) -> int:
        """A part of a mass; what is left is never as little as scales may differ."""
        return GRAIN_KG * self.dice.randint(1, mass // GRAIN_KG)

    def box(
        self, *, empty: bool = False, outermost: bool = True, anywhere: bool = False
    ) -> Box | None:
        """A container that isn't used up and hasn't been shipped."""
        found = [
            box
            for box in self.boxes.values()
            if not box.used
            and not (outermost and box.inside)
            and (anywhere or not self.outermost(box).where.startswith(">"))
            and bool(box.lots or box.boxes) is not empty
        ]
        return self.dice.choice(found) if found else None

    def outermost(self, box: Box) -> Box:
        """The container that a container is in, at last."""
        while box.inside is not None:
            box = self.boxes[box.inside]
        return box

    def contents(self, box: Box) -> dict[str, int]:
        """Kilograms of each lot in a container and in those in it."""
        found: dict[str, int] = defaultdict(int)
        for name, mass in box.lots.items():
            found[name] += mass
        for inner in box.boxes:
            for name, mass in self.contents(self.boxes[inner]).items():
                found[name] += mass
        return found

    def shares(self, masses: Mapping[str, int]) -> dict[str, float]:
        """Shares by first lot of masses of lots together."""
        found: dict[str, float] = defaultdict(float)
        whole = sum(masses.values())
        for name, mass in masses.items():
            for origin, share in self.origins[name].items():
                found[origin] += share * mass / whole
        return found

    # Moves

    def harvest(self) -> None:
        """A first lot, from one orchard."""
        name, where = lot(f"H{len(self.loose)}"), self.dice.choice(ORCHARDS)
        mass = GRAIN_KG * self.dice.randint(2, 30)
        self.grown[name] = where
        self._born(name, {name: 1.0}, where, mass)
        self._tell(self.events.make(self.now, self._amounts({name: mass}), where))

    def move(self) -> None:
        """Some of a lot goes from place to place."""
        if (found := self.some()) is None:
            return
        name, here, mass = found
        there = self.dice.choice([each for each in INSIDE if each != here])
        self._take({name: mass}, here)
        self.loose[name][there] += mass
        amounts = self._amounts({name: mass})
        left = Place(place(here))
        self._tell(self.events.see(self.now, amounts, there, read_point=left, biz_step="storing"))

    def sort(self) -> None:
        """Lots at one place become one or two others, told in one event or in several."""
        if (found := self.some()) is None:
            return
        _, here, _ = found
        inputs: dict[str, int] = {}
        for _ in range(self.dice.randint(1, 3)):
            if (more := self.some(here)) is not None:
                inputs[more[0]] = more[2]
        self._take(inputs, here)
        self._turn(inputs, here, {}, tied=self.dice.random() < 0.4)

    def press(self) -> None:
        """All that is in a container is used up with it."""
        if (box := self.box()) is None:
            return
        masses, where = self.contents(box), box.where
        self._use_up(box)
        self._turn(masses, where, {"input_epcs": [box.key]}, tied=False)

    def pack(self) -> None:
        """Some of a lot goes into a new or an empty container, or on top of what is in one."""
        if (found := self.some()) is None:
            return
        name, here, mass = found
        box = self.box(empty=self.dice.random() < 0.5) if self.dice.random() < 0.5 else None
        if box is None or box.where != here:
            box = Box(pallet(len(self.boxes) + 1), where=here)
            self.boxes[box.key] = box
            if self.dice.random() < 0.5:
                self._tell(self.events.make_items(self.now - 0.5, [box.key], here))
        self._take({name: mass}, here)
        box.lots[name] += mass
        self._tell(self.events.pack(self.now, box.key, self._amounts({name: mass}), here))

    def nest(self) -> None:
        """A container goes into another at its place."""
        inner, outer = self.box(), self.box()
        if inner is None or outer is None or inner is outer or inner.where != outer.where:
            return
        inner.inside = outer.key
        outer.boxes.add(inner.key)
        self._tell(self.events.pack(self.now, outer.key, [inner.key], inner.where))

    def open(self) -> None:
        """All comes out of a container, wherever that stands; the event doesn't say where."""
        if (box := self.box(outermost=False, anywhere=True)) is None:
            return
        where = self.outermost(box).where
        for name, mass in box.lots.items():
            self.loose[name][where] += mass
        self._release(box, list(box.boxes), where)
        box.lots.clear()
        self._tell(self.events.unpack(self.now, box.key))

    def take_out(self) -> None:
        """One container, or a part of one lot, comes out."""
        if (box := self.box(outermost=False)) is None:
            return
        where = self.outermost(box).where
        lots = [name for name, mass in box.lots.items() if mass]
        if box.boxes and (not lots or self.dice.random() < 0.5):
            inner = self.dice.choice(sorted(box.boxes))
            self._release(box, [inner], where)
            self._tell(self.events.unpack(self.now, box.key, [inner], where))
        elif lots:
            name = self.dice.choice(lots)
            mass = self.some_of(box.lots[name])
            box.lots[name] -= mass
            if not box.lots[name]:
                del box.lots[name]
            self.loose[name][where] += mass
            amounts = self._amounts({name: mass})
            self._tell(self.events.unpack(self.now, box.key, amounts, where))

    def ship(self) -> None:
        """A container leaves for a party, who opens it or leaves it as it is."""
        if (box := self.box()) is None:
            return
        to = self.dice.randint(1, 3)
        self._tell(self.events.ship(self.now, [box.key], to, where=box.where))
        box.where = f"> {party(to)}"

    def ship_loose(self) -> None:
        """Some of a lot leaves for a party in no container that anybody tells of."""
        if (found := self.some()) is None:
            return
        name, here, mass = found
        to = self.dice.randint(1, 3)
        self._take({name: mass}, here)
        self.loose[name][f"> {party(to)}"] += mass
        self._tell(self.events.ship(self.now, self._amounts({name: mass}), to, where=here))

    def lose(self) -> None:
        """Some of a lot is thrown away."""
        if (found := self.some()) is None:
            return
        name, here, mass = found
        self._take({name: mass}, here)
        self._tell(self.events.end(self.now, self._amounts({name: mass}), here))

    # How they are done

    def _turn(
        self, inputs: Mapping[str, int], where: str, more: Mapping[str, Any], *, tied: bool
    ) -> None:
        origins, mass = self.shares(inputs), sum(inputs.values())
        third = mass // (3 * GRAIN_KG) * GRAIN_KG
        masses = [mass - third, third]
        made = {lot(f"M{self.now}-{n}", 2): each for n, each in enumerate(masses) if each}
        for name, each in made.items():
            self._born(name, origins, where, each)
        given = {} if more else self._amounts(inputs)
        came = self._amounts(made)
        if tied:
            more = {**more, "transformation_id": f"https://runs.example/{self.now}"}
            self._tell(self.events.turn(self.now, {}, came, where, **more))
            self._tell(self.events.turn(self.now, given, {}, where, **more))
        else:
            self._tell(self.events.turn(self.now, given, came, where, **more))

    def _use_up(self, box: Box) -> None:
        box.used = True
        for inner in box.boxes:
            self._use_up(self.boxes[inner])

    def _release(self, box: Box, inner: Sequence[str], where: str) -> None:
        for each in inner:
            self.boxes[each].inside = None
            self.boxes[each].where = where
            box.boxes.discard(each)

    def _born(self, name: str, origins: Mapping[str, float], where: str, mass: int) -> None:
        self.origins[name] = dict(origins)
        self.loose[name] = defaultdict(int, {where: mass})
        for origin in origins:
            self.reached[origin].add(name)

    def _take(self, masses: Mapping[str, int], where: str) -> None:
        for name, mass in masses.items():
            self.loose[name][where] -= mass

    def _amounts(self, masses: Mapping[str, int]) -> Amounts:
        found: dict[str, tuple[float, str | None]] = {}
        for name, mass in masses.items():
            unit = self.dice.choice(sorted(UNITS))
            found[name] = (mass / UNITS[unit], unit)
        return found

    def _tell(self, event: AnyEvent) -> None:
        self.story.append(event)

    def _note(self) -> None:
        for name, by_place in self.loose.items():
            for where, mass in by_place.items():
                if mass:
                    self.lay[where, self.now].add(name)
        for box in self.boxes.values():
            if box.used:
                continue
            if box.inside is None:
                self.lay[box.where, self.now].add(box.key)
            masses = self.contents(box)
            shares = self.shares(masses) if sum(masses.values()) else {}
            self.mixed[box.key, self.now] = shares
            for origin in shares:
                self.reached[origin].add(box.key)

    # The truth, as a user would see it

    def positions(self, name: str) -> Iterator[tuple[str, tuple[str, ...], int]]:
        """Where a lot is: place or party, containers from the innermost, kilograms."""
        for where, mass in self.loose[name].items():
            if mass:
                yield where, (), mass
        for box in self.boxes.values():
            if box.lots.get(name) and not box.used:
                yield self.outermost(box).where, tuple(self.chain(box)), box.lots[name]

    def chain(self, box: Box) -> Iterator[str]:
        """A container and those that it is in."""
        yield box.key
        while box.inside is not None:
            box = self.boxes[box.inside]
            yield box.key
