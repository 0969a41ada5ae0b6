"""A witness over HTTP, as https://c2sp.org/tlog-witness says.

The witness remembers the last checkpoint that it saw of this log. It gets the next one with the
proof that it grew out of that, and signs it. So even who owns database, keys and disk can't take
back what a witness saw.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import httpx

from traceability.errors import CheckpointError, LedgerBrokenError, WitnessError
from traceability.ledger.checkpoint import SignedCheckpoint, parse_size
from traceability.ledger.notes import Note, Signature, Verifier, parse_signatures, to_base64

_OK, _CONFLICT = 200, 409
_TIMEOUT_S = 30.0
_SIZE_TYPE = "text/x.tlog.size"
_MOST_BYTES = 100_000


@dataclass(frozen=True, slots=True)
class Witness:
    """A witness at an address, and the keys that it signs with."""

    url: str
    """Its submission prefix."""
    verifiers: Sequence[Verifier]

    def cosign(
        self,
        checkpoint: SignedCheckpoint,
        seen: int,
        prove: Callable[[int], Sequence[bytes]],
    ) -> list[Signature]:
        """Its signatures for a checkpoint.

        `seen` is the size that it saw last as far as we know; where it knows better, it is asked
        again. `prove` gives the consistency proof from a size. Raises WitnessError, and
        LedgerBrokenError where it saw a log that ours isn't a continuation of.
        """
        answer = self._post(checkpoint, seen, prove)
        if _says_size(answer):
            size = _size_of(answer)
            if size > checkpoint.size:
                msg = (
                    f"the witness {self.url} saw {size} events of this log, it holds only "
                    f"{checkpoint.size}: it was rolled back"
                )
                raise LedgerBrokenError(msg)
            if size != seen:
                answer = self._post(checkpoint, size, prove)
            if answer.status_code == _CONFLICT and size == checkpoint.size:
                msg = f"the witness {self.url} saw another log of {size} events than this"
                raise LedgerBrokenError(msg)
        if answer.status_code != _OK:
            words = f"{answer.status_code} {answer.text[:200].strip()}".strip()
            msg = f"the witness {self.url} refuses: {words}"
            raise WitnessError(msg, answer.status_code)
        return self._signatures(checkpoint, answer.text)

    def _post(
        self, checkpoint: SignedCheckpoint, old: int, prove: Callable[[int], Sequence[bytes]]
    ) -> httpx.Response:
        lines = [f"old {old}", *map(to_base64, prove(old)), "", str(checkpoint)]
        try:
            return httpx.post(
                f"{self.url.rstrip('/')}/add-checkpoint",
                content="\n".join(lines).encode(),
                headers={"Content-Type": "text/plain; charset=utf-8"},
                timeout=_TIMEOUT_S,
            )
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            msg = f"the witness {self.url} doesn't answer: {error}"
            raise WitnessError(msg) from error

    def _signatures(self, checkpoint: SignedCheckpoint, text: str) -> list[Signature]:
        """The witness's own signatures among those it sent, checked."""
        known = {(each.name, each.key_id) for each in self.verifiers}
        try:
            sent = parse_signatures(text[:_MOST_BYTES])
            own = [each for each in sent if (each.name, each.key_id) in known]
            Note(checkpoint.note.text, own).signed_by(self.verifiers)
        except CheckpointError as error:
            msg = f"what the witness {self.url} sent can't be used: {error}"
            raise WitnessError(msg, _OK) from error
        return own


def _says_size(answer: httpx.Response) -> bool:
    kind = answer.headers.get("content-type", "").partition(";")[0].strip()
    return answer.status_code == _CONFLICT and kind == _SIZE_TYPE


def _size_of(answer: httpx.Response) -> int:
    try:
        return parse_size(answer.text.removesuffix("\n"))
    except CheckpointError as error:
        msg = f"the witness sent no size: {error}"
        raise WitnessError(msg, answer.status_code) from error
