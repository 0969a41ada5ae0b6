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
used-before-made         uses or makes a thing such that the use lies before the making
used-up-twice            uses up one object that another transformation used up
made-twice               makes one object that was made before
======================== ======================================================================

Things that were never made here are a partner's; nothing is said about their amounts.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from traceability.findings import Finding
from traceability.provenance import tables as t
from traceability.provenance.amounts import NOTHING, Amounts, amounts_of, exceeds
from traceability.provenance.containment import DELETE, Doubt
from traceability.provenance.extraction import Facts
from traceability.provenance.store import Names

_WORDS = {
    "packed-in-itself": "{key} is packed into itself; this doesn't count",
    "not-in-container": "{key} is taken out of a container that it isn't in",
    "more-unpacked-than-packed": "more of {key} is taken out than was in the container",
    "units-differ": "{key} is taken out in a unit that can't be compared; it still counts as in",
    "more-out-than-in": "more mass comes out of {key} than went in",
    "more-used-than-made": "more of {key} is used than was ever made",
    "more-packed-than-made": "more of {key} is packed than was ever made",
    "used-before-made": "{key} is used before it came into being",
    "used-up-twice": "{key} was used up by another transformation",
    "made-twice": "{key} was made before",
}


_MAKE, _USE, _PACK = "make", "use", "pack"


@dataclass(frozen=True, slots=True)
class _Act:
    """What an event of the batch does to a thing."""

    what: str
    seq: int
    at_ms: int


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
        for key, number in numbers.items():
            if number is None or number not in amounts:
                continue
            if key in runs:
                self._of_run(key, amounts[number])
            else:
                self._of_thing(key, acts[key], amounts[number])

    def _of_run(self, run: str, amounts: Amounts) -> None:
        put_in = amounts.came.get(t.INTO, NOTHING)
        out = amounts.went.get(t.OUT_OF, NOTHING)
        if put_in.rows and put_in.is_weighed and exceeds(out.mass_mg, put_in.mass_mg):
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
        return acts

    def _of_thing(self, key: str, acts: Sequence[_Act], amounts: Amounts) -> None:
        if not amounts.made:
            return
        blamed = list(self._wrong_amounts(amounts))
        if self._names.form(key) == t.ITSELF:
            blamed += _twice(amounts)
        for act in acts:
            for what, code in blamed:
                if act.what == what:
                    self._say(act.seq, code, key)
            if _is_too_early(act, amounts):
                self._say(act.seq, "used-before-made", key)

    @staticmethod
    def _wrong_amounts(amounts: Amounts) -> Iterator[tuple[str, str]]:
        made_mg = amounts.made_mg
        if made_mg is not None and exceeds(amounts.used_mg, made_mg):
            yield _USE, "more-used-than-made"
        if made_mg is not None and exceeds(amounts.packed_mg, made_mg):
            yield _PACK, "more-packed-than-made"

    def _say(self, seq: int, code: str, key: str) -> None:
        finding = Finding(code, _WORDS[code].format(key=key))
        if finding not in self.found[seq]:
            self.found[seq].append(finding)


def _twice(amounts: Amounts) -> Iterator[tuple[str, str]]:
    """What is wrong with an object that can be made and used up once."""
    if amounts.went.get(t.INTO, NOTHING).others > 1:
        yield _USE, "used-up-twice"
    named, made = amounts.came.get(t.MADE, NOTHING), amounts.came.get(t.OUT_OF, NOTHING)
    if named.rows > 1 or made.others > 1:
        yield _MAKE, "made-twice"


def _is_too_early(act: _Act, amounts: Amounts) -> bool:
    first_ms = min(each.first_ms for each in amounts.made)
    if act.what != _MAKE:
        return act.at_ms < first_ms
    return act.at_ms == first_ms and any(each.first_ms < first_ms for each in amounts.went.values())
