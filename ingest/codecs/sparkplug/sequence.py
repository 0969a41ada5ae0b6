"""The sequence numbers of an edge node: 0 to 255, round and round, one a message.

A number that is skipped is waited for, because messages may overtake each other on their way. The
gap stands when it isn't filled within some messages or some seconds.
"""

from dataclasses import dataclass, field

_CYCLE = 256
_PATIENCE_MESSAGES = 4
_PATIENCE_MS = 5_000
_WIDEST_GAP = 64
_REPEATS = 16
"""How far back a number may lie to be a message delivered twice."""


@dataclass(slots=True)
class Sequence:
    """What numbers were seen, and which are still waited for."""

    next: int | None = None
    """The number that should come next; None where any may."""
    _resumed: bool = False
    _missing: set[int] = field(default_factory=set)
    _since_ms: int = 0
    _messages: int = 0

    def begin(self, seq: int) -> None:
        """A birth was seen: everything before it is settled."""
        self.next = (seq + 1) % _CYCLE
        self._resumed = False
        self._missing.clear()

    def resume(self, number: int | None) -> None:
        """Go on after a pause: what comes must be this number, or messages were missed."""
        self.next, self._resumed = number, True

    def take(self, seq: int, now_ms: int) -> bool:
        """Note a message's number; False where messages are lost for good."""
        if self.next is None or self._resumed:
            expected = self.next in {None, seq}
            self.begin(seq)
            return expected
        if seq in self._missing:
            self._missing.discard(seq)
            return True
        ahead = (seq - self.next) % _CYCLE
        if ahead >= _CYCLE - _REPEATS:
            return not self._is_lost(now_ms)
        if ahead > _WIDEST_GAP:
            self.begin(seq)
            return False
        if ahead and not self._missing:
            self._since_ms, self._messages = now_ms, 0
        self._missing.update((self.next + step) % _CYCLE for step in range(ahead))
        self.next = (seq + 1) % _CYCLE
        self._messages += 1
        return not self._is_lost(now_ms)

    def overdue(self, now_ms: int) -> bool:
        """Whether a gap has stood too long; it is settled by being told."""
        return bool(self._missing) and self._is_lost(now_ms)

    def _is_lost(self, now_ms: int) -> bool:
        if not self._missing:
            return False
        waited_ms = now_ms - self._since_ms
        lost = (
            self._messages > _PATIENCE_MESSAGES
            or len(self._missing) > _WIDEST_GAP
            or waited_ms >= _PATIENCE_MS
        )
        if lost:
            self._missing.clear()
        return lost
