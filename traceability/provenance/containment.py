"""What lay in a container from when until when. Pure: takes what events said, gives windows.

Rules.

1. Each amount put in is a holding of its own, so amounts add up at any instant. A part taken out
   of a lot splits its holding: so much until then, the rest further on.
2. An object with a number of its own is in a container once, however often that is said. An
   OBSERVE says that a child is there: it puts in what nobody said was put in.
3. At one instant, whatever order events came in, what is there is taken out before anything is
   put in; what wasn't there before is taken out after it was put in. So a pallet may be opened
   and packed again, or packed and opened, by events of one time.
4. Amounts are compared by mass where both have one, else in the same unit. An amount that can't
   be compared stays in: a recall should rather name a pallet too many than one too few.
5. A DELETE without children, or of a class without a quantity, takes all out.
6. A holding ends with the millisecond before its taking out, so that at that instant the
   container holds the new contents only.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter

from traceability.provenance.tables import ITSELF, OPEN

ADD, DELETE, OBSERVE = "ADD", "DELETE", "OBSERVE"
_TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True)
class Amount:
    """So much of something; all of it may be unknown."""

    quantity: float | None = None
    uom: str | None = None
    mass_mg: int | None = None

    def minus(self, other: "Amount") -> "Amount | None":
        """What is left of it; None where the two can't be compared."""
        if self.mass_mg is not None and other.mass_mg is not None:
            left = max(0, self.mass_mg - other.mass_mg)
            share = left / self.mass_mg if self.mass_mg else 0.0
            quantity = None if self.quantity is None else self.quantity * share
            return Amount(quantity, self.uom, left)
        if self.quantity is None or other.quantity is None or self.uom != other.uom:
            return None
        return Amount(max(0.0, self.quantity - other.quantity), self.uom, None)

    def covers(self, other: "Amount") -> bool:
        """Whether it is as much as the other, or more, within rounding."""
        if self.mass_mg is not None and other.mass_mg is not None:
            return self.mass_mg * (1 + _TOLERANCE) >= other.mass_mg
        mine, others = self.quantity or 0.0, other.quantity or 0.0
        return mine * (1 + _TOLERANCE) >= others

    @property
    def is_some(self) -> bool:
        """Whether it is more than nothing."""
        return bool(self.mass_mg if self.mass_mg is not None else self.quantity)

    @property
    def is_known(self) -> bool:
        """Whether it says how much."""
        return self.quantity is not None


@dataclass(frozen=True, slots=True)
class Statement:
    """What one event said of one child of a container."""

    at_ms: int
    seq: int
    position: int
    action: str
    child: int | None
    """None: all contents."""
    form: int
    amount: Amount


@dataclass(slots=True)
class Holding:
    """An amount that lay in a container."""

    child: int
    form: int
    from_ms: int
    seq: int
    amount: Amount
    until_ms: int = OPEN
    end_seq: int | None = None
    id: int | None = None
    """Of the stored link; None where it is new."""
    changed: bool = False

    def end(self, at_ms: int, seq: int) -> None:
        """Take it out."""
        self.until_ms, self.end_seq, self.changed = max(self.from_ms, at_ms - 1), seq, True


@dataclass(frozen=True, slots=True)
class Doubt:
    """Something in a statement that can't be; `code` is that of a finding."""

    seq: int
    code: str
    child: int | None


@dataclass(slots=True)
class Contents:
    """A container's contents while statements are applied."""

    open: dict[int, list[Holding]] = field(default_factory=dict)
    """What is in it now, by child."""
    closed: list[Holding] = field(default_factory=list)
    """What came out since it was loaded."""
    doubts: list[Doubt] = field(default_factory=list)
    was_used: bool = False
    """Whether anything is known to have been in it."""

    @classmethod
    def of(cls, holdings: Iterable[Holding]) -> "Contents":
        """Contents that are open now."""
        contents = cls()
        for holding in holdings:
            contents.open.setdefault(holding.child, []).append(holding)
            contents.was_used = True
        return contents

    def holdings(self) -> list[Holding]:
        """All that is new or changed, and all that is open."""
        return [*self.closed, *(each for group in self.open.values() for each in group)]

    def apply(self, statements: Sequence[Statement]) -> None:
        """Apply statements; none of them may be earlier than those applied before."""
        in_order = sorted(statements, key=_when)
        for _, group in groupby(in_order, key=attrgetter("at_ms")):
            self._apply_instant(list(group))

    def _apply_instant(self, statements: Sequence[Statement]) -> None:
        later = [each for each in statements if each.action == DELETE and not self._take(each)]
        for action in (ADD, OBSERVE):
            for each in statements:
                if each.action == action:
                    self._put(each)
        for each in later:
            if not self._take(each) and self.was_used:
                self.doubts.append(Doubt(each.seq, "not-in-container", each.child))

    def _put(self, each: Statement) -> None:
        child = each.child
        if child is None:
            return
        there = self.open.setdefault(child, [])
        if there and (each.form == ITSELF or each.action == OBSERVE):
            return
        self.was_used = True
        there.append(Holding(child, each.form, each.at_ms, each.seq, each.amount, changed=True))

    def _take(self, each: Statement) -> bool:
        """Take out what a statement says; False where nothing of it is there."""
        if each.child is None:
            there = [holding for group in self.open.values() for holding in group]
            self.open.clear()
        else:
            there = self.open.get(each.child, [])
            if there and each.form != ITSELF and each.amount.is_known:
                self._take_amount(each, there)
                return True
            self.open.pop(each.child, None)
        for holding in there:
            self._close(holding, each)
        return bool(there)

    def _take_amount(self, each: Statement, there: Sequence[Holding]) -> None:
        wanted, staying, compared = each.amount, [], False
        for holding in there:
            left, rest = holding.amount.minus(wanted), wanted.minus(holding.amount)
            if left is None or rest is None:
                staying.append(holding)
                continue
            compared = True
            if wanted.covers(holding.amount):
                self._close(holding, each)
            elif wanted.is_some:
                staying.append(self._split(holding, left, each))
            else:
                staying.append(holding)
            wanted = rest
        self._replace(there[0].child, staying)
        if not compared:
            self.doubts.append(Doubt(each.seq, "units-differ", each.child))
        elif _is_much(wanted, each.amount):
            self.doubts.append(Doubt(each.seq, "more-unpacked-than-packed", each.child))

    def _replace(self, child: int, holdings: list[Holding]) -> None:
        if holdings:
            self.open[child] = holdings
        else:
            self.open.pop(child, None)

    def _split(self, holding: Holding, left: Amount, each: Statement) -> Holding:
        """Close the part that came out; what stays is given back."""
        out = holding.amount.minus(left) or left
        part = Holding(holding.child, holding.form, holding.from_ms, holding.seq, out)
        part.end(each.at_ms, each.seq)
        self.closed.append(part)
        holding.amount, holding.changed = left, True
        return holding

    def _close(self, holding: Holding, each: Statement) -> None:
        holding.end(each.at_ms, each.seq)
        self.closed.append(holding)


def _when(each: Statement) -> tuple[object, ...]:
    """By time; of one instant, in an order that doesn't hang on which came first.

    What takes out all, of a class or at all, takes what the others have left.
    """
    amount = each.amount
    so_much = (amount.mass_mg or 0, amount.quantity or 0.0, amount.uom or "")
    return (each.at_ms, each.child is None, not amount.is_known, so_much, each.seq, each.position)


def _is_much(left: Amount, whole: Amount) -> bool:
    """Whether what couldn't be taken out is more than rounding."""
    if left.mass_mg is not None and whole.mass_mg is not None:
        return left.mass_mg > whole.mass_mg * _TOLERANCE
    return (left.quantity or 0.0) > (whole.quantity or 0.0) * _TOLERANCE
