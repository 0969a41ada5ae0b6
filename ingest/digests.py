"""Recognises a reading that came before, such as one that the broker hands over once more."""

from hashlib import blake2b

DIGEST_BYTES = 8
"""Among a million remembered readings, one in ten million million is mistaken for another."""
REMEMBERED = 200_000
"""Readings that are remembered at least half of: more than can be on their way at once."""


class RecentLines:
    """The digests of the lines that came last. Not safe to share among threads."""

    def __init__(self, known: bytes = b"") -> None:
        """`known` are the digests of an earlier run, joined, oldest first."""
        self._newer: set[bytes] = set()
        self._older: set[bytes] = set()
        for start in range(0, len(known), DIGEST_BYTES):
            self._add(known[start : start + DIGEST_BYTES])

    def note(self, line: str) -> bytes | None:
        """Remember a line and give its digest; None where it came before."""
        digest = blake2b(line.encode(), digest_size=DIGEST_BYTES).digest()
        if digest in self._newer or digest in self._older:
            return None
        self._add(digest)
        return digest

    def _add(self, digest: bytes) -> None:
        if len(self._newer) >= REMEMBERED // 2:
            self._older, self._newer = self._newer, set()
        self._newer.add(digest)
