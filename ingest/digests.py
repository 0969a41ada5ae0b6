"""Recognises a reading that came before, such as one that the broker hands over once more."""

from xxhash import xxh3_64_digest

DIGEST_BYTES = 8
"""Of a million readings, fewer than one in ten million million is taken for another."""
REMEMBERED = 200_000
"""Readings of which at least half are remembered: more than can be on their way at once."""


class RecentLines:
    """The digests of the lines that came last. Not safe to share among threads."""

    def __init__(self, known: bytes = b"", seed: int = 0) -> None:
        """`known` are the digests of an earlier run, joined, oldest first.

        The seed is a secret, so that nobody can make a reading that is taken for another's.
        """
        self._seed = seed
        self._newer: set[bytes] = set()
        self._older: set[bytes] = set()
        for start in range(0, len(known), DIGEST_BYTES):
            self._add(known[start : start + DIGEST_BYTES])

    def note(self, line: str) -> bytes | None:
        """Remember a line and give its digest; None where it came before."""
        digest = xxh3_64_digest(line.encode(), self._seed)
        if digest in self._newer or digest in self._older:
            return None
        self._add(digest)
        return digest

    def _add(self, digest: bytes) -> None:
        if len(self._newer) >= REMEMBERED // 2:
            self._older, self._newer = self._newer, set()
        self._newer.add(digest)
