"""How much of one thing is in another. Pure: takes links, gives shares from 0 to 1.

Rules.

1. Whatever is in a thing is one mixture: what is taken of it holds every part in proportion.
2. A run is made of all that went in; a container of what lay in it in the window that is asked
   for; a lot, or an object without contents, of the runs that made it before.
3. Parts weigh by their masses where all have one, else by their quantities where all have the
   same unit (objects count as one each). Where neither holds, the shares aren't known (None),
   unless there is one part only or all parts are alike.
4. An object without a mass of its own weighs what is in it, nothing once that was taken out.
5. Goods that go round in circles (rejects that are sorted again) are counted once: a part that is
   the thing itself is left out.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from math import fsum
from typing import NamedTuple, Protocol

from traceability.provenance import tables as t


class LinkIn(Protocol):
    """A link into a thing, as in `links`; a `Step` of a walk is one, too."""

    @property
    def kind(self) -> str: ...  # noqa: D102 - as in `links`
    @property
    def source(self) -> int | None: ...  # noqa: D102 - the same
    @property
    def source_form(self) -> int: ...  # noqa: D102 - the same
    @property
    def target(self) -> int: ...  # noqa: D102 - the same
    @property
    def from_ms(self) -> int: ...  # noqa: D102 - the same
    @property
    def until_ms(self) -> int: ...  # noqa: D102 - the same
    @property
    def quantity(self) -> float | None: ...  # noqa: D102 - the same
    @property
    def uom(self) -> str | None: ...  # noqa: D102 - the same
    @property
    def mass_mg(self) -> int | None: ...  # noqa: D102 - the same


class Inflow(NamedTuple):
    """A link into a thing and no more."""

    kind: str
    source: int | None
    source_form: int
    target: int
    from_ms: int
    until_ms: int
    quantity: float | None
    uom: str | None
    mass_mg: int | None


_SEVERAL = 2
_MAKES = (t.MADE, t.OUT_OF)


class State(NamedTuple):
    """A thing in a window of time."""

    thing: int
    since_ms: int = t.BEGINNING
    until_ms: int = t.OPEN


class Part(NamedTuple):
    """A part of a mixture; `weight` is its share, None where that isn't known."""

    state: State
    weight: float | None


class Mixtures:
    """What things are made of, from the links into them."""

    def __init__(self, inflows: Iterable[LinkIn], emptied: Iterable[int] = ()) -> None:
        """`emptied` are containers that held something, though not in the windows of interest."""
        self._inflows: dict[int, list[LinkIn]] = {}
        self._makers: dict[int, list[int]] = {}
        self._containers: set[int] = set(emptied)
        for each in inflows:
            self._inflows.setdefault(each.target, []).append(each)
            if each.kind == t.CONTAINS:
                self._containers.add(each.target)
            elif each.kind == t.OUT_OF:
                self._makers.setdefault(each.target, []).append(each.from_ms)
        self._timeless: dict[int, State] = {}
        self._at: dict[State, Sequence[LinkIn]] = {}
        self._parts: dict[State, Sequence[Part]] = {}
        self._masses: dict[State, int | None] = {}

    def plain(self, state: State) -> State:
        """The state without what makes no difference.

        Windows matter for containers; for others only which runs had made them by then.
        """
        thing = state.thing
        timeless = self._timeless.get(thing)
        if timeless is not None:
            return timeless
        if thing in self._containers:
            return state
        makers = self._makers.get(thing, ())
        if len(makers) < _SEVERAL:
            timeless = self._timeless[thing] = State(thing)
            return timeless
        until_ms = state.until_ms
        before = max((at for at in makers if at <= until_ms), default=t.BEGINNING)
        return State(thing, t.BEGINNING, before)

    def parts(self, state: State) -> Sequence[Part]:
        """What a thing is made of; nothing where that isn't known."""
        found = self._parts.get(state)
        if found is None:
            links = self._links(state)
            states = [self._state_of(link, state) for link in links]
            weights = self._weights(links, state)
            found = self._parts[state] = list(map(Part, states, weights))
        return found

    def mass_mg(self, state: State) -> int | None:
        """What a thing weighs in its window; None where some part of it wasn't weighed."""
        state = self.plain(state)
        if state not in self._masses:
            below = self._weighed_by(state)
            for each in _children_first(below, self._weighed_by) if below else ():
                if each not in self._masses:
                    self._masses[each] = self._weigh(each)
            self._masses[state] = self._weigh(state)
        return self._masses[state]

    def _links(self, state: State) -> Sequence[LinkIn]:
        """The links by which a thing is made of what it is made of."""
        found = self._at.get(state)
        if found is None:
            found = self._at[state] = self._find_links(state)
        return found

    def _find_links(self, state: State) -> Sequence[LinkIn]:
        links = self._inflows.get(state.thing, ())
        if state.thing in self._containers:
            held = [each for each in links if each.kind == t.CONTAINS and _overlaps(each, state)]
            if held:
                return held
        return [
            each
            for each in links
            if each.source is not None
            and each.kind != t.CONTAINS
            and each.source != state.thing
            and (each.kind == t.INTO or each.from_ms <= state.until_ms)
        ]

    def _state_of(self, link: LinkIn, state: State) -> State:
        """The source of a link, in the window that matters for it."""
        source = link.source or 0
        timeless = self._timeless.get(source)
        if timeless is not None:
            return timeless
        if link.kind == t.OUT_OF:
            return self.plain(State(source))
        if link.kind == t.INTO or link.source_form != t.ITSELF:
            return self.plain(State(source, link.from_ms, link.from_ms))
        since, until = max(link.from_ms, state.since_ms), min(link.until_ms, state.until_ms)
        return self.plain(State(source, since, until))

    def _weights(self, links: Sequence[LinkIn], state: State) -> list[float | None]:
        if len(links) == 1:
            return [1.0]
        masses = [self._mass_of(link, state) for link in links]
        if total := sum(mass or 0 for mass in masses if None not in masses):
            return [(mass or 0) / total for mass in masses]
        quantities = [link.quantity for link in links]
        alike = len({link.uom for link in links}) == 1 and None not in quantities
        if alike and (whole := fsum(quantity or 0.0 for quantity in quantities)):
            return [(quantity or 0.0) / whole for quantity in quantities]
        return [None] * len(links)

    def _mass_of(self, link: LinkIn, state: State) -> int | None:
        if link.mass_mg is not None or link.source_form != t.ITSELF or link.kind == t.OUT_OF:
            return link.mass_mg
        return self.mass_mg(self._state_of(link, state))

    def _weighed_by(self, state: State) -> list[State]:
        """The states whose masses that of a state is the sum of."""
        return [
            self._state_of(link, state)
            for link in self._links(state)
            if link.mass_mg is None and link.source_form == t.ITSELF and link.kind != t.OUT_OF
        ]

    def _weigh(self, state: State) -> int | None:
        links = self._links(state)
        if links and links[0].kind != t.OUT_OF:
            return _sum(
                self._masses.get(self._state_of(link, state))
                if link.mass_mg is None and link.source_form == t.ITSELF
                else link.mass_mg
                for link in links
            )
        makers = [link for link in self._inflows.get(state.thing, ()) if link.kind in _MAKES]
        if len(makers) == 1 and makers[0].mass_mg is not None:
            return makers[0].mass_mg
        made: dict[str, int | None] = {}
        for link in makers:
            made[link.kind] = _plus(made.get(link.kind, 0), link.mass_mg)
        nothing = 0 if state.thing in self._containers and not links else None
        return max((mass for mass in made.values() if mass is not None), default=nothing)


def share_of(
    mixtures: Mixtures, roots: Mapping[int, float], states: Iterable[State]
) -> dict[State, float | None]:
    """What share of each state came from the roots, each of which begins with its own share."""
    wanted = {state: mixtures.plain(state) for state in states}

    def parts_of(state: State) -> list[State]:
        if state.thing in roots:
            return []
        return [part.state for part in mixtures.parts(state)]

    shares: dict[State, float | None] = {}
    for state in _children_first(wanted.values(), parts_of):
        own = roots.get(state.thing)
        if own is not None:
            shares[state] = own
        elif not _is_circle(mixtures.parts(state), shares):
            shares[state] = _mixed(mixtures.parts(state), shares)
    return {state: shares.get(plain, 0.0) for state, plain in wanted.items()}


def shares_in(mixtures: Mixtures, root: State) -> dict[int, float | None]:
    """What share of the root each thing in its past makes up, by thing."""
    root = mixtures.plain(root)
    parts: dict[State, Sequence[Part]] = {}

    def parts_of(state: State) -> list[State]:
        found = parts[state] = mixtures.parts(state)
        return [part.state for part in found]

    order = _children_first([root], parts_of)
    rank = {state: number for number, state in enumerate(order)}
    found: dict[State, list[float | None]] = {root: [1.0]}
    by_thing: dict[int, list[float | None]] = {}
    for number in range(len(order) - 1, -1, -1):
        state = order[number]
        share = _total(found.get(state, ()))
        by_thing.setdefault(state.thing, []).append(share)
        for source, weight in parts[state]:
            if rank[source] < number:
                more = None if share is None or weight is None else share * weight
                found.setdefault(source, []).append(more)
    shares = {thing: _at_most_one(_total(several)) for thing, several in by_thing.items()}
    shares[root.thing] = 1.0
    return shares


def _total(shares: Sequence[float | None]) -> float | None:
    """The exact sum, rounded once: so the order of links, which differs, makes no difference."""
    if len(shares) == 1:
        return shares[0]
    known = [share for share in shares if share is not None]
    return fsum(known) if len(known) == len(shares) else None


def _at_most_one(share: float | None) -> float | None:
    return None if share is None else min(1.0, share)


def _is_circle(parts: Sequence[Part], shares: Mapping[State, float | None]) -> bool:
    """Whether a state is made only of what is made of it: what that holds is told elsewhere."""
    return bool(parts) and not any(part.state in shares for part in parts)


def _mixed(parts: Sequence[Part], shares: Mapping[State, float | None]) -> float | None:
    known = [(part.weight, shares[part.state]) for part in parts if part.state in shares]
    if not known:
        return 0.0
    if len({share for _, share in known}) == 1:
        return known[0][1]
    if any(weight is None or (share is None and weight > 0) for weight, share in known):
        return None
    total = fsum((weight or 0.0) * (share or 0.0) for weight, share in known)
    # Parts that go round in circles were left out; the others make up the whole.
    whole = fsum(weight or 0.0 for weight, _ in known)
    return min(1.0, total / whole) if whole else 0.0


def _children_first(
    states: Iterable[State], children: Callable[[State], Sequence[State]]
) -> list[State]:
    """The states and all that they lead to, each after its children but for circles."""
    order: list[State] = []
    seen: set[State] = set()
    begun: list[State] = []
    stack: list[State | None] = [*states]
    stack.reverse()
    while stack:
        state = stack.pop()
        if state is None:  # all children of the last that was begun are done
            order.append(begun.pop())
        elif state not in seen:
            seen.add(state)
            below = children(state)
            if below:
                begun.append(state)
                stack.append(None)
                stack += below
            else:
                order.append(state)
    return order


def _overlaps(link: LinkIn, state: State) -> bool:
    return link.from_ms <= state.until_ms and link.until_ms >= state.since_ms


def _plus(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other


def _sum(masses: Iterable[int | None]) -> int | None:
    total = 0
    for mass in masses:
        if mass is None:
            return None
        total += mass
    return total
