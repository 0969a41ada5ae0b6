"""What can't be true of lineage, though each event for itself may be. It is flagged, not refused.

======================== ======================================================================
code                     an event
======================== ======================================================================
packed-in-itself         puts a thing into itself; it doesn't count
not-in-container         takes out what isn't in the container
more-unpacked-than-packed takes out more than is in
units-differ             takes out an amount in a unit that can't be compared with what is in
more-out-than-in         has more mass coming out of a transformation than went in
more-used-than-made      uses more of a lot than was ever made of it
more-packed-than-made    packs more of a lot than was ever made of it
more-shipped-than-made   ships more of a lot from one site than was ever made of it
more-gone-than-made      of a lot more is used, packed and shipped together than was ever made
used-before-made         uses or makes a thing such that the use lies before the making
used-up-twice            uses up one object that another transformation used up
made-twice               makes one object that was made before
======================== ======================================================================

Things that were never made here are a partner's; nothing is said about their amounts.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection

from traceability.findings import Finding
from traceability.masses import to_kg
from traceability.provenance import tables as t
from traceability.provenance.amounts import (
    COUNT,
    MASS,
    Amounts,
    SiteAmounts,
    Sums,
    amounts_of,
    exceeds,
    gone_from_sites,
)
from traceability.provenance.containment import DELETE, Doubt
from traceability.provenance.extraction import NAMED, Facts
from traceability.provenance.store import Names

_WORDS = {
    "packed-in-itself": "{key} is packed into itself; this doesn't count",
    "not-in-container": "{key} is taken out of a container that it isn't in",
    "more-unpacked-than-packed": "more of {key} is taken out than was in the container",
    "units-differ": "{key} is taken out in a unit that can't be compared; it still counts as in",
    "more-out-than-in": "more mass comes out of {key} than went in",
    "more-used-than-made": "more of {key} is used than was ever made",
    "more-packed-than-made": "more of {key} is packed than was ever made",
    "more-shipped-than-made": "more of {key} leaves one site than was ever made",
    "more-gone-than-made": "more of {key} is used, packed and shipped than was ever made",
    "used-before-made": "{key} is used before it came into being",
    "used-up-twice": "{key} was used up by another transformation",
    "made-twice": "{key} was made before",
}


_MAKE, _USE, _PACK, _SHIP = "make", "use", "pack", "ship"


@dataclass(frozen=True, slots=True)
class _Act:
    """What an event of the batch does to a thing."""

    what: str
    seq: int
    at_ms: int


class _Blame(NamedTuple):
    """Something that can't be, and which acts are to blame."""

    acts: AbstractSet[str]
    code: str
    figures: str = ""


class Doubts:
    """Collects what is odd about a batch of events."""

    def __init__(self, facts: Facts, names: Names) -> None:
        self._facts = facts
        self._names = names
        self.found: dict[int, list[Finding]] = defaultdict(list)
        for seq, key in facts.packed_in_itself:
            self._say(seq, "packed-in-itself", key)

    def of_contents(self, doubts: Iterable[Doubt]) -> None:
        """Add those about contents."""
        for each in doubts:
            key = None if each.child is None else self._names.key(each.child)
            self._say(each.seq, each.code, key or "what is named")

    def look_up(self, connection: Connection) -> None:
        """Add those that need what was stored before; this batch is stored already."""
        acts = self._acts()
        runs = {link.source for link in self._facts.links if link.kind == t.OUT_OF}
        numbers = {key: self._names.id(key) for key in (*acts, *runs) if key is not None}
        amounts = amounts_of(connection, [each for each in numbers.values() if each is not None])
        lots = [
            number
            for key, number in numbers.items()
            if number is not None and number in amounts and self._names.form(key) != t.ITSELF
        ]
        sites = gone_from_sites(connection, [lot for lot in lots if amounts[lot].made is not None])
        for key, number in numbers.items():
            if number is None or number not in amounts:
                continue
            if key in runs:
                self._of_run(key, amounts[number])
            else:
                self._of_thing(key, acts[key], amounts[number], sites.get(number, {}))

    def _of_run(self, run: str, amounts: Amounts) -> None:
        put_in = amounts.put_in
        if put_in is None or put_in.measure == COUNT:
            return  # so many boxes may become so many more bags
        if exceeds(amounts.gone(t.OUT_OF, put_in.measure), put_in.amount):
            for link in self._facts.links:
                if link.source == run:
                    self._say(link.seq, "more-out-than-in", run)

    def _acts(self) -> dict[str, list[_Act]]:
        """What the batch does to each thing."""
        acts: dict[str, list[_Act]] = defaultdict(list)
        for link in self._facts.links:
            made = link.kind in {t.MADE, t.OUT_OF}
            key = link.target if made else link.source
            acts[key or ""].append(_Act(_MAKE if made else _USE, link.seq, link.at_ms))
        for each in self._facts.statements:
            if each.child is not None and each.action != DELETE:
                acts[each.child].append(_Act(_PACK, each.seq, each.at_ms))
        shipping = {stop[0] for stop in self._facts.stops if stop[4] == "shipping"}
        for key, at_ms, seq, role in self._facts.sightings if shipping else ():
            if seq in shipping and role == NAMED and self._names.form(key) != t.ITSELF:
                acts[key].append(_Act(_SHIP, seq, at_ms))
        return acts

    def _of_thing(
        self,
        key: str,
        acts: Sequence[_Act],
        amounts: Amounts,
        sites: Mapping[str, Mapping[str, SiteAmounts]],
    ) -> None:
        if amounts.first_made_ms is None:
            return
        blamed = list(_wrong_amounts(amounts, sites))
        if self._names.form(key) == t.ITSELF:
            blamed += _twice(amounts)
        for act in acts:
            for whats, code, figures in blamed:
                if act.what in whats:
                    self._say(act.seq, code, key, figures)
            if _is_too_early(act, amounts):
                self._say(act.seq, "used-before-made", key)

    def _say(self, seq: int, code: str, key: str, figures: str = "") -> None:
        finding = Finding(code, _WORDS[code].format(key=key) + figures)
        if finding not in self.found[seq]:
            self.found[seq].append(finding)


def _wrong_amounts(
    amounts: Amounts, sites: Mapping[str, Mapping[str, SiteAmounts]]
) -> Iterator[_Blame]:
    """What is wrong with the amounts of a thing."""
    made = amounts.made
    if made is None:
        return
    measure, most = made
    used = amounts.gone(t.INTO, measure) + amounts.gone(t.ENDED, measure)
    packed = amounts.gone(t.CONTAINS, measure)
    here = sites.get(measure, {}).values()
    shipped = max((each.shipped for each in here), default=0.0)
    gone = max(used + packed, *(each.gone for each in here), 0.0)
    for acts, code, amount in (
        ({_USE}, "more-used-than-made", used),
        ({_PACK}, "more-packed-than-made", packed),
        ({_SHIP}, "more-shipped-than-made", shipped),
        ({_USE, _PACK, _SHIP}, "more-gone-than-made", gone),
    ):
        if exceeds(amount, most):
            yield _Blame(acts, code, f": {_told(measure, amount)} of {_told(measure, most)}")
            return


def _told(measure: str, amount: float) -> str:
    """An amount for people."""
    if measure == MASS:
        return f"{to_kg(amount):,.6g} kg"
    return f"{amount:,.6g} {measure.removeprefix(COUNT)}".rstrip()


def _twice(amounts: Amounts) -> Iterator[_Blame]:
    """What is wrong with an object that can be made and used up once."""
    if _others(amounts.went.get(t.INTO)) > 1:
        yield _Blame({_USE}, "used-up-twice")
    named = sum(each.rows for each in amounts.came.get(t.MADE, {}).values())
    if named > 1 or _others(amounts.came.get(t.OUT_OF)) > 1:
        yield _Blame({_MAKE}, "made-twice")


def _others(sums: Sums | None) -> int:
    """How many things there are at the other ends of links."""
    return max((each.others for each in (sums or {}).values()), default=0)


def _is_too_early(act: _Act, amounts: Amounts) -> bool:
    first_ms = amounts.first_made_ms
    if first_ms is None:
        return False
    if act.what != _MAKE:
        return act.at_ms < first_ms
    earlier = (each.first_ms < first_ms for sums in amounts.went.values() for each in sums.values())
    return act.at_ms == first_ms and any(earlier)
