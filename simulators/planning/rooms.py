"""Which cold room has space, and when."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from park.assets import ColdRoom

FOREVER_MS = 2**62
_MOST_BATCHES = 5
"""Batches that a room is filled with before the next one is opened."""


@dataclass(slots=True)
class Booking:
    """Space for fruit in a room over a span of time; shorten `until_ms` when it leaves."""

    room: str
    qty_kg: int
    since_ms: int
    until_ms: int = FOREVER_MS


class RoomBook:
    """Books fruit into rooms of its crop, never more than they hold."""

    def __init__(self, rooms: Iterable[ColdRoom]) -> None:
        self._rooms = list(rooms)
        self._bookings: dict[str, list[Booking]] = {room.id: [] for room in self._rooms}

    def book(
        self, crop: str, centre: str, qty_kg: int, since_ms: int, until_ms: int, *, split: bool
    ) -> Sequence[Booking]:
        """Space for the whole quantity, in one room, or in two where `split` or nothing else fits.

        Rooms of `centre` come first. Nothing is booked, and nothing given, where space is short.
        """
        candidates = self._candidates(crop, centre)
        free = {room.id: self._free_kg(room, since_ms, until_ms) for room in candidates}
        parts = self._two_rooms(free, qty_kg, even=True) if split else None
        parts = parts or self._one_room(free, qty_kg) or self._two_rooms(free, qty_kg, even=False)
        bookings = [Booking(room, qty, since_ms, until_ms) for room, qty in parts or ()]
        for booking in bookings:
            self._bookings[booking.room].append(booking)
        return bookings

    def _candidates(self, crop: str, centre: str) -> list[ColdRoom]:
        mine = [room for room in self._rooms if room.crop == crop]
        return sorted(
            mine, key=lambda room: (room.parent != centre, len(self._bookings[room.id]) == 0)
        )

    def _free_kg(self, room: ColdRoom, since_ms: int, until_ms: int) -> int:
        """Least free space over the span, none where the room has seen its share of batches."""
        others = [
            booking
            for booking in self._bookings[room.id]
            if booking.since_ms < until_ms and since_ms < booking.until_ms
        ]
        if len(others) >= _MOST_BATCHES:
            return 0
        moments = [since_ms, *(o.since_ms for o in others if o.since_ms > since_ms)]
        peak = max(
            sum(o.qty_kg for o in others if o.since_ms <= moment < o.until_ms) for moment in moments
        )
        return int(room.capacity_t * 1000) - peak

    @staticmethod
    def _one_room(free: dict[str, int], qty_kg: int) -> list[tuple[str, int]] | None:
        room = next((room for room, space in free.items() if space >= qty_kg), None)
        return None if room is None else [(room, qty_kg)]

    @staticmethod
    def _two_rooms(
        free: dict[str, int], qty_kg: int, *, even: bool
    ) -> list[tuple[str, int]] | None:
        roomy = sorted(free.items(), key=lambda item: 0 if even else -item[1])[:4]
        for i, (first, space) in enumerate(roomy):
            part = qty_kg // 2 if even else min(space, qty_kg - 1)
            for second, other in roomy[i + 1 :]:
                if 0 < part <= space and 0 < qty_kg - part <= other:
                    return [(first, part), (second, qty_kg - part)]
        return None
